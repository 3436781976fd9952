"""A graph as columns, just as it stands: in C, or else in Python.

Nodes are numbered parents first: the given leaves, what is drawn from streams, and all else in the
order of a walk, a plain number being a constant of its own right before the node that uses it.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograd.engine import Value, compiled_columns, family, hot_rows, topological, unwatched
from autograd.rows.noise import is_noise, uniform_noise

Array = Any  # numpy.ndarray; NumPy is imported on use

PARAMETER, INPUT, CONSTANT, COMPUTED = range(4)
AGAIN = "again"  # a further result of one softmax: its operands are the first and its own index


@dataclass
class Columns:
    """Node i has operation `names[codes[i]]` and the operands `flat[starts[i] : starts[i + 1]]`.

    `kinds[i]` tells leaves apart, `numbers[i]` is a leaf's number, and `lanes[i]` says whether an
    input reaches the node. `values` are the Values, in order, and `places` their numbers; `ends`
    are those of the nodes that were asked for. `drawn` are the nodes that are drawn anew.
    """

    names: list[str]
    codes: Array
    starts: Array
    flat: Array
    kinds: bytearray
    numbers: array[float]
    lanes: bytearray
    places: Array
    ends: Array
    values: list[Value]
    drawn: list[Value]

    def __len__(self) -> int:
        return len(self.codes)

    def table(self, by_name: Any, dtype: Any) -> Array:
        """Return for each node what a function says of its operation."""
        import numpy as np

        return np.array([by_name(name) for name in self.names], dtype)[self.codes]

    def present(self) -> list[str]:
        """Return the operations that some nodes have."""
        import numpy as np

        return [self.names[k] for k in np.flatnonzero(np.bincount(self.codes)).tolist()]

    def without_values(self) -> Columns:
        """Return the same, for somebody who must not keep the graph alive."""
        return replace(self, values=[], drawn=[], places=self.places[:0])


def gathered(np: Any, numbers: Array, bounds: Array, rows: Array) -> tuple[Array, Array]:
    """Return the numbers of some rows one after another, and how many each has.

    >>> import numpy as np
    >>> gathered(np, np.array([5, 6, 7]), np.array([0, 1, 3]), np.array([1, 0]))
    (array([6, 7, 5]), array([2, 1]))
    """
    lengths = bounds[rows + 1] - bounds[rows]
    ends = np.cumsum(lengths)
    within = np.arange(int(lengths.sum())) + np.repeat(bounds[rows] - (ends - lengths), lengths)
    return numbers[within], lengths


def columns(leaves: Sequence[Value], parameters: int, nodes: Sequence[Value]) -> Columns | None:
    """Return the columns of what leaves and nodes depend on, so many leaves being parameters.

    None where the leaves are not different leaves.
    """
    if compiled_columns is None:
        return _walked(leaves, parameters, nodes)
    found = compiled_columns((*leaves, *nodes), parameters, len(leaves), uniform_noise.name)
    if found is None:
        return None
    own, codes, *more = found
    names = ["", "", *hot_rows, AGAIN, *own]
    return _columns(names, codes, *more)


def _columns(
    names: list[str], codes: Any, starts: Any, flat: Any, kinds: Any, numbers: Any, lanes: Any,
    places: Any, ends: Any, values: list[Value], drawn: list[Value],
) -> Columns:  # fmt: skip
    """Return columns of what was collected as bytes; of two functions of one name one is named."""
    import numpy as np

    short = np.frombuffer(codes, np.uint16)
    if len({*names[1:]}) < len(names) - 1:
        first = {name: k for k, name in reversed([*enumerate(names)])}
        short = np.array([first[name] for name in names], np.uint16)[short]
    whole = array("d")
    whole.frombytes(numbers)
    starts, flat, places, ends = (np.frombuffer(x, np.int64) for x in (starts, flat, places, ends))
    return Columns(names, short, starts, flat, kinds, whole, lanes, places, ends, values, drawn)


def _walked(leaves: Sequence[Value], parameters: int, nodes: Sequence[Value]) -> Columns | None:
    if any(leaf.op or leaf.constant for leaf in leaves) or len({*leaves}) < len(leaves):
        return None
    order: dict[Value, None] = {}
    for top in nodes:
        order |= {} if top in order else dict.fromkeys(topological(top))
    drawn = list(filter(is_noise, order))
    unused = {x for node in drawn for x in node.parents}
    walk = _Walk()
    for k, leaf in enumerate((*leaves, *drawn)):
        walk.leaf(leaf, PARAMETER if k < parameters else INPUT)
    for node in order:
        if node not in walk.ids and node not in unused:
            walk.node(node)
    values, places = list(walk.ids), array("q", walk.ids.values())
    ends = array("q", [walk.ids.get(node, -1) for node in nodes])
    walk.starts.append(len(walk.flat))
    return _columns(
        list(walk.names), walk.codes, walk.starts, walk.flat, walk.kinds, walk.numbers.tobytes(),
        walk.lanes, places, ends, values, drawn,
    )  # fmt: skip


class _Walk:
    """The columns as they grow."""

    def __init__(self) -> None:
        self.names, self.ids = {"": 0, AGAIN: 1}, dict[Value, int]()
        self.codes, self.starts, self.flat = array("H"), array("q"), array("q")
        self.kinds, self.numbers, self.lanes = bytearray(), array("d"), bytearray()
        self._first: dict[Any, int] = {}  # of the results that share their operands

    def leaf(self, leaf: Value, kind: int) -> None:
        self.ids[leaf] = self._add(0, kind, unwatched(leaf), kind == INPUT)

    def node(self, node: Value) -> None:
        if not node.op:
            return self.leaf(node, CONSTANT)
        operands, operation, shared = node.operands, node.op, family(node)
        first = None if shared is None else self._first.get(shared)
        if first is None:
            below = list(map(self._operand, operands))
        else:
            below, operation = [first, self._operand(operands[-1])], AGAIN
        code = self.names.setdefault(operation, len(self.names))
        self.ids[node] = number = self._add(code, COMPUTED, 0.0, any(self.lanes[x] for x in below))
        self.flat.extend(below)
        if shared is not None and first is None:
            self._first[shared] = number

    def _operand(self, operand: Value | float) -> int:
        if isinstance(operand, float):
            return self._add(0, CONSTANT, operand, False)
        return self.ids[operand]

    def _add(self, code: int, kind: int, number: float, lanes: bool) -> int:
        self.codes.append(code)
        self.starts.append(len(self.flat))
        self.kinds.append(kind)
        self.numbers.append(number)
        self.lanes.append(lanes)
        return len(self.codes) - 1
