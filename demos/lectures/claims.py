"""A formula by hand beside the number of autodiff; and a slip beside its correction."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd import mean
from nn import MLP, SGD

ROUNDING = 1e-12  # what two correct ways of computing one number may differ by


@dataclass(frozen=True)
class Claim:
    """A formula, what it gives, and what it should give; `where` is the layer or the case.

    `hand` is None where the formula cannot be formed at all: `refusal` then says why.
    """

    formula: str
    hand: Any
    autodiff: Any
    where: object = ""
    refusal: str = ""

    @property
    def distance(self) -> float:
        """The largest difference, relative to the largest number; inf for other shapes."""
        truth = np.asarray(self.autodiff, dtype=float)
        if self.hand is None or np.shape(self.hand) != truth.shape:
            return np.inf
        return float(np.abs(np.asarray(self.hand) - truth).max() / np.abs(truth).max())

    @property
    def holds(self) -> bool:
        return self.distance <= ROUNDING

    @property
    def verdict(self) -> str:
        """The outcome in a few words."""
        if self.refusal:
            return self.refusal
        if np.isinf(self.distance):
            return f"shape {np.shape(self.hand)}, not {np.shape(self.autodiff)}"
        return f"{self.distance:.1e}"


@dataclass(frozen=True)
class Slip:
    """What a lecture says somewhere, as written, and what was meant."""

    about: str
    written: Claim
    corrected: Claim


def attempt(formula: str, hand: Callable[[], Any], autodiff: Any) -> Claim:
    """Return the claim of a formula that may not even fit its arrays."""
    try:
        return Claim(formula, hand(), autodiff)
    except ValueError:
        return Claim(formula, None, autodiff, refusal="has no meaning: the shapes do not fit")
    except KeyError:
        return Claim(formula, None, autodiff, refusal="is never computed")


def stacked(claims: Iterable[Claim], formula: str) -> Claim:
    """Return one claim that holds exactly if all of `claims` do: the furthest of them."""
    worst = max(claims, key=lambda claim: claim.distance)
    return Claim(formula, worst.hand, worst.autodiff, refusal=worst.refusal)


def descend(mlp: MLP, batches: Iterable[tuple[Any, Any]], loss: Any, lr: float) -> list[float]:
    """Train by autodiff and plain gradient descent; return the cost before each step."""
    optimizer = SGD(mlp.parameters(), lr=lr)
    costs = []
    for X, Y in batches:
        cost = mean([loss(mlp(list(x)), list(y)) for x, y in zip(X, Y, strict=True)])
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        costs.append(cost.data)
    return costs


def weights(mlp: MLP) -> list[np.ndarray]:
    """Return the weights of every layer as numbers, (source, target)."""
    return [np.array([[w.data for w in row] for row in layer.W]) for layer in mlp.layers]


def biases(mlp: MLP) -> list[np.ndarray]:
    """Return the biases of every layer as numbers."""
    return [np.array([b.data for b in layer.b]) for layer in mlp.layers]


def sample(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Return numbers away from zero, so that no formula can hold by vanishing."""
    return rng.uniform(0.2, 1.0, shape) * rng.choice([-1.0, 1.0], shape)


def with_biases(mlp: MLP, rng: np.random.Generator) -> MLP:
    """Return the network after giving every bias a number of its own."""
    for layer in mlp.layers:
        for b in layer.b:
            b.data = rng.uniform(-0.5, 0.5)
    return mlp
