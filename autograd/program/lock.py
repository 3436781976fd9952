"""One thread at a time, and never a thread that waits for itself."""

from __future__ import annotations

import threading


class Lock:
    """A lock for `with lock.once():`, which its owner may not enter again.

    What a program runs while it is at work, an optimiser's rule and its schedule, would read
    half of its numbers. The `with` holds a lock of the interpreter's own, which knows its
    owner: Ctrl-C finds it free, or held inside the `with`, and nothing in between.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def once(self) -> threading.RLock:
        """Return what a `with` holds; raise RuntimeError where this thread holds it already."""
        if self._lock._is_owned():  # type: ignore[attr-defined]
            raise RuntimeError(
                "this program is at work, and was called by what it runs: the rule or the schedule "
                "of an optimiser. Call it between two trainings, or make another program."
            )
        return self._lock
