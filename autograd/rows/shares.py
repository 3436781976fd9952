"""The rows about sums of exponentials: logsumexp, and the shares in one, softmax and its logarithm.

The largest value is taken off before anything is exponentiated, so that nothing overflows. Where
there are results for all indices, `every` returns them at once, and `together` their partials, as
`families.py` says.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Iterable, Sequence
from typing import Any

from autograd import engine
from autograd.engine import Function, Value
from autograd.families import Together, all_but_own
from autograd.primitives import add, heaviside, where
from autograd.reals import place
from autograd.reductions import at_least_one, dot, one_hot, sum_forward, total
from autograd.sweep import indexed
from autograd.table import primitive

__all__ = ["log_softmax", "logsumexp", "softmax"]


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
    return math.log1p(sum_forward(*exponentials))


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
    whole = sum_forward(*exponentials)
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
    chosen = one_hot(values, index)
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

indexed += _softmax.partials, _log_softmax.partials
_softmax.every, _softmax.together = _every_softmax, _softmax_together
_log_softmax.every, _log_softmax.together = _every_log_softmax, _log_softmax_together


def logsumexp(values: Iterable[Any]) -> Any:
    """Return log Σ e^values as one node, without overflow. Raises ValueError for no values.

    >>> from autograd import logsumexp
    >>> logsumexp([1000.0, 1000.0]) - 1000.0  # ln 2, to the digits left beside 1000
    0.6931471805598903
    """
    return _logsumexp(*at_least_one("logsumexp", values))


def softmax(values: Iterable[Any]) -> list[Any]:
    """Return e^xᵢ / Σₖ e^xₖ for each i, one node each. Raises ValueError for no values.

    >>> from autograd import softmax
    >>> softmax([1e300, 1e300])
    [0.5, 0.5]
    """
    return _every(_softmax, at_least_one("softmax", values))


def log_softmax(values: Iterable[Any], index: Any = None) -> Any:
    """Return xᵢ - log Σₖ e^xₖ for each i, one node each; with an index, that one alone.

    Raises ValueError for no values.

    >>> from autograd import log_softmax
    >>> log_softmax([0.0, 1e300])
    [-1e+300, 0.0]
    """
    values = at_least_one("log_softmax", values)
    if index is not None:
        return _log_softmax(*values, index)
    return _every(_log_softmax, values)


def _every(function: Function, values: tuple[Any, ...]) -> list[Any]:
    """Return function(*values, k) for each k: numbers, or nodes that share their operands."""
    if Value in map(type, values):
        return engine.share(function, values)
    return function.every([x if x.__class__ is float else add(x, 0.0) for x in values])
