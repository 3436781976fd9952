"""A model without data: its layers as a network of weights, or its parameters by their names.

A model is anything with `layers` (or `W` and `b`) of Values, or with `named_parameters()`: nothing
here knows who makes such things.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from autograd.drawing import svg
from autograd.drawing.colours import Theme, clean
from autograd.drawing.network.picture import LayerPicture, NetworkPicture
from autograd.engine import Value
from autograd.text import aligned

ROW, MARGIN, INDENT = 26.0, 20.0, 18.0
SMALLEST = 11.0


def network_of(model: Any) -> NetworkPicture | None:
    """Return the weights of a model of dense layers in a row; None for another one."""
    layers = getattr(model, "layers", None) or [model]
    try:
        pictures = [_layer(layer) for layer in layers]
        return NetworkPicture(None, pictures)
    except (TypeError, ValueError, AttributeError):
        return None


def _layer(layer: Any) -> LayerPicture:
    unit = hasattr(layer, "w")  # a single one, with its weights in a row
    W = [[w] for w in layer.w] if unit else layer.W
    b = [layer.b] if unit else layer.b
    activation = getattr(layer.activation, "name", layer.activation)
    numbers = [[w.data for w in row] for row in (*W, b)]
    return LayerPicture(W=numbers[:-1], b=numbers[-1], activation=str(activation))


class Tensor(NamedTuple):
    """Parameters whose names differ in their indices alone; a shared one has been named before."""

    path: str
    shape: tuple[int, ...]
    size: int


class ModelPicture:
    """The parameters of a model, grouped by the attributes they are found in."""

    def __init__(self, model: Any) -> None:
        self.name = type(model).__name__
        self.tensors = list(tensors_of(model))

    def summary(self) -> str:
        """Return the level and the size."""
        return f"model, {self.name}, {sum(one.size for one in self.tensors)} parameters"

    def text(self) -> str:
        """Return one row for each group of parameters."""
        rows = [("parameter", "shape", "count")]
        rows += [(one.path, _shape(one.shape), str(one.size)) for one in self.tensors]
        return "\n".join([self.summary(), "", *aligned(rows, right=[2], ruled=True)]) + "\n"

    def svg(self, theme: Theme) -> str:
        """Return a tree of the attributes as SVG, a row for each."""
        rows = list(self._rows())
        width = 2 * MARGIN + max(
            depth * INDENT + 40 + svg.text_width(f"{name} {words}", bold=True)
            for depth, name, words in rows
        )
        parts = [
            part for k, row in enumerate(rows) for part in _row(row, MARGIN + k * ROW, width, theme)
        ]
        height = 2 * MARGIN + len(rows) * ROW
        return svg.document(width, height, theme, parts, name=self.summary())

    def dot(self, theme: Theme) -> str:
        """Raise ValueError: there are no arrows."""
        raise ValueError('level="model" has no DOT; save it as .svg or .txt.')

    def _rows(self) -> Iterator[tuple[int, str, str]]:
        yield 0, self.name, f"{sum(one.size for one in self.tensors)} parameters"
        opened: tuple[str, ...] = ()
        for one in self.tensors:
            *folders, name = one.path.split(".")
            for depth, folder in enumerate(folders):
                if opened[: depth + 1] != tuple(folders[: depth + 1]):
                    yield depth + 1, folder, ""
            opened = tuple(folders)
            yield len(folders) + 1, name, f"{_shape(one.shape)} · {one.size}"


def _row(row: tuple[int, str, str], y: float, width: float, theme: Theme) -> list[str]:
    depth, name, words = row
    x, leaf = MARGIN + depth * INDENT, bool(words) and depth > 0
    fill, line = theme.leaf("parameter") if leaf else (theme.cluster, theme.node_line)
    return [
        svg.element(
            "rect", x=x, y=y, width=width - MARGIN - x, height=ROW - 4, rx=5, fill=fill, stroke=line
        ),
        svg.text(x + 9, y + 15, clean(name), theme.text, bold=True),
        svg.text(width - MARGIN - 9, y + 15, words, theme.muted, anchor="end"),
    ]


def tensors_of(model: Any) -> Iterator[Tensor]:
    """Yield the parameters of a model, those of one name and different indices together."""
    groups: dict[str, list[tuple[int, ...]]] = {}
    for name, leaf in model.named_parameters():
        if leaf.__class__ is Value:
            path = re.sub(r"(\[\d+\])+$", "", name)
            indices = tuple(map(int, re.findall(r"\[(\d+)\]", name[len(path) :])))
            groups.setdefault(path, []).append(indices)
    for path, places in groups.items():
        shape = tuple(max(column) + 1 for column in zip(*places, strict=False))
        yield Tensor(path, shape, len(places))


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "scalar"
