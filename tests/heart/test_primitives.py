"""Every row of the table against mpmath: value, first, second and third derivatives.

A row without an oracle fails. An oracle is the textbook formula in exact arithmetic; its
derivatives are differences at a precision so high that only the formula counts.
"""

import builtins
import doctest
import inspect
import itertools
import math
import pickle
import pydoc
import re
import sys
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf

import autograd
import nn
from autograd import (
    DomainError,
    Program,
    Value,
    clip,
    derivative,
    detach,
    dot,
    exp,
    grad,
    gradients,
    heaviside,
    hypot,
    jvp,
    log,
    log_softmax,
    logsumexp,
    maximum,
    mean,
    minimum,
    softmax,
    sqrt,
    table,
    take,
    total,
    where,
)
from autograd.table import PRIMITIVES, primitive

TOLERANCES = ((1e-12, 1e-15), (1e-12, 1e-15), (1e-9, 1e-12), (1e-9, 1e-12))  # by order

ORDINARY = (-5.6, -2.2, -0.9, -0.3, 0.4, 1.3, 3.7)
TINY = (-1e-8, 1e-20, 1e-300)
LARGE = (-1000.0, -700.0, -20.0, 30.0, 700.0, 1000.0)
HUGE = (-1e300, -1e154, 1e154, 1e300)
EVERYWHERE = (*ORDINARY, *TINY, *LARGE, *HUGE)
POSITIVE = (5e-324, 1e-300, 1e-20, 1e-8, 0.3, 1 - 1e-12, 1.0, 1 + 1e-12, 3.7, 1e8, 1e154, 1e300)
UNIT = (0.0, *(s * x for s in (-1, 1) for x in (1e-300, 1e-10, 0.3, 0.9, 1 - 1e-10, 1 - 2.0**-53)))
PAIRS = ((0.3, 0.7), (-2.5, 1.5), (3.0, -4.0), (-0.1, -7.0), (1e-8, 2.0), (2.0, 1e-8))
SCALES = ((1e154, 2e154), (-1e300, 3e299), (1e300, 1.0), (1.0, 1e300), (3e-154, 1e-154))
THIN = ((1e-5, 1e-10), (1e-10, 1e-5), (-1e-3, 1e-9), (1e-8, 3e-12))  # one leg a sliver of the other


def unary(function, *points):
    return function, [(x,) for x in points]


def over_many(function, *points):
    return lambda *xs: function(xs), points


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def gelu(x):
    return x * mp.erfc(-x / mp.sqrt(2)) / 2 if x > -1e9 else mpf(0)


def gelu_tanh(x):
    u = mp.sqrt(2 / mp.pi) * (x + mpf("0.044715") * x**3)
    return x / (1 + mp.exp(-2 * u)) if abs(u) < 1e9 else max(x, mpf(0))


def exact_logsumexp(values):
    peak = max(values)
    return peak + mp.log(sum(mp.exp(x - peak) if x - peak > -1e9 else mpf(0) for x in values))


def exact_log_softmax(values_and_index):
    *values, index = values_and_index
    return values[int(index)] - exact_logsumexp(values)


def exact_softmax(values_and_index):
    exponent = exact_log_softmax(values_and_index)
    return mp.exp(exponent) if exponent > -1e9 else mpf(0)


def exact_whole(rounded):
    return unary(lambda x: mpf(rounded(x)), *ORDINARY, *TINY, 12345678.9)


def exact_trunc(x):
    return mp.floor(x) if x > 0 else mp.ceil(x)


def over_quotients(formula):
    near = ((7.3, 2.0), (-7.3, 2.0), (7.3, -2.0), (-7.3, -2.0), (0.3, 5.0), (1e-300, 3.0))
    return formula, (*near, (1e16, 3.7), (5.0, 1e-9), (1e300, 7e299))


def splitmix(state, k):
    """Output k of splitmix64.c by Vigna, which steps its state."""
    for _ in range(k + 1):
        state = (state + 0x9E3779B97F4A7C15) % 2**64
    z = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return z ^ (z >> 31)


