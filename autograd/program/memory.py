"""The numbers of a program: values and adjoints, shared ones and lanes of m.

Executors of matrix instructions work on these arrays, so that any number can be read where it
lies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from ctypes import addressof, c_char  # which NumPy loads as well
from dataclasses import dataclass
from typing import Any, NamedTuple

Array = Any

CACHE_LINE = 64
KEPT = 3  # numbers of lanes whose arrays are kept (the last batch of an epoch is smaller)
MOST_SPARE, SPOILT = 1 << 23, 1 << 17  # bytes: that are kept, that become NaN
ALONE = 8192  # numbers that BLAS multiplies without a second thread


class Spare:
    """A piece of memory that is used again: the system takes long to give a new one."""

    def __init__(self) -> None:
        self._kept: dict[str, Array] = {}  # at most one, which only one thread can take

    def take(self, size: int) -> Array:
        """Return at least so many bytes, which nobody else has and which may be anything."""
        import numpy as np

        piece = self._kept.pop("piece", None)
        fits = piece is not None and len(piece) >= size
        return piece if fits else aligned((size,), np.dtype(np.uint8))

    def give(self, piece: Array | None) -> None:
        """Keep a piece for the next one, unless it is large or nothing."""
        if piece is not None and 0 < len(piece) <= MOST_SPARE:
            self._kept["piece"] = piece


TRIALS = Spare()  # for rooms in which programs are tried


class Room(NamedTuple):
    """The numbers of a program for one number of lanes, and what an executor made to run on them.

    `values[lanes]` and `adjoints[lanes]` are arrays (size,) for lanes False, (size, m) for True;
    those of a tape are parts of its `table`.
    """

    lanes: int
    values: tuple[Array, Array]
    adjoints: tuple[Array, Array]
    calls: Any = None
    table: Array = None

    def buffer(self, adjoint: bool, lanes: bool) -> Array:
        return (self.adjoints if adjoint else self.values)[lanes]


class Memory:
    """Where the numbers of a program are: `room` is the one in use.

    A change of m prepares another room and assigns it when nothing more can fail: an interrupt
    or a failed allocation in between leaves the old one, with its own calls. Values of shared
    nodes survive the change; others belong to the last m.
    """

    def __init__(self, sizes: Sequence[int], dtype: str) -> None:
        import numpy as np

        self.sizes, self.dtype, self._array = tuple(sizes), np.dtype(dtype), np.ndarray
        self._byte = np.dtype(np.uint8)
        self.bytes_each = 2 * self.sizes[True] * self.dtype.itemsize  # of an example
        self._shared = aligned((sizes[0],), self.dtype), aligned((sizes[0],), self.dtype)
        self._kept: dict[int, Room] = {}
        self._lent: Array = None
        self.room = self.prepared(1)

    def prepared(self, lanes: int) -> Room:
        """Return room for `lanes` numbers a node: one that was in use before, or a new one."""
        if lanes in self._kept:
            return self._kept[lanes]
        shape, half, both = (self.sizes[True], lanes), self._half(lanes), self._lent
        if both is None or len(both) < 2 * half:
            both = aligned((2 * half,), self._byte)
        own, theirs = (self._array(shape, self.dtype, both, start) for start in (0, half))
        values, adjoints = self._shared
        return Room(lanes, (values, own), (adjoints, theirs))

    def spoil(self, lanes: int) -> None:
        """Let rooms of up to so many lanes share one memory until `trim`.

        All is NaN, but the end of what is large.
        """
        for numbers in (*self.room.values, *self.room.adjoints):
            numbers.fill(math.nan)
        size = 2 * self._half(lanes)
        self._lent = TRIALS.take(size)
        self._array(min(size, SPOILT) // self.dtype.itemsize, self.dtype, self._lent).fill(math.nan)

    def _half(self, lanes: int) -> int:
        """Return how many bytes the values of so many lanes take, up to the end of a line."""
        return -(-self.sizes[True] * lanes * self.dtype.itemsize // CACHE_LINE) * CACHE_LINE

    def use(self, room: Room) -> None:
        """Let all numbers be those of a room from now on."""
        self.room = room
        self._kept.pop(room.lanes, None)
        self._kept[room.lanes] = room
        if len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]

    def trim(self) -> None:
        """Keep no room but the one in use, which is nobody else's."""
        self._kept = {self.room.lanes: self.room}
        TRIALS.give(self._lent)
        self._lent = None


@dataclass(frozen=True, eq=False)
class Kept:
    """A state that nobody changes."""

    state: Array


class Table:
    """The state of an optimiser as a program has it, (slots, parameters), and its count of steps.

    Column k is that of parameter `order[k]`. The numbers are those that the program goes on with,
    `optimiser.state` and `taken`, until it has to `release` the table: before another optimiser,
    and where the table is `shared` with somebody who wants them as they are.
    """

    def __init__(self, optimiser: Any, slots: int, order: Array, taken: Array) -> None:
        self.order, self.slots, self.shared = order, slots, False
        self.source: tuple[Any, Array] = (optimiser, taken)

    @property
    def numbers(self) -> Array:
        """The state, (slots, parameters)."""
        return self.source[0].state[: self.slots]

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return int(self.source[1][0])

    def share(self) -> Table:
        """Return the table for somebody who keeps it."""
        self.shared = True
        return self

    def release(self) -> None:
        """Let the numbers be the table's own."""
        self.source = Kept(self.numbers.copy()), self.source[1].copy()

    def at(self, steps: int) -> Table:
        """Return the same state after another number of steps."""
        taken = self.source[1].copy()
        taken[0] = steps
        return Table(Kept(self.numbers.copy()), self.slots, self.order, taken)

    def by_parameter(self) -> Array:
        """Return the numbers with a column for each parameter in turn."""
        found = self.numbers.copy()
        found[:, self.order] = self.numbers
        return found

    def tuples(self) -> list[tuple[float, ...]]:
        """Return the state of each parameter."""
        return list(map(tuple, self.by_parameter().T.tolist()))


def all_finite(np: Any, x: Array) -> bool:
    """Whether every number is finite: so is then the sum of their squares, unless it overflows.

    That is sooner known of few; for many numbers BLAS may start threads, and wait for them.
    """
    few = x.size <= ALONE and math.isfinite(np.vdot(x, x))
    return few or bool(np.isfinite(x).all())


def stretch(np: Any, places: Array) -> Any:
    """Return addresses as a slice, where they are consecutive."""
    if len(places) and places[-1] - places[0] == len(places) - 1 and (np.diff(places) == 1).all():
        return slice(int(places[0]), int(places[-1]) + 1)
    return places


def aligned(shape: tuple[int, ...], dtype: Any) -> Array:
    """Return zeros that start at a line of the cache: vector loads across two are slow."""
    import numpy as np

    count = math.prod(shape)
    room: Array = np.zeros(count + CACHE_LINE // dtype.itemsize, dtype)
    start = -addressof(c_char.from_buffer(room)) % CACHE_LINE // dtype.itemsize
    return room[start : start + count].reshape(shape)
