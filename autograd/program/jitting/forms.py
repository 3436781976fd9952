"""What a part of a graph computes, apart from which leaves it has and what numbers they hold.

Parts of one form differ in their leaves and in plain numbers alone, such as the pixels of many
observations: what is derived from one of them, its leaves and differing numbers being arguments,
holds for all.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import Any

from autograd.derivatives.calls import as_node
from autograd.engine import Value, lend, topological, unwatched
from autograd.modes import differentiating
from autograd.reductions import total
from autograd.table import PRIMITIVES

SHAPING = "pow"  # whose exponent shapes its derivative


class Form:
    """The part of a graph that computes `outputs` by `nodes`, parents first.

    `leaves` are those it depends on, `constants` its plain numbers, both in the order of their
    use. `key` is the same for parts of one form; leaves in `wanted` are told from others.
    `leaves` that are given are the first ones, used or not.
    """

    def __init__(
        self, nodes: Sequence[Value], outputs: Sequence[Value], wanted: Container[Value],
        leaves: Sequence[Value] = (),
    ) -> None:  # fmt: skip
        self.nodes, self.outputs = nodes, outputs
        self.leaves = [*leaves]
        self.constants: list[float] = []
        # of nodes from 0 on, of leaves from -1 down
        self._places: dict[Any, int] = {x: ~k for k, x in enumerate(leaves)}
        self._codes: list[Any] = []
        for k, node in enumerate(nodes):
            self._codes.append(node.op)
            self._read(node)
            self._places[node] = k
        ends = tuple([self._place(x) for x in outputs])
        kinds = tuple([x in wanted for x in self.leaves])
        self.key = (tuple(self._codes), ends, kinds)

    def _read(self, node: Value) -> None:
        """Note the operands of a node."""
        places, codes, shaping = self._places, self._codes, node.op == SHAPING
        for x in node.operands:
            if x in places:
                codes.append(places[x])
            elif x.__class__ is Value and not x.constant:
                codes.append(self._place(x))
            else:
                number = number_of(x)
                codes.append(("", number if shaping else number == 0.0))
                self.constants.append(number)

    def _place(self, x: Value) -> int:
        """Return the place of a node or leaf."""
        place = self._places.get(x)
        if place is None:
            self.leaves.append(x)
            place = self._places[x] = -len(self.leaves)
        return place

    def rebuilt(self, free: Container[int]) -> tuple[list[Value], list[Value], list[Any]]:
        """Return new leaves, further ones for the constants that are `free`, and the outputs."""
        leaves = [lend(Value(unwatched(x), x.label)) for x in self.leaves]
        twins: dict[Any, Any] = dict(zip(self.leaves, leaves, strict=True))
        extra, count = [], 0
        for node in self.nodes:
            operands: list[Any] = []
            for x in node.operands:
                if x in twins:
                    operands.append(twins[x])
                    continue
                number = number_of(x)
                if count in free:
                    extra.append(lend(Value(number)))
                operands.append(extra[-1] if count in free else number)
                count += 1
            twins[node] = PRIMITIVES[node.op](*operands)
        return leaves, extra, [twins[x] for x in self.outputs]


def number_of(operand: Any) -> float:
    """Return the number of a constant, be it a Value or a plain one."""
    number: float = unwatched(operand) if operand.__class__ is Value else operand
    return number


def computed(outputs: Sequence[Value]) -> list[Value]:
    """Return the computed nodes below these and these themselves, parents first."""
    with differentiating():
        root = as_node(total(outputs))
    return [x for x in topological(root) if x.op and x is not root]


def apart(nodes: Sequence[Value]) -> Iterator[list[Value]]:
    """Return the parts of a graph that have leaves alone in common, parents first in each."""
    parts: list[int] = []  # the part that each part belongs to, itself or an earlier one
    owner: dict[Any, int] = {}
    for node in nodes:
        own = len(parts)
        for x in node.operands:
            if x in owner:
                other = owner[x]
                while parts[other] != other:
                    other = parts[other]
                if own == len(parts):
                    own = other
                else:
                    parts[max(own, other)] = own = min(own, other)
        if own == len(parts):
            parts.append(own)
        owner[node] = own
    found: dict[int, list[Value]] = {}
    for node, own in owner.items():
        while parts[own] != own:
            own = parts[own]
        found.setdefault(own, []).append(node)
    return iter(found.values())
