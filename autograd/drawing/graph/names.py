"""Symbols and short names of operations, made from the rows of the table of primitives."""

from __future__ import annotations

import re
from collections.abc import Sequence

from autograd.drawing.colours import clean
from autograd.explanation.numerals import MINUS
from autograd.table import CALL, PRIMITIVES, SUM

LONGEST_NAME = 14
_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_SIGNS = {"*": "×", "-": MINUS, "/": "÷", "**": "xⁿ", "abs": "|x|", "total": "Σ", "dot": "Σwx+b"}
_INDEXED = ("softmax", "log_softmax", "take")


def symbol(op: str, count: int, last: float | None) -> tuple[str, bool]:
    """Return the sign of an operation, and whether it already says its last operand.

    `count` is the number of operands; `last` is the last one's number if it is a constant.

    >>> symbol("mul", 2, None), symbol("pow", 2, 2.0), symbol("add", 3, None)
    (('×', False), ('(·)²', True), ('Σ', False))
    """
    if op == "pow" and last is not None:
        return f"(·){_superscript(last)}", True
    if op in _INDEXED and last is not None:
        return f"{op.replace('_', ' ')}[{last:g}]", True
    if op == "dot" and last == 0:
        return "Σwx", True
    if op == "add" and count > 2:
        return "Σ", False
    sign = op if _is_call(op) else re.sub(r"#\d| ", "", PRIMITIVES[op].symbol)
    return _SIGNS.get(sign, sign.replace("_", " ")), False


def short_name(op: str, sign: str, operands: Sequence[tuple[str, int]]) -> tuple[str, int]:
    """Return the formula of a node and how tightly it binds; "" if it is not short.

    `operands` holds the name and the precedence of each operand.

    >>> short_name("mul", "×", [("w", CALL), ("a + b", SUM)])
    ('w·(a + b)', 2)
    """
    row = PRIMITIVES.get(op)
    if row is None or len(operands) > 3 or not all(name for name, _ in operands):
        return "", CALL
    enclosed = _is_call(op)
    names = []
    for k, (name, binding) in enumerate(operands):
        needed = SUM if sign == "Σ" else row.precedence + (k > 0 or sign.startswith("(·)"))
        names.append(name if enclosed or binding >= needed else f"({name})")
    text = written(op, sign, names)
    return (text, row.precedence) if len(text) <= LONGEST_NAME else ("", CALL)


def formula(op: str, sign: str, names: Sequence[str]) -> str:
    """Return the operation written with the names of its operands; "" for a leaf."""
    if not op:
        return ""
    shown = list(names[:9]) + ["…"] * (len(names) > 9)
    return clean(written(op, sign, shown), 60)


def written(op: str, sign: str, names: Sequence[str]) -> str:
    """Return the operation with its operands in place."""
    if sign == "Σ":
        return " + ".join(names)
    if sign.startswith("(·)"):
        return names[0] + sign[3:]
    if sign.endswith("]"):
        return f"{sign}({', '.join(names)})"
    if _is_call(op):
        return f"{op}({', '.join(names)})"
    pattern = PRIMITIVES[op].symbol.replace("**", "^").replace("*", "·").replace("-", MINUS)
    return re.sub(r"#(\d)", lambda slot: names[int(slot[1]) - 1], pattern)


def _is_call(op: str) -> bool:
    """Return whether an operation is written as a function of its operands."""
    return op not in PRIMITIVES or "(" in PRIMITIVES[op].symbol


def _superscript(exponent: float) -> str:
    text = f"{exponent:g}"
    return text.translate(_SUPERSCRIPT) if re.fullmatch(r"-?\d+", text) else f"^{text}"
