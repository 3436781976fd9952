"""Lecture 0: column vectors, the quadratic cost, mini-batch gradient descent.

    z^l = w^l a^(l-1) + b^l,   a^l = σ(z^l),   C = ½‖a^L - y‖²,   w^l is (target, source)

    (1) δ^L = ∂C/∂a^L ⊙ σ'(z^L), with ∂C/∂a^L = a^L - y
    (2) δ^l = ((w^(l+1))ᵀ δ^(l+1)) ⊙ σ'(z^l)
    (3) ∂C/∂b^l = δ^l
    (4) ∂C/∂w^l = δ^l (a^(l-1))ᵀ

Its layers are numbered from 1 and a^0 = x. The proof that the lecture leaves for later is
`proof`, carried out by the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

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

Arrays = list[np.ndarray]


def sigma(z: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-z))


def sigma_prime(z: np.ndarray) -> np.ndarray:
    return sigma(z) * (1.0 - sigma(z))


class System:
    """A network of the lecture: w[l] and b[l] for l = 1 … L; index 0 is not used."""

    def __init__(self, mlp: MLP) -> None:
        self.w: Arrays = [np.empty(0), *(W.T.copy() for W in weights(mlp))]
        self.b: Arrays = [np.empty(0), *(b[:, None] for b in biases(mlp))]
        self.L = len(mlp.layers)

    def feed_forward(self, x: np.ndarray) -> tuple[Arrays, Arrays]:
        a, z = [x], [np.empty(0)]
        for l in range(1, self.L + 1):
            z.append(self.w[l] @ a[l - 1] + self.b[l])
            a.append(sigma(z[l]))
        return z, a

    def errors(self, z: Arrays, a: Arrays, y: np.ndarray) -> Arrays:
        """Return δ^l for every l: equation (1), then equation (2) downwards."""
        delta = [np.empty(0)] * (self.L + 1)
        delta[self.L] = (a[self.L] - y) * sigma_prime(z[self.L])
        for l in range(self.L - 1, 0, -1):
            delta[l] = (self.w[l + 1].T @ delta[l + 1]) * sigma_prime(z[l])
        return delta

    def learn(self, batch: Sequence[tuple[np.ndarray, np.ndarray]], eta: float) -> None:
        """Do one step of the lecture's algorithm on a mini-batch of m examples."""
        m = len(batch)
        passes = []
        for x, y in batch:
            z, a = self.feed_forward(x)
            passes.append((a, self.errors(z, a, y)))
        for l in range(1, self.L + 1):
            self.w[l] -= eta / m * sum(delta[l] @ a[l - 1].T for a, delta in passes)
            self.b[l] -= eta / m * sum(delta[l] for a, delta in passes)


class Setting:
    """A network with equal widths (so that a wrong transpose fits), and data for it."""

    def __init__(self, seed: int = 0, sizes: Sequence[int] = (3, 3, 3), examples: int = 6) -> None:
        rng = np.random.default_rng(seed)
        self.mlp = with_biases(
            MLP(sizes[0], list(sizes), activation="sigmoid", output="sigmoid", seed=seed), rng
        )
        self.X = sample(rng, examples, sizes[0])
        self.Y = rng.uniform(0.0, 1.0, (examples, sizes[-1]))
        self.system = System(self.mlp)
        self.x, self.y = self.X[0][:, None], self.Y[0][:, None]
        self.z, self.a = self.system.feed_forward(self.x)
        self.delta = self.system.errors(self.z, self.a, self.y)
        self.autodiff: Probe = probe(self.mlp, self.X[0], self.Y[0], half_squared_error)

    def layer(self, l: int) -> Any:
        return self.autodiff.layers[l - 1]


def training(seed: int = 0, epochs: int = 5, m: int = 3, eta: float = 0.5) -> Claim:
    """Run the lecture's algorithm beside the same steps of autodiff; compare parameters."""
    s = Setting(seed, examples=12)
    batches = [slice(k, k + m) for _ in range(epochs) for k in range(0, len(s.X), m)]
    for batch in batches:
        columns = [(x[:, None], y[:, None]) for x, y in zip(s.X[batch], s.Y[batch], strict=True)]
        s.system.learn(columns, eta)
    descend(s.mlp, ((s.X[batch], s.Y[batch]) for batch in batches), half_squared_error, eta)
    pairs = zip(s.system.w[1:], (W.T for W in weights(s.mlp)), strict=True)
    rest = zip(s.system.b[1:], (b[:, None] for b in biases(s.mlp)), strict=True)
    return stacked(
        [Claim("", hand, truth) for hand, truth in (*pairs, *rest)],
        f"all w and b after {len(batches)} steps of mini-batch gradient descent",
    )
