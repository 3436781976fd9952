"""What a mode is, and how those in force hear of what is computed.

A mode hears of every node made, number read, comparison and sweep of its own context (a thread, a
task) while it is active. The engine asks nobody while nobody is in a mode, so modes cost nothing
when they are not used. To add one, write a class with the hooks of `Mode` and enter it by `active`.
"""

from __future__ import annotations

import os
import threading
from typing import Any
from weakref import ref

from autograd import engine
from autograd.engine import Value
from autograd.modes.blocks import Block, Entry, Stack


class Mode:
    """The hooks of a mode; those it does not define do nothing.

    `created` hears of the `node` just made and of what outer modes want to be handed out in
    its place; it returns what shall be. Inside a hook, read numbers as
    `engine.unwatched(node)`: `node.data` would call `looked`.
    """

    records = False  # whether numbers that leave the graph would be frozen into a replay

    def created(self, node: Any, handed: Any) -> Any:
        """Return what to hand out for a node that was made."""
        return handed

    def looked(self, node: Any) -> None:
        """Hear that the number of a node was read from outside."""

    def compared(self, node: Any, other: Any, symbol: str, verdict: bool) -> None:
        """Hear that a node was compared, `node symbol other`, and what came out."""

    def sweeping(self, root: Any, seed: float) -> None:
        """Hear that adjoints are about to be computed."""

    def measured(self, root: Any) -> None:
        """Hear that derivatives of a node are about to leave its graph as numbers."""


class _Dispatcher(Stack):
    """The watcher of the engine: passes everything to the modes of the context it is in.

    It knows the blocks of all contexts weakly, for nobody tells it that one was left. The
    first node made when there are none any more is the last that it hears of.
    """

    def __init__(self) -> None:
        super().__init__("modes of autograd")
        self.known: tuple[ref[Entry], ...] = ()

    def push(self, block: Block) -> Entry:
        """Add a block that is being entered, whose subject is a mode."""
        entry = Stack.push(self, block)
        with _lock:
            known = self.known
            self.known = (*filter(_may_count, known), ref(entry)) if known else (ref(entry),)
            engine.watch(self)
        return entry

    def rest(self) -> None:
        """Watch no longer, unless there is a block again."""
        self.forget()
        with _lock:
            self.known = tuple(filter(_may_count, self.known))
            if not self.known:
                engine.watch(None)

    def forked(self) -> None:
        """Know only the blocks of the thread that forked: the others are no more."""
        global _lock
        if not _lock._is_owned():  # type: ignore[attr-defined]
            _lock = threading.RLock()
        self.known = tuple(filter(_may_count_here, self.known))

    def modes(self) -> list[Mode]:
        """Return the modes that are in force here, outermost first."""
        found = self.subjects() if self.known else []
        if self.known and not found:
            self.rest()
        return found

    def created(self, node: Any) -> Any:
        handed, alone = node, True
        for mode in map(Entry.subject, self.entries()):  # as in `modes`, without lists
            if mode is not None:
                handed, alone = mode.created(node, handed), False
        if alone:
            self.rest()
        return handed

    def looked(self, node: Any) -> None:
        for mode in self.modes():
            mode.looked(node)

    def compared(self, node: Any, other: Any, symbol: str, verdict: bool) -> None:
        for mode in self.modes():
            mode.compared(node, other, symbol, verdict)

    def measured(self, root: Any) -> None:
        for mode in self.modes():
            mode.measured(root)

    def sweeping(self, root: Any, seed: float, as_numbers: bool = True) -> None:
        for mode in self.modes():
            mode.sweeping(root, seed)
            if as_numbers:
                mode.measured(root)


def _may_count(known: ref[Entry]) -> bool:
    """Return whether a block may be in force anywhere."""
    entry = known()
    return entry is not None and not entry.is_over()


def _may_count_here(known: ref[Entry]) -> bool:
    entry = known()
    block = None if entry is None else entry.block()
    return block is not None and block.is_owned()


_lock = threading.RLock()  # one that a handler of signals may take again; no loop inside
dispatcher = _Dispatcher()
_derivatives = Stack("derivatives of autograd")
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=dispatcher.forked)


def active(mode: Mode) -> Block:
    """Let `mode` hear of what this context does inside the block."""
    return Block(dispatcher, lambda: mode)


def differentiating() -> Block:
    """Count one more derivative being taken by this context inside the block."""
    return Block(_derivatives, lambda: True)


def depth() -> int:
    """Return how many derivatives this context is inside of."""
    if not _derivatives.entries():
        return 0
    inside = len(_derivatives.subjects())
    if not inside:
        _derivatives.forget()  # nobody told it that the last one was left
    return inside


def observed() -> bool:
    """Return whether what this thread computes is part of a derivative or of a recording."""
    return depth() > 0 or (bool(dispatcher.known) and in_a_recording())


def in_a_recording() -> bool:
    """Return whether what this context computes is being recorded, to be replayed."""
    return True in [mode.records for mode in dispatcher.modes()]


def sweeping(root: Value, as_numbers: bool) -> None:
    """Tell the modes in force here that a sweep from `root` begins, and what it results in."""
    if dispatcher.known:
        dispatcher.sweeping(root, 1.0, as_numbers)
