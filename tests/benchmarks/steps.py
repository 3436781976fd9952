"""A full training step in long calls: forward, backward, gradient descent.

JAX runs one jitted call a step and is waited for at the end; its scan of all steps is a side of
its own. Loss and gradient of serial programs stand beside CasADi.
"""

from __future__ import annotations

import math
import os
from itertools import pairwise

from tests.benchmarks.harness import Contest, Side

TASKS = {  # sizes, examples, whether the last layer is a classifier, steps a round
    "moons": ((2, 16, 16, 1), 100, False, 500),
    "digits": ((64, 32, 10), 32, True, 500),
    "mnist": ((784, 128, 10), 32, True, 60),
    "lanes": ((16, 16, 1), 100_000, False, 3),
    "pendulum": ((), 1, False, 60),  # 1000 steps of Runge and Kutta: loss and gradient
    "lorenz": ((), 1, False, 200),  # 1000 steps of Euler, no sine in them
    "recurrence": ((), 1, False, 300),  # 500 steps of a network of one unit
    "rnn": ((4, 32, 1), 1, False, 60),  # 200 steps of 32 units, full steps of training
}
RATE, CHECKED = 0.01, 5


def data(task, dtype):
    """Weights (fan_in, fan_out), biases, X and y of a task."""
    import numpy as np

    sizes, m, classes, _ = TASKS[task]
    rng = np.random.default_rng(0)
    layers = [(rng.normal(size=(a, b)) / a**0.5, np.zeros(b)) for a, b in pairwise(sizes)]
    X = rng.normal(size=(m, sizes[0]))
    y = rng.integers(0, sizes[-1], m) if classes else rng.choice([-1.0, 1.0], (m, 1))
    return [(W.astype(dtype), b.astype(dtype)) for W, b in layers], X.astype(dtype), y


def run_and_costs(run):
    """Return a side: the costs of its first steps are its check."""
    return run, [float(cost) for cost in run(CHECKED)]


def program(task, dtype, executor="native"):
    import numpy as np

    from autograd import Program, Value, dot, logsumexp, take, tanh

    class Descent:
        def rule(self, w, g, state, step):
            return w - RATE * g, state

    layers, X, y = data(task, dtype)
    inputs = [Value(0.0) for _ in range(X.shape[1])]
    a, parameters = inputs, []
    for k, (W, b) in enumerate(layers):
        w = [tuple(map(Value, column.tolist())) for column in W.T]
        biases = [Value(x) for x in b.tolist()]
        parameters += [x for row in w for x in row] + biases
        a = tuple(a)
        a = [dot(row, a, bias) for row, bias in zip(w, biases, strict=True)]
        if k < len(layers) - 1:
            a = [tanh(z) for z in a]
    target = Value(0.0)
    loss = logsumexp(a) - take(a, target) if TASKS[task][2] else 0.5 * (a[0] - target) ** 2
    compiled = Program(
        loss, inputs=[*inputs, target], parameters=parameters, dtype=dtype, executor=executor
    )
    rows = np.ascontiguousarray(np.column_stack([X, y]), dtype=dtype)
    descent = Descent()
    return run_and_costs(lambda steps: compiled.train(rows, descent, steps))


def by_hand(task, dtype):
    import numpy as np

    layers, X, y = data(task, dtype)
    classes, m = TASKS[task][2], len(X)
    rate = np.dtype(dtype).type(RATE)
    y = y if classes else y.astype(dtype)
    rows = np.arange(m)

    def step():
        activations = [X]
        for k, (W, b) in enumerate(layers):
            z = activations[-1] @ W
            z += b
            activations.append(np.tanh(z, out=z) if k < len(layers) - 1 else z)
        out = activations.pop()
        if classes:
            out -= out.max(axis=1, keepdims=True)
            np.exp(out, out=out)
            out /= out.sum(axis=1, keepdims=True)
            cost = -np.log(out[rows, y]).mean()
            out[rows, y] -= 1
            delta = out
        else:
            delta = out - y
            cost = 0.5 * (delta * delta).mean()
        delta /= m
        for k in reversed(range(len(layers))):
            (W, b), a = layers[k], activations[k]
            dW, db = a.T @ delta, delta.sum(axis=0)
            if k:
                delta = delta @ W.T
                delta *= 1 - a * a
            dW *= rate
            W -= dW
            b -= rate * db
        return cost

    return run_and_costs(lambda steps: [step() for _ in range(steps)])


