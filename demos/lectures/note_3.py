"""Lecture 3: target-first weights, any error function E(Ŷ, Y), and an output function.

    z_k^l = Σ_j W_kj^l a_j^(l-1) + b_k^l      W_kj from unit j of layer l-1 to unit k of layer l

    δ_j^L = ∂E/∂ŷ_j σ^L'(z_j)                 σ^L, the output function, may differ from σ
    δ_k^l = [Σ_m δ_m^(l+1) W_mk^(l+1)] σ'(z_k)
    ∂E/∂W_kj = δ_k a_j,   ∂E/∂b_k = δ_k

The input is layer 1, a^1 = X: a network of L layers has L - 1 weight matrices, W^2 … W^L.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from autograd import log
from demos.lectures.claims import Claim, Slip, biases, sample, weights, with_biases
from nn import MLP, mean_squared_error, probe

TITLE = "Lecture 3: target-first weights, any error, an output function"


class Error(NamedTuple):
    """An error function by hand, its ∂E/∂ŷ, and the same for the engine."""

    value: Callable[[np.ndarray, np.ndarray], float]
    by_output: Callable[[np.ndarray, np.ndarray], np.ndarray]
    engine: Callable[[Any, Any], Any]


class Output(NamedTuple):
    """An output function σ^L and its derivative."""

    value: Callable[[np.ndarray], np.ndarray]
    slope: Callable[[np.ndarray], np.ndarray]


def likelihood(outputs: Any, target: Any) -> Any:
    """Return -Σ y ln ŷ + (1 - y) ln(1 - ŷ), for outputs that are probabilities."""
    pairs = zip(outputs, target, strict=True)
    return -sum(y * log(p) + (1.0 - y) * log(1.0 - p) for p, y in pairs)


ERRORS = {
    "MSE": Error(
        lambda p, y: float(np.mean((p - y) ** 2)),
        lambda p, y: 2.0 * (p - y) / len(y),
        mean_squared_error,
    ),
    "likelihood": Error(
        lambda p, y: float(-np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))),
        lambda p, y: (p - y) / (p * (1.0 - p)),
        likelihood,
    ),
}


def _sigmoid(z: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-z))


OUTPUTS = {
    "sigmoid": Output(_sigmoid, lambda z: _sigmoid(z) * (1.0 - _sigmoid(z))),
    "identity": Output(lambda z: z, np.ones_like),
    "softplus": Output(lambda z: np.log(1.0 + np.exp(z)), _sigmoid),
}
CASES = (
    ("MSE", "identity"),
    ("MSE", "softplus"),
    ("MSE", "sigmoid"),
    ("likelihood", "sigmoid"),
)


class System:
    """The procedure of the lecture; dictionaries by layer, the input being layer 1."""

    def __init__(self, mlp: MLP, error: str, output: str) -> None:
        self.L = len(mlp.layers) + 1
        self.W = {l + 2: W.T for l, W in enumerate(weights(mlp))}
        self.b = {l + 2: b for l, b in enumerate(biases(mlp))}
        self.E, self.sigma_L = ERRORS[error], OUTPUTS[output]

    def forward(self, x: np.ndarray) -> None:
        """Go forward and store every z and a."""
        self.a, self.z = {1: x}, {}
        for l in range(2, self.L + 1):
            self.z[l] = self.W[l] @ self.a[l - 1] + self.b[l]
            self.a[l] = self.sigma_L.value(self.z[l]) if l == self.L else np.tanh(self.z[l])

    def backward(self, y: np.ndarray) -> None:
        """Go backward from δ^L, and store every δ and derivative."""
        L = self.L
        self.delta = {L: self.E.by_output(self.a[L], y) * self.sigma_L.slope(self.z[L])}
        for l in range(L - 1, 1, -1):
            above, W = self.delta[l + 1], self.W[l + 1]
            sums = [sum(above[m] * W[m, k] for m in range(len(above))) for k in range(W.shape[1])]
            self.delta[l] = np.array(sums) * (1.0 - np.tanh(self.z[l]) ** 2)
        self.dW = {
            l: np.array([[d_k * a_j for a_j in self.a[l - 1]] for d_k in self.delta[l]])
            for l in range(2, L + 1)
        }


def claims(seed: int = 0) -> Iterator[Claim]:
    """Yield every formula of the lecture, for each layer, error and output function."""
    for error, output in CASES:
        rng = np.random.default_rng(seed)
        mlp = with_biases(MLP(3, [4, 3, 2], activation="tanh", output=output, seed=seed), rng)
        x, y = sample(rng, 3), rng.uniform(0.1, 0.9, 2)
        s = System(mlp, error, output)
        s.forward(x)
        s.backward(y)
        seen = probe(mlp, x, y, s.E.engine)
        case = f"{error}/{output}"
        layer = {l + 2: one for l, one in enumerate(seen.layers)}
        yield Claim("L - 1 weight matrices", s.L - 1, len(seen.layers), case)
        yield Claim("E(Ŷ, Y)", s.E.value(s.a[s.L], y), seen.root.data, case)
        yield Claim("δ_j^L = ∂E/∂ŷ_j σ^L'(z_j)", s.delta[s.L], layer[s.L].delta, case)
        for l, one in layer.items():
            yield Claim("z_k^l = Σ_j W_kj^l a_j^(l-1) + b_k^l", s.z[l], one.z, case)
            if l < s.L:
                formula = "δ_k^l = [Σ_m δ_m^(l+1) W_mk^(l+1)] σ'(z_k)"
                yield Claim(formula, s.delta[l], one.delta, case)
            yield Claim("∂E/∂W_kj = δ_k a_j", s.dW[l], one.dW.T, case)
            yield Claim("∂E/∂b_k = δ_k", s.delta[l], one.db, case)


def slips(seed: int = 0) -> list[Slip]:
    """Return no slips: this lecture's formulas hold as they are written."""
    return []
