"""Elementwise instructions through NumPy: one ufunc call a step, into memory that exists.

The last step writes into the destination, others into scratch arrays that were made when the
instruction was bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from autograd.program.compiler.accesses import Array
from autograd.program.compiler.instructions import STORE, Map
from autograd.program.compiler.steps import Expression
from autograd.program.executors.numpy.views import Call, Views, in_blocks, stored
from autograd.program.memory import aligned


def bind_steps(
    code: Expression, sources: Sequence[Array], destinations: Sequence[Array],
    dtype: Any, scratch: dict[Any, Array],
) -> tuple[list[Call], list[Array]]:  # fmt: skip
    """Return the calls of an expression (`in_steps`) over arrays, and where its results are then.

    With destinations they are there. A destination may be a source as well; otherwise it shares
    no memory with any. What lies in `scratch` is written over.
    """
    import numpy as np

    arrays = dict(enumerate([*sources, *[np.array(x, dtype) for x in code.constants]]))
    last = {result: at for at, (_, result, _) in enumerate(code.steps)}
    ends = _straight(code, sources, destinations, last)
    calls: list[Call] = []
    for at, (step, result, operands) in enumerate(code.steps):
        read = [arrays[k] for k in operands]
        out = ends.get(result) if at == last[result] else None
        if out is None:
            key = result, np.broadcast_shapes(*[x.shape for x in read])
            out = scratch[key] = scratch[key] if key in scratch else aligned(key[1], dtype)
        arrays[result] = out
        calls += in_blocks(step, read, out)
    results = [arrays[k] for k in code.results]
    pairs = zip(destinations, results, strict=False)
    moves = [(end, found) for end, found in pairs if end is not found]
    if len(moves) > 1:  # two may change places
        saved = [(np.empty_like(found), found) for _, found in moves]
        moves = saved + [(end, copy) for (end, _), (copy, _) in zip(moves, saved, strict=True)]
    return calls + [stored(end, found) for end, found in moves], results


def _straight(
    code: Expression, sources: Sequence[Array], destinations: Sequence[Array], last: dict[int, int]
) -> dict[int, Array]:
    """Return the destinations that the last step of a result may write, by register.

    Nothing reads after it what was there before.
    """
    found = {}
    for result, end in zip(code.results, destinations, strict=False):
        here = {k for k, source in enumerate(sources) if source is end}
        later = [x for _, _, operands in code.steps[last.get(result, 0) + 1 :] for x in operands]
        if result in last and here.isdisjoint([*later, *code.results]):
            found[result] = end
    return found


def bind_map(views: Views, this: Map) -> list[Call]:
    """Return the calls of: destination ←/+= expression(sources)."""
    np, target = views.np, this.destination
    sources, calls = [], list[Call]()
    for access in this.sources:
        found, gather = views.read(access, this.sizes, this.lanes)
        sources.append(found)
        calls += gather
    plain = target.index is None and 0 not in target.strides and target.lanes == this.lanes
    if _is_dot(views, this, sources):
        return [*calls, *_dot(views, this, sources)]
    if this.mode != STORE or not plain or not target.distinct(np, this.sizes):
        steps, results = bind_steps(this.expression, sources, [], views.dtype, {})
        return [*calls, *steps, *_deliver(views, this, results[0])]
    out = views.elements(target, this.sizes, this.lanes)
    if not this.sources:
        return [partial(out.fill, this.expression.constants[0])]
    return calls + bind_steps(this.expression, sources, [out], views.dtype, {})[0]


def _is_dot(views: Views, this: Map, sources: Sequence[Array]) -> bool:
    """Whether products of two operands are summed over the lanes, to be added place by place."""
    target, code = this.destination, this.expression
    if not this.lanes or target.lanes or target.index is not None or 0 in target.strides:
        return False
    lanes = all(x.ndim and x.shape[-1] == views.lanes > 1 for x in sources)
    multiplies = [step for step, *_ in code.steps] == [views.np.multiply]
    return multiplies and lanes and len(sources) == 2 and target.distinct(views.np, this.sizes)


def _dot(views: Views, this: Map, sources: Sequence[Array]) -> list[Call]:
    """Return the calls that add the means over the lanes of products which are never stored."""
    np, out = views.np, views.elements(this.destination, this.sizes, False)
    mean = views.scratch(this.sizes)
    calls: list[Call] = [
        partial(np.einsum, "...s,...s->...", *sources, out=mean),
        partial(np.multiply, mean, views.mean[0], mean),
    ]
    return [*calls, partial(np.add, out, mean, out) if this.mode != STORE else stored(out, mean)]


def _deliver(views: Views, this: Map, result: Array) -> list[Call]:
    """Return the calls that sum a result where its destination is smaller, and write it."""
    np, target, add = views.np, this.destination, this.mode != STORE
    calls: list[Call] = []
    scattered = target.index is not None or not target.distinct(np, this.sizes)
    out = None if scattered else views.elements(target, this.sizes, target.lanes)
    if this.lanes and not target.lanes:
        ready = not add and out is not None and out.shape == this.sizes and out.flags.c_contiguous
        mean = out if ready else views.scratch(this.sizes)
        calls = _mean(views, result, mean)
        if ready:
            return calls
        result = mean
    if out is None:
        return calls + _scatter(views, this, result)
    full = (*this.sizes, *out.shape[len(this.sizes) :])
    axes = tuple(k for k, (n, w) in enumerate(zip(full, out.shape, strict=True)) if n != w)
    if axes:
        whole, total = np.broadcast_to(result, full), views.scratch(out.shape)
        calls.append(partial(np.add.reduce, whole, axes, None, total, True))
        result = total
    return [*calls, partial(np.add, out, result, out) if add else stored(out, result)]


def _mean(views: Views, result: Array, mean: Array) -> list[Call]:
    """Return the calls of the mean over the lanes: a product with 1/m, m times."""
    whole, calls = views.contiguous(result, (*mean.shape, views.lanes))
    rows = whole.reshape(-1, views.lanes)
    return [*calls, partial(views.np.dot, rows, views.mean, mean.reshape(-1))]


def _scatter(views: Views, this: Map, result: Array) -> list[Call]:
    """Return the calls that write to addresses one by one; some may come twice."""
    np, target = views.np, this.destination
    base, index = views.buffer(target), target.addresses(np, this.sizes)
    whole, calls = views.contiguous(result, (*this.sizes, *base.shape[1:]))
    rows = whole.reshape(len(index), *base.shape[1:])
    if this.mode == STORE:
        return [*calls, partial(base.__setitem__, index, rows)]
    return [*calls, partial(np.add.at, base, index, rows)]
