"""Whether a program computes what the witness says: cost, gradient, a sample of nodes and adjoints.

A difference counts from eight times the doubt about a number, or the noise itself, on: far
above rounding, far below what a mistake makes. Behind a thousand chaotic steps noise
no longer grows in proportion, and a right number may be farther off: a program that differs is
looked at node by node before it is called wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograd.program.compiler.accesses import Array
from autograd.program.compiler.recording import CONSTANT, PARAMETER, Recording
from autograd.program.executors.interface import Parts
from autograd.program.reading import Reader
from autograd.program.verification import points, witness
from autograd.program.verification.consistency import Numbers
from autograd.program.verification.points import NUMBERS, WIDEST
from autograd.program.verification.witness import Account

CLEAR = 8.0  # times the doubt
VALUES, ADJOINTS, ABSORBED = 256, 16, 4  # nodes that are compared on each number of lanes
SHARED, SPREAD, SHARED_ADJOINT, SPREAD_ADJOINT, BESIDE = range(5)  # memories; the last is made here
ADJOINTS_IN = SHARED_ADJOINT, SPREAD_ADJOINT

Found = tuple[int, float, float]


@dataclass(frozen=True)
class Difference:
    """A number of a program, what the witness says instead, and of how many examples that is."""

    what: str
    found: float
    expected: float
    lanes: int

    def __str__(self) -> str:
        examples = f"{self.lanes} example{'s' * (self.lanes > 1)}"
        return f"{self.what} is {self.found!r} for {examples}, and {self.expected!r} node by node"


class Comparison:
    """One program beside the witness, on several numbers of lanes; the program is left as new.

    `gradient` holds addresses of adjoints, `items` rows (node, memory, address, by lane): numbers
    of nodes that inputs reach are compared lane by lane, others as means over the lanes.
    """

    def __init__(self, recording: Recording, parts: Parts, account: Account) -> None:
        import numpy as np

        self.np, self.recording, self.parts, self.account = np, recording, parts, account
        self.address, self.memory = parts.placement.address, parts.memory
        self.lanes_of = np.frombuffer(recording.lanes, bool)
        self.reader = Reader(recording, parts.placement, parts.memory, parts.executor)
        self.absorbed: list[int] = []
        self.gradient = np.ascontiguousarray(self.address[: len(recording.parameters)], np.int64)
        self.items = np.concatenate([self._adjoints(), self._values()])
        self.compare = witness.compiled_comparison() or compare

    def difference(self) -> Difference | None:
        """Return the first number that differs; None where all agree."""
        before = self.memory.room
        wide = WIDEST[str(self.memory.dtype)]
        few = len(before.values[True]) * wide > NUMBERS
        lanes = (1, 2, 3, *(() if few else (wide,)), 2) if self.recording.inputs else (1, 1)
        if self.recording.inputs and self.parts.executor.name == "numpy":
            lanes = (1, 3, 1)  # it has no tiles, and takes long to make calls for others
        try:
            with self.np.errstate(all="ignore"):
                self._fill()
                every = (self._difference(k, m, k + 1 == len(lanes)) for k, m in enumerate(lanes))
                return next((x for x in every if x), None)
        finally:
            self.memory.use(before)
            self.memory.trim()

    def follows(self, lanes: int) -> bool:
        """Whether the numbers that so many lanes leave follow from one another."""
        before, said = self.memory.room, self.account
        order = points.order(said.points.count)[:lanes]
        try:
            with self.np.errstate(all="ignore"):
                self._fill()
                self._run(order)
                self.reader.complete = True
                numbers = Numbers(self.recording, self.reader, lanes, said.precision.noise)
                return numbers.follow(said.values[:, order], said.adjoints[:, order])
        finally:
            self.memory.use(before)
            self.memory.trim()

    def _difference(self, trial: int, lanes: int, last: bool) -> Difference | None:
        """Run so many lanes, and return the first number that differs.

        Each trial is on other points: the last one finds numbers of another in its memory, and
        looks at what is computed for whoever reads it, which is the same for all lanes.
        """
        said, count = self.account, self.account.points.count
        order = points.order(count)[trial : trial + lanes]
        self._run(order)
        room, absorbed = self.memory.room, self.absorbed if last else []
        items = self.items[: len(self.items) + len(absorbed) - len(self.absorbed)]
        beside = self.np.empty((len(absorbed), lanes), self.memory.dtype)
        for k, numbers in enumerate(self.reader.values(absorbed) if absorbed else ()):
            beside[k] = numbers
        memories = (*room.values, *room.adjoints, beside)
        limits = said.precision.noise, said.precision.smallest, CLEAR
        tables = order, said.values, said.adjoints
        found = self.compare(self.gradient, items, *tables, memories, count, *limits)
        if found is None:
            return None
        item, ours, theirs = found
        return Difference(self._name(item), ours, theirs, lanes)

    def _name(self, item: int) -> str:
        if item < len(self.gradient):
            return f"the gradient by parameter {item}"
        node, memory, *_ = self.items[item - len(self.gradient)].tolist()
        if (node, memory >> 1) == (self.recording.root, 0):
            return f"the cost, node {node}"
        return f"the {'adjoint' if memory in ADJOINTS_IN else 'value'} of node {node}"

    def _fill(self) -> None:
        """Write the numbers of parameters and constants."""
        kinds = self.np.frombuffer(self.recording.kinds, self.np.uint8)
        fixed = self.np.flatnonzero((kinds == PARAMETER) | (kinds == CONSTANT))
        shared = self.memory.room.values[False]
        shared[self.address[fixed]] = self.account.values[fixed, 0]

    def _run(self, order: Array) -> None:
        """Run these points, one in each lane."""
        executor = self.parts.executor
        if len(order) != self.memory.room.lanes:
            executor.resize(len(order))
        examples = self.account.points.inputs.T.take(order, 0)
        executor.load(examples.astype(self.memory.dtype, "C", copy=False))
        executor.forward()
        executor.backward()
        executor.remaining()

    def _items(self, nodes: Array, memory: int | Array, addresses: Array, by_lane: Array) -> Array:
        items = self.np.empty((len(nodes), 4), self.np.int64)
        for k, column in enumerate((nodes, memory, addresses, by_lane)):
            items[:, k] = column
        return items

    def _values(self) -> Array:
        """Return the items of a sample of nodes that lie somewhere, and that sums absorbed."""
        nodes = self.np.arange(self.recording.parameters.stop, len(self.recording))
        lies = self.address[nodes] >= 0
        spread = self.lanes_of[nodes]
        lying = [_sample(nodes[lies & x], VALUES) for x in (spread, ~spread)]
        absorbed = [_sample(nodes[~lies & x], ABSORBED) for x in (spread, ~spread)]
        own, beside = self.np.concatenate(lying), self.np.concatenate(absorbed)
        self.absorbed, lanes = beside.tolist(), self.lanes_of[own]
        return self.np.concatenate([
            self._items(own, lanes, self.address[own], lanes),
            self._items(beside, BESIDE, range(len(beside)), self.lanes_of[beside]),
        ])  # fmt: skip

    def _adjoints(self) -> Array:
        """Return the items of the cost, which is a mean, and of adjoints of a sample of nodes."""
        recording, root = self.recording, self.recording.root
        items = [(root, int(recording.lanes[root]), self.address[root], False)]
        inputs, others = recording.inputs, recording.after_leaves
        for node in (*_sample(inputs, ADJOINTS), *_sample(others, ADJOINTS)):
            place = self.parts.placement.adjoint(node) if self.account.active[node] else None
            if place:
                by_lane = place.lanes and bool(recording.lanes[node])
                items.append((node, SHARED_ADJOINT + place.lanes, place.address, by_lane))
        return self.np.array(items, self.np.int64).reshape(-1, 4)


def _sample(nodes: Any, most: int) -> Any:
    """Return at most so many of the nodes, from first to last."""
    return nodes[:: -(-len(nodes) // most) or 1]


def compare(
    gradient: Array, items: Array, order: Array, values: Array, adjoints: Array,
    memories: Sequence[Array], count: int, noise: float, smallest: float, clear: float,
) -> Found | None:  # fmt: skip
    """Return (item, found, expected) of an item whose number is not that of the tables.

    This is `_witness.compare` in NumPy, for where nothing was compiled.
    """
    import numpy as np

    first = np.zeros((len(gradient), 4), np.int64)
    first[:, 0], first[:, 1], first[:, 2] = np.arange(len(gradient)), SHARED_ADJOINT, gradient
    items = np.concatenate([first, items])
    for memory, by_lane in sorted({(m, lane) for _, m, _, lane in items.tolist()}):
        own = np.flatnonzero((items[:, 1] == memory) & (items[:, 3] == by_lane))
        table = adjoints if memory in ADJOINTS_IN else values
        rows, found = table[items[own, 0]], memories[memory][items[own, 2]].astype(float)
        said, expected = rows[:, :count], rows[:, order]
        if not by_lane:
            found = found.mean(axis=1) if found.ndim > 1 else found
            found, expected = found[:, None], expected.mean(axis=1, keepdims=True)
        near = noise * np.abs(said).max(axis=1) + smallest
        room = near + clear * np.abs(rows[:, count:] - said).max(axis=1)
        far = ~(np.abs(found - expected) <= room[:, None])
        if far.any():
            k = int(far.argmax())
            row = k // far.shape[1]
            return int(own[row]), float(found.ravel()[k]), float(expected.ravel()[k])
    return None
