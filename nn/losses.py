"""Losses: c(outputs, target) for one example; over a data set the mean, C = (1/m) Σ c.

The outputs are a list of Values (numbers do as well: then the loss is a number), or one
Value where there is one output. A target that is a number is checked; one that is a Value,
such as an input of a recorded program, is taken as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autograd import Value, abs, clip, logsumexp, mean, relu, softplus, take, total
from nn.names import named

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
    return total([r**2 for r in _residuals(outputs, target)])


def mean_squared_error(outputs: Any, target: Any) -> Any:
    """Return (1/n) Σ (a - y)², n the number of outputs.

    >>> mean_squared_error([1.0, 3.0], [0.0, 1.0])
    2.5
    """
    return mean([r**2 for r in _residuals(outputs, target)])


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


def cross_entropy(outputs: Any, target: Any) -> Any:
    """Return -log softmax(outputs)[target] = log Σₖ e^outputsₖ - outputs[target].

    The outputs are logits (of an `identity` output), the target is a class 0 … n-1. The
    derivative by output j is softmax(outputs)[j] - [j = target].

    >>> cross_entropy([0.0, 0.0], 1)
    0.6931471805599453
    """
    outputs = _several(outputs)
    if target.__class__ is not Value:
        target = _class(target, len(outputs))
    return logsumexp(outputs) - take(outputs, target)


def binary_cross_entropy(outputs: Any, target: Any) -> Any:
    """Return -y log σ(z) - (1 - y) log(1 - σ(z)) for one logit z and a label y of 0 or 1.

    Computed as log(1 + e^((1 - 2y) z)), which cannot overflow.

    >>> binary_cross_entropy(0.0, 1)
    0.6931471805599453
    """
    return softplus((1.0 - 2.0 * _label(target, (0.0, 1.0))) * _single(outputs))


def hinge(outputs: Any, target: Any) -> Any:
    """Return max(0, 1 - y s) for one score s and a label y of -1 or +1.

    >>> hinge(0.25, -1)
    1.25
    """
    return relu(1.0 - _label(target, (-1.0, 1.0)) * _single(outputs))


LOSSES: dict[str, Loss] = {
    f.__name__: f
    for f in (
        half_squared_error, squared_error, mean_squared_error, absolute_error, huber,
        cross_entropy, binary_cross_entropy, hinge,
    )
}  # fmt: skip


def loss_function(name: Any) -> Loss:
    """Return the loss of that name; a function is returned as it is.

    Raises ValueError for an unknown name, listing the known ones.

    >>> loss_function("hinge") is hinge
    True
    """
    return named("a loss", LOSSES, name)  # type: ignore[no-any-return]


def _several(thing: Any) -> list[Any]:
    """Return a list of Values and floats; one number or Value becomes a list of one."""
    thing = getattr(thing, "tolist", lambda: thing)()
    return list(thing) if isinstance(thing, list | tuple) else [thing]


def _residuals(outputs: Any, target: Any) -> list[Any]:
    outputs, target = _several(outputs), _several(target)
    if len(outputs) != len(target):
        raise ValueError(
            f"a loss takes one target for each output; got {len(outputs)} outputs "
            f"and {len(target)} targets. Check the width of y, or of the last layer."
        )
    return [a - _finite(y) for a, y in zip(outputs, target, strict=True)]


def _finite(target: Any) -> Any:
    if target.__class__ is not Value and not math.isfinite(target):
        raise ValueError(f"a target must be finite; got {target!r}. Drop or repair this example.")
    return target


def _class(target: Any, count: int) -> int:
    """Return a class as an int, for classes counted from 0."""
    number = _only(target, "target")
    if not (math.isfinite(number) and 0 <= number < count and number == int(number)):
        raise ValueError(
            f"cross_entropy takes a class from 0 to {count - 1}, one for each output; "
            f"got {number!r}. Number the classes from 0, or widen the last layer."
        )
    return int(number)


def _label(target: Any, labels: tuple[float, float]) -> Any:
    label = _only(target, "target")
    if label.__class__ is not Value and label not in labels:
        raise ValueError(
            f"the label must be {labels[0]:g} or {labels[1]:g}; got {label!r}. "
            "Map the two classes to these numbers (hinge: -1 and 1, binary_cross_entropy: 0 and 1)."
        )
    return label


def _single(outputs: Any) -> Any:
    return _only(outputs, "output")


def _only(thing: Any, what: str) -> Any:
    several = _several(thing)
    if len(several) != 1:
        raise ValueError(
            f"this loss takes exactly one {what}; got {len(several)}. "
            "Use cross_entropy for several classes, or a last layer of one unit."
        )
    return several[0]
