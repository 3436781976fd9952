"""A trace that runs: for many lanes at a time, with the decisions that hold in each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.engine import Value
from autograd.program.compiler.accesses import Array
from autograd.program.guards import Decisions, under
from autograd.program.jitting.traces import Trace
from autograd.program.lock import Lock
from autograd.program.machine import Machine
from autograd.reals import COMPARISONS, as_float

NUMBERS = 1 << 21  # that the lanes of one pass have together, as far as that goes
LANES = 8, 256  # of one pass, at least and at most

Addresses = tuple[Array, Array, Array]  # of nodes: whether they have lanes, and where they are


class Replay:
    """The machine of a trace: leaves that `move` from lane to lane, and those that stay.

    `seeds` are further leaves with lanes, `outputs` the nodes to be read, and `root`, if any, is
    what adjoints are of. The caller holds the `lock`.
    """

    def __init__(
        self, trace: Trace, moving: Sequence[int], seeds: Sequence[Value],
        outputs: Sequence[Value], root: Value | None = None,
    ) -> None:  # fmt: skip
        import numpy as np

        self.np, self.lock, self.trace = np, Lock(), trace
        self.moving, lanes = np.array(moving, int), set(moving)
        self.fixed = np.array([k for k in range(len(trace.leaves)) if k not in lanes], int)
        inputs = [*(trace.leaves[k] for k in moving), *seeds]
        parameters = [*(trace.leaves[k] for k in self.fixed), *trace.held]
        compared = [x for guard in trace.guards for x in guard.operands]
        with under(Decisions()):  # its guards are ours
            self.machine = Machine(
                Value(0.0) if root is None else root, inputs, parameters, (), "auto", "float64",
                [*outputs, *compared],
            )  # fmt: skip
        self.machine.noise.calls = trace.calls
        self.outputs = self._addresses(outputs)
        self.adjoints = self._adjoints(inputs)
        self.guards = _Guards(self, trace)
        self.nothing = np.empty((1, 0))
        least, most = LANES
        self.lanes = min(most, max(least, NUMBERS // len(self.machine.recording)))

    def forward(
        self, numbers: Array, lanes: Array, call: int | None = None, rows: Any = None
    ) -> Array:
        """Run on the numbers that stay, and lanes, (m, moving + seeds); with warnings off.

        What is random is that of a call, by default the next one, and of the rows of each lane.
        Returns for each lane the first guard that comes out otherwise, -1 where none does, (m,).
        """
        machine = self.machine
        weights = numbers[self.fixed] if len(self.moving) else numbers
        if self.trace.held:
            weights = self.np.concatenate([weights, self.trace.held_numbers()])
        machine.weights = weights
        machine.forward(machine.noise.beside(lanes, call, rows))
        return self.guards.flipped(len(lanes))

    def alone(self, numbers: Array, gradient: bool) -> tuple[Array, Array, int]:
        """Run where no leaf moves: return outputs, gradient and the guard that flips, or -1."""
        machine, flip = self.machine, -1
        with self.lock.held, self.np.errstate(all="ignore"):
            flips = self.forward(numbers, self.nothing)
            if self.guards.count:
                flip = int(flips[0])
            if gradient and flip < 0:
                machine.executor.backward()
                slopes = machine.gradient()
            else:
                slopes = None
            if machine.noise.nodes:
                return self.values()[:, 0], slopes, flip
            return machine.memory.room.values[False][self.outputs[2]], slopes, flip

    def values(self) -> Array:
        """Return the outputs, (outputs, m)."""
        return self.read(self.outputs)

    def backward(self) -> None:
        """Compute adjoints; those of the leaves with lanes too."""
        self.machine.executor.backward()
        if len(self.moving):
            self.machine.executor.remaining()

    def slopes(self, count: int) -> Array:
        """Return the adjoints of the first leaves with lanes, (count, m), 0 where there is none."""
        has, address = self.adjoints
        table = self.machine.memory.room.adjoints[True]
        found = self.np.zeros((count, table.shape[1]))
        found[has[:count]] = table[address[:count][has[:count]]]
        return found

    def read(self, addresses: Addresses) -> Array:
        """Return the values of nodes, (nodes, m)."""
        with_lanes, everywhere, address = addresses
        room = self.machine.memory.room
        found = self.np.empty((len(address), room.lanes))
        found[with_lanes] = room.values[True][address[with_lanes]]
        found[everywhere] = room.values[False][address[everywhere]][:, None]
        return found

    def _addresses(self, nodes: Sequence[Value]) -> Addresses:
        return self.addresses([self.machine.recording.ids[x] for x in nodes])

    def addresses(self, numbers: Sequence[int]) -> Addresses:
        """Return where recorded nodes are."""
        np, recording = self.np, self.machine.recording
        lanes = np.array([recording.lanes[x] for x in numbers], bool)
        address = self.machine.placement.address[np.array(numbers, int)]
        return np.flatnonzero(lanes), np.flatnonzero(~lanes), address

    def _adjoints(self, inputs: Sequence[Value]) -> tuple[Array, Array]:
        placement, ids = self.machine.placement, self.machine.recording.ids
        places = [placement.adjoint(ids[x]) for x in inputs]
        has = self.np.array([place is not None for place in places], bool)
        return has, self.np.array([place.address if place else 0 for place in places], int)


class _Guards:
    """The decisions of a trace, compared all at once."""

    def __init__(self, replay: Replay, trace: Trace) -> None:
        self.np, self.replay, self.count = replay.np, replay, len(trace.guards)
        self.none = replay.np.array([-1])
        if not self.count:
            return
        np, guards = replay.np, trace.guards
        self.verdicts = np.array([guard.verdict for guard in guards])[:, None]
        self.sides = [self._side([getattr(g, side) for g in guards]) for side in ("left", "right")]
        signs = np.array([guard.sign for guard in guards])
        self.signs = [
            (COMPARISONS[sign], np.flatnonzero(signs == sign)) for sign in set(signs.tolist())
        ]
        self.exact = [  # with numbers that no float is: 10**400, Fraction(1, 3)
            (k, COMPARISONS[guard.sign], guard.right)
            for k, guard in enumerate(guards)
            if guard.right.__class__ is not Value and _number(guard.right) is None
        ]

    def _side(self, operands: list[Any]) -> tuple[Any, Array, Addresses]:
        """Return the plain numbers among operands, and which of them are nodes, and where."""
        np = self.np
        nodes = np.array([x.__class__ is Value for x in operands], bool)
        plain = np.array([_number(x) or 0.0 for x in operands])
        ids = self.replay.machine.recording.ids
        numbers = [ids[x] for x in operands if x.__class__ is Value]
        return plain[:, None], np.flatnonzero(nodes), self.replay.addresses(numbers)

    def flipped(self, lanes: int) -> Array:
        """Return for each lane which guard is the first to come out otherwise, -1 for none."""
        np = self.np
        if not self.count:
            return self.none if lanes == 1 else np.full(lanes, -1)
        left, right = (self._operands(side, lanes) for side in self.sides)
        verdicts = np.empty((self.count, lanes), bool)
        for compare, rows in self.signs:
            verdicts[rows] = compare(left[rows], right[rows])
        for row, compare, number in self.exact:
            verdicts[row] = [compare(x, number) for x in left[row].tolist()]
        differs = verdicts != self.verdicts
        return np.where(differs.any(axis=0), differs.argmax(axis=0), -1)

    def _operands(self, side: tuple[Any, Array, Addresses], lanes: int) -> Array:
        plain, nodes, addresses = side
        found = self.np.repeat(plain, lanes, axis=1)
        found[nodes] = self.replay.read(addresses)
        return found


def _number(operand: Any) -> float | None:
    """Return a plain number as a float, None for a Value and for what no float is."""
    number = None if operand.__class__ is Value else as_float(operand)
    return number if isinstance(number, float) else None
