"""A network as tables of text: every layer's units and weights."""

from __future__ import annotations

from collections.abc import Iterator

from autograd.drawing.network.picture import NetworkPicture, Row
from autograd.explanation import numerals
from autograd.explanation.numerals import figure
from autograd.text import aligned

MOST_ROWS = 40  # of units or weights of one layer


def network_table(picture: NetworkPicture) -> str:
    """Return every layer's units and weights as aligned text, long ones cut."""
    parts = [f"network {picture.name}"]
    if picture.cost is not None:
        parts[0] += f", C {numerals.shown(picture.cost)}"
    if picture.note:
        parts[0] += f", {picture.note}"
    for layer in range(1, len(picture.layers) + 1):
        parts += ["", picture.heading(layer), *_units(picture, layer), *_weights(picture, layer)]
    return "\n".join(parts) + "\n"


def _units(picture: NetworkPicture, layer: int) -> Iterator[str]:
    shown = picture.layers[layer - 1]
    rows: list[tuple[str, ...]] = [("unit", "b", "z", "a", "δ", "∂C/∂b")]
    for j in range(min(shown.fan_out, MOST_ROWS)):
        plain = [entry(row, j) for row in (shown.b, shown.z, shown.a)]
        signed = [entry(row, j, signed=True) for row in (shown.delta, shown.db)]
        rows.append((str(j), *plain, *signed))
    yield from aligned(rows, right=range(6), ruled=True)
    if shown.fan_out > MOST_ROWS:
        yield f"… {shown.fan_out - MOST_ROWS} more units"


def _weights(picture: NetworkPicture, layer: int) -> Iterator[str]:
    shown = picture.layers[layer - 1]
    places = [(i, j) for j in range(shown.fan_out) for i in range(shown.fan_in)]
    rows = [("weight", "W", "∂C/∂W")]
    for i, j in places[:MOST_ROWS]:
        gradient = None if shown.dW is None else shown.dW[i][j]
        name = f"W{layer}[{i},{j}]"
        rows.append((name, figure(shown.W[i][j]), figure(gradient, signed=True)))
    yield ""
    yield from aligned(rows, right=(1, 2), ruled=True)
    if len(places) > MOST_ROWS:
        yield f"… {len(places) - MOST_ROWS} more weights"


def entry(row: Row | None, j: int, *, signed: bool = False) -> str:
    """Return the figure of one unit; a dash where the row is not known."""
    return figure(None if row is None else row[j], signed=signed)