def noise(*place):
    stream, call, example = map(int, place)
    return mpf(splitmix(splitmix(stream, call), example) >> 11) / 2**53


THREES = ((0.3, -1.2, 0.9), (5.0, 5.0, 5.0), (-700.0, 0.0, 700.0), (30.0, -10.0, 0.0))
EXTREME = ((1e300, -1e300, 1e300), (-1e300, -1e300, 0.0))
CHOICES = [(*three, float(k)) for three in (*THREES[:3], EXTREME[0]) for k in range(2)]

# name -> (formula, points where it is smooth)
ORACLES = {
    "add": (lambda x, y: x + y, (*PAIRS, *SCALES)),
    "sub": (lambda x, y: x - y, (*PAIRS, *SCALES)),
    "mul": (lambda x, y: x * y, (*PAIRS, *SCALES)),
    "div": (lambda x, y: x / y, (*PAIRS, *SCALES, (1e-300, 1e-300), (5.0, 1e-100))),
    "pow": (lambda x, y: x**y, (
        *((x, n) for x in (1e-20, 0.3, 1.0, 3.7, 1e20) for n in (-2.0, -0.5, 0.0, 0.5, 3.0, 7.3)),
        (1 + 1e-12, 1e6), (2.0, 1000.0), (1e154, 2.0), (1e300, 1.0), (1e300, 0.1), (1e-300, 0.1),
        (1e-200, 2.0),
    )),
    "neg": unary(lambda x: -x, *EVERYWHERE),
    "abs": unary(abs, *EVERYWHERE),
    "exp": unary(mp.exp, *EVERYWHERE, 709.0),
    "expm1": unary(mp.expm1, *EVERYWHERE, 709.0),
    "log": unary(mp.log, *POSITIVE),
    "log1p": unary(mp.log1p, *POSITIVE, -1e-20, -1e-8, -0.5, -1 + 1e-10, -1 + 2.0**-53),
    "log2": unary(lambda x: mp.log(x, 2), *POSITIVE),
    "log10": unary(mp.log10, *POSITIVE, 3e-309),
    "sqrt": unary(mp.sqrt, *POSITIVE),
    "sin": unary(mp.sin, *EVERYWHERE, math.pi),
    "cos": unary(mp.cos, *EVERYWHERE, math.pi / 2),
    "tan": unary(mp.tan, *EVERYWHERE, math.pi / 2, 1.57),
    "asin": unary(mp.asin, *UNIT),
    "acos": unary(mp.acos, *UNIT),
    "atan": unary(mp.atan, *EVERYWHERE),
    "atan2": (mp.atan2, (*PAIRS, *SCALES, (1e-100, 3e-100), (2.0, 2.0))),
    "hypot": (mp.hypot, (*PAIRS, *SCALES, *THIN, (1e-8, 1e-8), (2.0, 2.0))),
    "direction": (lambda x, y: x / mp.hypot(x, y), (*PAIRS, *THIN, (2.0, 2.0))),
    "logistic": unary(lambda x: sigmoid(x) * sigmoid(-x), *EVERYWHERE),
    "sech": unary(mp.sech, *EVERYWHERE),
    "sinh": unary(mp.sinh, *EVERYWHERE),
    "cosh": unary(mp.cosh, *EVERYWHERE),
    "tanh": unary(mp.tanh, *EVERYWHERE),
    "asinh": unary(mp.asinh, *EVERYWHERE),
    "acosh": unary(mp.acosh, 1 + 2.0**-52, 1 + 1e-12, 1 + 1e-5, 1.5, 20.0, 1e8, 1e154, 1e300),
    "atanh": unary(mp.atanh, *UNIT),
    "erf": unary(mp.erf, *EVERYWHERE),
    "erfc": unary(lambda x: mp.erfc(x) if x < 1e9 else mpf(0), *EVERYWHERE, 26.0),
    "sign": unary(mp.sign, *EVERYWHERE),
    "heaviside": unary(lambda x: mpf(x > 0), *EVERYWHERE),
    "detach": unary(lambda x: x, *EVERYWHERE),
    "maximum": (max, (*PAIRS, *SCALES, (1.7e308, -1.7e308), (5e-324, 1e-323))),
    "minimum": (min, (*PAIRS, *SCALES, (1.7e308, -1.7e308), (5e-324, 1e-323))),
    "clip": (lambda x, low, high: min(max(x, low), high), (
        (0.3, -1.0, 1.0), (-3.0, -1.0, 1.0), (4.0, -1.0, 1.0), (1e300, -1e300, 1e299),
        (0.0, 2.0, 1.0), (3.0, 2.0, 1.0), (1.5, 2.0, 1.0),
    )),
    "where": (lambda condition, x, y: x if condition else y, (
        (1.0, 2.0, 3.0), (-1e-300, 2.0, 3.0), (0.0, 2.0, 3.0), (1e300, -1e300, 1e300),
    )),
    "exp2": unary(lambda x: mpf(2) ** x, *EVERYWHERE[:-1], 1000.0),
    "cbrt": unary(lambda x: mp.sign(x) * mp.cbrt(abs(x)), *EVERYWHERE),
    "degrees": unary(lambda x: x * 180 / mp.pi, *EVERYWHERE),
    "radians": unary(lambda x: x * mp.pi / 180, *EVERYWHERE),
    "logaddexp": (lambda x, y: exact_logsumexp((x, y)), (*PAIRS, *SCALES, (5.0, 5.0), (40.0, 0.0))),
    "floor": exact_whole(mp.floor),
    "ceil": exact_whole(mp.ceil),
    "trunc": exact_whole(exact_trunc),
    "rint": exact_whole(mp.nint),
    "floordiv": over_quotients(lambda x, y: mp.floor(x / y)),
    "mod": over_quotients(lambda x, y: x - y * mp.floor(x / y)),
    "fmod": over_quotients(lambda x, y: x - y * exact_trunc(x / y)),
    "copysign": (lambda x, y: abs(x) * (1 if y > 0 else -1), (*PAIRS, *SCALES)),
    "relu": unary(lambda x: max(x, mpf(0)), *EVERYWHERE),
    "leaky_relu": unary(lambda x: x if x > 0 else mpf(0.01) * x, *EVERYWHERE),
    "elu": unary(lambda x: x if x > 0 else mp.expm1(x), *EVERYWHERE),
    "sigmoid": unary(sigmoid, 0.0, *EVERYWHERE),
    "softplus": unary(lambda x: mp.log1p(mp.exp(x)), 0.0, *EVERYWHERE),
    "silu": unary(lambda x: x * sigmoid(x), 0.0, *EVERYWHERE),
    "gelu": unary(gelu, 0.0, *EVERYWHERE, -37.0, 37.0),
    "mish": unary(lambda x: x * mp.tanh(mp.log1p(mp.exp(x))), 0.0, *EVERYWHERE),
    "gelu_tanh": unary(gelu_tanh, 0.0, *EVERYWHERE),
    "softsign": unary(lambda x: x / (1 + abs(x)), *EVERYWHERE),
    "uniform_noise": (noise, ((0.5, 0.5, 0.5), (3.5, 7.5, 1.5), (2.0**50 + 0.5, 1.5, 9.5))),
    "dot": (lambda w, v, x, y, b: w * x + v * y + b, (
        (0.3, -1.2, 2.0, 0.7, 5.0), (1e154, 1.0, 1e154, 2.0, 1e300),
    )),
    "total": over_many(sum, *THREES, *EXTREME),
    "mean": over_many(lambda xs: sum(xs) / len(xs), *THREES, *EXTREME),
    "logsumexp": over_many(exact_logsumexp, *THREES, *EXTREME),
    "softmax": over_many(exact_softmax, *CHOICES),
    "log_softmax": over_many(exact_log_softmax, *CHOICES),
    "take": over_many(lambda xs: xs[int(xs[-1])], *CHOICES),
}  # fmt: skip

