"""A trace that runs: for many lanes at a time, with the decisions that hold in each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.engine import Value, last_write, read
from autograd.program.compiler.accesses import Array
from autograd.program.guards import Decisions, under
from autograd.program.jitting.traces import Trace
from autograd.program.lock import Lock
from autograd.program.machine import Machine

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
        self._written = -1  # the last write to a Value that the machine knows
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
        self.verdicts = self.machine.verdicts_of(trace.guards)
        self.decides = len(self.verdicts) > 0
        self.none, self.nothing = np.array([-1]), np.empty((1, 0))
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
        self._load(numbers)
        machine.forward(machine.noise.beside(lanes, call, rows))
        flips = self.verdicts.flipped(machine.memory.room)
        if flips is not None:
            return flips
        return self.none if len(lanes) == 1 else self.np.full(len(lanes), -1)

    def _load(self, numbers: Array) -> None:
        """Let what stays have its numbers, those included that the function holds by itself.

        These are read again where a Value was written since.
        """
        machine, held = self.machine, self.trace.held
        fixed = numbers[self.fixed] if len(self.moving) else numbers
        if not held:
            machine.weights = fixed
            return
        if (written := last_write()) == self._written:
            machine.begin_with(fixed)
            return
        self._written = -1
        own = self.np.empty(len(held))
        read(tuple(held), own)
        weights: Array = self.np.concatenate([fixed, own])
        machine.weights = weights
        self._written = written

    def alone(self, numbers: Array) -> tuple[Array, int]:
        """Run where no leaf moves: return outputs and the guard that flips, or -1."""
        machine = self.machine
        with self.lock.held, self.np.errstate(all="ignore"):
            flip = int(self.forward(numbers, self.nothing)[0])
            if machine.noise.nodes:
                return self.values()[:, 0], flip
            return machine.memory.room.values[False][self.outputs[2]], flip

    def gradient(self, numbers: Array, slopes: Array, at: Any) -> tuple[float, int]:
        """Write the derivatives by the leaves `at` to `slopes`, where no leaf moves.

        Returns the value of the root, NaN where a number is not finite, and the guard that flips.
        """
        machine, flips = self.machine, None
        with self.lock.held:
            self._load(numbers)
            value = machine.evaluate(machine.noise.beside(self.nothing))
            if self.decides:
                flips = self.verdicts.flipped(machine.memory.room)
            slopes[:] = machine.slopes()[at]
        return value, -1 if flips is None else int(flips[0])

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
