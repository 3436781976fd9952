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
from autograd.program.verification import witness
from autograd.program.verification.consistency import Numbers
from autograd.program.verification.points import LONG, NUMBERS, POINTS, VECTOR, WIDEST, order
from autograd.program.verification.witness import Account

CLEAR = 8.0  # times the doubt
MOST = 256, 1, 64  # numbers that are compared: values of a kind, those absorbed, adjoints
SHARED, SPREAD, SHARED_ADJOINT, SPREAD_ADJOINT, BESIDE = range(5)  # memories; the last is made here
ADJOINTS_IN = SHARED_ADJOINT, SPREAD_ADJOINT
WORDS = 4  # of an item
FIXED = bytes(kind in (PARAMETER, CONSTANT) for kind in range(256))  # kinds with one number

Found = tuple[int, float, float]
Sample = tuple[bytes, bytes, list[int]]


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
    """One program beside the witness, on several numbers of lanes; it may be used afterwards.

    `gradient` holds addresses of adjoints, `items` rows (node, memory, address, by lane), both as
    words of 64 bits: numbers of nodes that inputs reach are compared lane by lane, others as means
    over the lanes. `beside` are the rows of nodes that sums absorbed.
    """

    def __init__(self, recording: Recording, parts: Parts, account: Account) -> None:
        import numpy as np

        self.np, self.recording, self.parts, self.account = np, recording, parts, account
        self.address, self.memory = parts.placement.address, parts.memory
        beside, first = parts.placement.beside, recording.parameters.stop
        where = self.address, recording.lanes, account.active, b"" if beside is None else beside
        sample = witness.compiled("sampled") or sampled
        found: Sample = sample(*where, recording.root, first, *MOST)
        self.items, self.beside, self.absorbed = found
        self.none = np.empty((0, 1), self.memory.dtype)
        self.gradient = self.address[:first].tobytes()
        self.compare = witness.compiled("compare") or compare
        said = account.precision
        self.tables = account.values, account.adjoints
        self.limits: Any = account.values.shape[1], said.noise, said.smallest, CLEAR

    @property
    def reader(self) -> Reader:
        """What reads numbers that a sum absorbed."""
        parts = self.parts
        return Reader(self.recording, parts.placement, parts.memory, parts.executor)

    def difference(self) -> Difference | None:
        """Return the first number that differs; None where all agree."""
        lanes = self._numbers_of_lanes()
        self._begin(max(lanes) + len(lanes), lanes[0])
        try:
            with self.np.errstate(all="ignore"):
                for trial, m in enumerate(lanes):
                    found = self._difference(trial, m, trial + 1 == len(lanes))
                    if found:
                        return found
        finally:
            self._end()
        return None

    def _numbers_of_lanes(self) -> tuple[int, ...]:
        """Return on how many lanes a program is tried: the most first, whose memory all use."""
        if not self.recording.inputs:
            return (1,)
        if self.parts.executor.name == "numpy":  # which has no tiles, and takes long to be called
            return 3, 1
        tape = self.parts.placement.layout is None
        double = self.memory.dtype.itemsize == 8  # its name takes long to be found
        wide = (VECTOR if tape else WIDEST)["float64" if double else "float32"]
        many = len(self.memory.room.values[True]) * wide > NUMBERS
        few = (2, 1) if tape and len(self.address) > LONG else (3, 2, 1)
        return few if many else (wide, *few)

    def _begin(self, points: int, lanes: int) -> None:
        """Let so many points be at hand in lanes, and parameters and constants have numbers."""
        self.before, self.order = self.memory.room, order(POINTS)[:points]
        examples = self.account.points.inputs.T.take(self.order, 0)
        self.examples = examples.astype(self.memory.dtype, "C", copy=False)
        self.memory.spoil(lanes)
        shared, settle = self.memory.room.values[False], witness.compiled("settle") or settled
        settle(self.recording.kinds, self.address, self.account.values, shared)

    def _end(self) -> None:
        """Leave no memory of other lanes behind."""
        self.memory.use(self.before)
        self.memory.trim()

    def follows(self, lanes: int) -> bool:
        """Whether the numbers that so many lanes leave follow from one another."""
        said = self.account
        self._begin(lanes, lanes)
        try:
            with self.np.errstate(all="ignore"):
                self._run(0, lanes)
                reader = self.reader
                reader.complete = True
                numbers = Numbers(self.recording, reader, lanes, said.precision.noise)
                return numbers.follow(said.values[:, self.order], said.adjoints[:, self.order])
        finally:
            self._end()

    def _difference(self, trial: int, lanes: int, last: bool) -> Difference | None:
        """Run so many lanes, and return the first number that differs.

        Each trial is on other points. The last one also looks at what is computed for whoever
        reads it, which is the same for all lanes.
        """
        self._run(trial, lanes)
        room, items, beside = self.memory.room, self.items, self.none
        if last and self.absorbed:
            items += self.beside
            beside = self.np.empty((len(self.absorbed), lanes), self.memory.dtype)
            for k, numbers in enumerate(self.reader.values(self.absorbed)):
                beside[k] = numbers
        points, memories = self.order[trial : trial + lanes], (*room.values, *room.adjoints, beside)
        found = self.compare(self.gradient, items, points, *self.tables, memories, *self.limits)
        if found is None:
            return None
        item, ours, theirs = found
        return Difference(self._name(items, item), ours, theirs, lanes)

    def _name(self, items: bytes, item: int) -> str:
        if item < self.recording.parameters.stop:
            return f"the gradient by parameter {item}"
        rows = self.np.frombuffer(items, self.np.int64).reshape(-1, WORDS)
        node, memory, *_ = rows[item - self.recording.parameters.stop].tolist()
        if (node, memory >> 1) == (self.recording.root, 0):
            return f"the cost, node {node}"
        return f"the {'adjoint' if memory in ADJOINTS_IN else 'value'} of node {node}"

    def _run(self, trial: int, lanes: int) -> None:
        """Run points from one on, one in each lane."""
        executor = self.parts.executor
        if lanes == self.before.lanes:
            self.memory.use(self.before)
        else:
            executor.resize(lanes)
        executor.load(self.examples[trial : trial + lanes])
        executor.forward()
        executor.backward()
        executor.remaining()


