"""What compiled derivatives cost: beside each other, beside node by node, beside CasADi."""

from __future__ import annotations

from itertools import pairwise

from tests.benchmarks.harness import Contest, Side


def rosenbrock(x):
    """Return Σ 100 (x_k+1 - x_k²)² + (1 - x_k)²."""
    from autograd import total

    return total([100.0 * (b - a * a) ** 2.0 + (1.0 - a) ** 2.0 for a, b in pairwise(x)])


def network(w):
    """Return the squared norm of a square layer of tanh."""
    from autograd import tanh, total

    n = int(len(w) ** 0.5)
    z = [tanh(total([w[i * n + j] * (0.1 * j - 0.3) for j in range(n)])) for i in range(n)]
    return total([a * a for a in z])


def derivative(name, n, how):
    """A derivative of a function of n numbers."""
    import numpy as np

    from autograd import hessian, hvp, jit, value_and_grad

    f = {"rosenbrock": rosenbrock, "network": network}[name]
    x, compiled = np.random.default_rng(0).normal(size=n).tolist(), jit(f)
    outer, inner = value_and_grad(compiled), jit(value_and_grad(f))
    eager, fast = hessian(f), jit(hessian(f))
    calls = {
        "gradient": lambda: compiled.value_and_grad(x),
        "value_and_grad(jit(f))": lambda: outer(x),
        "jit(value_and_grad(f))": lambda: inner(x),
        "hvp": lambda: hvp(compiled, x, x),
        "eager Hessian": lambda: eager(x),
        "Hessian": lambda: fast(x),
        "first Hessian": lambda: _first(f)(x),
    }
    call = calls[how]
    for _ in range(2):  # matrices are compiled by the second call
        found = call()
    check = np.ravel(np.array(found[1] if "grad" in how else found, float)).tolist()[:5]
    return (lambda times: [call() for _ in range(times)]), check


def _first(f):
    from autograd import hessian, jit
    from autograd.program.plans import PLANS

    PLANS.__init__()
    return jit(hessian(f))


def sparse(n, who):
    """A sparse Hessian of n numbers; CasADi is called with an array as well."""
    import numpy as np

    x = np.random.default_rng(0).normal(size=n)
    if who == "CasADi":
        import casadi

        v = casadi.SX.sym("x", n)
        f = casadi.sum1(100 * (v[1:] - v[:-1] ** 2) ** 2 + (1 - v[:-1]) ** 2)
        function = casadi.Function("H", [v], [casadi.hessian(f, v)[0]])
        call = lambda: function(x).sparse()
    else:
        from autograd import hessian, jit

        function = hessian(jit(rosenbrock), sparse=True)
        call = lambda: function(x)
    call()
    return (lambda times: [call() for _ in range(times)]), call().diagonal()[:5]


def contests():
    gradients = ("gradient", "value_and_grad(jit(f))", "jit(value_and_grad(f))")
    for name in ("rosenbrock", "network"):
        for n in (49, 196):
            for title, ways, times in (
                ("gradient", gradients, 30), ("product with the Hessian", ("gradient", "hvp"), 30),
                ("Hessian", ("eager Hessian", "Hessian", "first Hessian"), 1),
            ):  # fmt: skip
                sides = [Side(how, "derivatives:derivative", (name, n, how), times) for how in ways]
                # a gradient and a product are different numbers
                close = 1e-9 if title != "product with the Hessian" else float("inf")
                yield Contest(f"{title} of {name} {n}", tuple(sides), "call", close)
    for n in (200, 10_000):
        sides = [Side(who, "derivatives:sparse", (n, who), 3) for who in ("jit", "CasADi")]
        yield Contest(f"sparse Hessian {n}", tuple(sides), "call")
