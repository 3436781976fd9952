"""The rows that change a scale: powers of two, cube roots, degrees, sums of logarithms."""

from __future__ import annotations

import math

from autograd import reals
from autograd.rows.activations import sigmoid
from autograd.table import POWER, primitive

__all__ = ["cbrt", "degrees", "exp2", "logaddexp", "radians"]

LN_2 = math.log(2.0)
DEGREES, RADIANS = 180.0 / math.pi, math.pi / 180.0

exp2 = primitive(
    "exp2", reals.exp2, lambda x, out: LN_2 * out,
    latex="2^{#1}", precedence=POWER, symbol="exp2(#1)", numpy="exp2")  # fmt: skip

cbrt = primitive(
    "cbrt", math.cbrt, lambda x, out: 1.0 / (3.0 * out * out),
    latex=r"\sqrt[3]{#1}", numpy="cbrt")  # fmt: skip

degrees = primitive(
    "degrees", math.degrees, lambda x, out: DEGREES, numpy="degrees",
    composed=lambda x: x * DEGREES)  # fmt: skip

radians = primitive(
    "radians", math.radians, lambda x, out: RADIANS, numpy="radians",
    composed=lambda x: x * RADIANS)  # fmt: skip

logaddexp = primitive(
    "logaddexp", reals.logaddexp,
    lambda x, y, out: sigmoid(x - y),
    lambda x, y, out: sigmoid(y - x),
    latex=r"\ln(e^{#1} + e^{#2})", numpy="logaddexp")  # fmt: skip
