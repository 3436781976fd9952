"""Lists of addresses that strips make up: the same elements, each once, whatever the order."""

import math

import numpy as np
import pytest

from autograd import Program, Value, exp
from autograd.program.compiler.accesses import Access
from autograd.program.compiler.instructions import ADD, STORE, Map
from autograd.program.compiler.steps import PRODUCT
from autograd.program.compiler.strips import in_strips
from tests.benchmarks import mixtures


def listed(left, right, target, mode=ADD, lanes=True):
    accesses = [Access(lanes, False, 0, (), np.array(x)) for x in (left, right, target)]
    return Map((len(left),), lanes, PRODUCT, tuple(accesses[:2]), accesses[2], mode)


def elements(code):
    """Every element of maps, as its addresses, sorted."""
    found = []
    for this in code:
        every = (*this.sources, this.destination)
        columns = [np.broadcast_to(x.addresses(np, this.sizes), (size(this),)) for x in every]
        found += zip(*(column.tolist() for column in columns), strict=True)
    return sorted(found)


def size(this):
    return (
        len(this.sources[0].index) if this.sources[0].index is not None else math.prod(this.sizes)
    )


def triangles(count, d):
    """Products of `count` lower triangles, column by column, with vectors: row by row."""
    below = d * (d - 1) // 2
    starts = [sum(d - 1 - j for j in range(column)) for column in range(d)]
    rows = [(k, i, j) for k in range(count) for i in range(1, d) for j in range(i)]
    left = [k * below + starts[j] + i - j - 1 for k, i, j in rows]
    return left, [k * d + j for k, _, j in rows], [k * d + i for k, i, _ in rows]


@pytest.mark.parametrize(("count", "d"), [(2, 30), (4, 9), (10, 10), (3, 20)])
def test_triangles_take_an_instruction_for_each_column(count, d):
    this = listed(*triangles(count, d))
    found = in_strips(np, [this], this.lanes)
    assert all(x.sources[0].index is None for x in found)
    assert len(found) == d - 1
    assert elements(found) == elements([this])


@pytest.mark.parametrize("seed", range(40))
def test_any_list_keeps_its_elements(seed):
    """Pieces of arithmetic progressions, in any order, some elements among them alone."""
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(rng.integers(1, 6)):
        start, step = rng.integers(0, 500, (3, 1)), rng.integers(-2, 3, (3, 1))
        parts.append(start + 200 + step * np.arange(rng.integers(1, 80)))
    table = np.concatenate(parts, axis=1)
    if seed % 2:
        table = table[:, rng.permutation(table.shape[1])]
    this = listed(*table)
    found = in_strips(np, [this], this.lanes)
    assert len(found) <= max(1, table.shape[1] // 12)
    assert elements(found) == elements([this])


def test_what_is_stored_twice_keeps_its_order():
    left, right, target = triangles(3, 9)
    this = listed(left, right, target, STORE)
    assert in_strips(np, [this], this.lanes) == [this]
    short = listed(left, right, target, lanes=False)
    assert in_strips(np, [short], False) == [short]  # lines of less than nine


@pytest.mark.parametrize("n", [64, 300])
def test_neighbours_on_a_ring_are_two_strips(n):
    points = np.arange(n)
    this = listed(points, np.roll(points, 1), points + n, lanes=False)
    found = in_strips(np, [this], False)
    assert [x.sizes for x in found] in ([(n - 1,), ()], [(), (n - 1,)])
    assert elements(found) == elements([this])


def test_stretches_of_different_steps_are_strips():
    """Neither step is that of most elements."""
    points = np.arange(253)
    left, right = np.concatenate([points, points + 400]), np.concatenate([2 * points, points + 900])
    this = listed(left, right, np.arange(506) + 2000, STORE, lanes=False)
    found = in_strips(np, [this], False)
    assert len(found) <= 3
    assert all(x.sources[0].index is None for x in found)
    assert elements(found) == elements([this])


@pytest.mark.parametrize("executor", ["numpy", "auto"])
def test_a_mixture_of_gaussians_is_that_of_its_nodes(executor):
    """Gradients by hand, with matrices: tests/benchmarks/mixtures.py."""
    _, found = mixtures.program("d=10 K=10 n=1000", executor)
    _, expected = mixtures.by_hand("d=10 K=10 n=1000")
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_a_mixture_of_gaussians_has_the_slopes_of_its_differences():
    loss, inputs, parameters, X = mixtures.recorded("d=2 K=5 n=100")
    program = Program(loss, inputs=inputs, parameters=parameters, executor="numpy")
    _, gradient = program(X)
    for k in (0, 7, 16, 26):  # of α, μ, q and l
        start, costs = parameters[k].data, []
        for step in (1e-6, -1e-6):
            parameters[k].data = start + step
            program.load_parameters()
            costs.append(program(X)[0])
        parameters[k].data = start
        assert gradient[k] == pytest.approx((costs[0] - costs[1]) / 2e-6, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("executor", ["numpy", "auto"])
def test_heat_on_a_ring_spreads_as_with_slices(executor):
    """Adjoints of a linear step are a step of the same symmetric matrix."""
    n, steps = 128, 6
    start = np.sin(np.arange(n))
    u, a = [Value(float(x)) for x in start], Value(0.2)
    x = u
    for _ in range(steps):
        x = [x[i] + a * (x[i - 1] - 2 * x[i] + x[(i + 1) % n]) for i in range(n)]
    program = Program(sum(v * v for v in x), inputs=[], parameters=[*u, a], executor=executor)
    _, gradient = program(np.empty((1, 0)))

    def step(x):
        return x + 0.2 * (np.roll(x, 1) - 2 * x + np.roll(x, -1))

    end = start
    for _ in range(steps):
        end = step(end)
    adjoint = 2 * end
    for _ in range(steps):
        adjoint = step(adjoint)
    np.testing.assert_allclose(gradient[:-1], adjoint, rtol=1e-12)


@pytest.mark.parametrize("m", [1, 2, 17])
def test_sums_of_triangles_are_those_of_eager(m):
    d = 12
    x, w = [Value(0.1 * k) for k in range(d)], [Value(0.3) for _ in range(d * (d - 1) // 2)]
    at, rows = 0, [exp(0.1 * a) for a in x]
    for j in range(d):
        for i in range(j + 1, d):
            rows[i] = rows[i] + w[at] * x[j]
            at += 1
    loss = sum(row * row for row in rows)
    program = Program(loss, inputs=x, parameters=w, executor="numpy")
    X = np.random.default_rng(m).normal(size=(m, d))
    cost, gradient = program(X)
    costs, slopes = [], np.zeros(len(w))
    for numbers in X:
        square = np.exp(0.1 * numbers)
        lower = np.tril(np.full((d, d), 0.3), -1)
        z = square + lower @ numbers
        costs.append(z @ z)
        slopes += np.concatenate([2 * z[j + 1 :] * numbers[j] for j in range(d)]) / m
    np.testing.assert_allclose(cost, np.mean(costs), rtol=1e-12)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-11)
