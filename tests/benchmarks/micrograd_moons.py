"""The two-moons step of micrograd, beside micrograd 0.1.0.

One step is forward and backward of an MLP 2-16-16-1 (relu) on 100 samples with hinge loss and
an L2 penalty, every number a scalar node. Blocks of consecutive steps, as in a training
loop, of each side take turns; a full collection before each block sees to it that nobody pays
for the garbage of another. Printed is the processor time of a step, the least and the median
over the blocks, what an operation takes, and the ratio of the medians, with the cyclic garbage
collector on (the default) and off.

Run `pip install micrograd==0.1.0` (it is in the group `peers`), then
`python tests/benchmarks/micrograd_moons.py`, and once more with
AUTOGRAD_IMPLEMENTATION=python for the readable implementation.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import sys
from collections.abc import Callable
from operator import mul
from pathlib import Path
from time import process_time

from micrograd.engine import Value as MicroValue
from micrograd.nn import MLP as MicroMLP

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # run from anywhere

from autograd import Value, dot, implementation, op_counts, relu, total

SAMPLES = 100
STEPS = {"micrograd": 3, "scalar": 9, "mapped": 9, "dot": 9}

rng = random.Random(0)
X = [(rng.uniform(-1, 1), rng.uniform(-1, 1)) for _ in range(SAMPLES)]
Y = [rng.choice((-1, 1)) for _ in range(SAMPLES)]
random.seed(1)
micro_model = MicroMLP(2, [16, 16, 1])
network = [
    [(tuple(Value(w.data) for w in n.w), Value(n.b.data)) for n in layer.neurons]
    for layer in micro_model.layers
]
parameters = tuple(p for layer in network for w, b in layer for p in (*w, b))


def micrograd_step() -> float:
    """Run one step as micrograd's own demo writes it."""
    scores = [micro_model(list(map(MicroValue, row))) for row in X]
    losses = [(1 + -y * score).relu() for y, score in zip(Y, scores, strict=True)]
    penalty = 1e-4 * sum(p * p for p in micro_model.parameters())
    cost = sum(losses) * (1.0 / len(losses)) + penalty
    micro_model.zero_grad()
    cost.backward()
    return cost.data


Weighted = Callable[[tuple[Value, ...], list[Value], Value], Value]


def summed(w: tuple[Value, ...], a: list[Value], b: Value) -> Value:
    """Return a weighted sum as micrograd writes it, by a generator."""
    return sum((wi * ai for wi, ai in zip(w, a, strict=True)), b)


def mapped(w: tuple[Value, ...], a: list[Value], b: Value) -> Value:
    """Return the same nodes without a frame of Python for each."""
    return sum(map(mul, w, a), b)


def scalar_cost(weighted: Weighted) -> Value:
    """Return the same cost by the same operators, one node each."""
    losses = []
    for row, y in zip(X, Y, strict=True):
        a = list(map(Value, row))
        for depth, layer in enumerate(network):
            z = [weighted(w, a, b) for w, b in layer]
            a = [v.relu() for v in z] if depth < 2 else z
        losses.append((1 + -y * a[0]).relu())
    penalty = 1e-4 * sum(p * p for p in parameters)
    return sum(losses) * (1.0 / len(losses)) + penalty


def scalar_step() -> float:
    """Run the same step with the same operators and the same expressions."""
    return finish(scalar_cost(summed))


def mapped_step() -> float:
    """Run the same step with sums of `map(mul, …)`."""
    return finish(scalar_cost(mapped))


def dot_cost() -> Value:
    """Return the same cost with `dot` and `total`: one node for each weighted sum."""
    losses = []
    for row, y in zip(X, Y, strict=True):
        a = tuple(map(Value, row))
        for layer in network[:-1]:
            a = tuple([relu(dot(w, a, b)) for w, b in layer])
        ((w, b),) = network[-1]
        losses.append(relu(1 - y * dot(w, a, b)))
    return total(losses) * (1.0 / len(losses)) + 1e-4 * dot(parameters, parameters)


def dot_step() -> float:
    """Run the step of `dot_cost`."""
    return finish(dot_cost())


def finish(cost: Value) -> float:
    """Zero the gradients and run the backward pass."""
    for p in parameters:
        p.grad = 0.0
    cost.backward()
    return cost.data


def block(step: Callable[[], float], count: int) -> float:
    """Return the mean processor seconds of one of `count` consecutive steps."""
    gc.collect()
    start = process_time()
    for _ in range(count):
        step()
    return (process_time() - start) / count


SIDES = {
    "micrograd": micrograd_step,
    "scalar": scalar_step,
    "mapped": mapped_step,
    "dot": dot_step,
}


def compare(rounds: int, operations: dict[str, int]) -> None:
    """Print what interleaved blocks take and the ratios to micrograd."""
    times: dict[str, list[float]] = {name: [] for name in SIDES}
    for _ in range(rounds):
        for name, step in SIDES.items():
            times[name].append(block(step, STEPS[name]))
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, seconds in medians.items():
        least, ratio = min(times[name]), medians["micrograd"] / seconds
        print(
            f"  {name:10} median {1e3 * seconds:8.3f} ms, least {1e3 * least:8.3f} ms, "
            f"{1e9 * least / operations[name]:6.0f} ns an operation, {ratio:7.1f} x"
        )


def main() -> None:
    """Check that all sides agree, then time them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    costs = [step() for step in SIDES.values()]
    if max(costs) - min(costs) > 1e-12:
        raise SystemExit(f"the sides disagree: {costs}")
    micro = [p.grad for p in micro_model.parameters()]
    for step in (scalar_step, mapped_step, dot_step):
        step()
        if max(abs(a - b.grad) for a, b in zip(micro, parameters, strict=True)) > 1e-12:
            raise SystemExit("the gradients disagree")
    scalar, few = (sum(op_counts(cost).values()) for cost in (scalar_cost(mapped), dot_cost()))
    operations = {"micrograd": scalar, "scalar": scalar, "mapped": scalar, "dot": few}
    print(f"implementation: {implementation}; cost {costs[0]:.6f} and all gradients agree")
    print("cyclic garbage collector on (the default):")
    compare(rounds, operations)
    gc.disable()
    print("cyclic garbage collector off:")
    compare(rounds, operations)


if __name__ == "__main__":
    main()