CASES = [
    pytest.param(name, point, id=f"{name}{point}".replace(" ", ""))
    for name, (_, points) in ORACLES.items()
    for point in points
]
INDEXED = {"softmax": 1, "log_softmax": 1, "take": 1}  # the last operand is an index: not smooth
STEPPED = {"where": 1}  # nor is the first operand of where
ORDERS = {"detach": 1}  # whose derivatives are 0, which is not what its oracle has


def test_every_row_has_an_oracle():
    assert set(ORACLES) == set(PRIMITIVES)


def multi_indices(count, order):
    return [
        tuple(chosen.count(k) for k in range(count))
        for chosen in itertools.combinations_with_replacement(range(count), order)
    ]


def exact_derivative(name, point, index):
    formula = ORACLES[name][0]
    exponents = [abs(math.log10(abs(x))) for x in point if x]
    digits = int(max(exponents, default=0)) * (2 if len(point) == 2 else 1)
    with mp.workdps(60 + digits):
        exact = tuple(map(mpf, point))
        return mp.diff(formula, exact, index) if any(index) else +mpf(formula(*exact))


def built_derivative(output, variables, index):
    for x, times in zip(variables, index, strict=True):
        for _ in range(times):
            output = gradients(output, x, build_graph=True)
    return output.data


def agrees(found, expected, order):
    relative, absolute = TOLERANCES[order]
    if abs(expected) > sys.float_info.max:
        return found == math.copysign(math.inf, expected) or (order > 1 and math.isnan(found))
    return abs(found - expected) <= max(absolute, relative * abs(expected))


