"""The rows of the table with any number of operands, and the functions that apply them.

Their single rule returns every partial. A trailing index operand, a number or a Value,
says which of the others is meant; its partial is 0.

Where there are results for all indices, `every` returns them at once, and `together` their
partials, as `families.py` says.
"""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any

from autograd import engine, errors
from autograd.engine import Function, Value
from autograd.families import Together, all_but_own
from autograd.primitives import abs, add, heaviside, sign, where
from autograd.reals import place
from autograd.table import primitive

__all__ = ["dot", "log_softmax", "logsumexp", "mean", "softmax", "take", "total"]


def _dot_forward(*operands: float) -> float:
    n = len(operands) // 2
    return _sum_forward(*map(operator.mul, operands[:n], operands[n:])) + operands[-1]


def _dot_partials(*operands_and_out: Any) -> Sequence[Any]:
    n = (len(operands_and_out) - 2) // 2
    return (*operands_and_out[n : 2 * n], *operands_and_out[:n], 1.0)


_dot = primitive(
    "dot", _dot_forward, _dot_partials, many=True,
    latex=r"\operatorname{dot}(##)", words="finite operands",
)  # fmt: skip


def _sum_forward(*values: float) -> float:
    out = 0.0
    for x in values:
        out += x
    return out


_total = primitive(
    "total", _sum_forward, lambda *values: (1.0,) * (len(values) - 1), many=True,
    latex=r"\operatorname{total}(##)",
)  # fmt: skip

_mean = primitive(
    "mean", lambda *values: _sum_forward(*values) / len(values),
    lambda *values: (1.0 / (len(values) - 1),) * (len(values) - 1), many=True,
    latex=r"\operatorname{mean}(##)", words="one value or more",
)  # fmt: skip


def _shifted_exponentials(values: Sequence[float]) -> tuple[float, list[float]]:
    """Return the largest value and e^(x - largest) of each, which cannot overflow."""
    peak = builtins.max(values)
    if math.isinf(peak):
        return peak, [1.0 if x == peak else 0.0 if x < peak else math.nan for x in values]
    return peak, [math.exp(x - peak) for x in values]


def _log_sum(exponentials: list[float]) -> float:
    """Return log Σ of exponentials of which the largest is 1; NaN if one is NaN."""
    if math.isnan(math.fsum(exponentials)):
        return math.nan
    exponentials.remove(1.0)
    return math.log1p(_sum_forward(*exponentials))


def _logsumexp_forward(*values: float) -> float:
    peak, exponentials = _shifted_exponentials(values)
    return peak + _log_sum(exponentials)


_logsumexp = primitive(
    "logsumexp", _logsumexp_forward, lambda *values: softmax(values[:-1]), many=True,
    symbol="logsumexp([##])", latex=r"\operatorname{logsumexp}(##)",
    words="one value or more",
)  # fmt: skip


def _softmax_forward(*values_and_index: float) -> float:
    *values, index = values_and_index
    return _every_softmax(values)[place(index, len(values))]


def _every_softmax(values: Sequence[float]) -> list[float]:
    exponentials = _shifted_exponentials(values)[1] if values else []
    whole = _sum_forward(*exponentials)
    return [e / whole for e in exponentials]


def _softmax_partials(*operands_and_out: Any) -> Sequence[Any]:
    *values, index, out = operands_and_out
    return (*(out * partial for partial in _less_softmax(values, index)), 0.0)


_softmax = primitive(
    "softmax", _softmax_forward, _softmax_partials, many=True,
    symbol="softmax([#*])[#$]", latex=r"\operatorname{softmax}(#*)_{#$}",
    words="values and an index among them",
)  # fmt: skip


def _log_softmax_forward(*values_and_index: float) -> float:
    *values, index = values_and_index
    position = place(index, len(values))
    return _every_log_softmax(values)[position]


def _every_log_softmax(values: Sequence[float]) -> list[float]:
    peak, exponentials = _shifted_exponentials(values)
    log_sum = _log_sum(exponentials)
    return [(0.0 if x == peak else x - peak) - log_sum for x in values]


def _log_softmax_partials(*operands_and_out: Any) -> Sequence[Any]:
    *values, index, _ = operands_and_out
    return (*_less_softmax(values, index), 0.0)


