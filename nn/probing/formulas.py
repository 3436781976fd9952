"""The per-index formulas of backpropagation, evaluated by hand, and how far they are off.

Here nothing is differentiated but one g at a time: W, a, z and the δ of the layer above are
numbers. Arrays have one row an example.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from autograd import Program, Value, dot, gradients, recording, total
from nn.activations import Activation
from nn.arguments import Array
from nn.layers.normalization import applied


class Numbers(NamedTuple):
    """One array for each quantity that a formula of backpropagation gives."""

    z: Array
    a: Array
    delta: Array
    dW: Array
    db: Array


class Found(NamedTuple):
    """What the engine has of one layer, one row an example where a number belongs to one."""

    inputs: Array
    z: Array
    a: Array
    W: Array
    b: Array
    da: Array
    delta: Array
    dW: Array
    db: Array
    norm: Any = ()  # ∂C/∂γ and ∂C/∂β of a layer that is normalised


def slopes(g: Activation, z: Array, compiled: bool) -> tuple[Array, Array]:
    """Return a = g(z) and g'(z), both (m, n); for a softmax ∂a_k/∂z_j, (m, n, n) at [x, j, k]."""
    return (_slopes_by_program if compiled else _slopes_by_graph)(g, z)


def _slopes_by_graph(g: Activation, z: Array) -> tuple[Array, Array]:
    import numpy as np

    a: list[list[float]] = []
    slope: list[Any] = []
    for row in z.tolist():
        leaves = [Value(z_j) for z_j in row]
        outputs = applied(g, leaves)
        a.append([a_j.data for a_j in outputs])
        columns = [gradients(c, leaves) for c in (outputs if g.whole else [total(outputs)])]
        slope.append(np.array(columns).T if g.whole else columns[0])
    return np.array(a), np.array(slope)


def _slopes_by_program(g: Activation, z: Array) -> tuple[Array, Array]:
    """Return the same from the graph of one row, replayed over all of them.

    The adjoint of z_j in c = Σ_k s_k a_k is Σ_k s_k ∂a_k/∂z_j: with every s_k = 1 it is g'(z_j),
    and with s a row of the identity matrix one column of a softmax's ∂a_k/∂z_j.
    """
    import numpy as np

    leaves, s = [Value(z_j) for z_j in z[0].tolist()], [Value(1.0) for _ in z[0]]
    with recording():
        a = applied(g, leaves)
        c = dot(s, a)
    program = Program(c, inputs=[*leaves, *s], parameters=[])

    def pulled_back(seed: Array) -> Array:
        program(np.hstack([z, np.broadcast_to(seed, z.shape)]))
        return program.read_adjoints(leaves)  # type: ignore[no-any-return]

    if g.whole:
        slope = np.stack([pulled_back(seed) for seed in np.eye(len(s))], axis=-1)
    else:
        slope = pulled_back(np.ones(len(s)))
    return program.read_values(a), slope


def slope_sizes(a: Array, slope: Array, steep: Array | None) -> Array:
    """Return what the terms of g'(z) add up to without their signs, as far as they are known.

    Of a softmax ∂a_k/∂z_j = a_k [j = k] - a_k a_j: on the diagonal a_k + a_k², which matters
    where a_k is almost 1. Where a layer is normalised it is a difference of terms of the size
    `steep`, (m, 1), which all but cancel for a few units. Of other functions it is |g'(z)|.
    """
    import numpy as np

    if slope.ndim == 2:
        return np.abs(slope)
    if steep is not None:
        return np.abs(slope) + 2 * steep[:, :, None]
    return np.abs(slope) + 2 * np.eye(a.shape[1]) * (a * a)[:, None, :]


def by_formula(
    inputs: Array, W: Array, b: Array, a: Array, slope: Array, upstream: Array, delta: Array
) -> Numbers:
    """Return the five quantities of a layer from the numbers that they are made of.

    `upstream` is ∂c/∂a_j: Σ_k W_jk δ_k of the next layer. With every argument made positive,
    this is what the terms add up to without their signs: the scale of rounding.
    """
    import numpy as np

    outer = np.outer(inputs[0], delta[0]) if len(inputs) == 1 else inputs.T @ delta / len(inputs)
    through = slope * upstream if slope.ndim == 2 else np.einsum("xjk,xk->xj", slope, upstream)
    return Numbers(inputs @ W + b, a, through, outer, delta.mean(axis=0))


def ulps(hand: Array, engine: Array, size: Array) -> Array:
    """Return |hand - engine| in units in the last place of `size`; 0 where they are equal."""
    import numpy as np

    distance = np.abs(hand - engine) / np.spacing(np.abs(size))
    return np.where(hand == engine, 0.0, distance)
