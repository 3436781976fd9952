"""The rows of the table with any number of operands, and the functions that apply them.

Their single rule returns every partial. A trailing index operand, a number or a Value,
says which of the others is meant; nothing passes to it. Those of exponentials are in
`rows/shares.py`.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any

from autograd import engine, errors
from autograd.engine import Value
from autograd.primitives import abs, sign
from autograd.reals import place
from autograd.sweep import indexed
from autograd.table import primitive

__all__ = ["dot", "mean", "take", "total"]


def _dot_forward(*operands: float) -> float:
    n = len(operands) // 2
    return sum_forward(*map(operator.mul, operands[:n], operands[n:])) + operands[-1]


def _dot_partials(*operands_and_out: Any) -> Sequence[Any]:
    n = (len(operands_and_out) - 2) // 2
    return (*operands_and_out[n : 2 * n], *operands_and_out[:n], 1.0)


_dot = primitive(
    "dot", _dot_forward, _dot_partials, many=True,
    latex=r"\operatorname{dot}(##)", words="finite operands",
)  # fmt: skip


def sum_forward(*values: float) -> float:
    """Return the sum of the values, added from left to right."""
    out = 0.0
    for x in values:
        out += x
    return out


_total = primitive(
    "total", sum_forward, lambda *values: (1.0,) * (len(values) - 1), many=True,
    latex=r"\operatorname{total}(##)",
)  # fmt: skip

_mean = primitive(
    "mean", lambda *values: sum_forward(*values) / len(values),
    lambda *values: (1.0 / (len(values) - 1),) * (len(values) - 1), many=True,
    latex=r"\operatorname{mean}(##)", words="one value or more",
)  # fmt: skip


def one_hot(values: Sequence[Any], index: Any) -> list[Any]:
    """Return 1 at the index and 0 elsewhere; an index that is a Value stays in the graph."""
    if index.__class__ is not Value:
        return [1.0 if k == index else 0.0 for k in range(len(values))]
    return [1.0 - abs(sign(index - k)) for k in range(len(values))]


_take = primitive(
    "take", lambda *operands: operands[place(operands[-1], len(operands) - 1)],
    lambda *operands: (*one_hot(operands[:-2], operands[-2]), 0.0), many=True,
    symbol="take([#*], #$)", latex=r"(#*)_{#$}", words="values and an index among them",
)  # fmt: skip


indexed.append(_take.partials)


def dot(weights: Iterable[Any], inputs: Iterable[Any], bias: Any = 0.0) -> Any:
    """Return Σᵢ weightsᵢ · inputsᵢ + bias as one node; floats give a float.

    The parents are the weights, the inputs and the bias, in that order. Terms are added
    from left to right, the bias last. Raises ValueError if the lengths differ.

    >>> from autograd import Value, dot
    >>> w = Value(2.0), Value(-1.0)
    >>> dot(w, (3.0, 5.0), 0.5)
    Value(data=1.5, grad=0.0)
    """
    weights, inputs = tuple(weights), tuple(inputs)
    if len(weights) != len(inputs):
        raise errors.unequal_lengths(len(weights), len(inputs))
    return _dot(*weights, *inputs, bias)


if engine.compiled_dot is not None:
    dot = engine.compiled_dot


def total(values: Iterable[Any]) -> Any:
    """Return Σ values as one node; floats give a float.

    >>> from autograd import total
    >>> total([1.0, 2.0, 3.5])
    6.5
    """
    return _total(*values)


def mean(values: Iterable[Any]) -> Any:
    """Return (1/n) Σ values as one node. Raises ValueError for no values.

    >>> from autograd import mean
    >>> mean([1.0, 2.0, 6.0])
    3.0
    """
    return _mean(*at_least_one("mean", values))


def take(values: Sequence[Any], index: Any) -> Any:
    """Return values[index].

    With an index that is a Value the result is a node that has every candidate as a parent
    (partials 1 and 0), so that a replay may choose another one; where the values are rows of a
    table, a list of nodes. A plain number just picks: an int, or a whole float, as in data.
    Raises IndexError for an int out of range and DomainError for another index that is none.

    >>> from autograd import Value, take
    >>> take((4.0, 5.0, 6.0), 2)
    6.0
    >>> take((4.0, 5.0, 6.0), Value(1)).data
    5.0
    >>> take([[1.0, 2.0], [3.0, 4.0]], 1.0)
    [3.0, 4.0]
    """
    if index.__class__ is Value:
        if len(values) and hasattr(values[0], "__len__"):
            return [take(column, index) for column in zip(*values, strict=True)]
        return _take(*values, index)
    try:
        return values[place(index, len(values))]
    except ValueError:
        raise errors.outside_domain("take", _take.domain, (index,)) from None


def at_least_one(name: str, values: Iterable[Any]) -> tuple[Any, ...]:
    """Return the values as a tuple. Raises ValueError for none."""
    values = tuple(values)
    if not values:
        raise errors.no_values(name)
    return values
