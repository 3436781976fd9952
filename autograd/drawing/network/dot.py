"""A network as a text table and as DOT, for whoever wants the numbers or another program."""

from __future__ import annotations

from collections.abc import Iterator

from autograd.drawing.colours import Theme
from autograd.drawing.graph.dot import quoted
from autograd.drawing.graph.table import aligned
from autograd.drawing.network.picture import NetworkPicture, Row
from autograd.explanation import numerals
from autograd.explanation.numerals import figure

MOST_ROWS = 40  # of units or weights of one layer in the text table


def network_table(picture: NetworkPicture) -> str:
    """Return every layer's units and weights as aligned text, long ones cut."""
    parts = [f"network {picture.name}"]
    if picture.cost is not None:
        parts[0] += f", C {numerals.shown(picture.cost)}"
    if picture.samples > 1:
        parts[0] += f", gradients are the sum over {picture.samples} samples"
    for layer in range(1, len(picture.layers) + 1):
        parts += ["", picture.heading(layer), *_units(picture, layer), *_weights(picture, layer)]
    return "\n".join(parts) + "\n"


def _units(picture: NetworkPicture, layer: int) -> Iterator[str]:
    shown = picture.layers[layer - 1]
    rows: list[tuple[str, ...]] = [("unit", "b", "z", "a", "δ", "∂C/∂b")]
    for j in range(min(shown.fan_out, MOST_ROWS)):
        plain = [_entry(row, j) for row in (shown.b, shown.z, shown.a)]
        signed = [_entry(row, j, signed=True) for row in (shown.delta, shown.db)]
        rows.append((str(j), *plain, *signed))
    yield aligned(rows, right=range(6))
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
    yield aligned(rows, right=(1, 2))
    if len(places) > MOST_ROWS:
        yield f"… {len(places) - MOST_ROWS} more weights"


def _entry(row: Row | None, j: int, *, signed: bool = False) -> str:
    return figure(None if row is None else row[j], signed=signed)


def network_dot(picture: NetworkPicture, theme: Theme, *, by_unit: bool) -> str:
    """Return the network as DOT: a node a unit and an edge a weight, or a node a layer."""
    lines = [
        "digraph network {",
        f'  graph [rankdir=LR, splines=line, ranksep=1.6, bgcolor="{theme.background}"]',
        f'  node [shape=box, style="rounded,filled", fillcolor="{theme.node_fill}",'
        f' color="{theme.node_line}", fontcolor="{theme.text}", fontname=Helvetica]',
        f'  edge [arrowsize=0.5, color="{theme.node_line}"]',
        *(_unit_lines(picture, theme) if by_unit else _layer_lines(picture)),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _unit_lines(picture: NetworkPicture, theme: Theme) -> Iterator[str]:
    for i in range(picture.sizes[0]):
        yield f'  u0_{i} [label="x[{i}]\\n{_entry(picture.inputs, i)}"]'
    for layer, shown in enumerate(picture.layers, start=1):
        for j in range(shown.fan_out):
            delta = None if shown.delta is None else shown.delta[j]
            words = f"a {_entry(shown.a, j)}\\nδ {figure(delta, signed=True)}"
            yield f'  u{layer}_{j} [label="{words}", color="{theme.sign(delta)}"]'
        for i, row in enumerate(shown.W):
            for j, w in enumerate(row):
                gradient = None if shown.dW is None else shown.dW[i][j]
                tooltip = f"W{layer}[{i},{j}] = {w!r}, ∂C/∂W = {gradient!r}"
                yield (
                    f'  u{layer - 1}_{i} -> u{layer}_{j} [color="{theme.sign(gradient)}",'
                    f' tooltip="{tooltip}"]'
                )


def _layer_lines(picture: NetworkPicture) -> Iterator[str]:
    yield f'  l0 [label="input · {picture.sizes[0]}"]'
    for layer in range(1, len(picture.layers) + 1):
        yield f"  l{layer} [label={quoted(picture.heading(layer))}]"
        yield f"  l{layer - 1} -> l{layer}"
