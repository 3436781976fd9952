"""Tables of plain text, which need no program and always work."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

_RIGHT_TO_LEFT = ("R", "AL", "RLE", "RLO", "RLI")


def aligned(
    rows: Sequence[Sequence[str]], *, right: Sequence[int] = (), ruled: bool = False, gap: int = 2
) -> list[str]:
    """Return rows as lines with columns `gap` spaces apart, those of `right` flush right.

    The first row is underlined where the table is `ruled`.

    >>> print(*aligned([("a", "n"), ("bb", "10")], right=[1], ruled=True), sep="\\n")
    a    n
    --  --
    bb  10
    """
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    rule = [["-" * width for width in widths]] if ruled else []
    return [
        (" " * gap)
        .join(
            _padded(cell, width, k in right)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        .rstrip()
        for row in [*rows[:1], *rule, *rows[1:]]
    ]


def _padded(cell: str, width: int, right: bool) -> str:
    space = " " * (width - _width(cell))
    if any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in cell):
        cell = f"\u2068{cell}\u2069"  # isolated, so that it does not turn the rest around
    return space + cell if right else cell + space


def _width(cell: str) -> int:
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in cell
    )


ASCII = str.maketrans({
    "−": "-", "×": "x", "·": "*", "÷": "/", "→": "->", "⇒": "=>", "≈": "~", "…": "...", "—": "-",
    "–": "-", "∂": "d", "δ": "delta", "Δ": "Delta", "Σ": "sum", "σ": "sigma", "η": "eta",
    "β": "beta", "∞": "inf", "²": "^2", "³": "^3", "½": "1/2", "⊙": "(*)", "⊗": "(x)", "ᵀ": "^T",
    "√": "sqrt", "≤": "<=", "≥": ">=", "≠": "!=", "±": "+-", "∈": "in", "‖": "||", "ₖ": "_k",
    "Π": "prod", "π": "pi", "λ": "lambda", "μ": "mu", "θ": "theta", "φ": "phi", "ε": "eps",
    "\u2068": "", "\u2069": "",
})  # fmt: skip


class Text(str):
    """Text that `print` writes in ASCII where the standard output cannot encode it.

    Under cp1252 or LC_ALL=C there is no → and no −. What is written to a file, formatted or
    compared is the text itself.

    >>> written("a → b, −1", "ascii")
    'a -> b, -1'
    """

    __slots__ = ()

    def __str__(self) -> str:
        return written(str.__str__(self), getattr(sys.stdout, "encoding", None) or "utf-8")


def printed(method: Callable[[Any], str]) -> Callable[[Any], str]:
    """Return a method that gives the text of `method` as the standard output can encode it."""

    @wraps(method)
    def shown(self: Any) -> str:
        return str(Text(method(self)))

    return shown


def written(text: str, encoding: str) -> str:
    """Return text as it is where the encoding has all of it, else in ASCII."""
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return text.translate(ASCII).encode("ascii", "replace").decode("ascii")
    return text
