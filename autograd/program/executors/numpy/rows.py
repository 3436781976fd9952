"""Rows through NumPy: where the largest is, a sum less one, one that an index takes, and back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from autograd.program.compiler.accesses import Array
from autograd.program.compiler.instructions import Row
from autograd.program.executors.numpy.views import Call, Views


def bind_row(views: Views, this: Row) -> list[Call]:
    """Return the calls of: destination[n] ← operation(sources[n, :]), or of its scatter back."""
    if this.chosen is not None:
        return _taking(views, this)
    rows, calls = views.rows(this.index, False, this.sources_lanes)
    out = views.stretch(this.destination, len(this.index))
    return calls + _REDUCTIONS[this.operation](views, rows, out)


def _argmax(views: Views, rows: Array, out: Array) -> list[Call]:
    def find() -> None:
        out[...] = rows.argmax(1)

    return [find]


def _sum_minus_one(views: Views, rows: Array, out: Array) -> list[Call]:
    """Return the calls of Σ e - 1 over each row of numbers up to 1, one of which is 1.

    Wholes and fractions are summed apart, and the 1 is taken from the wholes, so that
    fractions far below 1 keep their digits.
    """
    np, (count, width, *lanes) = views.np, rows.shape
    parts, sums = views.scratch((count, 2, width, *lanes)), views.scratch((count, 2, *lanes))
    whole, one = parts[:, 1], np.ones((), views.dtype)
    return [
        partial(np.floor, rows, whole),
        partial(np.subtract, rows, whole, parts[:, 0]),
        partial(np.add.reduce, parts, 2, None, sums),
        partial(np.subtract, sums[:, 1], one, sums[:, 1]),
        partial(np.add, sums[:, 0], sums[:, 1], out),
    ]


def _peak(views: Views, rows: Array, out: Array) -> list[Call]:
    return [partial(views.np.maximum.reduce, rows, 1, None, out)]


_REDUCTIONS = {"peak": _peak, "argmax": _argmax, "sum_minus_one": _sum_minus_one}


def _taking(views: Views, this: Row) -> list[Call]:
    np, back = views.np, this.destination.adjoint
    out = views.stretch(this.destination, len(this.index)).reshape(-1)
    numbers = views.room.buffer(back, this.sources_lanes)[_from(this) : this.index.max() + 1]
    numbers = numbers.reshape(-1)  # without what is taken, or NumPy would make copies
    calls, look = _choice(views, this)
    share = 1 / views.lanes if this.lanes and not this.sources_lanes else 1.0

    def take() -> None:
        places, valid = look()
        numbers.take(places, 0, out, "clip")
        if valid is not ...:
            out[~valid] = np.nan

    def scatter() -> None:
        places, valid = look()
        np.add.at(numbers, places[valid], out[valid] if share == 1.0 else out[valid] * share)

    return [*calls, scatter if back else take]


def _from(this: Row) -> int:
    """Return the first address of those that an index may take."""
    return int(this.index[this.index >= 0].min(initial=this.index.max(initial=0)))


def _choice(views: Views, this: Row) -> tuple[list[Call], Callable[[], tuple[Array, Array]]]:
    """Return what an index takes now: on the way back that is what was taken on the way there."""
    assert this.chosen is not None
    chosen = this.chosen._replace(index=None), *map(_bytes, (this.chosen.index, this.index))
    key = *chosen, this.sources_lanes
    known = views.choices.get(key)
    if known is not None and this.destination.adjoint:
        return [], known.last
    choice = views.choices[key] = Choice(views, this)
    return choice.calls, choice.look


def _bytes(index: Array | None) -> bytes:
    return b"" if index is None else index.tobytes()


class Choice:
    """The places of the numbers that an index operand takes now, from the first that it may on.

    An index is mostly data, the same in every step of a full batch: places are found again
    only when it differs from the last one. `valid` tells which of them there are; `...` is
    all.
    """

    def __init__(self, views: Views, this: Row) -> None:
        assert this.chosen is not None
        self.np, self.index, self.first = views.np, this.index, _from(this)
        self.shape = views.stretch(this.destination, len(this.index)).shape
        self.chosen, self.calls = views.read(this.chosen, self.shape[:1], this.lanes)
        self.lanes = views.lanes if this.sources_lanes else 1
        self._seen = b""  # as no index is
        self._found: tuple[Array, Array] = None, None

    def look(self) -> tuple[Array, Array]:
        """Return (places, valid), both of them flat, one for each number that is taken."""
        now = self.chosen.tobytes()
        if now != self._seen:
            self._found, self._seen = self._places(), now
        return self._found

    def last(self) -> tuple[Array, Array]:
        """Return what `look` found last."""
        return self._found

    def _places(self) -> tuple[Array, Array]:
        np, (rows, width) = self.np, self.index.shape
        wanted = np.broadcast_to(self.chosen, self.shape)
        column = wanted.astype(np.intp)
        valid = (column == wanted) & (column >= 0) & (column < width)
        row = np.arange(rows).reshape(rows, *[1] * (len(self.shape) - 1))
        address = self.index[row, np.where(valid, column, 0)]
        valid &= address >= 0
        places = (address - self.first) * self.lanes
        if self.lanes > 1:
            places += np.arange(self.lanes)
        return places.reshape(-1), ... if valid.all() else valid.reshape(-1)
