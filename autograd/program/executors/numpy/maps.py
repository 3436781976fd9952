"""Elementwise instructions through NumPy: one ufunc call a step, into memory that exists.

A step writes over an operand that nobody reads again, or into the destination itself, else
into a scratch array that was made when the instruction was bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from autograd.program.compiler.accesses import Array
from autograd.program.compiler.instructions import STORE, Map
from autograd.program.compiler.steps import Expression
from autograd.program.executors.numpy.operations import in_steps, operation
from autograd.program.executors.numpy.views import Call, Views, stored
from autograd.program.memory import aligned


class Steps:
    """An expression over given arrays; `calls` compute its `results`.

    With destinations they end there, most of them without a copy. A destination may be a
    source as well: it is kept until nothing reads that source again. The source numbered
    `spent` is wanted no more afterwards, so that steps may write over it.
    """

    def __init__(
        self, np: Any, code: Expression, sources: Sequence[Array], destinations: Sequence[Array],
        dtype: Any, spent: int | None = None,
    ) -> None:  # fmt: skip
        self.np, self.dtype = np, dtype
        self.code = code = in_steps(code)
        self.sources, self.destinations = list(sources), list(destinations)
        self.arrays = [*sources, *[np.array(number, dtype) for number in code.constants]]
        self._given, self._spent = len(self.arrays), spent
        self.arrays += [None] * (code.registers - self._given)
        self.calls: list[Call] = []
        for at, (name, result, operands) in enumerate(code.steps):
            read = [self.arrays[k] for k in operands]
            out = self._room(at, np.broadcast_shapes(*[x.shape for x in read]))
            self.calls.append(partial(operation(name), *read, out))
            self.arrays[result] = out
        self.results = [self.arrays[k] for k in code.results]
        if destinations:
            self.calls += self._moves()

    def _room(self, at: int, shape: tuple[int, ...]) -> Array:
        """Return where step number `at` writes."""
        _, result, operands = self.code.steps[at]
        for j, register in enumerate(self.code.results[: len(self.destinations)]):
            if register == result and self._kept(at, result) and self._free(at, j):
                return self.destinations[j]
        for k in operands:
            owned = k >= self._given or k == self._spent
            if owned and self.arrays[k].shape == shape and not self._read(at, k):
                return self.arrays[k]
        only = self.destinations[0] if len(self.destinations) == 1 else None
        if only is not None and only.shape == shape and self._free(at, 0):
            return only
        return aligned(shape, self.dtype)

    def _moves(self) -> list[Call]:
        """Return the calls that bring results to destinations where they are not yet."""
        np, saves, moves = self.np, list[Call](), list[Call]()
        for j, (target, found) in enumerate(zip(self.destinations, self.results, strict=True)):
            others = [*self.destinations[:j], *self.destinations[j + 1 :]]
            if found is target:
                continue
            if any(np.may_share_memory(found, other) for other in others):  # two change places
                saved = np.empty_like(found)
                saves.append(stored(saved, found))
                found = saved
            moves.append(stored(target, found))
        return saves + moves

    def _kept(self, at: int, register: int) -> bool:
        """Whether no later step writes to a register."""
        return all(result != register for _, result, _ in self.code.steps[at + 1 :])

    def _read(self, at: int, register: int) -> bool:
        """Whether a register's number of now is read after step `at`."""
        for _, result, operands in self.code.steps[at + 1 :]:
            if register in operands:
                return True
            if register == result:
                return False
        return register in self.code.results

    def _free(self, at: int, j: int) -> bool:
        """Whether a destination holds nothing that is read after step `at`."""
        target = self.destinations[j]
        result = self.code.steps[at][1]
        held = [k for k, array in enumerate(self.arrays) if array is not None and k != result]
        shared = [k for k in held if self.np.may_share_memory(self.arrays[k], target)]
        return not any(self._read(at, k) for k in shared)


def bind_map(views: Views, this: Map) -> list[Call]:
    """Return the calls of: destination ←/+= expression(sources)."""
    np, target = views.np, this.destination
    sources, calls = [], list[Call]()
    for access in this.sources:
        found, gather = views.read(access, this.sizes, this.lanes)
        sources.append(found)
        calls += gather
    plain = target.index is None and 0 not in target.strides and target.lanes == this.lanes
    if this.mode != STORE or not plain or not target.distinct(np, this.sizes):
        steps = Steps(np, this.expression, sources, [], views.dtype)
        return calls + steps.calls + _deliver(views, this, steps.results[0])
    out = views.elements(target, this.sizes, this.lanes)
    if not this.sources:
        return [partial(out.fill, this.expression.constants[0])]
    return calls + Steps(np, this.expression, sources, [out], views.dtype).calls


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
