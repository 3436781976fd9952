"""NIST's reference problems of nonlinear regression: certified to eleven digits.

Source: NIST StRD, https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml.
"""

import numpy as np
import pytest

from autograd import grad, hessian, jacobian, value_and_grad
from demos.nist import PROBLEMS

optimize = pytest.importorskip("scipy.optimize")

BOTH_STARTS = [
    pytest.param(problem, start, id=f"{problem.name}-{k}")
    for problem in PROBLEMS
    for k, start in enumerate(problem.starts, start=1)
]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.name)
def test_the_data_reproduce_the_certified_sum_of_squares(problem):
    assert problem.loss(problem.certified) == pytest.approx(problem.sum_of_squares, rel=1e-10)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.name)
def test_the_certified_parameters_are_a_minimum(problem):
    b = np.array(problem.certified)
    curvature = hessian(problem.loss)(b) * np.outer(b, b)  # by relative changes of b
    assert np.linalg.eigvalsh(curvature).min() > 0
    newton_step = np.linalg.solve(curvature, grad(problem.loss)(b) * b)
    assert np.abs(newton_step).max() < 1e-8  # what rounding b to eleven digits can do


@pytest.mark.parametrize(("problem", "start"), BOTH_STARTS)
def test_least_squares_with_our_jacobian_reaches_six_digits(problem, start):
    derivative = jacobian(lambda b: np.array(problem.residuals(b)))
    found = optimize.least_squares(
        lambda b: problem.residuals(b.tolist()), start, derivative,
        method="lm", xtol=1e-14, ftol=1e-14, gtol=1e-14, max_nfev=3000,
    )  # fmt: skip
    np.testing.assert_allclose(found.x, problem.certified, rtol=5e-7)


# From the far start of MGH17 every descent method that was tried ends in another minimum.
@pytest.mark.parametrize(
    ("problem", "start"), [case for case in BOTH_STARTS if case.id != "MGH17-1"]
)
def test_minimize_with_our_gradient_and_hessian_reaches_six_digits(problem, start):
    scale = np.array(start)

    def loss(multiples):
        return problem.loss(multiples * scale)

    found = optimize.minimize(
        value_and_grad(loss), np.ones(len(scale)), jac=True, hess=hessian(loss),
        method="trust-exact", tol=1e-12, options={"maxiter": 1000},
    )  # fmt: skip
    np.testing.assert_allclose(found.x * scale, problem.certified, rtol=5e-7)
