"""The log-likelihood of a mixture of Gaussians and its gradient: ADBench's GMM problem.

With Qₖ lower triangular, exp(qₖ) on its diagonal, and a Wishart prior of γ and m:
L = Σᵢ log Σₖ exp(αₖ + Σ qₖ - ½ |Qₖ (xᵢ - μₖ)|²) - n log Σₖ exp αₖ - ½ n d log 2π
  + Σₖ (½ γ² |Qₖ|² - m Σ qₖ) - constants.
The elements of Qₖ below its diagonal are stored column by column.
Source: Srajer, Kukelova & Fitzgibbon 2018, "A benchmark of selected algorithmic differentiation
tools on some problems in computer vision and machine learning", section 2.1.
"""

from __future__ import annotations

import math
import os
from itertools import pairwise

from tests.benchmarks.harness import Contest, Side

GAMMA, M = 1.0, 0
SIZES = {  # d, K, n and how often a round takes it
    "d=2 K=5 n=100": (2, 5, 100, 300),
    "d=2 K=5 n=1000": (2, 5, 1000, 60),
    "d=10 K=10 n=1000": (10, 10, 1000, 10),
}


def data(size):
    """α (K), μ (K, d), q (K, d), l (K, d (d - 1) / 2) and x (n, d)."""
    import numpy as np

    d, K, n, _ = SIZES[size]
    rng = np.random.default_rng(0)
    shapes = (K,), (K, d), (K, d), (K, d * (d - 1) // 2)
    alphas, means, logs, below = (rng.normal(size=shape) / 2 for shape in shapes)
    return (alphas, means, logs, below), rng.normal(size=(n, d))


def constant(d, K, n):
    """What L has beside the sums: of the normal distribution, and of the prior."""
    degrees = d + M + 1
    gammas = sum(math.lgamma(0.5 * degrees - 0.5 * j) for j in range(d))
    log_gamma = 0.25 * d * (d - 1) * math.log(math.pi) + gammas
    prior = degrees * d * (math.log(GAMMA) - 0.5 * math.log(2)) - log_gamma
    return -0.5 * n * d * math.log(2 * math.pi) - K * prior


def likelihood(functions, x, alphas, means, logs, below):
    """The part of L that belongs to one example; `functions` has exp and logsumexp."""
    d, terms = len(x), []
    for alpha, mean, q, low in zip(alphas, means, logs, below, strict=True):
        centered = [a - b for a, b in zip(x, mean, strict=True)]
        rows = [functions.exp(q[i]) * centered[i] for i in range(d)]
        at = 0
        for j in range(d):
            for i in range(j + 1, d):
                rows[i] = rows[i] + low[at] * centered[j]
                at += 1
        terms.append(alpha + sum(q) - 0.5 * sum(row * row for row in rows))
    return functions.logsumexp(terms) - functions.logsumexp(list(alphas))


def prior(functions, logs, below):
    """The logarithm of the prior, without its constant."""
    squares = sum(functions.exp(q) ** 2 for row in logs for q in row)
    squares = squares + sum(a * a for row in below for a in row)
    return 0.5 * GAMMA**2 * squares - M * sum(q for row in logs for q in row)


def recorded(size):
    """L / n of one example as a graph, with its inputs and parameters."""
    import autograd
    from autograd import Value

    parts, X = data(size)
    alphas, means, logs, below = (
        [*map(Value, part)] if part.ndim == 1 else [[*map(Value, row)] for row in part.tolist()]
        for part in parts
    )
    x = [Value(0.1 * k) for k in range(X.shape[1])]
    loss = likelihood(autograd, x, alphas, means, logs, below)
    loss = loss + prior(autograd, logs, below) / len(X)
    rows = [*means, *logs, *below]
    return loss, x, [*alphas, *(a for row in rows for a in row)], X


def program(size, executor="native"):
    from autograd import Program

    loss, x, parameters, X = recorded(size)
    compiled = Program(loss, inputs=x, parameters=parameters, executor=executor)
    d, K, n, _ = SIZES[size]
    cost, gradient = compiled(X)
    check = [n * cost + constant(d, K, n), *(n * gradient)]
    return (lambda times: [compiled(X) for _ in range(times)]), check


def by_hand(size):
    import numpy as np

    (alphas, means, logs, below), X = data(size)
    d, K, n, _ = SIZES[size]
    columns, rows = np.triu_indices(d, 1)  # column by column of the lower triangle
    diagonal = np.arange(d)

    def step():
        Q = np.zeros((K, d, d))
        scales = np.exp(logs)
        Q[:, diagonal, diagonal] = scales
        Q[:, rows, columns] = below
        centered = X - means[:, None]
        whitened = centered @ Q.transpose(0, 2, 1)
        terms = np.einsum("kni,kni->kn", whitened, whitened)
        terms *= -0.5
        terms += (alphas + logs.sum(axis=1))[:, None]
        peak = terms.max(axis=0)
        np.exp(terms - peak, out=terms)
        total = terms.sum(axis=0)
        shares = np.exp(alphas - alphas.max())
        value = (peak + np.log(total)).sum() - n * (alphas.max() + np.log(shares.sum()))
        value += 0.5 * GAMMA**2 * (np.vdot(scales, scales) + np.vdot(below, below))
        value -= M * logs.sum()
        terms /= total
        weights = terms.sum(axis=1)
        whitened *= terms[..., None]
        dQ = -(whitened.transpose(0, 2, 1) @ centered)
        dmeans = np.einsum("kni,kij->kj", whitened, Q)
        dlogs = dQ[:, diagonal, diagonal] * scales + weights[:, None]
        dlogs += GAMMA**2 * scales**2 - M
        dbelow = dQ[:, rows, columns] + GAMMA**2 * below
        dalphas = weights - n * shares / shares.sum()
        return value, (dalphas, dmeans, dlogs, dbelow)

    value, slopes = step()
    check = [value + constant(d, K, n), *(a for part in slopes for a in part.ravel())]
    return (lambda times: [step() for _ in range(times)]), check


def jax_jit(size):
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    import jax
    import jax.numpy as jnp
    import numpy as np

    jax.config.update("jax_enable_x64", True)
    parts, X = data(size)
    d, K, n, _ = SIZES[size]
    columns, rows = np.triu_indices(d, 1)
    parts, X = [jnp.asarray(part) for part in parts], jnp.asarray(X)

    def value(parts):
        alphas, means, logs, below = parts
        scales = jnp.exp(logs)
        Q = jax.vmap(jnp.diag)(scales).at[:, rows, columns].set(below)
        whitened = jnp.einsum("kij,knj->kni", Q, X - means[:, None])
        terms = (alphas + logs.sum(axis=1))[:, None] - 0.5 * (whitened**2).sum(axis=2)
        found = jax.nn.logsumexp(terms, axis=0).sum() - n * jax.nn.logsumexp(alphas)
        squares = (scales**2).sum() + (below**2).sum()
        return found + 0.5 * GAMMA**2 * squares - M * logs.sum()

    both = jax.jit(jax.value_and_grad(value))
    cost, slopes = both(parts)
    check = [float(cost) + constant(d, K, n), *(float(a) for p in slopes for a in p.ravel())]
    return (lambda times: [jax.block_until_ready(both(parts)) for _ in range(times)]), check


def casadi_map(size):
    import casadi
    import numpy as np

    parts, X = data(size)
    d, K, n, _ = SIZES[size]
    counts = [part.size for part in parts]
    p, x = casadi.SX.sym("p", sum(counts)), casadi.SX.sym("x", d)
    flat, starts = casadi.vertsplit(p), np.cumsum([0, *counts])
    pieces = [flat[a:b] for a, b in pairwise(starts)]
    tables = [
        [piece[k * (len(piece) // K) :][: len(piece) // K] for k in range(K)] for piece in pieces
    ]

    class Functions:
        exp = staticmethod(casadi.exp)
        logsumexp = staticmethod(lambda terms: casadi.logsumexp(casadi.vertcat(*terms)))

    loss = likelihood(Functions, casadi.vertsplit(x), pieces[0], *tables[1:])
    loss = loss + prior(Functions, *tables[2:]) / n
    one = casadi.Function("one", [p, x], [loss, casadi.gradient(loss, p)]).map(n)
    numbers = np.concatenate([part.ravel() for part in parts])
    given = casadi.repmat(casadi.DM(numbers), 1, n), casadi.DM(X.T)

    def step():
        costs, slopes = one(*given)
        return casadi.sum2(costs), casadi.sum2(slopes)

    cost, slopes = step()
    check = [float(cost) + constant(d, K, n), *slopes.full().ravel()]
    return (lambda times: [step() for _ in range(times)]), check


PEERS = {
    "program": ("program",),
    "numpy executor": ("program", "numpy"),
    "NumPy by hand": ("by_hand",),
    "JAX jit": ("jax_jit",),
    "CasADi": ("casadi_map",),
}


def contests():
    for size, (*_, times) in SIZES.items():
        sides = [
            Side(peer, f"mixtures:{make}", (size, *more), times)
            for peer, (make, *more) in PEERS.items()
        ]
        yield Contest(f"mixture of Gaussians {size}", tuple(sides), "gradient", 1e-9)
