"""Every function of one operand keeps its digits: value, first and second derivative.

Points go to both ends of each row's domain: tails, saturations, poles and next to 0. Wherever the
exact result is a normal number, ours differs from it by a few roundings, eagerly and in programs.
"""

import math
from functools import cache
from itertools import chain

import numpy as np
import pytest
from mpmath import mp, mpf

import autograd
from autograd import Program, Value, gradients
from autograd.table import PRIMITIVES

LIMITS = {"float64": 1e-13, "float32": 3e-6}
SIZES = (
    1e-300, 1e-154, 1e-30, 1e-20, 1e-08, 0.0001, 0.01, 0.1, 0.3, 0.45, 0.499, 0.501, 0.6, 0.8,
    0.9, 1.0, 1.1, 1.9, 2.5, 3.3, 4.7, 5.6, 7.2, 8.8, 9.2, 11.5, 13.1, 15.3, 17.4, 18.9, 20.0,
    25.3, 26.2, 30.1, 37.0, 37.43, 40.0, 44.1, 60.7, 80.3, 87.1, 100.1, 150.3, 230.7, 250.3,
    353.9, 360.1, 500.7, 707.9, 1000.0, 100000.0, 100000000.0, 1e+16, 1e+30, 1e+100, 1e+154,
    1e+170, 1e+300,
)  # fmt: skip
EVERYWHERE = (*(-x for x in reversed(SIZES)), 0.0, *SIZES)
ALPHA = mpf("1.6732632423543772848170429916717")  # of selu: Klambauer et al. 2017, appendix A
SCALE = mpf("1.0507009873554804934193349852946")
INSIDE = (1 - 1e-4, 1 - 2.0**-20, 1 - 1e-10, 1 - 2.0**-53, 0.7, 0.95)


def triple(value, first, second, *terms):
    """Return (f, f′, f″) and the largest terms that cancel in each, where some do."""
    return value, first, second, terms


def sech(x):
    return 2 * mp.exp(-abs(x)) / (1 + mp.exp(-2 * abs(x)))


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def soft(x):
    return mp.log1p(mp.exp(x))


def twice(x, order=0):
    """What gelu_tanh takes the sigmoid of, and its derivatives."""
    c, rate = mpf("0.044715"), mp.sqrt(8 / mp.pi)
    return rate * (x + c * x**3, 1 + 3 * c * x * x, 6 * c * x)[order]


def rounded(x):
    """Return what the rounding of a polynomial k costs in e^k, where 30 roundings are allowed."""
    return max(1, abs(twice(x)) / 30)


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
        lambda x: mp.log(x) / mp.log(2),
        lambda x: 1 / x / mp.log(2),
        lambda x: -1 / x**2 / mp.log(2),
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
    "exp2": triple(
        lambda x: mpf(2) ** x,
        lambda x: mp.log(2) * mpf(2) ** x,
        lambda x: mp.log(2) ** 2 * mpf(2) ** x,
    ),
    "cbrt": triple(
        lambda x: mp.sign(x) * mp.cbrt(abs(x)), lambda x: 1 / mp.cbrt(x * x) / 3,
        lambda x: -2 / mp.cbrt(x * x) / x / 9,
    ),
    "degrees": triple(lambda x: x * 180 / mp.pi, lambda x: 180 / mp.pi, lambda x: 0),
    "radians": triple(lambda x: x * mp.pi / 180, lambda x: mp.pi / 180, lambda x: 0),
    "floor": triple(mp.floor, lambda x: 0, lambda x: 0),
    "ceil": triple(mp.ceil, lambda x: 0, lambda x: 0),
    "trunc": triple(lambda x: mp.sign(x) * mp.floor(abs(x)), lambda x: 0, lambda x: 0),
    "rint": triple(mp.nint, lambda x: 0, lambda x: 0),
    "relu": triple(lambda x: max(x, 0), lambda x: int(x > 0), lambda x: 0),
    "leaky_relu": triple(
        lambda x: max(x, mpf(0.01) * x), lambda x: mpf(1 if x > 0 else 0.01), lambda x: 0
    ),
    "elu": triple(
        lambda x: x if x > 0 else mp.expm1(x),
        lambda x: 1 if x > 0 else mp.exp(x),
        lambda x: 0 if x > 0 else mp.exp(x),
    ),
    "selu": triple(
        lambda x: SCALE * (x if x > 0 else ALPHA * mp.expm1(x)),
        lambda x: SCALE * (1 if x > 0 else ALPHA * mp.exp(x)),
        lambda x: 0 if x > 0 else SCALE * ALPHA * mp.exp(x),
    ),
    "sigmoid": triple(sigmoid, bump, lambda x: -bump(x) * mp.tanh(x / 2)),
    "logistic": triple(
        bump, lambda x: -bump(x) * mp.tanh(x / 2), lambda x: bump(x) * (1 - 6 * bump(x)),
        None, None, bump,
    ),
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
    "mish": triple(
        lambda x: x * mp.tanh(soft(x)),
        lambda x: mp.tanh(soft(x)) + x * sech(soft(x)) ** 2 * sigmoid(x),
        lambda x: sech(soft(x)) ** 2 * sigmoid(x)
        * (2 + x * (sigmoid(-x) - 2 * mp.tanh(soft(x)) * sigmoid(x))),
        None, lambda x: max(mp.tanh(soft(x)), abs(x) * sech(soft(x)) ** 2 * sigmoid(x)),
        lambda x: sech(soft(x)) ** 2 * sigmoid(x)
        * max(2, abs(x) * max(sigmoid(-x), 2 * mp.tanh(soft(x)) * sigmoid(x))),
    ),
    "gelu_tanh": triple(
        lambda x: x * sigmoid(twice(x)),
        lambda x: sigmoid(twice(x)) + x * bump(twice(x)) * twice(x, 1),
        lambda x: bump(twice(x)) * (2 * twice(x, 1) + x * (
            twice(x, 2) - mp.tanh(twice(x) / 2) * twice(x, 1) ** 2)),
        lambda x: rounded(x) * abs(x) * sigmoid(twice(x)),
        lambda x: rounded(x) * max(sigmoid(twice(x)), abs(x) * bump(twice(x)) * twice(x, 1)),
        lambda x: rounded(x) * bump(twice(x)) * max(2 * twice(x, 1), abs(x) * twice(x, 1) ** 2),
    ),
    "softsign": triple(
        lambda x: x / (1 + abs(x)),
        lambda x: (1 + abs(x)) ** -2,
        lambda x: -2 * mp.sign(x) * (1 + abs(x)) ** -3,
    ),
}  # fmt: skip
STEPS_AT_ZERO = {
    "abs",
    "softsign",
    "sign",
    "heaviside",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "cbrt",
}
COMPOSED = {"selu": "elu"}  # a function that is no row: another, scaled


