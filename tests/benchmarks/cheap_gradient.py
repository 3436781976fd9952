"""What a gradient costs, as a multiple of evaluating the same Values.

The cheap-gradient principle (Baur & Strassen 1983; Griewank & Walther 2008, ch. 4) bounds the
operations of function and gradient together by about four or five times those of the
function, whatever the number of inputs. Each program below is evaluated on Values, and
evaluated and differentiated by all of its inputs; both take turns in blocks, and medians of
processor time over the blocks are printed. The last column is the gradient alone.

Run `python tests/benchmarks/cheap_gradient.py`; AUTOGRAD_IMPLEMENTATION=python for the
readable implementation.
"""

from __future__ import annotations

import gc
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # run from anywhere

from autograd import (
    Value,
    dot,
    erf,
    exp,
    gelu,
    gradients,
    implementation,
    log,
    logsumexp,
    sigmoid,
    sin,
    tanh,
    total,
)

BLOCKS = 25
LIMIT = 5.0

Program = Callable[[Sequence[Value]], Value]
rng = random.Random(0)
EXAMPLES = [([rng.uniform(-1, 1) for _ in range(8)], rng.choice((-1.0, 1.0))) for _ in range(60)]


def speelpenning(x: Sequence[Value]) -> Value:
    """Return the product of all inputs."""
    out = x[0]
    for y in x[1:]:
        out = out * y
    return out


def rosenbrock(x: Sequence[Value]) -> Value:
    """Return Σ 100 (x_k+1 - x_k²)² + (1 - x_k)²."""
    return total(
        [
            100.0 * (after - before * before) ** 2 + (1.0 - before) ** 2
            for before, after in pairwise(x)
        ]
    )


def logistic_regression(w: Sequence[Value]) -> Value:
    """Return the mean log loss, written with scalar operators."""
    losses = []
    for x, y in EXAMPLES:
        score = w[-1]
        for weight, feature in zip(w, x, strict=False):
            score = score + weight * feature
        losses.append(-log(sigmoid(score * y)))
    return total(losses) * (1.0 / len(losses))


def network(w: Sequence[Value]) -> Value:
    """Return the squared error of an 8-8-1 network of fused dot products."""
    rows = [tuple(w[9 * j : 9 * j + 8]) for j in range(8)]
    errors = []
    for x, y in EXAMPLES:
        hidden = [tanh(dot(row, x, w[9 * j + 8])) for j, row in enumerate(rows)]
        errors.append((dot(w[72:80], hidden, w[80]) - y) ** 2)
    return total(errors)


def pendulum(x: Sequence[Value]) -> Value:
    """Return the angle after 200 steps of a damped pendulum (semi-implicit Euler)."""
    angle, speed, damping, length = x
    for _ in range(200):
        speed = speed - 0.01 * (9.81 / length * sin(angle) + damping * speed)
        angle = angle + 0.01 * speed
    return angle


def rows_in_python(x: Sequence[Value]) -> Value:
    """Return a mixture of primitives whose rows the compiled code leaves to Python."""
    return logsumexp([erf(y) + gelu(y) * exp(-y * y) for y in x])


PROGRAMS: dict[str, tuple[Program, int]] = {
    "product of 1 000 inputs": (speelpenning, 1000),
    "Rosenbrock, 500 inputs": (rosenbrock, 500),
    "logistic regression": (logistic_regression, 9),
    "network 8-8-1, 60 examples": (network, 81),
    "pendulum, 200 steps": (pendulum, 4),
    "rows left to Python": (rows_in_python, 200),
}


def seconds(run: Callable[[], object], repeats: int) -> float:
    start = time.process_time()
    for _ in range(repeats):
        run()
    return (time.process_time() - start) / repeats


def measured(program: Program, inputs: int) -> tuple[float, float]:
    """Return the median times of evaluating and of evaluating with the gradient."""
    x = [Value(0.5 + rng.random()) for _ in range(inputs)]

    def evaluate() -> object:
        return program(x)

    def differentiate() -> object:
        return gradients(program(x), x)

    repeats = max(1, int(0.01 / seconds(differentiate, 3)))
    plain, both = [], []
    for _ in range(BLOCKS):
        gc.collect()
        plain.append(seconds(evaluate, repeats))
        both.append(seconds(differentiate, repeats))
    return statistics.median(plain), statistics.median(both)


def main() -> None:
    print(f"implementation: {implementation}\n")
    print(f"{'program':28} {'value':>10} {'+ gradient':>11} {'ratio':>6} {'gradient/value':>15}")
    worst = 0.0
    for name, (program, inputs) in PROGRAMS.items():
        plain, both = measured(program, inputs)
        worst = max(worst, both / plain)
        print(
            f"{name:28} {plain * 1e6:8.1f}us {both * 1e6:9.1f}us {both / plain:6.2f} "
            f"{both / plain - 1.0:15.2f}"
        )
    print(f"\nworst ratio {worst:.2f}, principle: at most {LIMIT:g}")


if __name__ == "__main__":
    main()
