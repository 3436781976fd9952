"""Lecture 1: one index at a time, any activation in each layer, C = (1/|D|) Σ_x c(x).

a_j = g_ℓ(z_j),   z_j = Σ_i a_i W_ij + b_j   (source i, target j),   δ_j = ∂c/∂z_j

(a) δ_j^L = ∂c/∂a_j · g_L'(z_j)
(b) δ_j^ℓ = Σ_k δ_k^(ℓ+1) (Wᵀ)_kj g_ℓ'(z_j)
(c) ∂c/∂W_ij = a_i δ_j
(d) ∂c/∂b_j = δ_j
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from demos.lectures.claims import Claim, Slip, biases, sample, weights, with_biases
from nn import MLP, Probe, half_squared_error, probe

TITLE = "Lecture 1: one index at a time, a mean over a data set"
List = list[float]

G: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "tanh": (math.tanh, lambda z: 1.0 - math.tanh(z) ** 2),
    "sigmoid": (
        lambda z: 1.0 / (1.0 + math.exp(-z)),
        lambda z: math.exp(-z) / (1.0 + math.exp(-z)) ** 2,
    ),
    "softplus": (lambda z: math.log(1.0 + math.exp(z)), lambda z: 1.0 / (1.0 + math.exp(-z))),
    "identity": (lambda z: z, lambda z: 1.0),
}


class System:
    """The network, layer ℓ = 1 … L; W[ℓ][i][j] goes from unit i to unit j of layer ℓ."""

    def __init__(self, mlp: MLP, activations: Sequence[str]) -> None:
        self.W: list[Any] = [None, *(W.tolist() for W in weights(mlp))]
        self.b: list[Any] = [None, *(b.tolist() for b in biases(mlp))]
        self.g = [None, *activations]
        self.L = len(activations)

    def forward(self, x: Sequence[float]) -> tuple[list[List], list[List]]:
        a, z = [list(x)], [[]]
        for l in range(1, self.L + 1):
            W, b, before = self.W[l], self.b[l], a[l - 1]
            z.append([sum(before[i] * W[i][j] for i in range(len(before))) + b[j]
                      for j in range(len(b))])  # fmt: skip
            a.append([G[self.g[l]][0](z_j) for z_j in z[l]])
        return z, a

    def slope(self, l: int, z_j: float) -> float:
        return G[self.g[l]][1](z_j)

    def errors(self, z: list[List], a: list[List], y: Sequence[float]) -> list[List]:
        """Return δ_j^ℓ for c = ½ Σ (a - y)²: (a) in layer L, then (b) downwards."""
        delta: list[List] = [[] for _ in range(self.L + 1)]
        delta[self.L] = [
            (a_j - y_j) * self.slope(self.L, z_j)
            for a_j, y_j, z_j in zip(a[self.L], y, z[self.L], strict=True)
        ]
        for l in range(self.L - 1, 0, -1):
            W, above = self.W[l + 1], delta[l + 1]
            delta[l] = [
                sum(above[k] * W[j][k] for k in range(len(above))) * self.slope(l, z[l][j])
                for j in range(len(z[l]))
            ]
        return delta

    def gradient(self, l: int, x: Sequence[float], y: Sequence[float]) -> np.ndarray:
        """Return ∂c/∂W_ij = a_i δ_j of layer l for one example."""
        z, a = self.forward(x)
        delta = self.errors(z, a, y)
        return np.array([[a_i * d_j for d_j in delta[l]] for a_i in a[l - 1]])


class Setting:
    """A network with equal widths and an activation for each layer, and a data set D."""

    def __init__(self, seed: int = 0, width: int = 3, examples: int = 5) -> None:
        rng = np.random.default_rng(seed)
        hidden, output = ["tanh", "softplus", "sigmoid"], "identity"
        self.mlp = with_biases(
            MLP(width, [width] * 4, activation=hidden, output=output, seed=seed), rng
        )
        self.X, self.Y = sample(rng, examples, width), sample(rng, examples, width)
        self.x, self.y = self.X[0], self.Y[0]
        self.system = System(self.mlp, [*hidden, output])
        self.z, self.a = self.system.forward(self.x.tolist())
        self.delta = self.system.errors(self.z, self.a, self.y)
        self.autodiff: Probe = probe(self.mlp, self.x, self.y, half_squared_error)

    def layer(self, l: int) -> Any:
        return self.autodiff.layers[l - 1]


def claims(seed: int = 0) -> Iterator[Claim]:
    """Yield every formula of the lecture, for each layer."""
    s = Setting(seed)
    system, a, z, delta = s.system, s.a, s.z, s.delta
    yield Claim("(a) δ_j^L = ∂c/∂a_j g_L'(z_j)", delta[system.L], s.layer(system.L).delta)
    everyone = probe(s.mlp, s.X, s.Y, half_squared_error)
    for l in range(1, system.L + 1):
        seen = s.layer(l)
        mean = sum(system.gradient(l, x, y) for x, y in zip(s.X, s.Y, strict=True)) / len(s.X)
        yield Claim("z_j = Σ_i a_i W_ij + b_j", z[l], seen.z, l)
        yield Claim("a_j = g_ℓ(z_j)", a[l], seen.a, l)
        if l < system.L:
            yield Claim("(b) δ_j^ℓ = Σ_k δ_k^(ℓ+1) (Wᵀ)_kj g_ℓ'(z_j)", delta[l], seen.delta, l)
        yield Claim("(c) ∂c/∂W_ij = a_i δ_j", np.outer(a[l - 1], delta[l]), seen.dW, l)
        yield Claim("(d) ∂c/∂b_j = δ_j", delta[l], seen.db, l)
        yield Claim("∂C/∂W_ij = (1/|D|) Σ_x a_i δ_j", mean, everyone.layers[l - 1].dW, l)


def dropped_slope(s: Setting) -> Slip:
    """A line of the derivation equates ∂c/∂z_j with Σ_k w_jk δ_k: it has dropped g'.

    Σ_k W_jk δ_k is ∂c/∂a_j; the step from a_j to z_j multiplies it by g'(z_j).
    """
    l = 1
    through = np.array(s.system.W[l + 1]) @ np.array(s.delta[l + 1])
    slope = [s.system.slope(l, z_j) for z_j in s.z[l]]
    return Slip(
        "a line drops g'",
        Claim("∂c/∂z_j = Σ_k w_jk δ_k", through, s.layer(l).delta),
        Claim("∂c/∂z_j = g'(z_j) Σ_k w_jk δ_k", through * slope, s.layer(l).delta),
        slope,
    )


def untransposed_weights(s: Setting) -> Slip:
    """The same line has w_kj where (Wᵀ)_kj = W_jk is meant.

    With W_ij from source i to target j, unit j of this layer sends along row j of W.
    """
    l = 2
    W, above = np.array(s.system.W[l + 1]), np.array(s.delta[l + 1])
    slope = np.array([s.system.slope(l, z_j) for z_j in s.z[l]])
    return Slip(
        "w_kj stands untransposed",
        Claim("δ_j = g'(z_j) Σ_k W_kj δ_k", slope * (W.T @ above), s.layer(l).delta),
        Claim("δ_j = g'(z_j) Σ_k (Wᵀ)_kj δ_k", slope * (W @ above), s.layer(l).delta),
    )


def last_layer_for_a_general_one(s: Setting) -> Slip:
    """L stands for a general layer, so that δ^L and W^L seem to reach every layer below.

    δ^ℓ takes the errors of the next layer, ℓ + 1; only for ℓ = L - 1 is that δ^L.
    """
    l, L = 1, s.system.L
    slope = np.array([s.system.slope(l, z_j) for z_j in s.z[l]])

    def hidden(above: int) -> np.ndarray:
        return slope * (np.array(s.system.W[above]) @ np.array(s.delta[above]))

    return Slip(
        "L stands for a general layer",
        Claim("δ_j^ℓ = g_ℓ'(z_j) Σ_k δ_k^L (Wᵀ)_kj", hidden(L), s.layer(l).delta),
        Claim("δ_j^ℓ = g_ℓ'(z_j) Σ_k δ_k^(ℓ+1) (Wᵀ)_kj", hidden(l + 1), s.layer(l).delta),
    )


def source_for_target(s: Setting) -> Slip:
    """Part (b) writes ∂z_i where ∂z_j is meant.

    W_ij and b_j enter z_j, the target's sum. Taking the source's error δ_i instead pairs a
    weight with the layer below.
    """
    l = 3
    a, delta, below = (np.array(row) for row in (s.a[l - 1], s.delta[l], s.delta[l - 1]))
    written = np.outer(a * below, np.ones(len(delta)))
    return Slip(
        "∂z_i is written where ∂z_j is meant",
        Claim("∂c/∂W_ij = ∂c/∂z_i a_i", written, s.layer(l).dW),
        Claim("∂c/∂W_ij = ∂c/∂z_j a_i", np.outer(a, delta), s.layer(l).dW),
    )


def one_example_for_all(s: Setting) -> Slip:
    """The last formulas say ∂C and hold for one example's c.

    C is the mean over D, and so are its derivatives.
    """
    l = s.system.L
    truth = probe(s.mlp, s.X, s.Y, half_squared_error).layers[l - 1].dW
    every = [s.system.gradient(l, x, y) for x, y in zip(s.X, s.Y, strict=True)]
    return Slip(
        "the last formulas are for c, not for the mean C",
        Claim("∂C/∂W_ij = a_i δ_j", every[0], truth),
        Claim("∂C/∂W_ij = (1/|D|) Σ_x a_i δ_j", sum(every) / len(every), truth),
    )


SLIPS = (
    dropped_slope,
    untransposed_weights,
    last_layer_for_a_general_one,
    source_for_target,
    one_example_for_all,
)


def slips(seed: int = 0) -> list[Slip]:
    """Return every slip of the lecture, as written and corrected."""
    setting = Setting(seed)
    return [slip(setting) for slip in SLIPS]
