"""Which part of a first call is spent on holding the program to its nodes: at most 15 %.

A first call records, compiles and runs a program whose structure nobody knows yet. It is timed
as it is and with nothing verified, in turn; printed is the least of each, in µs of processor time,
and what the difference makes of the whole. Noise of some µs remains: look at several runs.

Run `python tests/benchmarks/verified.py`, or with the beginning of a name.
"""

from __future__ import annotations

import gc
import random
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import process_time
from unittest.mock import patch

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # run from anywhere

import autograd as ag
import nn
from autograd import Program, dot, tanh, total
from autograd.program import machine
from autograd.program.executors import registry
from autograd.program.plans import PLANS
from tests.benchmarks.first_calls import Graph, batch, leaves, tangle, words

MOST = 15.0  # %
SECONDS = 1.0  # for each graph


def chain(count: int) -> Graph:
    """So many operations, each of the result before."""
    x, w = leaves(random.Random(0), 2), leaves(random.Random(1), 2)
    steps = [
        lambda v: v * w[0], lambda v: v + x[0], tanh,
        lambda v: v * x[1], lambda v: v - w[1], ag.sin,
    ]  # fmt: skip
    value = x[0]
    for k in range(count):
        value = steps[k % len(steps)](value)
    return value, x, w


def network(sizes: list[int]) -> Graph:
    """A network of one example; its target is a class where it has several outputs."""
    model = nn.MLP(sizes[0], sizes[1:], activation="tanh", seed=0)
    inputs = leaves(random.Random(0), sizes[0] + 1)
    found = model(inputs[:-1])
    if len(found) > 1:
        return nn.cross_entropy(found, 3), inputs[:-1], model.parameters()
    return nn.half_squared_error(found, [inputs[-1]]), inputs, model.parameters()


def attention(letters: int, width: int = 4) -> Graph:
    """One head over so many letters."""
    rng = random.Random(0)
    weights = [[leaves(rng, width) for _ in range(width)] for _ in range(3)]
    rows = [leaves(rng, width) for _ in range(letters)]
    queries, keys, values = ([[dot(w, x) for w in part] for x in rows] for part in weights)
    out = []
    for q in queries:
        shares = ag.softmax([dot(q, k) for k in keys])
        out += [dot(shares, list(column)) for column in zip(*values, strict=True)]
    parameters = [w for part in weights for row in part for w in row]
    return total([x * x for x in out]), [x for row in rows for x in row], parameters


GRAPHS: dict[str, Callable[[], Graph]] = {
    **{f"{n} operation{'s' * (n > 1)} in a row": partial(chain, n) for n in (1, 3, 8, 20, 50, 200)},
    "moons, 337 parameters": partial(network, [2, 16, 16, 1]),
    "digits, 64-32-10": partial(network, [64, 32, 10]),
    "attention over 4 letters": partial(attention, 4),
    "a batch of 30": partial(batch, 10_000),
    "bags of words": partial(words, 10_000),
    "random": partial(tangle, 10_000),
}


def unverified(executor: str, dtype: str, plan: object, recording: object) -> object:
    """Let a program run as it is compiled, in the place of `machine.trusted`."""
    return registry.assemble(executor, plan, dtype)


def seconds(graph: Graph, row: object, dtype: str) -> float:
    """Return the time of one first call."""
    loss, inputs, parameters = graph
    PLANS.__init__()  # type: ignore[misc]  # nothing is known
    start = process_time()
    Program(loss, inputs=inputs, parameters=parameters, dtype=dtype)(row)
    return process_time() - start


def line(graph: Graph, dtype: str) -> str:
    """Return what is printed for a graph: µs with and without, the share."""
    row = np.array([[x.data for x in graph[1]]])
    whole, bare, spent = float("inf"), float("inf"), 0.0
    while spent < SECONDS:
        last = seconds(graph, row, dtype)
        with patch.object(machine, "trusted", unverified):
            other = seconds(graph, row, dtype)
        whole, bare, spent = min(whole, last), min(bare, other), spent + last + other
    share = 100.0 * (whole - bare) / whole
    return f"{1e6 * whole:10.0f}{1e6 * bare:10.0f}{share:8.1f} %{'  MISSED' * (share > MOST)}"


def main() -> None:
    """Print a line for each graph."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    gc.collect()
    gc.freeze()
    for dtype in ("float64", "float32"):
        print(f"{dtype + ', µs':28}  verified       not     share")
        for name, make in GRAPHS.items():
            if name.startswith(wanted):
                print(f"{name:28}{line(make(), dtype)}", flush=True)


if __name__ == "__main__":
    main()
