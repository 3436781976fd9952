"""Every function of two or three operands keeps its digits: value, gradient and Hessian.

Exact results are closed forms, by mpmath at 50 digits and more, at pairs of sizes from 1e-300 to
1e300 of either sign; each error is measured by the result, or by the largest term that cancels in
it. With `test_digits` every function that makes a node is held to mpmath.
"""

import math
from functools import cache
from importlib import import_module
from itertools import product

import numpy as np
import pytest
from mpmath import mp, mpf

import autograd
from autograd import Program, Value, gradients
from autograd.table import PRIMITIVES

LIMITS = {"float64": 1e-13, "float32": 3e-6}
SIZES = (1e-300, 1e-154, 1e-20, 1e-8, 0.1, 0.7, 1.0, 1.5, 3.3, 20.0, 37.4, 1e4, 1e8, 1e16, 1e154,
         1e300)  # fmt: skip
BOTH = (*SIZES, *(-x for x in SIZES), 0.0)
PAIRS = list(product(BOTH, BOTH))
DEGREES = ((), (0,), (1,), (0, 0), (0, 1), (1, 1))  # of value, gradient and Hessian


def steps(value, *slopes):
    """Return a function that is flat or straight: a value, and slopes that are constants."""
    return lambda x, y: (value(x, y), *[s(x, y) for s in slopes], 0, 0, 0)


def power(x, y):
    """Return x^y and derivatives by x and y, each with the largest term that cancels in it.

    e^(n log x) costs |n log x| roundings for that of n, here y, y - 1 or y - 2; 30 are allowed.
    """
    log, whole = mp.log(x), x**y
    slack = max(1, abs(y * log) / 30, abs((y - 2) * log) / 30)
    return [
        (whole, whole * slack), (y * whole / x, y * whole / x * slack),
        (whole * log, whole * log * slack),
        (y * (y - 1) * whole / x / x, y * max(abs(y), 1) * whole / x / x * slack),
        ((1 + y * log) * whole / x, max(1, abs(y * log)) * whole / x * slack),
        (whole * log * log, whole * log * log * slack),
    ]  # fmt: skip


def angle(y, x):
    r2 = x * x + y * y
    twist = (2 * x * y / r2**2, 2 * max(x * x, y * y) / r2**2)
    curve = ((y * y - x * x) / r2**2, max(x * x, y * y) / r2**2)
    return [mp.atan2(y, x), x / r2, -y / r2, (-twist[0], abs(twist[0])), curve, twist[:1] * 2]


def norm(x, y):
    r = mp.sqrt(x * x + y * y)
    return r, x / r, y / r, y * y / r**3, -x * y / r**3, x * x / r**3


def cosine(x, y):
    r = mp.sqrt(x * x + y * y)
    return [
        x / r, y * y / r**3, -x * y / r**3, -3 * x * y * y / r**5,
        (y * (2 * x * x - y * y) / r**5, y * max(2 * x * x, y * y) / r**5),
        (x * (2 * y * y - x * x) / r**5, x * max(2 * y * y, x * x) / r**5),
    ]  # fmt: skip


def sum_of_powers(x, y):
    """log(e^x + e^y) = m + log1p(e^-|x - y|), whose two terms cancel where m is below 0."""
    e = mp.exp(-abs(x - y))
    big, small, bump = 1 / (1 + e), e / (1 + e), e / (1 + e) ** 2
    m, share = max(x, y), (big, small) if x >= y else (small, big)
    return [(m + mp.log1p(e), max(abs(m), mp.log1p(e))), *share, bump, -bump, bump]


def whole(x, y):
    return mp.floor(x / y) if y else mpf(0)


