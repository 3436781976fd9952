"""Runs tapes: where their numbers live, and the two tapes, forward and backward, over the lanes."""

from __future__ import annotations

from functools import partial
from typing import Any

from autograd.program.accesses import Array
from autograd.program.memory import Ends, aligned
from autograd.program.record import COMPUTED, INPUT, Recording
from autograd.program.tape import TapeWriter
from autograd.program.tape_code import Tape
from autograd.program.update_numpy import NumpyUpdate, train


class TapeMemory:
    """The numbers of a tape: one row a lane; lane 0 keeps parameters and constants."""

    def __init__(self, writer: TapeWriter, dtype: str) -> None:
        import numpy as np

        self.np, self.dtype, self.lanes, self.n = np, np.dtype(dtype), 0, writer.n
        self.slots = writer.slots
        self.values: list[Array] = []
        self.adjoints: list[Array] = []
        self.table = np.zeros((0, 0), self.dtype)
        kinds = np.array(writer.recording.kinds)
        fixed = np.flatnonzero((kinds != COMPUTED) & (kinds != INPUT))
        self.fixed = np.concatenate([fixed, np.array([*writer.constants.values()], dtype=int)])
        self.resize(1)
        self.table[0, list(writer.constants.values())] = [float(x) for x in writer.constants]

    def resize(self, lanes: int) -> bool:
        """Make room for `lanes` lanes; return whether anything moved."""
        if lanes == self.lanes:
            return False
        table = aligned((lanes, self.slots), self.dtype)
        if self.lanes:
            table[0, self.fixed] = self.table[0, self.fixed]
        self.table, self.lanes, n = table, lanes, self.n
        self.values = [table[0, :n], table[:, :n].T]
        shared = table[0, n : 2 * n] if lanes == 1 else aligned((n,), self.dtype)
        self.adjoints = [shared, table[:, n : 2 * n].T]
        return True


class TapeExecutor:
    """Runs a tape through `_replay`."""

    name = "native"

    def __init__(self, writer: TapeWriter, memory: TapeMemory, ends: Ends) -> None:
        import numpy as np

        self.np, self.memory, self.ends = np, memory, ends
        self.tapes = [_placed(np, tape, memory.dtype) for tape in writer.tapes]
        self._given = slice(writer.n, writer.n + writer.leaves), writer.n + ends.root
        self.optimiser = NumpyUpdate(memory)
        self.bind()

    def bind(self) -> None:
        """Prepare the calls for the numbers of lanes that the memory holds now."""
        from autograd.program._replay import run_tape

        table, lanes = self.memory.table, self.memory.lanes
        single = self.memory.dtype == self.np.float32
        self._calls = [partial(run_tape, *tape, table, single, lanes) for tape in self.tapes]
        self._leaves, self._root = (table[:, slots] for slots in self._given)

    def load(self, examples: Array) -> None:
        """Copy rows of examples to the inputs of the lanes."""
        self.memory.table[:, self.ends.inputs] = examples

    def forward(self) -> None:
        """Compute every value."""
        memory = self.memory
        if memory.lanes > 1:
            memory.table[1:, memory.fixed] = memory.table[0, memory.fixed]
        self._calls[0]()

    def backward(self) -> None:
        """Compute every adjoint; shared ones are means over the lanes."""
        memory = self.memory
        self._leaves.fill(0.0)
        self._root.fill(1.0)
        self._calls[1]()
        if memory.lanes > 1:
            self.np.mean(memory.adjoints[True], axis=1, out=memory.adjoints[False])

    def remaining(self) -> None:
        """Do nothing: backward computes all adjoints."""

    def train(
        self, examples: Array, starts: Array, size: int, costs: Array, first_step: int
    ) -> int:
        """Take a step for each batch of `size` rows; return how many stayed finite."""
        calls = [self.forward, self.backward]
        return train(self, calls, examples, starts, size, costs, first_step)


def _placed(np: Any, tape: Tape, dtype: Any) -> tuple[Array, Array, Array]:
    """Return operations with the addresses of their code for a type, mends and stretches."""
    from autograd.program import _replay

    code = np.zeros(len(tape.kinds), [("place", np.uint64), ("slots", np.int32, 4)])
    code["place"] = np.array(_replay.places(dtype == np.float32), np.uint64)[tape.kinds]
    code["slots"] = tape.slots
    return code, tape.mends, tape.table


class TapeLayout:
    """Addresses and adjoints of a tape, as a program asks a layout for them."""

    def __init__(self, recording: Recording, writer: TapeWriter) -> None:
        import numpy as np

        self.np, self.address = np, np.arange(len(recording))
        self.adjoints = np.array(writer.adjoints) - len(recording)
        self.differentiable = writer.differentiable
        self.loops = writer.tapes[0].loops(len(recording))
