"""Fit six problems of NIST's reference set for nonlinear regression, from both starts.

The model is plain scalar Python; its derivatives are exact. `jacobian` drives the
Levenberg-Marquardt method of `scipy.optimize.least_squares`, `value_and_grad` and `hessian` a
trust-region Newton method of `scipy.optimize.minimize`. Printed is to how many digits the
parameters agree with the certified ones: NIST certifies eleven, and calls four good.

    python demos/06_nist_regression.py
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run from anywhere

import numpy as np
from scipy.optimize import least_squares, minimize

from autograd import hessian, jacobian, value_and_grad
from demos.nist import PROBLEMS, Problem


def by_least_squares(problem: Problem, start: Sequence[float]) -> Any:
    """Return the parameters found by Levenberg and Marquardt with the exact Jacobian."""
    derivative = jacobian(lambda b: np.array(problem.residuals(b)))
    found = least_squares(
        lambda b: problem.residuals(b.tolist()), start, derivative,
        method="lm", xtol=1e-14, ftol=1e-14, gtol=1e-14, max_nfev=3000,
    )  # fmt: skip
    return found.x


def by_newton(problem: Problem, start: Sequence[float]) -> Any:
    """Return the parameters found by Newton's method in a trust region.

    The unknowns are the parameters as multiples of the start, for they differ in size.
    """
    scale = np.array(start)

    def loss(multiples: Any) -> Any:
        return problem.loss(multiples * scale)

    found = minimize(
        value_and_grad(loss), np.ones(len(scale)), jac=True, hess=hessian(loss),
        method="trust-exact", tol=1e-12, options={"maxiter": 1000},
    )  # fmt: skip
    return scale * found.x


def digits(found: Sequence[float], problem: Problem) -> float:
    """Return to how many digits the worst of the parameters agrees with the certified one."""
    pairs = zip(found, problem.certified, strict=True)
    worst = max(abs(b - certified) / abs(certified) for b, certified in pairs)
    return min(11.0, -math.log10(max(worst, 1e-16)))


def main() -> None:
    print("Digits that agree with the certified parameters (11 are given)\n")
    print(f"{'problem':9} {'start':>5} {'least_squares':>15} {'minimize':>10}   sum of squares")
    for problem in PROBLEMS:
        for number, start in enumerate(problem.starts, start=1):
            fitted = by_least_squares(problem, start)
            agreed = [digits(fitted, problem), digits(by_newton(problem, start), problem)]
            shown = [f"{d:.1f}" if d > 1 else "another" for d in agreed]
            print(
                f"{problem.name:9} {number:5} {shown[0]:>15} {shown[1]:>10}   "
                f"{problem.loss(fitted):.10e}  (certified {problem.sum_of_squares:.10e})"
            )
    print("\n'another': the search ended in another minimum; far starts are hard on purpose.")
    print("least_squares is given jacobian(f); minimize value_and_grad(f) and hessian(f).")


if __name__ == "__main__":
    main()
