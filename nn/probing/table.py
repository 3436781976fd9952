"""A layer as text: what every unit and every weight got, formula beside autodiff."""

from __future__ import annotations

from typing import Any

from autograd.text import aligned
from nn.arguments import Array

NUMBER = "{: .6g}"


def layer_table(layer: Any, units: int, weights: int, *, batch: bool, last: bool) -> str:
    """Return a LayerProbe as text, cut to so many units and weights."""
    delta = "g'(z_j) ∂c/∂a_j" if last else "g'(z_j) Σ_k W_jk δ_k"
    lines = [layer.title]
    if batch:
        lines.append(f"means over {len(layer.z)} examples; the largest difference among them")
    lines += _unit_table(layer, delta, units)
    return "\n".join(lines + _weight_table(layer, weights, batch))


def _unit_table(layer: Any, formula: str, most: int) -> list[str]:
    import numpy as np

    z, a, delta, _, db = layer.ulps
    apart = np.max([np.atleast_2d(array).max(axis=0) for array in (z, a, delta, db)], axis=0)
    numbers = layer.z, layer.a, layer.delta, layer.hand.delta, layer.db
    columns = [np.atleast_2d(array).mean(axis=0) for array in numbers]
    shown = _furthest(apart, layer.db, most)
    rows = [["j", "z_j", "a_j", "δ_j", formula, "∂C/∂b_j", "ulps"]]
    for j in shown:
        rows.append([str(j), *(NUMBER.format(x[j]) for x in columns), f"{apart[j]:.3g}"])
    return _indented(rows) + _left_out(len(apart), len(shown), "unit")


def _weight_table(layer: Any, most: int, batch: bool) -> list[str]:
    apart = layer.ulps.dW.ravel()
    shown = _furthest(apart, layer.dW.ravel(), most)
    formula = "mean a_i δ_j" if batch else "a_i δ_j"
    rows = [["i", "j", "W_ij", formula, "∂C/∂W_ij", "ulps"]]
    for k in shown:
        i, j = divmod(k, layer.W.shape[1])
        numbers = layer.W[i, j], layer.hand.dW[i, j], layer.dW[i, j]
        rows.append([str(i), str(j), *map(NUMBER.format, numbers), f"{apart[k]:.3g}"])
    return _indented(rows) + _left_out(len(apart), len(shown), "weight")


def _furthest(apart: Array, gradient: Array, most: int) -> list[int]:
    """Return, in rising order, the places of NaN, of large differences, of large gradients."""
    import numpy as np

    order = np.lexsort((-np.abs(gradient), -np.nan_to_num(apart, nan=np.inf)))
    return sorted(order[:most].tolist())


def _left_out(count: int, shown: int, what: str) -> list[str]:
    left = count - shown
    return [f"  … and {left} {what}{'s' * (left > 1)} more, none further apart"] if left > 0 else []


def _indented(rows: list[list[str]]) -> list[str]:
    return ["  " + line for line in aligned(rows, right=range(len(rows[0])))]
