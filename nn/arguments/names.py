"""Names that people hand in: of activations, losses, optimisers, whatever has a registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nn.arguments.hints import SYNONYMS


def by_name(*functions: Any) -> dict[str, Any]:
    """Return functions by their names.

    >>> by_name(max)
    {'max': <built-in function max>}
    """
    return {function.__name__: function for function in functions}


def named(kind: str, table: Mapping[str, Any], name: Any, registry: str = "") -> Any:
    """Return table[name], or `name` itself where it is a function already.

    Raises ValueError that lists the known names, and says in which registry one's own belong.

    >>> named("a colour", {"red": 1, "blue": 2}, "red")
    1
    """
    if callable(name):
        return name
    if isinstance(name, str) and name in table:
        return table[name]
    here = SYNONYMS.get(str(name).lower())
    also = f" That is {here!r} here." if here in table else ""
    own = f" Your own is found by name once it is in nn.{registry}." if registry else ""
    raise ValueError(
        f"{kind} must be one of {', '.join(sorted(table))}, or a function or object; got {name!r}."
        f"{also}{own}"
    )
