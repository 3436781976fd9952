"""Sparse matrices of many parts of few forms: derived once for a form, run with the parts as lanes.

The errors of a bundle adjustment are thousands of one formula, each of another camera and another
point. Where outputs fall apart into parts that have leaves alone in common, and most of these are
alike, one of them is derived, row by row or column by column, whichever is cheaper. That takes as
many sweeps as one part has outputs, however many colours the whole matrix would need.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import Any, NamedTuple

from autograd.derivatives.calls import as_node
from autograd.derivatives.kinds import forward_linear, jacobian_rows
from autograd.derivatives.sparsity import bits, pattern, rows_of_entries
from autograd.derivatives.trees import leaves
from autograd.engine import Value
from autograd.modes import differentiating
from autograd.program.compiler.accesses import Array
from autograd.program.jitting.forms import Form, apart, computed
from autograd.program.jitting.matrices import Matrix
from autograd.program.jitting.replay import Replay
from autograd.program.jitting.sparse import Sparse
from autograd.program.jitting.traces import Chain, Part, Trace
from autograd.rows.noise import is_noise

PARTS, REPEATED = 16, 8  # at least so many parts, of forms that occur so often on average
LANES = 256  # parts of one pass


class Family(NamedTuple):
    """The parts of one form: of each the places of its leaves, its numbers and its rows."""

    form: Form  # of the first part
    leaves: list[list[int]]
    constants: list[list[float]]
    rows: list[list[int]]


def families(trace: Trace, chain: Chain) -> list[Family] | None:
    """Return the parts that a matrix falls apart into; None where they are few, or too different.

    What is random is drawn for a call, not for a part.
    """
    outputs = [as_node(x) for x in leaves(trace.derived(chain[:-1]))]
    nodes = computed(outputs)
    parts = list(apart(nodes))
    if len(parts) < PARTS or any(map(is_noise, nodes)):
        return None
    place = {x: k for k, x in enumerate([*trace.leaves, *trace.held])}
    wanted = {trace.leaves[k] for k in trace.chosen(chain[-1].argnums)}
    rows: dict[Value, list[int]] = defaultdict(list)
    for i, y in enumerate(outputs):
        rows[y].append(i)
    found: dict[Any, Family] = {}
    while parts:
        own = parts.pop()
        ends = [i for node in own if node in rows for i in rows[node]]
        form = Form(own, [outputs[i] for i in ends], wanted)
        family = found.setdefault(form.key, Family(form, [], [], []))
        family.leaves.append([place[x] for x in form.leaves])
        family.constants.append(form.constants)
        family.rows.append(ends)
        if len(found) > 1 + (len(parts) + sum(len(x.rows) for x in found.values())) // REPEATED:
            return None
    return list(found.values())


class Blocks(Matrix):
    """The entries of a sparse matrix, by replays of one part of each form."""

    at_once = True

    def __init__(self, trace: Trace, chain: Chain, found: list[Family]) -> None:
        super().__init__(trace, chain)
        np, self.chain = self.np, chain
        column = {x: k for k, x in enumerate(self.nodes)}
        by_leaf = np.full(len(trace.leaves) + len(trace.held), -1)
        by_leaf[list(self.chosen)] = np.arange(len(self.chosen))
        self.kernels = [_Kernel(np, family, by_leaf) for family in found]
        places = [kernel.places for kernel in self.kernels]
        ones = [(i, column[y]) for i, y in enumerate(self.outputs) if y in column]
        row, columns = np.concatenate([*places, np.array(ones, int).reshape(-1, 2).T], axis=1)
        self.source = np.lexsort((columns, row))  # where each entry is among those of all kernels
        self.columns = columns[self.source].astype(np.int32)
        self.starts = np.searchsorted(row[self.source], np.arange(self.shape[0] + 1))
        self.starts = self.starts.astype(np.int32)
        self.ones, self.width = np.ones(len(ones)), len(self.source)
        self.decisions: dict[bool, Replay] = {}

    def now(self) -> Array:
        found = Sparse(self.trace, self.chain)
        return found.finished(found.now()).data

    def finished(self, row: Array) -> Any:
        return rows_of_entries(row, self.columns, self.starts, self.shape)

    def stacked(self, rows: Array) -> Any:
        return list(map(self.finished, rows))

    def replay(self, mapped: bool = False) -> Replay:
        """Return what compares the decisions of the whole; the parts are compiled already."""
        if not self.trace.guards and self.kernels:
            return self.kernels[0].replay
        found = self.decisions.get(mapped)
        return found or self.decisions.setdefault(mapped, self.compiled(mapped))

    def compiled(self, mapped: bool) -> Replay:
        return Replay(self.trace, self.moving(mapped), (), [])

    def read(self, replay: Replay) -> Array:
        return replay.values()  # of no node

    def run(self, numbers: Array, mapped: bool = False) -> tuple[Array, Array]:
        np, rows = self.np, len(numbers)
        flips = self._flips(numbers, mapped)
        found = np.empty((rows, self.width))
        for k in np.flatnonzero(flips < 0).tolist():
            everything = np.concatenate([numbers[k], self.trace.held_numbers()])
            parts = [kernel.run(everything) for kernel in self.kernels]
            np.take(np.concatenate([*parts, self.ones]), self.source, out=found[k])
        return found, flips

    def _flips(self, numbers: Array, mapped: bool) -> Array:
        """Return for each row of numbers the decision that comes out otherwise, or -1."""
        np = self.np
        if not self.trace.guards:
            return np.full(len(numbers), -1)
        replay = self.replay(mapped)
        with replay.lock.held, np.errstate(all="ignore"):
            if not mapped:
                return replay.forward(numbers[0], replay.nothing)
            return np.concatenate(list(map(partial(_flips_of, replay), numbers)))


class _Kernel:
    """What the parts of one form have in common, compiled: the entries of one of them.

    `places` are the rows and columns of all entries, entry by entry, (2, entries x parts).
    """

    def __init__(self, np: Any, family: Family, by_leaf: Array) -> None:
        self.np, self.at = np, np.array(family.leaves, int)
        constants = np.array(family.constants, float).reshape(len(self.at), -1)
        free = np.flatnonzero((constants != constants[0]).any(axis=0))
        self.constants = constants[:, free]
        inputs, extra, outputs = family.form.rebuilt({*free.tolist()})
        chosen = np.flatnonzero(by_leaf[self.at[0]] >= 0)
        nodes, row, column = _derived(list(map(as_node, outputs)), [inputs[k] for k in chosen])
        rows, columns = np.array(family.rows, int), by_leaf[self.at[:, chosen]]
        self.places = np.stack([rows[:, row].T.ravel(), columns[:, column].T.ravel()])
        leaves, self.entries = [*inputs, *extra], len(nodes)
        self.replay = Replay(Part(leaves), range(len(leaves)), (), nodes)

    def run(self, numbers: Array) -> Array:
        """Return all entries, entry by entry, for the numbers of all leaves."""
        found = self.np.empty((self.entries, len(self.at)))
        with self.replay.lock.held, self.np.errstate(all="ignore"):
            self._fill(numbers, found)
        return found.ravel()

    def _fill(self, numbers: Array, found: Array) -> None:
        """Find the entries of as many parts at a time as there is room for."""
        replay, count = self.replay, len(self.at)
        size = -(-count // -(-count // LANES))
        for start in range(0, count, size):
            own = slice(min(start, count - size), min(start, count - size) + size)
            lanes = self.np.hstack([numbers[self.at[own]], self.constants[own]])
            replay.forward(numbers, lanes)
            found[:, own] = replay.values()


def _flips_of(replay: Replay, row: Array) -> Array:
    return replay.forward(row, row[None, replay.moving])


def _derived(outputs: list[Value], inputs: list[Value]) -> tuple[list[Value], list[int], list[int]]:
    """Return the entries of a Jacobian that can be other than 0, with their rows and columns."""
    with differentiating():
        through = forward_linear(outputs, inputs, nested=True)
        table = jacobian_rows(outputs, inputs, nested=True)
    places = [
        (i, j) for i, mask in enumerate(pattern(outputs, inputs, through)) for j in bits(mask)
    ]
    return [table[i][j] for i, j in places], [i for i, _ in places], [j for _, j in places]