@pytest.mark.parametrize(("name", "point"), CASES)
def test_values_and_derivatives_to_third_order(name, point):
    smooth = range(STEPPED.get(name, 0), len(point) - INDEXED.get(name, 0))
    wrong = []
    for order in range(ORDERS.get(name, 3 if len(smooth) > 4 else 4)):
        for chosen in multi_indices(len(smooth), order):
            index = [0] * len(point)
            for k, times in zip(smooth, chosen, strict=True):
                index[k] = times
            variables = [Value(x) if k in smooth else x for k, x in enumerate(point)]
            found = built_derivative(PRIMITIVES[name](*variables), variables, index)
            expected = exact_derivative(name, point, tuple(index))
            if not agrees(found, expected, order):
                wrong.append((index, found, mpmath.nstr(expected, 17)))
    assert wrong == []


def test_no_gradient_of_any_order_passes_detach():
    x = Value(3.0)
    y = detach(x)
    assert (y.data, y.parents, y.partials, detach(3), x.detach().data) == (
        3.0,
        (x,),
        (0.0,),
        3.0,
        3.0,
    )
    slope = gradients(y * x, x, build_graph=True)
    assert (slope.data, gradients(slope, x), gradients(y, x)) == (3.0, 0.0, 0.0)
    assert jvp(lambda x: detach(x) * x, (3.0,), (1.0,)) == (9.0, 3.0)


# --- kinks, by convention --------------------------------------------------------------


def slopes(name, *point):
    variables = [Value(x) for x in point]
    return gradients(PRIMITIVES[name](*variables), variables)


def test_kinks_of_one_operand():
    zero_at_zero = {"relu": 0.0, "abs": 0.0, "leaky_relu": 0.01, "sign": 0.0, "heaviside": 0.0}
    for name, slope in {**zero_at_zero, "elu": 1.0, "softsign": 1.0}.items():
        assert slopes(name, 0.0) == [slope], name
        assert slopes(name, -0.0) == [slope], name


def test_ties_go_to_the_first_operand():
    for name in ("maximum", "minimum"):
        for tie in ((2.0, 2.0), (0.0, -0.0), (-0.0, 0.0), (1e300, 1e300)):
            assert slopes(name, *tie) == [1.0, 0.0]
    assert slopes("clip", 1.0, 1.0, 2.0) == [1.0, 0.0, 0.0]
    assert slopes("clip", 2.0, 1.0, 2.0) == [1.0, 0.0, 0.0]
    assert slopes("clip", 0.0, 1.0, 1.0) == [0.0, 1.0, 0.0]
    assert slopes("clip", 2.0, 1.0, 1.0) == [0.0, 0.0, 1.0]


