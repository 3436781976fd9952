"""The decisions of a recording, compared all at once: in C where that was built, else by NumPy.

How one is said to have come out otherwise is the subject of `guards.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.engine import Value
from autograd.program.compiler.accesses import Array
from autograd.program.compiler.recording import Recording
from autograd.program.executors.native import available
from autograd.program.guards import Guard
from autograd.program.memory import Room
from autograd.reals import COMPARISONS, as_float

SIGNS = tuple(COMPARISONS)
SHARED, LANES, PLAIN = range(3)  # where an operand is


class Verdicts:
    """Guards of nodes that have an address, all of them at the numbers of one room.

    An operand is three times its place, plus where it is. Numbers that no float is, 10**400 or
    Fraction(1, 3), are `exact`.
    """

    def __init__(
        self, guards: Sequence[Guard], recording: Recording, address: Array, dtype: Any
    ) -> None:
        import numpy as np

        self.np, self.recording, self.address = np, recording, address
        self.plain: Any = []
        rows = [
            (self._place(g.left), self._place(g.right), SIGNS.index(g.sign), g.verdict)
            for g in guards
        ]
        self.table = np.array(rows, np.int64).reshape(len(rows), 4)
        with np.errstate(over="ignore"):
            self.plain = np.array([0.0, *self.plain]).astype(dtype).astype(float)
        self.single = dtype == np.float32
        self.exact = [
            (k, COMPARISONS[guard.sign], guard.right)
            for k, guard in enumerate(guards)
            if guard.right.__class__ is not Value and _number(guard.right) is None
        ]
        self.compare = _compiled() if available() and not self.exact else self._compare

    def _place(self, operand: Any) -> int:
        """Return where an operand is; a plain number that has no place yet gets one."""
        if operand.__class__ is Value:
            number = self.recording.ids[operand]
            return 3 * int(self.address[number]) + bool(self.recording.lanes[number])
        self.plain.append(_number(operand) or 0.0)
        return 3 * len(self.plain) + PLAIN

    def __len__(self) -> int:
        return len(self.table)

    def flipped(self, room: Room) -> Array | None:
        """Return for each lane the first guard that comes out otherwise, -1 for none, (lanes,).

        None where no guard does, in any lane.
        """
        flips = self.np.empty(room.lanes, self.np.int64)
        shared, lanes_of = map(self.np.ascontiguousarray, room.values)
        any_does = len(self.table) and self.compare(
            shared, lanes_of, self.plain, self.table, flips, room.lanes, self.single
        )
        return flips if any_does else None

    def _compare(
        self, shared: Array, lanes_of: Array, plain: Array, table: Array, flips: Array,
        lanes: int, single: bool,
    ) -> bool:  # fmt: skip
        """Do what `flips` of the extension does."""
        numbers = shared[:, None], lanes_of, plain[:, None]
        left, right = (_operands(self.np, numbers, codes, lanes) for codes in table[:, :2].T)
        verdicts = self.np.empty((len(table), lanes), bool)
        for sign in set(table[:, 2].tolist()):
            rows = self.np.flatnonzero(table[:, 2] == sign)
            verdicts[rows] = COMPARISONS[SIGNS[sign]](left[rows], right[rows])
        for row, compare, number in self.exact:
            verdicts[row] = [compare(x, number) for x in left[row].tolist()]
        differs = verdicts != table[:, 3:].astype(bool)
        flips[:] = self.np.where(differs.any(axis=0), differs.argmax(axis=0), -1)
        return bool(differs.any())


def _operands(np: Any, numbers: Sequence[Array], codes: Array, lanes: int) -> Array:
    """Return the numbers of operands, (operands, lanes)."""
    found = np.empty((len(codes), lanes))
    for kind in (SHARED, LANES, PLAIN):
        rows = np.flatnonzero(codes % 3 == kind)
        found[rows] = numbers[kind][codes[rows] // 3]
    return found


def _compiled() -> Any:
    from autograd.program.executors.native import _replay

    return _replay.flips


def _number(operand: Any) -> float | None:
    """Return a plain number as a float, None for a Value and for what no float is."""
    number = None if operand.__class__ is Value else as_float(operand)
    return number if isinstance(number, float) else None
