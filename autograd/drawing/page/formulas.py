"""The formulas that the page shows beside its numbers: partials of operations, slopes of units.

They are the rules of the table as people read them. `⟨0⟩` `⟨1⟩` … stand for the operands of an
operation and `⟨=⟩` for its result, for the page to fill with names or with numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from autograd import modes
from autograd.engine import Value
from autograd.explanation.notation import Notation
from autograd.table import PRIMITIVES

LONGEST = 60
PLACES = {"opa": "⟨0⟩", "opb": "⟨1⟩", "opc": "⟨2⟩", "opo": "⟨=⟩"}
TYPESET = ((" - ", " − "), ("**2", "²"), ("*", "·"), ("-", "−"))
Formula = tuple[str, str]  # as text and in LaTeX


def partial_formulas(op: str, constants: Sequence[float | None]) -> list[Formula | None]:
    """Return ∂out/∂operand as formulas; None for one that is a number, long, or not known.

    `constants` holds the operands that are constants, and None for the others.

    >>> partial_formulas("tanh", [None])
    [('1 − ⟨=⟩·⟨=⟩', '1 - ⟨=⟩ \\\\cdot ⟨=⟩')]
    >>> partial_formulas("pow", [None, 2.0])[0]
    ('2·⟨0⟩', '2 \\\\cdot ⟨0⟩')
    """
    row = PRIMITIVES.get(op)
    if row is None or row.arity is None or row.arity > 3:
        return [None] * len(constants)
    letters = list(PLACES)[: row.arity]
    operands = [
        Value(0.5, letter) if x is None else x for letter, x in zip(letters, constants, strict=True)
    ]
    return [
        _formula(rule, [*operands, Value(0.5, "opo")]) if x is None else None
        for rule, x in zip(row.written, constants, strict=True)  # type: ignore[arg-type]
    ]


def _formula(rule: Any, operands: list[Any]) -> Formula | None:
    try:
        with modes.differentiating():
            found = rule(*operands)
    except (TypeError, ValueError, ArithmeticError):
        return None
    if found.__class__ is not Value:
        return None
    ways = [
        Notation(found).definition(found, way).text if found.op else "" for way in (False, True)
    ]
    text, latex = ways if found.op else (found.label, found.label)
    for typed, drawn in TYPESET:
        text = text.replace(typed, drawn)
    if len(text) > LONGEST or re.search(r"\bu\d", text):
        return None
    for letter, place in PLACES.items():
        text = text.replace(letter, place)
        latex = latex.replace(rf"\text{{{letter}}}", place).replace(letter, place)
    return text, latex


def slope_formula(activation: str) -> str:
    """Return g'(z) with `⟨0⟩` for z and `⟨=⟩` for a; "" for one that is not in the table.

    >>> slope_formula("tanh")
    '1 − ⟨=⟩·⟨=⟩'
    """
    row = PRIMITIVES.get(activation)
    if row is None or row.arity != 1:
        return ""
    formula = partial_formulas(activation, [None])[0]
    return "" if formula is None else formula[0]
