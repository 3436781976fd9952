"""`with` blocks that follow the context, and end when they are left, wherever a Ctrl-C arrives.

Python may raise KeyboardInterrupt as soon as a function begins: in an `__exit__` or a generator
written in Python that is before its first line, and nothing is restored. So a block is a lock
that its thread holds inside, and counts while it is held: `__exit__` is the lock's own, in C. A
block that is never left, as Python 3.13 may forget it where a loop at its end is interrupted,
counts no longer than the frame that it stands in.

Which blocks there are is kept by `contextvars`: a task or a thread has its own, a task that is
started inside of one is inside until it ends, and a generator that waits inside of one does not
lend it to whom it waits for. What is in force inside of blocks is the subject of `dispatch.py`.
"""

from __future__ import annotations

import inspect
import sys
from _thread import RLock
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from itertools import filterfalse
from typing import Any, final
from weakref import ref

GENERATORS = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


class Entry:
    """A block as contexts remember it: weakly, for what it is about shall end with the block.

    `last` is what it is about, for a stack that keeps it.
    """

    __slots__ = ("__weakref__", "block", "last")

    def __init__(self, block: Block, keeps: bool) -> None:
        self.block = ref(block)
        self.last = block.subject if keeps else None

    def is_over(self) -> bool:
        """Return whether the block has been left."""
        block = self.block()
        return block is None or not block.is_held()

    def subject(self) -> Any:
        """Return what the block is about where it is in force here, else None."""
        block = self.block()
        if block is None or not (block.is_owned() or block.is_held()):  # the quicker one first
            return None
        return None if block.frame is not None and block.is_suspended() else block.subject


class Stack:
    """The blocks that a context has entered, outermost first; those it has left do not count.

    What a block is about lives no longer than the block, unless the stack `keeps` it until the
    next block is entered.
    """

    def __init__(self, name: str, keeps: bool = False) -> None:
        """Keep blocks; `entries()` are those that a context has entered, some of them over."""
        self.keeps = keeps
        self._entries: ContextVar[tuple[Entry, ...]] = ContextVar(name, default=())
        self.entries: Callable[[], tuple[Entry, ...]] = self._entries.get

    def subjects(self) -> list[Any]:
        """Return what the blocks are about that are in force here."""
        found = [entry.subject() for entry in self.entries()]
        return [subject for subject in found if subject is not None]

    def latest(self) -> Any:
        """Return what the innermost block is about, or was the last outermost one; else None."""
        inside = self.subjects()
        return inside[-1] if inside else next((x.last for x in self.entries()), None)

    def push(self, block: Block) -> Entry:
        """Add a block that is being entered, in the place of those left."""
        around = self.entries()
        if around:
            around = tuple([x for x in around if x.block() is not block and not x.is_over()])
        entry = Entry(block, self.keeps)
        self._entries.set((*around, entry))
        return entry

    def forget(self) -> None:
        """Drop the blocks that are over."""
        held = self.entries()
        if held:
            self._entries.set(tuple(filterfalse(Entry.is_over, held)))


@final
class Block(RLock):  # type: ignore[misc]  # typeshed's is final, Python's is not
    """A `with` block on a stack, or a decorator that calls a function inside of one.

    `make` returns what the block is about, anew each time one is entered: anything but None.
    """

    __slots__ = ("frame", "make", "stack", "subject")

    is_owned: Callable[[], bool] = RLock._is_owned  # type: ignore[attr-defined]  # by this thread

    def __init__(self, stack: Any, make: Callable[[], Any]) -> None:
        self.stack, self.make = stack, make
        self.subject: Any = None
        self.frame: Any = None  # of the generator that entered it, if one did

    def is_held(self) -> bool:
        """Return whether any thread is inside; what other threads do only a lock's repr tells."""
        return self.is_owned() or RLock.__repr__(self).startswith("<locked")

    def is_suspended(self) -> bool:
        """Return whether it stands in a generator that waits to be continued."""
        return self.frame is not None and self.frame.f_back is None

    def __enter__(self) -> Any:  # type: ignore[override]
        """Return what the block is about; an interrupt in here leaves no trace."""
        self.acquire()
        try:
            caller = sys._getframe(1)
            self.frame = caller if caller.f_code.co_flags & GENERATORS else None
            self.subject = self.make()
            self.stack.push(self)
            return self.subject
        except BaseException:
            self.release()
            raise

    def __call__(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """Return f called inside a block of its own; a coroutine or a generator runs in it."""

        def inside(*args: Any, **kwargs: Any) -> Any:
            with Block(self.stack, self.make):
                return f(*args, **kwargs)

        async def awaited(*args: Any, **kwargs: Any) -> Any:
            with Block(self.stack, self.make):
                return await f(*args, **kwargs)

        def generated(*args: Any, **kwargs: Any) -> Any:
            with Block(self.stack, self.make):
                return (yield from f(*args, **kwargs))

        if inspect.isasyncgenfunction(f):
            raise TypeError(
                "a block decorates functions, coroutines and generators; got the asynchronous "
                f"generator {f.__qualname__}. Write the `with` inside of it."
            )
        of_kind = awaited if inspect.iscoroutinefunction(f) else inside
        return wraps(f)(generated if inspect.isgeneratorfunction(f) else of_kind)
