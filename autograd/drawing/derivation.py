"""The derivation of δ and of ∂C/∂W in words and numbers, from the numbers of a network.

The lines of one derivation follow the textbook: the formula, the numbers put in, the result.
"""

from __future__ import annotations

from autograd.drawing.colours import number
from autograd.drawing.picture import NetworkPicture

MOST_TERMS = 4  # of a sum over the next layer
SLOPES = {
    "tanh": "(1 − {a}²)",
    "sigmoid": "{a}(1 − {a})",
    "relu": "[{z} > 0]",
    "identity": "1",
}


def unit_derivation(picture: NetworkPicture, layer: int, j: int) -> list[str]:
    """Return how δ of unit j of layer number `layer` comes about, a line for each step.

    For a hidden unit δ_j = g'(z_j) Σ_k W_jk δ_k; at the output δ_j = g'(z_j) ∂C/∂a_j.
    """
    shown = picture.layers[layer - 1]
    name = f"δ{layer}[{j}]"
    if shown.delta is None:
        return [f"{name} is not known"]
    result = f"= {number(shown.delta[j], signed=True)}"
    hidden = layer < len(picture.layers)
    if shown.slope is None or (hidden and picture.layers[layer].delta is None):
        return [f"{name} = ∂C/∂z{layer}[{j}]", result]
    pattern = SLOPES.get(shown.activation, f"{shown.activation or 'g'}′({{z}})")
    slope = pattern.format(a=f"a{layer}[{j}]", z=f"z{layer}[{j}]")
    factor = _bracketed(shown.slope[j])
    if hidden:
        return [
            f"{name} = {slope} · Σₖ W{layer + 1}[{j},k] δ{layer + 1}[k]",
            f"= {factor} · ({_terms(picture, layer, j)})",
            result,
        ]
    if shown.da is None:
        return [f"{name} = {slope} · ∂C/∂a{layer}[{j}]", result]
    return [
        f"{name} = {slope} · ∂C/∂a{layer}[{j}]",
        f"= {factor} · {_bracketed(shown.da[j])}",
        result,
    ]


def weight_derivation(picture: NetworkPicture, layer: int, i: int, j: int) -> list[str]:
    """Return how ∂C/∂W_ij = a_i δ_j comes about, a line for each step."""
    shown = picture.layers[layer - 1]
    name = f"∂C/∂W{layer}[{i},{j}]"
    if shown.dW is None:
        return [f"{name} is not known"]
    result = f"= {number(shown.dW[i][j], signed=True)}"
    a = picture.a(layer - 1)
    if picture.samples > 1:
        factors = f"a{layer - 1}[{i}] · δ{layer}[{j}]"
        return [f"{name} = Σ over {picture.samples} samples of {factors}", result]
    if a is None or shown.delta is None:
        return [name, result]
    return [
        f"{name} = a{layer - 1}[{i}] · δ{layer}[{j}]",
        f"= {_bracketed(a[i])} · {_bracketed(shown.delta[j])}",
        result,
    ]


def advice(picture: NetworkPicture, layer: int, i: int, j: int) -> str:
    """Return what a small step down the gradient does to a weight."""
    shown = picture.layers[layer - 1]
    gradient = None if shown.dW is None else shown.dW[i][j]
    if not gradient:
        return "" if gradient is None else "A small step down the gradient leaves this weight."
    change = "lowers" if gradient > 0 else "raises"
    return f"A small step down the gradient {change} this weight."


def _terms(picture: NetworkPicture, layer: int, j: int) -> str:
    after = picture.layers[layer]
    terms = [
        f"{_bracketed(w, always=True)}{_bracketed(delta, always=True)}"
        for w, delta in zip(after.W[j], after.delta, strict=True)
    ]
    left = len(terms) - MOST_TERMS
    return " + ".join(terms[:MOST_TERMS]) + (f" + … {left} more" if left > 0 else "")


def _bracketed(x: float, *, always: bool = False) -> str:
    shown = number(x)
    return f"({shown})" if always or x < 0 else shown
