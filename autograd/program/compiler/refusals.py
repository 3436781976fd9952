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


def refused_leaves(inputs: Sequence[Any], parameters: Sequence[Any]) -> ValueError:
    """Return the error for lists of which some entry is no leaf, or stands there twice."""
    before: set[Value] = set()
    for role, leaves in (("parameters", parameters), ("inputs", inputs)):
        for leaf in leaves:
            if leaf.op or leaf.constant:
                return ValueError(
                    f"{role} must be leaves of the graph; got {leaf!r}"
                    f"{f', computed by {leaf.op!r}' if leaf.op else ''}. "
                    "Pass the Values the graph was started from."
                )
        if len({*leaves} | before) < len(leaves) + len(before):
            found = repeated(leaves, role, before)
            return ValueError(f"{found} List each leaf once, in one role.")
        before |= {*leaves}
    return ValueError("parameters and inputs are Values.")


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
