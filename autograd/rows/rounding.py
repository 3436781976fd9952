"""The rows that round, divide with a remainder and copy a sign, and questions about one number.

What is constant in pieces has the partial 0. The operators % and // are Python's, whose remainder
has the sign of the divisor; that of `fmod` has the sign of x, as in C. The questions `isfinite`,
`isinf`, `isnan` and `signbit` are answered by comparisons, which a recording guards.
"""

from __future__ import annotations

import math
import operator
from typing import Any

from autograd import errors, reals
from autograd.engine import Function, Value
from autograd.primitives import abs, sign
from autograd.rows.scales import degrees, radians
from autograd.sweep import flat
from autograd.table import PRODUCT, primitive

__all__ = [
    "ceil", "copysign", "floor", "fmod", "isfinite", "isinf", "isnan", "rint", "signbit", "trunc",
]  # fmt: skip

copysign: Function

floor = primitive(
    "floor", reals.whole(math.floor), flat, latex=r"\lfloor{#1}\rfloor", numpy="floor")  # fmt: skip

ceil = primitive(
    "ceil", reals.whole(math.ceil), flat, latex=r"\lceil{#1}\rceil", numpy="ceil")  # fmt: skip

trunc = primitive("trunc", reals.whole(math.trunc), flat, numpy="trunc")

rint = primitive(
    "rint", reals.whole(round), flat, numpy="rint",
    doc="Return the whole number nearest to x, the even one of two.")  # fmt: skip

floordiv = primitive(
    "floordiv", operator.floordiv, flat, flat,
    symbol="#1//#2", latex=r"\operatorname{floordiv}(#1, #2)", precedence=PRODUCT,
    numpy="floor_divide")  # fmt: skip

mod = primitive(
    "mod", operator.mod,
    lambda x, y, out: 1.0,
    lambda x, y, out: -floordiv(x, y),
    symbol="#1 % #2", latex=r"\operatorname{mod}(#1, #2)", precedence=PRODUCT,
    numpy="remainder")  # fmt: skip

fmod = primitive(
    "fmod", math.fmod,
    lambda x, y, out: 1.0,
    lambda x, y, out: -rint((x - out) / y),
    words="finite x and y other than 0", numpy="fmod")  # fmt: skip

copysign = primitive(
    "copysign", math.copysign, lambda x, y, out: sign(x) * copysign(1.0, y), flat,
    numpy="copysign", doc="Return |x| with the sign of y, that of -0.0 included.")  # fmt: skip


def isfinite(x: Any) -> bool:
    """Return whether x, a Value or a number, is neither infinite nor NaN.

    >>> from autograd import Value, isfinite
    >>> isfinite(Value(1e300)), isfinite(float("nan"))
    (True, False)
    """
    x = _operand("isfinite", x)
    return bool(x > -math.inf) and bool(x < math.inf)


def isinf(x: Any) -> bool:
    """Return whether x, a Value or a number, is infinite.

    >>> from autograd import Value, isinf
    >>> isinf(Value(-float("inf")))
    True
    """
    x = _operand("isinf", x)
    return bool(x == math.inf) or bool(x == -math.inf)


def isnan(x: Any) -> bool:
    """Return whether x, a Value or a number, is NaN.

    >>> from autograd import Value, isnan
    >>> isnan(Value(float("nan")))
    True
    """
    return not _operand("isnan", x) >= -math.inf


def signbit(x: Any) -> bool:
    """Return whether x, a Value or a number, has a minus sign, as -0.0 has.

    >>> from autograd import Value, signbit
    >>> signbit(Value(-0.0)), signbit(0.0)
    (True, False)
    """
    return bool(copysign(1.0, x) < 0.0)


def _operand(name: str, x: Any) -> Any:
    number = x if x.__class__ is Value else reals.real(x)
    if number is None:
        raise errors.bad_operand(name, x)
    return number


def _rounded(x: Value, digits: int | None = None) -> Value:
    """Return x to so many decimal digits, as NumPy rounds: the scaled number to the even one."""
    if not digits:
        return rint(x)
    scale = 10.0 ** operator.index(max(digits, -digits))
    return rint(x * scale) / scale if digits > 0 else rint(x / scale) * scale


def _install(function: Function, name: str) -> None:
    """Make a row of two operands a Python operator, its reflected form included."""

    def foreign(other: Any) -> bool:
        known = other.__class__ is Value or reals.real(other) is not None
        return not known and reals.is_foreign(other)

    def forwards(x: Value, y: Any) -> Any:
        return NotImplemented if foreign(y) else function(x, y)

    def reflected(x: Value, y: Any) -> Any:
        return NotImplemented if foreign(y) else function(y, x)

    setattr(Value, f"__{name}__", forwards)
    setattr(Value, f"__r{name}__", reflected)


for _function in (floordiv, mod):
    _install(_function, _function.name)

for _name, _method in {
    "__floor__": floor, "__ceil__": ceil, "__trunc__": trunc, "__round__": _rounded,
    "__pos__": lambda x: x, "fabs": abs, "rad2deg": degrees, "deg2rad": radians,
    "__divmod__": lambda x, y: (x // y, x % y), "__rdivmod__": lambda x, y: (y // x, y % x),
}.items():  # fmt: skip
    setattr(Value, _name, _method)