def _less_softmax(values: Sequence[Any], index: Any) -> list[Any]:
    """Return [k = index] - softmax(values)[k] for each k.

    At the index that is 1 - p, or the sum of the others where p is near 1, for it keeps its digits.
    """
    shares = softmax(values)
    if index.__class__ is not Value:
        i = int(index)
        own, others = shares[i], total(shares[:i] + shares[i + 1 :])
        return [_rest(own, others) if k == i else -p for k, p in enumerate(shares)]
    chosen = _one_hot(values, index)
    own, others = dot(chosen, shares), dot([1.0 - one for one in chosen], shares)
    rest = _rest(own, others)
    return [one * rest - (1.0 - one) * p for one, p in zip(chosen, shares, strict=True)]


def _softmax_together(values: Sequence[Any]) -> Together:
    rests, _, shares = _log_softmax_together(values)
    return [p * rest for p, rest in zip(shares, rests, strict=True)], [-p for p in shares], shares


def _log_softmax_together(values: Sequence[Any]) -> Together:
    shares = softmax(values)
    rests = [_rest(p, others) for p, others in zip(shares, all_but_own(shares), strict=True)]
    return rests, [-1.0] * len(shares), shares


def _rest(own: Any, others: Any) -> Any:
    return where(heaviside(own - 0.5), others, 1.0 - own)


_log_softmax = primitive(
    "log_softmax", _log_softmax_forward, _log_softmax_partials, many=True,
    symbol="log_softmax([#*])[#$]", latex=r"\operatorname{log softmax}(#*)_{#$}",
    words="values and an index among them",
)  # fmt: skip

_softmax.every, _softmax.together = _every_softmax, _softmax_together
_log_softmax.every, _log_softmax.together = _every_log_softmax, _log_softmax_together


def _one_hot(values: Sequence[Any], index: Any) -> list[Any]:
    """Return 1 at the index and 0 elsewhere; an index that is a Value stays in the graph."""
    if index.__class__ is not Value:
        return [1.0 if k == index else 0.0 for k in range(len(values))]
    return [1.0 - abs(sign(index - k)) for k in range(len(values))]


_take = primitive(
    "take", lambda *operands: operands[place(operands[-1], len(operands) - 1)],
    lambda *operands: (*_one_hot(operands[:-2], operands[-2]), 0.0), many=True,
    symbol="take([#*], #$)", latex=r"(#*)_{#$}", words="values and an index among them",
)  # fmt: skip


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
    return _mean(*_at_least_one("mean", values))


def logsumexp(values: Iterable[Any]) -> Any:
    """Return log Σ e^values as one node, without overflow. Raises ValueError for no values.

    >>> from autograd import logsumexp
    >>> logsumexp([1000.0, 1000.0]) - 1000.0  # ln 2, to the digits left beside 1000
    0.6931471805598903
    """
    return _logsumexp(*_at_least_one("logsumexp", values))


def softmax(values: Iterable[Any]) -> list[Any]:
    """Return e^xᵢ / Σₖ e^xₖ for each i, one node each. Raises ValueError for no values.

    >>> from autograd import softmax
    >>> softmax([1e300, 1e300])
    [0.5, 0.5]
    """
    return _every(_softmax, _at_least_one("softmax", values))


def log_softmax(values: Iterable[Any], index: Any = None) -> Any:
    """Return xᵢ - log Σₖ e^xₖ for each i, one node each; with an index, that one alone.

    Raises ValueError for no values.

    >>> from autograd import log_softmax
    >>> log_softmax([0.0, 1e300])
    [-1e+300, 0.0]
    """
    values = _at_least_one("log_softmax", values)
    if index is not None:
        return _log_softmax(*values, index)
    return _every(_log_softmax, values)


def _every(function: Function, values: tuple[Any, ...]) -> list[Any]:
    """Return function(*values, k) for each k: numbers, or nodes that share their operands."""
    if Value in map(type, values):
        return engine.share(function, values)
    return function.every([x if x.__class__ is float else add(x, 0.0) for x in values])


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


def _at_least_one(name: str, values: Iterable[Any]) -> tuple[Any, ...]:
    values = tuple(values)
    if not values:
        raise errors.no_values(name)
    return values
