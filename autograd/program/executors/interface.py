"""What an executor is, for whoever uses one and whoever adds one.

An executor runs the passes of a program over m examples at once. `machine` drives it: `resize`
where m changes, `load`, `forward`, `backward`, and `remaining` where somebody reads what the
gradient did not need. It leaves every number in its memory, where the placement says it is.
NumPy's warnings are off while it runs: infinities are looked for in the results.

To add one, write `assemble(plan, dtype)` → `Parts` and enter it in `registry`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from autograd.program.compiler.accesses import Array
from autograd.program.compiler.instructions import Instructions
from autograd.program.compiler.layout import Layout
from autograd.program.compiler.recording import Recording
from autograd.program.compiler.steps import Expression
from autograd.program.memory import Room

Loop = Callable[[Array, Array, Array, Array, int], None]


@dataclass(frozen=True)
class Ends:
    """Where a program begins and ends: addresses of its inputs and of its root."""

    inputs: Array
    root: int
    root_lanes: bool
    parameters: int  # how many; they are the first shared addresses

    @classmethod
    def of(cls, recording: Recording, address: Array) -> Ends:
        """Return the ends of a recording whose node i is at address[i]."""
        inputs = address[recording.inputs.start : recording.inputs.stop]
        root, lanes = int(address[recording.root]), bool(recording.lanes[recording.root])
        return cls(inputs, root, lanes, len(recording.parameters))


@dataclass(frozen=True)
class Update:
    """(w, state) ← expression(w, g, state, step, scale) at the addresses `places`.

    The results are w and the states; g is multiplied by `scale` where gradients are clipped.
    """

    expression: Expression
    slots: int
    places: Array

    def moves_the_same(self, other: Update) -> bool:
        """Whether both have the same parameters, with as many numbers of state."""
        import numpy as np

        same = self.places is other.places or np.array_equal(self.places, other.places)
        return self.slots == other.slots and same

    def differs_in_numbers(self, other: Update) -> bool:
        """Whether at most the constants differ, as those of a schedule do at every step."""
        x, y = self.expression, other.expression
        same = (x.sources, x.steps, x.results) == (y.sources, y.steps, y.results)
        return same and len(x.constants) == len(y.constants) and self.moves_the_same(other)


class Numbers(Protocol):
    """Where an executor's numbers are: `room` is replaced whole where m changes.

    Values without lanes (parameters, constants) survive that.
    """

    dtype: Any

    @property
    def room(self) -> Room: ...

    def use(self, room: Room) -> None:
        """Let all numbers be those of a room from now on."""

    def spoil(self, lanes: int) -> None:
        """Let rooms of up to so many lanes share one memory, until the next `trim`.

        What each call has to write is NaN there at first, or then a number of another call: whoever
        reads it too soon finds that.
        """

    def trim(self) -> None:
        """Keep no room but the one in use, which is nobody else's."""


class Place(NamedTuple):
    """Where an adjoint is; one that is not `needed` by the gradient is there after `remaining`."""

    lanes: bool
    address: int
    needed: bool = True


@dataclass(frozen=True)
class Placement:
    """Where each node's numbers are.

    `address[i]` is that of node i among the values with lanes, if any input reaches it, or else
    among the shared ones; -1 where a sum absorbed it, so that it follows from its operands.
    `adjoint(i)` is the place of its adjoint, None where that is always 0. `layout` holds the
    matrix formulas, for `describe`; without any, `loops` may say which operations repeat in
    time: (times, nodes). `beside[i]` is the address of the adjoint of node i, always with lanes;
    without `beside`, an adjoint has the address of the value, in a memory of its own.
    """

    address: Array
    adjoint: Callable[[int], Place | None]
    layout: Layout | None = None
    loops: Sequence[tuple[int, int]] = ()
    beside: Array | None = None


class Optimiser(Protocol):
    """Applies an optimiser's rule to the parameters, from the adjoints that are there."""

    @property
    def state(self) -> Array:
        """The numbers the rule keeps, (slots, parameters), in the order of `Update.places`."""

    def install(self, update: Update) -> None:
        """Make room for a rule; its state stays where the parameters and slots do.

        Raises NotImplementedError for a rule that this optimiser cannot run, and is then as
        it was before.
        """

    @property
    def undisturbed(self) -> bool:
        """Whether no interrupt can arrive within `update`: then nobody need be able to undo it."""

    def update(self, step: int, scale: float, taken: Array) -> None:
        """Replace parameters and state by what the rule says, and let taken[0] be `step`."""


class Executor(Protocol):
    """Runs the passes of one program. An interrupt at any time must leave it usable."""

    name: str  # what `Program.executor` says

    @property
    def optimiser(self) -> Optimiser:
        """What applies rules: its own; NumpyUpdate(memory) does for everybody."""

    def resize(self, lanes: int) -> None:
        """Let a room for `lanes` examples be in use, once nothing more can fail."""

    def load(self, examples: Array) -> None:
        """Copy rows of examples, (lanes, inputs), to the values of the inputs."""

    def forward(self) -> None:
        """Compute every value."""

    def backward(self) -> None:
        """Compute the adjoints that the gradient needs; those without lanes are means.

        Ask for no partial by a constant: it may not exist, as that of x**2 by the 2 where x < 0.
        """

    def remaining(self) -> None:
        """Compute all other adjoints of the last backward."""

    @property
    def evaluate(self) -> Callable[[Array], float] | None:
        """Load, forward and backward in one call; as a rule None, which may be left out.

        `evaluate(examples)`, of rows in one piece, returns the cost, NaN where that or the
        gradient is not finite.
        """

    @property
    def train(self) -> Loop | None:
        """A loop of its own, faster than that of `training` over its passes; as a rule None.

        `train(examples, starts, costs, taken, first_step)` takes a step for each batch, the rows
        from `starts[k]` on, and writes the cost before it to `costs[k]`, up to the first whose
        cost or gradient is not finite. `taken[0]` counts the steps as they are taken, so that it
        is right whenever an interrupt comes.
        """

    @property
    def twin(self) -> Callable[[int], Executor] | None:
        """`twin(lanes)` → the same over a memory of its own, with these parameters and constants.

        It is for whoever tries something out. None for one with no optimiser or loop of its own.
        """

    @property
    def memory(self) -> Numbers:
        """Where its numbers are."""


@dataclass(frozen=True)
class Parts:
    """A program assembled: where its numbers are, and what computes them."""

    placement: Placement
    memory: Numbers
    executor: Executor
    instructions: Instructions = field(default_factory=Instructions)
