"""The random numbers of a program: a column of numbers for each node that was drawn from a stream.

To what compiles and runs a program such a node is an input. Its number for a call and an example is
`autograd.rows.noise.drawn` of both. What was recorded may have asked a stream more than once: for r
different calls a replay goes on by r calls, and an example by as many as were recorded.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from autograd.engine import Value, unwatched
from autograd.rows.noise import call_in_force, drawn

Array = Any  # numpy.ndarray; NumPy is imported on use


DEPTH = 5  # calls from a warning to the code that made the program


class Calls:
    """A count of calls, which programs of one recording may share."""

    def __init__(self) -> None:
        self.done = 0

    def next(self) -> int:
        """Return the number of a call, and count it: that of `at_call`, if one is in force."""
        call, self.done = self.done, self.done + 1
        forced = call_in_force()
        return call if forced is None else forced


class Noise:
    """The columns of nodes that were drawn, and the count of the calls they are drawn for.

    >>> from autograd.rows.noise import NoiseStream
    >>> u = NoiseStream(seed=3).uniform()
    >>> noise = Noise(u)
    >>> float(noise.columns([0], noise.calls.next())[0, 0]) == u[0].data
    True
    """

    def __init__(self, nodes: Sequence[Value]) -> None:
        import numpy as np

        self.nodes, self.calls = tuple(nodes), Calls()
        places = [tuple([int(_number(x)) for x in node.operands]) for node in nodes]
        streams, calls, examples = zip(*places, strict=True) if places else ((), (), ())
        self._streams = np.array(streams, np.uint64)
        self._calls, self._examples = _steps(streams, calls), _steps(streams, examples)
        recorded = [_number(node) for node in nodes]
        self._drawn = _trusted(np, recorded, *np.array(places, np.uint64).T) if nodes else drawn

    def columns(self, rows: Array, call: int) -> Array:
        """Return the numbers of the examples with these numbers in a call, (rows, nodes)."""
        import numpy as np

        (first, step), (origin, stride) = self._calls, self._examples
        examples = np.asarray(rows, np.uint64)[:, None] * stride + origin
        calls = first + step * np.uint64(call % 2**64)
        return self._drawn(self._streams, calls, examples)

    def beside(self, examples: Array, call: int | None = None, rows: Any = None) -> Array:
        """Return examples with the numbers of a call, or the next one, as further columns.

        `rows` are the numbers of the examples, by default 0, 1, 2 …
        """
        if not self.nodes:
            return examples
        import numpy as np

        call = self.calls.next() if call is None else call
        below_one = 1.0 - np.finfo(examples.dtype).epsneg  # as a rounded number may not be
        rows = range(len(examples)) if rows is None else rows
        columns = np.minimum(self.columns(rows, call).astype(float), below_one)
        return np.ascontiguousarray(np.hstack([examples, columns.astype(examples.dtype)]))


def _trusted(np: Any, recorded: Sequence[float], *places: Array) -> Callable[..., Array]:
    """Return what draws arrays of numbers: that of the engine where NumPy has those recorded."""
    if drawn(*places).tolist() == recorded:
        return drawn
    warnings.warn(
        f"NumPy {np.__version__} draws other random numbers than Python from the same stream. "
        "Python draws those of this program, more slowly. Please report this, with the machine.",
        RuntimeWarning,
        DEPTH,
    )
    one_by_one: Callable[..., Array] = np.frompyfunc(lambda *of: drawn(*map(int, of)), 3, 1)
    return one_by_one


def _number(operand: Value | float) -> float:
    return unwatched(operand) if isinstance(operand, Value) else operand


def _steps(streams: Sequence[int], counts: Sequence[int]) -> tuple[Array, Array]:
    """Return for each stream where it was counted from, rank included, and how far a replay goes.

    >>> first, step = _steps([5, 5, 8], [3, 4, 9])
    >>> first.tolist(), step.tolist()
    ([3, 4, 9], [2, 2, 1])
    """
    import numpy as np

    found: dict[int, set[int]] = {}
    for stream, count in zip(streams, counts, strict=True):
        found.setdefault(stream, set()).add(count)
    order = {stream: sorted(known) for stream, known in found.items()}
    first = [order[s][0] + order[s].index(c) for s, c in zip(streams, counts, strict=True)]
    return np.array(first, np.uint64), np.array([len(order[s]) for s in streams], np.uint64)