def test_bounds_may_be_infinite():
    x = Value(3.0)
    assert gradients(clip(x, -math.inf, math.inf), x) == 1.0
    assert gradients(clip(x, 4.0, math.inf), x) == 0.0
    assert gradients(maximum(x, -math.inf), x) == 1.0
    assert gradients(minimum(-math.inf, x), x) == 0.0


def test_the_corner_of_hypot_has_slope_zero():
    assert slopes("hypot", 0.0, 0.0) == [0.0, 0.0]


def test_activations_at_infinity():
    for name, at_minus, at_plus in (
        ("tanh", 0.0, 0.0), ("sigmoid", 0.0, 0.0), ("relu", 0.0, 1.0), ("softplus", 0.0, 1.0),
        ("elu", 0.0, 1.0), ("leaky_relu", 0.01, 1.0), ("atan", 0.0, 0.0), ("erf", 0.0, 0.0),
    ):  # fmt: skip
        assert slopes(name, -math.inf) == [at_minus], name
        assert slopes(name, math.inf) == [at_plus], name


# --- powers ----------------------------------------------------------------------------


@pytest.mark.parametrize("exponent", [2, 2.0, 3, 3.0, 4, 1, 0])
@pytest.mark.parametrize("base", [0.0, -0.0, -2.0, 3.0])
def test_whole_powers_to_fourth_order(exponent, base):
    n = int(exponent)
    for order in range(5):
        expected = math.perm(n, order) * base ** (n - order) if order <= n else 0.0
        assert derivative(lambda x: x**exponent, order)(base) == expected


@pytest.mark.parametrize("exponent", [2.0, 3.0])
def test_whole_powers_at_zero_with_the_exponent_a_variable(exponent):
    n = Value(exponent)
    found = [derivative(lambda x: x**n, order)(0.0) for order in range(1, 5)]
    assert found == [math.factorial(k) * (k == exponent) for k in range(1, 5)]


def test_a_negative_base_has_a_derivative_for_whole_exponents():
    n = Value(-3.0)
    assert grad(lambda x: x**n)(-2.0) == -3.0 * (-2.0) ** -4
    assert derivative(lambda x: x**-3.0, 2)(-2.0) == 12.0 * (-2.0) ** -5
    with pytest.raises(DomainError, match="pow has a value but no finite derivative"):
        grad(lambda m: Value(-2.0) ** m)(3.0)


def test_a_power_of_zero_by_its_exponent():
    assert grad(lambda n: 0.0**n)(2.0) == 0.0
    assert derivative(lambda n: 3.0**n, 2)(2.0) == pytest.approx(9 * math.log(3) ** 2, rel=1e-15)


def test_a_partial_of_infinite_size_is_refused():
    for name, point in (
        ("sqrt", (0.0,)), ("asin", (1.0,)), ("acos", (-1.0,)), ("acosh", (1.0,)),
        ("pow", (0.0, 0.5)), ("atan2", (0.0, 0.0)),
    ):  # fmt: skip
        variables = [Value(x, label) for x, label in zip(point, "ab", strict=False)]
        node = PRIMITIVES[name](*variables[:1], *(point[1:] if name == "pow" else variables[1:]))
        for build_graph in (False, True):
            with pytest.raises(ZeroDivisionError, match=rf"{name} has a value but no .*'a' = "):
                gradients(node, variables[:1], build_graph=build_graph)
    with pytest.raises(ZeroDivisionError, match="no finite derivative"):
        derivative(lambda x: x**1.5, 2)(0.0)


# --- choices ---------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 2, 3])
def test_where_takes_the_derivative_of_the_branch_taken(order):
    for x, branch in ((2.0, exp), (-2.0, lambda x: x**3)):
        chosen = derivative(lambda x: where(heaviside(x), exp(x), x**3), order)(x)
        assert chosen == derivative(branch, order)(x)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_an_inner_where_keeps_the_other_branch_inside_its_domain(order):
    def root_or_zero(x):
        positive = heaviside(x)
        return where(positive, sqrt(where(positive, x, 1.0)), 0.0)

    assert derivative(root_or_zero, order)(0.0) == 0.0
    assert derivative(root_or_zero, order)(-1.0) == 0.0
    assert derivative(root_or_zero, order)(4.0) == derivative(sqrt, order)(4.0)


