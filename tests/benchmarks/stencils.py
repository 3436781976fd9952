"""Differential equations written node by node beside slices: rows and planes with held borders.

Heat: u ← u + a (the sum of the neighbours - 2 d u), in d dimensions. Burgers, upwind:
u ← u - a u (u - left). The cost is Σ u² in the end, its gradient by the rate a and the start.
Source: LeVeque 2007, "Finite difference methods for ordinary and partial differential equations",
chapters 9 and 10.
"""

from __future__ import annotations

import os
from itertools import product

from tests.benchmarks.harness import Contest, Side

RATE = 0.2
EQUATIONS = {  # points along each axis, steps and how often a round takes it
    "heat on a rod": ((256,), 20, 100),
    "heat on a plate": ((32, 32), 10, 30),
    "Burgers on a line": ((256,), 20, 100),
}


def data(name):
    import numpy as np

    shape, steps, _ = EQUATIONS[name]
    return np.random.default_rng(0).uniform(0.0, 1.0, shape), steps


def recorded(name):
    """The cost as a graph, the start, row by row, and the rate."""
    from autograd import Value, total

    start, steps = data(name)
    u, rate = [Value(x) for x in start.ravel().tolist()], Value(RATE)
    x, step = u, _burgers if name.startswith("Burgers") else _heat
    for _ in range(steps):
        x = step(x, rate, start.shape)
    return total([a * a for a in x]), u, rate


def _heat(x, rate, shape):
    strides = [1] if len(shape) == 1 else [shape[1], 1]
    found = list(x)
    for place in product(*[range(1, n - 1) for n in shape]):
        at = sum(k * stride for k, stride in zip(place, strides, strict=True))
        around = sum(x[at - stride] + x[at + stride] for stride in strides)
        found[at] = x[at] + rate * (around - 2 * len(shape) * x[at])
    return found


def _burgers(x, rate, shape):
    return [x[0], *[x[i] - rate * x[i] * (x[i] - x[i - 1]) for i in range(1, len(x))]]


def program(name, executor="auto", tape=False):
    """A program, held to the engine first; as a tape, if wanted, whatever it would choose."""
    import numpy as np

    from autograd import Program
    from autograd.program.executors import registry

    loss, u, rate = recorded(name)
    if tape:
        registry.is_irregular = lambda *_: True
    compiled = Program(loss, inputs=[], parameters=[*u, rate], executor=executor)
    row = np.empty((1, 0))
    cost, gradient = compiled(row)
    loss.backward()
    np.testing.assert_allclose(gradient, [x.grad for x in (*u, rate)], rtol=1e-10, atol=1e-12)
    return (lambda times: [compiled(row) for _ in range(times)]), [cost, *gradient]


def by_hand(name):
    import numpy as np

    start, steps = data(name)
    forth, back = _slices_of_burgers() if name.startswith("Burgers") else _slices(np, start.ndim)

    def step():
        states = [start]
        for _ in range(steps):
            states.append(forth(states[-1]))
        adjoint, rate = 2 * states[-1], 0.0
        for x in states[-2::-1]:
            adjoint, more = back(x, adjoint)
            rate += more
        return np.vdot(states[-1], states[-1]), adjoint, rate

    cost, adjoint, rate = step()
    check = [float(cost), *adjoint.ravel().tolist(), float(rate)]
    return (lambda times: [step() for _ in range(times)]), check


def _slices(np, dimensions):
    """Return a step of heat, x → y, and back, (x, ∂y) → (∂x, ∂a)."""
    inner = (slice(1, -1),) * dimensions
    around = [
        tuple(side if k == axis else slice(1, -1) for k in range(dimensions))
        for axis in range(dimensions)
        for side in (slice(None, -2), slice(2, None))
    ]

    def flow(x):
        found = -2.0 * dimensions * x[inner]
        for neighbours in around:
            found += x[neighbours]
        return found

    def forth(x):
        y = x.copy()
        y[inner] += RATE * flow(x)
        return y

    def back(x, adjoint):
        own, found = RATE * adjoint[inner], adjoint.copy()
        found[inner] -= 2.0 * dimensions * own
        for neighbours in around:
            found[neighbours] += own
        return found, np.vdot(own, flow(x)) / RATE

    return forth, back


def _slices_of_burgers():
    def forth(x):
        y = x.copy()
        y[1:] -= RATE * x[1:] * (x[1:] - x[:-1])
        return y

    def back(x, adjoint):
        own, found, slope = RATE * adjoint[1:], adjoint.copy(), x[1:] - x[:-1]
        found[1:] -= own * (x[1:] + slope)
        found[:-1] += own * x[1:]
        return found, -(own @ (x[1:] * slope)) / RATE

    return forth, back


def jax_jit(name):
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    start, steps = data(name)

    def flow(x):
        if name.startswith("Burgers"):
            return jnp.concatenate([jnp.zeros(1), -x[1:] * (x[1:] - x[:-1])])
        inner = (slice(1, -1),) * x.ndim
        found = sum(jnp.roll(x, k, axis) for axis in range(x.ndim) for k in (1, -1))
        return jnp.zeros_like(x).at[inner].set((found - 2.0 * x.ndim * x)[inner])

    def cost(x, rate):
        for _ in range(steps):
            x = x + rate * flow(x)
        return (x * x).sum()

    both, arguments = jax.jit(jax.value_and_grad(cost, (0, 1))), (jnp.asarray(start), RATE)
    found, (adjoint, rate) = both(*arguments)
    check = [float(found), *adjoint.ravel().tolist(), float(rate)]
    return (lambda times: [jax.block_until_ready(both(*arguments)) for _ in range(times)]), check


PEERS = {
    "program": ("program",),
    "tape": ("program", "auto", True),
    "numpy executor": ("program", "numpy"),
    "NumPy by hand": ("by_hand",),
    "JAX jit": ("jax_jit",),
}


def contests():
    for name, (shape, steps, times) in EQUATIONS.items():
        sides = [
            Side(peer, f"stencils:{make}", (name, *more), times)
            for peer, (make, *more) in PEERS.items()
        ]
        title = f"stencil: {name}, {' × '.join(map(str, shape))} points, {steps} steps"
        yield Contest(title, tuple(sides), "gradient", 1e-9)
