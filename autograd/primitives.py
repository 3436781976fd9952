"""The table: every primitive, one row each, with its local partials.

A row says how a function is computed, differentiated, written and drawn; `Value`, higher
derivatives, forward mode, explanations, pictures, programs and tests all read it here. A rule
takes (*operands, out) and returns ∂out/∂operand, never times the adjoint. It is written
with the functions below, so that floats give a number and Values give a graph: higher
derivatives need no further code. A rule never branches on an operand's value; it uses
`heaviside`, `sign` and `where` (a constant exponent may be tested, for x² must differentiate
to any order at 0).
"""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from autograd import engine, errors, reals
from autograd.engine import Function, Value

LOG2_E = 1.0 / math.log(2.0)
LOG10_E = 1.0 / math.log(10.0)
SQRT_2 = math.sqrt(2.0)
SQRT_PI = math.sqrt(math.pi)
SQRT_2PI = math.sqrt(2.0 * math.pi)


class Domain(NamedTuple):
    """An interval an operand must lie in, and the words that say so in an error."""

    low: float
    high: float
    text: str


REALS = Domain(-math.inf, math.inf, "every real x")
FINITE = Domain(-math.inf, math.inf, "finite x")
POSITIVE = Domain(0.0, math.inf, "x > 0")
NOT_NEGATIVE = Domain(0.0, math.inf, "x >= 0")
ABOVE_MINUS_ONE = Domain(-1.0, math.inf, "x > -1")
FROM_ONE = Domain(1.0, math.inf, "x >= 1")
UNIT_CLOSED = Domain(-1.0, 1.0, "-1 <= x <= 1")
UNIT_OPEN = Domain(-1.0, 1.0, "-1 < x < 1")

# How tightly a formula binds: an operand that binds less is put in brackets.
SUM, PRODUCT, SIGN, POWER, CALL = range(1, 6)


@dataclass(frozen=True, eq=False)
class Primitive:
    """One row of the table.

    `arity` is the number of operands, None where it is free. `partials` holds a rule for
    each operand, or one rule that returns them all. In `symbol` (Python notation) and
    `latex`, #1 #2 … stand for the operands, ## for all of them, separated by commas, #* for
    all but the last and #$ for the last. `numpy` is the name of the ufunc, if there is one.
    """

    name: str
    forward: Callable[..., float]
    partials: tuple[Callable[..., Any], ...] | Callable[..., Sequence[Any]]
    symbol: str
    latex: str
    precedence: int
    domain: tuple[Domain, ...]
    numpy: str
    function: Function

    @property
    def arity(self) -> int | None:
        """The number of operands, None where it is free."""
        return len(self.partials) if isinstance(self.partials, tuple) else None

    def __call__(self, *operands: Any) -> Any:
        return self.function(*operands)


PRIMITIVES: dict[str, Primitive] = {}


def primitive(
    name: str,
    forward: Callable[..., float],
    *partials: Callable[..., Any],
    many: bool = False,
    symbol: str = "",
    latex: str = "",
    precedence: int = CALL,
    domain: Domain | tuple[Domain, ...] = REALS,
    words: str = "",
    numpy: str = "",
    doc: str = "",
) -> Function:
    """Add a row to the table and return its function.

    A new function of one or two operands becomes a method of `Value` too, which is how
    NumPy applies its own to arrays of objects, and is covered by the tests, which iterate the
    table. With `many`, the single rule returns every partial.

    >>> import math
    >>> from autograd import Value
    >>> from autograd.primitives import PRIMITIVES, primitive
    >>> cube = primitive("cube", lambda x: x * x * x, lambda x, out: 3 * x * x)
    >>> v = Value(2.0)
    >>> cube(v).backward()
    >>> v.grad
    12.0
    >>> del PRIMITIVES["cube"], Value.cube
    """
    rules = partials[0] if many else partials
    domains = (
        domain if isinstance(domain[0], Domain) else (domain,) * builtins.max(1, len(partials))
    )
    text = words or domains[0].text
    function = Function(name, forward, rules, text)
    symbol = symbol or name + ("(##)" if many or len(partials) > 1 else "(#1)")
    latex = (
        latex or rf"\operatorname{{{name.replace('_', ' ')}}}({'##' if many else _slots(partials)})"
    )
    row = Primitive(
        name,
        forward,
        rules,
        symbol,
        latex,
        precedence,
        domains,
        numpy,
        function,
    )
    function.row = row
    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        doc or f"Return {symbol.replace('#1', 'x').replace('#2', 'y')}; defined for {text}."
    )
    PRIMITIVES[name] = row
    if row.arity == 1 or (row.arity == 2 and precedence == CALL):
        for method in {name, numpy or name}:
            setattr(Value, method, function)
    return function


