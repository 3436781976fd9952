"""Whether a program computes what the witness says: cost, gradient, a sample of nodes and adjoints.

A difference counts from eight times the doubt about a number, or the noise itself, on: far
above rounding, far below what a mistake makes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

from autograd.program.compiler.accesses import Array
from autograd.program.compiler.recording import CONSTANT, Recording
from autograd.program.executors.interface import Parts
from autograd.program.memory import Room, stretch
from autograd.program.reading import Reader
from autograd.program.verification import points
from autograd.program.verification.points import NUMBERS, WIDEST
from autograd.program.verification.witness import Account

CLEAR = 8.0  # times the doubt
VALUES, ADJOINTS, ABSORBED = 256, 64, 4  # nodes that are compared on each number of lanes


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


@dataclass(frozen=True)
class Numbers:
    """Some numbers of a program: what they are called, the witness's table of them, how to read.

    `read` takes a room and returns one number each, or a row of lanes each.
    """

    what: str
    nodes: Sequence[int] | Array
    table: Array
    read: Callable[[Room], Array]

    def rows(self) -> Array:
        """Return the rows of the table."""
        if isinstance(self.nodes, range):
            return self.table[self.nodes.start : self.nodes.stop]
        return self.table[self.nodes]


class Sheet:
    """Numbers of a program beside what the witness says of them at each point."""

    def __init__(self, every: Sequence[Numbers], account: Account) -> None:
        import numpy as np

        self.np = np
        self.every = [x for x in every if len(x.nodes)]
        table = np.concatenate([x.rows() for x in self.every] or [account.values[:0]])
        half, self.precision = table.shape[1] // 2, account.precision
        self.said, self.noisy = table[:, :half], table[:, half:]
        self.near = self.precision.noise * _largest(self.said) + self.precision.smallest

    @cached_property
    def room(self) -> Array:
        """How far each number may be away; few programs need to know."""
        room: Array = CLEAR * _largest(self.noisy - self.said) + self.near
        return room

    def difference(self, room: Room, expected: Array) -> Difference | None:
        """Return the first number that is too far from what is expected, or NaN."""
        found = self.np.concatenate([x.read(room) for x in self.every])
        apart, shape = abs(found - expected), (-1, *[1] * (found.ndim - 1))
        if (apart <= self.near.reshape(shape)).all():
            return None
        inside = apart <= self.room.reshape(shape)
        if inside.all():
            return None
        k = int(inside.argmin())
        ours, theirs = (float(x.ravel()[k]) for x in (found, expected))
        return Difference(self._name(k * len(found) // found.size), ours, theirs, room.lanes)

    def _name(self, row: int) -> str:
        for numbers in self.every:
            if row < len(numbers.nodes):
                return f"{numbers.what} {int(numbers.nodes[row])}"
            row -= len(numbers.nodes)
        raise IndexError(row)


class Comparison:
    """One program beside the witness, on several numbers of lanes; the program is left as new.

    Numbers with lanes are compared lane by lane, others as means over the lanes.
    """

    def __init__(self, recording: Recording, parts: Parts, account: Account) -> None:
        import numpy as np

        self.np, self.recording, self.parts, self.account = np, recording, parts, account
        self.address, self.memory = parts.placement.address, parts.memory
        self.lanes_of = np.frombuffer(recording.lanes, bool)
        self.reader = Reader(recording, parts.placement, parts.memory, parts.executor)
        self.nodes = np.arange(recording.parameters.stop, len(recording))
        adjoints = self._adjoints()
        means = [*self._ends(), *self._values(False), *adjoints[:2]]
        self.means = Sheet(means, account)
        self.lanes = Sheet([*self._values(True), adjoints[2]], account)

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
                every = (self._difference(k, m) for k, m in enumerate(lanes))
                return next((x for x in every if x), None)
        finally:
            self.memory.use(before)
            self.memory.trim()

    def _difference(self, trial: int, lanes: int) -> Difference | None:
        """Run so many lanes, and return the first number that differs.

        Each trial is on other points: the last one finds numbers of another in its memory.
        """
        order, count = points.order(self.account.points.count), self.account.points.count
        order = order[trial : trial + lanes]
        self._run(order)
        share = self.np.bincount(order, minlength=count) / lanes
        room = self.memory.room
        return self.means.difference(room, self.means.said @ share) or (
            self.lanes.difference(room, self.lanes.said[:, order]) if self.lanes.every else None
        )

    def _fill(self) -> None:
        """Write the numbers of parameters and constants."""
        np, recording, end = self.np, self.recording, self.recording.inputs.stop
        shared, values = self.memory.room.values[False], self.account.values
        own = slice(0, recording.parameters.stop)
        shared[self.address[own]] = values[own, 0]
        fixed = end + np.flatnonzero(np.frombuffer(recording.kinds, np.uint8)[end:] == CONSTANT)
        shared[self.address[fixed]] = values[fixed, 0]

    def _run(self, order: Array) -> None:
        """Run these points, one in each lane."""
        executor = self.parts.executor
        if len(order) != self.memory.room.lanes:
            executor.resize(len(order))
        inputs = self.account.points.inputs
        executor.load(self.np.ascontiguousarray(inputs[:, order].T, self.memory.dtype))
        executor.forward()
        executor.backward()
        executor.remaining()

    def _ends(self) -> Iterator[Numbers]:
        """Yield the cost and the gradient."""
        recording, values, adjoints = self.recording, self.account.values, self.account.adjoints
        root, parameters = recording.root, recording.parameters
        lanes, place = bool(recording.lanes[root]), self.address[root]
        yield Numbers("the cost, node", [root], values,
                      lambda room: room.values[lanes][place].mean().reshape(1))  # fmt: skip
        places = stretch(self.np, self.address[parameters.start : parameters.stop])
        yield Numbers("the gradient by parameter", parameters, adjoints,
                      lambda room: room.adjoints[False][places])  # fmt: skip

    def _values(self, lanes: bool) -> Iterator[Numbers]:
        """Yield a sample of the nodes that lie somewhere, and of those that sums absorbed."""
        nodes = self.nodes[self.lanes_of[self.nodes] == lanes]
        lying = _sample(nodes[self.address[nodes] >= 0], VALUES)
        absorbed = _sample(nodes[self.address[nodes] < 0], ABSORBED)
        places, numbers = self.address[lying], absorbed.tolist()
        values, what = self.account.values, "the value of node"
        yield Numbers(what, lying, values, lambda room: room.values[lanes][places])
        yield Numbers(what, absorbed, values,
                      lambda room: self.np.array(self.reader.values(numbers)))  # fmt: skip

    def _adjoints(self) -> list[Numbers]:
        """Return the adjoints of a sample of nodes: shared, to be averaged, and with lanes."""
        nodes: tuple[list[int], ...] = [], [], []
        places: tuple[list[int], ...] = [], [], []
        own = len(self.recording.inputs)
        sample = [*_sample(self.nodes[:own], ADJOINTS), *_sample(self.nodes[own:], ADJOINTS)]
        for node in map(int, sample):
            place = self.parts.placement.adjoint(node)
            if place and self.account.active[node]:
                kind = 0 if not place.lanes else 2 if self.lanes_of[node] else 1
                nodes[kind].append(node)
                places[kind].append(place.address)
        reads: list[Callable[[Room], Array]] = [
            lambda room: room.adjoints[False][places[0]],
            lambda room: room.adjoints[True][places[1]].mean(axis=1),
            lambda room: room.adjoints[True][places[2]],
        ]
        table = self.account.adjoints
        return [
            Numbers("the adjoint of node", own, table, read)
            for own, read in zip(nodes, reads, strict=True)
        ]


def _largest(table: Array) -> Array:
    """Return the largest size in each row, column by column: along rows it takes NumPy long."""
    import numpy as np

    return reduce(np.maximum, [abs(table[:, k]) for k in range(table.shape[1])])


def _sample(nodes: Array, most: int) -> Array:
    """Return at most so many of the nodes, from first to last."""
    return nodes[:: -(-len(nodes) // most) or 1]