def _sample(nodes: Any, most: int) -> Any:
    """Return at most so many of the nodes, from first to last."""
    return nodes[:: -(-len(nodes) // most) or 1]


def sampled(
    address: Array, lanes: bytearray, active: Sequence[int], beside: Array, root: int, first: int,
    most: int, few: int, adjoints: int,
) -> Sample:  # fmt: skip
    """Return the items of a sample, those of nodes that sums absorbed apart, and these nodes.

    The cost comes first, which is a mean; then values of nodes from the first on that lie
    somewhere, of those with lanes and without at most so many; then adjoints of some of these, if
    they are active. This is `_witness.sampled` in NumPy.
    """
    import numpy as np

    nodes, have_lanes = np.arange(first, len(address)), np.frombuffer(lanes, bool)
    lies, spread = address[nodes] >= 0, have_lanes[nodes]
    lying, absorbed = (
        np.concatenate([_sample(nodes[there & x], count) for x in (spread, ~spread)])
        for there, count in ((lies, most), (~lies, few))
    )
    given = _sample(lying, adjoints)
    given = given[np.frombuffer(bytes(active), bool)[given]]
    alike, own = not len(beside), have_lanes[given]
    kinds = SHARED_ADJOINT + (own if alike else np.ones_like(own))
    parts = [
        ([root], [lanes[root]], [address[root]], [0]),
        (lying, have_lanes[lying], address[lying], have_lanes[lying]),
        (given, kinds, (address if alike else beside)[given], own),
    ]
    items = np.concatenate([np.array(x, np.int64).T for x in parts])
    apart = np.full((len(absorbed), WORDS), BESIDE)
    apart[:, 0], apart[:, 2], apart[:, 3] = absorbed, range(len(absorbed)), have_lanes[absorbed]
    return items.tobytes(), apart.tobytes(), absorbed.tolist()


def settled(kinds: bytearray, address: Array, values: Array, numbers: Array) -> None:
    """Write the first value of each parameter and constant to its address.

    This is `_witness.settle` in NumPy.
    """
    import numpy as np

    fixed = np.frombuffer(kinds.translate(FIXED), bool)
    numbers[address[fixed]] = values[fixed, 0]


def compare(
    gradient: bytes, items: bytes, order: Array, values: Array, adjoints: Array,
    memories: Sequence[Array], width: int, noise: float, smallest: float, clear: float,
) -> Found | None:  # fmt: skip
    """Return (item, found, expected) of an item whose number is not that of the tables.

    These are `width` numbers wide: the points, with their noisy twins where there are doubts.
    `gradient` and `items` are words of 64 bits. This is `_witness.compare` in NumPy, for where
    nothing was compiled.
    """
    import numpy as np

    addresses = np.frombuffer(gradient, np.int64)
    first = np.zeros((len(addresses), WORDS), np.int64)
    first[:, 0], first[:, 1], first[:, 2] = range(len(addresses)), SHARED_ADJOINT, addresses
    every = np.concatenate([first, np.frombuffer(items, np.int64).reshape(-1, WORDS)])
    for memory, by_lane in sorted({(m, lane) for _, m, _, lane in every.tolist()}):
        own = np.flatnonzero((every[:, 1] == memory) & (every[:, 3] == by_lane))
        table = adjoints if memory in ADJOINTS_IN else values
        rows, found = table[every[own, 0]], memories[memory][every[own, 2]].astype(float)
        said, expected = rows[:, :POINTS], rows[:, order]
        if not by_lane:
            found = found.mean(axis=1) if found.ndim > 1 else found
            found, expected = found[:, None], expected.mean(axis=1, keepdims=True)
        near = noise * np.abs(said).max(axis=1) + smallest
        room = near + clear * np.abs(rows[:, width - POINTS :] - said).max(axis=1)
        far = ~(np.abs(found - expected) <= room[:, None])
        if far.any():
            k = int(far.argmax())
            row = k // far.shape[1]
            return int(own[row]), float(found.ravel()[k]), float(expected.ravel()[k])
    return None
