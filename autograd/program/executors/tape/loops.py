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
NEAR = 1024  # operations looked at first
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
    from autograd.program.executors.native import _replay

    least = max((FEWEST - 2) * period, LEAST - period)
    runs = _replay.repeats(code, period, least - least % period)
    found = [Stretch(first, period, length // period + 2) for first, length in runs]
    return [x for x in found if x.times >= FEWEST and (x.times - 1) * period >= LEAST]


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

    from autograd.program.executors.native import _replay

    votes: Counter[int] = Counter()
    numbers, width = _replay.signatures(code), 1
    hashes = np.frombuffer(numbers, np.uint64)
    for wanted in WINDOWS:
        while width < wanted and 2 * width < len(hashes):  # of twice as many operations
            _replay.widen(hashes, width, MIX + 2 * width & 2**64 - 1)
            hashes = hashes[:-width]
            width *= 2
        reach = len(hashes) // (FEWEST - 1)
        for place in np.linspace(0, len(hashes) - 2, PLACES, dtype=int).tolist() if reach else ():
            distance = _distance(hashes, place, reach)
            votes[distance or 1] += bool(distance)
    return [period for period, count in votes.most_common(PERIODS) if count]


def _distance(hashes: Array, place: int, reach: int) -> int:
    """Return after how many places, at most so many, a number comes again; 0 where it does not."""
    wanted, start, size = hashes[place], place + 1, NEAR
    end = min(start + reach, len(hashes))
    while start < end:
        again = hashes[start : min(start + size, end)] == wanted
        found = int(again.argmax())
        if again[found]:
            return start + found - place
        start, size = start + size, 2 * size
    return 0