def _slots(partials: tuple[Any, ...]) -> str:
    return ", ".join(f"#{k + 1}" for k in range(len(partials)))


# A rule may use rows that stand further down.
cos: Function
cosh: Function
hypot: Function
log: Function
sign: Function
where: Function

# --- operators -----------------------------------------------------------------------

add = primitive(
    "add", operator.add,
    lambda x, y, out: 1.0,
    lambda x, y, out: 1.0,
    symbol="#1 + #2", latex="#1 + #2", precedence=SUM, numpy="add",
)  # fmt: skip

sub = primitive(
    "sub", operator.sub,
    lambda x, y, out: 1.0,
    lambda x, y, out: -1.0,
    symbol="#1 - #2", latex="#1 - #2", precedence=SUM, numpy="subtract",
)  # fmt: skip

mul = primitive(
    "mul", operator.mul,
    lambda x, y, out: y,
    lambda x, y, out: x,
    symbol="#1*#2", latex=r"#1 \cdot #2", precedence=PRODUCT, numpy="multiply",
)  # fmt: skip

div = primitive(
    "div", operator.truediv,
    lambda x, y, out: 1.0 / y,
    lambda x, y, out: -out / y,
    symbol="#1/#2", latex=r"\frac{#1}{#2}", precedence=PRODUCT, numpy="divide",
)  # fmt: skip


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
    domain=(POSITIVE, REALS),
)  # fmt: skip

neg = primitive(
    "neg", operator.neg,
    lambda x, out: -1.0,
    symbol="-#1", latex="-#1", precedence=SIGN, numpy="negative",
)  # fmt: skip

abs = primitive(
    "abs", operator.abs,
    lambda x, out: sign(x),
    symbol="abs(#1)", latex=r"\left|#1\right|", numpy="absolute",
)  # fmt: skip

# --- exponentials and logarithms -----------------------------------------------------

exp = primitive(
    "exp", reals.exp, lambda x, out: out,
    latex="e^{#1}", precedence=POWER, symbol="exp(#1)", numpy="exp",
)  # fmt: skip

expm1 = primitive(
    "expm1", reals.expm1, lambda x, out: exp(x),
    symbol="expm1(#1)", latex="e^{#1} - 1", precedence=SUM, numpy="expm1",
)  # fmt: skip

log = primitive(
    "log", math.log, lambda x, out: 1.0 / x,
    latex=r"\ln(#1)", domain=POSITIVE, numpy="log",
)  # fmt: skip

log1p = primitive(
    "log1p", math.log1p, lambda x, out: 1.0 / (1.0 + x),
    latex=r"\ln(1 + #1)", domain=ABOVE_MINUS_ONE, numpy="log1p",
)  # fmt: skip

log2 = primitive(
    "log2", math.log2, lambda x, out: LOG2_E / x,
    latex=r"\log_2(#1)", domain=POSITIVE, numpy="log2",
)  # fmt: skip

log10 = primitive(
    "log10", math.log10, lambda x, out: LOG10_E / x,
    latex=r"\log_{10}(#1)", domain=POSITIVE, numpy="log10",
)  # fmt: skip

sqrt = primitive(
    "sqrt", math.sqrt, lambda x, out: 0.5 / out,
    latex=r"\sqrt{#1}", domain=NOT_NEGATIVE, numpy="sqrt",
)  # fmt: skip

