"""Interrupt everything at random times, and see whether numbers, locks and modes stay right.

python -m tests.hostile.interrupts --count 10000

Each time some work is begun, a signal arrives somewhere within it, and then the same work is done
in peace: in another thread, so that a lock that nobody gave back is noticed. It prints how many
signals arrived, what went wrong, and how long the slowest of them waited for an answer.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import threading
from pathlib import Path
from random import Random
from time import monotonic

import numpy as np

import nn
from autograd import Program, Value, grad, gradients, jit, no_grad, recording, tanh
from autograd.engine import topological
from autograd.program import machine, plans, use_threads
from tests.program import zoo
from tests.program.reference import bits

PATIENCE = 60.0  # seconds: who waits longer waits for a lock that nobody gives back
PORTION = 500  # interrupts between two lines of what was found
X = np.random.default_rng(0).normal(size=(40, 5))


def program_of(sizes=(3, 4, 5, 2), executor="auto"):
    loss, inputs, parameters = zoo.mlp(sizes=sizes)
    return Program(loss, inputs=inputs, parameters=parameters, executor=executor)


def call():
    program = program_of()

    def act():
        program.load_parameters()
        return bits(*program(X), *program(X[:7]))

    return act


def train(make=nn.Adam):
    program = program_of()

    def act():
        program.load_parameters()
        optimizer = make(program.parameters)
        costs = program.train(X, optimizer, 60, 7)
        return bits(costs, program(X)[1])

    return act


def threads():
    program, rows = program_of(), np.tile(X, (2500, 1))

    def act():
        try:
            use_threads(2)
            program.load_parameters()
            return bits(*program(rows))
        finally:
            use_threads(1)

    return act


def first_call():
    def act():
        machine.PLANS = plans.Plans()
        return bits(*program_of()(X))

    return act


def first_training():
    def act():
        machine.PLANS = plans.Plans()
        return train()()

    return act


def compiled():
    f = lambda x: tanh(x[0] * x[1]) + (x[0] if x[0] > 0.0 else x[1])
    return lambda: bits(jit(f).value_and_grad([0.3, 0.5])[1], jit(f)([-0.3, 0.5]))


def fitting():
    model = nn.MLP(5, [4, 1], seed=1)
    before = model.state_dict()

    def act():
        model.load_state_dict(before)
        options = {"loss": "mean_squared_error", "epochs": 3, "batch_size": 8, "seed": 2}
        history = nn.fit(model, X, X[:, :1], progress=False, **options)
        return bits(history.loss, [x.data for x in model.parameters()])

    return act


def saving():
    """A file that is there is always whole."""
    folder = tempfile.TemporaryDirectory(prefix="interrupts-")
    model, path = nn.MLP(5, [4, 1], seed=1), Path(folder.name, "model.safetensors")
    nn.save(model, path)

    def act(kept=folder):
        found = bits([x.data for x in nn.load(path).parameters()])
        nn.save(model, path)
        return found, len([*Path(kept.name).glob("*")])

    return act


def walks():
    x, w = Value(0.3), Value(0.9)
    y = x
    for _ in range(20_000):
        y = tanh(y * w)

    def act():
        x.grad = w.grad = 0.0
        y.backward()
        return bits([x.grad, w.grad], gradients(y, [x, w])), len(topological(y))

    return act


def modes():
    def act():
        x = Value(0.5)
        with no_grad():
            y = x * x
        with recording():
            z = grad(lambda v: v * v * v)(0.5)
        return y.parents == (), z, (x * x).parents == (x, x)

    return act


WORK = {
    f.__name__: f
    for f in (
        call,
        train,
        threads,
        first_call,
        first_training,
        compiled,
        fitting,
        saving,
        modes,
        walks,
    )
}


def in_another_thread(act):
    found = []
    thread = threading.Thread(target=lambda: found.append(act()), daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return found[0] if found else "it waits for ever, or fails"


class Interrupted(KeyboardInterrupt):
    pass


def stop(number, frame):
    """Handle a signal."""
    raise Interrupted


def interrupted(act, seconds, timer="ITIMER_REAL", clock=monotonic):
    """Do something with a signal after some seconds; return how long that waited, if it came."""
    due, timer = clock() + seconds, getattr(signal, timer)  # which Windows has not
    try:
        signal.setitimer(timer, seconds)
        act()
        signal.setitimer(timer, 0)
    except Interrupted:
        return clock() - due
    return None


def hunt(count, seed=0, names=tuple(WORK), report=print):
    """Interrupt so many times; return how often, the number of faults, the longest wait."""
    before, rng = signal.signal(signal.SIGALRM, stop), Random(seed)
    works = [(name, WORK[name]()) for name in names]
    expected, usual = {}, {}
    for name, act in works:
        act()
        start = monotonic()
        expected[name] = act()
        usual[name] = monotonic() - start
    arrived = wrong = 0
    longest = 0.0
    try:
        while arrived < count:
            name, act = rng.choice(works)
            waited = interrupted(act, max(1e-5, rng.uniform(0.0, 1.1) * usual[name]))
            if waited is None:
                continue
            arrived, longest = arrived + 1, max(longest, waited)
            found = in_another_thread(act)
            if name == "saving" and found[0] == expected[name][0]:
                found = expected[name]  # a file that was begun may be left, and is hidden
            if found != expected[name]:
                wrong += 1
                report(f"{name}, interrupt {arrived}: {str(found)[:200]}")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return arrived, wrong, longest


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.interrupts", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=WORK)
    options = parser.parse_args()
    names = (options.only,) if options.only else tuple(WORK)
    sys.unraisablehook = lambda lost: None  # signals that arrived in a destructor
    total = faults = 0
    while total < options.count:
        part = min(PORTION, options.count - total)
        arrived, wrong, longest = hunt(part, options.seed + total, names)
        total, faults = total + arrived, faults + wrong
        line = (
            f"{total} interrupts, {faults} faults, the longest of the last waited {longest:.3f} s"
        )
        print(line, flush=True)
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
