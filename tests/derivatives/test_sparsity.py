"""Sparse derivatives are the dense ones, their patterns miss nothing, few sweeps give them all."""

import sys
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from scipy.sparse import csr_array

from autograd import Value, exp, grad, hessian, jacobian, jit, sin, total
from autograd.derivatives.kinds import forward_linear
from autograd.derivatives.sparsity import (
    bits,
    coloured,
    compressed,
    pattern,
    star_coloured,
    transposed,
)
from tests.derivatives.random_functions import point, random_function


def squares(f):
    return lambda x: sum(y * y for y in f(x))


def masks_of(matrix):
    return [sum(1 << int(j) for j in np.flatnonzero(row)) for row in matrix]


def assert_equals(found, dense):
    assert isinstance(found, csr_array)
    dense = np.array(dense, float).reshape(found.shape)
    np.testing.assert_allclose(
        found.toarray(), dense, rtol=0, atol=1e-12 * abs(dense).max(initial=1)
    )


@pytest.mark.parametrize("group", range(10))
def test_sparse_is_dense_for_random_functions(group):
    for seed in range(50 * group, 50 * group + 50):
        f = random_function(seed)
        x = point(seed, f.inputs)
        assert_equals(jacobian(f, sparse=True)(x), jacobian(f)(x))
        assert_equals(hessian(squares(f), sparse=True)(x), hessian(squares(f))(x))


@pytest.mark.parametrize("group", range(10))
def test_a_pattern_misses_no_entry_that_50_digits_show(group):
    """Differences with a step of 1e-20, of numbers with 60 digits, are good to 1e-19 or so."""
    with mpmath.workdps(60):
        step = mpmath.mpf(10) ** -20
        for seed in range(20 * group, 20 * group + 20):
            f = random_function(seed, detaches=False)
            x = point(seed, f.inputs)
            found = jacobian(f, sparse=True)(x)
            inside = np.zeros(found.shape, bool)
            inside[rows_of(found)] = True
            for j in range(f.inputs):
                sides = []
                for sign in (1, -1):
                    moved = [mpmath.mpf(a) for a in x]
                    moved[j] += sign * step
                    sides.append(f.exactly(moved))
                for i, (up, down) in enumerate(zip(*sides, strict=True)):
                    slope = (up - down) / (2 * step)
                    assert inside[i, j] or slope == 0
                    assert float(slope) == pytest.approx(found[i, j], rel=1e-9, abs=1e-12)


def rows_of(matrix):
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)), matrix.indices


def test_an_entry_that_happens_to_be_0_is_in_the_pattern():
    found = jacobian(lambda x: [x[0] * x[1], 2.0 * x[0], 0.0 * x[1] + x[0]], sparse=True)(
        [3.0, 0.0]
    )
    assert found.indices.tolist() == [0, 1, 0, 0]
    assert found.toarray().tolist() == [[0.0, 3.0], [2.0, 0.0], [1.0, 0.0]]
    second = hessian(lambda x: x[0] * x[1] ** 3 + x[0], sparse=True)([1.0, 0.0])
    assert second.indices.tolist() == [1, 0, 1]
    assert second.data.tolist() == [0.0, 0.0, 0.0]


SHAPES = {
    "diagonal": (np.eye(9), 1, 1),
    "two diagonals": (np.eye(9) + np.eye(9, k=1), 2, None),
    "three diagonals": (np.eye(9) + np.eye(9, k=1) + np.eye(9, k=-1), 3, 3),
    "arrow": (np.eye(9) + np.eye(9, 1) + np.eye(9, 1).T, 9, 2),
    "full": (np.ones((5, 5)), 5, 5),
    "empty": (np.zeros((4, 4)), 1, 1),
}


@pytest.mark.parametrize(("matrix", "columns", "star"), SHAPES.values(), ids=SHAPES)
def test_known_matrices_take_the_least_number_of_colours(matrix, columns, star):
    masks = masks_of(matrix)
    assert max(coloured(masks, len(matrix))) + 1 == columns
    if star is not None:
        assert max(star_coloured(masks)) + 1 == star


