"""How long Ctrl-C waits for its answer within the longest things there are to do.

python -m tests.hostile.patience --count 30               all kinds of work
python -m tests.hostile.patience --only "backward"        one of them

A signal comes after a random part of the processor time that the work takes, and what is measured
is processor time as well: the machine may have other things to do. Afterwards the same is done in
peace, and must give what it gave.
"""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import contextmanager
from itertools import pairwise
from operator import mul
from random import Random
from time import process_time
from unittest.mock import patch

import numpy as np

import autograd as ag
import nn
from autograd import Program, Value, dot, jit, recording, softmax, tanh, total
from autograd.engine import compiled_columns, topological
from autograd.program import machine, plans
from autograd.program.executors import registry
from tests.hostile.interrupts import interrupted, stop
from tests.program import zoo

ANSWER = 0.2  # seconds
MANY = 10_000_000  # nodes
SOON = 0.005  # within which the timer of processor time cannot do better


def leaves(count, seed=0):
    rng = Random(seed)
    return [Value(rng.gauss(0.0, 0.3)) for _ in range(count)]


def chain(count):
    x, w = leaves(2)
    y = x
    for _ in range(count // 2):
        y = tanh(y * w)
    return y, x, w


def backward():
    y, x, w = chain(MANY)

    def act():
        x.grad = w.grad = 0.0
        y.backward()
        return x.grad, w.grad

    return act


def backward_of_a_wide_sum():
    rows = leaves(300_000)
    y = total([total(map(mul, rows[k::7], rows[k + 1 :: 7])) for k in range(3)])
    y = y + softmax(rows)[0]

    def act():
        for x in rows:
            x.grad = 0.0
        y.backward()
        return sum(x.grad for x in rows)

    return act


def one_dot():
    v, w = leaves(1_000_000, 1), leaves(1_000_000, 2)
    return lambda: dot(v, w).data


def gradients():
    y, *ends = chain(MANY)
    return lambda: tuple(ag.gradients(y, ends))


def many_gradients():
    ends = leaves(MANY // 10)
    y = total(map(mul, ends, ends[::-1]))
    return lambda: sum(ag.gradients(y, ends))


def listing():
    y, *_ = chain(MANY)
    return lambda: len(topological(y))


def exporting():
    y, *ends = chain(MANY)
    return lambda: compiled_columns and len(compiled_columns((*ends, y), 1, 2, "")[1])


def forgetting():
    def act():
        kept = chain(MANY)
        found = kept[0].data
        del kept
        return found

    return act


def first_call_of(graph):
    loss, inputs, parameters = graph

    def act():
        with patch.object(machine, "PLANS", plans.Plans()):
            program = Program(loss, inputs=inputs, parameters=parameters)
            return program(np.full((1, len(inputs)), 0.5))[1].tobytes()

    return act


def first_call_of_a_network():
    with recording():
        graph = zoo.mlp(sizes=(784, 256, 10))
    return first_call_of(graph)


def first_call_of_a_chain():
    with recording():
        y, x, w = chain(600_000)
    return first_call_of((y, [x], [w]))


def first_call_of_a_tangle():
    rng, ends = Random(3), leaves(50)
    nodes = ends[:]
    drawn = [(rng.randrange(3), *rng.sample(range(2000), 2)) for _ in range(200_000)]
    ways = (lambda a, b: a * b, lambda a, b: a + b, lambda a, b: tanh(a))
    with recording():
        for way, a, b in drawn:
            nodes.append(ways[way](nodes[-1 - a % len(nodes)], nodes[-1 - b % len(nodes)]))
        loss = total(nodes[-2000:])
    return first_call_of((loss, [ends[0]], ends[1:]))


def recording_much():
    model = nn.MLP(784, [256, 10], seed=0)
    row = [0.5] * 784

    def act():
        with recording():
            loss = total([x for k in range(100) for x in model(row)])
        return loss.data

    return act


def many_lanes(executor, tape=False):
    def made():
        with patch.object(registry, "is_irregular", lambda nodes, groups: tape):
            loss, inputs, parameters = zoo.mlp(sizes=(64, 64, 10))
            program = Program(loss, inputs=inputs, parameters=parameters, executor=executor)
        X = np.random.default_rng(0).normal(size=(40_000, len(inputs)))
        return lambda: program(X)[1].tobytes()

    return made


def training():
    loss, inputs, parameters = zoo.mlp(sizes=(784, 128, 10))
    program = Program(loss, inputs=inputs, parameters=parameters)
    X = np.random.default_rng(0).normal(size=(4_000, len(inputs)))

    def act():
        program.load_parameters()
        return program.train(X, nn.Adam(program.parameters), 40, 1_000).tobytes()

    return act


def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(100_000, 30)), rng.normal(size=(100_000, 1))


def fitting():
    model, (X, y) = nn.MLP(30, [64, 1], seed=1), data()
    before = model.state_dict()

    def act():
        model.load_state_dict(before)
        options = {"loss": "mean_squared_error", "epochs": 20, "batch_size": 4096, "seed": 2}
        return nn.fit(model, X, y, progress=False, **options).loss

    return act


def predicting():
    model, (X, _) = nn.MLP(30, [256, 256, 1], seed=1), data()
    return lambda: np.asarray(model.predict(X)).tobytes()


def compiled():
    x = np.linspace(0.0, 1.0, 100_000)

    def act():
        with patch.object(machine, "PLANS", plans.Plans()):
            f = jit(lambda x: total([tanh(a) * b for a, b in pairwise(x)]))
            return f.value_and_grad(x)[1].tobytes()

    return act


def hessian():
    f = lambda x: total([a * b for a in x for b in x]) * tanh(total(x))
    return lambda: np.asarray(ag.hessian(f)([0.01] * 200)).tobytes()


def explaining():
    with recording():
        y, x, _ = chain(20_000)
    return lambda: len(str(ag.explain(y, x)))


WORK = {
    f.__name__.replace("_", " "): f
    for f in (
        backward, backward_of_a_wide_sum, one_dot, gradients, many_gradients, listing, exporting,
        forgetting, first_call_of_a_network, first_call_of_a_chain, first_call_of_a_tangle,
        recording_much, training, fitting, predicting, compiled, hessian, explaining,
    )
} | {
    "lanes in C": many_lanes("native"),
    "lanes in NumPy": many_lanes("numpy"),
    "lanes of a tape": many_lanes("auto", tape=True),
}  # fmt: skip


def waits(act, count, seed):
    """Return the seconds that the work takes, and the waits of some interrupts; it stays right."""
    rng, expected, start = Random(seed), act(), process_time()
    act()
    usual = process_time() - start
    found = [
        interrupted(act, rng.uniform(SOON, max(2 * SOON, 0.9 * usual)), "ITIMER_PROF", process_time)
        for _ in range(count)
    ]
    assert act() == expected, "the work gives something else after its interrupts"
    return usual, [x for x in found if x is not None]


@contextmanager
def interrupts_by_processor_time():
    before, lost = signal.signal(signal.SIGPROF, stop), sys.unraisablehook
    sys.unraisablehook = lambda lost: None  # a signal that arrived in a destructor
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)
        sys.unraisablehook = lost


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.patience", description=__doc__)
    parser.add_argument("--count", type=int, default=20, help="interrupts of each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=WORK)
    options, late = parser.parse_args(), 0
    with interrupts_by_processor_time():
        for name in [options.only] if options.only else WORK:
            usual, found = waits(WORK[name](), options.count, options.seed)
            longest = max(found, default=0.0)
            late += longest > ANSWER
            print(f"{name:24} takes {usual:5.2f} s, {len(found)} interrupts wait {longest:.3f} s")
    return bool(late)


if __name__ == "__main__":
    sys.exit(main())
