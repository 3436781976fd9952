"""What signs, colours, widths and tints of a graph mean, in a line or two below it."""

from __future__ import annotations

from collections.abc import Iterator

from autograd.drawing.graph.picture import GraphPicture

FEWEST = 4  # boxes of a graph that is explained


def legend(picture: GraphPicture, *, labels: bool = True) -> list[str]:
    """Return lines that explain what there is to see, and then the notes of the picture."""
    lines = []
    if len(picture.boxes) >= FEWEST:
        signs, looks = list(_signs(picture)) if labels else [], list(_looks(picture))
        lines = [" · ".join(parts) for parts in (signs, looks) if parts]
    return [*lines, *([" · ".join(picture.notes)] if picture.notes else [])]


def _signs(picture: GraphPicture) -> Iterator[str]:
    words = [text for edge in picture.edges for text, _ in edge.words]
    if any(text.startswith("×") for text in words):
        yield "× local partial"
    if any(text.startswith("⇒") for text in words):
        yield "⇒ contribution to the gradient"


def _looks(picture: GraphPicture) -> Iterator[str]:
    if any(edge.flow for edge in picture.edges):
        yield "arrows: blue +, orange −, wider for a larger contribution"
    if {"input", "parameter"} <= {box.kind for box in picture.boxes}:
        yield "boxes: blue input, green parameter"
