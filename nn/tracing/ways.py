"""The way of a weight through a training, divided: step by step, then added up."""

from __future__ import annotations

import math
from typing import NamedTuple

from nn.arguments import Array
from nn.tracing.shares import step_shares
from nn.tracing.trace import Trace

CLOSE = {"float64": 1e-9, "float32": 1e-4}  # a repeated step to the one that was done


class Way(NamedTuple):
    """The change of a weight, divided.

    By example, (m,), what it is owed to decay, to gradients from before this training (in the
    optimiser's state), and to what was done between the steps (by callbacks): together they are
    the change. So are `epochs`, (epochs,), with `outside`. `given` tells of denominators.
    """

    before: float
    after: float
    steps: int
    examples: Array
    epochs: Array
    decay: float
    earlier: float
    outside: float
    given: bool

    @property
    def change(self) -> float:
        """By how much the steps and all else moved the weight."""
        return self.after - self.before


def way(trace: Trace, k: int) -> Way:
    """Return the way of the k-th traced weight.

    At step t the weight moves by each example's share in the gradient, and in those before that
    a linear state, such as a velocity, still holds. What the rule takes from w itself is decay.
    Raises ValueError for a rule that cannot be divided, or that does not do the same again.
    """
    return _Walk(trace, k).walked()


class _Walk:
    """One pass over the steps. Each array has a row for w and one for each state."""

    def __init__(self, trace: Trace, k: int) -> None:
        import numpy as np

        self.np, self.trace, self.k = np, trace, k
        self.state = trace.states[k]  # None: no optimiser moves it
        slots = len(self.state or ())
        self.examples = np.zeros((1 + slots, trace.m))
        self.decay, self.earlier = np.zeros(1 + slots), np.array([0.0, *(self.state or ())])
        self.epochs = np.zeros(len(trace.epochs))
        self.outside, self.given = 0.0, False

    def walked(self) -> Way:
        trace, k = self.trace, self.k
        first, after = trace.steps[0].before[k] if trace.steps else trace.after[k], trace.after[k]
        w, epoch = first, -1
        for t, step in enumerate(trace.steps):
            starts = epoch + 1 < len(trace.epochs) and trace.epochs[epoch + 1] == t
            epoch += starts
            self.between(w, step.before[k], t, starts)
            w = self.stepped(t, epoch)
        self.between(w, after, len(trace.steps), True)
        sums = float(self.decay[0]), float(self.earlier[0]), self.outside
        return Way(first, after, len(trace.steps), self.examples[0], self.epochs, *sums, self.given)

    def between(self, w: float, found: float, t: int, outside: bool) -> None:
        """Look at what became of a weight after a step: at the end of an epoch anything may."""
        if abs(found - w) > CLOSE[self.trace.dtype] * max(abs(found), abs(w)):
            if not outside:
                raise ValueError(
                    f"step {self.trace.first + t} of {self.trace.optimizer!r} cannot be divided: "
                    f"its rule led to {found!r}, and applied again to {w!r}. A rule must depend on "
                    "its arguments alone."
                )
            self.outside += found - w

    def stepped(self, t: int, epoch: int) -> float:
        """Divide a step; return the weight after it."""
        step, rule = self.trace.steps[t], self.trace.optimizer.rule
        w, numbers = step.before[self.k], step.gradients[:, self.k] * step.scale / len(step.rows)
        if self.state is None or self.k in self.trace.still[epoch]:
            return w
        at = w, math.fsum(numbers), self.state, self.trace.first + t + 1
        new, self.state = rule(*at)
        shares = step_shares(rule, *at)
        self.given = self.given or not shares.any(axis=1).all()
        by_g, by_state = shares[:, 1], shares[:, 2:]
        for parts in (self.examples, self.decay, self.earlier):
            total = parts[0].copy()
            parts[:] = by_state @ parts[1:]
            parts[0] += total
        self.examples[:, step.rows] += by_g[:, None] * numbers
        self.decay += shares[:, 0] * w
        self.decay[0] -= w
        self.epochs[epoch] += new - w
        return float(new)
