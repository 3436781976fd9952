"""Compiled and sparse derivatives are what scipy's solvers take, as they take them."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import NonlinearConstraint, least_squares, minimize, root
from scipy.sparse import csr_array

from autograd import exp, grad, hessian, hvp, jacobian, jit, value_and_grad

N = 40


def residuals(x):
    """Return those of Rosenbrock's function: 10 (x_k+1 - x_k²) and 1 - x_k; the root is 1."""
    rows = [r for a, b in pairwise(x) for r in (10.0 * (b - a * a), 1.0 - a)]
    return np.array(rows)


def rosenbrock(x):
    return (residuals(x) ** 2).sum()


FAST, ROSENBROCK = jit(residuals), jit(rosenbrock)
START = np.full(N, 0.7)


@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
def test_least_squares_takes_a_jacobian(method):
    derivative = jacobian(FAST, sparse=method != "lm")
    found = least_squares(FAST, START, derivative, method=method, xtol=1e-14, gtol=1e-14)
    np.testing.assert_allclose(found.x, 1.0, rtol=1e-9)


def test_least_squares_takes_a_pattern():
    sparsity = jacobian(FAST, sparse=True)(START)
    found = least_squares(FAST, START, jac_sparsity=sparsity, xtol=1e-14, gtol=1e-14)
    np.testing.assert_allclose(found.x, 1.0, rtol=1e-7)


@pytest.mark.parametrize("method", ["trust-ncg", "Newton-CG"])
def test_minimize_takes_products_with_the_hessian(method):
    found = minimize(
        value_and_grad(ROSENBROCK), START, jac=True, method=method, tol=1e-10,
        hessp=lambda x, v: hvp(ROSENBROCK, x, v),
    )  # fmt: skip
    np.testing.assert_allclose(found.x, 1.0, rtol=1e-8)


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B"])
def test_line_searches_survive_where_the_function_overflows(method):
    steep = jit(lambda x: exp(x[0] * x[0]) + (x[1] - 1.0) ** 2)
    start = np.array([6.0, 0.0])  # a first step of length 1e16 and more
    found = minimize(value_and_grad(steep), start, jac=True, method=method, tol=1e-9)
    np.testing.assert_allclose(found.x, [0.0, 1.0], atol=1e-6)


def test_minimize_takes_a_sparse_hessian_and_sparse_constraints():
    """Where x_k x_k+1 = 1 for each k, x is a, 1/a, a …; 5a² + 4/a² is least at a⁴ = 4/5."""
    objective = jit(lambda x: (x * x).sum())
    products = jit(lambda x: np.array([a * b for a, b in pairwise(x)]))
    weighted = jit(lambda x, v: (v * products(x)).sum())
    constraint = NonlinearConstraint(
        products, 1.0, 1.0, jac=jacobian(products, sparse=True), hess=hessian(weighted, sparse=True)
    )
    found = minimize(
        objective, np.linspace(0.5, 2.0, 9), jac=grad(objective), method="trust-constr",
        hess=hessian(objective, sparse=True), constraints=constraint,
        options={"gtol": 1e-10, "xtol": 1e-12},
    )  # fmt: skip
    a = 0.8**0.25
    np.testing.assert_allclose(found.x, [a, 1.0 / a] * 4 + [a], rtol=1e-6)


def test_root_takes_a_jacobian():
    """Broyden's tridiagonal system (Moré, Garbow & Hillstrom 1981, problem 30)."""

    def broyden(x):
        around = np.array([0.0, *x, 0.0], dtype=object)
        return (3.0 - 2.0 * x) * x - around[:-2] - 2.0 * around[2:] + 1.0

    fast = jit(broyden)
    found = root(fast, -np.ones(30), jac=jacobian(fast), tol=1e-13)
    assert found.success
    np.testing.assert_allclose(broyden(found.x).astype(float), 0.0, atol=1e-12)


@pytest.mark.parametrize("method", ["BDF", "Radau"])
def test_solve_ivp_takes_a_sparse_jacobian(method):
    """Heat between two cold ends: sin πs decays by e^(λt), λ = 2n² (cos(π/n) - 1) on the grid."""
    n = 30

    def heat(t, u):
        around = np.array([0.0, *u, 0.0], dtype=object)
        return n * n * (around[:-2] - 2.0 * u + around[2:])

    fast = jit(heat)
    derivative = jacobian(fast, 1, sparse=True)
    start = np.sin(np.pi * np.arange(1, n) / n)
    assert isinstance(derivative(0.0, start), csr_array)
    assert derivative(0.0, start).nnz == 3 * (n - 1) - 2
    found = solve_ivp(fast, (0.0, 0.1), start, method, jac=derivative, rtol=1e-8, atol=1e-12)
    decay = np.exp(0.1 * 2 * n * n * (np.cos(np.pi / n) - 1.0))
    np.testing.assert_allclose(found.y[:, -1], decay * start, rtol=1e-6)
