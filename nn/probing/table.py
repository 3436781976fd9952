"""A probe as text: what every unit and every weight got, formula beside autodiff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd.text import aligned

if TYPE_CHECKING:
    from nn.probing.formulas import Array
    from nn.probing.layer import LayerProbe
    from nn.probing.run import Run

NUMBER = "{: .6g}"


def table(run: Run, units: int, weights: int) -> str:
    """Return the whole probe as text; a layer shows so many units and weights at most."""
    lines = [repr(run)]
    for layer in run.layers:
        fan_in, fan_out = layer.W.shape
        last = layer is run.layers[-1]
        delta = "g'(z_j) ∂c/∂a_j" if last else "g'(z_j) Σ_k W_jk δ_k"
        lines += ["", f"layer {layer.number} · {fan_in}→{fan_out} · {layer.activation}"]
        if run.batch:
            lines.append(f"means over {len(layer.z)} examples; the largest difference among them")
        lines += _unit_table(layer, delta, units, run.batch)
        lines += _weight_table(layer, weights, run.batch)
    return "\n".join(lines)


def _unit_table(layer: LayerProbe, formula: str, most: int, batch: bool) -> list[str]:
    z, a, delta, _, db = layer.ulps
    apart = _worst(*(_over_examples(array, batch, "max") for array in (z, a, delta)), db)
    shown = _furthest(apart, layer.db, most)
    columns = [
        _over_examples(array, batch, "mean")
        for array in (layer.z, layer.a, layer.delta, layer.hand.delta)
    ]
    rows = [["j", "z_j", "a_j", "δ_j", formula, "∂C/∂b_j", "ulps"]]
    for j in shown:
        numbers = [column[j] for column in columns] + [layer.db[j]]
        rows.append([str(j), *map(NUMBER.format, numbers), f"{apart[j]:.3g}"])
    return _indented(rows) + _left_out(len(apart), len(shown), "unit")


def _weight_table(layer: LayerProbe, most: int, batch: bool) -> list[str]:
    fan_out = layer.W.shape[1]
    apart = layer.ulps.dW.ravel()
    shown = _furthest(apart, layer.dW.ravel(), most)
    formula = "mean a_i δ_j" if batch else "a_i δ_j"
    rows = [["i", "j", "W_ij", formula, "∂C/∂W_ij", "ulps"]]
    for k in shown:
        i, j = divmod(k, fan_out)
        numbers = layer.W[i, j], layer.hand.dW[i, j], layer.dW[i, j]
        rows.append([str(i), str(j), *map(NUMBER.format, numbers), f"{apart[k]:.3g}"])
    return _indented(rows) + _left_out(len(apart), len(shown), "weight")


def _over_examples(array: Array, batch: bool, how: str) -> Array:
    over: Array = getattr(array, how)(axis=0) if batch else array
    return over


def _worst(*arrays: Array) -> Array:
    import numpy as np

    worst: Array = np.max(arrays, axis=0)
    return worst


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
