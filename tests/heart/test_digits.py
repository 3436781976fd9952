"""Every function of one operand keeps its digits: value, first and second derivative.

Points go to both ends of each row's domain: tails, saturations, poles and next to 0. Wherever the
exact result is a normal number, ours differs from it by a few roundings, eagerly and in programs.
"""

import math
from functools import cache

import numpy as np
import pytest
from mpmath import mp, mpf

from autograd import Program, Value, gradients
from autograd.table import PRIMITIVES

LIMITS = {"float64": 1e-13, "float32": 3e-6}
SIZES = (
    1e-300, 1e-154, 1e-30, 1e-20, 1e-8, 1e-4, 0.01, 0.1, 0.3, 0.45, 0.499, 0.501, 0.6, 0.8, 0.9, 1.0,
    1.1, 1.9, 2.5, 3.3, 4.7, 5.6, 7.2, 8.8, 9.2, 11.5, 13.1, 15.3, 17.4, 18.9, 20.0, 25.3, 26.2, 30.1,
    37.0, 37.43, 40.0, 44.1, 60.7, 80.3, 87.1, 100.1, 150.3, 230.7, 250.3, 353.9, 360.1, 500.7, 707.9,
    1e3, 1e5, 1e8, 1e16, 1e30, 1e100, 1e154, 1e170, 1e300,
)  # fmt: skip
EVERYWHERE = (*(-x for x in reversed(SIZES)), 0.0, *SIZES)
INSIDE = (1 - 1e-4, 1 - 2.0**-20, 1 - 1e-10, 1 - 2.0**-53, 0.7, 0.95)


def triple(value, first, second, *terms):
    """Return (f, f′, f″) and the largest terms that cancel in each, where some do."""
    return value, first, second, terms


def sech(x):
    return 2 * mp.exp(-abs(x)) / (1 + mp.exp(-2 * abs(x)))


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def bump(x):
    return sigmoid(x) * sigmoid(-x)


