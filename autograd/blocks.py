"""`with` blocks that end when they are left, wherever a Ctrl-C arrives.

Python may raise KeyboardInterrupt as soon as a function begins: in an `__exit__` or a generator
written in Python that is before its first line, and nothing is restored. So a block is a lock
that its thread holds inside, and counts while it is held: `__exit__` is the lock's own, in C.
What is in force inside of blocks is the subject of `modes.py`.
"""

from __future__ import annotations

import threading
from _thread import RLock
from collections.abc import Callable
from functools import wraps
from typing import Any, final
from weakref import ref


class Stack(threading.local):
    """The blocks that one thread has entered, outermost first; those it has left do not count.

    They are held weakly: what a block is about lives no longer than the block, unless the
    stack `keeps` it until the next block is entered.
    """

    def __init__(self, keeps: bool = False) -> None:
        self.keeps = keeps
        self.entered: tuple[tuple[ref[Block], Any], ...] = ()

    def subjects(self) -> list[Any]:
        """Return what the blocks are about that this thread is in."""
        found = []
        for entry, _ in self.entered:
            block = entry()
            if block is not None and block.is_open():
                found.append(block.subject)
        return found

    def latest(self) -> Any:
        """Return what the innermost block is about, or was the last outermost one; else None."""
        inside = self.subjects()
        return inside[-1] if inside else self.entered[0][1] if self.entered else None

    def push(self, block: Block) -> None:
        """Add a block that is being entered, in the place of those left."""
        blocks = [(pair, pair[0]()) for pair in self.entered]
        around = [pair for pair, x in blocks if x is not None and x is not block and x.is_open()]
        self.entered = (*around, (ref(block), block.subject if self.keeps else None))


@final
class Block(RLock):  # type: ignore[misc]  # typeshed's is final, Python's is not
    """A `with` block on a stack, or a decorator that calls a function inside of one.

    `make` returns what the block is about, anew each time one is entered.
    """

    __slots__ = ("make", "stack", "subject")

    is_open: Callable[[], bool] = RLock._is_owned  # type: ignore[attr-defined]  # by this thread

    def __init__(self, stack: Any, make: Callable[[], Any]) -> None:
        self.stack, self.make = stack, make
        self.subject: Any = None

    def __enter__(self) -> Any:  # type: ignore[override]
        """Return what the block is about; an interrupt in here leaves no trace."""
        self.acquire()
        try:
            self.subject = self.make()
            self.stack.push(self)
            return self.subject
        except BaseException:
            self.release()
            raise

    def __call__(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """Return f called inside a block of its own."""

        @wraps(f)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with Block(self.stack, self.make):
                return f(*args, **kwargs)

        return inside
