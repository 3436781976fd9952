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
from autograd.drawing.graph.picture import GraphPicture
from autograd.drawing.graph.reading import read
from autograd.drawing.graph.walks import nearest, walk
from autograd.drawing.network.architecture import ModelPicture
from autograd.drawing.network.cards import SMALLEST, neurons_size
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
PAGE, LEGIBLE, LONGEST = 830.0, 9.0, 2000.0  # width of a page, smallest text, longest side, in px


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


@dataclass(frozen=True)
class Options:
    """How a level is drawn: direction, limits, and who lays it out; "" is left to the level."""

    rankdir: str = ""
    max_nodes: int = 500
    max_operands: int = 8
    layout: str = ""


class ExpressionPicture:
    """The picture of an expression graph, or of the part nearest to its root."""

    def __init__(self, picture: GraphPicture, options: Options, complete: bool) -> None:
        self.by_graphviz = options.layout != "own"
        if not options.layout and picture.ranks_crossed() > MOST_RANKS:
            self.by_graphviz = False
            note = "arrows over too many ranks for Graphviz: laid out without it"
            picture = replace(picture, notes=(*picture.notes, note))
        self.picture, self.options = picture, options
        self.rankdir = options.rankdir or "LR"
        self.limit, self.complete = options.max_nodes, complete
        self.labels = len(picture.boxes) <= LABELLED

    def is_legible(self) -> bool:
        """Return whether it can be read at the width of a page."""
        if not self.complete or len(self.picture.boxes) > LABELLED:
            return False
        return is_legible(*self._size(), boxes.SMALLEST)

    def scale(self) -> float:
        """Return how large it is on a page, where it may be as high as that is long."""
        width, height = self._size() if self.complete else (1.0, 1.0)
        return min(1.0, PAGE / width, LONGEST / height)

    def _size(self) -> tuple[float, float]:
        place = boxes.arrangement(self.picture, vertical=self.rankdir == "TB")
        return place.width + 2 * boxes.MARGIN, place.height

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
        if self.options.layout == "dot":
            raise RuntimeError(render.NOTHING_LAYS_OUT)
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


class ModelLevel(ModelPicture):
    """The parameters of a model by their names."""

    def raster(self, theme: Theme, format: str) -> bytes:
        """Return PNG or PDF."""
        return render.rasterised(self.svg(theme), format)


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

    def is_legible(self) -> bool:
        """Return whether it can be read at the width of a page."""
        width, height = neurons_size(self.picture)
        return is_legible(width, height, SMALLEST)

    def text(self) -> str:
        """Return the text table."""
        return network_table(self.picture) + (f"{self.note}\n" if self.note else "")


def is_legible(width: float, height: float, smallest: float) -> bool:
    """Return whether text of the `smallest` size can be read when a picture is PAGE wide."""
    scale = min(1.0, PAGE / width)
    return smallest * scale >= LEGIBLE and height * scale <= LONGEST


def _expression(subject: Subject, options: Options) -> ExpressionPicture:
    order = walk(subject.roots, options.max_nodes)
    if order is None:
        part = nearest(subject.roots, IN_A_TABLE)
        picture = read(subject.roots, part, most_operands=OPERANDS_IN_A_TABLE)
        return ExpressionPicture(picture, options, complete=False)
    picture = read(
        subject.roots, order, gradient=subject.gradient(order), widest_sum=options.max_operands,
        **subject.options,
    )  # fmt: skip
    if len(picture.boxes) > LABELLED:
        note = f"more than {LABELLED} nodes: the local partials are in the tooltips of the arrows"
        picture = replace(picture, notes=(*picture.notes, note))
    return ExpressionPicture(picture, options, complete=True)


def _best(subject: Subject, options: Options) -> ExpressionPicture:
    """Return the graph in the direction in which it is larger on a page."""
    ways = [options.rankdir] if options.rankdir else ["LR", "TB"]
    graphs = [_expression(subject, replace(options, rankdir=way)) for way in ways]
    legible = next((graph for graph in graphs if graph.is_legible()), None)
    few = len(graphs[0].picture.boxes) <= LABELLED
    return legible or (max(graphs, key=ExpressionPicture.scale) if few else graphs[0])


def _neurons(subject: Subject, options: Options) -> NetworkLevel:
    network = _network_of(subject)
    units, weights = max(network.sizes), network.weight_count
    needed = sum(network.sizes) + weights
    if (units <= MOST_UNITS and weights <= MOST_WEIGHTS) or needed <= options.max_nodes:
        return NetworkLevel(network, "neuron", "")
    return NetworkLevel(network, "layer", (
        f"drawn by layer: {units} units in a layer, {weights} weights; "
        f'level="neuron", max_nodes={needed} draws each of them'
    ))  # fmt: skip


def _layers(subject: Subject, options: Options) -> NetworkLevel:
    return NetworkLevel(_network_of(subject), "layer", "")


def _model(subject: Subject, options: Options) -> ModelLevel:
    return ModelLevel(subject.model)


def _network_of(subject: Subject) -> NetworkPicture:
    if subject.network is None:
        raise ValueError("there is nothing to draw: no graph and no network.")
    return subject.network


@dataclass(frozen=True)
class Level:
    """A level of detail: whether it takes a subject, why not, and its picture."""

    takes: Callable[[Subject], bool]
    refusal: str
    picture: Callable[[Subject, Options], Picture]


TAKES_A_NETWORK = (
    "level={level!r} takes a network; got a graph of Values. Draw a probe of the model, "
    'or a NetworkPicture, or use level="expression".'
)
DETAIL = {
    "expression": Level(
        lambda subject: bool(subject.roots),
        'level="expression" takes a graph of Values; got the numbers of a network. '
        'Draw its loss, or use level="neuron" or level="layer".',
        _best,
    ),
    "neuron": Level(lambda subject: subject.network is not None, TAKES_A_NETWORK, _neurons),
    "layer": Level(lambda subject: subject.network is not None, TAKES_A_NETWORK, _layers),
    "model": Level(
        lambda subject: subject.model is not None,
        'level="model" takes a model with named parameters; use one of the other levels.',
        _model,
    ),
}


def picture_at(subject: Subject, level: str, options: Options) -> Picture:
    """Return the picture of a subject at a level; "auto" takes the finest that is legible.

    Raises ValueError for an unknown level, and for one that the subject does not have.
    """
    require("level", level, ("auto", *DETAIL))
    if level == "auto":
        return _finest(subject, options)
    chosen = DETAIL[level]
    if not chosen.takes(subject):
        raise ValueError(chosen.refusal.format(level=level))
    return chosen.picture(subject, options)


def _finest(subject: Subject, options: Options) -> Picture:
    """Return the graph where it is legible or all there is, else units, else layers.

    A graph that is legible from top to bottom alone runs so.
    """
    graph = _best(subject, options) if subject.roots else None
    if graph and (subject.network is None or graph.is_legible()):
        return graph
    if subject.network is None and subject.model is not None:
        return _model(subject, options)
    units = _neurons(subject, replace(options, max_nodes=0))
    if units.level == "layer":
        return units
    if not units.is_legible():
        return NetworkLevel(units.picture, "layer", 'drawn by layer: level="neuron" shows units')
    if graph:
        large = not graph.complete
        cause = f"more than max_nodes = {options.max_nodes} nodes" if large else "many nodes"
        units.note = f'drawn by neuron: the graph has {cause}; level="expression" shows them'
    return units
