"""Runs tapes: where their numbers live, and the two tapes, forward and backward, over the lanes."""

from __future__ import annotations

from functools import partial
from typing import Any

from autograd.program.compiler.accesses import Array
from autograd.program.compiler.recording import COMPUTED, INPUT, Recording
from autograd.program.executors.numpy.update import NumpyUpdate, train
from autograd.program.executors.tape.code import Tape
from autograd.program.executors.tape.writer import TapeWriter
from autograd.program.memory import Ends, aligned

WIDE = 8  # lanes from which on an operation runs for all of them together


class TapeMemory:
    """The numbers of a tape: a row a slot; lane 0 keeps parameters and constants.

    `adjoints[False]` holds those of the leaves, means over the lanes.
    """

    def __init__(self, writer: TapeWriter, dtype: str) -> None:
        import numpy as np

        self.np, self.dtype, self.lanes, self.n = np, np.dtype(dtype), 0, writer.n
        self.slots, self.leaves = writer.slots, writer.leaves
        self.values: list[Array] = []
        self.adjoints: list[Array] = []
        self.table = np.zeros((0, 0), self.dtype)
        kinds = np.array(writer.recording.kinds)
        fixed = np.flatnonzero((kinds != COMPUTED) & (kinds != INPUT))
        self.fixed = np.concatenate([fixed, np.array([*writer.constants.values()], dtype=int)])
        self.resize(1)
        self.table[list(writer.constants.values()), 0] = [float(x) for x in writer.constants]

    def resize(self, lanes: int) -> bool:
        """Make room for `lanes` lanes; return whether anything moved."""
        if lanes == self.lanes:
            return False
        if self.slots * lanes >= 1 << 31:
            raise ValueError(
                f"a tape has room for {(1 << 31) // self.slots} examples at a time; got {lanes}. "
                "Pass them in batches."
            )
        table = aligned((self.slots, lanes), self.dtype)
        if self.lanes:
            table[self.fixed] = self.table[self.fixed, :1]
        self.table, self.lanes, n = table, lanes, self.n
        self.values = [table[:n, 0], table[:n]]
        leaves = table[n : n + self.leaves]
        shared = leaves[:, 0] if lanes == 1 else aligned((self.leaves,), self.dtype)
        self.adjoints = [shared, table[n : 2 * n]]
        return True


class TapeExecutor:
    """Runs a tape through `_replay`."""

    name = "native"

    def __init__(self, writer: TapeWriter, memory: TapeMemory, ends: Ends) -> None:
        import numpy as np

        self.np, self.memory, self.ends, self.writer = np, memory, ends, writer
        self.optimiser = NumpyUpdate(memory)
        self.bind()

    def bind(self) -> None:
        """Prepare the calls for the numbers of lanes that the memory holds now."""
        table, lanes, n = self.memory.table, self.memory.lanes, self.writer.n
        self._calls = [_prepared(tape, self.memory) for tape in self.writer.tapes]
        self._leaves, self._root = table[n : n + self.writer.leaves], table[n + self.ends.root]
        self._parameters = table[: self.ends.parameters]
        self._spread = lanes > 1

    def load(self, examples: Array) -> None:
        """Copy rows of examples to the inputs of the lanes."""
        self.memory.table[self.ends.inputs] = examples.T

    def forward(self) -> None:
        """Compute every value."""
        if self._spread:
            self._parameters[:] = self._parameters[:, :1]
        self._calls[0]()

    def backward(self) -> None:
        """Compute every adjoint, and the means of the leaves' over the lanes."""
        self._leaves.fill(0.0)
        self._root.fill(1.0)
        self._calls[1]()
        if self._spread:
            self.np.mean(self._leaves, axis=1, out=self.memory.adjoints[False])

    def remaining(self) -> None:
        """Do nothing: backward computes all adjoints."""

    def train(
        self, examples: Array, starts: Array, size: int, costs: Array, first_step: int
    ) -> int:
        """Take a step for each batch of `size` rows; return how many stayed finite."""
        calls = [self.forward, self.backward]
        return train(self, calls, examples, starts, size, costs, first_step)


def _prepared(tape: Tape, memory: TapeMemory) -> Any:
    """Return the call that runs a tape over the lanes of a memory."""
    import numpy as np

    from autograd.program.executors.native import _replay

    lanes, single = memory.lanes, bool(memory.dtype == np.float32)
    wide = lanes >= WIDE
    form = tape.wide if wide else tape.alone
    code = np.zeros(len(form.kinds), [("place", np.uint64), ("slots", np.int32, 4)])
    places = np.arange(256) if wide else np.array(_replay.places(single), np.uint64)
    code["place"], code["slots"] = places[form.kinds], form.slots * lanes
    mends, table = form.mends * (1, lanes), form.table * (1, 1, lanes, 1)
    run = _replay.run_tape
    return partial(run, code, mends.astype("i4"), table, memory.table, single, lanes, wide)


class TapeLayout:
    """Addresses and adjoints of a tape, as a program asks a layout for them."""

    def __init__(self, recording: Recording, writer: TapeWriter) -> None:
        import numpy as np

        self.np, self.address = np, np.arange(len(recording))
        self.adjoints = np.array(writer.adjoints) - len(recording)
        self.differentiable = writer.differentiable
        self.loops = writer.tapes[0].loops(len(recording))