# --- functions of many operands --------------------------------------------------------


def test_reductions_of_floats_are_floats():
    assert total([]) == 0.0
    assert dot([1.0, 2.0], [3.0, 4.0], 5.0) == 16.0
    assert dot([], []) == 0.0
    assert type(dot([1], [2])) is float
    assert type(total([1, 2])) is float
    assert mean([1, 2]) == 1.5
    assert softmax([0.0, 0.0]) == [0.5, 0.5]


def test_reductions_of_nothing_are_refused():
    for function in (mean, logsumexp, softmax, log_softmax):
        with pytest.raises(ValueError, match=f"{function.__name__} takes at least one value"):
            function([])
    with pytest.raises(ValueError, match="2 weights and 1 inputs"):
        dot([1.0, 2.0], [1.0])


def test_softmax_sums_to_one_and_its_rows_to_zero():
    x = [Value(v) for v in (0.3, -1.2, 30.0, 2.0)]
    p = softmax(x)
    assert sum(v.data for v in p) == pytest.approx(1.0, abs=1e-15)
    for v in p:
        assert sum(gradients(v, x)) == pytest.approx(0.0, abs=1e-16)


def test_logsumexp_of_infinities():
    assert logsumexp([-math.inf, -math.inf]) == -math.inf
    assert logsumexp([math.inf, 0.0]) == math.inf
    assert logsumexp([-math.inf, 3.0]) == 3.0
    assert math.isnan(logsumexp([math.nan, 0.0]))
    assert math.isnan(logsumexp([0.0, math.nan]))
    assert math.isnan(logsumexp([math.inf, math.nan]))
    assert softmax([math.inf, 0.0]) == [1.0, 0.0]
    assert log_softmax([-math.inf, 0.0]) == [-math.inf, 0.0]


def test_take_by_a_number_that_changes():
    values = [Value(v) for v in (4.0, 5.0, 6.0)]
    k = Value(2.0, "k")
    chosen = take(values, k)
    assert chosen.data == 6.0
    assert chosen.parents == (*values, k)
    assert gradients(chosen, [*values, k]) == [0.0, 0.0, 1.0, 0.0]
    assert take(values, 1) is values[1]
    with pytest.raises(DomainError, match=r"'k' = 3"):
        take(values, Value(3.0, "k"))
    with pytest.raises(DomainError):
        take(values, Value(0.5))
    with pytest.raises(IndexError):
        take(values, 3)


ROWS = [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)], [Value(5.0), Value(6.0)]]


@pytest.mark.parametrize(
    "index", [1, True, 1.0, np.float64(1.0), np.int8(1), np.float32(1), Fraction(1)]
)
def test_whole_numbers_of_any_kind_are_indices(index):
    values = [Value(v) for v in (4.0, 5.0, 6.0)]
    assert take(values, index) is values[1]
    assert take(values, Value(index)).data == 5.0
    assert take(ROWS, index) is ROWS[1]
    assert [v.data for v in take(ROWS, Value(index))] == [3.0, 4.0]
    assert take(np.arange(3.0), index) == 1.0
    assert log_softmax([0.0, 1.0], index) == log_softmax([0.0, 1.0])[1]


@pytest.mark.parametrize("index", [0.5, 3.0, -1.0, math.nan, math.inf, 1e300])
def test_a_float_that_is_no_index_is_refused_as_a_value_is(index):
    for given in (index, Value(index)):
        with pytest.raises(DomainError, match="take is defined for values and an index among them"):
            take([4.0, 5.0, 6.0], given)


@pytest.mark.parametrize("index", ["1", None, 1j, [1]])
def test_what_is_no_number_is_no_index(index):
    with pytest.raises(TypeError):
        take([4.0, 5.0], index)


