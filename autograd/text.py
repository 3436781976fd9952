"""Tables of plain text, which need no program and always work."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

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
