"""What compiled derivatives cost: beside each other, node by node, programs by hand, and CasADi.

Each line is a ratio of two times that take turns in one process, repetition by repetition, so that
what else the machine does meets both: the ratio of the least times, which has its bound, and the
median of the ratios of neighbours. CasADi is optional (pip install casadi); it is called with an
array, as we are, and returns its own sparse matrix.

Run `python tests/benchmarks/compiled.py`.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # run from anywhere

from autograd import (
    Program,
    Value,
    hessian,
    hvp,
    jacobian,
    jit,
    tanh,
    total,
    value_and_grad,
)
from autograd.program.plans import PLANS

TURNS, FIRST_CALLS = 50, 5
CAMERAS, POINTS, OBSERVATIONS = 49, 7776, 31_843  # of ADBench's first problem


def rosenbrock(x: Any) -> Any:
    """Return Σ 100 (x_k+1 - x_k²)² + (1 - x_k)²."""
    return total([100.0 * (b - a * a) ** 2.0 + (1.0 - a) ** 2.0 for a, b in pairwise(x)])


def network(w: Any) -> Any:
    """Return the squared norm of a square layer of tanh."""
    n = int(len(w) ** 0.5)
    z = [tanh(total([w[i * n + j] * (0.1 * j - 0.3) for j in range(n)])) for i in range(n)]
    return total([a * a for a in z])


def side_by_side(
    ours: Callable[[], Any], theirs: Callable[[], Any], times: int, turns: int = TURNS
) -> list[list[float]]:
    """Return the seconds of one call of each, of all turns."""
    found: list[list[float]] = [[], []]
    for f in (ours, theirs):
        f(), f()
    for turn in range(turns):
        for k, f in ((0, ours), (1, theirs))[:: 1 - 2 * (turn % 2)]:
            start = time.perf_counter()
            for _ in range(times):
                f()
            found[k].append((time.perf_counter() - start) / times)
    return found


def once(make: Callable[[], Callable[[], Any]], theirs: Callable[[], Any]) -> list[list[float]]:
    """Return the seconds of first calls of what is made, nothing being known, and of theirs."""
    found: list[list[float]] = [[], []]
    theirs()
    for _ in range(FIRST_CALLS):
        PLANS.__init__()  # type: ignore[misc]
        for k, f in enumerate((make(), theirs)):
            start = time.perf_counter()
            f()
            found[k].append(time.perf_counter() - start)
    return found


def report(what: str, times: list[list[float]], bound: float) -> None:
    """Print the least times, their ratio beside its bound, and the median of ratios."""
    ours, theirs = (1e6 * min(x) for x in times)
    middle = statistics.median(a / b for a, b in zip(*times, strict=True))
    mark = "" if ours <= bound * theirs else "  <- above"
    ratios = f"{ours / theirs:5.2f}  {middle:5.2f}"
    print(f"{what:58} {ours:10.1f} {theirs:10.1f} µs  {ratios}  ≤ {bound:g}{mark}")


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

    def beside(
        what: str, bound: float, ours: Any, theirs: Any, times: int = 10, turns: int = TURNS
    ) -> None:
        report(f"{f.__name__} n = {n}: {what}", side_by_side(ours, theirs, times, turns), bound)

    beside("value_and_grad(jit(f))", 1.5, lambda: outer(x), lambda: method(x))
    beside("jit(value_and_grad(f))", 1.5, lambda: inner(x), lambda: method(x))
    beside("hvp / gradient", 4.0, lambda: hvp(compiled, x, x), lambda: method(x))
    report(f"{f.__name__} n = {n}: first Hessian / eager", once(first, lambda: slow(x)), 3.0)
    beside("later Hessians / eager", 1.0, lambda: fast(x), lambda: slow(x), 1, 10)


def sparse(n: int) -> None:
    """Compare a sparse Hessian with CasADi's."""
    x = np.random.default_rng(0).normal(size=n)
    ours = hessian(jit(rosenbrock), sparse=True)
    try:
        import casadi
    except ImportError:
        alone = min(side_by_side(lambda: ours(x), lambda: None, 3)[0])
        print(f"sparse Hessian n = {n}: {1e6 * alone:.1f} µs")
        return
    v = casadi.SX.sym("x", n)
    f = casadi.sum1(100 * (v[1:] - v[:-1] ** 2) ** 2 + (1 - v[:-1]) ** 2)
    theirs = casadi.Function("H", [v], [casadi.hessian(f, v)[0]])
    assert abs(ours(x) - theirs(x).sparse()).max() <= 1e-12 * abs(ours(x)).max()
    report(
        f"sparse Hessian n = {n} / CasADi", side_by_side(lambda: ours(x), lambda: theirs(x), 3), 2.0
    )


