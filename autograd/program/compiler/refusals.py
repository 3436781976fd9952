"""What a recording cannot hold, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.engine import Value
from autograd.table import PRIMITIVES, Primitive


def elementwise(operation: str) -> Primitive:
    """Return the row of an operation of so many operands. Raises NotImplementedError for others."""
    row = PRIMITIVES.get(operation)
    if row is None or row.arity is None:
        raise NotImplementedError(
            f"a program cannot hold the primitive {operation!r}: it is not in the table, or "
            "takes any number of operands. Write it with the functions of autograd."
        )
    return row


def repeated(leaves: Sequence[Any], role: str, before: set[Value]) -> str:
    """Return which leaf stands twice in a list of them, or in an earlier one."""
    seen = set()
    for k, leaf in enumerate(leaves):
        if leaf in seen:
            return f"{role}[{k}] = {leaf!r} is listed twice."
        if leaf in before:
            break
        seen.add(leaf)
    return f"{role}[{k}] = {leaf!r} is listed as a parameter too."
