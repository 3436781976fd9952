"""What an instruction touches: stretches of buffers that it reads, and that it writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.program.compiler.accesses import Access, Array
from autograd.program.compiler.instructions import Contraction, Instruction, Map

# A buffer, by adjoint and lanes; the first address and the end.
Span = tuple[tuple[bool, bool], int, int]
Touched = tuple[list[Span], list[Span]]  # what an instruction reads, what it writes


def touched(np: Any, this: Instruction) -> Touched:
    """Return what an instruction reads and what it writes, gaps included."""
    if isinstance(this, Map):
        reads = [_span(np, x, this.sizes) for x in this.sources]
        return reads, [_span(np, this.destination, this.sizes)]
    if isinstance(this, Contraction):
        m, n, k = this.sizes
        reads = [_span(np, this.left, (m, k)), _span(np, this.right, (n, k))]
        if this.start is not None:
            reads.append(_span(np, this.start, (m, n)))
        return reads, [_span(np, this.destination, (m, n))]
    whole = _span(np, this.destination, this.index.shape[:1])
    sources = _of((this.destination.adjoint, this.sources_lanes), this.index[this.index >= 0])
    reads = [] if this.chosen is None else [_span(np, this.chosen, this.index.shape[:1])]
    return [*reads, whole, sources], [whole, sources]


def _span(np: Any, access: Access, sizes: Sequence[int]) -> Span:
    buffer = access.adjoint, access.lanes
    if access.index is not None:
        return _of(buffer, access.index)
    start = stop = access.offset
    for size, stride in zip(sizes, access.strides, strict=True):
        if stride > 0:
            stop += stride * (size - 1)
        else:
            start += stride * (size - 1)
    return buffer, start, stop + 1


def _of(buffer: tuple[bool, bool], addresses: Array) -> Span:
    if not addresses.size:
        return buffer, 0, 0
    return buffer, int(addresses.min()), int(addresses.max()) + 1