# --- trigonometry --------------------------------------------------------------------

sin = primitive(
    "sin", math.sin, lambda x, out: cos(x),
    latex=r"\sin(#1)", domain=FINITE, numpy="sin",
)  # fmt: skip

cos = primitive(
    "cos", math.cos, lambda x, out: -sin(x),
    latex=r"\cos(#1)", domain=FINITE, numpy="cos",
)  # fmt: skip

tan = primitive(
    "tan", math.tan, lambda x, out: 1.0 + out * out,
    latex=r"\tan(#1)", domain=FINITE, numpy="tan",
)  # fmt: skip

asin = primitive(
    "asin", math.asin, lambda x, out: 1.0 / sqrt((1.0 - x) * (1.0 + x)),
    latex=r"\arcsin(#1)", domain=UNIT_CLOSED, numpy="arcsin",
)  # fmt: skip

acos = primitive(
    "acos", math.acos, lambda x, out: -1.0 / sqrt((1.0 - x) * (1.0 + x)),
    latex=r"\arccos(#1)", domain=UNIT_CLOSED, numpy="arccos",
)  # fmt: skip

atan = primitive(
    "atan", math.atan, lambda x, out: 1.0 / (1.0 + x * x),
    latex=r"\arctan(#1)", numpy="arctan",
)  # fmt: skip

atan2 = primitive(
    "atan2", math.atan2,
    lambda y, x, out: x / hypot(x, y) / hypot(x, y),
    lambda y, x, out: -y / hypot(x, y) / hypot(x, y),
    latex=r"\operatorname{atan2}(#1, #2)", numpy="arctan2",
)  # fmt: skip

hypot = primitive(
    "hypot", math.hypot,
    lambda x, y, out: x / (out + where(out, 0.0, 1.0)),
    lambda x, y, out: y / (out + where(out, 0.0, 1.0)),
    latex=r"\sqrt{#1^2 + #2^2}", numpy="hypot",
)  # fmt: skip

# --- hyperbolic functions ------------------------------------------------------------

sinh = primitive(
    "sinh", reals.sinh, lambda x, out: cosh(x),
    latex=r"\sinh(#1)", numpy="sinh",
)  # fmt: skip

cosh = primitive(
    "cosh", reals.cosh, lambda x, out: sinh(x),
    latex=r"\cosh(#1)", numpy="cosh",
)  # fmt: skip

tanh = primitive(
    "tanh", math.tanh, lambda x, out: 1.0 - out * out,
    latex=r"\tanh(#1)", numpy="tanh",
)  # fmt: skip

asinh = primitive(
    "asinh", math.asinh, lambda x, out: 1.0 / hypot(1.0, x),
    latex=r"\operatorname{arsinh}(#1)", numpy="arcsinh",
)  # fmt: skip

acosh = primitive(
    "acosh", math.acosh, lambda x, out: 1.0 / (sqrt(x - 1.0) * sqrt(x + 1.0)),
    latex=r"\operatorname{arcosh}(#1)", domain=FROM_ONE, numpy="arccosh",
)  # fmt: skip

atanh = primitive(
    "atanh", math.atanh, lambda x, out: 1.0 / ((1.0 - x) * (1.0 + x)),
    latex=r"\operatorname{artanh}(#1)", domain=UNIT_OPEN, numpy="arctanh",
)  # fmt: skip

# --- the error function --------------------------------------------------------------

erf = primitive(
    "erf", math.erf, lambda x, out: 2.0 / SQRT_PI * exp(-x * x),
    latex=r"\operatorname{erf}(#1)",
)  # fmt: skip

erfc = primitive(
    "erfc", math.erfc, lambda x, out: -2.0 / SQRT_PI * exp(-x * x),
    latex=r"\operatorname{erfc}(#1)",
)  # fmt: skip

# --- steps and choices ---------------------------------------------------------------

sign = primitive("sign", reals.sign, lambda x, out: 0.0, numpy="sign")

