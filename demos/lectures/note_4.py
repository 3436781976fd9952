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
    Slip,
    biases,
    descend,
    sample,
    stacked,
    weights,
    with_biases,
)
from nn import MLP, Probe, half_squared_error, probe

TITLE = "Lecture 4: whole batches as columns"
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


def claims(seed: int = 0) -> Iterator[Claim]:
    """Yield every formula of the lecture, for each layer."""
    s = Setting(seed)
    L = s.system.L
    yield Claim("J = (1/2m) Σ (y - a^L)², a scalar", s.system.loss(s.Y), s.autodiff.root.data)
    for l in range(L, 0, -1):
        arriving = "1. da^L = (1/m)(a^L - y)" if l == L else "3. 5. da^l = (w^(l+1))ᵀ dz^(l+1)"
        yield Claim(arriving, s.delta[f"a{l}"], s.by("a", l), l)
        yield Claim("2. 4. dz^l = da^l ⊙ g'(z^l)", s.delta[f"z{l}"], s.by("z", l), l)
        yield Claim("dw^l = dz^l (a^(l-1))ᵀ", s.delta[f"w{l}"], s.by("w", l), l)
        yield Claim("db^l = dz^l summed over its columns", s.delta[f"b{l}"], s.by("b", l), l)


def sign_of_the_error(s: Setting) -> Slip:
    """∂J/∂a^L is written (1/m)(y - a); the square's derivative brings the other sign."""
    L = s.system.L
    error = (s.Y - s.system.a[L]) / s.m
    return Slip(
        "the error has the wrong sign",
        Claim("∂J/∂a^L = (1/m)(y - a^L)", error, s.by("a", L)),
        Claim("∂J/∂a^L = (1/m)(a^L - y)", -error, s.by("a", L)),
    )


def mean_error_as_a_scalar(s: Setting) -> Slip:
    """The mean of y - a is called a scalar, the "L1 loss", and stands for ∂J/∂a^L.

    The derivative by n × m numbers has n × m entries, and an L1 loss would be Σ |y - a|.
    """
    L = s.system.L
    return Slip(
        "the derivative of J by a^L is called a scalar",
        Claim("∂J/∂a^L = mean(y - a^L)", np.mean(s.Y - s.system.a[L]), s.by("a", L)),
        Claim("∂J/∂a^L = (1/m)(a^L - y), (n, m)", (s.system.a[L] - s.Y) / s.m, s.by("a", L)),
    )


def activation_behind_the_slope(s: Setting) -> Slip:
    """Step 2 goes on, dz^L = da^L ⊙ g'(z^L) · a^(L-1): that factor belongs to dw^L."""
    L = s.system.L
    dz = s.delta[f"a{L}"] * s.system.slope(L)
    return Slip(
        "step 2 goes on with · a^(L-1)",
        Claim("dz^L = da^L ⊙ g'(z^L) · a^(L-1)", dz * s.system.a[L - 1], s.by("z", L)),
        Claim("dz^L = da^L ⊙ g'(z^L)", dz, s.by("z", L)),
    )


def activation_for_the_slope(s: Setting) -> Slip:
    """a^(L-1) stands where g' belongs, at z^L in step 2 and at z^(L-1) in step 4."""
    L = s.system.L
    steps = [(L, "2"), (L - 1, "4")]
    written = [s.delta[f"a{l}"] * s.system.a[L - 1] for l, _ in steps]
    right = [s.delta[f"a{l}"] * s.system.slope(l) for l, _ in steps]
    truth = [s.by("z", l) for l, _ in steps]
    return Slip(
        "a^(L-1) stands where g' belongs, in steps 2 and 4",
        Claim("dz^l = da^l ⊙ a^(L-1)", written, truth),
        Claim("dz^l = da^l ⊙ g'(z^l)", right, truth),
    )