def by_hand(model: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return what finds the entries of a bundle adjustment's Jacobian by two programs.

    Each has one of the two numbers of an observation, whose twelve unknowns are its inputs.
    """
    inputs = [Value(1.0 + 0.1 * k) for k in range(12)]
    programs = [Program(y, inputs=inputs, parameters=[]) for y in model(inputs[:9], inputs[9:])]

    def entries(cameras: Any, points: Any) -> Any:
        rows = np.hstack([cameras, points])
        found = np.empty((len(rows), 2, 12))
        for k, program in enumerate(programs):
            found[:, k] = program.derivatives([], rows)[2] * len(rows)
        return found.ravel()

    return entries


def bundle_adjustment() -> None:
    """Compare the sparse Jacobian of a bundle adjustment with two programs by hand."""
    demo = import_module("demos.11_bundle_adjustment")
    rng, split = np.random.default_rng(0), 9 * CAMERAS
    lens = np.tile([800.0, -0.1, 0.02], (CAMERAS, 1))
    places = np.column_stack([rng.normal(scale=0.2, size=(CAMERAS, 2)), np.full(CAMERAS, 8.0)])
    cameras = np.hstack([rng.normal(scale=0.3, size=(CAMERAS, 3)), places, lens])
    x = np.concatenate([cameras.ravel(), rng.normal(size=3 * POINTS)])
    seen = [(int(rng.integers(CAMERAS)), k % POINTS) for k in range(OBSERVATIONS)]
    pixels = rng.normal(scale=100.0, size=(OBSERVATIONS, 2)).tolist()

    def errors(unknowns: Any) -> Any:
        cameras, points = unknowns[:split].reshape(-1, 9), unknowns[split:].reshape(-1, 3)
        models = (demo.projected(cameras[c], points[p]) for c, p in seen)
        return [a - b for uv, ab in zip(models, pixels, strict=True)
                for a, b in zip(uv, ab, strict=True)]  # fmt: skip

    ours, theirs = jacobian(jit(errors), sparse=True), by_hand(demo.projected)
    of_camera, of_point = (np.array(column) for column in zip(*seen, strict=True))
    columns = np.hstack(
        [of_camera[:, None] * 9 + np.arange(9), split + of_point[:, None] * 3 + np.arange(3)]
    )
    indices = np.repeat(columns[:, None], 2, axis=1).ravel()
    starts, shape = np.arange(0, 24 * OBSERVATIONS + 1, 12), (2 * OBSERVATIONS, len(x))

    def filled() -> Any:
        entries = theirs(x[:split].reshape(-1, 9)[of_camera], x[split:].reshape(-1, 3)[of_point])
        return csr_array((entries, indices, starts), shape=shape)

    start = time.perf_counter()
    found = ours(x)
    print(f"bundle adjustment, first call {time.perf_counter() - start:.2f} s")
    assert abs(found - filled()).max() <= 1e-12 * abs(found).max()
    times = side_by_side(lambda: ours(x), filled, 1, 30)
    report(f"bundle adjustment, {OBSERVATIONS} observations / by hand", times, 2.0)


if __name__ == "__main__":
    print(f"{'':58} {'ours':>10} {'theirs':>10}     least median")
    for size in (49, 196):
        for function in (rosenbrock, network):
            transformations(function, size)
    for size in (200, 10_000):
        sparse(size)
    bundle_adjustment()
