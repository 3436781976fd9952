"""The traces of one structure of arguments: a tree of the branches that a function took.

A call runs the first trace. Where decision k comes out otherwise, the trace of that branch goes
on, and so forth; one that is not there yet is recorded, node by node, by the call that needs it.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

from autograd.derivatives.trees import leaves
from autograd.engine import Value
from autograd.errors import DomainError, FrozenBranchError, StaleGraphError
from autograd.program.compiler.accesses import Array
from autograd.program.guards import Guard
from autograd.program.jitting.arguments import Arguments, structure_of
from autograd.program.jitting.blocks import Blocks, families
from autograd.program.jitting.matrices import Columns, Rows
from autograd.program.jitting.sparse import Small, Sparse
from autograd.program.jitting.sweeps import Gradient, Sweep, Values
from autograd.program.jitting.traces import Chain, Trace

BRANCHES = 32  # traces of one structure


class EndlessLoopError(FrozenBranchError):
    """A loop took another number of turns in every trace."""


class Way:
    """A trace with its sweeps, and the ways that leave it at one of its decisions."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.branches: dict[int, Way] = {}
        self._sweeps: dict[Chain, Sweep] = {}

    def sweep(self, chain: Chain) -> Sweep:
        """Return what answers for a chain of derivatives."""
        found = self._sweeps.get(chain)
        if found is None:
            found = self._sweeps.setdefault(chain, sweep_of(self.trace, chain))
        return found


Exit = tuple[Way, int]  # a way, and the decision that came out otherwise


