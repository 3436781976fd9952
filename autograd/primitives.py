"""The table: the primitives of one to three operands, one row each, with their local partials.

A row says how a function is computed, differentiated, written and drawn; `Value`, higher
derivatives, forward mode, explanations, pictures, programs and tests all read it here. A rule
takes (*operands, out) and returns ∂out/∂operand, never times the adjoint. It is written
with the functions below, so that floats give a number and Values give a graph: higher
derivatives need no further code. A rule never branches on an operand's value; it uses
`heaviside`, `sign` and `where` (a constant exponent may be tested, for x² must differentiate
to any order at 0). It keeps its digits: no difference of rounded numbers, so that tails and
saturations have derivatives too; `textbook` then says it as books do.
"""

from __future__ import annotations

import math
import operator
from typing import Any

from autograd import engine, reals
from autograd.engine import Function, Value
from autograd.sweep import flat
from autograd.table import (
    ABOVE_MINUS_ONE,
    FINITE,
    NOT_NEGATIVE,
    POSITIVE,
    POWER,
    PRODUCT,
    REALS,
    SIGN,
    SUM,
    primitive,
)  # fmt: skip

__all__ = [
    "atan2", "clip", "cos", "cosh",
    "detach", "direction", "exp", "expm1", "heaviside", "hypot", "log", "log1p", "log2",
    "log10", "maximum", "minimum", "sech", "sign", "sin", "sinh", "sqrt", "tan", "tanh", "where",
]  # fmt: skip

LOG2_E = 1.0 / math.log(2.0)
LOG10_E = 1.0 / math.log(10.0)

# A rule may use rows that stand further down.
cos: Function
cosh: Function
direction: Function
hypot: Function
heaviside: Function
log: Function
sign: Function
tanh: Function
where: Function

# --- operators -----------------------------------------------------------------------

add = primitive(
    "add", operator.add,
    lambda x, y, out: 1.0,
    lambda x, y, out: 1.0,
    symbol="#1 + #2", latex="#1 + #2", precedence=SUM, numpy="add")  # fmt: skip

sub = primitive(
    "sub", operator.sub,
    lambda x, y, out: 1.0,
    lambda x, y, out: -1.0,
    symbol="#1 - #2", latex="#1 - #2", precedence=SUM, numpy="subtract")  # fmt: skip

mul = primitive(
    "mul", operator.mul,
    lambda x, y, out: y,
    lambda x, y, out: x,
    symbol="#1*#2", latex=r"#1 \cdot #2", precedence=PRODUCT, numpy="multiply")  # fmt: skip

div = primitive(
    "div", operator.truediv,
    lambda x, y, out: 1.0 / y,
    lambda x, y, out: -out / y,
    symbol="#1/#2", latex=r"\frac{#1}{#2}", precedence=PRODUCT, numpy="divide")  # fmt: skip


def _power_by_base(x: Any, n: Any, out: Any) -> Any:
    """Return n xⁿ⁻¹, which is 0 for n = 0 even where x is 0."""
    if n.__class__ is not float:
        return n * pow(x + where(x, 0.0, where(n, 0.0, 1.0)), n - 1.0)
    if n in (0.0, 1.0, 2.0):
        return (0.0, 1.0, 2.0 * x)[int(n)]
    return n * pow(x, n - 1.0)


def _power_by_exponent(x: Any, n: Any, out: Any) -> Any:
    """Return xⁿ ln x, which is 0 for x = 0."""
    return out * log(x + where(x, 0.0, 1.0))


pow = primitive(
    "pow", reals.power,
    _power_by_base,
    _power_by_exponent,
    symbol="#1**#2", latex="#1^{#2}", precedence=POWER, numpy="power",
    words="a base x > 0, or x < 0 with a whole exponent",
    domain=(POSITIVE, REALS))  # fmt: skip

neg = primitive(
    "neg", operator.neg,
    lambda x, out: -1.0,
    symbol="-#1", latex="-#1", precedence=SIGN, numpy="negative")  # fmt: skip

abs = primitive(
    "abs", operator.abs,
    lambda x, out: sign(x),
    symbol="abs(#1)", latex=r"\left|#1\right|", numpy="absolute")  # fmt: skip

# --- exponentials and logarithms -----------------------------------------------------

exp = primitive(
    "exp", reals.exp, lambda x, out: out,
    latex="e^{#1}", precedence=POWER, symbol="exp(#1)", numpy="exp")  # fmt: skip

expm1 = primitive(
    "expm1", reals.expm1, lambda x, out: exp(x),
    symbol="expm1(#1)", latex="e^{#1} - 1", precedence=SUM, numpy="expm1")  # fmt: skip

log = primitive(
    "log", math.log, lambda x, out: 1.0 / x,
    latex=r"\ln(#1)", domain=POSITIVE, numpy="log")  # fmt: skip

log1p = primitive(
    "log1p", math.log1p, lambda x, out: 1.0 / (1.0 + x),
    latex=r"\ln(1 + #1)", domain=ABOVE_MINUS_ONE, numpy="log1p")  # fmt: skip

log2 = primitive(
    "log2", math.log2, lambda x, out: LOG2_E / x,
    latex=r"\log_2(#1)", domain=POSITIVE, numpy="log2")  # fmt: skip

log10 = primitive(
    "log10", math.log10, lambda x, out: LOG10_E / x,
    latex=r"\log_{10}(#1)", domain=POSITIVE, numpy="log10")  # fmt: skip

