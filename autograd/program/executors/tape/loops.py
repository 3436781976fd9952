"""Repetition in time: where a tape does the same over and over, as the steps of an integrator do.

A stretch of a tape repeats with period p where the operation p further on is the same and each
of its words (the slots that it reads and writes) has grown by as much as the time before. Which
periods to try is asked of the tape itself: operations are told apart by when their slots were
used last, which repeats as the loop does, and a few places look for what follows them again.
"""

from __future__ import annotations

from bisect import bisect, insort
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

Array = Any  # numpy.ndarray; NumPy is imported on use

FEWEST = 4  # times that are worth a loop
LEAST = 32  # operations that a loop must save
WINDOWS = (4, 32, 256, 2048)  # operations compared to find a period
PLACES, PERIODS = 48, 16  # that are asked, that are tried
MIX = 0x9E3779B97F4A7C15  # an odd number with well spread bits


class Stretch(NamedTuple):
    """`length` operations from `first` on, run `times` times."""

    first: int
    length: int
    times: int

    @property
    def end(self) -> int:
        return self.first + self.length * self.times


def stretches(code: Array) -> list[Stretch]:
    """Cut a tape, (operations, 4) words, into loops and what lies between them, in order.

    >>> import numpy as np
    >>> steps = [(1 | (k + 1) << 8, k, 0, k) for k in range(100)]  # x_{k+1} = f(x_k, x_0)
    >>> stretches(np.array(steps, dtype=np.uint32))
    [Stretch(first=0, length=1, times=100)]
    """
    found = [loop for period in _periods(code) for loop in _loops(code, period)]
    out, at = [], 0
    for loop in _disjoint(found):
        if loop.first > at:
            out.append(Stretch(at, loop.first - at, 1))
        out.append(loop)
        at = loop.end
    if at < len(code):
        out.append(Stretch(at, len(code) - at, 1))
    return out


def _loops(code: Array, period: int) -> list[Stretch]:
    """Return the stretches that repeat with this period."""
    import numpy as np

    growth = code[period:] - code[:-period]  # unsigned: what decreases wraps around
    pairs = growth.view(np.uint64)
    again = (pairs[period:] == pairs[:-period]).all(axis=1) & (growth[:-period, 0] & 255 == 0)
    edges = np.flatnonzero(np.diff(again.view(np.int8), prepend=0, append=0))
    starts, lengths = edges[::2], edges[1::2] - edges[::2]
    times = lengths // period + 2
    worth = (times >= FEWEST) & ((times - 1) * period >= LEAST)
    return [
        Stretch(first, period, count)
        for first, count in zip(starts[worth].tolist(), times[worth].tolist(), strict=True)
    ]


def _disjoint(found: Iterable[Stretch]) -> list[Stretch]:
    """Return loops that do not overlap, those that save most first, others cut to what is left."""
    chosen: list[Stretch] = []
    for loop in sorted(found, key=lambda loop: -loop.length * (loop.times - 1)):
        k = bisect(chosen, loop)
        first = max(loop.first, chosen[k - 1].end if k else 0)
        end = min(loop.end, chosen[k].first if k < len(chosen) else loop.end)
        times = (end - first) // loop.length
        if times >= FEWEST:
            insort(chosen, Stretch(first, loop.length, times))
    return chosen


def _periods(code: Array) -> list[int]:
    """Return after how many operations a few windows come again, the most frequent first."""
    import numpy as np

    votes: Counter[int] = Counter()
    hashes, width = _signatures(code), 1
    for wanted in WINDOWS:
        while width < wanted and 2 * width < len(hashes):  # of twice as many operations
            hashes = hashes[:-width] * np.uint64(MIX + 2 * width) + hashes[width:]
            width *= 2
        reach = len(hashes) // (FEWEST - 1)
        for place in np.linspace(0, len(hashes) - 2, PLACES, dtype=int) if reach else ():
            again = hashes[place + 1 : place + 1 + reach] == hashes[place]
            distance = int(again.argmax())
            votes[distance + 1] += bool(again[distance])
    return [period for period, count in votes.most_common(PERIODS) if count]


def _signatures(code: Array) -> Array:
    """Return a number for each operation: what it does, and how long ago its slots were used."""
    import numpy as np

    slots = code[:, :3].copy()
    slots[:, 0] >>= 8
    order = np.argsort(slots.ravel(), kind="stable")
    when = order // 3
    ago: Array = np.zeros(len(order), np.uint64)
    same = np.diff(slots.ravel()[order]) == 0
    ago[order[1:][same]] = np.diff(when)[same]
    ago = ago.reshape(-1, 3)
    out: Array = (code[:, 0] & 255).astype(np.uint64)
    for column in ago.T:
        out = (out ^ column) * np.uint64(MIX)
        out ^= out >> np.uint64(29)
    return out