def test_every_function_of_one_operand_is_walked():
    every = {row.name for row in PRIMITIVES.values() if row.arity == 1}
    assert set(EXACT) - COMPOSED.keys() == every - {"detach"}  # derivatives 0 by definition


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
    domain = PRIMITIVES[COMPOSED.get(name, name)].domain[0]
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
    out = (getattr(autograd, name) if name in COMPOSED else PRIMITIVES[name])(x)
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


# --- functions of many operands ----------------------------------------------------------------

ROWS = (
    (0.3, -1.2, 0.9), (5.0, 5.0, 5.0), (0.0, 37.43, 12.5), (40.0, 0.0, -3.0), (-700.0, 0.0, 0.0),
    (1e16, 1e16, 0.0), (1e4, 9990.0, 9960.0), (-20.0, -20.5, -60.0), (90.0, 0.0, 1.0),
)  # fmt: skip


def probabilities(row):
    exponentials = [mp.exp(mpf(x) - max(row)) for x in row]
    return [e / sum(exponentials) for e in exponentials]


def exact_row(name, row, index):
    """Return the value, the gradient and the Hessian."""
    p = probabilities(row)
    n = range(len(row))
    rest = [[sum(p[m] for m in n if m != k) if k == j else -p[k] for k in n] for j in n]
    value = max(row) + mp.log(sum(mp.exp(mpf(x) - max(row)) for x in row))
    spread = [[p[j] * rest[j][k] for k in n] for j in n]  # dp_j/dx_k
    if name == "logsumexp":
        return value, p, spread
    if name == "log_softmax":
        return row[index] - value, rest[index], [[-s for s in line] for line in spread]
    i = index
    twice = [[p[i] * (rest[i][j] * rest[i][k] - spread[j][k]) for k in n] for j in n]
    return p[i], spread[i], twice


def reduction(name, row, index):
    function = getattr(autograd, name)
    return function(row) if name == "logsumexp" else function(row)[index]


REDUCTIONS = [(name, k) for name in ("softmax", "log_softmax", "logsumexp") for k in range(3)]


@pytest.mark.parametrize(("name", "index"), REDUCTIONS[:7])
@pytest.mark.parametrize("row", ROWS)
def test_digits_of_reductions(name, index, row):
    value, slopes, curvatures = with_digits(exact_row, name, row, index)
    x = [Value(v) for v in row]
    out = reduction(name, x, index)
    first = gradients(out, x, build_graph=True)
    second = [gradients(slope, x) for slope in first]
    found = [out.data, *(slope.data for slope in first), *chain(*second)]
    wanted = [value, *slopes, *chain(*curvatures)]
    assert lost_of(found, wanted, LIMITS["float64"]) == []


def with_digits(function, *arguments):
    with mp.workdps(900):
        return function(*arguments)


def lost_of(found, wanted, limit, least=1e-300):
    return [
        (k, float(a), float(b)) for k, (a, b) in enumerate(zip(found, wanted, strict=True))
        if not abs(mpf(float(a)) - b) <= max(limit * abs(b), least)
    ]  # fmt: skip


@pytest.mark.parametrize("by_value", [False, True])
@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("executor", ["numpy", "native"])
@pytest.mark.parametrize(("name", "index"), REDUCTIONS[:7])
def test_digits_of_reductions_in_programs(name, index, executor, dtype, by_value):
    x, label = [Value(float(k)) for k in range(3)], Value(float(index), "label")
    if not by_value:
        out = reduction(name, x, index)
    elif name == "logsumexp":
        pytest.skip("has no index")
    else:
        out = PRIMITIVES[name](*x, label)
    graphs = [out, *gradients(out, x, build_graph=True)]
    least = 1e-300 if dtype == "float64" else 1e-36
    programs = [
        Program(graph, inputs=[*x, label], parameters=[], dtype=dtype, executor=executor)
        for graph in graphs
    ]
    for row in ROWS:
        row = tuple(map(float, np.array(row, dtype)))
        value, slopes, curvatures = with_digits(exact_row, name, row, index)
        wanted = [value, *slopes], [slopes, *curvatures]
        found = [], []
        for program, graph in zip(programs, graphs, strict=True):
            program([[*row, index]])
            found[0].append(np.ravel(program.value(graph))[0])
            found[1].append([np.ravel(program.adjoint(v))[0] for v in x])
        assert lost_of(found[0], wanted[0], LIMITS[dtype], least) == [], row
        assert lost_of([*chain(*found[1])], [*chain(*wanted[1])], LIMITS[dtype], least) == [], row
