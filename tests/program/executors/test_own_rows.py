"""A row of one's own in a program: composed of other rows it runs natively, else in NumPy."""

import itertools
import math

import numpy as np
import pytest

from autograd import Value, abs, exp, gradients, log1p, tanh
from autograd.program import Program
from autograd.program.executors import native
from autograd.table import PRIMITIVES, Domain, primitive

built = pytest.mark.skipif(not native.available(), reason="the extension is not built")
numbers = itertools.count()  # what programs know of a row they know by its name


@pytest.fixture
def squash():
    """Add x / (1 + x²) to the table, composed or not, until the end of a test."""
    added = []

    def add(composed=None):
        name = f"squash_{next(numbers)}"
        added.append(name)
        return primitive(
            name,
            lambda x: x / (1 + x * x),
            lambda x, out: (1 - x * x) / (1 + x * x) ** 2.0,
            composed=composed,
        )

    yield add
    for name in added:
        del PRIMITIVES[name]
        delattr(Value, name)


def composed(x):
    return x / (1.0 + x * x)


def problem(f, numbers=(0.0, 0.0)):
    w, x = [Value(0.4), Value(-1.3)], list(map(Value, numbers))
    return f(w[0] * x[0] + w[1]) * exp(f(x[1]) * w[1]), x, w


X = np.array([[0.3, -2.0], [4.0, 0.1], [-0.7, 1.0]])


def expected(f):
    results = []
    for row in X:
        cost, _, w = problem(f, row)
        results.append((cost.data, *gradients(cost, w)))
    return np.mean(results, axis=0)


def agrees(found, wanted, dtype):
    cost, gradient = found
    tolerance = 1e-12 if dtype == "float64" else 1e-6
    np.testing.assert_allclose([cost, *gradient], wanted, rtol=tolerance)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("executor", ["numpy", "auto"])
def test_a_row_that_is_not_composed_runs_in_numpy(squash, executor, dtype):
    f = squash()
    cost, x, w = problem(f)
    program = Program(cost, inputs=x, parameters=w, executor=executor, dtype=dtype)
    assert program.executor == "numpy"
    agrees(program(X), expected(f), dtype)


@built
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_composed_row_runs_natively(squash, dtype):
    f = squash(composed)
    cost, x, w = problem(f)
    found = {}
    for executor in ("native", "numpy"):
        program = Program(cost, inputs=x, parameters=w, executor=executor, dtype=dtype)
        assert program.executor == executor
        found[executor] = program(X)
        agrees(found[executor], expected(f), dtype)
    agrees(found["native"], [found["numpy"][0], *found["numpy"][1]], dtype)


@built
def test_a_row_composed_of_composed_rows_runs_natively(squash):
    inner = squash(composed)
    name = f"squash_{next(numbers)}"
    outer = primitive(
        name, lambda x: math.log1p(math.fabs(inner(x))),
        lambda x, out: 0.0, composed=lambda x: log1p(abs(inner(x))),
    )  # fmt: skip
    x = Value(0.3)
    program = Program(outer(x) + 0.0 * x, inputs=[x], parameters=[], executor="native")
    assert program([[2.0], [-1.0]])[0] == pytest.approx(
        (math.log1p(0.4) + math.log1p(0.5)) / 2, rel=1e-15
    )
    del PRIMITIVES[name]
    delattr(Value, name)


def irregular(f):
    """Return a graph that no matrices are found in: every step is another one."""
    rng, x = np.random.default_rng(0), Value(0.3)
    nodes = [x]
    for _ in range(1500):
        a, b = (nodes[k] for k in rng.integers(max(0, len(nodes) - 20), len(nodes), 2))
        nodes.append((a - b, tanh(a), f(a + b), a * tanh(b))[rng.integers(4)])
    return nodes[-1] + nodes[-2], x


@built
@pytest.mark.parametrize("formula", [None, composed], ids=["not composed", "composed"])
def test_an_irregular_graph_with_a_row_of_ones_own(squash, formula):
    f = squash(formula)
    cost, x = irregular(f)
    program = Program(cost, inputs=[], parameters=[x])
    assert program.executor == ("numpy" if formula is None else "native")
    value, gradient = program(np.zeros((1, 0)))
    assert value == pytest.approx(cost.data, rel=1e-12)
    assert gradient[0] == pytest.approx(gradients(cost, x), rel=1e-12)


@pytest.mark.parametrize("executor", ["numpy", "auto"])
def test_a_row_may_be_added_after_a_program_has_run(squash, executor):
    x = Value(0.5)
    Program(tanh(x), inputs=[x], parameters=[], executor=executor)([[1.0]])
    f = squash()
    program = Program(f(x), inputs=[x], parameters=[], executor=executor)
    assert program([[3.0]])[0] == 0.3


ENDS = [(2.0, 3.0), (2.0, 2.1), (-math.inf, -7.0), (7.0, math.inf), (-0.1, 0.1)]


@pytest.mark.parametrize("executor", ["numpy", pytest.param("native", marks=built)])
@pytest.mark.parametrize(("low", "high"), ENDS)
def test_a_rule_is_read_inside_the_domain_of_its_row(low, high, executor):
    """√((x - low)(high - x)), or that of an end alone, and its derivative by hand."""
    name = f"arch_{next(numbers)}"

    def inside(x):
        left = 1.0 if math.isinf(low) else x - low
        right = 1.0 if math.isinf(high) else high - x
        return left * right

    def slope(x):
        return (0.0 if math.isinf(low) else 1.0) * (1.0 if math.isinf(high) else high - x) - (
            0.0 if math.isinf(high) else 1.0
        ) * (1.0 if math.isinf(low) else x - low)

    arch = primitive(
        name, lambda x: math.sqrt(inside(x)), lambda x, out: 0.5 * slope(x) / inside(x) ** 0.5,
        domain=(Domain(low, high, "x between its ends"),), composed=lambda x: inside(x) ** 0.5,
    )  # fmt: skip
    try:
        at = low + 0.04 if math.isfinite(low) else high - 0.04
        w = Value(at)
        program = Program(arch(w), inputs=[], parameters=[w], executor=executor)
        cost, gradient = program([[]])
    finally:
        del PRIMITIVES[name]
        delattr(Value, name)
    assert cost == pytest.approx(math.sqrt(inside(at)), rel=1e-12)
    assert gradient[0] == pytest.approx(0.5 * slope(at) / math.sqrt(inside(at)), rel=1e-12)
