"""Real numbers: what counts as one, and `math` continued to IEEE infinities.

`math.exp(710)` raises OverflowError and Python's `**` may leave the real line; the
functions here return the IEEE result instead, and raise ValueError outside their domain
and ZeroDivisionError at a pole. They know nothing of nodes or derivatives.
"""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Callable
from typing import Any

from autograd import errors

COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


def real(thing: Any) -> float | None:
    """Return `thing` as a float, or None if it is not one real number.

    Integers, booleans, NumPy scalars, fractions and decimals count; text, complex numbers,
    Values and arrays of more than zero dimensions do not.
    """
    if isinstance(thing, int | float):
        try:
            return float(thing)
        except OverflowError:
            raise errors.too_large(thing) from None
    kind = type(thing)
    text = isinstance(thing, str | bytes)  # that of NumPy has a __float__
    if text or kind.__name__ == "Value" or not hasattr(kind, "__float__"):
        return None
    if getattr(thing, "shape", ()) != ():
        return None
    if isinstance(thing, numbers.Complex) and not isinstance(thing, numbers.Real):
        return None
    return float(thing)


def compared(number: float, symbol: str, other: Any) -> Any:
    """Return whether `number symbol other` holds, as Python's floats say; else NotImplemented.

    They compare exactly: 2.0**53 is not 2**53 + 1, and no float reaches 10**400.

    >>> compared(2.0**53, "==", 2**53 + 1), compared(1.0, "<", 10**400), compared(1.0, "==", 1 + 0j)
    (False, True, True)
    """
    if hasattr(type(other), "item") and getattr(other, "shape", None) == ():
        other = other.item()  # NumPy would round the other side to its own kind
    ordered = isinstance(other, numbers.Real) or not isinstance(other, numbers.Complex)
    exact = other if isinstance(other, numbers.Number) else real(other)
    if exact is None or not (ordered or symbol in ("==", "!=")):
        return NotImplemented
    return bool(COMPARISONS[symbol](number, exact))


def as_float(number: Any) -> Any:
    """Return a number as a float if that is the same number, else as it is.

    >>> as_float(3), as_float(2**53 + 1)
    (3.0, 9007199254740993)
    """
    try:
        nearest = float(number)
    except (OverflowError, TypeError):  # too large, or complex
        return number
    return nearest if nearest == number else number


def number(thing: Any) -> float:
    """Return what is one real number as a float. Raises TypeError for anything else."""
    found = real(thing)
    if found is None:
        raise errors.not_a_number(thing)
    return found


def place(index: Any, count: int) -> int:
    """Return an index of Python's own as it is, and a float where it is a whole one below `count`.

    Raises ValueError for another float and TypeError for what is no number.
    """
    number = None if hasattr(index, "__index__") else real(index)
    if number is None:
        return operator.index(index)
    if not (0.0 <= number < count and number == int(number)):
        raise ValueError
    return int(number)


def readable(thing: Any) -> Any:
    """Return a tensor that has gradients or a narrow type, or a sparse matrix, as NumPy reads it.

    Other things are returned as they are; nothing is imported.

    >>> readable([1.0, 2.0])
    [1.0, 2.0]
    """
    if hasattr(thing, "requires_grad"):  # a tensor of PyTorch
        tensor = thing.detach().cpu()
        return tensor.double() if tensor.is_floating_point() else tensor
    if str(getattr(thing, "dtype", "")) == "bfloat16":  # of JAX
        return thing.astype("float32")
    return thing.toarray() if hasattr(thing, "toarray") else thing


def arrayed(thing: Any) -> Any:
    """Return an array, a series or a table of another library as NumPy's; others as they are.

    >>> arrayed((1.0, 2.0))
    (1.0, 2.0)
    """
    kind = type(thing)
    if not hasattr(kind, "__array__") or kind.__module__.partition(".")[0] == "numpy":
        return thing
    import numpy as np

    return np.asarray(readable(thing))


