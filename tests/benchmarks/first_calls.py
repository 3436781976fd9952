"""What the first call of a program costs a node: recorded, grouped, laid out, verified and run.

Nothing is known of the structure each time. A product inside of a `dot` counts as a node, as it is
one where it is written with operators. Regular graphs, in which few operations are done for many
nodes together, have a bound of 1 µs a node, irregular and serial ones of 2 µs. Every gradient is
held to that of a backward pass first. Printed is processor time: the least of some turns.

Run `python tests/benchmarks/first_calls.py --most 6` for up to about 10⁶ nodes.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
from collections.abc import Callable
from importlib import import_module
from itertools import starmap
from operator import mul
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # run from anywhere

import autograd as ag
import nn
from autograd import Program, Value, dot, tanh, total
from autograd.program.plans import PLANS
from tests.benchmarks.steps import end_of_pendulum

Graph = tuple[Value, list[Value], list[Value]]  # the loss, inputs, parameters
REGULAR, IRREGULAR = 1.0, 2.0  # µs a node
TURNS = 5


def leaves(rng: random.Random, count: int) -> list[Value]:
    """Return leaves with numbers that keep tanh away from its ends."""
    return [Value(rng.gauss(0.0, 0.3)) for _ in range(count)]


def layers(size: int) -> Graph:
    """A network of one example, its neurons written with `dot`."""
    n = max(4, int(size**0.5))
    model = nn.MLP(n, [n, 1], activation="tanh", seed=0)
    inputs = leaves(random.Random(0), n + 1)
    return nn.half_squared_error(model(inputs[:-1]), [inputs[-1]]), inputs, model.parameters()


def batch(size: int) -> Graph:
    """A network of 8-16-1 with a whole batch in one graph, its neurons written with operators."""
    rng = random.Random(0)
    w = [leaves(rng, 9) for _ in range(16)]
    out = leaves(rng, 17)
    rows = [leaves(rng, 9) for _ in range(max(2, size // 340))]
    losses = []
    for *x, y in rows:
        hidden = [tanh(sum(map(mul, row, x), row[-1])) for row in w]
        losses.append((sum(map(mul, out, hidden), out[-1]) - y) ** 2)
    parameters = [a for row in (*w, out) for a in row]
    return total(losses) / len(rows), [a for row in rows for a in row], parameters


def written(size: int) -> Graph:
    """The same network with examples written in numbers, by `dot`."""
    rng = random.Random(0)
    model = nn.MLP(8, [16, 1], activation="tanh", seed=0)
    losses = []
    for _ in range(max(2, size // 190)):
        *x, y = [rng.gauss(0.0, 1.0) for _ in range(9)]
        losses.append(nn.half_squared_error(model(x), [y]))
    return total(losses) / len(losses), [], model.parameters()


def words(size: int) -> Graph:
    """A bag of words: means of rows of a table, of as many rows as a sentence has words."""
    rng, width = random.Random(0), 8
    table = [leaves(rng, width) for _ in range(max(10, size // 80))]
    w, losses = leaves(rng, width), []
    for _ in range(max(2, size // 150)):
        sentence = rng.choices(table, k=rng.randint(3, 30))
        bag = [sum(column) / len(sentence) for column in zip(*sentence, strict=True)]
        losses.append(ag.softplus(dot(w, bag)))
    return total(losses) / len(losses), [], [a for row in (*table, w) for a in row]


def ragged(size: int) -> Graph:
    """Rows of 1 to 30 products of the same 64 weights."""
    rng = random.Random(0)
    w, x, losses = leaves(rng, 64), leaves(rng, 64), []
    for _ in range(max(2, size // 32)):
        some = range(rng.randint(1, 30))
        losses.append(tanh(sum(starmap(mul, [(w[k], x[7 * k % 64]) for k in some]))))
    return total(losses) / len(losses), x, w


def recurrent(size: int) -> Graph:
    """A recurrent network of 200 steps, as wide as it takes."""
    rng, n = random.Random(0), max(4, int((size / 200) ** 0.5))
    w, b = [leaves(rng, n) for _ in range(n)], leaves(rng, n)
    drive, state = [leaves(rng, n) for _ in range(200)], leaves(rng, n)
    parameters = [*(a for row in w for a in row), *b, *state]
    for x in drive:
        state = [tanh(dot(row, state, z + c)) for row, z, c in zip(w, x, b, strict=True)]
    return total([a * a for a in state]), [a for x in drive for a in x], parameters


def integrator(size: int) -> Graph:
    """Runge and Kutta's steps of a damped pendulum, one after another."""
    parameters = list(map(Value, (0.5, 0.1, 9.81, 0.2)))
    return end_of_pendulum(ag, *parameters, max(1, size // 62), 1e-3), [], parameters


def transformer(size: int) -> Graph:
    """The GPT of demos/09_gpt.py, over as many letters as it takes; at least one."""
    demo: Any = import_module("demos.09_gpt")
    demo.CONTEXT = max(1, size // 4200)
    model, letters = demo.GPT(seed=1), [Value(float(k % 27)) for k in range(demo.CONTEXT + 1)]
    scores = zip(model.logits(letters[:-1]), letters[1:], strict=True)
    losses = [ag.logsumexp(z) - ag.take(z, letter) for z, letter in scores]
    return total(losses) / len(losses), letters, model.parameters


def tangle(size: int) -> Graph:
    """A random graph of smooth operations, whose nodes have little in common."""
    rng = random.Random(3)
    inputs, parameters = leaves(rng, 3), leaves(rng, 4)
    pool = [*inputs, *parameters]
    ways: list[Callable[[Any, Any], Any]] = [
        lambda a, b: a + b, lambda a, b: a * b * 0.5, lambda a, b: 0.3 - a, lambda a, b: tanh(a),
        lambda a, b: a / (1.5 + b * b), lambda a, b: ag.sin(a), lambda a, b: ag.exp(-a * a),
    ]  # fmt: skip
    while len(pool) < size // 2:
        pool.append(rng.choice(ways)(rng.choice(pool), rng.choice(pool)))
    return total(pool) / len(pool), inputs, parameters


GRAPHS: dict[str, tuple[Callable[[int], Graph], float]] = {
    "layers, with dot": (layers, REGULAR),
    "a batch, with operators": (batch, REGULAR),
    "a batch of numbers": (written, REGULAR),
    "bags of words": (words, REGULAR),
    "ragged rows": (ragged, REGULAR),
    "recurrent, 200 steps": (recurrent, IRREGULAR),
    "a transformer of letters": (transformer, IRREGULAR),
    "Runge and Kutta": (integrator, IRREGULAR),
    "random": (tangle, IRREGULAR),
}


def require_equal(program: Program, row: Any, loss: Value) -> None:
    """Stop where the gradient is not that of a backward pass."""
    for x in program.parameters:
        x.grad = 0.0
    loss.backward()
    expected = np.array([x.grad for x in program.parameters])
    if not np.allclose(program(row)[1], expected, rtol=1e-9, atol=1e-12 * abs(expected).max()):
        raise SystemExit("a gradient is not that of a backward pass")


def line(make: Callable[[int], Graph], bound: float, size: int) -> str:
    """Return what is printed for one graph: nodes, µs a node, the bound."""
    loss, inputs, parameters = make(size)
    row = np.array([[x.data for x in inputs]])
    program = Program(loss, inputs=inputs, parameters=parameters)
    require_equal(program, row, loss)
    recording, seconds = program.recording, []
    nodes = max(len(recording), len(recording.flat) // 2)
    for _ in range(TURNS if size < 10**6 else 2):
        PLANS.__init__()  # type: ignore[misc]  # nothing is known
        start = process_time()
        Program(loss, inputs=inputs, parameters=parameters)(row)
        seconds.append(process_time() - start)
    each = 1e6 * min(seconds) / nodes
    return f"{nodes:12,d}{each:10.2f}{bound:10.1f}{'' if each <= bound else '  MISSED'}"


def main() -> None:
    """Print a table for each graph."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=5, help="the largest power of ten (default 5)")
    most = parser.parse_args().most
    gc.collect()
    gc.freeze()
    print(f"{'first calls':26}       nodes µs a node     bound")
    for name, (make, bound) in GRAPHS.items():
        for power in range(4, most + 1):
            print(f"{name:26}{line(make, bound, 10**power)}", flush=True)


if __name__ == "__main__":
    main()
