"""Symbols and short names of operations, made from the rows of the table of primitives."""

from __future__ import annotations

import re
from collections.abc import Sequence

from autograd.drawing.colours import MINUS, clean
from autograd.primitives import CALL, PRIMITIVES, SUM

LONGEST_NAME = 14
_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_SIGNS = {"*": "×", "-": MINUS, "/": "÷", "**": "xⁿ", "||": "|x|", "total": "Σ", "dot": "Σwx+b"}
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
    bare = re.sub(r"\(##\)|\(#1\)|#1|#2| ", "", _pattern(op))
    return _SIGNS.get(bare, op if "#" in bare else bare).replace("_", " "), False


def short_name(op: str, sign: str, operands: Sequence[tuple[str, int]]) -> tuple[str, int]:
    """Return the formula of a node and how tightly it binds; "" if it is not short.

    `operands` holds the name and the precedence of each operand.

    >>> short_name("mul", "×", [("w", CALL), ("a + b", SUM)])
    ('w·(a + b)', 2)
    """
    row = PRIMITIVES.get(op)
    if row is None or len(operands) > 3 or not all(name for name, _ in operands):
        return "", CALL
    enclosed = "(" in row.symbol or "|" in row.symbol
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
    pattern = _pattern(op).replace("**", "^").replace("*", "·").replace("-", MINUS)
    return re.sub(r"##|#(\d)", lambda slot: _operand(slot, names), pattern)


def _operand(slot: re.Match[str], names: Sequence[str]) -> str:
    if slot[1] is None:
        return ", ".join(names)
    k = int(slot[1]) - 1
    return names[k] if k < len(names) else ""


def _pattern(op: str) -> str:
    return PRIMITIVES[op].symbol if op in PRIMITIVES else f"{op}(##)"


def _superscript(exponent: float) -> str:
    text = f"{exponent:g}"
    return text.translate(_SUPERSCRIPT) if re.fullmatch(r"-?\d+", text) else f"^{text}"
