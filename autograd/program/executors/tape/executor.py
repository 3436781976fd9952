"""Runs tapes: where their numbers live, and the two tapes, forward and backward, over the lanes."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from autograd.program.compiler.accesses import Array
from autograd.program.compiler.recording import COMPUTED, INPUT
from autograd.program.executors.interface import Ends, Parts, Place, Placement
from autograd.program.executors.numpy.update import NumpyUpdate
from autograd.program.executors.tape.code import Tape
from autograd.program.executors.tape.writer import TapeWriter
from autograd.program.memory import TRIALS, Room, aligned, all_finite
from autograd.program.plans import Plan

WIDE = 8  # lanes from which on an operation runs for all of them together


class TapeMemory:
    """Where the numbers of a tape are, as `Memory` says; lane 0 keeps parameters and constants.

    A row of `table` is for each slot; `adjoints[False]` are means of the leaves' over the lanes.
    The numbers of few lanes lie lane by lane, so that the tape of one lane runs for each of them.
    """

    _lent: Array = None

    def __init__(self, writer: TapeWriter, dtype: str) -> None:
        import numpy as np

        self.np, self.dtype, self.n = np, np.dtype(dtype), writer.n
        self.slots, self.leaves = writer.slots, writer.leaves
        self.bytes_each = self.slots * self.dtype.itemsize  # of an example
        kinds = np.array(writer.recording.kinds)
        fixed = np.flatnonzero((kinds != COMPUTED) & (kinds != INPUT))
        self.fixed = np.concatenate([fixed, np.array([*writer.constants.values()], dtype=int)])
        self.room = self._room(aligned((self.slots, 1), self.dtype))
        self.room.table[list(writer.constants.values()), 0] = [float(x) for x in writer.constants]

    def prepared(self, lanes: int) -> Room:
        """Return room for `lanes` lanes, with the parameters and constants of the one in use."""
        if self.slots * lanes >= 1 << 31:
            raise ValueError(
                f"a tape has room for {(1 << 31) // self.slots} examples at a time; got {lanes}. "
                "Pass them in batches."
            )
        fixed, count = self.room.table[self.fixed, :1], self.slots * lanes
        size = count * self.dtype.itemsize
        if self._lent is not None and len(self._lent) >= size:
            table = in_rows(self._lent[:size].view(self.dtype), lanes)
            table[self.n : 2 * self.n] = 0.0  # adjoints that nothing gives stay so
        else:
            table = in_rows(aligned((count,), self.dtype), lanes)
        table[self.fixed] = fixed
        return self._room(table)

    def use(self, room: Any) -> None:
        """Let all numbers be those of a room from now on."""
        self.room = room

    def spoil(self, lanes: int) -> None:
        """Let rooms share one memory, until the next `trim`."""
        self._lent = TRIALS.take(self.slots * lanes * self.dtype.itemsize)

    def trim(self) -> None:
        """Let new rooms have tables of their own; none but the one in use was kept."""
        TRIALS.give(self._lent)
        self._lent = None

    def _room(self, table: Array) -> Room:
        n, lanes = self.n, table.shape[1]
        leaves = table[n : n + self.leaves]
        shared = leaves[:, 0] if lanes == 1 else aligned((self.leaves,), self.dtype)
        numbers = (table[:n, 0], table[:n]), (shared, table[n : 2 * n])
        return Room(lanes, *numbers, table=table)


class TapeExecutor:
    """Runs a tape through `_replay`."""

    name = "native"
    train = twin = None

    def __init__(self, writer: TapeWriter, memory: TapeMemory, ends: Ends) -> None:
        import numpy as np

        self.np, self.memory, self.ends, self.writer = np, memory, ends, writer
        self.optimiser = NumpyUpdate(memory)
        self._codes = [placed(tape, memory.dtype) for tape in writer.tapes]
        memory.use(self._bound(memory.room))

    def resize(self, lanes: int) -> None:
        """Make room for `lanes` examples at a time; it is used once its calls are made."""
        self.memory.use(self._bound(self.memory.prepared(lanes)))

    def _bound(self, room: Room) -> Room:
        """Return a room with the calls that run on its table."""
        return room._replace(calls=_Calls(self._codes, self.writer, room, self.ends))

    def load(self, examples: Array) -> None:
        """Copy rows of examples to the inputs of the lanes."""
        self.memory.room.table[self.ends.inputs] = examples.T

    def forward(self) -> None:
        """Compute every value."""
        calls = self.memory.room.calls
        if calls.spread:
            calls.parameters[:] = calls.parameters[:, :1]
        calls.forward()

    def backward(self) -> None:
        """Compute every adjoint, and the means of the leaves' over the lanes."""
        room = self.memory.room
        calls = room.calls
        calls.leaves.fill(0.0)
        calls.root.fill(1.0)
        calls.backward()
        if calls.spread:
            means = room.adjoints[False]
            self.np.add.reduce(calls.leaves, axis=1, out=means)
            means /= room.lanes

    def evaluate(self, examples: Array) -> float:
        """Compute values and adjoints; return the cost, NaN where a number is not finite."""
        np, room = self.np, self.memory.room
        if room.lanes > 1:  # sums over them may overflow
            with np.errstate(all="ignore"):
                return self._evaluated(examples)
        return self._evaluated(examples)

    def _evaluated(self, examples: Array) -> float:
        np, room, ends = self.np, self.memory.room, self.ends
        self.load(examples)
        self.forward()
        self.backward()
        losses = room.values[ends.root_lanes][ends.root]
        cost = float(np.add.reduce(losses) / room.lanes if ends.root_lanes else losses)
        fine = math.isfinite(cost) and all_finite(np, room.adjoints[False][: ends.parameters])
        return cost if fine else math.nan

    def remaining(self) -> None:
        """Do nothing: backward computes all adjoints."""


