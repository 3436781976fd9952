"""A graph as a table of text, a row a node."""

from __future__ import annotations

from autograd.drawing.graph.picture import Edge, GraphPicture, reference
from autograd.explanation.numerals import figure
from autograd.text import aligned


def expression_table(picture: GraphPicture) -> str:
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
    return "\n".join([*aligned(rows, right=(2, 3), ruled=True), *picture.notes]) + "\n"
