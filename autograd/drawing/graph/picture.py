"""A graph of Values as plain boxes and edges, ready to be drawn in any way.

One box is one Value, with the exceptions that make pictures readable; `reading` says which.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from autograd.drawing.colours import clean
from autograd.engine import Value
from autograd.explanation.numerals import figure

Group = str | tuple[str, ...]


@dataclass(frozen=True)
class Box:
    """One node: its operation, name and numbers; `grad` is None where nothing is known."""

    key: int
    symbol: str
    name: str
    label: str
    data: float
    grad: float | None
    kind: str  # "input", "parameter", "constant" or "node"
    root: bool
    group: tuple[str, ...]
    formula: str  # by the names of the text table
    written: str = ""  # by the names that boxes show

    @property
    def tooltip(self) -> str:
        """The numbers in full precision."""
        grad = "" if self.grad is None else f", grad = {self.grad!r}"
        name = clean(self.label, 200) or self.name or self.symbol
        if self.formula == "not shown":
            return f"{name}, not shown"
        return f"{name} = {self.data!r}{grad}"


@dataclass(frozen=True)
class Edge:
    """One operand: ∂target/∂source, and what flows back through it to the source."""

    source: int
    target: int
    local: float | None
    flow: float | None
    shared: bool  # whether the source has other users too
    slot: int = -1  # which operand of the target's node; -1 in a sum of sums, whose partial is 1

    @property
    def words(self) -> list[tuple[str, float]]:
        """`×local`, and `⇒ contribution` where several add up, beside their numbers; [] for ×1."""
        if self.local is None:
            return []
        local = (f"×{figure(self.local)}", self.local)
        if self.shared and self.flow is not None:
            return [local, (f"⇒ {figure(self.flow, signed=True)}", self.flow)]
        return [] if self.local == 1 else [local]

    @property
    def label(self) -> str:
        """The words in one line."""
        return " ".join(text for text, _ in self.words)


@dataclass(frozen=True)
class GraphPicture:
    """The boxes, parents before children, and the edges in the order of the operands."""

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    notes: tuple[str, ...] = ()
    values: tuple[Value, ...] = field(default=(), repr=False)  # the node of each box

    def ranks_crossed(self) -> int:
        """Return over how many ranks all edges lead together, leaves standing by their first use.

        Graphviz gives an edge a point in each rank it crosses: its time grows fast with them.
        """
        ranks, computed = [0] * len(self.boxes), {edge.target for edge in self.edges}
        for edge in self.edges:  # targets in order: parents come before children
            ranks[edge.target] = max(ranks[edge.target], ranks[edge.source] + 1)
        for edge in reversed(self.edges):
            if edge.source not in computed:
                ranks[edge.source] = ranks[edge.target] - 1
        return sum(ranks[edge.target] - ranks[edge.source] for edge in self.edges)


def reference(box: Box) -> str:
    """Return how the text table calls a box: its label, or n and its number."""
    if box.kind == "constant":
        return box.name
    return clean(box.label, 16) or f"n{box.key}"
