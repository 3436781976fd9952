"""Training inside a program: an optimiser's scalar rule, recorded once, over all parameters.

`rule(w, g, state, step)` → (w, state) of **one** parameter is read as an elementwise
expression; every parameter is a lane of it. Where a rule or a schedule looks at the number
of the step (`0.1 if step < 100 else 0.01`) it is read again for each step.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autograd import errors
from autograd.engine import Value
from autograd.modes import Mode, active, differentiating
from autograd.program import failures, guards
from autograd.program.compiler.accesses import Array
from autograd.program.compiler.steps import Builder, Expression
from autograd.reals import real

if TYPE_CHECKING:
    from autograd.program.program import Program

STRIDE = 256  # steps between two looks at the keyboard


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


class _Looked(Exception):
    """A rule looked at a number, in this file and line."""


class _Blind(Mode):
    """Stops a rule that looks at numbers: its branch would be frozen."""

    def looked(self, node: Any) -> None:
        raise _Looked(guards.place())

    def compared(self, node: Any, other: Any, symbol: str, verdict: bool) -> None:
        raise _Looked(guards.place())


def rule_expression(optimizer: Any, slots: int, step: int | None) -> Expression:
    """Return the rule as an expression of (w, g, state…, step, scale).

    With step None the step is a source; otherwise it is that number.
    """
    w, g, scale = Value(0.5), Value(0.25), Value(1.0)
    state = tuple(Value(0.5) for _ in range(slots))
    count = Value(1.0)
    with differentiating(), active(_Blind()):
        scaled = scale * g if getattr(optimizer, "clip_norm", None) is not None else g
        outcome = optimizer.rule(w, scaled, state, count if step is None else step)
    match outcome:
        case (new, (*kept,)) if len(kept) == slots and all(map(_is_number, (new, *kept))):
            leaves = [w, g, *state, count, scale]
            builder = Builder(len(leaves))
            return builder.build(builder.translate([new, *kept], leaves))
    raise TypeError(
        f"an optimiser's rule returns (w, state), where state is a tuple of the {slots} numbers "
        f"that its attribute `slots` asks for; got {errors.short(outcome)}."
    )


def _is_number(x: Any) -> bool:
    return x.__class__ is Value or real(x) is not None


class Trainer:
    """One run of `Program.train`."""

    def __init__(self, program: Program, optimizer: Any) -> None:
        import numpy as np

        self.np, self.program, self.optimizer = np, program, optimizer
        self.leaves = _leaves(program, optimizer)
        places = program._parameter_places
        if self.leaves != program.parameters:
            ids = program.recording.ids
            places = program._layout.address[[ids[leaf] for leaf in self.leaves]]
        self.order = np.argsort(places)
        self.places = places[self.order]
        self.slots = getattr(optimizer, "slots", 0)
        self.clip_norm = getattr(optimizer, "clip_norm", None)
        self.done = int(getattr(optimizer, "steps", 0))
        self.by_step = False
        self._install(self.done + 1)
        program._executor.optimiser.state[: self.slots] = self._state()

    def run(self, examples: Array, steps: int, batch_size: int) -> Array:
        """Take the steps; return the mean cost before each of them."""
        costs = self.np.empty(steps)
        before = self.done
        try:
            for starts, size in _batches(len(examples), steps, batch_size):
                at = self.done - before
                self._steps(examples, starts, size, costs[at : at + len(starts)])
                done = self.done - before - at
                if done < len(starts):
                    failed = starts[done]
                    failures.trace(self.program, examples[failed : failed + size], failed)
            if not self.np.isfinite(self.program._memory.room.values[False][self.places]).all():
                failures.require_finite(self.program, examples[:0])
        finally:
            self._return_state()
        return costs

    def _steps(self, examples: Array, starts: list[int], size: int, costs: Array) -> None:
        """Take steps over batches of one size, up to one that fails; count them in `done`."""
        program = self.program
        program._resize(size)
        with self.np.errstate(all="ignore"):  # infinities are looked for after each step
            if self.by_step or self.clip_norm is not None or program._guards:
                self._one_by_one(examples, starts, size, costs)
            else:
                first = self.np.array(starts, dtype=self.np.int64)
                executor = program._executor
                self.done += executor.train(examples, first, size, costs, self.done + 1)

    def _one_by_one(self, examples: Array, starts: list[int], size: int, costs: Array) -> None:
        np, program = self.np, self.program
        executor, gradient = program._executor, program._memory.room.adjoints[False]
        for k, start in enumerate(starts):
            batch = examples[start : start + size]
            executor.load(batch)
            executor.forward()
            program._check_guards(batch, start)
            executor.backward()
            costs[k] = program._cost()
            g = gradient[self.places]
            if not (math.isfinite(costs[k]) and np.isfinite(g).all()):
                return
            if self.by_step:
                self._install(self.done + 1)
            executor.optimiser.update(self.done + 1, self._scale(g))
            self.done += 1

    def _scale(self, g: Array) -> float:
        if self.clip_norm is None:
            return 1.0
        norm = math.sqrt(float(self.np.square(g).sum()))
        return 1.0 if norm <= self.clip_norm else float(self.clip_norm / norm)

    def _install(self, step: int) -> None:
        """Read the rule; with the step as a source, if the rule does not look at it."""
        try:
            expression = rule_expression(self.optimizer, self.slots, step if self.by_step else None)
        except (_Looked, TypeError) as cause:
            if not self.by_step:
                self.by_step = True
                return self._install(step)
            if isinstance(cause, _Looked):
                raise errors.FrozenBranchError(
                    f"{cause}: an optimiser's rule is read once for all parameters; it looked at "
                    "the number of w, g or its state. Use where, maximum or clip instead."
                ) from None
            raise
        self.program._executor.optimiser.install(Update(expression, self.slots, self.places))
        return None

    def _state(self) -> Array:
        shape = (len(self.leaves), self.slots)
        state = getattr(self.optimizer, "state", None) if self.slots else None
        if state is None:
            return self.np.zeros(shape[::-1])
        return self.np.array(state, dtype=float).reshape(shape)[self.order].T

    def _return_state(self) -> None:
        if self.slots and hasattr(self.optimizer, "state"):
            state = self.np.empty((len(self.leaves), self.slots))
            state[self.order] = self.program._executor.optimiser.state[: self.slots].T
            self.optimizer.state = list(map(tuple, state.tolist()))
        if hasattr(self.optimizer, "steps"):
            self.optimizer.steps = self.done


def _leaves(program: Program, optimizer: Any) -> tuple[Value, ...]:
    """Return the parameters that an optimiser moves, each of them the program's."""
    if isinstance(optimizer, type) or not callable(getattr(optimizer, "rule", None)):
        raise TypeError(
            "optimizer must be an object with a method rule(w, g, state, step); "
            f"got {errors.short(optimizer)}. Try nn.SGD(parameters)."
        )
    leaves = tuple(getattr(optimizer, "parameters", program.parameters))
    if leaves and leaves == program.parameters:  # as a rule; identity decides, quickly
        return leaves
    known = set(program.parameters)
    strangers = [leaf for leaf in leaves if leaf not in known]
    if strangers:
        raise ValueError(
            f"the optimiser holds {strangers[0]!r}, which is no parameter of the program. "
            "Give both the same parameters."
        )
    if not leaves or len(set(leaves)) < len(leaves):
        wrong = "one of them twice" if leaves else "none"
        raise ValueError(f"an optimiser moves one or more parameters, each once; got {wrong}.")
    return leaves


def _batches(rows: int, steps: int, size: int) -> Iterator[tuple[list[int], int]]:
    """Yield first rows of consecutive batches of equal size, and that size.

    The last batch of a pass over the rows may be smaller; then the next pass begins.
    """
    size = min(size, rows)
    whole, rest = divmod(rows, size)
    left = steps
    while left:
        take = min(left, whole if rest else max(whole, STRIDE) // whole * whole, STRIDE * whole)
        yield [(k % whole) * size for k in range(take)], size
        left -= take
        if rest and left:
            yield [whole * size], rest
            left -= 1
