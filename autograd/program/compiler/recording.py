"""A scalar graph as columns: one operation, its operands and its number for each node.

Recording walks the graph once, parents first. Leaves are parameters, inputs or constants; a
plain number used as an operand becomes a constant of its own at each use, so that the
structure does not depend on its value. Functions of many operands that are not sums are
taken apart here into a few row operations (`argmax`, `sum_minus_one`) and elementwise ones. What
the arrays mean as matrices is the subject of `reroll.py`.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from typing import Any

from autograd.engine import Value, topological, unwatched
from autograd.program.compiler.refusals import elementwise, repeated
from autograd.rows.noise import is_noise
from autograd.table import Primitive

PARAMETER, INPUT, CONSTANT, COMPUTED = range(4)
SUMS = ("add", "dot", "total")


class Recording:
    """The nodes below `root`, `others` and `also`, numbered so that operands come first.

    `others` are compared in every run, `also` are there to be read.

    `operations[i]` is the name of a primitive, or of a piece of one (a row of `pieces`), and ""
    for a leaf; `operands[i]` are the numbers of its operands, `kinds[i]` tells parameters, inputs
    and constants apart, `numbers[i]` is a leaf's number and `lanes[i]` says whether an input
    reaches the node. `ids` maps each Value of the graph to its number; nodes that only exist here
    (the pieces of a softmax) have none. Parameters come first, then inputs, the nodes drawn from
    streams (`noise`) as the last of them. `flat` holds the operands of all nodes one after another,
    those of node i from `starts[i]` on; `rows` the rows of the operations, as they were by then.
    """

    def __init__(
        self,
        root: Value,
        inputs: Sequence[Value],
        parameters: Sequence[Value],
        others: Sequence[Value] = (),
        also: Sequence[Value] = (),
    ) -> None:
        import numpy as np

        self.operations: list[str] = []
        self.operands: list[Sequence[int]] = []
        self.kinds = bytearray()
        self.numbers = array("d")
        self.ids: dict[Value, int] = {}
        self.lanes = bytearray()
        self._flat = array("q")
        self._rows: dict[tuple[Any, ...], int] = {}
        self.rows: dict[str, Primitive | None] = dict.fromkeys(SUMS)
        self.parameters = self._leaves("parameters", parameters, PARAMETER)
        self.inputs = self._leaves("inputs", inputs, INPUT)
        order: dict[Value, None] = {}
        for top in (root, *others, *also):
            order |= {} if top in order else dict.fromkeys(topological(top))
        self._compute(order)
        self.root = self.ids[root]
        self.kept = {self.root, *(self.ids[node] for node in others)}
        self.flat = np.frombuffer(self._flat, np.int64)
        self.starts = self._starts()

    def __len__(self) -> int:
        return len(self.operations)

    @property
    def after_leaves(self) -> range:
        """The nodes behind parameters and inputs: what was computed, and constants."""
        return range(self.inputs.stop, len(self))

    def same_columns(self, other: Recording) -> bool:
        """Whether two recordings differ in nothing but their numbers and Values."""
        ends = (self.root, self.kept, self.parameters, self.inputs)
        return (
            ends == (other.root, other.kept, other.parameters, other.inputs)
            and self.kinds == other.kinds
            and self.operations == other.operations
            and self.rows == other.rows
            and bool((self.starts == other.starts).all())
            and self.flat.tobytes() == other.flat.tobytes()
        )

    def without_values(self) -> Recording:
        """Return the same columns, for somebody who must not keep the graph alive."""
        twin = copy(self)
        twin.ids, twin.noise = {}, []
        return twin

    def pairs(self, dot: int) -> tuple[array[int], array[int]]:
        """Return the two sides of a dot product."""
        start, n = int(self.starts[dot]), len(self.operands[dot]) // 2
        return self._flat[start : start + n], self._flat[start + n : start + 2 * n]

    def _compute(self, order: Iterable[Value]) -> None:
        """Number what is drawn, as further inputs, and then all else."""
        self.noise = list(filter(is_noise, order))
        self.inputs = range(self.inputs.start, self._columns(self.noise, INPUT).stop)
        unused = {x for node in self.noise for x in node.parents}  # of what is drawn
        self._number([x for x in order if x not in self.ids and x not in unused])

    def _number(self, order: list[Value]) -> None:
        """Number nodes, most of which `_add` would add one by one."""
        ids: dict[Any, int] = self.ids
        operations, operands, lanes = self.operations, self.operands, self.lanes
        rows, extend, numbered = self.rows, self._flat.extend, self._numbered
        kind, number = self.kinds.append, self.numbers.append
        for node in order:
            operation = node.op
            if operation not in rows:
                ids[node] = self._node(node)
                continue
            below = numbered(node.operands)
            ids[node] = len(operations)
            operations.append(operation)
            operands.append(below)
            extend(below)
            kind(COMPUTED)
            number(0.0)
            lanes.append(self._reached(below))

    def _starts(self) -> Any:
        import numpy as np

        first, starts = self.inputs.stop, np.zeros(len(self), int)
        starts[first + 1 :] = np.cumsum([len(x) for x in self.operands[first:-1]])
        return starts

    def _leaves(self, role: str, leaves: Sequence[Value], kind: int) -> range:
        for leaf in leaves:
            if leaf.op or leaf.constant:
                raise ValueError(
                    f"{role} must be leaves of the graph; got {leaf!r}"
                    f"{f', computed by {leaf.op!r}' if leaf.op else ''}. "
                    "Pass the Values the graph was started from."
                )
        known = len(self.ids)
        found = self._columns(leaves, kind)
        if len(self.ids) != known + len(leaves):
            before = set(list(self.ids)[:known])
            raise ValueError(f"{repeated(leaves, role, before)} List each leaf once, in one role.")
        return found

    def _columns(self, leaves: Sequence[Value], kind: int) -> range:
        """Number nodes that are given their numbers."""
        first, count = len(self), len(leaves)
        self.ids.update(zip(leaves, range(first, first + count), strict=True))
        self.operations += [""] * count
        self.operands += [()] * count
        self.kinds += bytes([kind]) * count
        self.numbers += array("d", map(unwatched, leaves))
        self.lanes += bytes([kind == INPUT]) * count
        return range(first, first + count)

    def _node(self, node: Value) -> int:
        operation = node.op
        if not operation:
            return self._constant(unwatched(node))
        operands = self._numbered(node.operands)
        if operation in _TAKEN_APART:
            return _TAKEN_APART[operation](self, operands)
        if operation not in self.rows:
            self.rows[operation] = elementwise(operation)
        return self._add(operation, operands)

    def _numbered(self, operands: Sequence[Any]) -> list[int]:
        ids: dict[Any, int] = self.ids
        found: list[Any] = list(map(ids.get, operands))
        if None in found:  # a plain number
            found = [
                self._constant(x) if k is None else k for k, x in zip(found, operands, strict=True)
            ]
        return found

    def _constant(self, number: float) -> int:
        self.operations.append("")
        self.operands.append(())
        self.kinds.append(CONSTANT)
        self.numbers.append(number)
        self.lanes.append(False)
        return len(self.operations) - 1

    def _add(self, operation: str, operands: Sequence[int]) -> int:
        self.operations.append(operation)
        self.operands.append(operands)
        self._flat.extend(operands)
        self.kinds.append(COMPUTED)
        self.numbers.append(0.0)
        self.lanes.append(self._reached(operands))
        return len(self.operations) - 1

    def _reached(self, operands: Sequence[int]) -> bool:
        """Whether any operand has lanes; the inputs of a dot product stand behind its weights."""
        lanes = self.lanes
        for x in reversed(operands):  # noqa: SIM110 - any() of a generator takes twice as long
            if lanes[x]:
                return True
        return False

    def _mean(self, values: Sequence[int]) -> int:
        return self._add("div", (self._add("total", values), self._constant(float(len(values)))))

    def _once(self, operation: str, *operands: int) -> int:
        """Add a node that later pieces of the same row will want again."""
        key = (operation, *operands)
        if key not in self._rows:
            self._rows[key] = self._add(operation, operands)
        return self._rows[key]

    def _row(self, values: Sequence[int]) -> tuple[list[int], list[int], int, int]:
        """Return the nodes xₖ - p, the exponentials eₖ = e^(xₖ - p), R = Σ eₖ - 1 and p.

        p = max x is the largest of the operands itself, and its own difference the constant 0:
        R leaves out its term, and log Σ e^x = p + log1p(R) keeps its digits to any order.
        """
        values = self._level(values)
        place = self._once("argmax", *values)
        largest = self._once("total", *[self._own(place, k, x) for k, x in enumerate(values)])
        shifted = [self._apart(place, k, x, largest) for k, x in enumerate(values)]
        exponentials = [self._once("exp", x) for x in shifted]
        return shifted, exponentials, self._once("sum_minus_one", *exponentials), largest

    def _own(self, place: int, k: int, x: int) -> int:
        """Return x where operand k is the largest, else 0."""
        key = ("own", place, k, x)
        if key not in self._rows:
            choice = self._other(place, k), self._constant(0.0), x
            self._rows[key] = self._add("where", choice)
        return self._rows[key]

    def _apart(self, place: int, k: int, x: int, largest: int) -> int:
        """Return x - p, or the constant 0 where operand k is p itself."""
        key = ("apart", place, k, x)
        if key not in self._rows:
            choice = self._other(place, k), self._add("shifted", (x, largest)), self._constant(0.0)
            self._rows[key] = self._add("where", choice)
        return self._rows[key]

    def _other(self, place: int, k: int) -> int:
        """Return 0 where operand k is the largest, another number elsewhere."""
        key = ("other", place, k)
        if key not in self._rows:
            self._rows[key] = self._add("sub", (place, self._constant(float(k))))
        return self._rows[key]

    def _level(self, values: Sequence[int]) -> Sequence[int]:
        """Return the values broadcast to the lanes, where some have lanes."""
        with_lanes = [x for x in values if self.lanes[x]]
        if len(with_lanes) in (0, len(values)):
            return values
        return [x if self.lanes[x] else self._once("broadcast", x, with_lanes[0]) for x in values]

    def _logsumexp(self, values: Sequence[int]) -> int:
        """Return p + log1p(R) with p held constant, for no derivative depends on what p is."""
        largest, exponentials = self._exponentials(values)
        log = self._once("log1p", self._once("sum_minus_one", *exponentials))
        return self._add("add", (largest, log))

    def _exponentials(self, values: Sequence[int]) -> tuple[int, list[int]]:
        """Return p = max x held constant, and eₖ = e^(xₖ - p)."""
        largest = self._once("peak", *(values := self._level(values)))
        shifted = [self._once("shifted", x, largest) for x in values]
        return largest, [self._once("exp", x) for x in shifted]

    def _log_softmax(self, values_and_index: Sequence[int]) -> int:
        *values, index = values_and_index
        largest, exponentials = self._exponentials(values)
        x, share = (self._pick(column, index) for column in (self._level(values), exponentials))
        rest = self._once("sum_minus_one", *exponentials)  # last, so that its adjoints come first
        told = self._add("rest_of_share", (u := self._once("shifted", x, largest), share, rest))
        return self._add("log_share", (u, told, rest))

    def _softmax(self, values_and_index: Sequence[int]) -> int:
        *values, index = values_and_index
        _, exponentials, others, _ = self._row(values)
        whole = self._once("increment", others)
        return self._add("div", (self._pick(exponentials, index), whole))

    def _take(self, values_and_index: Sequence[int]) -> int:
        return self._add("take", (*self._level(values_and_index[:-1]), values_and_index[-1]))

    def _pick(self, nodes: Sequence[int], index: int) -> int:
        if self.kinds[index] == CONSTANT:
            return nodes[int(self.numbers[index])]
        return self._take((*nodes, index))


_TAKEN_APART: dict[str, Callable[[Recording, Sequence[int]], int]] = {
    "mean": Recording._mean,
    "logsumexp": Recording._logsumexp,
    "log_softmax": Recording._log_softmax,
    "softmax": Recording._softmax,
    "take": Recording._take,
}
