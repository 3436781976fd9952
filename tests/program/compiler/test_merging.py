"""What repeats from step to step is one instruction, and nothing is moved past what it needs."""

import numpy as np
import pytest

import autograd as ag
from autograd import Program, Value, dot
from autograd.program.compiler import steps
from autograd.program.compiler.accesses import Access
from autograd.program.compiler.instructions import ADD, STORE, Contraction, Instructions, Map, Row
from autograd.program.compiler.merging import merged
from autograd.program.executors.interface import Ends
from autograd.program.executors.numpy.executor import NumpyExecutor
from autograd.program.memory import Memory
from tests.program.reference import EXECUTORS, assert_follows, reference

SIZES = 40, 60


def numbers_after(code, lanes):
    """Return all numbers after instructions ran, from numbers that depend on the place alone."""
    memory = Memory(SIZES, "float64")
    ends = Ends(np.zeros(0, int), 0, 0, True)
    executor = NumpyExecutor(Instructions(forward=list(code)), memory, ends)
    executor.resize(lanes)
    rng = np.random.default_rng(0)
    room = memory.room
    buffers = [*room.values, *room.adjoints]
    for x in buffers:
        x[:] = rng.normal(size=x.shape)
    executor.forward()
    return [x.copy() for x in buffers]


def random_code(rng):
    """Return families of instructions that step through buffers, shuffled into each other."""
    families = []
    for _ in range(rng.integers(1, 4)):
        kind, times = rng.choice(["product", "vector", "map"]), int(rng.integers(3, 8))
        size = int(rng.integers(1, 4))
        lanes = bool(rng.random() < 0.6)
        steps_ = [int(x) for x in rng.integers(-3, 4, 3)]
        starts = [int(x) for x in rng.integers(9, 18, 3)]
        adjoint = [bool(x) for x in rng.random(3) < 0.7]
        with_lanes = [lanes and bool(x) for x in rng.random(3) < 0.7]
        moves = bool(rng.random() < 0.3)  # where it writes moves too
        mode = ADD if rng.random() < 0.8 else STORE
        way = -1 if starts[0] % 3 == 0 else 1  # in which maps walk their operands
        family = []
        for t in range(times):
            own = [s + t * d for s, d in zip(starts, steps_, strict=True)]
            if rng.random() < 0.05:
                own[0] += 1
            target = own[2] if moves or kind == "vector" else starts[2]

            def access(k, offset, strides, w=with_lanes, a=adjoint):
                return Access(w[k], a[k], max(offset, 0), strides)

            wide = lanes and (with_lanes[0] or with_lanes[1])
            if kind == "product":
                here = Contraction(
                    (size, size + 1, 1), wide, access(0, own[0], (1, 0)), access(1, own[1], (1, 0)),
                    access(2, target, (size + 1, 1)), mode if t == 0 else ADD,
                )  # fmt: skip
            elif kind == "vector":
                here = Contraction(
                    (size, 1, 2), wide, access(0, starts[0], (2, 1)), access(1, own[1], (0, 1)),
                    access(2, target, (1, 0)), STORE,
                )  # fmt: skip
            else:
                ends = [max(x, 0) + (size - 1) * (way < 0) for x in own]
                sources = access(0, ends[0], (way,)), access(1, ends[1], (way,))
                to, how = access(2, target, (1,)), mode if t == 0 else ADD
                here = Map((size,), wide, steps.PRODUCT, sources, to, how)
            if wide or not with_lanes[2]:
                family.append(here)
        families.append(family)
    code = []
    while any(families):
        family = families[rng.integers(len(families))]
        if family:
            code.append(family.pop(0))
    if rng.random() < 0.3:
        row = Row(
            "sum_minus_one", True, np.array([[9, 12, 14]]), True, Access(True, False, 20, (1,))
        )
        code.insert(int(rng.integers(len(code) + 1)), row)
    return code


@pytest.mark.parametrize("group", range(8))
def test_random_instructions_compute_the_same(group):
    fewer = 0
    for seed in range(100 * group, 100 * group + 100):
        code = random_code(np.random.default_rng(seed))
        found = merged(np, code, SIZES)
        fewer += len(found) < len(code)
        for lanes in (1, 3):
            before, after = numbers_after(code, lanes), numbers_after(found, lanes)
            for x, y in zip(before, after, strict=True):
                np.testing.assert_allclose(y, x, rtol=1e-10, atol=1e-10 * abs(x).max())
    assert fewer > 10


def recurrent(steps, size, width, tied=False, seed=0):
    rng = np.random.default_rng(seed)

    def values(*shape):
        return [list(map(Value, row)) for row in rng.normal(scale=0.5, size=shape).tolist()]

    u, w, (b, out) = values(size, width), values(size, size), values(2, size)
    x = values(steps, width)
    h = [0.0] * size
    for own in x:
        z = [dot(u[j], own, b[j]) for j in range(size)]
        z = [dot(w[j], h, z[j]) for j in range(size)]
        if tied:
            z = [dot(w[j], z, 0.0) for j in range(size)]
        h = [ag.tanh(a) for a in z]
    target = Value(0.3)
    loss = 0.5 * (dot(out, h) - target) ** 2
    parameters = [*(a for row in (*w, *u) for a in row), *b, *out]
    return loss, [*(a for row in x for a in row), target], parameters


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("lanes", [1, 3, 9])
@pytest.mark.parametrize(("size", "tied"), [(5, False), (9, False), (4, True)])
def test_a_recurrent_network_is_that_of_its_nodes(executor, lanes, size, tied):
    loss, inputs, parameters = recurrent(7, size, 3, tied)
    X = np.random.default_rng(1).normal(size=(lanes, len(inputs)))
    program = Program(loss, inputs=inputs, parameters=parameters, executor=executor)
    assert_follows(program, reference(loss, inputs, X), X)


def test_a_step_takes_as_many_instructions_as_depend_on_the_one_before():
    counts = []
    for steps_ in (50, 51):
        loss, inputs, parameters = recurrent(steps_, 16, 4)
        program = Program(loss, inputs=inputs, parameters=parameters)
        counts.append(len(program.instructions))
    assert counts[1] - counts[0] == 4  # W h, tanh, and the same backwards
    assert counts[0] <= 4 * 50 + 16


def test_a_gradient_that_somebody_reads_in_between_is_not_moved():
    def add(t, target):
        return Map(
            (2,), False, steps.COPY, (Access(False, False, 2 * t, (1,)),), target, ADD
        )  # fmt: skip

    target, other = Access(False, True, 10, (1,)), Access(False, True, 20, (1,))
    code = [add(t, target) for t in range(6)]
    assert len(merged(np, code, SIZES)) == 1
    reading = Map((2,), False, steps.COPY, (target,), other, STORE)
    assert merged(np, [*code[:3], reading, *code[3:]], SIZES) == [*code[:3], reading, *code[3:]]
    writing = Map((1,), False, steps.constant(0.0), (), Access(False, False, 11, (0,)), STORE)
    late = [*code[:5], writing, *code[5:]]
    assert merged(np, late, SIZES)[0] is writing
    ruining = Map((1,), False, steps.constant(0.0), (), Access(False, False, 3, (0,)), STORE)
    early = [*code[:5], ruining, code[5]]
    assert merged(np, early, SIZES) == early
