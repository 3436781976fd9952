"""Instructions that a network repeats from step to step, made one where the steps do not need it.

A recurrent network of 200 steps adds 200 products δₜ hₜ₋₁ᵀ to the gradient of one matrix, and takes
200 products U xₜ that wait for nothing. Where such instructions differ in their offsets alone, by
the same from each to the next, the first are one product over all steps, which runs where the
last of them stood, and the second are one product whose columns are the steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

from autograd.program.compiler.accesses import MOST_DIMENSIONS, Access, Array, every
from autograd.program.compiler.instructions import ADD, STORE, Contraction, Instruction, Map
from autograd.program.compiler.spans import Span, Touched, touched

FEW = 4  # instructions that are not worth it

Known = dict[int, tuple[Instruction, Touched]]  # by the identity of an instruction, which it keeps
Kind = tuple[
    Any, tuple[int, ...]
]  # what instructions have in common, and the offsets that they do not


def merged(np: Any, code: list[Instruction], sizes: Sequence[int]) -> list[Instruction]:
    """Return instructions that compute the same with fewer; `sizes` are those of the buffers."""
    known: Known = {}
    for find, place, make in (
        (_as_sum, _Pass.summed, _sum), (_as_column, _Pass.in_columns, _columns),
    ):  # fmt: skip
        code = _Pass(np, code, sizes, known).run(find, place, make)
    return code


def _shape(access: Access, keep: Sequence[int]) -> Any:
    return access.lanes, access.adjoint, tuple(access.strides[k] for k in keep)


def _as_sum(this: Instruction) -> Kind | None:
    """Return the kind of an instruction that adds to a place, where a dimension more has room."""
    target = this.destination
    if isinstance(this, Map) and len(this.sizes) < MOST_DIMENSIONS and this.sizes:
        every = (*this.sources, target)
        if any(x.index is not None for x in every) or not this.sources:
            return None
        shapes = tuple(_shape(x, range(len(this.sizes))) for x in this.sources)
        common = (this.sizes, this.lanes, this.expression, shapes, target, this.needed)
        return common, tuple(x.offset for x in this.sources)
    if isinstance(this, Contraction) and this.sizes[2] == 1 and this.start is None:
        shapes = _shape(this.left, (0,)), _shape(this.right, (0,))
        return (this.sizes, this.lanes, shapes, target, this.needed), (
            this.left.offset, this.right.offset,
        )  # fmt: skip
    return None


def _target(this: Instruction) -> Any:
    """Return what instructions of one sum have in common, at least."""
    access = this.destination
    return access[:-1] if access.index is None else None


def _sum(first: Any, times: int, steps: Sequence[int]) -> Instruction:
    """Return the sum of instructions that are these steps apart."""
    if isinstance(first, Map):
        longer = [
            x._replace(strides=(step, *x.strides))
            for x, step in zip(first.sources, steps, strict=True)
        ]
        target = first.destination._replace(strides=(0, *first.destination.strides))
        return first._replace(
            sizes=(times, *first.sizes), sources=tuple(longer), destination=target
        )
    left, right = (
        x._replace(strides=(x.strides[0], step))
        for x, step in zip((first.left, first.right), steps, strict=True)
    )
    found: Contraction = first._replace(sizes=(*first.sizes[:2], times), left=left, right=right)
    return found


def _as_column(this: Instruction) -> Kind | None:
    """Return the kind of a product of a matrix and a vector that is stored."""
    if not isinstance(this, Contraction) or this.sizes[1] != 1 or this.mode != STORE:
        return None
    shapes = _shape(this.right, (1,)), _shape(this.destination, (0,))
    common = (this.sizes, this.lanes, this.left, this.start, shapes, this.needed)
    return common, (this.right.offset, this.destination.offset)


def _matrix(this: Instruction) -> Any:
    """Return what products of one matrix have in common, at least."""
    return this.left[:-1] if isinstance(this, Contraction) and this.sizes[1] == 1 else None


_SHARED: dict[Callable[[Instruction], Kind | None], Callable[[Instruction], Any]]
_SHARED = {_as_sum: _target, _as_column: _matrix}


def _columns(first: Any, times: int, steps: Sequence[int]) -> Instruction:
    """Return the product of a matrix with vectors that are these steps apart."""
    right = first.right._replace(strides=(steps[0], first.right.strides[1]))
    target = first.destination._replace(strides=(first.destination.strides[0], steps[1]))
    found: Contraction = first._replace(
        sizes=(first.sizes[0], times, first.sizes[2]), right=right, destination=target
    )
    return found


class _Pass:
    """One look at instructions: who reads and writes what, and when."""

    def __init__(
        self, np: Any, code: list[Instruction], sizes: Sequence[int], known: Known
    ) -> None:
        self.np, self.code, self.sizes, self.known = np, code, sizes, known

    @cached_property
    def touched(self) -> list[Touched]:
        """What each instruction reads and what it writes."""
        fresh = [this for this in self.code if id(this) not in self.known]
        self.known.update({id(this): (this, touched(self.np, this)) for this in fresh})
        return [self.known[id(this)][1] for this in self.code]

    @cached_property
    def written(self) -> dict[tuple[bool, bool], Array]:
        """When each address is written for the last time."""
        return self._when([(at, writes) for at, (_, writes) in enumerate(self.touched)], -1)

    @cached_property
    def left(self) -> dict[tuple[bool, bool], Array]:
        """When each address is used for the last time."""
        return self._when([(at, [*x, *y]) for at, (x, y) in enumerate(self.touched)], -1)

    @cached_property
    def used(self) -> dict[tuple[bool, bool], Array]:
        """When each address is used for the first time."""
        spans = [(at, [*x, *y]) for at, (x, y) in enumerate(self.touched)]
        return self._when(spans[::-1], len(self.code))

    @cached_property
    def reads(self) -> Array:
        """All that is read, as `_spans` says."""
        return self._spans(0)

    @cached_property
    def writes(self) -> Array:
        """All that is written."""
        return self._spans(1)

    @cached_property
    def adds(self) -> Array:
        """Which instructions add."""
        return self.np.array([getattr(this, "mode", STORE) == ADD for this in self.code], bool)

    def _when(
        self, spans: Sequence[tuple[int, Sequence[Span]]], never: int
    ) -> dict[tuple[bool, bool], Array]:
        """Return for each address the last entry of a list that has it."""
        keys = [(adjoint, lanes) for adjoint in (False, True) for lanes in (False, True)]
        found = {key: self.np.full(self.sizes[key[1]], never) for key in keys}
        for at, each in spans:
            for buffer, start, stop in each:
                found[buffer][start:stop] = at
        return found

    def _spans(self, which: int) -> Array:
        """Return all that is read, or written: buffer, start, stop and when, (4, spans)."""
        found = [
            (2 * buffer[0] + buffer[1], start, stop, at)
            for at, touched in enumerate(self.touched)
            for buffer, start, stop in touched[which]
        ]
        return self.np.array(found, int).reshape(-1, 4).T

    def run(
        self, find: Callable[[Instruction], Kind | None],
        place: Callable[[_Pass, list[int]], tuple[list[int], int] | None],
        make: Callable[..., Instruction],
    ) -> list[Instruction]:  # fmt: skip
        """Return the instructions with those of one kind made one, where they can be.

        `place` says of places which of them, and where the one can run.
        """
        families: dict[Any, list[tuple[int, tuple[int, ...]]]] = {}
        shared = list(map(_SHARED[find], self.code))
        many = {x for x, count in Counter(shared).items() if count >= FEW} - {None}
        for at, this in enumerate(self.code):
            kind = find(this) if shared[at] in many else None
            if kind is not None:
                families.setdefault(kind[0], []).append((at, kind[1]))
        out: list[Instruction | None] = [*self.code]
        for family in families.values():
            for run, steps in _runs(family):
                found = place(self, run)
                if found is not None:
                    places, anchor = found
                    one = make(self.code[places[0]], len(places), steps)
                    for at in places:
                        out[at] = None
                    out[anchor] = one
        return [this for this in out if this is not None]

    def _stores_alone(self, places: list[int]) -> bool:
        """Whether the first of some instructions adds, or nobody else writes there after it."""
        if self.adds[places[0]]:
            return True
        (target,) = self.touched[places[0]][1]
        return len(self._between(self.writes, target, places)) == 0

    def _between(self, spans: Array, target: Span, places: list[int]) -> Array:
        """Return when others reach a target between the first and the last of some places."""
        (adjoint, lanes), low, high = target
        buffer, start, stop, at = spans
        reached = (buffer == 2 * adjoint + lanes) & (start < high) & (low < stop)
        found = at[reached & (at > places[0]) & (at < places[-1])]
        return found[~self.np.isin(found, places)]

    def summed(self, places: list[int]) -> tuple[list[int], int] | None:
        """Return which of some instructions can be one sum, and where it can run."""
        places = places if self._stores_alone(places) else places[1:]
        if not every(self.adds[places[1:]]):
            return None
        if not all(self._is_final(self.touched[at][0], at) for at in places):
            return None
        (target,) = self.touched[places[0]][1]
        others = self._between(self.writes, target, places)
        if len(self._between(self.reads, target, places)) or not every(self.adds[others]):
            return None
        return places, places[-1]

    def in_columns(self, places: list[int]) -> tuple[list[int], int] | None:
        """Return some instructions, and where one product can run in their place."""
        first, last = places[0], places[-1]
        reads = [x for at in places for x in self.touched[at][0]]
        ends = [(at, self.touched[at][1][0]) for at in places]
        if self._is_final(reads, first) and all(
            every(self.used[buffer][start:stop] == at) for at, (buffer, start, stop) in ends
        ):
            return places, first
        if all(self._is_final(self.touched[at][0], at) for at in places) and all(
            every(self.left[buffer][start:stop] == at) for at, (buffer, start, stop) in ends
        ):
            return places, last
        return None

    def _is_final(self, reads: Sequence[Span], at: int) -> bool:
        """Whether nothing is written to these from an instruction on."""
        written = self.written
        return all(every(written[buffer][start:stop] < at) for buffer, start, stop in reads)


def _runs(family: list[tuple[int, tuple[int, ...]]]) -> Iterator[tuple[list[int], tuple[int, ...]]]:
    """Yield places whose offsets advance by the same steps, with these, where they are many."""
    start = 0
    while len(family) - start >= FEW:
        steps = _step(family, start)
        stop = start + 2
        while stop < len(family) and _step(family, stop - 1) == steps:
            stop += 1
        if stop - start >= FEW and any(steps):
            yield [at for at, _ in family[start:stop]], steps
            start = stop
        else:
            start += 1


def _step(family: list[tuple[int, tuple[int, ...]]], k: int) -> tuple[int, ...]:
    return tuple(b - a for a, b in zip(family[k][1], family[k + 1][1], strict=True))