class Structure:
    """The ways through a function for one structure of arguments."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f
        self.first: Way | None = None
        self.ways: list[Way] = []
        self.full = False

    def answer(self, chain: Chain, arguments: Arguments, numbers: Array) -> tuple[Sweep, Array]:
        """Return the numbers of a result, with the sweep that knows their structure."""
        way, left = self.first, None
        while way is not None:
            sweep = self._ready(way, chain)
            if sweep is None:
                return self._now(self._renewed(way, arguments, numbers), chain)
            found, k = sweep.one(numbers)
            if k < 0:
                if sweep.is_finite(found):
                    return sweep, found
                break  # as node by node: infinite, or the error of the function
            left, way = (way, k), way.branches.get(k)
        else:
            return self._recorded(left, chain, arguments, numbers)
        return self._now(self._traced(arguments, numbers), chain)

    def holds(self, chain: Chain, arguments: Arguments, numbers: Array) -> bool:
        """Return whether the function holds Values, which others may differentiate by."""
        if self.first is None:
            self.attach(None, self._traced(arguments, numbers))
        return any(way.trace.held for way in self.ways)

    def map(
        self, chain: Chain, row: Callable[[int], Arguments], numbers: Array
    ) -> tuple[Sweep, Array]:
        """Return the numbers of the results of all rows, with the sweep that knows them."""
        import numpy as np

        found: Array = None
        pending: list[tuple[Exit | None, Array]] = [(None, np.arange(len(numbers)))]
        while pending:
            left, rows = pending.pop()
            way = self._entered(left, row, rows, numbers)
            part, flips, other = self._part(way, chain, row, rows, numbers)
            if found is None:
                found, sweep = np.empty((len(numbers), other.width)), other
            found[rows[flips < 0]] = _alike(sweep, other, part[flips < 0])
            if way is not None:
                pending += [((way, k), rows[flips == k]) for k in {*flips.tolist()} - {-1}]
        return sweep, found

    def _entered(
        self, left: Exit | None, row: Callable[[int], Arguments], rows: Array, numbers: Array
    ) -> Way | None:
        """Return the way behind an exit, recorded with the first row where it is new."""
        way = self.first if left is None else left[0].branches.get(left[1])
        if way is None and not self._is_full(left):
            fresh = self._traced(row(int(rows[0])), numbers[rows[0]])
            way = fresh if self.attach(left, fresh) else None
        return way

    def _part(
        self, way: Way | None, chain: Chain, row: Callable[[int], Arguments], rows: Array,
        numbers: Array,
    ) -> tuple[Array, Array, Sweep]:  # fmt: skip
        """Return results of rows, the guards that they flip, and the sweep that knows them.

        Rows whose results are not finite, or which have no way, are computed one by one.
        """
        import numpy as np

        sweep = self._ready(way, chain, mapped=True) if way is not None else None
        if way is not None and sweep is None:
            way = self._renewed(way, row(int(rows[0])), numbers[rows[0]])
            sweep = self._ready(way, chain, mapped=True)
        if sweep is not None:
            part, flips = sweep.run(numbers[rows], mapped=True)
            alone = (flips < 0) & ~np.isfinite(part).all(axis=1)
        else:
            part, flips, alone = None, np.full(len(rows), -1), np.ones(len(rows), bool)
        for at in np.flatnonzero(alone).tolist():
            k = int(rows[at])
            one = self._traced(row(k), numbers[k])
            other, result = self._now(one, chain)
            if part is None:
                part, sweep = np.empty((len(rows), other.width)), other
            part[at] = _alike(sweep, other, result)  # type: ignore[arg-type]
        return part, flips, sweep  # type: ignore[return-value]

    def _ready(self, way: Way, chain: Chain, mapped: bool = False) -> Sweep | None:
        """Return a sweep that can run; None where the derivative needs another trace.

        It does not exist where the trace was recorded, or a leaf that f holds was changed since.
        """
        try:
            sweep = way.sweep(chain)
            sweep.replay(mapped)
        except (StaleGraphError, DomainError, ZeroDivisionError):
            return None
        return sweep

    def _traced(self, arguments: Arguments, numbers: Array) -> Way:
        return Way(Trace(self.f, arguments, numbers))

    def _now(self, way: Way, chain: Chain) -> tuple[Sweep, Array]:
        sweep = way.sweep(chain)
        return sweep, sweep.now()

    def _renewed(self, way: Way, arguments: Arguments, numbers: Array) -> Way:
        """Return a way recorded anew, in the place of one that takes the same decisions."""
        fresh = self._traced(arguments, numbers)
        if verdicts(fresh.trace.guards) == verdicts(way.trace.guards):
            fresh.branches = way.branches
            self._put(way, fresh)
        return fresh

    def _put(self, old: Way, new: Way) -> None:
        for way in self.ways:
            way.branches = {k: new if x is old else x for k, x in way.branches.items()}
        self.ways = [new if x is old else x for x in self.ways]
        self.first = new if self.first is old else self.first

    def _recorded(
        self, left: Exit | None, chain: Chain, arguments: Arguments, numbers: Array
    ) -> tuple[Sweep, Array]:
        """Record a new way, and answer for the numbers that it is recorded with.

        Values and gradients are compiled at once, so that every call gives the same bits.
        """
        full = self._is_full(left)
        fresh = self._traced(arguments, numbers)
        sweep = fresh.sweep(chain)
        if full or not self.attach(left, fresh) or not sweep.at_once:
            fresh.trace.calls.next()  # what is random is that of the recording
            return sweep, sweep.now()
        found, flip = sweep.one(numbers)
        right = flip < 0 and sweep.is_finite(found)
        return sweep, found if right else sweep.now()

    def attach(self, left: Exit | None, fresh: Way) -> bool:
        """Let a way begin behind an exit; False where rounding alone made it differ.

        A way that decides alike, beside another number, takes the place of the one it left.
        """
        if left is None:
            self.ways, self.first = [fresh], fresh
            return True
        way, k = left
        guards, old = fresh.trace.guards, way.trace.guards[k]
        if len(guards) <= k:
            return False
        if guards[k].verdict == old.verdict:
            if guards[k].right.__class__ is Value or guards[k].right == old.right:
                return False
            self._put(way, fresh)
            return True
        self.ways.append(fresh)
        way.branches[k] = fresh
        return True

    def _is_full(self, left: Exit | None) -> bool:
        """Whether no way may be added: said once; raises EndlessLoopError for a loop."""
        if left is None or len(self.ways) < BRANCHES:
            return False
        guard = left[0].trace.guards[left[1]]
        self._require_no_loop(guard)
        self._say_that_it_is_full(guard)
        return True

    def _require_no_loop(self, guard: Guard) -> None:
        """Raise EndlessLoopError where a decision was taken another number of times each time."""
        counts = {Counter(g.place for g in way.trace.guards)[guard.place] for way in self.ways}
        if len(counts) > BRANCHES // 2:
            few = ", ".join(map(str, sorted(counts)[:4]))
            raise EndlessLoopError(
                f"{guard.place}: a loop whose length depends on numbers was recorded with "
                f"{len(counts)} lengths ({few}, …), and this call needs another one. Give it a "
                "fixed length, and keep what is done by where; or call the function without jit."
            )

    def _say_that_it_is_full(self, guard: Guard) -> None:
        if not self.full:
            self.full = True
            warnings.warn(
                f"{guard.place}: a compiled function took {BRANCHES} branches for one structure of "
                "arguments; further ones run node by node. Use where, maximum or clip.",
                RuntimeWarning,
                stacklevel=2,
            )


def verdicts(guards: list[Guard]) -> list[tuple[str, bool]]:
    """Return what tells one way from another."""
    return [(guard.place, guard.verdict) for guard in guards]


def _alike(sweep: Sweep, other: Sweep, found: Array) -> Array:
    """Return results of another sweep. Raises TypeError where their structure is another one."""
    if structure_of(other.tree) != structure_of(sweep.tree):
        raise TypeError(
            "map stacks results of one structure; f returns others for some rows. Call f on each "
            "row instead."
        )
    return found


def sweep_of(trace: Trace, chain: Chain) -> Sweep:
    """Return the sweep for a chain of derivatives: the last of them is the executor's work."""
    kind = chain[-1].kind if chain else ""
    if kind in ("sparse_jacobian", "sparse_hessian"):
        found = families(trace, chain)
        return Blocks(trace, chain, found) if found else Sparse(trace, chain)
    if kind in ("grad", "value_and_grad"):
        return Gradient(trace, chain)
    if kind != "jacobian":
        return Values(trace, chain)
    outputs, inputs = len(leaves(trace.derived(chain[:-1]))), len(trace.chosen(chain[-1].argnums))
    if Small.suits(outputs, inputs):
        return Small(trace, chain)
    return (Rows if outputs <= inputs else Columns)(trace, chain)