def test_a_colouring_of_a_random_matrix_tells_its_entries_apart():
    rng = np.random.default_rng(0)
    for _ in range(200):
        m, n = rng.integers(1, 15, 2)
        matrix = rng.normal(size=(m, n)) * (rng.random((m, n)) < rng.random())
        whole = compressed(masks_of(matrix), n)
        products = whole.directions() @ (matrix.T if whole.forward else matrix)
        assert (whole.matrix(products[whole.sweep, whole.place]).toarray() == matrix).all()
        assert whole.sweeps <= min(m, n) or not matrix.any()
        square = matrix[:, :m] if n >= m else matrix[:n]
        square = square + square.T
        mirrored = compressed(masks_of(square), len(square), symmetric=True)
        products = mirrored.directions() @ square
        found = mirrored.matrix(products[mirrored.sweep, mirrored.place]).toarray()
        assert (found == square).all()


def test_rows_are_taken_together_where_that_takes_fewer_sweeps():
    x = [Value(float(k)) for k in range(30)]
    rows = [total(x), sin(x[3])]
    found = compressed(pattern(rows, x, forward_linear(rows, x, nested=True)), 30)
    assert (found.forward, found.sweeps) == (False, 2)
    columns = [exp(a * k) for a in x[:2] for k in range(20)]
    found = compressed(pattern(columns, x, forward_linear(columns, x, nested=True)), 30)
    assert (found.forward, found.sweeps) == (True, 1)


def test_bits_of_short_and_long_numbers():
    for chosen in ([], [0], [5, 64], list(range(0, 900, 7)), [10_000]):
        assert bits(sum(1 << k for k in chosen)) == chosen
    assert transposed([0b101, 0b100], 3) == [[0], [], [0, 1]]


def test_a_long_sum_stays_affordable():
    """Each partial sum depends on all inputs before it: 20 000² / 2 bits would be 25 MB a mask."""
    n = 20_000
    found = jacobian(lambda x: [sum(x), x[0]], sparse=True)([1.0] * n)
    assert (found.shape, found.nnz, found.sum()) == ((2, n), n + 1, n + 1.0)


def test_arguments_and_results_of_any_structure_lie_in_a_row():
    def f(p, t):
        return {"a": [p["x"][0] * t, p["y"]], "b": np.array([t, p["x"][1] ** 2])}

    p = {"x": np.array([2.0, 3.0]), "y": 5.0}
    by_both = jacobian(f, (0, 1), sparse=True)(p, 7.0).toarray()
    expected = [[7.0, 0, 0, 2.0], [0, 0, 1.0, 0], [0, 0, 0, 1.0], [0, 6.0, 0, 0]]
    assert by_both.tolist() == expected
    assert (jacobian(f, 1, sparse=True)(p, 7.0).toarray()[:, 0] == np.array(expected)[:, 3]).all()
    assert jacobian(lambda x: 3.0, sparse=True)([1.0, 2.0]).nnz == 0
    assert hessian(lambda x: sum(x), sparse=True)([1.0, 2.0]).nnz == 0


def test_a_result_is_its_own():
    """scipy sorts and prunes matrices in place."""
    fast = jacobian(jit(lambda x: [a * b for a, b in pairwise(x)]), sparse=True)
    for x in ([1.0, 0.0, 2.0], [3.0, 4.0, 5.0], [0.0, 0.0, 1.0]):
        found = fast(x)
        assert (found.toarray() == [[x[1], x[0], 0.0], [0.0, x[2], x[1]]]).all()
        found.eliminate_zeros()
        found.data[:] = 9.0


def test_a_sparse_matrix_of_values_is_refused():
    f = jacobian(lambda x: [x[0] ** 2], sparse=True)
    with pytest.raises(TypeError, match=r"a sparse matrix holds numbers.*sparse=True"):
        f([Value(1.0)])
    with pytest.raises(TypeError, match="a sparse matrix holds numbers"):
        grad(lambda x: f(x)[0, 0])([1.0])


def test_who_has_no_scipy_is_told_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(ImportError, match="sparse=True needs SciPy"):
        jacobian(lambda x: [x[0] ** 2], sparse=True)([1.0])