def pytorch(task, dtype):
    import torch

    torch.set_num_threads(1)
    torch.set_default_dtype(getattr(torch, dtype))
    layers, X, y = data(task, dtype)
    parts = []
    for W, b in layers:
        linear = torch.nn.Linear(*W.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(W.T))
            linear.bias.copy_(torch.tensor(b))
        parts += [linear, torch.nn.Tanh()]
    model = torch.nn.Sequential(*parts[:-1])
    classes = TASKS[task][2]
    X, y = torch.tensor(X), torch.tensor(y) if classes else torch.tensor(y.astype(dtype))
    loss = torch.nn.CrossEntropyLoss() if classes else lambda a, y: 0.5 * ((a - y) ** 2).mean()
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)

    def step():
        optimizer.zero_grad()
        cost = loss(model(X), y)
        cost.backward()
        optimizer.step()
        return cost.detach()

    return run_and_costs(lambda steps: [step() for _ in range(steps)])


def jax_jit(task, dtype, scanned=False):
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", dtype == "float64")
    layers, X, y = data(task, dtype)
    classes = TASKS[task][2]
    X, y = jnp.asarray(X), jnp.asarray(y) if classes else jnp.asarray(y.astype(dtype))

    def cost(layers):
        a = X
        for k, (W, b) in enumerate(layers):
            a = a @ W + b
            a = jnp.tanh(a) if k < len(layers) - 1 else a
        if classes:
            return -jax.nn.log_softmax(a)[jnp.arange(len(X)), y].mean()
        return 0.5 * ((a - y) ** 2).mean()

    def step(layers):
        c, gradient = jax.value_and_grad(cost)(layers)
        return c, jax.tree.map(lambda w, g: w - RATE * g, layers, gradient)

    state = [jax.tree.map(jnp.asarray, layers)]
    if scanned:
        all_steps = {}

        def run(steps):
            def whole(layers):
                after, costs = jax.lax.scan(lambda w, _: step(w)[::-1], layers, length=steps)
                return costs, after

            known = all_steps.setdefault(steps, jax.jit(whole, donate_argnums=0))
            costs, state[0] = jax.block_until_ready(known(state[0]))
            return costs

        return run_and_costs(run)
    step = jax.jit(step, donate_argnums=0)

    def run(steps):
        costs = []
        for _ in range(steps):
            c, state[0] = step(state[0])
            costs.append(c)
        jax.block_until_ready(state[0])
        return costs

    return run_and_costs(run)


def end_of_pendulum(functions, k, c, x, v, steps=1000, h=0.01):
    for _ in range(steps):
        slopes, (a, b) = [], (0.0, 0.0)
        for part in (0.0, h / 2, h / 2, h):
            at, speed = x + part * a, v + part * b
            a, b = speed, -k * functions.sin(at) - c * speed
            slopes.append((a, b))
        (a1, b1), (a2, b2), (a3, b3), (a4, b4) = slopes
        x = x + h / 6 * (a1 + 2 * a2 + 2 * a3 + a4)
        v = v + h / 6 * (b1 + 2 * b2 + 2 * b3 + b4)
    return x * x + v * v


def end_of_lorenz(functions, a, b, c, x, y, z, steps=1000, h=0.005):
    for _ in range(steps):
        dx, dy, dz = a * (y - x), x * (b - z) - y, x * y - c * z
        x, y, z = x + h * dx, y + h * dy, z + h * dz
    return x * x + y * y + z * z


def end_of_recurrence(functions, w, u, b, state, steps=500):
    for k in range(steps):
        state = functions.tanh(w * state + u * math.sin(k) + b)
    return state * state


SERIAL_TASKS = {  # the loss of its parameters, and where they start
    "pendulum": (end_of_pendulum, (1.3, 0.1, 1.0, 0.0)),
    "lorenz": (end_of_lorenz, (10.0, 28.0, 8 / 3, 1.0, 1.0, 1.0)),
    "recurrence": (end_of_recurrence, (0.5, 0.3, 0.1, 0.2)),
}


def serial(task, dtype):
    import numpy as np

    import autograd

    loss, start = SERIAL_TASKS[task]
    parameters = [autograd.Value(number) for number in start]
    root = loss(autograd, *parameters)
    compiled = autograd.Program(root, inputs=[], parameters=parameters, dtype=dtype)
    rows = np.empty((1, 0), dtype)
    cost, gradient = compiled(rows)
    return (lambda steps: [compiled(rows) for _ in range(steps)]), [cost, *gradient]


