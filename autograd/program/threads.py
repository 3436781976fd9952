"""Portions of very many rows on several threads, each with memory of its own; one by default.

The portions are those of one thread, and are added up in their order: so the numbers are the same,
to the bit. Threads compute side by side because the compiled executors give the lock of the
interpreter away; others stay on one.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from autograd.program.compiler.accesses import Array
from autograd.program.executors.interface import Parts
from autograd.program.machine import Machine

_wanted = 1

Found = tuple[float, Array]  # the cost of a portion, and all adjoints without lanes


def use_threads(count: int) -> None:
    """Let programs take so many threads from now on, in this process, for very many rows.

    It pays where as many cores are idle and a call has more than 16 megabytes of numbers, some
    thousands of rows as a rule; a smaller one stays on one thread. No number depends on it.

    Raises TypeError for what is no whole number, and ValueError below 1.

    >>> from autograd.program import use_threads
    >>> use_threads(2)
    >>> use_threads(1)
    """
    global _wanted
    if count.__class__ is not int:
        raise TypeError(f"use_threads takes a number of threads; got {count!r}.")
    if count < 1:
        raise ValueError(f"use_threads takes 1 thread or more; got {count}.")
    _wanted = count


def side_by_side(machine: Machine, portions: Sequence[Array]) -> list[Found] | None:
    """Return what each portion gives; None where one thread is to do it, and to say what is wrong.

    That is where only one is wanted, where decisions are to be checked, where the executor is not
    compiled, or where a cost is not finite.
    """
    count = min(_wanted, len(portions))
    if count < 2 or machine.guards or not machine.is_compiled:
        return None
    helpers, shared = machine.helpers(count - 1), machine.memory.room.values[False]
    for parts in helpers:
        parts.memory.room.values[False][:] = shared
    ways = [machine.evaluate, *map(_evaluation, helpers)]
    memories = [machine.memory, *(parts.memory for parts in helpers)]
    found: list[Found] = [(0.0, None)] * len(portions)
    stopped = threading.Event()

    def work(k: int) -> None:
        for at in range(k, len(portions), count):
            if stopped.is_set():
                return
            found[at] = ways[k](portions[at]), memories[k].room.adjoints[False].copy()

    try:
        _in_threads(work, count)
    except BaseException:
        stopped.set()
        machine.forget_helpers()  # a thread may be at work there still
        raise
    return found if all(math.isfinite(cost) for cost, _ in found) else None


def _in_threads(work: Callable[[int], None], count: int) -> None:
    """Do the first part of some work here and each other one in a thread; raise what one raises."""
    with ThreadPoolExecutor(count - 1) as pool:
        others = [pool.submit(work, k) for k in range(1, count)]
        work(0)
    for other in others:
        other.result()


def _evaluation(parts: Parts) -> Callable[[Array], float]:
    """Return what computes values and gradient with these parts; NaN where one is not finite."""
    executor: Any = parts.executor

    def evaluate(examples: Array) -> float:
        if len(examples) != parts.memory.room.lanes:
            executor.resize(len(examples))
        return float(executor.evaluate(examples))

    return evaluate
