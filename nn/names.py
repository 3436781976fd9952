"""Things that may be given by name: one lookup, whose error lists the names it knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def named(kind: str, table: Mapping[str, Any], name: Any) -> Any:
    """Return table[name], or `name` itself where it is a function already.

    Raises ValueError that lists the known names.

    >>> named("a colour", {"red": 1, "blue": 2}, "red")
    1
    """
    if callable(name):
        return name
    if isinstance(name, str) and name in table:
        return table[name]
    raise ValueError(
        f"{kind} must be one of {', '.join(sorted(table))}, or a function or object; got {name!r}."
    )
