"""Numbers as JavaScript and JSON can hold them."""

from __future__ import annotations

import math


def number(x: float) -> str:
    """Return a number in JavaScript, which reads back to the same bits.

    >>> number(0.1), number(-0.0), number(float("inf"))
    ('0.1', '-0.0', 'Infinity')
    """
    if math.isfinite(x):
        return repr(x)
    return "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"


def entry(x: float | None) -> float | str | None:
    """Return a number as JSON can hold it and `Number` reads it; None is not known."""
    return x if x is None or math.isfinite(x) else number(x)
