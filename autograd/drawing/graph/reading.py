"""A graph of Values read into boxes and edges.

One box is one Value, with three exceptions that make pictures readable: a chain of additions is
one Σ, the operands of a wide sum are folded into one box, and a constant that only tells which
function it is (the 2 of x²) is part of the symbol. Reading never changes the graph and never
touches a gradient.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from autograd.drawing.colours import clean
from autograd.drawing.graph import names
from autograd.drawing.graph.picture import Box, Edge, GraphPicture, Group, reference
from autograd.drawing.graph.walks import is_constant
from autograd.engine import Value
from autograd.explanation.notation import Piece
from autograd.explanation.numerals import figure
from autograd.table import CALL

Operand = tuple[Any, float | None, int]  # a Value, float or text; local partial; slot
SUMS = ("add", "total", "mean", "dot")


def read(
    roots: Sequence[Value],
    order: Sequence[Value],
    *,
    inputs: Iterable[Value] = (),
    parameters: Iterable[Value] = (),
    groups: Mapping[Value, Group] | None = None,
    names: Mapping[Value, str] | None = None,
    gradient: Callable[[Value], float | None] | None = None,
    most_operands: int | None = None,
    widest_sum: int | None = None,
) -> GraphPicture:
    """Return the boxes and edges of the nodes in `order`, parents first.

    `names` go before labels. `gradient` gives ∂root/∂node; by default it is `.grad`, unknown
    before a backward pass.
    `most_operands` cuts the operands of each node, for a graph that is not shown whole; a sum of
    more than `widest_sum` operands is folded, and what nothing else uses is left out.
    """
    reader = _Reader(roots, order, set(inputs), set(parameters), groups or {}, gradient)
    reader.most_operands = most_operands
    reader.widest_sum = widest_sum
    reader.names = names or {}
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
        self.widest_sum: int | None = None
        self.names: Mapping[Value, str] = {}
        self.folds = False
        self.boxes: list[Box] = []
        self.edges: list[Edge] = []
        self.values: list[Value] = []
        self.box_of: dict[Value, Box] = {}
        self.pieces: dict[int, Piece] = {}  # box → its name, and how tightly that binds

    def expression(self) -> GraphPicture:
        self.users = self._users()
        merged = {node for node in self.order if self._is_inner_sum(node)}
        if self.widest_sum:
            self.order = self._needed(merged)
        for node in self.order:
            if node not in merged:
                self._add(node, merged)
        return GraphPicture(
            tuple(self.boxes), tuple(self.edges), tuple(self._notes()), tuple(self.values)
        )

    def _needed(self, merged: set[Value]) -> list[Value]:
        """Return the nodes that are left when wide sums are folded."""
        needed = set(self.roots)
        for node in reversed(self.order):
            if node in needed and node not in merged:
                operands = [x for x, _, _ in self._operands(node, merged)]
                needed.update(x for x in operands if x.__class__ is Value)
        return [node for node in self.order if node in needed or node in merged]

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
        sources = [(self._source(x, node), local, slot) for x, local, slot in operands]
        box = self._box(node, symbol, [source for source, _, _ in sources])
        for source, local, slot in sources:
            if source.kind == "constant":
                local = None
            flow = None if local is None or box.grad is None else local * box.grad
            shared = self._fan_out(source)
            self.edges.append(Edge(source.key, box.key, local, flow, shared, slot))

    def _fan_out(self, source: Box) -> bool:
        return len(self.users.get(self.values[source.key], ())) > 1

    def _operands(self, node: Value, merged: set[Value]) -> list[Operand]:
        """Return the operands in order, those of inner sums in their place."""
        result: list[Operand] = []
        stack = list(reversed(_with_partials(node)[: self.most_operands]))
        while stack:
            operand, local, slot = stack.pop()
            if operand in merged:
                stack += reversed([(x, 1.0, -1) for x in operand.operands])
            else:
                result.append((operand, local, slot))
        if node.op == "add":  # sum() starts from a 0 that says nothing
            telling = [one for one in result if not (is_constant(one[0]) and _data(one[0]) == 0)]
            result = telling if len(telling) >= 2 else result
        return self._folded(node, result)

    def _folded(self, node: Value, operands: list[Operand]) -> list[Operand]:
        """Return the first operands of a wide sum, and how many more there are as text."""
        limit = self.widest_sum
        terms = (len(operands) - 1) // 2 if node.op == "dot" else len(operands)
        if limit is None or node.op not in SUMS or terms <= limit:
            return operands
        self.folds = True
        kept, more = operands[: limit - 1], f"… {terms - limit + 1} more"
        if node.op == "dot":
            half = limit // 2
            kept = [*operands[:half], *operands[terms : terms + half]]
            return [*kept, (f"… {terms - half} more pairs", None, -1), operands[-1]]
        return [*kept, (more, None, -1)]

    def _source(self, operand: Any, user: Value) -> Box:
        if operand in self.box_of and not is_constant(operand):
            return self.box_of[operand]
        folded = operand.__class__ is str
        constant = not folded and is_constant(operand)
        data = math.nan if folded else _data(operand)
        name = operand if folded else figure(data) if constant else "…"
        box = Box(
            len(self.boxes), "", name, name, data, None, "constant", False,
            _path(self.groups.get(user)), "constant" if constant else "not shown",
        )  # fmt: skip
        self._keep(box, operand if operand.__class__ is Value else user, Piece(name, CALL))
        return box

    def _box(self, node: Value, symbol: str, sources: list[Box]) -> Box:
        key = len(self.boxes)
        label = self.names.get(node) or node.label
        piece = Piece(clean(label), CALL)
        if not piece.text and node.op:
            piece = names.short_name(node.op, symbol, [self.pieces[x.key] for x in sources])
        piece = piece if piece.text else Piece(f"n{key}", CALL)
        box = Box(
            key, symbol, piece.text, label, node.data, self.gradient(node), self._kind(node),
            node in self.roots, _path(self.groups.get(node)),
            names.formula(node.op, symbol, [Piece(reference(x), CALL) for x in sources[:10]]),
            names.formula(node.op, symbol, [self.pieces[x.key] for x in sources[:10]]),
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
        if self.folds:
            yield f"sums of more than {self.widest_sum} operands are folded: see max_operands"
            return
        received: dict[int, float] = {}
        for edge in self.edges:
            received[edge.source] = received.get(edge.source, 0.0) + (edge.flow or 0.0)
        for box in self.boxes:
            if box.kind in ("input", "parameter") and box.grad is not None and not box.root:
                seen = received.get(box.key, 0.0)
                if abs(seen - box.grad) > 1e-9 * max(abs(seen), abs(box.grad)):
                    yield f"grad of {box.name or 'a leaf'} is not from this pass alone"
                    return


def _with_partials(node: Value) -> list[Operand]:
    """Return the operands; a partial that does not exist here is None."""
    operands = node.operands
    partials: Sequence[float | None]
    try:
        partials = node.partials
    except (ArithmeticError, ValueError, RuntimeError):
        partials = (None,) * len(operands)
    return list(zip(operands, partials, range(len(operands)), strict=True))


def _with_symbol(node: Value, operands: list[Operand]) -> tuple[str, list[Operand]]:
    """Return the sign in the left cell, and the operands that are left to be drawn."""
    last = operands[-1][0] if operands else ""
    constant = _data(last) if last.__class__ is not str and is_constant(last) else None
    symbol, folded = names.symbol(node.op, len(operands), constant)
    return symbol, operands[:-1] if folded else operands


def _data(operand: Any) -> float:
    return operand if operand.__class__ is float else float(operand.data)


def _path(group: Group | None) -> tuple[str, ...]:
    return () if group is None else (group,) if isinstance(group, str) else tuple(group)
