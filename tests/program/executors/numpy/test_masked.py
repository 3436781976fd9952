"""Matrices with gaps: their products are those of the elements that there are, and of no other."""

import math

import numpy as np
import pytest

from autograd import Program, Value
from autograd.program.compiler.accesses import Access
from autograd.program.compiler.instructions import ADD, Instructions, Map
from autograd.program.compiler.steps import PRODUCT
from autograd.program.compiler.strips import in_strips
from autograd.program.executors.interface import Ends
from autograd.program.executors.numpy.executor import NumpyExecutor
from autograd.program.executors.numpy.masked import masked
from autograd.program.memory import Memory


def triangles(count, d):
    """Products of `count` strictly lower triangles with vectors: element, column, row, by rows."""
    below = d * (d - 1) // 2
    rows = [(k, i, j) for k in range(count) for i in range(1, d) for j in range(i)]
    element = [k * below + i * (i - 1) // 2 + j for k, i, j in rows]
    return element, [k * d + j for k, _, j in rows], [count * d + k * d + i for k, i, _ in rows]


def listed(matrix, columns, rows):
    """The map rows += matrix · columns: rows and columns are of lanes, the matrix is shared."""
    sides = [
        Access(lanes, False, 0, (), np.array(x))
        for lanes, x in ((False, matrix), (True, columns), (True, rows))
    ]
    return Map((len(matrix),), True, PRODUCT, tuple(sides[:2]), sides[2], ADD)


def turned(this):
    """The map matrix += mean of rows · columns over the lanes."""
    matrix, columns = this.sources
    return Map(this.sizes, True, PRODUCT, (this.destination, columns), matrix, ADD)


def found(this):
    return masked(np, this, in_strips(np, [this], lanes=True))


@pytest.mark.parametrize(("count", "d"), [(1, 12), (4, 7), (10, 10)])
def test_each_element_lies_in_its_row_and_column(count, d):
    this = listed(*triangles(count, d))
    for way in (this, turned(this)):
        whole = found(way)
        blocks, m, n = whole.sizes
        assert whole.sizes == (count, d - 1, d - 1)
        rows, columns = (
            side.addresses(np, (blocks, size))
            for side, size in zip(whole.sides, (m, n), strict=True)
        )
        block, within = np.divmod(whole.places, m * n)
        with_lanes = [x.index for x in (way.destination, *way.sources) if x.lanes]
        np.testing.assert_array_equal(rows[block * m + within // n], with_lanes[0])
        np.testing.assert_array_equal(columns[block * n + within % n], with_lanes[1])
        assert len(set(whole.places.tolist())) == len(whole.places)


def test_what_is_no_matrix_with_few_gaps_stays_a_list():
    matrix, columns, rows = map(np.array, triangles(4, 7))
    assert found(listed(matrix, columns, rows)) is not None
    assert found(listed(*[np.tile(x, 2) for x in (matrix, columns, rows)])) is None  # pairs twice
    one_less = [np.delete(x, -2) for x in (matrix, columns, rows)]
    assert found(listed(*one_less)) is not None  # one gap more
    uneven = [np.append(x, y) for x, y in zip((matrix, columns, rows), (84, 28, 900), strict=True)]
    assert found(listed(*uneven)) is None  # a fifth block, of one element
    band = np.repeat(np.arange(60), 2)
    neighbours = band + np.tile([0, 1], 60)
    assert found(listed(np.arange(120), neighbours, 100 + band)) is None  # 2 of 60 in a row


@pytest.mark.parametrize("lanes", [1, 2, 9])
@pytest.mark.parametrize(("count", "d"), [(1, 12), (4, 7)])
def test_products_are_those_of_dense_matrices(count, d, lanes):
    rng = np.random.default_rng(lanes)
    this = listed(*triangles(count, d))
    memory, executor = bound([this, turned(this)], this, lanes)
    values = memory.room.values
    values[False][:], values[True][:] = (
        rng.normal(size=values[False].shape),
        rng.normal(size=values[True].shape),
    )
    dense = np.zeros((count, d, d))
    dense[:, *np.tril_indices(d, -1)] = values[False].reshape(count, -1)
    before = values[False].copy()
    x, y = values[True].reshape(2, count, d, lanes).copy()
    executor.forward()
    y[:, 1:] += (dense @ x)[:, 1:]
    np.testing.assert_allclose(values[True][count * d :], y.reshape(-1, lanes), rtol=1e-13)
    slopes = (y @ x.transpose(0, 2, 1) / lanes)[:, *np.tril_indices(d, -1)]
    np.testing.assert_allclose(values[False], before + slopes.ravel(), rtol=1e-12)


@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
def test_what_is_not_finite_stays_out_of_the_gaps(bad):
    """Row i of a triangle has no part in column j ≥ i, whatever stands there."""
    d, lanes = 12, 3
    this = listed(*triangles(1, d))
    memory, executor = bound([this], this, lanes)
    values = memory.room.values
    values[False][:], values[True][:d] = 1.0, 2.0
    values[True][7, 1] = bad
    with np.errstate(all="ignore"):
        executor.forward()
    expected = np.zeros((d, lanes))
    expected[:] = 2.0 * np.arange(d)[:, None]
    expected[8:, 1] = bad
    np.testing.assert_array_equal(values[True][d:], expected)


def bound(code, this, lanes):
    """An executor of instructions, with room for the addresses of one of them."""
    sizes = [int(this.sources[0].index.max()) + 1, int(this.destination.index.max()) + 1]
    memory = Memory(sizes, "float64")
    nothing = np.array([], int)
    executor = NumpyExecutor(Instructions(code, []), memory, Ends(nothing, 0, True, 0))
    executor.resize(lanes)
    return memory, executor


def test_executors_agree_where_some_rows_overflow():
    """Σᵢ 1 / (1 + zᵢ²): a row whose z² overflows has no slope, and leaves the others theirs."""
    d = 9
    x = [Value(0.1 * k) for k in range(d)]
    w = [[Value(0.2 + 0.01 * (i + j)) for j in range(i)] for i in range(d)]
    rows = [x[i] * 0.5 + sum(a * b for a, b in zip(w[i], x[:i], strict=True)) for i in range(1, d)]
    loss = sum(1.0 / (1.0 + row * row) for row in rows)
    flat = [a for row in w for a in row]
    X = np.ones((4, d))
    X[2, 5] = 1e200  # its rows overflow, others do not
    slopes = []
    for executor in ("numpy", "auto"):
        program = Program(loss, inputs=x, parameters=flat, executor=executor)
        cost, gradient = program(X)
        slopes.append([cost, *gradient])
    np.testing.assert_allclose(slopes[0], slopes[1], rtol=1e-12)