def is_foreign(thing: Any) -> bool:
    """Return whether an operator should leave `thing` to its own reflected method.

    An array of NumPy does know what to do with a Value (element by element); Python's own
    types do not, so that they deserve a clear error instead.
    """
    return type(thing).__module__ != "builtins"


def overflowing(function: Callable[[float], float]) -> Callable[[float], float]:
    """Return `function` with +inf or -inf, by the sign of x, where it would overflow."""

    def continued(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return math.copysign(math.inf, x)

    return continued


exp = overflowing(math.exp)
exp2 = overflowing(math.exp2)
expm1 = overflowing(math.expm1)
sinh = overflowing(math.sinh)


def cosh(x: float) -> float:
    """Return cosh x, inf beyond |x| = 710.47."""
    try:
        return math.cosh(x)
    except OverflowError:
        return math.inf


def sech(x: float) -> float:
    """Return 1 / cosh x = 2e / (1 + e²), e = e^-|x|, which cannot overflow."""
    e = math.exp(-abs(x))
    return 2.0 * e / (1.0 + e * e)


def logaddexp(x: float, y: float) -> float:
    """Return log(eˣ + eʸ) without overflow."""
    if x == y:  # both may be infinite
        return x + math.log(2.0)
    return maximum(x, y) + math.log1p(math.exp(-abs(x - y)))


def whole(function: Callable[[float], int]) -> Callable[[float], float]:
    """Return a function that rounds as one of floats: ±0.0, infinities and NaN keep their sign."""

    def rounded(x: float) -> float:
        return math.copysign(float(function(x)), x) if math.isfinite(x) else x

    return rounded


def logistic(x: float) -> float:
    """Return sigmoid(x) sigmoid(-x) = e / (1 + e)², e = e^-|x|: the logistic distribution."""
    e = math.exp(-abs(x))
    return e / ((1.0 + e) * (1.0 + e))


def power(base: float, exponent: float) -> float:
    """Return base ** exponent on the real line.

    Raises ValueError for a negative base with a fractional exponent, and
    ZeroDivisionError for zero to a negative exponent.
    """
    try:
        return math.pow(base, exponent)
    except OverflowError:
        odd = base < 0 and math.fmod(exponent, 2.0) != 0.0
        return -math.inf if odd else math.inf
    except ValueError:
        if base == 0.0:
            raise ZeroDivisionError from None
        raise


def direction(x: float, y: float) -> float:
    """Return x / √(x² + y²), the cosine of the direction of (x, y); 0 at the origin."""
    largest = max(abs(x), abs(y))
    if largest == 0.0 or math.isinf(largest):
        return 0.0 if largest == 0.0 or not math.isinf(x) else math.nan
    return x / largest / math.hypot(x / largest, y / largest)


def sigmoid(x: float) -> float:
    """Return 1 / (1 + e⁻ˣ) without overflow on either side."""
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


def softplus(x: float) -> float:
    """Return log(1 + eˣ) without overflow."""
    return math.log1p(math.exp(-abs(x))) + (x if x > 0 else 0.0)


def relu(x: float) -> float:
    """Return x above zero and 0 elsewhere; NaN stays NaN."""
    return 0.0 if x <= 0.0 else x


def heaviside(x: float) -> float:
    """Return 1 above zero and 0 elsewhere; NaN stays NaN."""
    return 1.0 if x > 0.0 else 0.0 if x <= 0.0 else math.nan


def sign(x: float) -> float:
    """Return -1, 0 or 1; NaN stays NaN."""
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0 if x == 0.0 else math.nan


def maximum(x: float, y: float) -> float:
    """Return the larger number, the first one of equals; NaN if either is NaN."""
    return x if x >= y or x != x else y


def minimum(x: float, y: float) -> float:
    """Return the smaller number, the first one of equals; NaN if either is NaN."""
    return x if x <= y or x != x else y