sqrt = primitive(
    "sqrt", math.sqrt, lambda x, out: 0.5 / out,
    latex=r"\sqrt{#1}", domain=NOT_NEGATIVE, numpy="sqrt")  # fmt: skip

# --- trigonometry --------------------------------------------------------------------

sin = primitive(
    "sin", math.sin, lambda x, out: cos(x),
    latex=r"\sin(#1)", domain=FINITE, numpy="sin")  # fmt: skip

cos = primitive(
    "cos", math.cos, lambda x, out: -sin(x),
    latex=r"\cos(#1)", domain=FINITE, numpy="cos")  # fmt: skip

tan = primitive(
    "tan", math.tan, lambda x, out: 1.0 + out * out,
    latex=r"\tan(#1)", domain=FINITE, numpy="tan")  # fmt: skip


def square(x: Any) -> Any:
    """Return x²."""
    return x * x


atan2 = primitive(
    "atan2", math.atan2,
    lambda y, x, out: direction(x, y) / hypot(x, y),
    lambda y, x, out: -direction(y, x) / hypot(x, y),
    latex=r"\operatorname{atan2}(#1, #2)", numpy="arctan2")  # fmt: skip

hypot = primitive(
    "hypot", math.hypot,
    lambda x, y, out: direction(x, y),
    lambda x, y, out: direction(y, x),
    latex=r"\sqrt{#1^2 + #2^2}", numpy="hypot")  # fmt: skip

# A row of its own, so that no derivative of hypot cancels: its partial by x is (y/r)²/r,
# where 1/r - x²/r³ would lose the digits of a small y.
direction = primitive(
    "direction", reals.direction,
    lambda x, y, out: direction(y, x) ** 2.0 / hypot(x, y),
    lambda x, y, out: -out * direction(y, x) / hypot(x, y),
    latex=r"\frac{#1}{\sqrt{#1^2 + #2^2}}")  # fmt: skip

# --- hyperbolic functions ------------------------------------------------------------

sinh = primitive(
    "sinh", reals.sinh, lambda x, out: cosh(x),
    latex=r"\sinh(#1)", numpy="sinh")  # fmt: skip

cosh = primitive(
    "cosh", reals.cosh, lambda x, out: sinh(x),
    latex=r"\cosh(#1)", numpy="cosh")  # fmt: skip

# A row of its own, so that no derivative of tanh cancels: that of sech² is -2 tanh sech².
sech = primitive(
    "sech", reals.sech, lambda x, out: -out * tanh(x),
    latex=r"\operatorname{sech}(#1)",
    composed=lambda x: 1.0 / cosh(x))  # fmt: skip

tanh = primitive(
    "tanh", math.tanh, lambda x, out: square(sech(x)),
    textbook=lambda x, out: 1.0 - out * out,
    latex=r"\tanh(#1)", numpy="tanh")  # fmt: skip

# --- steps and choices ---------------------------------------------------------------

sign = primitive("sign", reals.sign, flat, numpy="sign")

heaviside = primitive(
    "heaviside", reals.heaviside, flat,
    latex="H(#1)", symbol="heaviside(#1)")  # fmt: skip

detach = primitive(
    "detach", lambda x: x, flat,
    doc="Return a node with the number of x, through which no gradient passes.\n\n"
    "What x is made of needs no derivative then, and is asked for none.")  # fmt: skip

maximum = primitive(
    "maximum", reals.maximum,
    lambda x, y, out: 1.0 - heaviside(y - x),
    lambda x, y, out: heaviside(y - x),
    latex=r"\max(#1, #2)", numpy="maximum")  # fmt: skip

minimum = primitive(
    "minimum", reals.minimum,
    lambda x, y, out: 1.0 - heaviside(x - y),
    lambda x, y, out: heaviside(x - y),
    latex=r"\min(#1, #2)", numpy="minimum")  # fmt: skip

clip = primitive(
    "clip", lambda x, low, high: reals.minimum(reals.maximum(x, low), high),
    lambda x, low, high, out: (1.0 - heaviside(low - x)) * (1.0 - heaviside(x - high)),
    lambda x, low, high, out: heaviside(low - x) * (1.0 - heaviside(low - high)),
    lambda x, low, high, out: heaviside(maximum(x, low) - high),
    latex=r"\operatorname{clip}(#1, #2, #3)",
    composed=lambda x, low, high: minimum(maximum(x, low), high))  # fmt: skip

WHERE = """Return x where the condition is not 0, and y where it is.

Both x and y have been computed by then, and the partial of the one not taken is 0. That
cannot undo an error or an infinite partial inside of it: keep its operand in the domain by
another `where`, as for the root of x where x > 0.

>>> from autograd import Value, heaviside, sqrt, where
>>> x = Value(0.0)
>>> positive = heaviside(x)
>>> where(positive, sqrt(where(positive, x, 1.0)), 0.0).backward()
>>> x.grad
0.0
"""

where = primitive(
    "where", lambda condition, x, y: x if condition else y,
    flat,
    lambda condition, x, y, out: abs(sign(condition)),
    lambda condition, x, y, out: 1.0 - abs(sign(condition)),
    symbol="where(#1, #2, #3)", latex=r"(#1 \,?\, #2 : #3)",
    doc=WHERE)  # fmt: skip

Value.conjugate = lambda self: self  # type: ignore[method-assign]  # for numpy.var and std

for _function in (add, sub, mul, div, pow, neg, abs):
    engine.install(_function, "truediv" if _function is div else _function.name)
