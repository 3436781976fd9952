"""What a structure compiles to, kept for the next program that has it.

Two recordings have one structure where all their columns agree except the numbers, and where
those few numbers do that shape the code: constant exponents, which constants a sum leaves out
because they are 0, which constant factors it shares with another sum. A plan holds no Values,
depends on no other numbers, and does not change once it is written: programs of one structure
share it and are otherwise strangers.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any, TypeVar

from autograd.program.compiler.emit import Emitter
from autograd.program.compiler.instructions import Instructions
from autograd.program.compiler.layout import Layout
from autograd.program.compiler.merging import merged
from autograd.program.compiler.recording import CONSTANT, Recording
from autograd.program.compiler.reroll import Reroll
from autograd.program.compiler.strips import in_strips
from autograd.program.lock import Lock

STRUCTURES = 32  # how many plans are kept
OPERANDS = 1 << 20  # of all plans kept together, 100 to 400 bytes each

T = TypeVar("T")


class Plan:
    """The groups of a structure, and what executors made of them."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording.without_values()
        self.trusted: dict[Any, Any] = {}  # how it runs, by executor and dtype, once verified
        self._made: dict[Callable[[Plan], Any], Any] = {}
        self._lock = Lock()

    def fits(self, recording: Recording) -> bool:
        """Whether a recording compiles to this plan."""
        return self.recording.same_columns(recording) and self._same_shape(recording.numbers)

    def _same_shape(self, numbers: array[float]) -> bool:
        """Whether these numbers would give the same code.

        Where no groups were found yet, nobody knows which constants must be 0 or alike: all that
        are must be so.
        """
        known: Reroll | None = self._made.get(Plan._rerolled)
        said = known.same_shape(numbers) if known else None
        if said is not None:
            return said
        import numpy as np

        own, other = (np.frombuffer(x, float) for x in (self.recording.numbers, numbers))
        if (own[self.recording.exponents] != other[self.recording.exponents]).any():
            return False
        constants = np.frombuffer(self.recording.kinds, np.uint8) == CONSTANT
        own, other = own[constants], other[constants]
        order = np.argsort(own, kind="stable")
        alike = own[order][1:] == own[order][:-1]
        same = other[order][1:] == other[order][:-1]
        return bool(((own == 0.0) == (other == 0.0)).all() and same[alike].all())

    @property
    def reroll(self) -> Reroll:
        """The groups, found when first asked for: a tape needs none."""
        return self.made(Plan._rerolled)

    def _rerolled(self) -> Reroll:
        return Reroll(self.recording)

    def made(self, make: Callable[[Plan], T]) -> T:
        """Return what a function makes of this plan: it is called once, when first asked for."""
        with self._lock.held:
            if make not in self._made:
                self._made[make] = make(self)
            found: T = self._made[make]
            return found


def matrices(plan: Plan) -> tuple[Layout, Instructions]:
    """Return the addresses and the instructions of a plan."""
    layout = Layout(plan.reroll)
    out = Emitter(layout).out
    np, both = layout.np, (out.forward, out.backward)
    passes = [in_strips(np, merged(np, x, layout.sizes), lanes=False) for x in both]
    return layout, Instructions(*passes)


class Plans:
    """The plans used last, at most so many, with at most so many operands in all."""

    def __init__(self, structures: int = STRUCTURES, operands: int = OPERANDS) -> None:
        self.structures, self.operands = structures, operands
        self._plans: list[Plan] = []  # the one used last is the last
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._plans)

    def find(self, recording: Recording) -> Plan:
        """Return the plan of a recording; a known structure is not compiled again."""
        with self._lock.held:
            plan = next((plan for plan in self._plans if plan.fits(recording)), None)
        plan = plan or Plan(recording)
        with self._lock.held:
            self._keep(plan)
        return plan

    def _keep(self, plan: Plan) -> None:
        """Let a plan be the last, and forget those that are too many."""
        self._plans = [x for x in self._plans if x is not plan] + [plan]
        while len(self) > self.structures or self._room() > self.operands:
            del self._plans[0]

    def _room(self) -> int:
        return sum(len(plan.recording.flat) for plan in self._plans)


PLANS = Plans()