def density(x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def tail(x):
    return mp.erfc(x) if x < 1000 else mpf(0)


def normal(x):
    return tail(-x / mp.sqrt(2)) / 2


def bell(x):
    return 2 / mp.sqrt(mp.pi) * mp.exp(-x * x)


EXACT = {
    "neg": triple(lambda x: -x, lambda x: -1, lambda x: 0),
    "abs": triple(abs, mp.sign, lambda x: 0),
    "exp": triple(mp.exp, mp.exp, mp.exp),
    "expm1": triple(mp.expm1, mp.exp, mp.exp),
    "log": triple(mp.log, lambda x: 1 / x, lambda x: -1 / x**2),
    "log1p": triple(mp.log1p, lambda x: 1 / (1 + x), lambda x: -1 / (1 + x) ** 2),
    "log2": triple(
        lambda x: mp.log(x) / mp.log(2), lambda x: 1 / x / mp.log(2), lambda x: -1 / x**2 / mp.log(2)
    ),
    "log10": triple(
        mp.log10, lambda x: 1 / x / mp.log(10), lambda x: -1 / x**2 / mp.log(10)
    ),
    "sqrt": triple(mp.sqrt, lambda x: 1 / mp.sqrt(x) / 2, lambda x: -1 / mp.sqrt(x) / x / 4),
    "sin": triple(mp.sin, mp.cos, lambda x: -mp.sin(x)),
    "cos": triple(mp.cos, lambda x: -mp.sin(x), lambda x: -mp.cos(x)),
    "tan": triple(mp.tan, lambda x: mp.sec(x) ** 2, lambda x: 2 * mp.tan(x) * mp.sec(x) ** 2),
    "asin": triple(
        mp.asin, lambda x: 1 / mp.sqrt(1 - x * x), lambda x: x / mp.sqrt(1 - x * x) ** 3
    ),
    "acos": triple(
        mp.acos, lambda x: -1 / mp.sqrt(1 - x * x), lambda x: -x / mp.sqrt(1 - x * x) ** 3
    ),
    "atan": triple(mp.atan, lambda x: 1 / (1 + x * x), lambda x: -2 * x / (1 + x * x) ** 2),
    "sinh": triple(mp.sinh, mp.cosh, mp.sinh),
    "cosh": triple(mp.cosh, mp.sinh, mp.cosh),
    "sech": triple(
        sech,
        lambda x: -mp.tanh(x) * sech(x),
        lambda x: sech(x) * (mp.tanh(x) ** 2 - sech(x) ** 2),
        None, None, lambda x: sech(x),
    ),
    "tanh": triple(mp.tanh, lambda x: sech(x) ** 2, lambda x: -2 * mp.tanh(x) * sech(x) ** 2),
    "asinh": triple(
        mp.asinh, lambda x: 1 / mp.sqrt(1 + x * x), lambda x: -x / mp.sqrt(1 + x * x) ** 3
    ),
    "acosh": triple(
        mp.acosh, lambda x: 1 / mp.sqrt(x * x - 1), lambda x: -x / mp.sqrt(x * x - 1) ** 3
    ),
    "atanh": triple(mp.atanh, lambda x: 1 / (1 - x * x), lambda x: 2 * x / (1 - x * x) ** 2),
    "erf": triple(mp.erf, bell, lambda x: -2 * x * bell(x)),
    "erfc": triple(tail, lambda x: -bell(x), lambda x: 2 * x * bell(x)),
    "sign": triple(mp.sign, lambda x: 0, lambda x: 0),
    "heaviside": triple(lambda x: int(x > 0), lambda x: 0, lambda x: 0),
    "relu": triple(lambda x: max(x, 0), lambda x: int(x > 0), lambda x: 0),
    "leaky_relu": triple(
        lambda x: max(x, mpf(0.01) * x), lambda x: mpf(1 if x > 0 else 0.01), lambda x: 0
    ),
    "elu": triple(
        lambda x: x if x > 0 else mp.expm1(x),
        lambda x: 1 if x > 0 else mp.exp(x),
        lambda x: 0 if x > 0 else mp.exp(x),
    ),
    "sigmoid": triple(sigmoid, bump, lambda x: -bump(x) * mp.tanh(x / 2)),
    "softplus": triple(lambda x: mp.log1p(mp.exp(x)), sigmoid, bump),
    "silu": triple(
        lambda x: x * sigmoid(x),
        lambda x: sigmoid(x) * (1 + x * sigmoid(-x)),
        lambda x: bump(x) * (2 - x * mp.tanh(x / 2)),
        None, lambda x: sigmoid(x) * max(1, abs(x) * sigmoid(-x)),
        lambda x: bump(x) * max(2, abs(x)),
    ),
    "gelu": triple(
        lambda x: x * normal(x),
        lambda x: normal(x) + x * density(x),
        lambda x: (2 - x * x) * density(x),
        None, lambda x: max(normal(x), abs(x) * density(x)), lambda x: density(x) * max(2, x * x),
    ),
    "softsign": triple(
        lambda x: x / (1 + abs(x)),
        lambda x: (1 + abs(x)) ** -2,
        lambda x: -2 * mp.sign(x) * (1 + abs(x)) ** -3,
    ),
}  # fmt: skip
STEPS_AT_ZERO = {"abs", "softsign", "sign", "heaviside", "relu", "leaky_relu", "elu"}


def test_every_function_of_one_operand_is_walked():
    assert set(EXACT) == {row.name for row in PRIMITIVES.values() if row.arity == 1}


@cache
def exact(name, order, x):
    """Return the exact derivative at x, and the size that its error is measured by."""
    with mp.workdps(420 if abs(x) < 1e-100 or abs(x) > 300 else 210):
        found = EXACT[name][order](mpf(x))
        terms = EXACT[name][3]
        size = terms[order](mpf(x)) if terms and terms[order] else found
        return +found, abs(size)


def points(name, dtype):
    """Return where the function is smooth and defined, as numbers of the dtype."""
    domain = PRIMITIVES[name].domain[0]
    near = [s * x for s in (-1, 1) for x in INSIDE] if domain.high == 1.0 else []
    near += [domain.low + x for x in SIZES[3:] if math.isfinite(domain.low)]
    with np.errstate(all="ignore"):
        candidates = [float(np.dtype(dtype).type(x)) for x in (*EVERYWHERE, *near)]
    return sorted(
        x for x in {*candidates}
        if domain.low < x < domain.high and math.isfinite(x) and (x or name not in STEPS_AT_ZERO)
    )  # fmt: skip


def smooth_points(name, order, dtype):
    """Return the points where the exact derivative is 0 or a normal number that is finite."""
    limits = np.finfo(dtype)
    least, most = float(limits.smallest_normal), float(limits.max)
    return [
        x for x in points(name, dtype)
        if all(abs(exact(name, k, x)[0]) < most * 0.9 for k in range(order + 1))
        and (exact(name, order, x)[0] == 0 or exact(name, order, x)[1] > least * 8)
    ]  # fmt: skip


def derivative(name, x, order):
    """Return the graph of a derivative at a Value."""
    out = PRIMITIVES[name](x)
    for _ in range(order):
        out = gradients(out, x, build_graph=True)
    return out


def lost(name, order, xs, found, limit):
    """Return the points where digits were lost, with how many."""
    out = []
    for x, ours in zip(xs, found, strict=True):
        expected, size = exact(name, order, x)
        error = abs(mpf(ours) - expected) if math.isfinite(ours) else mp.inf
        if error > limit * size:
            out.append((x, float(ours), float(expected), float(error / size if size else mp.inf)))
    return out


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("name", EXACT)
def test_digits_of_a_graph(name, order):
    xs = smooth_points(name, order, "float64")
    found = [derivative(name, Value(x), order).data for x in xs]
    assert lost(name, order, xs, found, LIMITS["float64"]) == []
    if order:  # the same by numbers: the last sweep builds no graph
        nodes = [Value(x) for x in xs]
        found = [gradients(derivative(name, x, order - 1), x) for x in nodes]
        assert lost(name, order, xs, found, LIMITS["float64"]) == []


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("executor", ["numpy", "native"])
@pytest.mark.parametrize("name", EXACT)
def test_digits_of_a_program(name, executor, dtype, order):
    x = Value(0.5 if name != "acosh" else 1.5)
    below = derivative(name, x, max(order - 1, 0))
    if below.__class__ is not Value or not below.op:
        pytest.skip("the derivative is a constant")
    program = Program(below, inputs=[x], parameters=[], dtype=dtype, executor=executor)
    xs = smooth_points(name, order, dtype)
    # one at a time: the mean over all of them may be too large for the dtype
    for p in xs:
        program([[p]])
        found = [np.ravel(program.adjoint(x) if order else program.value(below))[0]]
        assert lost(name, order, [p], map(float, found), LIMITS[dtype]) == []
