"""A network in Graphviz's DOT language, for whoever wants another program."""

from __future__ import annotations

from collections.abc import Iterator

from autograd.drawing.colours import Theme
from autograd.drawing.graph.dot import quoted
from autograd.drawing.network.picture import NetworkPicture
from autograd.drawing.network.table import entry
from autograd.explanation.numerals import figure


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
        yield f'  u0_{i} [label="a0[{i}]\\n{entry(picture.inputs, i)}"]'
    for layer, shown in enumerate(picture.layers, start=1):
        for j in range(shown.fan_out):
            delta = None if shown.delta is None else shown.delta[j]
            words = f"a {entry(shown.a, j)}\\nδ {figure(delta, signed=True)}"
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