heaviside = primitive(
    "heaviside", reals.heaviside, lambda x, out: 0.0,
    latex="H(#1)", symbol="heaviside(#1)",
)  # fmt: skip

maximum = primitive(
    "maximum", reals.maximum,
    lambda x, y, out: 1.0 - heaviside(y - x),
    lambda x, y, out: heaviside(y - x),
    latex=r"\max(#1, #2)", numpy="maximum",
)  # fmt: skip

minimum = primitive(
    "minimum", reals.minimum,
    lambda x, y, out: 1.0 - heaviside(x - y),
    lambda x, y, out: heaviside(x - y),
    latex=r"\min(#1, #2)", numpy="minimum",
)  # fmt: skip

clip = primitive(
    "clip", lambda x, low, high: reals.minimum(reals.maximum(x, low), high),
    lambda x, low, high, out: (1.0 - heaviside(low - x)) * (1.0 - heaviside(x - high)),
    lambda x, low, high, out: heaviside(low - x) * (1.0 - heaviside(low - high)),
    lambda x, low, high, out: heaviside(maximum(x, low) - high),
    latex=r"\operatorname{clip}(#1, #2, #3)",
)  # fmt: skip

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
    lambda condition, x, y, out: 0.0,
    lambda condition, x, y, out: abs(sign(condition)),
    lambda condition, x, y, out: 1.0 - abs(sign(condition)),
    symbol="where(#1, #2, #3)", latex=r"(#1 \,?\, #2 : #3)",
    doc=WHERE,
)  # fmt: skip

# --- activations ---------------------------------------------------------------------

relu = primitive(
    "relu", reals.relu, lambda x, out: heaviside(x),
    latex=r"\operatorname{relu}(#1)",
)  # fmt: skip

leaky_relu = primitive(
    "leaky_relu", lambda x: x if x > 0 else 0.01 * x,
    lambda x, out: where(heaviside(x), 1.0, 0.01),
)  # fmt: skip

elu = primitive(
    "elu", lambda x: x if x > 0 else math.expm1(x),
    lambda x, out: exp(minimum(x, 0.0)),
)  # fmt: skip

sigmoid = primitive(
    "sigmoid", reals.sigmoid, lambda x, out: out * (1.0 - out),
    latex=r"\sigma(#1)",
)  # fmt: skip

softplus = primitive(
    "softplus", reals.softplus, lambda x, out: sigmoid(x),
)  # fmt: skip

silu = primitive(
    "silu", lambda x: x * reals.sigmoid(x),
    lambda x, out: sigmoid(x) * (1.0 + x * sigmoid(-x)),
)  # fmt: skip


def _gelu_partial(x: Any, out: Any) -> Any:
    """Return Φ(x) + x φ(x), the normal distribution and density; φ is 0 beyond 40."""
    inner = clip(x, -40.0, 40.0)
    return 0.5 * erfc(-x / SQRT_2) + inner * exp(-0.5 * inner * inner) / SQRT_2PI


gelu = primitive(
    "gelu", lambda x: 0.5 * x * math.erfc(-x / SQRT_2), _gelu_partial,
)  # fmt: skip

softsign = primitive(
    "softsign", lambda x: x / (1.0 + builtins.abs(x)),
    lambda x, out: (1.0 + abs(x)) ** -2.0,
)  # fmt: skip

# --- functions of many operands ------------------------------------------------------


def _dot_forward(*operands: float) -> float:
    n = len(operands) // 2
    out = 0.0
    for weight, x in zip(operands[:n], operands[n:], strict=False):
        out += weight * x
    return out + operands[-1]


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
        return peak, [1.0 if x == peak else 0.0 for x in values]
    return peak, [math.exp(x - peak) for x in values]


def _logsumexp_forward(*values: float) -> float:
    peak, exponentials = _shifted_exponentials(values)
    if math.isnan(math.fsum(exponentials)):
        return math.nan
    exponentials.remove(1.0)
    return peak + math.log1p(_sum_forward(*exponentials))


