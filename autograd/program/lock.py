"""One thread at a time, and never a thread that waits for itself."""

from __future__ import annotations

import threading


class Turns:
    """A lock for a `with` statement, which its owner may not enter again.

    What a program runs in its own turn, an optimiser's rule and its schedule, would wait
    forever for a number of that same program.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner = 0

    def __enter__(self) -> None:
        thread = threading.get_ident()
        if self._owner == thread:
            raise RuntimeError(
                "this program is at work, and was called by what it runs: the rule or the schedule "
                "of an optimiser. Call it between two trainings, or make another program."
            )
        self._lock.acquire()
        self._owner = thread

    def __exit__(self, *_: object) -> None:
        self._owner = 0
        self._lock.release()