def weights_of_the_layer_below(s: Setting) -> Slip:
    """∂z^L/∂a^(L-1) is called w^(L-1) in step 3; it is w^L, for z^L = w^L a^(L-1) + b^L."""
    L = s.system.L
    w, dz = s.system.w, s.delta[f"z{L}"]
    return Slip(
        "step 3 takes the weights of the layer below",
        Claim("da^(L-1) = (w^(L-1))ᵀ dz^L", w[L - 1].T @ dz, s.by("a", L - 1)),
        Claim("da^(L-1) = (w^L)ᵀ dz^L", w[L].T @ dz, s.by("a", L - 1)),
    )


def weights_of_step_five(s: Setting) -> Slip:
    """Step 5, a layer further down, in turn needs w^(L-1), not the next one below."""
    L = s.system.L
    w, dz = s.system.w, s.delta[f"z{L - 1}"]
    return Slip(
        "step 5 takes the weights of the layer below",
        Claim("da^(L-2) = (w^(L-2))ᵀ dz^(L-1)", w[L - 2].T @ dz, s.by("a", L - 2)),
        Claim("da^(L-2) = (w^(L-1))ᵀ dz^(L-1)", w[L - 1].T @ dz, s.by("a", L - 2)),
    )


def weights_untransposed(s: Setting) -> Slip:
    """W stands untransposed in steps 3 to 5: with equal widths it fits, and is wrong."""
    L = s.system.L
    pairs = [(s.system.w[l], s.delta[f"z{l}"]) for l in (L, L - 1)]
    truth = [s.by("a", l - 1) for l in (L, L - 1)]
    return Slip(
        "w stands untransposed in steps 3 to 5",
        Claim("da^(l-1) = w^l dz^l", [w @ dz for w, dz in pairs], truth),
        Claim("da^(l-1) = (w^l)ᵀ dz^l", [w.T @ dz for w, dz in pairs], truth),
    )


def cost_as_a_row(s: Setting) -> Slip:
    """J is said to be (1, m): that row holds each example's c, and J is their mean."""
    row = np.sum((s.Y - s.system.a[s.system.L]) ** 2, axis=0, keepdims=True) / 2
    return Slip(
        "J is called (1, m)",
        Claim("J = ½ Σ_j (y - a)², (1, m)", row, s.autodiff.root.data),
        Claim("J = (1/m) Σ_x of that row", row.mean(), s.autodiff.root.data),
    )


def bias_with_columns(s: Setting) -> Slip:
    """Db is given the shape (n, m) of dz; b is one column, so db is dz summed over m."""
    l = s.system.L
    dz = s.delta[f"z{l}"]
    return Slip(
        "db is called (n, m)",
        Claim("db^l = dz^l, (n, m)", dz, s.by("b", l)),
        Claim("db^l = dz^l summed over m, (n, 1)", dz.sum(axis=1, keepdims=True), s.by("b", l)),
    )


def no_formula_for_the_weights(s: Setting) -> Slip:
    """Δw and Δb are in the dictionary and get no formula: Δw^l = dz^l (a^(l-1))ᵀ."""
    l = s.system.L
    right = s.delta[f"z{l}"] @ s.system.a[l - 1].T
    return Slip(
        "Δw and Δb get no formula",
        Claim("Δw^l, Δb^l", None, s.by("w", l), refusal="no formula is given"),
        Claim("Δw^l = dz^l (a^(l-1))ᵀ", right, s.by("w", l)),
    )


SLIPS = (
    sign_of_the_error,
    mean_error_as_a_scalar,
    activation_behind_the_slope,
    activation_for_the_slope,
    weights_of_the_layer_below,
    weights_of_step_five,
    weights_untransposed,
    cost_as_a_row,
    bias_with_columns,
    no_formula_for_the_weights,
)


def slips(seed: int = 0) -> list[Slip]:
    """Return every slip of the lecture, as written and corrected."""
    setting = Setting(seed)
    return [slip(setting) for slip in SLIPS]


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
