"""Learning rates that change: each schedule is a function of the step, counted from 1.

Schedules are written with autograd's functions and without branches on the step, so that
an optimiser's rule can be recorded as a graph in which the step is a `Value`. Any other
function of the step will do wherever a schedule is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from autograd import cos, heaviside, minimum, total

__all__ = ["cosine", "exponential", "linear", "stepwise", "warmup"]

Schedule = Callable[[Any], Any]


@dataclass(frozen=True)
class Ramp:
    """What goes from `start` to `end` in `steps` steps, and then stays."""

    start: float
    end: float
    steps: int

    def along(self, step: Any) -> Any:
        """Return which part of the way is done, 0 to 1."""
        return minimum((step - 1) / self.steps, 1.0)


class linear(Ramp):
    """From `start` to `end` along a line of `steps` steps, then constant.

    >>> rate = linear(1.0, 0.1, steps=90)
    >>> rate(1), rate(91), rate(500)
    (1.0, 0.1, 0.1)
    """

    def __call__(self, step: Any) -> Any:
        """Return the learning rate of this step."""
        along = self.along(step)
        return self.start * (1.0 - along) + self.end * along


class cosine(Ramp):
    """From `start` to `end` along half a wave of `steps` steps, then constant.

    Source: Loshchilov & Hutter 2017, SGDR, eq. 5, without restarts.

    >>> rate = cosine(1.0, 0.0, steps=100)
    >>> rate(1), rate(51), rate(101)
    (1.0, 0.5, 0.0)
    """

    def __call__(self, step: Any) -> Any:
        """Return the learning rate of this step."""
        wave = 0.5 + 0.5 * cos(math.pi * self.along(step))
        return self.end + (self.start - self.end) * wave


@dataclass(frozen=True)
class exponential:
    """`start` times `factor` to the power of the steps done.

    >>> exponential(0.5, factor=0.9)(3)
    0.405
    """

    start: float
    factor: float

    def __call__(self, step: Any) -> Any:
        """Return the learning rate of this step."""
        return self.start * self.factor ** (step - 1)


@dataclass(frozen=True)
class stepwise:
    """`start`, multiplied by `factor` once each of `milestones` steps is done.

    >>> rate = stepwise(1.0, factor=0.1, milestones=(10, 20))
    >>> rate(10), rate(11), rate(21)
    (1.0, 0.1, 0.01...)
    """

    start: float
    factor: float
    milestones: tuple[int, ...]

    def __call__(self, step: Any) -> Any:
        """Return the learning rate of this step."""
        return self.start * self.factor ** total([heaviside(step - m) for m in self.milestones])


@dataclass(frozen=True)
class warmup:
    """Another schedule, scaled up in equal parts during its first `steps` steps.

    Source: Goyal et al. 2017, section 2.2.

    >>> rate = warmup(linear(1.0, 1.0, steps=1), steps=4)
    >>> rate(1), rate(4), rate(9)
    (0.25, 1.0, 1.0)
    """

    schedule: Schedule
    steps: int

    def __call__(self, step: Any) -> Any:
        """Return the learning rate of this step."""
        return self.schedule(step) * minimum(step / self.steps, 1.0)
