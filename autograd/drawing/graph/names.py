"""Symbols and short names of operations, made from the rows of the table of primitives."""

from __future__ import annotations

import re
from collections.abc import Sequence

from autograd.drawing.colours import clean
from autograd.explanation.notation import Piece, filled
from autograd.explanation.numerals import MINUS
from autograd.table import CALL, POWER, PRIMITIVES, SUM

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


def short_name(op: str, sign: str, operands: Sequence[Piece]) -> Piece:
    """Return the formula of a node; an empty one if it is not short.

    >>> short_name("mul", "×", [Piece("w", CALL), Piece("a + b", SUM)]).text
    'w·(a + b)'
    """
    if op not in PRIMITIVES or len(operands) > 3 or not all(x.text for x in operands):
        return Piece("", CALL)
    formula = written(op, sign, operands)
    return formula if len(formula.text) <= LONGEST_NAME else Piece("", CALL)


def formula(op: str, sign: str, names: Sequence[Piece]) -> str:
    """Return the operation written with the names of its operands; "" for a leaf."""
    if not op:
        return ""
    shown = [*names[:9], *[Piece("…", CALL)] * (len(names) > 9)]
    return clean(written(op, sign, shown).text, 60)


def written(op: str, sign: str, operands: Sequence[Piece]) -> Piece:
    """Return the operation with its operands in place."""
    if sign == "Σ":
        return Piece(" + ".join(x.at(SUM, not k) for k, x in enumerate(operands)), SUM)
    if sign.startswith("(·)"):
        return Piece(operands[0].at(CALL, leading=False) + sign[3:], POWER)
    if sign.endswith("]") or _is_call(op):
        name = sign if sign.endswith("]") else op
        return Piece(f"{name}({', '.join(x.text for x in operands)})", CALL)
    row = PRIMITIVES[op]
    symbol = row.symbol.replace("**", "^").replace("*", "·").replace("-", MINUS)
    return filled(symbol, row.precedence, operands)


def _is_call(op: str) -> bool:
    """Return whether an operation is written as a function of its operands."""
    return op not in PRIMITIVES or "(" in PRIMITIVES[op].symbol


def _superscript(exponent: float) -> str:
    text = f"{exponent:g}"
    return text.translate(_SUPERSCRIPT) if re.fullmatch(r"-?\d+", text) else f"^{text}"
