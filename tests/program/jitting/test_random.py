"""Compiled derivatives of 500 random functions are those of the functions, to 1e-12 of scale."""

import numpy as np
import pytest

from autograd import grad, hessian, hvp, jacobian, jit, jvp, vjp
from autograd.program.jitting import sparse
from tests.derivatives.random_functions import point, random_function


def assert_equals(found, expected):
    found = found.toarray() if hasattr(found, "toarray") else np.array(found, float)
    expected = np.array(expected, float).reshape(found.shape)
    room = 1e-12 * abs(expected).max(initial=1.0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=room)


@pytest.mark.parametrize("group", range(12))
def test_compiled_is_node_by_node(group, monkeypatch):
    if group % 2:
        monkeypatch.setattr(sparse, "WRITTEN_OUT", 1)
    for seed in range(25 * group, 25 * group + 25):
        f = random_function(seed)

        def energy(x, f=f):
            return sum(y * y for y in f(x))

        fast, slope = jit(f), jit(energy)
        for k in range(2):
            x, v = point(seed + 1000 * k, f.inputs), point(seed + 5000 + k, f.inputs)
            dense, curved = jacobian(f)(x), hessian(energy)(x)
            assert_equals(fast(x), f(x))
            assert_equals(grad(slope)(x), grad(energy)(x))
            assert_equals(jacobian(fast, sparse=True)(x), dense)
            assert_equals(hessian(slope, sparse=True)(x), curved)
            if seed % 3 == 0:
                assert_equals(jacobian(fast)(x), dense)
                assert_equals(hessian(slope)(x), curved)
                assert_equals(hvp(slope, x, v), np.array(curved) @ v)
                assert_equals(jvp(fast, (x,), (v,))[1], np.array(dense) @ v)
                u = point(seed + 9000, len(f.outputs))
                assert_equals(vjp(fast, x)[1](u)[0], u @ np.array(dense))


@pytest.mark.parametrize("group", range(5))
def test_rows_at_once_are_rows_one_by_one(group):
    for seed in range(10 * group, 10 * group + 10):
        f = random_function(seed)
        X = np.array([point(seed + k, f.inputs) for k in range(7)])
        fast = jit(f)
        assert_equals(fast.map(X), [f(x) for x in X.tolist()])
        assert_equals(jacobian(fast).map(X), [jacobian(f)(x) for x in X.tolist()])
        for found, x in zip(jacobian(fast, sparse=True).map(X), X.tolist(), strict=True):
            assert_equals(found, jacobian(f)(x))
