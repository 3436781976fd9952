"""Pictures as plain text tables, which need no program and always work."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from autograd.drawing.graph.picture import Edge, Expression, reference
from autograd.explanation.numerals import figure

_RIGHT_TO_LEFT = ("R", "AL", "RLE", "RLO", "RLI")


def expression_table(picture: Expression) -> str:
    """Return one row a node: its name, what it computes, value, gradient, local partials."""
    operands: dict[int, list[Edge]] = {}
    for edge in picture.edges:
        operands.setdefault(edge.target, []).append(edge)
    rows = [("node", "expression", "value", "grad", "local partials")]
    for box in picture.boxes:
        if box.kind != "constant":
            partials = [
                f"{reference(picture.boxes[edge.source])}: {figure(edge.local)}"
                for edge in operands.get(box.key, ())
                if edge.local is not None
            ]
            shown = ", ".join(partials[:6]) + (" …" if len(partials) > 6 else "")
            formula = box.formula or box.kind
            grad = figure(box.grad, signed=True)
            rows.append((reference(box), formula, figure(box.data), grad, shown))
    return "\n".join([aligned(rows, right=(2, 3)), *picture.notes]) + "\n"


def aligned(rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Return rows in columns two spaces apart, the first row underlined.

    >>> print(aligned([("a", "n"), ("bb", "10")], right=[1]))
    a    n
    --  --
    bb  10
    """
    widths = [max(_width(row[k]) for row in rows) for k in range(len(rows[0]))]
    ruled = [rows[0], ["-" * width for width in widths], *rows[1:]]
    return "\n".join(
        "  ".join(
            _padded(cell, width, k in right)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in ruled
    )


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
