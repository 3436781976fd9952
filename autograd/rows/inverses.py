"""The rows of inverse functions: of sine, cosine, tangent, and of the hyperbolic ones."""

from __future__ import annotations

import math
from typing import Any

from autograd.primitives import abs, heaviside, hypot, sqrt, square, where
from autograd.table import FROM_ONE, UNIT_CLOSED, UNIT_OPEN, primitive

__all__ = ["acos", "acosh", "asin", "asinh", "atan", "atanh"]


def _complement(x: Any) -> Any:
    """Return 1 - x²: by its factors where it is small, where -2x is small by x·x."""
    return where(heaviside(abs(x) - 0.5), (1.0 - x) * (1.0 + x), 1.0 - x * x)


asin = primitive(
    "asin", math.asin, lambda x, out: 1.0 / sqrt(_complement(x)),
    textbook=lambda x, out: 1.0 / sqrt(1.0 - x * x),
    latex=r"\arcsin(#1)", domain=UNIT_CLOSED, numpy="arcsin")  # fmt: skip

acos = primitive(
    "acos", math.acos, lambda x, out: -1.0 / sqrt(_complement(x)),
    textbook=lambda x, out: -1.0 / sqrt(1.0 - x * x),
    latex=r"\arccos(#1)", domain=UNIT_CLOSED, numpy="arccos")  # fmt: skip

atan = primitive(
    "atan", math.atan, lambda x, out: square(1.0 / hypot(1.0, x)),
    textbook=lambda x, out: 1.0 / (1.0 + x * x),
    latex=r"\arctan(#1)", numpy="arctan")  # fmt: skip

asinh = primitive(
    "asinh", math.asinh, lambda x, out: 1.0 / hypot(1.0, x),
    latex=r"\operatorname{arsinh}(#1)", numpy="arcsinh")  # fmt: skip

acosh = primitive(
    "acosh", math.acosh, lambda x, out: 1.0 / (sqrt(x - 1.0) * sqrt(x + 1.0)),
    latex=r"\operatorname{arcosh}(#1)", domain=FROM_ONE, numpy="arccosh")  # fmt: skip

atanh = primitive(
    "atanh", math.atanh, lambda x, out: 1.0 / _complement(x),
    textbook=lambda x, out: 1.0 / (1.0 - x * x),
    latex=r"\operatorname{artanh}(#1)", domain=UNIT_OPEN, numpy="arctanh")  # fmt: skip
