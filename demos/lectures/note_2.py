"""Lecture 2: row vectors, and the training algorithm of one epoch.

    a^(l) = g_l(z^(l)),   z^(l) = a^(l-1) W^(l) + b^(l),   a row (1, n_l) for each layer

    ∂z_k^(l+1)/∂z_j^(l) = g_l'(z_j) W_jk, and so δ_j^(l) = g_l'(z_j) Σ_k W_jk δ_k^(l+1)

One epoch: forward for l = 1 … L; δ^L; δ^l for l = L-1 … 1 with the gradients on the way;
then W ← W - η ∂C/∂W and b ← b - η ∂C/∂b, "or an alternative to GD".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import gradients
from demos.lectures.claims import (
    Claim,
    Slip,
    attempt,
    biases,
    sample,
    stacked,
    weights,
    with_biases,
)
from nn import MLP, SGD, Adam, Probe, RMSprop, half_squared_error, probe

Arrays = list[np.ndarray]
Gradients = dict[str, np.ndarray]


class System:
    """W[l] and b[l] for l = 1 … L; tanh inside, the identity at the end."""

    def __init__(self, mlp: MLP) -> None:
        self.W: Arrays = [np.empty(0), *weights(mlp)]
        self.b: Arrays = [np.empty(0), *(b[None, :] for b in biases(mlp))]
        self.L = len(mlp.layers)

    def g(self, l: int, z: np.ndarray) -> np.ndarray:
        return z if l == self.L else np.tanh(z)

    def slope(self, l: int, z: np.ndarray) -> np.ndarray:
        return np.ones_like(z) if l == self.L else 1.0 - np.tanh(z) ** 2

    def forward(self, x: np.ndarray) -> tuple[Arrays, Arrays]:
        a, z = [x], [np.empty(0)]
        for l in range(1, self.L + 1):
            z.append(a[l - 1] @ self.W[l] + self.b[l])
            a.append(self.g(l, z[l]))
        return z, a

    def backward(self, x: np.ndarray, y: np.ndarray, *, literally: bool = False) -> Gradients:
        """Return δl, Wl and bl for every l, for the cost c = ½ Σ (a - y)².

        `literally`, the gradients come out of the loop over l = L-1 … 1 alone.
        """
        z, a = self.forward(x)
        delta = (a[self.L] - y) * self.slope(self.L, z[self.L])
        found = {f"δ{self.L}": delta}
        if not literally:
            found |= {f"W{self.L}": a[self.L - 1].T @ delta, f"b{self.L}": delta}
        for l in range(self.L - 1, 0, -1):
            delta = (delta @ self.W[l + 1].T) * self.slope(l, z[l])
            found |= {f"δ{l}": delta, f"W{l}": a[l - 1].T @ delta, f"b{l}": delta}
        return found

    def epoch(
        self, x: np.ndarray, y: np.ndarray, update: Callable[[str, np.ndarray, np.ndarray], Any]
    ) -> None:
        """Go forward and backward, and let `update` change every W and b in place."""
        found = self.backward(x, y)
        for l in range(1, self.L + 1):
            update(f"W{l}", self.W[l], found[f"W{l}"])
            update(f"b{l}", self.b[l], found[f"b{l}"])


class Setting:
    """A network that narrows, 4-3-3-2, one example, and its probe."""

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.mlp = with_biases(MLP(4, [3, 3, 2], activation="tanh", seed=seed), rng)
        self.x, self.y = sample(rng, 4), sample(rng, 2)
        self.system = System(self.mlp)
        self.row, self.target = self.x[None, :], self.y[None, :]
        self.z, self.a = self.system.forward(self.row)
        self.found = self.system.backward(self.row, self.target)
        self.autodiff: Probe = probe(self.mlp, self.x, self.y, half_squared_error)

    def layer(self, l: int) -> Any:
        return self.autodiff.layers[l - 1]

    def between(self, l: int) -> np.ndarray:
        """Return autodiff's ∂z_k^(l+1)/∂z_j^(l), indexed [j, k]."""
        lower, upper = self.layer(l).nodes.z, self.layer(l + 1).nodes.z
        return np.array([gradients(z_k, lower) for z_k in upper]).T


def loop_without_the_last_layer(s: Setting) -> Slip:
    """The loop that makes the gradients starts at l = L-1.

    Taken literally ∂C/∂W^(L) and ∂C/∂b^(L) are never computed, and layer L never learns.
    """
    L = s.system.L
    literal = s.system.backward(s.row, s.target, literally=True)
    return Slip(
        "the loop starts at L - 1, so that layer L gets no gradient",
        attempt("for l = L-1 … 1: ∂C/∂W^(l)", lambda: literal[f"W{L}"], s.layer(L).dW),
        Claim("∂C/∂W^(L) from δ^(L), then the loop", s.found[f"W{L}"], s.layer(L).dW),
    )


def gradient_descent(eta: float) -> Callable[..., None]:
    def update(name: str, numbers: np.ndarray, gradient: np.ndarray) -> None:
        numbers -= eta * gradient

    return update


def rms_prop(eta: float, rho: float = 0.99, epsilon: float = 1e-8) -> Callable[..., None]:
    """S ← ρ s + (1-ρ) g²,  w ← w - η g / (√s + ε)."""
    s: dict[str, Any] = {}

    def update(name: str, numbers: np.ndarray, gradient: np.ndarray) -> None:
        s[name] = rho * s.get(name, 0.0) + (1.0 - rho) * gradient**2
        numbers -= eta * gradient / (np.sqrt(s[name]) + epsilon)

    return update


def adam(
    eta: float, beta: float = 0.9, gamma: float = 0.999, epsilon: float = 1e-8
) -> Callable[..., None]:
    """Means of g and g², each divided by 1 - βᵗ; w ← w - η m̂ / (√v̂ + ε)."""
    state: dict[str, Any] = {}

    def update(name: str, numbers: np.ndarray, gradient: np.ndarray) -> None:
        m, v, t = state.get(name, (0.0, 0.0, 0))
        m, v, t = beta * m + (1 - beta) * gradient, gamma * v + (1 - gamma) * gradient**2, t + 1
        state[name] = m, v, t
        numbers -= eta * (m / (1 - beta**t)) / (np.sqrt(v / (1 - gamma**t)) + epsilon)

    return update


RULES = {
    "gradient descent": (gradient_descent, SGD),
    "RMSprop": (rms_prop, RMSprop),
    "Adam": (adam, Adam),
}


def training(seed: int = 0, rule: str = "gradient descent", epochs: int = 20) -> Claim:
    """Run the lecture's epochs beside the library's optimiser; compare all parameters."""
    s = Setting(seed)
    by_hand, optimizer_of = RULES[rule]
    update, optimizer = by_hand(0.02), optimizer_of(s.mlp.parameters(), lr=0.02)
    for _ in range(epochs):
        s.system.epoch(s.row, s.target, update)
        optimizer.zero_grad()
        half_squared_error(s.mlp(s.x), s.y).backward()
        optimizer.step()
    pairs = zip(s.system.W[1:], weights(s.mlp), strict=True)
    rest = zip(s.system.b[1:], (b[None, :] for b in biases(s.mlp)), strict=True)
    return stacked(
        [Claim("", hand, truth) for hand, truth in (*pairs, *rest)],
        f"all W and b after {epochs} epochs of {rule}",
    )
