"""The forward instructions of a program for one example, over buffers of JAX arrays."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any

from autograd.program.compiler.accesses import Access
from autograd.program.compiler.instructions import STORE, Contraction, Instruction, Map, Row
from autograd.program.executors.jax.buffers import Buffer
from autograd.program.executors.jax.operations import evaluated

Array = Any
Held = Container[tuple[bool, int]]  # by lanes and address
Buffers = tuple[Buffer, Buffer]  # numbers that are the same for all examples, and the others


def run(instructions: Sequence[Instruction], buffers: Buffers, held: Held) -> None:
    """Compute every value of one example; none of the held passes a gradient on."""
    for this in instructions:
        to = this.destination
        first = to.offset if to.index is None else int(to.index[0])
        for buffer in buffers:
            buffer.held = (to.lanes, first) in held
        _RUNNERS[type(this)](this, buffers)
    for buffer in buffers:
        buffer.held = False


def _places(access: Access, sizes: Sequence[int]) -> Array:
    """Return the addresses of an access, with size 1 where it does not move."""
    import numpy as np

    if access.index is not None:
        return access.index
    shape = [n if stride else 1 for n, stride in zip(sizes, access.strides, strict=True)]
    moved = Access(access.lanes, access.adjoint, access.offset, access.strides)
    return moved.addresses(np, shape).reshape(shape)


def _map(this: Map, buffers: Buffers) -> None:
    """Run destination ←/+= expression(sources), summed over dimensions that it lacks."""
    import jax.numpy as jnp

    out = buffers[this.destination.lanes]
    sources = [buffers[x.lanes].read(_places(x, this.sizes)) for x in this.sources]
    found = evaluated(this.expression, sources, out.dtype)[0]
    places = _places(this.destination, this.sizes)
    if places.ndim == len(this.sizes):
        found = jnp.broadcast_to(found, this.sizes)
        lacking = tuple(k for k, n in enumerate(this.sizes) if places.shape[k] != n)
        found = found.sum(lacking, keepdims=True)
    _deliver(out, places, found, this.mode)


def _contraction(this: Contraction, buffers: Buffers) -> None:
    """Run destination ←/+= start + left · rightᵀ."""
    m, n, k = this.sizes
    out = buffers[this.destination.lanes]
    left = buffers[this.left.lanes].read(_whole(this.left, (m, k)))
    right = buffers[this.right.lanes].read(_whole(this.right, (n, k)))
    found = (right @ left.T).T  # as a layer is written: a W
    if this.start is not None:
        found = found + buffers[this.start.lanes].read(_places(this.start, (m, n)))
    _deliver(out, _whole(this.destination, (m, n)), found, this.mode)


def _whole(access: Access, shape: tuple[int, int]) -> Array:
    import numpy as np

    return access.addresses(np, shape).reshape(shape)


def _deliver(out: Buffer, places: Array, numbers: Array, mode: str) -> None:
    (out.store if mode == STORE else out.add)(places, numbers.astype(out.dtype))


def _row(this: Row, buffers: Buffers) -> None:
    """Run destination[n] ← operation(sources[n, :])."""
    import numpy as np

    out, read = buffers[this.destination.lanes], buffers[this.sources_lanes].read
    rows = read(np.maximum(this.index, 0))
    places = this.destination.offset + np.arange(len(this.index))
    if this.chosen is None:
        found = _REDUCTIONS[this.operation](rows)
    else:
        shape = [len(this.index)]
        chosen = buffers[this.chosen.lanes].read(_places(this.chosen, shape))
        found = _taken(rows, this.index >= 0, chosen.astype(out.dtype))
    _deliver(out, places, found, STORE)


def _taken(rows: Array, there: Array, chosen: Array) -> Array:
    """Return rows[n, chosen[n]]; NaN where an index is none."""
    import jax.numpy as jnp

    count, width = rows.shape
    chosen = jnp.broadcast_to(chosen, (count,))
    column = jnp.clip(jnp.nan_to_num(chosen), 0, width - 1).astype(int)
    at = jnp.arange(count), column
    valid = (column == chosen) & jnp.asarray(there)[at]
    return jnp.where(valid, rows[at], jnp.nan)


def _argmax(rows: Array) -> Array:
    return rows.argmax(1)


def _sum_minus_one(rows: Array) -> Array:
    """Return Σ e - 1 of numbers up to 1, one of which is 1, a row each: by wholes and fractions."""
    import jax.numpy as jnp

    whole = jnp.floor(rows)
    return (rows - whole).sum(1) + (whole.sum(1) - 1)


def _peak(rows: Array) -> Array:
    """Return the largest of each row, which is held constant."""
    from jax import lax

    return lax.stop_gradient(rows.max(1))


_REDUCTIONS = {"argmax": _argmax, "sum_minus_one": _sum_minus_one, "peak": _peak}
_RUNNERS: dict[type, Callable[..., None]] = {Map: _map, Contraction: _contraction, Row: _row}
