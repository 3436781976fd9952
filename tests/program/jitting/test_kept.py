"""Sparse derivatives of plain functions keep what follows from a graph, and nothing else."""

import threading
import warnings
from itertools import pairwise

import numpy as np
import pytest

from autograd import Value, grad, hessian, jacobian, sin, total
from autograd.derivatives import sparsity
from autograd.program.jitting import kept
from autograd.program.jitting.replay import Replay
from autograd.table import PRIMITIVES, primitive
from tests.derivatives.random_functions import point, random_function


def rosenbrock(x):
    return total([100.0 * (b - a * a) ** 2.0 + (1.0 - a) ** 2.0 for a, b in pairwise(x)])


def assert_equals(found, expected):
    expected = np.array(expected, float).reshape(found.shape)
    room = 1e-12 * abs(expected).max(initial=1.0)
    np.testing.assert_allclose(found.toarray(), expected, rtol=0, atol=room)


@pytest.mark.parametrize("group", range(10))
def test_later_calls_are_the_first_ones_at_other_numbers(group):
    for seed in range(10 * group, 10 * group + 10):
        f = random_function(seed)

        def energy(x, f=f):
            return sum(y * y for y in f(x))

        first, second = jacobian(f, sparse=True), hessian(energy, sparse=True)
        for k in range(3):
            x = point(seed + 1000 * k, f.inputs)
            assert_equals(first(x), jacobian(f)(x))
            assert_equals(second(x), hessian(energy)(x))


def test_a_later_call_finds_no_pattern_and_compiles_nothing(monkeypatch):
    fast = hessian(rosenbrock, sparse=True)
    for k in range(2):
        fast(point(k, 20))
    monkeypatch.setattr(sparsity, "star_coloured", None)
    monkeypatch.setattr(Replay, "__init__", None)
    x = point(2, 20)
    assert_equals(fast(x), hessian(rosenbrock)(x))


def test_numbers_that_a_function_reads_elsewhere_are_never_frozen():
    weights, bias = {"scale": 2.0, "shift": 1.0}, Value(5.0)
    fast = jacobian(
        lambda x: [sin(a * weights["scale"] + weights["shift"]) * bias for a in x], sparse=True
    )
    x = np.array(point(0, 5))
    for scale, shift, b in ((2.0, 1.0, 5.0), (2.0, 1.5, 5.0), (3.0, 1.5, 5.0), (4.0, 1.0, -1.0)):
        weights.update(scale=scale, shift=shift)
        bias.data = b
        for at in (x, x + 0.5):
            assert_equals(fast(at), np.diag(scale * b * np.cos(scale * at + shift)))


def test_each_branch_is_a_form_of_its_own():
    fast = jacobian(lambda x: [a * a if a > 0.0 else 3.0 * a for a in x], sparse=True)
    for x in ([1.0, -1.0], [2.0, -3.0], [-1.0, 1.0], [5.0, -2.0], [-2.0, 4.0]):
        expected = [2.0 * a if a > 0.0 else 3.0 for a in x]
        assert fast(x).toarray().diagonal().tolist() == expected


def test_few_forms_are_kept():
    fast = jacobian(lambda x: [a * a for a in x], sparse=True)
    cells = [cell.cell_contents for cell in fast.__closure__]
    (keeper,) = [x for x in cells if isinstance(x, kept.Kept)]
    for n in [*range(1, 9), 1, 8]:
        assert fast([3.0] * n).toarray().tolist() == np.diag([6.0] * n).tolist()
        assert len(keeper._known) <= kept.FORMS


def test_arguments_of_no_numbers_and_other_structures_are_as_before():
    def f(x, kind, *, times):
        return {"a": [x["p"] * times, x["q"][0] ** 2] if kind == "both" else [x["p"]]}

    fast = jacobian(f, sparse=True)
    x = {"p": 2.0, "q": np.array([3.0])}
    for _ in range(3):
        assert fast(x, "both", times=4).toarray().tolist() == [[4.0, 0.0], [0.0, 6.0]]
        assert fast(x, "one", times=4).toarray().tolist() == [[1.0, 0.0]]
        assert fast(x, "both", times=5).toarray().tolist() == [[5.0, 0.0], [0.0, 6.0]]


def test_what_cannot_be_compiled_says_so_once_and_runs_as_before():
    primitive(
        "odd_sum", lambda *x: sum(x), lambda *x_and_out: [1.0] * (len(x_and_out) - 1), many=True
    )
    try:
        odd_sum = PRIMITIVES["odd_sum"]
        fast = jacobian(lambda x: [odd_sum(a, b) * a for a, b in pairwise(x)], sparse=True)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            found = [fast([1.0, 2.0, 3.0 + k]).toarray().tolist() for k in range(4)]
        assert found == [[[4.0, 1.0, 0.0], [0.0, 7.0 + k, 2.0]] for k in range(4)]
        assert len(said) == 1
        assert "runs node by node, for it cannot be compiled" in str(said[0].message)
        assert "odd_sum" in str(said[0].message)
        assert said[0].filename == __file__
    finally:
        del PRIMITIVES["odd_sum"]


def test_what_is_not_finite_or_refused_is_as_node_by_node():
    fast = jacobian(lambda x: [a**0.5 for a in x], sparse=True)
    for _ in range(3):
        assert fast([4.0, 1.0]).toarray().tolist() == [[0.25, 0.0], [0.0, 0.5]]
        with pytest.raises((ValueError, ZeroDivisionError)):
            fast([4.0, 0.0])
    with pytest.raises(TypeError, match="a sparse matrix holds numbers"):
        grad(lambda x: fast(x)[0, 0])([1.0])
    with pytest.raises(TypeError, match="one number"):
        hessian(lambda x: [x[0], x[0]], sparse=True)([1.0])


def test_threads_share_what_is_kept():
    fast, slow = hessian(rosenbrock, sparse=True), hessian(rosenbrock)
    points = [point(k, 6) for k in range(8)]
    expected = [np.array(slow(x)) for x in points]
    wrong = []

    def work(k):
        for _ in range(10):
            if abs(fast(points[k]).toarray() - expected[k]).max() > 1e-9:
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
