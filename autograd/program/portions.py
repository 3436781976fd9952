"""Many examples in portions whose numbers stay in the caches: room that does not grow with m.

A call over 100 000 rows would write and read again hundreds of megabytes. The mean of cost and
gradient over portions of rows, each weighted by its share, is the same in a few. Who then asks for
a node's numbers of all rows makes the pass be done again, over all of them at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from autograd.program import failures
from autograd.program.compiler.accesses import Array
from autograd.program.machine import Machine
from autograd.program.threads import side_by_side

LARGE, PORTION = 1 << 24, 1 << 20  # bytes: from which on, and what a portion has
FEWEST = 256  # rows of a portion, for the sake of matrix products


def rows_at_a_time(machine: Machine, rows: int) -> int:
    """Return how many rows one pass takes: all of them, where they need little room.

    The last portion may have fewer, but not many.
    """
    each = getattr(machine.memory, "bytes_each", 0)  # which other executors' need not have
    if rows * each <= LARGE or not machine.root_has_lanes:
        return rows
    portions = -(-rows // max(FEWEST, PORTION // each))
    return -(-rows // portions)


def evaluated(machine: Machine, examples: Array, first: int = 0, *, whole: bool = False) -> float:
    """Compute the cost, the mean over all rows, and its gradient; portion by portion where many.

    Examples are counted from `first`. With `whole` the numbers of all are there afterwards. Raises
    what a call does where a number is not finite, or Python would now take another branch.
    """
    rows = len(examples)
    size = rows if whole else rows_at_a_time(machine, rows)
    if size == rows:
        return _evaluated(machine, examples, first)
    portions = [examples[start : start + size] for start in range(0, rows, size)]
    together = side_by_side(machine, portions) or _in_turn(machine, portions, first)
    cost, slopes = 0.0, 0.0
    for portion, (own_cost, own_slopes) in zip(portions, together, strict=True):
        share = len(portion) / rows
        cost += share * own_cost
        slopes = slopes + share * own_slopes
    machine.memory.room.adjoints[False][:] = slopes
    return cost


def _in_turn(
    machine: Machine, portions: Sequence[Array], first: int
) -> Iterator[tuple[float, Array]]:
    """Yield cost and adjoints of one portion after another; these hold until the next."""
    for portion in portions:
        yield _evaluated(machine, portion, first), machine.memory.room.adjoints[False]
        first += len(portion)


def _evaluated(machine: Machine, examples: Array, first: int) -> float:
    cost = machine.evaluate(examples)
    if machine.guards:
        failures.check_guards(machine, examples, first)
    if not math.isfinite(cost):
        failures.trace(machine, examples, first)
    return cost


def recall(machine: Machine) -> None:
    """Let the numbers of all rows of the last call be there, where portions of them were.

    Raises RuntimeError where the rows are others by now: they belong to the caller.
    """
    if machine.passed is None:
        return
    examples, cost, gradient = machine.passed
    if cost != evaluated(machine, examples) or (gradient != machine.slopes()).any():
        raise RuntimeError(
            f"the numbers of {len(examples)} examples are computed again where they are read, and "
            "X has changed since the call. Call program(X) first."
        )
    evaluated(machine, examples, whole=True)
    machine.current = True


def values(machine: Machine, examples: Array, nodes: Sequence[int]) -> Array:
    """Return the values of nodes for all rows, (m, nodes), without a backward pass."""
    size = max(1, rows_at_a_time(machine, len(examples)))
    out = machine.np.empty((len(examples), len(nodes)), machine.memory.dtype)
    for start in range(0, len(examples), size):
        portion = examples[start : start + size]
        with machine.np.errstate(all="ignore"):
            machine.forward(portion)
        failures.check_guards(machine, portion, start)
        out[start : start + size] = machine.reader.columns(machine.reader.values(nodes))
    return out
