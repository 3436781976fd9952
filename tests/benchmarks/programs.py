"""Time a full training step of a program beside PyTorch, JAX, NumPy by hand (and CasADi).

    python tests/benchmarks/programs.py [--task moons] [--dtype float64] [--rounds 21]

Every peer lives in a process of its own, on one thread, and they take turns: a round asks
each for the time of many steps (forward, backward, gradient descent), and the median over
the rounds is printed, with ratios to the native program. JAX is waited for once, at the end
of a round. A peer that is not installed is left out.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import subprocess
import sys
import time
from itertools import pairwise

TASKS = {  # sizes, examples, whether the last layer is a classifier, steps a round
    "moons": ((2, 16, 16, 1), 100, False, 500),
    "digits": ((64, 32, 10), 32, True, 500),
    "mnist": ((784, 128, 10), 32, True, 60),
    "pendulum": ((), 1, False, 20),  # 1000 steps of Runge and Kutta: loss and gradient
    "lorenz": ((), 1, False, 20),  # 1000 steps of Euler, no sine in them
    "recurrence": ((), 1, False, 20),  # 500 steps of a network of one unit
    "rnn": ((4, 32, 1), 1, False, 60),  # 200 steps of 32 units, full steps of training
}
RATE = 0.01


def data(task, dtype):
    """Weights (fan_in, fan_out), biases, X and y of a task."""
    import numpy as np

    sizes, m, classes, _ = TASKS[task]
    rng = np.random.default_rng(0)
    layers = [(rng.normal(size=(a, b)) / a**0.5, np.zeros(b)) for a, b in pairwise(sizes)]
    X = rng.normal(size=(m, sizes[0]))
    y = rng.integers(0, sizes[-1], m) if classes else rng.choice([-1.0, 1.0], (m, 1))
    return [(W.astype(dtype), b.astype(dtype)) for W, b in layers], X.astype(dtype), y


def program(task, dtype, executor="native"):
    import numpy as np

    from autograd import Program, Value, dot, logsumexp, take, tanh

    class Descent:
        def rule(self, w, g, state, step):
            return w - RATE * g, state

    layers, X, y = data(task, dtype)
    start = time.perf_counter()
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
    compiled(rows)
    print(f"first call {1e3 * (time.perf_counter() - start):.1f} ms", file=sys.stderr)
    return lambda steps: compiled.train(rows, Descent(), steps)


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

    return lambda steps: [step() for _ in range(steps)]


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
    loss = torch.nn.CrossEntropyLoss() if classes else torch.nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)

    def run(steps):
        for _ in range(steps):
            optimizer.zero_grad()
            cost = loss(model(X), y)
            cost.backward()
            optimizer.step()

    return run


def jax_jit(task, dtype):
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

    step = jax.jit(step, donate_argnums=0)
    state = [jax.tree.map(jnp.asarray, layers)]

    def run(steps):
        for _ in range(steps):
            c, state[0] = step(state[0])
        c.block_until_ready()
        jax.block_until_ready(state[0])

    return run


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
    return lambda steps: [compiled(rows) for _ in range(steps)]


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
    return lambda steps: [(kept, evaluate()) for _ in range(steps)]


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
    return lambda steps: program.train(rows, Descent(), steps)


def jax_scan(task, dtype):
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
        for _ in range(steps):
            c, state[0] = step(state[0])
        c.block_until_ready()

    return run


PEERS = {
    "native": program,
    "numpy executor": lambda task, dtype: program(task, dtype, "numpy"),
    "NumPy by hand": by_hand,
    "PyTorch": pytorch,
    "JAX jit": jax_jit,
}
SERIAL = {"native": serial, "CasADi": casadi_sx}
RECURRENT = {"native": recurrent, "JAX scan": jax_scan}


def peers_of(task):
    if task == "rnn":
        return RECURRENT
    return SERIAL if task in SERIAL_TASKS else PEERS


def serve(peer, task, dtype):
    """Answer each line with the microseconds of one step."""
    run, steps = peers_of(task)[peer](task, dtype), TASKS[task][3]
    run(max(3, steps // 10))
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        run(steps)
        print(1e6 * (time.perf_counter() - start) / steps, flush=True)


def started(peer, task, dtype):
    quiet = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    process = subprocess.Popen(
        [sys.executable, __file__, "--serve", peer, "--task", task, "--dtype", dtype],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **quiet},
    )  # fmt: skip
    return process if process.stdout.readline().strip() == "ready" else None


def compare(task, dtype, rounds):
    found = {peer: started(peer, task, dtype) for peer in peers_of(task)}
    times = {peer: [] for peer, process in found.items() if process}
    for _ in range(rounds):
        for peer in times:
            found[peer].stdin.write("go\n")
            found[peer].stdin.flush()
            times[peer].append(float(found[peer].stdout.readline()))
    for process in found.values():
        if process:
            process.stdin.close()
            process.wait()
    print(f"\n{task} {dtype}: {TASKS[task][0]} × {TASKS[task][1]}, {rounds} rounds")
    base = statistics.median(times["native"])
    for peer, column in times.items():
        middle = statistics.median(column)
        ratio = statistics.median(a / b for a, b in zip(column, times["native"], strict=True))
        print(
            f"  {peer:<15} median {middle:8.1f} µs   least {min(column):8.1f} µs   "
            f"{middle / base:6.2f} ×   (round by round {ratio:.2f} ×)"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", choices=TASKS, action="append")
    parser.add_argument("--dtype", choices=("float64", "float32"), action="append")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.task[0], options.dtype[0])
        return
    for task in options.task or TASKS:
        both = ("float64",) if task in SERIAL_TASKS else ("float64", "float32")
        for dtype in options.dtype or both:
            compare(task, dtype, options.rounds)


if __name__ == "__main__":
    main()
