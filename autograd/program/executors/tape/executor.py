"""Runs tapes: where their numbers live, and the two tapes, forward and backward, over the lanes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

from autograd.program.compiler.accesses import Array
from autograd.program.compiler.recording import COMPUTED, INPUT
from autograd.program.executors.interface import Ends, Parts, Place, Placement
from autograd.program.executors.numpy.update import NumpyUpdate
from autograd.program.executors.tape.code import SLOTS, WORDS, Tape
from autograd.program.executors.tape.writer import TapeWriter
from autograd.program.memory import Room, aligned, all_finite
from autograd.program.plans import Plan

WIDE = 8  # lanes from which on an operation runs for all of them together


@dataclass(frozen=True)
class TapeRoom(Room):
    """A row of `table` for each slot; `adjoints[False]` are means of the leaves' over the lanes."""

    table: Array = None


class TapeMemory:
    """Where the numbers of a tape are, as `Memory` says; lane 0 keeps parameters and constants."""

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

    def prepared(self, lanes: int) -> TapeRoom:
        """Return room for `lanes` lanes, with the parameters and constants of the one in use."""
        if self.slots * lanes >= 1 << 31:
            raise ValueError(
                f"a tape has room for {(1 << 31) // self.slots} examples at a time; got {lanes}. "
                "Pass them in batches."
            )
        table = aligned((self.slots, lanes), self.dtype)
        table[self.fixed] = self.room.table[self.fixed, :1]
        return self._room(table)

    def use(self, room: Any) -> None:
        """Let all numbers be those of a room from now on."""
        self.room = room

    def lend(self, lanes: int) -> None:
        """Do nothing: each room has a table of its own."""

    def trim(self) -> None:
        """Do nothing: only the room in use is kept."""

    def _room(self, table: Array) -> TapeRoom:
        n, lanes = self.n, table.shape[1]
        leaves = table[n : n + self.leaves]
        shared = leaves[:, 0] if lanes == 1 else aligned((self.leaves,), self.dtype)
        numbers = (table[:n, 0], table[:n]), (shared, table[n : 2 * n])
        return TapeRoom(lanes, *numbers, table=table)


class TapeExecutor:
    """Runs a tape through `_replay`."""

    name = "native"
    train = twin = None

    def __init__(self, writer: TapeWriter, memory: TapeMemory, ends: Ends) -> None:
        import numpy as np

        self.np, self.memory, self.ends, self.writer = np, memory, ends, writer
        self.optimiser = NumpyUpdate(memory)
        memory.use(self._bound(memory.room))

    def resize(self, lanes: int) -> None:
        """Make room for `lanes` examples at a time; it is used once its calls are made."""
        self.memory.use(self._bound(self.memory.prepared(lanes)))

    def _bound(self, room: TapeRoom) -> TapeRoom:
        """Return a room with the calls that run on its table."""
        return replace(room, calls=_Calls(self.writer, room, self.ends))

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
            self.np.mean(calls.leaves, axis=1, out=room.adjoints[False])

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

    def __init__(self, writer: TapeWriter, room: TapeRoom, ends: Ends) -> None:
        table, n = room.table, writer.n
        self.forward, self.backward = (_prepared(tape, room) for tape in writer.tapes)
        self.leaves, self.root = table[n : n + writer.leaves], table[n + ends.root]
        self.parameters = table[: ends.parameters]
        self.spread = room.lanes > 1


def _prepared(tape: Tape, room: TapeRoom) -> Any:
    """Return the call that runs a tape over the lanes of a room."""
    import numpy as np

    from autograd.program.executors.native import _replay

    lanes, single = room.lanes, room.table.itemsize == 4
    wide = lanes >= WIDE
    form = tape.wide if wide else tape.alone
    code = np.empty((len(form.kinds), WORDS), np.int32)
    code[:, :SLOTS] = _places(wide, single)[form.kinds]
    np.multiply(form.slots, lanes, out=code[:, SLOTS:])
    mends, table = form.mends.copy(), form.table.copy()
    mends[:, 1] *= lanes
    table[:, 2] *= lanes
    return partial(_replay.run_tape, code, mends, table, room.table, single, lanes, wide)


@cache
def _places(wide: bool, single: bool) -> Array:
    """Return where the code of each operation is, (operations, 2) words; its number where wide."""
    import numpy as np

    from autograd.program.executors.native import _replay

    places = range(256) if wide else _replay.places(single)
    return np.array(places, np.uint64).view(np.int32).reshape(-1, SLOTS)


def assemble(plan: Plan, dtype: str) -> Parts:
    """Return the parts of a program that runs as a tape: node i is slot i."""
    import numpy as np

    writer = plan.made(tape)
    address, loops = np.arange(writer.n), writer.tapes[0].loops(writer.n)
    memory = TapeMemory(writer, dtype)
    executor = TapeExecutor(writer, memory, Ends.of(plan.recording, address))
    return Parts(Placement(address, partial(_adjoint, writer), loops=loops), memory, executor)


def _adjoint(writer: TapeWriter, node: int) -> Place | None:
    """Return where the adjoint of a node is: it may share the slot of another's."""
    place = Place(True, writer.adjoints[node] - writer.n)
    return place if writer.differentiable[node] else None


def tape(plan: Plan) -> TapeWriter:
    """Return the tape of a plan."""
    return TapeWriter(plan.recording)
