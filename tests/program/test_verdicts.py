"""Decisions compared all at once: as one by one, in C as in NumPy, whatever the operands are."""

from fractions import Fraction
from random import Random

import numpy as np
import pytest

from autograd import FrozenBranchError, Program, Value, recording
from autograd.program.executors import native
from autograd.reals import COMPARISONS

NUMBERS = (0.0, -0.0, 0.1, 1.0, 2.5, float("inf"), 1e-320)
EXACT = (10**400, Fraction(1, 3), 2**53 + 1)


def decided(rng, exact, executor="auto", dtype="float64"):
    """Return a program of an input and a parameter with random decisions about both."""
    x, w, c = Value(0.5, "x"), Value(0.1, "w"), Value(0.25, "c")
    numbers = [*NUMBERS, *(EXACT if exact else ())]
    chosen = [
        (rng.randrange(5), rng.randrange(5 + len(numbers)), rng.choice(list(COMPARISONS)))
        for _ in range(20)
    ]
    with recording():
        nodes = [x, w, x * w, w * w, w + c]
        for left, right, sign in chosen:
            COMPARISONS[sign](nodes[left], [*nodes, *numbers][right])
        loss = (x * w) ** 2
        return Program(loss, inputs=[x], parameters=[w], executor=executor, dtype=dtype)


def one_by_one(machine):
    """Return for each lane the first guard that differs, each compared by itself."""
    found, ids = [], machine.recording.ids
    guards = machine.decisions
    for lane in range(machine.memory.room.lanes):
        numbers = [
            [
                np.broadcast_to(machine.reader.value(ids[x]), (machine.memory.room.lanes,))[lane]
                if isinstance(x, Value)
                else x
                for x in (g.left, g.right)
            ]
            for g in guards
        ]
        differs = []
        for k, (guard, (left, right)) in enumerate(zip(guards, numbers, strict=True)):
            try:
                guard.require(left, right)
            except FrozenBranchError:
                differs.append(k)
        found.append(differs[0] if differs else -1)
    return found


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("seed", range(10))
def test_all_at_once_says_what_each_says_by_itself(seed, exact, dtype):
    rng = Random(seed)
    program = decided(rng, exact, dtype=dtype)
    machine = program._machine
    verdicts = machine.verdicts
    assert bool(verdicts.exact) <= exact
    X = [[0.5], *([rng.choice([rng.gauss(0, 1), 0.1, 0.0, 1.0, 2.5])] for _ in range(6))]
    for rows in (X, X[:1]):
        machine.forward(np.array(rows, machine.memory.dtype))
        flips = verdicts.flipped(machine.memory.room)
        found = [-1] * len(rows) if flips is None else flips.tolist()
        assert found == one_by_one(machine)
        verdicts.compare, before = verdicts._compare, verdicts.compare
        again = verdicts.flipped(machine.memory.room)
        verdicts.compare = before
        assert found == ([-1] * len(rows) if again is None else again.tolist())


@pytest.mark.skipif(not native.available(), reason="the extension is not built")
@pytest.mark.parametrize("wrong", ["left", "right", "sign", "lanes", "flips", "below"])
def test_decisions_that_do_not_fit_the_numbers_are_refused(wrong):
    from autograd.program.executors.native import _replay

    table, lanes = np.array([[0, 1, 0, 1]]), 2
    shared, lanes_of, plain, flips = np.zeros(1), np.zeros((1, 2)), np.zeros(1), np.zeros(2, int)
    if wrong == "left":
        table[0, 0] = 3
    elif wrong == "below":
        table[0, 0] = -1
    elif wrong == "right":
        table[0, 1] = 5
    elif wrong == "sign":
        table[0, 2] = 6
    elif wrong == "lanes":
        lanes = 0
    else:
        flips = flips[:1]
    with pytest.raises(ValueError, match="do not fit the numbers"):
        _replay.flips(shared, lanes_of, plain, table, flips, lanes, False)
