"""What `draw` draws at each level, and which level it chooses by itself.

To add a picture, write a Picture and add a Level to DETAIL: its name is then an option of `draw`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from autograd.drawing import render
from autograd.drawing.colours import Theme
from autograd.drawing.graph import boxes, table
from autograd.drawing.graph.dot import dot
from autograd.drawing.graph.picture import GraphPicture, read
from autograd.drawing.graph.walks import nearest, walk
from autograd.drawing.network.dot import network_dot
from autograd.drawing.network.layers import layers_svg
from autograd.drawing.network.neurons import neurons_svg
from autograd.drawing.network.picture import NetworkPicture
from autograd.drawing.network.table import network_table
from autograd.drawing.subject import Subject, require

LABELLED = 150  # up to this many nodes the edges carry their local partials
IN_A_TABLE = 60  # rows of the text table of a graph that is too large to draw
OPERANDS_IN_A_TABLE = 8
MOST_RANKS = 5000  # crossed by all arrows together; Graphviz takes a second, and soon hours
MOST_UNITS, MOST_WEIGHTS = 32, 2000  # drawn unit by unit


class Picture(Protocol):
    """What a Drawing shows."""

    def summary(self) -> str:
        """Return the level and the size."""

    def svg(self, theme: Theme) -> str:
        """Return SVG."""

    def dot(self, theme: Theme) -> str:
        """Return DOT text. A picture without DOT raises ValueError, which names its level."""

    def raster(self, theme: Theme, format: str) -> bytes:
        """Return PNG or PDF."""

    def text(self) -> str:
        """Return a text table."""


class ExpressionPicture:
    """The picture of an expression graph, or of the part nearest to its root."""

    def __init__(self, picture: GraphPicture, rankdir: str, limit: int, complete: bool) -> None:
        self.by_graphviz = picture.ranks_crossed() <= MOST_RANKS
        if not self.by_graphviz:
            note = "arrows over too many ranks for Graphviz: laid out without it"
            picture = replace(picture, notes=(*picture.notes, note))
        self.picture, self.rankdir = picture, rankdir
        self.limit, self.complete = limit, complete
        self.labels = len(picture.boxes) <= LABELLED

    def summary(self) -> str:
        """Return the level and the size."""
        count = len(self.picture.boxes) if self.complete else f"more than {self.limit}"
        return f"expression, {count} nodes"

    def svg(self, theme: Theme) -> str:
        """Return SVG by Graphviz, or by our own layout where there is none."""
        source = self.dot(theme)
        drawn = render.graphviz_svg(source) if self.by_graphviz else None
        if drawn is not None:
            return drawn
        return boxes.boxes_svg(self.picture, theme, rankdir=self.rankdir, labels=self.labels)

    def dot(self, theme: Theme) -> str:
        """Return DOT text."""
        self._require_complete()
        return dot(self.picture, theme, rankdir=self.rankdir, labels=self.labels)

    def raster(self, theme: Theme, format: str) -> bytes:
        """Return PNG or PDF."""
        source = self.dot(theme)
        if format == "png":
            source = source.replace("graph [", "graph [dpi=144, ", 1)
        drawn = render.with_graphviz(source, format) if self.by_graphviz else None
        return render.rasterised(self.svg(theme), format) if drawn is None else drawn

    def text(self) -> str:
        """Return the text table."""
        shown = table.expression_table(self.picture)
        if self.complete:
            return shown
        return f"{shown}… the nodes nearest to the root of more than {self.limit}.\n"

    def _require_complete(self) -> None:
        if not self.complete:
            raise ValueError(
                f"a picture of an expression has at most max_nodes = {self.limit} nodes; this "
                "graph has more. Draw a part of it, raise max_nodes, or draw a network with "
                'level="neuron" or level="layer". .text() always works.'
            )


class NetworkLevel:
    """The picture of a network, by neuron or by layer."""

    def __init__(self, picture: NetworkPicture, level: str, note: str) -> None:
        self.picture, self.level, self.note = picture, level, note

    def summary(self) -> str:
        """Return the level and the size."""
        return f"{self.level}, network {self.picture.name}"

    def svg(self, theme: Theme) -> str:
        """Return SVG of our own."""
        draw_level = neurons_svg if self.level == "neuron" else layers_svg
        return draw_level(self.picture, theme, self.note)

    def dot(self, theme: Theme) -> str:
        """Return DOT text: a node a unit, or a node a layer."""
        return network_dot(self.picture, theme, by_unit=self.level == "neuron")

    def raster(self, theme: Theme, format: str) -> bytes:
        """Return PNG or PDF."""
        return render.rasterised(self.svg(theme), format)

    def text(self) -> str:
        """Return the text table."""
        return network_table(self.picture) + (f"{self.note}\n" if self.note else "")


def _expression(subject: Subject, rankdir: str, max_nodes: int) -> ExpressionPicture:
    order = walk(subject.roots, max_nodes)
    if order is None:
        part = nearest(subject.roots, IN_A_TABLE)
        picture = read(subject.roots, part, most_operands=OPERANDS_IN_A_TABLE)
        return ExpressionPicture(picture, rankdir, max_nodes, complete=False)
    picture = read(subject.roots, order, gradient=subject.gradient(order), **subject.options)
    if len(picture.boxes) > LABELLED:
        note = f"more than {LABELLED} nodes: the local partials are in the tooltips of the arrows"
        picture = replace(picture, notes=(*picture.notes, note))
    return ExpressionPicture(picture, rankdir, max_nodes, complete=True)


def _neurons(subject: Subject, rankdir: str, max_nodes: int) -> NetworkLevel:
    network = _network_of(subject)
    units, weights = max(network.sizes), network.weight_count
    needed = sum(network.sizes) + weights
    if (units <= MOST_UNITS and weights <= MOST_WEIGHTS) or needed <= max_nodes:
        return NetworkLevel(network, "neuron", "")
    return NetworkLevel(network, "layer", (
        f"drawn by layer: {units} units in a layer, {weights} weights; "
        f'level="neuron", max_nodes={needed} draws each of them'
    ))  # fmt: skip


def _layers(subject: Subject, rankdir: str, max_nodes: int) -> NetworkLevel:
    return NetworkLevel(_network_of(subject), "layer", "")


def _network_of(subject: Subject) -> NetworkPicture:
    if subject.network is None:
        raise ValueError("there is nothing to draw: no graph and no network.")
    return subject.network


@dataclass(frozen=True)
class Level:
    """A level of detail: whether it takes a subject, why not, and its picture."""

    takes: Callable[[Subject], bool]
    refusal: str
    picture: Callable[[Subject, str, int], Picture]  # of a subject, rankdir and max_nodes


TAKES_A_NETWORK = (
    "level={level!r} takes a network; got a graph of Values. Draw a probe of the model, "
    'or a NetworkPicture, or use level="expression".'
)
DETAIL = {
    "expression": Level(
        lambda subject: bool(subject.roots),
        'level="expression" takes a graph of Values; got the numbers of a network. '
        'Draw its loss, or use level="neuron" or level="layer".',
        _expression,
    ),
    "neuron": Level(lambda subject: subject.network is not None, TAKES_A_NETWORK, _neurons),
    "layer": Level(lambda subject: subject.network is not None, TAKES_A_NETWORK, _layers),
}


def picture_at(subject: Subject, level: str, rankdir: str, max_nodes: int) -> Picture:
    """Return the picture of a subject at a level; "auto" takes the finest that is legible.

    Raises ValueError for an unknown level, and for one that the subject does not have.
    """
    require("level", level, ("auto", *DETAIL))
    if level == "auto":
        return _finest(subject, rankdir, max_nodes)
    chosen = DETAIL[level]
    if not chosen.takes(subject):
        raise ValueError(chosen.refusal.format(level=level))
    return chosen.picture(subject, rankdir, max_nodes)


def _finest(subject: Subject, rankdir: str, max_nodes: int) -> Picture:
    """Return the graph where it is small or all there is, else units, else layers."""
    if subject.roots:
        graph = _expression(subject, rankdir, max_nodes)
        if graph.complete or subject.network is None:
            return graph
    if _network_of(subject).samples > 1:
        return _layers(subject, rankdir, max_nodes)
    shown = _neurons(subject, rankdir, max_nodes=0)
    if shown.level == "neuron" and subject.roots:
        shown.note = f"drawn by neuron: the graph has more than max_nodes = {max_nodes} nodes"
    return shown
