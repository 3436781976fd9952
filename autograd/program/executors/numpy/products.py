"""Matrix products through NumPy: D[m, n] = Σ_k L[m, k] R[n, k], as matmul where lanes allow it."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

from autograd.program.compiler.accesses import Array
from autograd.program.compiler.instructions import STORE, Contraction
from autograd.program.executors.numpy.views import Call, Views, stored

WORK = 1 << 26  # multiplications of one call, 0.1 s where each takes 1.5 ns


def bind_product(views: Views, this: Contraction) -> list[Call]:
    """Return the calls of: destination ←/+= start + left · rightᵀ, in each lane or over all."""
    (m, n, k), lanes = this.sizes, (this.left.lanes, this.right.lanes, this.destination.lanes)
    left, right = views.whole(this.left, (m, k)), views.whole(this.right, (n, k))
    out = views.whole(this.destination, (m, n))
    if lanes == (True, True, False):
        return _over_lanes(views, this, left, right, out)
    if lanes == (False, True, True) and n == 1:
        pair, room = (left, right[0]), out[:, 0]
    elif lanes == (False, True, True):
        pair, room = (left, right), out.transpose(1, 0, 2)
    elif lanes == (True, False, True):
        pair, room = (right, left), out
    elif lanes == (True, True, True):
        pair, room = (left.transpose(2, 0, 1), right.transpose(2, 1, 0)), out.transpose(2, 0, 1)
    elif lanes == (False, False, False):
        pair, room = (left, right.T), out
    else:
        return _mixed(views, this, left, right, out)
    return _multiplied(views, this, pair, room) + _biased(views, this, out)


def _multiplied(
    views: Views, this: Contraction, pair: tuple[Array, Array], out: Array
) -> list[Call]:
    """Return the calls of: out ←/+= the matrix product of a pair."""
    np = views.np
    if this.mode == STORE:
        return in_parts(np, *pair, out)
    product = views.scratch(out.shape)
    return [*in_parts(np, *pair, product), partial(np.add, out, product, out)]


def in_parts(np: Any, left: Array, right: Array, out: Array) -> list[Call]:
    """Return the calls of a product, in parts of its rows or columns where it takes long."""
    flat = out.ndim == 2 and out.flags.c_contiguous
    *_, rows, columns = out.shape
    wanted = -(-out.size * left.shape[-1] // WORK)
    pieces = min(wanted, max(rows, columns))
    if pieces < 2:  # dot starts sooner, but knows no stacks
        return [partial(np.dot if flat else np.matmul, left, right, out)]
    ends = [k * max(rows, columns) // pieces for k in range(pieces + 1)]
    if rows < columns:
        parts = [(left, right[..., a:b], out[..., a:b]) for a, b in pairwise(ends)]
    else:
        parts = [(left[..., a:b, :], right, out[..., a:b, :]) for a, b in pairwise(ends)]
    return [partial(np.matmul, *part) for part in parts]


def _biased(views: Views, this: Contraction, out: Array) -> list[Call]:
    if this.start is None:
        return []
    bias = views.whole(this.start, this.sizes[:2])[:, :1]  # (m, 1)
    bias = bias[..., None] if this.destination.lanes else bias
    return [partial(views.np.add, out, bias, out)]


def _over_lanes(
    views: Views, this: Contraction, left: Array, right: Array, out: Array
) -> list[Call]:
    """Return the calls of the mean over the lanes: one product whose k runs over them too.

    The smaller side is divided by the number of lanes first.
    """
    swap = len(left) > len(right)
    small, large = (right, left) if swap else (left, right)
    scaled = views.scratch(small.shape)
    other, calls = views.contiguous(large, large.shape)
    calls.append(partial(views.np.multiply, small, views.mean[0, ...], scaled))
    rows, columns = scaled.reshape(len(small), -1), other.reshape(len(large), -1)
    pair = (columns, rows.T) if swap else (rows, columns.T)
    return calls + _multiplied(views, this, pair, out)


def _mixed(views: Views, this: Contraction, left: Array, right: Array, out: Array) -> list[Call]:
    np = views.np
    letters = ["mks" if this.left.lanes else "mk", "nks" if this.right.lanes else "nk"]
    path, result = f"{letters[0]},{letters[1]}->mn", views.scratch(this.sizes[:2])
    calls: list[Call] = [partial(np.einsum, path, left, right, out=result)]
    if this.destination.lanes:
        result = result[..., None]
    else:
        calls.append(partial(np.divide, result, views.lanes, result))
    write = stored(out, result)
    return [*calls, write if this.mode == STORE else partial(np.add, out, result, out)]
