"""Which learning rate? One short training in which it grows, from far too small to too large."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from autograd import errors
from nn.arguments import count
from nn.arguments.hints import hinting
from nn.data import checked_pair
from nn.losses import loss_function
from nn.optimizers import Optimizer, optimizer_for
from nn.tracing.plots import new_axes
from nn.training.fitting import batches_of, steps_for
from nn.training.steps import Steps

FAR = 4.0  # times the smallest running mean of the losses: there it ends
MEMORY = 0.9  # of the running mean


class LearningRates:
    """The loss at every learning rate that was tried, and the one to train with, `lr`.

    >>> LearningRates([1e-3, 1e-2, 1e-1, 1.0], [1.0, 0.9, 0.3, 2.0])
    LearningRates(lr=0.01, tried 0.001 … 1)
    """

    def __init__(self, rates: list[float], losses: list[float]) -> None:
        self.rates, self.losses = rates, losses

    @property
    def smoothed(self) -> list[float]:
        """The running mean of the losses, freed of its bias."""
        mean, found = 0.0, []
        for k, loss in enumerate(self.losses, start=1):
            mean = MEMORY * mean + (1.0 - MEMORY) * loss
            found.append(mean / (1.0 - MEMORY**k))
        return found

    @property
    def diverges(self) -> bool:
        """Whether the running mean is far above its smallest, or not finite."""
        means = self.smoothed
        return not math.isfinite(means[-1]) or means[-1] > FAR * min(means)

    @property
    def lr(self) -> float:
        """A tenth of the rate at which the running mean of the loss was smallest."""
        means = self.smoothed
        return self.rates[means.index(min(means))] / 10.0

    def plot(self, axes: Any = None) -> Any:
        """Return a Matplotlib figure of the losses by learning rate, drawn on `axes` if given."""
        axes = axes or new_axes()
        axes.plot(self.rates, self.losses, alpha=0.4, label="loss")
        axes.plot(self.rates, self.smoothed, label="running mean")
        axes.axvline(self.lr, linestyle=":", label=f"lr = {self.lr:.3g}")
        axes.set_xscale("log")
        axes.set_xlabel("learning rate")
        axes.legend(frameon=False)
        return axes.figure

    def __repr__(self) -> str:
        return f"LearningRates(lr={self.lr:.3g}, tried {self.rates[0]:g} … {self.rates[-1]:g})"


@hinting
def find_lr(
    model: Any, X: Any, y: Any, *, loss: Any, optimizer: Any = "adam", low: float = 1e-6,
    high: float = 10.0, steps: int = 100, batch_size: int | None = None, dtype: str = "float64",
    seed: int = 0, compiled: bool = True,
) -> LearningRates:  # fmt: skip
    """Try learning rates from `low` to `high`, each for one step; return the losses found.

    `optimizer` is a name or a class. A step is on all examples, or on `batch_size` of them, which
    makes the losses noisy. The trial ends early where their running mean is 4 times its smallest,
    or a number is not finite; the model has its parameters again afterwards.
    Source: Smith 2017, section 3.3; the choice as in Howard & Gugger 2020 (fastai).

    >>> from nn import MLP
    >>> model = MLP(1, [1], seed=1)
    >>> tried = find_lr(model, [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], loss="squared_error")
    >>> 1e-6 <= tried.lr <= 10.0
    True
    """
    steps, loss = count("steps", steps), loss_function(loss)
    if not 0.0 < low < high < math.inf or steps < 2:
        raise ValueError(f"0 < low < high and 2 steps or more; got {low:g}, {high:g}, {steps}.")
    rule = optimizer_for(optimizer, model.parameters(), lr=low)
    X, y = checked_pair("", model, (X, y), loss)
    size = len(X) if batch_size is None else count("batch_size", batch_size)
    before = [(leaf, leaf.data) for leaf in rule.parameters]
    rates = [low * (high / low) ** (k / (steps - 1)) for k in range(steps)]
    tried = LearningRates([], [])
    try:
        taken = steps_for(compiled, dtype)(model, X, y, loss, rule)
        _grow(tried, taken, rule, rates, partial(batches_of, X, size, seed))
    except (errors.AnomalyError, errors.DomainError, ZeroDivisionError):
        pass  # the rate is too large: what was found before tells
    finally:
        for leaf, number in before:
            leaf.data = number
    if not tried.losses:
        raise ValueError("the loss is not finite at the start. Scale the data, or check the model.")
    return tried


def _grow(
    tried: LearningRates, taken: Steps, rule: Optimizer, rates: list[float], batches_of: Any
) -> None:
    """Take a step with each of the rates, until the loss diverges."""
    batches: list[list[int]] = []
    for rate in rates:
        batches = batches or batches_of(rule.steps)
        rule.lr = rate
        tried.losses.append(taken.step(batches.pop()))
        tried.rates.append(rate)
        if tried.diverges:
            return
