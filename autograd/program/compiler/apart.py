"""Functions of many operands that are not sums, taken apart into pieces.

A softmax is a few row operations (`argmax`, `sum_minus_one`) and elementwise ones. Pieces are
numbered behind all nodes as they are found, and stand where the function stood in the end. What
the results of one softmax have in common is found once.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from autograd.program.compiler.columns import (
    AGAIN,
    COMPUTED,
    CONSTANT,
    Array,
    Columns,
    gathered,
)

ALL, INDEXED = ("mean", "logsumexp"), ("log_softmax", "softmax", "take")
FUNCTIONS = (*ALL, *INDEXED, AGAIN)
T = TypeVar("T")


def taken_apart(whole: Columns) -> Columns:
    """Return the columns with pieces in the places of functions that programs do not have."""
    import numpy as np

    apart = whole.table(FUNCTIONS.__contains__, bool)
    return _Pieces(whole, np.flatnonzero(apart)).columns() if apart.any() else whole


class _Pieces:
    """The pieces of some nodes: piece k, node len(whole) + k, is one of node `at[k]`."""

    def __init__(self, whole: Columns, nodes: Array) -> None:
        self.whole, self.nodes = whole, nodes
        self.kinds, self.lanes = bytearray(whole.kinds), bytearray(whole.lanes)
        self.numbers = array("d", whole.numbers)
        self.codes = {name: code for code, name in reversed([*enumerate(whole.names)])}
        self.names = list(whole.names)
        self.added, self.operands, self.at = array("H"), list[Sequence[int]](), list[int]()
        self.become: dict[int, int] = {}  # the last piece of a node
        self._shared: dict[int, list[int]] = {}  # operands, by the first result of theirs
        self._known: dict[tuple[Any, ...], Any] = {}
        for node in nodes.tolist():
            self._node = node
            self.become[node] = self._taken(node)

    def columns(self) -> Columns:
        """Return all columns, with each piece where its node was."""
        import numpy as np

        whole, n = self.whole, len(self.whole)
        stays = np.ones(n + len(self.at), bool)
        stays[self.nodes] = False
        order = np.argsort(np.append(np.arange(n), np.array(self.at, int)), kind="stable")
        order = order[stays[order]]
        number = np.empty(len(stays), int)
        number[order] = np.arange(len(order))
        number[list(self.become)] = number[list(self.become.values())]
        pieces = np.array([x for operands in self.operands for x in operands], int)
        more = np.cumsum(list(map(len, self.operands)), dtype=int)
        flat, lengths = gathered(
            np, np.append(whole.flat, pieces),
            np.append(whole.starts, whole.starts[-1] + more), order,
        )  # fmt: skip
        kinds, lanes, numbers = map(np.array, (self.kinds, self.lanes, self.numbers))
        return replace(
            whole, names=self.names, codes=np.append(whole.codes, self.added)[order],
            starts=np.append(0, np.cumsum(lengths)), flat=number[flat],
            kinds=bytearray(kinds[order]), numbers=array("d", numbers[order].tobytes()),
            lanes=bytearray(lanes[order]),
            places=number[whole.places], ends=np.where(whole.ends < 0, -1, number[whole.ends]),
        )  # fmt: skip

    def _taken(self, node: int) -> int:
        """Return the last piece of a node."""
        name, operands = self._read(node)
        if name == AGAIN:
            first, index = operands
            name = self.whole.names[self.whole.codes[first]]
        else:
            first, index, values = node, operands[-1], operands
            self._shared[node] = values[:-1] if name in INDEXED else values
        index = self.become.get(index, index)
        if name == "mean":
            return self._mean(self._shared.pop(node))
        if name == "logsumexp":
            return self._logsumexp(self._shared.pop(node))
        return _INDEXED[name](self, first, index)

    def _read(self, node: int) -> tuple[str, list[int]]:
        """Return the operation of a node and its operands, pieces among them."""
        whole, become = self.whole, self.become
        start, stop = int(whole.starts[node]), int(whole.starts[node + 1])
        name, operands = whole.names[whole.codes[node]], whole.flat[start:stop].tolist()
        return name, operands if name == AGAIN else [become.get(x, x) for x in operands]

    # --- pieces ----------------------------------------------------------------------
    def _constant(self, number: float) -> int:
        return self._append("", (), CONSTANT, number, False)

    def _add(self, operation: str, operands: Sequence[int]) -> int:
        reached = any(map(self.lanes.__getitem__, operands))
        return self._append(operation, operands, COMPUTED, 0.0, reached)

    def _append(
        self, operation: str, operands: Sequence[int], kind: int, number: float, lanes: bool
    ) -> int:  # fmt: skip
        if operation not in self.codes:
            self.codes[operation] = len(self.names)
            self.names.append(operation)
        self.added.append(self.codes[operation])
        self.operands.append(operands)
        self.at.append(self._node)
        self.kinds.append(kind)
        self.numbers.append(number)
        self.lanes.append(lanes)
        return len(self.kinds) - 1

    def _once(self, operation: str, *operands: int) -> int:
        """Add a node that later pieces of the same row will want again."""
        return self._kept((operation, *operands), lambda: self._add(operation, operands))

    def _kept(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        """Return what was made for a key, once."""
        if key not in self._known:
            self._known[key] = make()
        found: T = self._known[key]
        return found

    def _of(self, make: Callable[[_Pieces, Sequence[int]], Any], first: int) -> Any:
        """Return what is made of the operands that results share."""
        return self._kept((make, first), lambda: make(self, self._shared[first]))

    def _mean(self, values: Sequence[int]) -> int:
        return self._add("div", (self._add("total", values), self._constant(float(len(values)))))

    def _row(self, values: Sequence[int]) -> tuple[list[int], int]:
        """Return the exponentials eₖ = e^(xₖ - p) and R = Σ eₖ - 1.

        p = max x is the largest of the operands itself, and its own difference the constant 0:
        R leaves out its term, and log Σ e^x = p + log1p(R) keeps its digits to any order.
        """
        values = self._level(values)
        place = self._once("argmax", *values)
        largest = self._once("total", *[self._own(place, k, x) for k, x in enumerate(values)])
        shifted = [self._apart(place, k, x, largest) for k, x in enumerate(values)]
        exponentials = [self._once("exp", x) for x in shifted]
        return exponentials, self._once("sum_minus_one", *exponentials)

    def _own(self, place: int, k: int, x: int) -> int:
        """Return x where operand k is the largest, else 0."""
        return self._kept(("own", place, k, x), lambda: self._add(
            "where", (self._other(place, k), self._constant(0.0), x)
        ))  # fmt: skip

    def _apart(self, place: int, k: int, x: int, largest: int) -> int:
        """Return x - p, or the constant 0 where operand k is p itself."""
        return self._kept(("apart", place, k, x), lambda: self._add("where", (
            self._other(place, k), self._add("shifted", (x, largest)), self._constant(0.0)
        )))  # fmt: skip

    def _other(self, place: int, k: int) -> int:
        """Return 0 where operand k is the largest, another number elsewhere."""
        return self._kept(
            ("other", place, k), lambda: self._add("sub", (place, self._constant(float(k))))
        )

    def _level(self, values: Sequence[int]) -> Sequence[int]:
        """Return the values broadcast to the lanes, where some have lanes."""
        with_lanes = [x for x in values if self.lanes[x]]
        if len(with_lanes) in (0, len(values)):
            return values
        return [x if self.lanes[x] else self._once("broadcast", x, with_lanes[0]) for x in values]

    def _logsumexp(self, values: Sequence[int]) -> int:
        """Return p + log1p(R) with p held constant, for no derivative depends on what p is."""
        largest, exponentials = self._exponentials(values)
        log = self._once("log1p", self._once("sum_minus_one", *exponentials))
        return self._add("add", (largest, log))

    def _exponentials(self, values: Sequence[int]) -> tuple[int, list[int]]:
        """Return p = max x held constant, and eₖ = e^(xₖ - p)."""
        largest = self._once("peak", *(values := self._level(values)))
        shifted = [self._once("shifted", x, largest) for x in values]
        return largest, [self._once("exp", x) for x in shifted]

    def _log_softmax(self, first: int, index: int) -> int:
        largest, exponentials = self._of(_Pieces._exponentials, first)
        level = self._of(_Pieces._level, first)
        x, share = (self._pick(column, index) for column in (level, exponentials))
        rest = self._of(_Pieces._others, first)  # last, so that its adjoints come first
        told = self._add("rest_of_share", (u := self._once("shifted", x, largest), share, rest))
        return self._add("log_share", (u, told, rest))

    def _others(self, values: Sequence[int]) -> int:
        return self._once("sum_minus_one", *self._exponentials(values)[1])

    def _softmax(self, first: int, index: int) -> int:
        exponentials, others = self._of(_Pieces._row, first)
        whole = self._once("increment", others)
        return self._add("div", (self._pick(exponentials, index), whole))

    def _take(self, first: int, index: int) -> int:
        return self._add("take", (*self._of(_Pieces._level, first), index))

    def _pick(self, nodes: Sequence[int], index: int) -> int:
        if self.kinds[index] == CONSTANT:
            return nodes[int(self.numbers[index])]
        return self._add("take", (*self._level(nodes), index))


_INDEXED = {"log_softmax": _Pieces._log_softmax, "softmax": _Pieces._softmax, "take": _Pieces._take}