EXACT = {
    "add": steps(lambda x, y: x + y, lambda x, y: 1, lambda x, y: 1),
    "sub": steps(lambda x, y: x - y, lambda x, y: 1, lambda x, y: -1),
    "mul": lambda x, y: (x * y, y, x, 0, 1, 0),
    "div": lambda x, y: (x / y, 1 / y, -x / y**2, 0, -1 / y**2, 2 * x / y**3),
    "pow": power,
    "atan2": angle,
    "hypot": norm,
    "direction": cosine,
    "maximum": steps(max, lambda x, y: int(x >= y), lambda x, y: int(x < y)),
    "minimum": steps(min, lambda x, y: int(x <= y), lambda x, y: int(x > y)),
    "logaddexp": sum_of_powers,
    "floordiv": steps(whole, lambda x, y: 0, lambda x, y: 0),
    "mod": steps(lambda x, y: x - y * whole(x, y), lambda x, y: 1, lambda x, y: -whole(x, y)),
    "fmod": steps(
        lambda x, y: x - y * mp.sign(x / y) * whole(abs(x), abs(y)), lambda x, y: 1,
        lambda x, y: -mp.sign(x / y) * whole(abs(x), abs(y)),
    ),
    "copysign": steps(
        lambda x, y: abs(x) * (mp.sign(y) or 1), lambda x, y: mp.sign(x) * (mp.sign(y) or 1),
        lambda x, y: 0,
    ),
    "clip": steps(  # between -1 and the second operand
        lambda x, y: min(max(x, -1), y), lambda x, y: int(-1 < x < y), lambda x, y: int(x > y)
    ),
    "where": steps(
        lambda x, y: y if x else 0.5, lambda x, y: 0, lambda x, y: int(x != 0)
    ),
}  # fmt: skip
CALLS = {
    "clip": lambda x, y: autograd.clip(x, -1.0, y),
    "where": lambda x, y: autograd.where(x, y, 0.5),
}
SHARES = {"logsumexp", "softmax", "log_softmax"}  # in test_digits
SUMS = {  # of four operands; the slopes are operands or constants, told by hand
    "total": (lambda v: autograd.total(v), lambda v: [1, 1, 1, 1], lambda v: v),
    "mean": (lambda v: autograd.mean(v), lambda v: [mpf(1) / 4] * 4, lambda v: [x / 4 for x in v]),
    "take": (lambda v: autograd.take(v, 2), lambda v: [0, 0, 1, 0], lambda v: v[2:3]),
    "dot": (
        lambda v: autograd.dot(v[:2], v[2:]), lambda v: [v[2], v[3], v[0], v[1]],
        lambda v: [v[0] * v[2], v[1] * v[3]],
    ),
}  # fmt: skip
ROWS = (
    (1.0, 2.0, 3.0, 4.0), (1e16, 1.0, -1e16, 3.0), (1e-8, 1e8, 1e-20, 0.3), (0.1, 0.2, -0.3, 0.7),
    (1e-154, 1e154, 1e-140, -1e100), (-1e300, 1e-300, 1.0, 2.0), (1e-3, 7.0, 1e10, -1e-7),
)  # fmt: skip
DRAWN = {"uniform_noise"}  # which is another number in every call


def test_every_function_that_makes_a_node_is_walked():
    rows = {row.name for row in PRIMITIVES.values() if row.arity != 1}
    assert EXACT.keys() | SUMS.keys() | SHARES | DRAWN == rows


def test_every_public_function_of_numbers_makes_one_of_these_nodes():
    """But for selu, which is elu scaled (in test_digits), and questions, answered by bools."""
    rooms = ("primitives", "reductions", "rows.activations", "rows.inverses", "rows.noise",
             "rows.normal", "rows.rounding", "rows.scales", "rows.shares")  # fmt: skip
    names = {x for room in rooms for x in import_module(f"autograd.{room}").__all__}
    assert names <= set(autograd.__all__) | {"abs"}
    questions = {"isfinite", "isinf", "isnan", "signbit"}
    assert names - PRIMITIVES.keys() == {"selu", "NoiseStream", "at_call"} | questions


@cache
def exact(name, x, y):
    """Return each of the six results, and the size that its error is measured by."""
    with mp.workdps(700):
        found = [r if isinstance(r, tuple) else (r, r) for r in EXACT[name](mpf(x), mpf(y))]
        return [(+mpf(r), abs(+mpf(size))) for r, size in found]


def is_inside(name, x, y, most):
    """Whether a function has all its derivatives here.

    That of x^y by x twice is y (y - 1) x^(y - 2), inf where that power is beyond the numbers.
    """
    if name == "pow":
        return x > 0 and abs(y * math.log(x)) < 600 and (y - 2) * math.log(x) < math.log(most)
    if name in ("atan2", "hypot", "direction"):
        return x != 0 and y != 0
    if name in ("div", "floordiv", "mod", "fmod"):
        ok = y != 0
        return ok and (name == "div" or (abs(x / y) < 1e15 if abs(y) > 1e-290 else False))
    if name == "clip":
        return y > -1 and x not in (-1.0, y)
    return name not in ("maximum", "minimum", "copysign") or x != y


