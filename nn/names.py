"""Things that may be given by name: one lookup, whose error lists the names it knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def named(kind: str, table: Mapping[str, T], name: Any, otherwise: str) -> T:
    """Return table[name].

    Raises ValueError that lists the known names, and says what to pass `otherwise`.
    """
    if isinstance(name, str) and name in table:
        return table[name]
    raise ValueError(
        f"{kind} must be one of {', '.join(sorted(table))}; got {name!r}. "
        f"Use one of these names, or pass {otherwise}."
    )