_logsumexp = primitive(
    "logsumexp", _logsumexp_forward, lambda *values: softmax(values[:-1]), many=True,
    symbol="logsumexp([##])", latex=r"\operatorname{logsumexp}(##)",
    words="one value or more",
)  # fmt: skip


def _softmax_forward(*values_and_index: float) -> float:
    *values, index = values_and_index
    exponentials = _shifted_exponentials(values)[1]
    return exponentials[_position(index, values)] / _sum_forward(*exponentials)


def _softmax_partials(*operands_and_out: Any) -> Sequence[Any]:
    *values, index, out = operands_and_out
    return (
        *(
            out * (chosen - p)
            for chosen, p in zip(_one_hot(values, index), softmax(values), strict=True)
        ),
        0.0,
    )


_softmax = primitive(
    "softmax", _softmax_forward, _softmax_partials, many=True,
    symbol="softmax([#*])[#$]", latex=r"\operatorname{softmax}(#*)_{#$}",
    words="values and an index among them",
)  # fmt: skip


def _log_softmax_forward(*values_and_index: float) -> float:
    *values, index = values_and_index
    position = _position(index, values)
    peak, exponentials = _shifted_exponentials(values)
    if math.isnan(math.fsum(exponentials)):
        return math.nan
    exponentials.remove(1.0)
    distance = 0.0 if values[position] == peak else values[position] - peak
    return distance - math.log1p(_sum_forward(*exponentials))


def _log_softmax_partials(*operands_and_out: Any) -> Sequence[Any]:
    *values, index, _ = operands_and_out
    return (
        *(chosen - p for chosen, p in zip(_one_hot(values, index), softmax(values), strict=True)),
        0.0,
    )


_log_softmax = primitive(
    "log_softmax", _log_softmax_forward, _log_softmax_partials, many=True,
    symbol="log_softmax([#*])[#$]", latex=r"\operatorname{log softmax}(#*)_{#$}",
    words="values and an index among them",
)  # fmt: skip


def _position(index: float, values: Sequence[Any]) -> int:
    if not (0 <= index < len(values) and index == int(index)):
        raise ValueError
    return int(index)


def _one_hot(values: Sequence[Any], index: Any) -> list[Any]:
    """Return 1 at the index and 0 elsewhere; an index that is a Value stays in the graph."""
    if index.__class__ is not Value:
        return [1.0 if k == index else 0.0 for k in range(len(values))]
    return [1.0 - abs(sign(index - k)) for k in range(len(values))]


_take = primitive(
    "take", lambda *operands: operands[_position(operands[-1], operands[:-1])],
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
    values = _at_least_one("softmax", values)
    return [_softmax(*values, float(k)) for k in range(len(values))]


def log_softmax(values: Iterable[Any]) -> list[Any]:
    """Return xᵢ - log Σₖ e^xₖ for each i, one node each. Raises ValueError for no values.

    >>> from autograd import log_softmax
    >>> log_softmax([0.0, 1e300])
    [-1e+300, 0.0]
    """
    values = _at_least_one("log_softmax", values)
    return [_log_softmax(*values, float(k)) for k in range(len(values))]


def take(values: Sequence[Any], index: Any) -> Any:
    """Return values[index].

    With an index that is a Value the result is a node that has every candidate as a parent
    (partials 1 and 0), so that a replay may choose another one; a plain int just picks.
    Raises IndexError for a plain int out of range and DomainError for a Value out of range.

    >>> from autograd import Value, take
    >>> take((4.0, 5.0, 6.0), 2)
    6.0
    >>> take((4.0, 5.0, 6.0), Value(1)).data
    5.0
    """
    if index.__class__ is Value:
        return _take(*values, index)
    return values[operator.index(index)]


def _at_least_one(name: str, values: Iterable[Any]) -> tuple[Any, ...]:
    values = tuple(values)
    if not values:
        raise errors.no_values(name)
    return values


for _function, _operator in (
    (add, "add"), (sub, "sub"), (mul, "mul"), (div, "truediv"), (pow, "pow"),
    (neg, "neg"), (abs, "abs"),
):  # fmt: skip
    engine.install(_function, _operator)
