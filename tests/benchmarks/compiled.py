"""What compiled derivatives cost: beside each other, beside node by node, beside CasADi.

Each line is a ratio of two times that take turns in one process, with its bound: medians of the
least of some repetitions. CasADi is optional (pip install casadi); it is called with an array, as
we are, and returns its own sparse matrix.

Run `python tests/benchmarks/compiled.py`.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # run from anywhere

from autograd import hessian, hvp, jit, tanh, total, value_and_grad
from autograd.program.plans import PLANS

TURNS, REPETITIONS = 5, 10


def rosenbrock(x: Any) -> Any:
    """Return Σ 100 (x_k+1 - x_k²)² + (1 - x_k)²."""
    return total([100.0 * (b - a * a) ** 2.0 + (1.0 - a) ** 2.0 for a, b in pairwise(x)])


def network(w: Any) -> Any:
    """Return the squared norm of a square layer of tanh."""
    n = int(len(w) ** 0.5)
    z = [tanh(total([w[i * n + j] * (0.1 * j - 0.3) for j in range(n)])) for i in range(n)]
    return total([a * a for a in z])


def side_by_side(ours: Callable[[], Any], theirs: Callable[[], Any], times: int) -> list[float]:
    """Return the seconds of one call of each, medians over turns of the best repetition."""
    found: list[list[float]] = [[], []]
    for f in (ours, theirs):
        f(), f()
    for _ in range(TURNS):
        for k, f in enumerate((ours, theirs)):
            best = float("inf")
            for _ in range(REPETITIONS):
                start = time.perf_counter()
                for _ in range(times):
                    f()
                best = min(best, (time.perf_counter() - start) / times)
            found[k].append(best)
    return [statistics.median(x) for x in found]


def once(make: Callable[[], Callable[[], Any]], theirs: Callable[[], Any]) -> list[float]:
    """Return the seconds of the first call of what is made, nothing being known, and of theirs."""
    found: list[list[float]] = [[], []]
    theirs()
    for _ in range(TURNS):
        PLANS.__init__()  # type: ignore[misc]
        for k, f in enumerate((make(), theirs)):
            start = time.perf_counter()
            f()
            found[k].append(time.perf_counter() - start)
    return [statistics.median(x) for x in found]


def report(what: str, times: list[float], bound: float) -> None:
    """Print a ratio beside its bound."""
    ours, theirs = (1e6 * x for x in times)
    mark = "" if ours <= bound * theirs else "  <- above"
    print(f"{what:58} {ours:10.1f} {theirs:10.1f} µs  {ours / theirs:5.2f}  ≤ {bound:g}{mark}")


def transformations(f: Callable[[Any], Any], n: int) -> None:
    """Compare the ways to ask for a gradient, a product with the Hessian, and a first call."""
    x = np.random.default_rng(0).normal(size=n).tolist()
    compiled, method = jit(f), jit(f).value_and_grad
    outer, inner, slow, fast = (
        value_and_grad(compiled), jit(value_and_grad(f)), hessian(f), jit(hessian(f))
    )  # fmt: skip

    def first() -> Callable[[], Any]:
        fresh = jit(hessian(f))
        return lambda: fresh(x)

    def beside(what: str, bound: float, ours: Any, theirs: Any, times: int = 30) -> None:
        report(f"{f.__name__} n = {n}: {what}", side_by_side(ours, theirs, times), bound)

    beside("value_and_grad(jit(f))", 1.5, lambda: outer(x), lambda: method(x))
    beside("jit(value_and_grad(f))", 1.5, lambda: inner(x), lambda: method(x))
    beside("hvp / gradient", 4.0, lambda: hvp(compiled, x, x), lambda: method(x))
    report(f"{f.__name__} n = {n}: first Hessian / eager", once(first, lambda: slow(x)), 3.0)
    beside("later Hessians / eager", 1.0, lambda: fast(x), lambda: slow(x), 1)


def sparse(n: int) -> None:
    """Compare a sparse Hessian with CasADi's."""
    x = np.random.default_rng(0).normal(size=n)
    ours = hessian(jit(rosenbrock), sparse=True)
    try:
        import casadi
    except ImportError:
        alone = side_by_side(lambda: ours(x), lambda: None, 3)[0]
        print(f"sparse Hessian n = {n}: {1e6 * alone:.1f} µs")
        return
    v = casadi.SX.sym("x", n)
    f = casadi.sum1(100 * (v[1:] - v[:-1] ** 2) ** 2 + (1 - v[:-1]) ** 2)
    theirs = casadi.Function("H", [v], [casadi.hessian(f, v)[0]])
    assert abs(ours(x) - theirs(x).sparse()).max() <= 1e-12 * abs(ours(x)).max()
    report(
        f"sparse Hessian n = {n} / CasADi", side_by_side(lambda: ours(x), lambda: theirs(x), 3), 2.0
    )


if __name__ == "__main__":
    print(f"{'':58} {'ours':>10} {'theirs':>10}")
    for size in (49, 196):
        for function in (rosenbrock, network):
            transformations(function, size)
    for size in (200, 10_000):
        sparse(size)
