"""Node by node: the two-moons step beside micrograd 0.1.0, and what a gradient costs.

One step is forward and backward of an MLP 2-16-16-1 (relu) on 100 samples with hinge loss and
an L2 penalty, every number a scalar node.

The cheap-gradient principle (Baur & Strassen 1983; Griewank & Walther 2008, ch. 4) bounds the
operations of function and gradient together by about four or five times those of the
function, whatever the number of inputs.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from operator import mul

from autograd import (
    Value,
    dot,
    erf,
    exp,
    gelu,
    gradients,
    log,
    logsumexp,
    relu,
    sigmoid,
    sin,
    tanh,
    total,
)
from tests.benchmarks.harness import Contest, Side

SAMPLES = 100
STEPS = {"micrograd": 3, "scalar": 9, "mapped": 9, "dot": 9}

rng = random.Random(0)
X = [(rng.uniform(-1, 1), rng.uniform(-1, 1)) for _ in range(SAMPLES)]
Y = [rng.choice((-1, 1)) for _ in range(SAMPLES)]
WEIGHTS = [
    [([rng.uniform(-1, 1) for _ in range(m)], 0.0) for _ in range(n)]
    for m, n in pairwise((2, 16, 16, 1))
]
network = [[(tuple(map(Value, w)), Value(b)) for w, b in layer] for layer in WEIGHTS]
parameters = tuple(p for layer in network for w, b in layer for p in (*w, b))


def moons(side: str) -> tuple[Callable[[int], object], list[float]]:
    """Return steps of one of the sides, with its cost and gradient."""
    if side == "micrograd":
        return micrograd()
    step = {"scalar": scalar_step, "mapped": mapped_step, "dot": dot_step}[side]
    cost = step()
    return (lambda times: [step() for _ in range(times)]), [cost, *[p.grad for p in parameters]]


def micrograd() -> tuple[Callable[[int], object], list[float]]:
    """Return the step as micrograd's own demo writes it."""
    from micrograd.engine import Value as Node
    from micrograd.nn import MLP

    model = MLP(2, [16, 16, 1])
    for layer, given in zip(model.layers, WEIGHTS, strict=True):
        for neuron, (w, b) in zip(layer.neurons, given, strict=True):
            neuron.w, neuron.b = list(map(Node, w)), Node(b)

    def step() -> float:
        scores = [model(list(map(Node, row))) for row in X]
        losses = [(1 + -y * score).relu() for y, score in zip(Y, scores, strict=True)]
        penalty = 1e-4 * sum(p * p for p in model.parameters())
        cost = sum(losses) * (1.0 / len(losses)) + penalty
        model.zero_grad()
        cost.backward()
        return cost.data

    cost = step()
    check = [cost, *[p.grad for p in model.parameters()]]
    return (lambda times: [step() for _ in range(times)]), check


Weighted = Callable[[tuple[Value, ...], list[Value], Value], Value]


def summed(w: tuple[Value, ...], a: list[Value], b: Value) -> Value:
    """Return a weighted sum as micrograd writes it, by a generator."""
    return sum((wi * ai for wi, ai in zip(w, a, strict=True)), b)


def mapped(w: tuple[Value, ...], a: list[Value], b: Value) -> Value:
    """Return the same nodes without a frame of Python for each."""
    return sum(map(mul, w, a), b)


def scalar_step() -> float:
    """Run the same step with the same operators, one node each."""
    return finish(scalar_cost(summed))


def mapped_step() -> float:
    """Run the same step with sums of `map(mul, …)`."""
    return finish(scalar_cost(mapped))


def scalar_cost(weighted: Weighted) -> Value:
    """Return the cost by scalar operators."""
    losses = []
    for row, y in zip(X, Y, strict=True):
        a = list(map(Value, row))
        for depth, layer in enumerate(network):
            z = [weighted(w, a, b) for w, b in layer]
            a = [v.relu() for v in z] if depth < 2 else z
        losses.append((1 + -y * a[0]).relu())
    penalty = 1e-4 * sum(p * p for p in parameters)
    return sum(losses) * (1.0 / len(losses)) + penalty


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


Program = Callable[[Sequence[Value]], Value]
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


def small_network(w: Sequence[Value]) -> Value:
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
    "network 8-8-1, 60 examples": (small_network, 81),
    "pendulum, 200 steps": (pendulum, 4),
    "rows left to Python": (rows_in_python, 200),
}


def cheap(name: str, both: bool) -> tuple[Callable[[int], object], list[float]]:
    """Evaluate a program, with its gradient or without."""
    program, inputs = PROGRAMS[name]
    start = random.Random(1)
    x = [Value(0.5 + start.random()) for _ in range(inputs)]
    call = (lambda: gradients(program(x), x)) if both else (lambda: program(x))
    return (lambda times: [call() for _ in range(times)]), [program(x).data]


def contests() -> Sequence[Contest]:
    sides = [Side(name, "eager:moons", (name,), times) for name, times in STEPS.items()]
    found = [Contest("eager two moons", tuple(sides), "step", 1e-9)]
    for name in PROGRAMS:
        ways = (("value", False), ("with gradient", True))
        sides = [Side(way, "eager:cheap", (name, both), 20) for way, both in ways]
        found.append(Contest(f"cheap gradient, {name}", tuple(sides), "call"))
    return found
