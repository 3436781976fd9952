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

from autograd.engine import Value
from autograd.modes import Mode, active, differentiating
from autograd.program import failures
from autograd.program.accesses import Array
from autograd.program.expression import Builder, Expression

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


class _Looked(Exception):
    """A rule looked at the number of the step."""


class _Blind(Mode):
    """Stops a rule that looks at numbers: its branch would be frozen."""

    def looked(self, node: Any) -> None:
        raise _Looked

    def compared(self, node: Any, other: Any, symbol: str, verdict: bool) -> None:
        raise _Looked


def rule_expression(optimizer: Any, slots: int, step: int | None) -> Expression:
    """Return the rule as an expression of (w, g, state…, step, scale).

    With step None the step is a source; otherwise it is that number.
    """
    w, g, scale = Value(0.5), Value(0.25), Value(1.0)
    state = tuple(Value(0.5) for _ in range(slots))
    count = Value(1.0)
    with differentiating(), active(_Blind()):
        scaled = scale * g if getattr(optimizer, "clip_norm", None) is not None else g
        new, kept = optimizer.rule(w, scaled, state, count if step is None else step)
    if len(kept) != slots:
        raise ValueError(
            f"an optimiser's rule returns (w, state) with the {slots} numbers of state it was "
            f"given (its attribute `slots`); got {len(kept)}."
        )
    leaves = [w, g, *state, count, scale]
    builder = Builder(len(leaves))
    return builder.build(builder.translate([new, *kept], leaves))


class Trainer:
    """One run of `Program.train`."""

    def __init__(self, program: Program, optimizer: Any) -> None:
        import numpy as np

        if not callable(getattr(optimizer, "rule", None)):
            raise TypeError(
                f"optimizer must have a method rule(w, g, state, step); got {optimizer!r}."
            )
        self.np, self.program, self.optimizer = np, program, optimizer
        self.leaves = list(getattr(optimizer, "parameters", program.parameters))
        ids = program.recording.ids
        strangers = [
            leaf for leaf in self.leaves if ids.get(leaf) not in program.recording.parameters
        ]
        if strangers:
            raise ValueError(
                f"the optimiser holds {strangers[0]!r}, which is no parameter of the program. "
                "Give both the same parameters."
            )
        places = program._layout.address[[ids[leaf] for leaf in self.leaves]]
        self.order = np.argsort(places)
        self.places = places[self.order]
        self.slots = getattr(optimizer, "slots", 0)
        self.clip_norm = getattr(optimizer, "clip_norm", None)
        self.done = int(getattr(optimizer, "steps", 0))
        self.by_step = False
        self._install(self.done + 1)
        program._executor.optimiser.state[: self.slots] = self._state()

    def run(self, examples: Array, steps: int, batch_size: int | None) -> Array:
        """Take the steps; return the mean cost before each of them."""
        costs = self.np.empty(steps)
        at, failed = 0, None
        try:
            for starts, size in _batches(len(examples), steps, batch_size or len(examples)):
                done = self._steps(examples, starts, size, costs[at : at + len(starts)])
                at += done
                self.done += done
                if done < len(starts):
                    failed = examples[starts[done] : starts[done] + size]
                    break
        finally:
            self._return_state()
        if failed is not None:
            self.program._examples = failed
            failures.trace(self.program)
        return costs

    def _steps(self, examples: Array, starts: list[int], size: int, costs: Array) -> int:
        """Take steps over batches of one size; return how many went well."""
        program = self.program
        program._resize(size)
        with self.np.errstate(all="ignore"):  # infinities are looked for after each step
            if self.by_step or self.clip_norm is not None or program._guards:
                return self._one_by_one(examples, starts, size, costs)
            first = self.np.array(starts, dtype=self.np.int64)
            return program._executor.train(examples, first, size, costs, self.done + 1)

    def _one_by_one(self, examples: Array, starts: list[int], size: int, costs: Array) -> int:
        np, program = self.np, self.program
        executor, gradient = program._executor, program._memory.adjoints[False]
        for k, start in enumerate(starts):
            executor.load(examples[start : start + size])
            executor.forward()
            program._examples = examples[start : start + size]
            program._check_guards()
            executor.backward()
            costs[k] = program._cost()
            g = gradient[self.places]
            if not np.isfinite(costs[k] + g.sum()):
                return k
            step = self.done + k + 1
            if self.by_step:
                self._install(step)
            executor.optimiser.update(step, self._scale(g))
        return len(starts)

    def _scale(self, g: Array) -> float:
        if self.clip_norm is None:
            return 1.0
        norm = math.sqrt(float(self.np.square(g).sum()))
        return 1.0 if norm <= self.clip_norm else float(self.clip_norm / norm)

    def _install(self, step: int) -> None:
        """Read the rule; with the step as a source, if the rule does not look at it."""
        try:
            expression = rule_expression(self.optimizer, self.slots, step if self.by_step else None)
        except (_Looked, TypeError):
            if self.by_step:
                raise
            self.by_step = True
            expression = rule_expression(self.optimizer, self.slots, step)
        self.program._executor.optimiser.install(Update(expression, self.slots, self.places))

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