def test_a_row_of_a_table_is_taken_by_a_number_that_changes():
    k = Value(2.0, "k")
    chosen = take(ROWS, k)
    flat = [x for row in ROWS for x in row]
    assert gradients(total(chosen), flat) == [0.0, 0.0, 0.0, 0.0, 1.0, 1.0]
    program = Program(total(chosen), inputs=[k], parameters=flat)
    assert program([[0.0], [2.0]])[0] == (3.0 + 11.0) / 2


def test_the_same_operand_may_appear_often():
    x = Value(3.0)
    assert gradients(dot([x, x], [x, 2.0], x), x) == 9.0
    assert gradients(total([x, x, x]), x) == 3.0
    assert gradients(hypot(x, x), x) == pytest.approx(math.sqrt(2), rel=1e-15)


# --- the table itself -------------------------------------------------------------------


def test_examples_in_the_table_run():
    finder, runner = doctest.DocTestParser(), doctest.DocTestRunner(verbose=False)
    ran = 0
    for name, row in PRIMITIVES.items():
        examples = finder.get_doctest(row.function.__doc__, {}, name, None, None)
        ran += runner.run(examples).attempted
    assert ran > 0
    assert runner.failures == 0


@pytest.mark.parametrize("row", PRIMITIVES.values(), ids=lambda row: row.name)
def test_every_row_can_be_read_written_and_called(row):
    assert row.function.__doc__
    assert row.function.row is row
    assert row.function.name == row.name
    for text in (row.symbol, row.latex):
        used = set(re.findall(r"#(\d|#|\*|\$)", text))
        expected = {str(k + 1) for k in range(row.arity or 0)}
        assert used == expected or used == {"#"} or used == {"*", "$"}, text
    assert row.domain
    assert row.arity is None or len(row.domain) in (row.arity, 1)


def check_composition(row):
    """Raise AssertionError, naming the row, where its composition is another function."""
    for point in itertools.product((-800.0, -40.0, -2.5, -1e-9, 0.0, 0.3, 1.0, 40.0, 800.0),
                                   repeat=row.arity):  # fmt: skip
        if not all(d.low < x < d.high for d, x in zip(row.domain, point, strict=True)):
            continue
        found, wanted = row.composed(*point), row.forward(*point)
        assert found == pytest.approx(wanted, rel=1e-15, abs=0.0), f"{row.name}{point}"


@pytest.mark.parametrize(
    "row", [row for row in PRIMITIVES.values() if row.composed], ids=lambda row: row.name
)
def test_what_a_row_is_composed_of_is_its_function(row):
    check_composition(row)


def test_a_wrong_composition_is_found_by_name():
    def cube(composed):
        return primitive("cube", lambda x: x**3, lambda x, out: 3 * x * x, composed=composed)

    cube(lambda x: x * x * x)
    row = PRIMITIVES.pop("cube")
    del Value.cube
    with pytest.raises(AssertionError, match=r"cube\(-800"):
        check_composition(row._replace(composed=lambda x: x * abs(x) * x))
    for wrong in (
        lambda x: x * abs(x) * x, lambda x: x * x, lambda x: 1.000001 * x * x * x,
        lambda x: exp(3.0 * log(x)),  # which has no value below 0
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"'cube' is composed .*gives .* at \(-2.5\), where"):
            cube(wrong)
        assert "cube" not in PRIMITIVES and not hasattr(Value, "cube")


@pytest.mark.parametrize(
    "composed", [lambda x: 2.0 * log(x), lambda x: log(x * x), lambda x: log(x * x + 1e-15 * x)]
)
def test_a_right_composition_is_taken_where_the_row_is_defined(composed):
    twice = primitive(
        "twice_log", lambda x: 2.0 * math.log(x), lambda x, out: 2.0 / x,
        composed=composed, domain=table.POSITIVE,
    )  # fmt: skip
    del PRIMITIVES["twice_log"], Value.twice_log
    assert twice(3.0) == 2.0 * math.log(3.0)