class _Calls:
    """The two tapes over the table of one room, and the rows that are set between them."""

    def __init__(self, codes: list[bytes], writer: TapeWriter, room: Room, ends: Ends) -> None:
        table, n = room.table, writer.n
        self.forward, self.backward = (
            prepared(tape, code, table) for tape, code in zip(writer.tapes, codes, strict=True)
        )
        self.leaves, self.root = table[n : n + writer.leaves], table[n + ends.root]
        self.parameters = table[: ends.parameters]
        self.spread = room.lanes > 1


def placed(tape: Tape, dtype: Any) -> bytes:
    """Return the code of a tape for one lane."""
    from autograd.program.executors.native import _replay

    return _replay.placed(*tape.alone, dtype.itemsize == 4)


def prepared(tape: Tape, code: bytes, table: Array) -> Callable[[], None]:
    """Return the call that runs a tape over a table, (slots, lanes); few of them one by one."""
    from autograd.program.executors.native import _replay

    single = table.itemsize == 4
    if table.shape[1] >= WIDE:
        return partial(_replay.run_form, *tape.wide, table, single)
    return partial(_replay.run_tape, code, tape.alone.mends, tape.alone.table, table.T, single)


def in_rows(numbers: Array, lanes: int) -> Array:
    """Return numbers as a table, (slots, lanes): few lanes lie one after another."""
    return numbers.reshape(-1, lanes) if lanes >= WIDE else numbers.reshape(lanes, -1).T


def assemble(plan: Plan, dtype: str) -> Parts:
    """Return the parts of a program that runs as a tape: node i is slot i."""
    import numpy as np

    writer = plan.made(tape)
    address, loops = np.arange(writer.n), writer.tapes[0].loops(writer.n)
    memory = TapeMemory(writer, dtype)
    executor = TapeExecutor(writer, memory, Ends.of(plan.recording, address))
    beside = writer.adjoints - writer.n
    placement = Placement(address, partial(_adjoint, writer), loops=loops, beside=beside)
    return Parts(placement, memory, executor)


def _adjoint(writer: TapeWriter, node: int) -> Place | None:
    """Return where the adjoint of a node is: it may share the slot of another's."""
    place = Place(True, int(writer.adjoints[node]) - writer.n)
    return place if writer.differentiable[node] else None


def tape(plan: Plan) -> TapeWriter:
    """Return the tape of a plan."""
    return TapeWriter(plan.recording)
