"""The two-moons step of micrograd, beside micrograd 0.1.0.

One step is forward and backward of an MLP 2-16-16-1 (relu) on 100 samples with hinge loss and
an L2 penalty, every number a scalar node. Blocks of consecutive steps, as in a training
loop, of each side take turns; a full collection before each block sees to it that nobody pays
for the garbage of another. Printed are medians over the blocks and their ratios, with the
cyclic garbage collector on (the default) and off.

Run `pip install micrograd==0.1.0` (it is in the group `peers`), then
`python tests/benchmarks/micrograd_moons.py`, and once more with
AUTOGRAD_IMPLEMENTATION=python for the readable implementation.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import time
from collections.abc import Callable

from micrograd.engine import Value as MicroValue
from micrograd.nn import MLP as MicroMLP

from autograd import Value, dot, implementation, relu, total

SAMPLES = 100
STEPS = {"micrograd": 3, "scalar": 9, "dot": 9}

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


def scalar_step() -> float:
    """Run the same step with the same operators, one node each."""
    losses = []
    for row, y in zip(X, Y, strict=True):
        a = list(map(Value, row))
        for depth, layer in enumerate(network):
            z = [sum((wi * ai for wi, ai in zip(w, a, strict=True)), b) for w, b in layer]
            a = [v.relu() for v in z] if depth < 2 else z
        losses.append((1 + -y * a[0]).relu())
    penalty = 1e-4 * sum(p * p for p in parameters)
    return finish(sum(losses) * (1.0 / len(losses)) + penalty)


def dot_step() -> float:
    """Run the same step with `dot` and `total`: one node for each weighted sum."""
    losses = []
    for row, y in zip(X, Y, strict=True):
        a = tuple(map(Value, row))
        for layer in network[:-1]:
            a = tuple([relu(dot(w, a, b)) for w, b in layer])
        ((w, b),) = network[-1]
        losses.append(relu(1 - y * dot(w, a, b)))
    return finish(total(losses) * (1.0 / len(losses)) + 1e-4 * dot(parameters, parameters))


def finish(cost: Value) -> float:
    """Zero the gradients and run the backward pass."""
    for p in parameters:
        p.grad = 0.0
    cost.backward()
    return cost.data


def block(step: Callable[[], float], count: int) -> float:
    """Return the mean seconds of one of `count` consecutive steps."""
    gc.collect()
    start = time.perf_counter()
    for _ in range(count):
        step()
    return (time.perf_counter() - start) / count


def compare(rounds: int) -> None:
    """Print medians of interleaved blocks and the ratios to micrograd."""
    sides = {"micrograd": micrograd_step, "scalar": scalar_step, "dot": dot_step}
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, step in sides.items():
            times[name].append(block(step, STEPS[name]))
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, seconds in medians.items():
        print(f"  {name:10} {1e3 * seconds:9.3f} ms   {medians['micrograd'] / seconds:7.1f} x")


def main() -> None:
    """Check that all sides agree, then time them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    costs = micrograd_step(), scalar_step(), dot_step()
    if max(costs) - min(costs) > 1e-12:
        raise SystemExit(f"the sides disagree: {costs}")
    micro = [p.grad for p in micro_model.parameters()]
    if max(abs(a - b.grad) for a, b in zip(micro, parameters, strict=True)) > 1e-12:
        raise SystemExit("the gradients disagree")
    print(f"implementation: {implementation}; cost {costs[0]:.6f} and all gradients agree")
    print("cyclic garbage collector on (the default):")
    compare(rounds)
    gc.disable()
    print("cyclic garbage collector off:")
    compare(rounds)


if __name__ == "__main__":
    main()
