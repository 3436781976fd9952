"""Losses: c(outputs, target) for one example; over a data set the mean, C = (1/m) Σ c.

The outputs are a list of Values (numbers do as well: then the loss is a number), or one
Value where there is one output. A target that is a number is checked; one that is a Value,
such as an input of a recorded program, is taken as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from autograd import Value, abs, clip, log_softmax, mean, relu, softplus, total, where
from nn.arguments import by_name, named, several

__all__ = [
    "LOSSES", "absolute_error", "binary_cross_entropy", "cross_entropy", "half_squared_error",
    "hinge", "huber", "mean_squared_error", "squared_error",
]  # fmt: skip

Loss = Callable[[Any, Any], Any]


def half_squared_error(outputs: Any, target: Any) -> Any:
    """Return ½ Σ (a - y)², whose derivative by a is a - y.

    >>> half_squared_error([1.0, 3.0], [0.0, 1.0])
    2.5
    """
    return 0.5 * squared_error(outputs, target)


def squared_error(outputs: Any, target: Any) -> Any:
    """Return Σ (a - y)².

    >>> squared_error([1.0, 3.0], [0.0, 1.0])
    5.0
    """
    return total(map(_square, _residuals(outputs, target)))


def mean_squared_error(outputs: Any, target: Any) -> Any:
    """Return (1/n) Σ (a - y)², n the number of outputs.

    >>> mean_squared_error([1.0, 3.0], [0.0, 1.0])
    2.5
    """
    return mean(map(_square, _residuals(outputs, target)))


def absolute_error(outputs: Any, target: Any) -> Any:
    """Return Σ |a - y|.

    >>> absolute_error([1.0, 3.0], [0.0, 1.0])
    3.0
    """
    return total([abs(r) for r in _residuals(outputs, target)])


def huber(outputs: Any, target: Any, threshold: float = 1.0) -> Any:
    """Return Σ h(a - y), where h(r) is ½r² up to the threshold t and t(|r| - ½t) beyond.

    With k = clip(r, -t, t) both are h(r) = k (r - ½k).
    Source: Huber 1964.

    >>> huber([0.5, 3.0], [0.0, 0.0])
    2.625
    """
    residuals = _residuals(outputs, target)
    clipped = [clip(r, -threshold, threshold) for r in residuals]
    return total([k * (r - 0.5 * k) for k, r in zip(clipped, residuals, strict=True)])


def cross_entropy(outputs: Any, target: Any, ignore_index: int | None = None) -> Any:
    """Return -log softmax(outputs)[target] = log Σₖ e^outputsₖ - outputs[target].

    The outputs are logits (of an `identity` output), the target is a class 0 … n-1. The
    derivative by output j is softmax(outputs)[j] - [j = target]. A target of n probabilities y
    (one-hot, or soft) gives their mean: -Σₖ yₖ log softmax(outputs)ₖ. An example whose target is
    `ignore_index` has the loss 0; `fit` and `probe` leave it out, so that their means are those of
    the others: `loss=functools.partial(cross_entropy, ignore_index=-100)`.

    >>> cross_entropy([0.0, 0.0], 1), cross_entropy([0.0, 0.0], [0.5, 0.5])
    (0.6931471805599453, 0.6931471805599453)
    """
    outputs = several(outputs)
    if 1 < len(outputs) == len(several(target)):
        y = _distribution(several(target))
        logs = log_softmax(outputs)
        return 0.0 - total([p * log for p, log in zip(y, logs, strict=True)])
    classes, counts = range(len(outputs)), True
    if ignore_index is not None:
        target, counts = _ignored(_only("target", target), ignore_index)
    label = _label(target, classes, f"a class from 0 to {len(outputs) - 1}")
    loss = 0.0 - log_softmax(outputs, label)
    return loss if counts is True else where(counts, loss, 0.0)


def binary_cross_entropy(outputs: Any, target: Any) -> Any:
    """Return -y log σ(z) - (1 - y) log(1 - σ(z)) for one logit z and a label y, 0 or 1.

    A soft label lies between: the probability of 1. A loss of 0 or 1 is log(1 + e^((1 - 2y) z)),
    any other y log(1 + e^-z) + (1 - y) log(1 + e^z): neither can overflow.

    >>> binary_cross_entropy(0.0, 1), binary_cross_entropy(0.0, 0.25)
    (0.6931471805599453, 0.6931471805599453)
    """
    y, z = _only("target", target), _only("output", outputs)
    if y.__class__ is Value or 0.0 < y < 1.0:
        return y * softplus(-z) + (1.0 - y) * softplus(z)
    y = _label(y, (0, 1), "0 or 1, or a probability between them")
    return softplus((1.0 - 2.0 * y) * z)


def hinge(outputs: Any, target: Any) -> Any:
    """Return max(0, 1 - y s) for one score s and a label y of -1 or +1.

    >>> hinge(0.25, -1)
    1.25
    """
    return relu(1.0 - _label(target, (-1, 1), "-1 or 1") * _only("output", outputs))


LOSSES: dict[str, Loss] = by_name(
    half_squared_error, squared_error, mean_squared_error, absolute_error, huber, cross_entropy,
    binary_cross_entropy, hinge,
)  # fmt: skip


def loss_function(name: Any) -> Loss:
    """Return the loss of that name; a function is returned as it is.

    Raises ValueError for an unknown name, listing the known ones.

    >>> loss_function("hinge") is hinge
    True
    """
    return named("a loss", LOSSES, name, "LOSSES")  # type: ignore[no-any-return]


def plain(loss: Any) -> Any:
    """Return the loss of which a `functools.partial` sets options; others as they are.

    >>> plain(partial(huber, threshold=2.0)).__name__
    'huber'
    """
    return loss.func if isinstance(loss, partial) else loss


def counted(loss: Any, targets: Iterable[Any]) -> list[int] | None:
    """Return which examples count for a loss with `ignore_index`; None for any other loss.

    Raises ValueError if there are none.

    >>> counted(partial(cross_entropy, ignore_index=-1), [0, -1, 2])
    [0, 2]
    """
    ignored = loss.keywords.get("ignore_index") if isinstance(loss, partial) else None
    if ignored is None or plain(loss) is not cross_entropy:
        return None
    kept = [k for k, target in enumerate(targets) if several(target) != [ignored]]
    if not kept:
        raise ValueError(f"every target is {ignored}, which the loss ignores: there is no mean.")
    return kept


def _residuals(outputs: Any, target: Any) -> list[Any]:
    """Return aᵢ - yᵢ, the targets that are numbers having been checked."""
    outputs, target = several(outputs), several(target)
    if len(outputs) != len(target):
        raise ValueError(
            f"a loss takes one target for each output; got {len(outputs)} outputs "
            f"and {len(target)} targets. Check the width of y, or of the last layer."
        )
    if not all(y.__class__ is Value or math.isfinite(y) for y in target):
        raise ValueError(f"targets must be finite; got {target}. Repair or drop this example.")
    return [a - y for a, y in zip(outputs, target, strict=True)]


def _square(r: Any) -> Any:
    """Return r²: inf, as of a Value, where Python's own power of a float overflows."""
    try:
        return r**2
    except OverflowError:
        return math.inf


def _distribution(y: list[Any]) -> list[Any]:
    """Return probabilities of classes, those that are numbers having been checked."""
    known = [p for p in y if p.__class__ is not Value]
    if not all(p >= 0.0 for p in known) or (known == y and abs(sum(y) - 1.0) > 1e-6):
        raise ValueError(f"probabilities of the classes must add up to 1; got {y}.")
    return y


def _label(target: Any, labels: Iterable[int], words: str) -> Any:
    label = _only("target", target)
    if label.__class__ is not Value and label not in labels:
        raise ValueError(f"the target must be {words}; got {label!r}. Number the classes so.")
    return label


def _ignored(label: Any, ignore_index: int) -> tuple[Any, Any]:
    """Return a label, or class 0 in the place of the one to ignore, and 0 if it is that one."""
    if label.__class__ is not Value and label != ignore_index:
        return label, True
    counts = label - float(ignore_index)
    return where(counts, label, 0.0), counts


def _only(name: str, thing: Any) -> Any:
    """Return the one member of a list of one."""
    members = several(thing)
    if len(members) != 1:
        raise ValueError(
            f"this loss takes one {name}; got {len(members)}. "
            "Use cross_entropy for several classes, or a last layer of one unit."
        )
    return members[0]
