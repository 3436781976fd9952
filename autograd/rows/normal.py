"""The rows about the normal distribution: the error function, and the activation x Φ(x).

Far out every digit of x counts x² times in e^(-x²): here squares and arguments are taken in parts.
"""

from __future__ import annotations

import math
from typing import Any

from autograd.primitives import clip, exp
from autograd.table import primitive

__all__ = ["erf", "erfc", "gelu"]

SQRT_2 = math.sqrt(2.0)
SQRT_PI = math.sqrt(math.pi)
SQRT_2PI = math.sqrt(2.0 * math.pi)


def _half(x: Any) -> Any:
    """Return the first half of the digits of x: its square is exact in single precision."""
    longer = 4097.0 * x
    return longer - (longer - x)


def bell(x: Any, rate: float = 1.0) -> Any:
    """Return e^(-rate x²), by the first half h of x.

    A rounded square would lose digits in the tail: x² = h² - (h - x)(h + x).
    """
    x = clip(x, -40.0, 40.0)
    half = _half(x)
    return exp(-rate * half * half) * exp(rate * (half - x) * (half + x))


erf = primitive(
    "erf", math.erf, lambda x, out: 2.0 / SQRT_PI * bell(x),
    textbook=lambda x, out: 2.0 / SQRT_PI * exp(-x * x),
    latex=r"\operatorname{erf}(#1)")  # fmt: skip

erfc = primitive(
    "erfc", math.erfc, lambda x, out: -2.0 / SQRT_PI * bell(x),
    textbook=lambda x, out: -2.0 / SQRT_PI * exp(-x * x),
    latex=r"\operatorname{erfc}(#1)")  # fmt: skip

# 1/√2, in three parts: products with the first two are exact where the other factor is a half
HIGH, MIDDLE, LOW = 2896 / 2.0**12, 1267 / 2.0**24, 1.210161710447897e-08


def _gelu(x: Any, erfc: Any, exp: Any, clip: Any) -> Any:
    """Return x Φ(x), Φ the normal distribution.

    Φ(x) = ½ erfc(-x/√2); far out a rounded argument would cost x² roundings, so that what the
    rounding took away is found exactly and comes back by the first derivative.
    """
    argument = -x / SQRT_2
    near = clip(x, -40.0, 40.0)
    half = _half(near)
    rest = near - half
    back = half * HIGH - near / SQRT_2 + rest * HIGH + half * MIDDLE + (rest * MIDDLE + near * LOW)
    return 0.5 * x * (erfc(argument) + 2.0 / SQRT_PI * exp(-argument * argument) * back)


def _gelu_partial(x: Any, out: Any) -> Any:
    """Return Φ(x) + x φ(x), the normal distribution and density."""
    inner = clip(x, -40.0, 40.0)
    return 0.5 * erfc(-x / SQRT_2) + inner * bell(x, 0.5) / SQRT_2PI


gelu = primitive(
    "gelu", lambda x: _gelu(x, math.erfc, math.exp, clip.forward),
    _gelu_partial,
    composed=lambda x: _gelu(x, erfc, exp, clip))  # fmt: skip
