"""Why a formula gets no number: it cannot be read, has no meaning, or asks for a missing layer."""

from __future__ import annotations


class Unreadable(ValueError):
    """A formula that the grammar does not understand; the message says what is in the way."""


class Meaningless(ValueError):
    """A formula whose shapes or indices do not fit."""


class OutOfRange(ValueError):
    """A layer that this network does not have."""
