"""A recorded graph that can run: what `Program` shows, and what training and errors need of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from autograd.engine import Value
from autograd.program import guards
from autograd.program.compiler.accesses import Array
from autograd.program.compiler.recording import CONSTANT, PARAMETER, Recording
from autograd.program.executors.interface import Parts
from autograd.program.memory import Table, all_finite, stretch
from autograd.program.noise import Noise
from autograd.program.plans import PLANS
from autograd.program.reading import Reader
from autograd.program.verdicts import Verdicts
from autograd.program.verification.trial import trusted
from autograd.reals import as_float


class Machine:
    """The graph of one example, where the numbers of m examples are, and what computes them.

    `columns` are the nodes that examples have a number for: inputs, and what is drawn anew.
    `current` says whether all numbers are those of one call. `choice` is the executor that was
    asked for; nodes that are `kept` have an address; `known` is what is verified of this structure,
    by what it is. The caller holds the program's lock, with
    NumPy's warnings off.
    """

    lent: Table | None = None  # an optimiser's state, where the executor changes it
    _helpers: tuple[Parts, ...] = ()

    def __init__(
        self, loss: Value, inputs: Sequence[Value], parameters: Sequence[Value],
        also: Sequence[Value], executor: str, dtype: str, kept: Sequence[Value] = (),
    ) -> None:  # fmt: skip
        import numpy as np

        self.np, self.choice = np, executor
        self.loss, self.inputs, self.parameters = loss, tuple(inputs), tuple(parameters)
        self.guards = guards.decisions_about((*inputs, *parameters), loss)
        self.readings = [x for x in self.guards if isinstance(x, guards.Reading)]
        kept = [*kept, *(node for guard in self.guards for node in guard.operands)]
        self.recording = Recording(loss, inputs, parameters, kept, also)
        self.noise = Noise(self.recording.noise)
        self.columns = (*self.inputs, *self.noise.nodes)
        plan = PLANS.find(self.recording)
        self._again = partial(trusted, executor, dtype, plan, self.recording)
        parts, self.known = self._again(), plan.trusted
        self.placement, self.memory = parts.placement, parts.memory
        self.executor, self.instructions = parts.executor, parts.instructions
        self.reader = Reader(self.recording, self.placement, self.memory, self.executor)
        self.decisions = [x for x in self.guards if isinstance(x, guards.Guard)]
        self.verdicts = self.verdicts_of(self.decisions)
        self.places = self.placement.address[: len(parameters)]  # of the parameters
        self._stretch = stretch(np, self.places)  # the same, quicker
        self._root = int(self.placement.address[self.recording.root])
        self.root_has_lanes = bool(self.recording.lanes[self.recording.root])
        self._evaluate = getattr(self.executor, "evaluate", None)
        self.current = False
        self.passed: tuple[Array, float, Array] | None = None  # what `portions` went through
        self._fill()

    def _fill(self) -> None:
        """Write the recorded numbers of parameters and constants."""
        kinds = self.np.frombuffer(self.recording.kinds, self.np.uint8)
        fixed = (kinds == PARAMETER) | (kinds == CONSTANT)
        numbers = self.np.array(self.recording.numbers)[fixed]
        self.memory.room.values[False][self.placement.address[fixed]] = numbers

    @property
    def dtype(self) -> str:
        return str(self.memory.dtype)

    @property
    def weights(self) -> Array:
        """The numbers of the parameters, in their order, (parameters,); a copy."""
        return self.np.array(self.memory.room.values[False][self._stretch])

    @weights.setter
    def weights(self, numbers: Sequence[float]) -> None:
        self.current = False
        self.memory.room.values[False][self._stretch] = numbers

    def begin_with(self, numbers: Array) -> None:
        """Let the first parameters have these numbers, and the others stay as they are."""
        self.current = False
        values, places, count = self.memory.room.values[False], self._stretch, len(numbers)
        if isinstance(places, slice):
            values[places.start : places.start + count] = numbers
        else:
            values[places[:count]] = numbers

    @property
    def is_compiled(self) -> bool:
        """Whether one call of C computes cost and gradient."""
        return self._evaluate is not None

    def helpers(self, count: int) -> tuple[Parts, ...]:
        """Return so many further assemblies of the same program, kept once they were made."""
        while len(self._helpers) < count:
            self._helpers += (self._again(),)
        return self._helpers[:count]

    def forget_helpers(self) -> None:
        """Use none of them again."""
        self._helpers = ()

    def release(self) -> None:
        """Let an optimiser keep its state for itself, before another state takes its place."""
        if self.lent is not None:
            self.lent.release()
            self.lent = None

    def resize(self, lanes: int) -> None:
        """Make room for so many examples at a time, if it is for another number of them."""
        self.current = self.reader.complete = False
        self.passed = None
        if lanes != self.memory.room.lanes:
            self.executor.resize(lanes)

    def forward(self, examples: Array) -> None:
        """Compute every value for these examples."""
        self.resize(len(examples))
        self.executor.load(examples)
        self.executor.forward()

    def evaluate(self, examples: Array) -> float:
        """Compute values and gradient; return the cost, NaN where a number of these is not finite.

        NumPy's warnings need not be off.
        """
        if self._evaluate:
            self.resize(len(examples))
            return float(self._evaluate(examples))
        with self.np.errstate(all="ignore"):
            self.forward(examples)
            self.executor.backward()
            cost = self.cost()
            fine = all_finite(self.np, self.slopes())
        return cost if fine and math.isfinite(cost) else math.nan

    def verdicts_of(self, decisions: Sequence[guards.Guard]) -> Verdicts:
        """Return guards of nodes that are kept, to be compared all at once."""
        address = self.placement.address
        return Verdicts(decisions, self.recording, address, self.memory.dtype)

    def check_guards(self, first: int = 0) -> None:
        """Raise FrozenBranchError where Python would now take another branch.

        Examples are counted from `first`.
        """
        for reading in self.readings:
            reading.require()
        if len(self.verdicts) and self.verdicts.flipped(self.memory.room) is not None:
            self._require_all(first)

    def _require_all(self, first: int) -> None:
        """Raise FrozenBranchError for the first guard that differs in any example."""
        ids = self.recording.ids
        for guard in self.decisions:
            left, right = (
                self.reader.value(ids[x]) if x.__class__ is Value else as_float(x)
                for x in (guard.left, guard.right)
            )
            guard.require(left, right, first)

    def cost(self) -> float:
        """Return the mean of the losses of all examples."""
        losses = self.memory.room.values[self.root_has_lanes][self._root]
        return float(self.np.add.reduce(losses) / len(losses) if self.root_has_lanes else losses)

    def slopes(self) -> Array:
        """Return the gradient that the last backward pass left, (parameters,), as a rule a view."""
        return self.memory.room.adjoints[False][self._stretch]
