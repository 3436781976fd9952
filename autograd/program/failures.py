"""Why a program's numbers are not finite: one eager run that names the node."""

from __future__ import annotations

import math
from typing import Any

from autograd import errors
from autograd.engine import Value, topological, unwatched
from autograd.program.compiler.accesses import Array
from autograd.program.machine import Machine
from autograd.table import PRIMITIVES


def check_guards(machine: Machine, examples: Array, first: int = 0) -> None:
    """Raise FrozenBranchError where Python would now take another branch.

    If that is for a number which is not finite, the AnomalyError that names it.
    """
    try:
        machine.check_guards(first)
    except errors.FrozenBranchError:
        require_finite(machine, examples, first)
        raise


def trace(machine: Machine, examples: Array, first: int = 0) -> None:
    """Raise the error of the first node that is not finite, in the first bad example.

    `examples` are rows `first`, `first` + 1 … of X. An error of the function itself
    (DomainError, ZeroDivisionError) is raised as it is; otherwise AnomalyError names the
    node and its operands.
    """
    require_finite(machine, examples, first)
    for row, numbers in enumerate(examples.tolist(), first):
        _trace_example(machine, row, numbers)
    raise errors.AnomalyError(
        f"the cost or its gradient is not finite in {machine.dtype}, though every example is in "
        "float64. Use dtype='float64', or scale the numbers."
    )


def require_finite(machine: Machine, examples: Array, first: int = 0) -> None:
    """Raise AnomalyError for the first parameter or input that is not finite."""
    for leaf, number in zip(machine.parameters, machine.weights.tolist(), strict=True):
        if not math.isfinite(number):
            raise errors.AnomalyError(
                f"parameters must be finite; {errors.where(leaf)} is {number:g}. Start from "
                "finite numbers; if training made it, lower the learning rate."
            )
    for row, numbers in enumerate(examples.tolist(), first):
        for leaf, number in zip(machine.columns, numbers, strict=True):
            if not math.isfinite(number):
                raise errors.AnomalyError(
                    f"inputs must be finite; example {row} has {number:g} for "
                    f"{errors.where(leaf)}. Check the data."
                )


def _trace_example(machine: Machine, row: int, numbers: list[float]) -> None:
    twins: dict[Value, Value] = {}
    leaves = (*machine.columns, *machine.parameters)
    for leaf, number in zip(leaves, (*numbers, *machine.weights.tolist()), strict=True):
        twins[leaf] = Value(number, leaf.label)
    for node in topological(machine.loss):
        if node in twins:
            continue
        if not node.op:
            twins[node] = node
            continue
        operands = [twins[x] if x.__class__ is Value else x for x in node.operands]
        twins[node] = twin = PRIMITIVES[node.op].function(*operands)
        if node.label:
            twin.label = node.label
        if not math.isfinite(unwatched(twin)):
            raise _anomaly(twin, f"has the value {unwatched(twin):g}", row)
    root = twins[machine.loss]
    root.backward()
    for node in reversed(topological(root)):
        if not math.isfinite(node.grad):
            raise _anomaly(node, f"has the adjoint {node.grad:g}", row)


def _anomaly(node: Any, what: str, row: int) -> Exception:
    received = f"; its operands: {errors.numbers(node.parents)}" if node.parents else ""
    return errors.AnomalyError(
        f"every number of a program should be finite; {errors.where(node)} {what} in example "
        f"{row}{received}. Scale the data, lower the learning rate, or keep operands in range."
    )
