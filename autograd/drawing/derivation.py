"""The derivation of δ and of ∂C/∂W in words and numbers, from the numbers of a network.

The lines of one derivation follow the textbook: the formula, the numbers put in, the result.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from autograd.drawing.colours import number
from autograd.drawing.picture import NetworkPicture
from autograd.numerals import arithmetic

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
    delta = shown.delta[j]
    hidden = layer < len(picture.layers)
    above = picture.layers[layer].delta if hidden else shown.da
    if shown.slope is None or above is None:
        return [f"{name} = ∂C/∂z{layer}[{j}]", _result(delta)]
    pattern = SLOPES.get(shown.activation, f"{shown.activation or 'g'}′({{z}})")
    slope = pattern.format(a=f"a{layer}[{j}]", z=f"z{layer}[{j}]")
    if not hidden:
        formula = f"{name} = {slope} · ∂C/∂a{layer}[{j}]"
        return [formula, *_lines(delta, [[shown.slope[j], above[j]]])]
    formula = f"{name} = {slope} · Σₖ W{layer + 1}[{j},k] δ{layer + 1}[k]"
    terms = list(zip(picture.layers[layer].W[j], above, strict=True))
    if len(terms) <= MOST_TERMS:
        return [formula, *_lines(delta, terms, front=[shown.slope[j]])]
    total = sum(w * d for w, d in terms)
    first = " + ".join(f"({number(w)})({number(d)})" for w, d in terms[:MOST_TERMS])
    some = f"Σₖ = {first} + … {len(terms) - MOST_TERMS} more {_result(total, '≈')}"
    return [formula, some, *_lines(delta, [[shown.slope[j], total]])]


def weight_derivation(picture: NetworkPicture, layer: int, i: int, j: int) -> list[str]:
    """Return how ∂C/∂W_ij = a_i δ_j comes about, a line for each step."""
    shown = picture.layers[layer - 1]
    name = f"∂C/∂W{layer}[{i},{j}]"
    if shown.dW is None:
        return [f"{name} is not known"]
    gradient = shown.dW[i][j]
    a = picture.a(layer - 1)
    factors = f"a{layer - 1}[{i}] · δ{layer}[{j}]"
    if picture.samples > 1:
        return [f"{name} = Σ over {picture.samples} samples of {factors}", _result(gradient)]
    if a is None or shown.delta is None:
        return [name, _result(gradient)]
    return [f"{name} = {factors}", *_lines(gradient, [[a[i], shown.delta[j]]])]


def advice(picture: NetworkPicture, layer: int, i: int, j: int) -> str:
    """Return what a small step down the gradient does to a weight."""
    shown = picture.layers[layer - 1]
    gradient = None if shown.dW is None else shown.dW[i][j]
    if not gradient:
        return "" if gradient is None else "A small step down the gradient leaves this weight."
    change = "lowers" if gradient > 0 else "raises"
    return f"A small step down the gradient {change} this weight."


def _lines(
    value: float, terms: Sequence[Sequence[float]], front: Sequence[float] = ()
) -> list[str]:
    """Return the line with the numbers put in and the line of the result, with its sign."""
    numbers, equals, _ = re.split(r" ([=≈]) (?=[^=≈]*$)", arithmetic(value, terms, front))
    return [numbers, _result(value, equals)]


def _result(value: float, equals: str = "=") -> str:
    return f"{equals} {number(value, signed=True)}"
