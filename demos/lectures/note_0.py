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

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from demos.lectures.claims import (
    Claim,
    Slip,
    attempt,
    biases,
    descend,
    sample,
    stacked,
    weights,
    with_biases,
)
from nn import MLP, Probe, half_squared_error, probe

TITLE = "Lecture 0: columns, quadratic cost, mini-batches"
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


def claims(seed: int = 0) -> Iterator[Claim]:
    """Yield every formula of the lecture, for each layer."""
    s = Setting(seed)
    L, a, z, delta = s.system.L, s.a, s.z, s.delta
    yield Claim("C = ½‖a^L - y‖²", 0.5 * np.sum((a[L] - s.y) ** 2), s.autodiff.root.data)
    yield Claim("∂C/∂a^L = a^L - y", a[L] - s.y, s.layer(L).da[:, None])
    yield Claim("(1) δ^L = (a^L - y) ⊙ σ'(z^L)", delta[L], s.layer(L).delta[:, None])
    for l in range(1, L + 1):
        seen = s.layer(l)
        yield Claim("z^l = w^l a^(l-1) + b^l", z[l], seen.z[:, None], l)
        yield Claim("a^l = σ(z^l)", a[l], seen.a[:, None], l)
        if l < L:
            formula = "(2) δ^l = ((w^(l+1))ᵀ δ^(l+1)) ⊙ σ'(z^l)"
            yield Claim(formula, delta[l], seen.delta[:, None], l)
        yield Claim("(3) ∂C/∂b^l = δ^l", delta[l], seen.db[:, None], l)
        yield Claim("(4) ∂C/∂w^l = δ^l (a^(l-1))ᵀ", delta[l] @ a[l - 1].T, seen.dW.T, l)


def order_of_the_outer_product(s: Setting) -> Slip:
    """(4) is written a^(l-1) δ^l: two columns, whose product does not exist.

    The factors must stand as δ^l (a^(l-1))ᵀ to give (target, source), the shape of w^l.
    """
    l = s.system.L
    truth = s.layer(l).dW.T
    return Slip(
        "(4) has its factors in an order that columns do not allow",
        attempt("∂C/∂w = a^(l-1) δ^l", lambda: s.a[l - 1] @ s.delta[l], truth),
        Claim("∂C/∂w = δ^l (a^(l-1))ᵀ", s.delta[l] @ s.a[l - 1].T, truth),
    )


def update_without_the_sum(s: Setting) -> Slip:
    """The update divides by m but omits Σ over the examples.

    With C the mean over a mini-batch, the step is (η/m) Σ_x δ^l (a^(l-1))ᵀ.
    """
    l, m = s.system.L, len(s.X)
    truth = probe(s.mlp, s.X, s.Y, half_squared_error).layers[l - 1].dW.T
    steps = []
    for x, y in zip(s.X, s.Y, strict=True):
        z, a = s.system.feed_forward(x[:, None])
        steps.append(s.system.errors(z, a, y[:, None])[l] @ a[l - 1].T)
    return Slip(
        "the update has lost Σ over the examples",
        Claim("w ← w - (η/m) δ^l (a^(l-1))ᵀ", steps[-1] / m, truth),
        Claim("w ← w - (η/m) Σ_x δ^l (a^(l-1))ᵀ", sum(steps) / m, truth),
    )


def cost_at_every_layer(s: Setting) -> Slip:
    """∂C/∂a^l = a^l - y is written for every l; the target meets layer L alone.

    Below it ∂C/∂a^l = (w^(l+1))ᵀ δ^(l+1).
    """
    l = s.system.L - 1
    truth = s.layer(l).da[:, None]
    return Slip(
        "C and ∂C/∂a are written for every layer",
        Claim("∂C/∂a^l = a^l - y", s.a[l] - s.y, truth),
        Claim("∂C/∂a^l = (w^(l+1))ᵀ δ^(l+1)", s.system.w[l + 1].T @ s.delta[l + 1], truth),
    )


SLIPS = (order_of_the_outer_product, update_without_the_sum, cost_at_every_layer)


def slips(seed: int = 0) -> list[Slip]:
    """Return every slip of the lecture, as written and corrected."""
    setting = Setting(seed)
    return [slip(setting) for slip in SLIPS]


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