def points(name, dtype):
    numbers = np.finfo(dtype)
    least, most = float(numbers.smallest_normal) * 8, float(numbers.max) / 8
    with np.errstate(all="ignore"):
        pairs = sorted({tuple(map(float, np.array(p, dtype))) for p in PAIRS})
    return [
        (x, y) for x, y in pairs
        if math.isfinite(x) and math.isfinite(y) and is_inside(name, x, y, most)
        and all((r == 0 or size > least) and size < most for r, size in exact(name, x, y))
    ]  # fmt: skip


def graphs(name, x, y):
    """Return the value, the gradient and the Hessian as nodes, or numbers."""
    out = CALLS.get(name, PRIMITIVES[name])(x, y)
    first = gradients(out, [x, y], build_graph=True)
    second = [gradients(s, [x, y], build_graph=True) for s in first]
    return [out, *first, second[0][0], second[0][1], second[1][1]]


def lost(name, at, found, limit):
    return [
        (at, DEGREES[k], float(ours), float(right))
        for k, (ours, (right, size)) in enumerate(zip(found, exact(name, *at), strict=True))
        if not abs(mpf(float(ours)) - right) <= limit * size
    ]  # fmt: skip


@pytest.mark.parametrize("name", EXACT)
def test_digits_of_a_graph(name):
    at = points(name, "float64")
    assert len(at) > 20
    wrong = []
    for p in at:
        found = graphs(name, *map(Value, p))
        wrong += lost(name, p, [getattr(g, "data", g) for g in found], LIMITS["float64"])
    assert wrong == []


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("executor", ["numpy", "native"])
@pytest.mark.parametrize("name", EXACT)
def test_digits_of_a_program(name, executor, dtype):
    """The value's program has the gradient as adjoints, those of the gradient the Hessian."""
    x, y = Value(0.7), Value(1.5)
    nodes = graphs(name, x, y)
    programs = [
        Program(node, inputs=[x, y], parameters=[], dtype=dtype, executor=executor)
        for node in nodes[:3] if node.__class__ is Value and node.op
    ]  # fmt: skip
    made = [node.__class__ is Value and bool(node.op) for node in nodes[:3]]
    wrong = []
    for p in points(name, dtype):
        results = iter(programs)
        found = [float(right) for right, _ in exact(name, *p)]  # of constants nothing is asked
        for k, known in enumerate(made):
            if known:
                program = next(results)
                program([list(p)])
                found[k] = np.ravel(program.value(nodes[k]))[0]
                by = [np.ravel(program.adjoint(v))[0] for v in (x, y)]
                found[1:3] = by if k == 0 else found[1:3]
                found[3:5] = by if k == 1 else found[3:5]
                found[5] = by[1] if k == 2 else found[5]
        wrong += lost(name, p, found, LIMITS[dtype])
    assert wrong == []


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("name", SUMS)
def test_digits_of_a_sum(name, row):
    """Value and gradient, measured by the largest term; the gradient's own slopes are exact."""
    function, slopes, terms = SUMS[name]
    v = [Value(x) for x in row]
    out = function(v)
    with mp.workdps(60):
        parts = terms([mpf(x) for x in row])
        assert abs(mpf(out.data) - mp.fsum(parts)) <= 1e-15 * max(map(abs, parts))
        first = gradients(out, v, build_graph=True)
        assert [getattr(s, "data", s) for s in first] == [float(x) for x in slopes(row)]
    ones = [[float(name == "dot" and abs(i - j) == 2) for j in range(4)] for i in range(4)]
    assert [gradients(s, v) for s in first] == ones


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("executor", ["numpy", "native"])
@pytest.mark.parametrize("name", SUMS)
def test_digits_of_a_sum_in_a_program(name, executor, dtype):
    function, slopes, terms = SUMS[name]
    v = [Value(0.5) for _ in range(4)]
    out = function(v)
    out = out if out is not v[2] else 1.0 * out
    program = Program(out, inputs=v, parameters=[], dtype=dtype, executor=executor)
    for row in ROWS if dtype == "float64" else ROWS[:4]:
        row = [float(x) for x in np.array(row, dtype)]
        cost, _ = program([row])
        with mp.workdps(60):
            parts = terms([mpf(x) for x in row])
            size = max(map(abs, parts))
            assert abs(mpf(cost) - mp.fsum(parts)) <= LIMITS[dtype] * size
        assert [np.ravel(program.adjoint(x))[0] for x in v] == [float(x) for x in slopes(row)]
