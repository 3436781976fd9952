"""Whether models train: what holds inside a block, whatever a model is by itself."""

from __future__ import annotations

from dataclasses import dataclass

from autograd.modes.blocks import Block, Stack


@dataclass
class Mode:
    """Whether models train inside a block, and whether any of them has asked."""

    training: bool
    asked: bool = False


_modes = Stack("training")


def in_mode(training: bool) -> Block:
    """Let all models train inside the block, or none.

    >>> with in_mode(training=False):
    ...     mode_in_force()
    Mode(training=False, asked=False)
    """
    return Block(_modes, lambda: Mode(training))


def mode_in_force() -> Mode | None:
    """Return what holds inside the innermost block; None outside."""
    modes: list[Mode] = _modes.subjects()
    return modes[-1] if modes else None