def casadi_sx(task, dtype):
    import casadi
    import numpy as np

    loss, start = SERIAL_TASKS[task]
    p = casadi.SX.sym("p", len(start))
    root = loss(casadi, *(p[k] for k in range(len(start))))
    function = casadi.Function(task, [p], [root, casadi.gradient(root, p)])
    call, evaluate = function.buffer()
    arrays = np.array(start), np.zeros(1), np.zeros(len(start))
    call.set_arg(0, memoryview(arrays[0]))
    call.set_res(0, memoryview(arrays[1]))
    call.set_res(1, memoryview(arrays[2]))
    kept = function, call, arrays  # the buffers refer to them
    evaluate()
    check = [*arrays[1], *arrays[2]]
    return (lambda steps: [(kept, evaluate()) for _ in range(steps)]), check


def recurrent_data(dtype, steps=200):
    """U (units, inputs), W (units, units), b, the weights of the output; and the inputs."""
    import numpy as np

    width, units, _ = TASKS["rnn"][0]
    rng = np.random.default_rng(0)
    parts = rng.normal(size=(units, width)) / 2, rng.normal(size=(units, units)) / units**0.5
    parts = *parts, np.zeros(units), rng.normal(size=units)
    return [x.astype(dtype) for x in parts], rng.normal(size=(steps, width)).astype(dtype)


def recurrent(task, dtype):
    import numpy as np

    from autograd import Program, Value, dot, tanh

    class Descent:
        def rule(self, w, g, state, step):
            return w - RATE * g, state

    (U, W, b, out), X = recurrent_data(dtype)
    u, w = ([[*map(Value, row)] for row in part.tolist()] for part in (U, W))
    bias, weights = ([*map(Value, part.tolist())] for part in (b, out))
    x = [[*map(Value, row)] for row in X.tolist()]
    state = [0.0] * len(w)
    for own in x:
        drive = [dot(row, own, shift) for row, shift in zip(u, bias, strict=True)]
        state = [tanh(dot(row, state, z)) for row, z in zip(w, drive, strict=True)]
    loss = 0.5 * (dot(weights, state) - 0.3) ** 2
    parameters = [*(a for row in (*u, *w) for a in row), *bias, *weights]
    program = Program(
        loss, inputs=[a for own in x for a in own], parameters=parameters, dtype=dtype
    )
    rows = np.ascontiguousarray(X.reshape(1, -1))
    descent = Descent()
    return run_and_costs(lambda steps: program.train(rows, descent, steps))


def recurrent_scan(task, dtype):
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", dtype == "float64")
    parts, X = recurrent_data(dtype)
    X = jnp.asarray(X)

    def cost(parts):
        U, W, b, out = parts
        last, _ = jax.lax.scan(
            lambda h, drive: (jnp.tanh(W @ h + drive), None), jnp.zeros_like(b), X @ U.T + b
        )
        return 0.5 * (out @ last - 0.3) ** 2

    def step(parts):
        c, gradient = jax.value_and_grad(cost)(parts)
        return c, jax.tree.map(lambda w, g: w - RATE * g, parts, gradient)

    step, state = jax.jit(step), [jax.tree.map(jnp.asarray, parts)]

    def run(steps):
        costs = []
        for _ in range(steps):
            c, state[0] = step(state[0])
            costs.append(c)
        c.block_until_ready()
        return costs

    return run_and_costs(run)


NAMES = {
    "moons": "2-16-16-1", "digits": "64-32-10", "mnist": "784-128-10",
    "lanes": "16-16-1, 100 000 examples",
}  # fmt: skip
PEERS = {
    "program": ("program",),
    "numpy executor": ("program", "numpy"),
    "NumPy by hand": ("by_hand",),
    "PyTorch": ("pytorch",),
    "JAX jit": ("jax_jit",),
    "JAX scan": ("jax_jit", True),
}


def contests():
    for task, name in NAMES.items():
        for dtype, close in (("float64", 1e-9), ("float32", 1e-3)):
            sides = [
                Side(peer, f"steps:{make}", (task, dtype, *more), TASKS[task][3])
                for peer, (make, *more) in PEERS.items()
            ]
            yield Contest(f"step {name} {dtype}", tuple(sides), "step", close)
    for dtype, close in (("float64", 1e-9), ("float32", 1e-3)):
        sides = [
            Side(name, f"steps:{make}", ("rnn", dtype), TASKS["rnn"][3])
            for name, make in (("program", "recurrent"), ("JAX scan", "recurrent_scan"))
        ]
        yield Contest(f"step recurrent network, 200 steps {dtype}", tuple(sides), "step", close)
    for task in SERIAL_TASKS:
        sides = [
            Side(name, f"steps:{make}", (task, "float64"), TASKS[task][3])
            for name, make in (("program", "serial"), ("CasADi", "casadi_sx"))
        ]
        yield Contest(f"serial {task}", tuple(sides), "gradient", 1e-7)
