"""A scalar graph as columns: one operation, its operands and its number for each node.

Recording walks the graph once, parents first. Leaves are parameters, inputs or constants; a
plain number used as an operand becomes a constant of its own at each use, so that the
structure does not depend on its value. How columns are found is the subject of `columns.py`; what
they mean as matrices that of `reroll.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from typing import Any

from autograd.engine import Value
from autograd.program.compiler.apart import FUNCTIONS, taken_apart
from autograd.program.compiler.columns import (
    COMPUTED,
    CONSTANT,
    INPUT,
    PARAMETER,
    Array,
    Columns,
    columns,
)
from autograd.program.compiler.compiled import grouping
from autograd.program.compiler.pieces import PIECES
from autograd.program.compiler.refusals import elementwise, refused_leaves
from autograd.sweep import flat
from autograd.table import Primitive

__all__ = ["COMPUTED", "CONSTANT", "INPUT", "PARAMETER", "SUMS", "Recording"]

SUMS = ("add", "dot", "total")


def _flat(name: str, row: Primitive | None) -> list[int]:
    """Return the operands of an operation to which nothing passes, as programs say."""
    piece = PIECES.get(name)
    if piece and piece.back:
        return [-1]  # an index
    partials: Any = piece.partials if piece else row.partials if row else ()
    return [k for k, x in enumerate(partials) if x is flat or x == 0.0]


class Operands:
    """The operands of each node, a list of numbers for each, made as it is asked for."""

    def __init__(self, flat: Array, bounds: Array) -> None:
        self.flat, self.bounds = flat, bounds

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def __getitem__(self, node: int) -> list[int]:
        found: list[int] = self.flat[self.bounds[node] : self.bounds[node + 1]].tolist()
        return found

    def __iter__(self) -> Iterator[list[int]]:
        flat, bounds = self.flat.tolist(), self.bounds.tolist()
        return (flat[start:stop] for start, stop in pairwise(bounds))


class Recording:
    """The nodes below `root`, `others` and `also`, numbered so that operands come first.

    `others` are compared in every run, `also` are there to be read. What the root depends on comes
    first: a computed node behind the root is beside it, and no adjoint arrives there.

    `operations[i]` is the name of a primitive, or of a piece of one (a row of `pieces`), and ""
    for a leaf; `operands[i]` are the numbers of its operands, `kinds[i]` tells parameters, inputs
    and constants apart, `numbers[i]` is a leaf's number and `lanes[i]` says whether an input
    reaches the node. `ids` maps each Value of the graph to its number; nodes that only exist here
    (the pieces of a softmax) have none. Parameters come first, then inputs, the nodes drawn from
    streams (`noise`) as the last of them. `flat` holds the operands of all nodes one after another,
    those of node i from `bounds[i]` up to `bounds[i + 1]`; `rows` the rows of the operations, as
    they were by then. Operation `codes[i]` of `names` is that of node i. `apart` says whether any
    function was taken apart into pieces.
    """

    def __init__(
        self,
        root: Value,
        inputs: Sequence[Value],
        parameters: Sequence[Value],
        others: Sequence[Value] = (),
        also: Sequence[Value] = (),
    ) -> None:
        leaves = (*parameters, *inputs)
        found = columns(leaves, len(parameters), (root, *others, *also))
        if found is None:
            raise refused_leaves(inputs, parameters)
        self.rows: dict[str, Primitive | None] = dict.fromkeys(SUMS)
        for name in found.present():
            if name not in ("", *SUMS, *FUNCTIONS):
                self.rows[name] = elementwise(name)
        whole, found = found, taken_apart(found)
        self.apart = found is not whole
        self._use(found)
        self.noise: list[Value] = found.drawn
        self.parameters = range(len(parameters))
        self.inputs = range(len(parameters), len(leaves) + len(self.noise))
        self.root, *ends = found.ends.tolist()
        self.kept = {self.root, *ends[: len(others)]}

    def _use(self, found: Columns) -> None:
        self.columns = found
        self.kinds, self.numbers, self.lanes = found.kinds, found.numbers, found.lanes
        self.flat, self.bounds, self.codes = found.flat, found.starts, found.codes

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def starts(self) -> Array:
        """Where the operands of each node start."""
        return self.bounds[:-1]

    @cached_property
    def operations(self) -> list[str]:
        """The name of what each node does."""
        return list(map(self.columns.names.__getitem__, self.codes.tolist()))

    def operation(self, node: int) -> str:
        """Return the name of what one node does, without a list of all of them."""
        return self.columns.names[int(self.codes[node])]

    @property
    def present(self) -> set[str]:
        """The operations that some nodes have."""
        return set(self.columns.present())

    @property
    def operands(self) -> Operands:
        """The operands of each node."""
        return Operands(self.flat, self.bounds)

    @cached_property
    def ids(self) -> dict[Value, int]:
        """The number of each Value."""
        return dict(zip(self.columns.values, self.columns.places.tolist(), strict=True))

    @cached_property
    def exponents(self) -> Array:
        """The constants that something is raised to, whose numbers shape the code."""
        import numpy as np

        powers = np.flatnonzero(self.table(lambda name: name == "pow", bool))
        found = self.flat[self.starts[powers] + 1]
        return found[np.frombuffer(self.kinds, np.uint8)[found] == CONSTANT]

    @property
    def values(self) -> int:
        """How many Values were recorded."""
        return len(self.columns.values)

    @cached_property
    def reached(self) -> Array:
        """For each node whether an adjoint of the root reaches it, in bytes of 1 and 0.

        All nodes up to the root do where no operand is flat, for it depends on all of them.
        """
        import numpy as np

        found = (np.arange(len(self)) <= self.root).astype(np.uint8)
        passes = np.ones(len(self.flat), np.uint8)  # of each operand: whether anything passes to it
        for code, name in enumerate(self.columns.names):
            for slot in _flat(name, self.rows.get(name)):
                passes[self.bounds[np.flatnonzero(self.codes == code) + (slot < 0)] + slot] = 0
        if passes.all():
            return found
        if (compiled := grouping()) is not None:
            return np.frombuffer(compiled.reached(self.flat, self.bounds, passes, self.root), "B")
        found[: self.root] = 0
        for node in range(self.root, -1, -1):
            if found[node]:
                own = slice(*self.bounds[node : node + 2])
                found[self.flat[own][passes[own] > 0]] = 1
        return found

    @property
    def after_leaves(self) -> range:
        """The nodes behind parameters and inputs: what was computed, and constants."""
        return range(self.inputs.stop, len(self))

    def table(self, by_name: Any, dtype: Any) -> Array:
        """Return for each node what a function says of its operation."""
        return self.columns.table(by_name, dtype)

    def same_columns(self, other: Recording) -> bool:
        """Whether two recordings differ in nothing but their numbers and Values."""
        ends = (self.root, self.kept, self.parameters, self.inputs)
        return (
            ends == (other.root, other.kept, other.parameters, other.inputs)
            and self.kinds == other.kinds
            and self.columns.names == other.columns.names
            and self.rows == other.rows
            and all(
                own.tobytes() == its.tobytes()
                for own, its in zip(self._arrays(), other._arrays(), strict=True)
            )
        )

    def without_values(self) -> Recording:
        """Return the same columns, for somebody who must not keep the graph alive."""
        twin = copy(self)
        twin.columns = self.columns.without_values()
        twin.__dict__.pop("ids", None)
        twin.noise = []
        return twin

    def alone(self) -> Recording:
        """Return the columns without what is beside the root, and without Values."""
        twin, end = self.without_values(), max(self.root + 1, self.inputs.stop)
        for name in ("operations", "exponents", "reached"):
            twin.__dict__.pop(name, None)
        cut: Any = {x: getattr(self, x)[:end] for x in ("codes", "kinds", "numbers", "lanes")}
        starts = self.bounds[: end + 1]
        twin._use(replace(twin.columns, starts=starts, flat=self.flat[: starts[-1]], **cut))
        twin.kept = {node for node in self.kept if node < end}
        return twin

    def _arrays(self) -> tuple[Array, ...]:
        return self.codes, self.bounds, self.flat