def test_a_composition_of_two_and_three_operands_is_held_to_the_row():
    with pytest.raises(ValueError, match=r"'far' is composed .* at \(-2.5, -0.3\)"):
        primitive("far", lambda x, y: x - y, lambda x, y, out: 1.0, lambda x, y, out: -1.0,
                  composed=lambda x, y: y - x)  # fmt: skip
    with pytest.raises(ValueError, match=r"'mix' is composed"):
        primitive("mix", lambda x, y, z: x + y * z, *(lambda x, y, z, out: 1.0,) * 3,
                  composed=lambda x, y, z: x + y + z)  # fmt: skip


@pytest.mark.parametrize("package", [autograd, nn], ids=lambda p: p.__name__)
def test_everything_public_has_a_signature_and_a_sentence(package):
    for name in package.__all__:
        thing = getattr(package, name)
        if callable(thing) and not (isinstance(thing, type) and issubclass(thing, Exception)):
            assert "*operands" not in str(inspect.signature(thing)), name
            sentence = inspect.getdoc(thing).split("\n\n")[0]
            assert sentence.endswith((".", ":")) and "#" not in sentence, name
            assert name in pydoc.plain(pydoc.render_doc(thing))


def test_operands_have_the_names_of_their_rules():
    for name, expected in {
        "clip": "(x, low, high, /)", "atan2": "(y, x, /)", "exp": "(x, /)", "sign": "(x, /)",
        "where": "(condition, x, y, /)", "copysign": "(x, y, /)",
    }.items():  # fmt: skip
        assert str(inspect.signature(getattr(autograd, name))) == expected
    assert autograd.clip.__doc__.startswith("Return clip(x, low, high); defined for")
    assert autograd.atan2.__doc__.startswith("Return atan2(y, x); defined for")


@pytest.mark.parametrize("package", [autograd, nn], ids=lambda p: p.__name__)
def test_a_star_import_hides_nothing_of_pythons_own(package):
    assert not set(package.__all__) & set(dir(builtins))
    names = {}
    exec(f"from {package.__name__} import *", names)
    assert not set(names) - {"__builtins__"} & set(dir(builtins))
    assert autograd.abs is PRIMITIVES["abs"].function


def is_wrapped(row):
    """Whether people call a function with other arguments, which makes nodes of the row."""
    return row.arity is None or row.name in ("elu", "leaky_relu")


@pytest.mark.parametrize("row", PRIMITIVES.values(), ids=lambda row: row.name)
def test_a_function_is_pickled_by_its_name(row):
    assert is_wrapped(row) or pickle.loads(pickle.dumps(row.function)) is row.function


OPERATORS = {"add", "sub", "mul", "div", "pow", "neg", "mod", "floordiv"}  # written, not called


def test_every_function_is_exported_and_is_the_row_itself():
    for name, row in PRIMITIVES.items():
        if name not in OPERATORS:
            public = getattr(autograd, name)
            assert (name in autograd.__all__) != hasattr(builtins, name)
            assert public.__doc__
            assert is_wrapped(row) or public is row.function


def test_functions_of_one_operand_are_methods_under_both_names():
    for row in PRIMITIVES.values():
        if row.arity == 1:
            for method in {row.name, row.numpy or row.name}:
                assert getattr(Value(0.5), method).__func__ is row.function


def test_a_row_without_partials_is_refused_and_enters_nothing():
    with pytest.raises(TypeError, match=r"needs a partial for each operand; 'lg' has none.*lambda"):
        primitive("lg", math.log2)
    assert "lg" not in PRIMITIVES and not hasattr(Value, "lg")


def test_a_power_of_0_by_0_has_the_partials_of_what_it_is_held_to_be():
    """0⁰ is 1 and stays so along both operands: n xⁿ⁻¹ is 0 for n = 0, xⁿ ln x for x = 0."""
    x, n = Value(0.0), Value(0.0)
    (x**n).backward()
    assert (x.grad, n.grad) == (0.0, 0.0)
    slopes = autograd.gradients(x**n, [x, n], build_graph=True)
    assert [slope.data for slope in slopes] == [0.0, 0.0]
