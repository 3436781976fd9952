"""A graph of Values read into plain boxes and edges, ready to be drawn in any way.

One box is one Value, with two exceptions that make pictures readable: a chain of additions
is one Σ, and a constant that only tells which function it is (the 2 of x²) is part of the
symbol. Reading never changes the graph and never touches a gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd.drawing.colours import clean
from autograd.drawing.graph import names
from autograd.drawing.graph.walks import is_constant
from autograd.engine import Value
from autograd.explanation.notation import Piece
from autograd.explanation.numerals import figure
from autograd.table import CALL

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
    formula: str

    @property
    def tooltip(self) -> str:
        """The numbers in full precision."""
        grad = "" if self.grad is None else f", grad = {self.grad!r}"
        name = clean(self.label, 200) or self.name or self.symbol
        return f"{name} = {self.data!r}{grad}"


@dataclass(frozen=True)
class Edge:
    """One operand: ∂target/∂source, and what flows back through it to the source."""

    source: int
    target: int
    local: float | None
    flow: float | None
    shared: bool  # whether the source has other users too

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


def read(
    roots: Sequence[Value],
    order: Sequence[Value],
    *,
    inputs: Iterable[Value] = (),
    parameters: Iterable[Value] = (),
    groups: Mapping[Value, Group] | None = None,
    gradient: Callable[[Value], float | None] | None = None,
    most_operands: int | None = None,
) -> GraphPicture:
    """Return the boxes and edges of the nodes in `order`, parents first.

    `gradient` gives ∂root/∂node; by default it is `.grad`, unknown before a backward pass.
    `most_operands` cuts the operands of each node, for a graph that is not shown whole.
    """
    reader = _Reader(roots, order, set(inputs), set(parameters), groups or {}, gradient)
    reader.most_operands = most_operands
    return reader.expression()


class _Reader:
    """The state of one reading."""

    def __init__(
        self,
        roots: Sequence[Value],
        order: Sequence[Value],
        inputs: set[Value],
        parameters: set[Value],
        groups: Mapping[Value, Group],
        gradient: Callable[[Value], float | None] | None,
    ) -> None:
        self.roots = set(roots)
        self.order = order
        self.inputs, self.parameters, self.groups = inputs, parameters, groups
        known = any(root.grad != 0 for root in roots)
        self.gradient = gradient or (lambda node: node.grad if known else None)
        self.most_operands: int | None = None
        self.boxes: list[Box] = []
        self.edges: list[Edge] = []
        self.values: list[Value] = []
        self.box_of: dict[Value, Box] = {}
        self.pieces: dict[int, Piece] = {}  # box → its name, and how tightly that binds

    def expression(self) -> GraphPicture:
        self.users = self._users()
        merged = {node for node in self.order if self._is_inner_sum(node)}
        for node in self.order:
            if node not in merged:
                self._add(node, merged)
        return GraphPicture(
            tuple(self.boxes), tuple(self.edges), tuple(self._notes()), tuple(self.values)
        )

    def _users(self) -> dict[Value, list[Value]]:
        users: dict[Any, list[Value]] = {node: [] for node in self.order}
        for node in self.order:
            for operand in node.operands:
                if operand in users:
                    users[operand].append(node)
        return users

    def _is_inner_sum(self, node: Value) -> bool:
        users = self.users[node]
        return (
            node.op == "add" and not node.label and node not in self.roots
            and len(users) == 1 and users[0].op in ("add", "total")
            and self.groups.get(node) == self.groups.get(users[0])
        )  # fmt: skip

    def _add(self, node: Value, merged: set[Value]) -> None:
        operands = self._operands(node, merged)
        symbol, operands = _with_symbol(node, operands)
        sources = [(self._source(x, node), local) for x, local in operands]
        box = self._box(node, symbol, [source for source, _ in sources])
        for source, local in sources:
            if source.kind == "constant":
                local = None
            flow = None if local is None or box.grad is None else local * box.grad
            self.edges.append(Edge(source.key, box.key, local, flow, self._fan_out(source)))

    def _fan_out(self, source: Box) -> bool:
        return len(self.users.get(self.values[source.key], ())) > 1

    def _operands(self, node: Value, merged: set[Value]) -> list[tuple[Any, float | None]]:
        """Return (operand, local partial) in order, the operands of inner sums in their place."""
        result: list[tuple[Any, float | None]] = []
        stack = list(reversed(_with_partials(node)[: self.most_operands]))
        while stack:
            operand, local = stack.pop()
            if operand in merged:
                stack += reversed([(x, 1.0) for x in operand.operands])
            else:
                result.append((operand, local))
        if node.op == "add":  # sum() starts from a 0 that says nothing
            telling = [(x, p) for x, p in result if not (is_constant(x) and _data(x) == 0)]
            return telling if len(telling) >= 2 else result
        return result

    def _source(self, operand: Any, user: Value) -> Box:
        if not is_constant(operand) and operand in self.box_of:
            return self.box_of[operand]
        constant = is_constant(operand)
        data = _data(operand)
        name = figure(data) if constant else "…"
        box = Box(
            len(self.boxes), "", name, name, data, None, "constant", False,
            _path(self.groups.get(user)), "constant" if constant else "not shown",
        )  # fmt: skip
        self._keep(box, operand if operand.__class__ is Value else user, Piece(name, CALL))
        return box

    def _box(self, node: Value, symbol: str, sources: list[Box]) -> Box:
        key = len(self.boxes)
        piece = Piece(clean(node.label), CALL)
        if not piece.text and node.op:
            piece = names.short_name(node.op, symbol, [self.pieces[x.key] for x in sources])
        box = Box(
            key, symbol, piece.text, node.label, node.data, self.gradient(node), self._kind(node),
            node in self.roots, _path(self.groups.get(node)),
            names.formula(node.op, symbol, [reference(x) for x in sources[:10]]),
        )  # fmt: skip
        self._keep(box, node, piece)
        self.box_of[node] = box
        return box

    def _keep(self, box: Box, node: Value, piece: Piece) -> None:
        self.pieces[box.key] = piece
        self.boxes.append(box)
        self.values.append(node)

    def _kind(self, node: Value) -> str:
        if node.op:
            return "node"
        if node.constant:
            return "constant"
        if node in self.parameters:
            return "parameter"
        return (
            "parameter"
            if self.inputs and node not in self.inputs and not (self.parameters)
            else "input"
        )

    def _notes(self) -> Iterable[str]:
        received: dict[int, float] = {}
        for edge in self.edges:
            received[edge.source] = received.get(edge.source, 0.0) + (edge.flow or 0.0)
        for box in self.boxes:
            if box.kind in ("input", "parameter") and box.grad is not None and not box.root:
                seen = received.get(box.key, 0.0)
                if abs(seen - box.grad) > 1e-9 * max(abs(seen), abs(box.grad)):
                    yield f"grad of {box.name or 'a leaf'} is not from this pass alone"
                    return


def _with_partials(node: Value) -> list[tuple[Any, float | None]]:
    """Return (operand, local partial); a partial that does not exist here is None."""
    operands = node.operands
    partials: Sequence[float | None]
    try:
        partials = node.partials
    except (ArithmeticError, ValueError, RuntimeError):
        partials = (None,) * len(operands)
    return list(zip(operands, partials, strict=True))


def _with_symbol(
    node: Value, operands: list[tuple[Any, float | None]]
) -> tuple[str, list[tuple[Any, float | None]]]:
    """Return the sign in the left cell, and the operands that are left to be drawn."""
    last = operands[-1][0] if operands else None
    constant = _data(last) if last is not None and is_constant(last) else None
    symbol, folded = names.symbol(node.op, len(operands), constant)
    return symbol, operands[:-1] if folded else operands


def reference(box: Box) -> str:
    """Return how the text table calls a box: its label, or n and its number."""
    if box.kind == "constant":
        return box.name
    return clean(box.label, 16) or f"n{box.key}"


def _data(operand: Any) -> float:
    return operand if operand.__class__ is float else float(operand.data)


def _path(group: Group | None) -> tuple[str, ...]:
    return () if group is None else (group,) if isinstance(group, str) else tuple(group)
