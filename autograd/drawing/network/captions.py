"""The derivation of δ and of ∂C/∂W, a line for each step, for pictures and pages.

The lines are those of `autograd.explanation.network`; what a picture does not know is said here.
"""

from __future__ import annotations

import re

from autograd.drawing.network.picture import NetworkPicture
from autograd.explanation import numerals
from autograd.explanation.network import Line, Network


def unit_derivation(picture: NetworkPicture, layer: int, j: int) -> list[str]:
    """Return how δ of unit j of layer number `layer` comes about, a line for each step.

    For a hidden unit δ_j = g'(z_j) Σ_k W_jk δ_k; at the output δ_j = g'(z_j) ∂C/∂a_j.
    """
    shown = picture.layers[layer - 1]
    name = f"δ{layer}[{j}]"
    if shown.delta is None:
        return [f"{name} is not known"]
    if picture.samples > 1:
        mean = numerals.shown(shown.delta[j], signed=True)
        return [f"{name}, {picture.note}: ∂C/∂b{layer}[{j}]", mean]
    hidden = layer < len(picture.layers)
    if shown.slope is None or (hidden and picture.layers[layer].delta is None):
        return [f"{name} = ∂C/∂z{layer}[{j}]", numerals.shown(shown.delta[j], signed=True)]
    *slope, line = Network(picture.inputs, picture.layers, numbered=True).unit(layer, j)[0]
    return [*(_typeset(step) for part in slope for step in part.steps()), *_signed(line)]


def weight_derivation(picture: NetworkPicture, layer: int, i: int, j: int) -> list[str]:
    """Return how ∂C/∂W_ij = a_i δ_j comes about, a line for each step."""
    shown = picture.layers[layer - 1]
    name = f"∂C/∂W{layer}[{i},{j}]"
    if shown.dW is None:
        return [f"{name} is not known"]
    result = numerals.shown(shown.dW[i][j], signed=True)
    if picture.samples > 1:
        factors = f"a{layer - 1}[{i}]·δ{layer}[{j}]"
        return [f"{name} = {factors}, {picture.note}", result]
    if picture.a(layer - 1) is None or shown.delta is None:
        return [name, result]
    network = Network(picture.inputs, picture.layers, numbered=True)
    return _signed(network.weight_line(layer, i, j))


def _signed(line: Line) -> list[str]:
    """Return the steps of a gradient, the result with its sign."""
    *steps, result = line.steps()
    return [*map(_typeset, steps), re.sub(r"^([=≈]) (?=[\d∞])(?!0$)", r"\1 +", result)]


def _typeset(step: str) -> str:
    """Return a line as pictures write it, not as it would be typed in again."""
    for typed, drawn in (("Σ_k", "Σₖ"), (" - ", " − "), ("**2", "²"), ("*", "·")):
        step = step.replace(typed, drawn)
    return step


def advice(picture: NetworkPicture, layer: int, i: int, j: int) -> str:
    """Return what a small step down the gradient does to a weight."""
    shown = picture.layers[layer - 1]
    gradient = None if shown.dW is None else shown.dW[i][j]
    if not gradient:
        return "" if gradient is None else "A small step down the gradient leaves this weight."
    change = "lowers" if gradient > 0 else "raises"
    return f"A small step down the gradient {change} this weight."
