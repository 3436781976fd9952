"""One thread at a time, and never a thread that waits for itself or for one that is gone."""

from __future__ import annotations

import operator
import os
import threading
import weakref

_is_owned = operator.methodcaller("_is_owned")  # as threading.Condition asks a lock
_locks: weakref.WeakSet[Lock] = weakref.WeakSet()


class Lock:
    """A lock for `with lock.once():`, which its owner may not enter again, or `with lock.held:`.

    What a program runs while it is at work, an optimiser's rule and its schedule, would read
    half of its numbers. The `with` holds a lock of the interpreter's own, which knows its
    owner: Ctrl-C finds it free, or held inside the `with`, and nothing in between. In a forked
    process it is made anew: the thread that held it was not copied, and would not give it back.

    Loops inside such a `with` stand in functions of their own: Python 3.13 may raise as it jumps
    back in a loop, and then forgets the `with` around it.
    """

    def __init__(self) -> None:
        self.held = threading.RLock()
        _locks.add(self)

    def once(self) -> threading.RLock:
        """Return what a `with` holds; raise RuntimeError where this thread holds it already."""
        if _is_owned(self.held):
            raise RuntimeError(
                "this program is at work, and was called by what it runs: the rule or the schedule "
                "of an optimiser. Call it between two trainings, or make another program."
            )
        return self.held


def _forked() -> None:
    for lock in list(_locks):
        if not _is_owned(lock.held):
            lock.held = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
