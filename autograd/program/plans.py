"""What a structure compiles to, kept for the next program that has it.

Two recordings have one structure where all their columns agree except the numbers, and where
those few numbers do that shape the code: constant exponents, which constants a sum leaves out
because they are 0, which constant factors it shares with another sum. A plan holds no Values,
depends on no other numbers, and does not change once it is written: programs of one structure
share it and are otherwise strangers.
"""

from __future__ import annotations

import threading

from autograd.program.compiler.emit import Emitter
from autograd.program.compiler.instructions import Instructions
from autograd.program.compiler.layout import Layout
from autograd.program.compiler.recording import Recording
from autograd.program.compiler.reroll import Reroll, live
from autograd.program.executors.tape.writer import TapeWriter

STRUCTURES = 32  # how many plans are kept
OPERANDS = 1 << 20  # of all plans kept together, 100 to 400 bytes each


class Plan:
    """The groups of a structure, with their addresses and instructions, or its tape."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording.without_values()
        self.reroll = Reroll(self.recording)
        self._matrices: tuple[Layout, Instructions] | None = None
        self._tape: TapeWriter | None = None
        self._lock = threading.Lock()

    def fits(self, recording: Recording) -> bool:
        """Whether a recording compiles to this plan."""
        return self.recording.same_columns(recording) and self.reroll.same_shape(recording.numbers)

    def matrices(self) -> tuple[Layout, Instructions]:
        """Return the addresses and the instructions, written when first asked for."""
        with self._lock:
            if self._matrices is None:
                layout = Layout(self.reroll)
                self._matrices = layout, Emitter(layout).out
            return self._matrices

    def tape(self) -> TapeWriter:
        """Return the tape, written when first asked for."""
        with self._lock:
            if self._tape is None:
                self._tape = TapeWriter(self.recording, live(self.recording))
            return self._tape


class Plans:
    """The plans used last, at most so many, with at most so many operands in all."""

    def __init__(self, structures: int = STRUCTURES, operands: int = OPERANDS) -> None:
        self.structures, self.operands = structures, operands
        self._plans: list[Plan] = []  # the one used last is the last
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._plans)

    def find(self, recording: Recording) -> Plan:
        """Return the plan of a recording; a known structure is not compiled again."""
        with self._lock:
            plan = next((plan for plan in self._plans if plan.fits(recording)), None)
        plan = plan or Plan(recording)
        with self._lock:
            self._plans = [x for x in self._plans if x is not plan] + [plan]
            while len(self) > self.structures or self._room() > self.operands:
                del self._plans[0]
        return plan

    def _room(self) -> int:
        return sum(len(plan.recording.flat) for plan in self._plans)


PLANS = Plans()
