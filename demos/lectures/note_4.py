"""Lecture 4: a whole batch as columns; every array is (n, m), m examples side by side.

    z^l = w^l a^(l-1) + b^l,   a^l = g(z^l),   J = (1/2m) Σ (y - a^L)²

    1. da^L = (1/m)(a^L - y)              2. dz^L = da^L ⊙ g'(z^L)
    3. da^(L-1) = (w^L)ᵀ dz^L             4. dz^(L-1) = da^(L-1) ⊙ g'(z^(L-1))
    5. da^(L-2) = (w^(L-1))ᵀ dz^(L-1)     and so on down
    dw^l = dz^l (a^(l-1))ᵀ,   db^l = dz^l summed over its columns

The lecture keeps Δa, Δz, Δw and Δb of each layer in a dictionary, and its loop of gradient
descent outputs the loss. Here Δ stands for ∂J by that array.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from autograd import gradients
from demos.lectures.claims import (
    Claim,
    biases,
    descend,
    sample,
    stacked,
    weights,
    with_biases,
)
from nn import MLP, Probe, half_squared_error, probe

Delta = dict[str, np.ndarray]


class System:
    """w[l] and b[l] for l = 1 … L; tanh in every layer."""

    def __init__(self, mlp: MLP) -> None:
        self.L = len(mlp.layers)
        self.w = {l + 1: W.T.copy() for l, W in enumerate(weights(mlp))}
        self.b = {l + 1: b[:, None] for l, b in enumerate(biases(mlp))}

    def forward(self, X: np.ndarray) -> None:
        self.a, self.z = {0: X}, {}
        for l in range(1, self.L + 1):
            self.z[l] = self.w[l] @ self.a[l - 1] + self.b[l]
            self.a[l] = np.tanh(self.z[l])

    def slope(self, l: int) -> np.ndarray:
        return 1.0 - np.tanh(self.z[l]) ** 2

    def loss(self, Y: np.ndarray) -> float:
        return float(np.sum((Y - self.a[self.L]) ** 2) / (2 * Y.shape[1]))

    def backward(self, Y: np.ndarray) -> Delta:
        """Return the dictionary Δ: a, z, w and b of every layer."""
        da = (self.a[self.L] - Y) / Y.shape[1]
        delta = {}
        for l in range(self.L, 0, -1):
            dz = da * self.slope(l)
            delta[f"a{l}"], delta[f"z{l}"] = da, dz
            delta[f"w{l}"] = dz @ self.a[l - 1].T
            delta[f"b{l}"] = dz.sum(axis=1, keepdims=True)
            da = self.w[l].T @ dz
        return delta

    def descend(self, X: np.ndarray, Y: np.ndarray, eta: float, steps: int) -> Iterator[float]:
        """Yield the loss before each step of gradient descent."""
        for _ in range(steps):
            self.forward(X)
            yield self.loss(Y)
            delta = self.backward(Y)
            for l in range(1, self.L + 1):
                self.w[l] -= eta * delta[f"w{l}"]
                self.b[l] -= eta * delta[f"b{l}"]


class Setting:
    """A network, of equal widths so that a wrong transpose fits, and a batch."""

    def __init__(
        self, seed: int = 0, m: int = 5, fan_in: int = 3, sizes: Sequence[int] = (3, 3, 3)
    ) -> None:
        rng = np.random.default_rng(seed)
        self.mlp = with_biases(
            MLP(fan_in, list(sizes), activation="tanh", output="tanh", seed=seed), rng
        )
        self.X, self.Y = sample(rng, fan_in, m), 0.5 * sample(rng, sizes[-1], m)
        self.m = m
        self.system = System(self.mlp)
        self.system.forward(self.X)
        self.delta = self.system.backward(self.Y)
        self.autodiff: Probe = probe(self.mlp, self.X.T, self.Y.T, half_squared_error)

    def by(self, name: str, l: int) -> np.ndarray:
        """Return autodiff's ∂J by the array of that name, in the lecture's shape."""
        layer = self.autodiff.layers[l - 1]
        if name in "wb":
            return layer.dW.T if name == "w" else layer.db[:, None]
        rows = getattr(layer.nodes, name)
        flat = gradients(self.autodiff.root, [node for row in rows for node in row])
        return np.reshape(flat, np.shape(rows)).T


def training(seed: int = 0, steps: int = 20, eta: float = 0.3) -> tuple[list[float], Claim]:
    """Run the lecture's loop beside autodiff; return its losses and the comparison."""
    s = Setting(seed)
    losses = list(s.system.descend(s.X, s.Y, eta, steps))
    costs = descend(s.mlp, [(s.X.T, s.Y.T)] * steps, half_squared_error, eta)
    pairs = zip(s.system.w.values(), (W.T for W in weights(s.mlp)), strict=True)
    rest = zip(s.system.b.values(), (b[:, None] for b in biases(s.mlp)), strict=True)
    every: list[Any] = [(losses, costs), *pairs, *rest]
    return losses, stacked(
        [Claim("", hand, truth) for hand, truth in every],
        f"the loss at every step, and all w and b, over {steps} steps",
    )
