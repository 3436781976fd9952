"""Repetition in time: serial programs run as loops and stay equal to the engine everywhere."""

import math
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import autograd as ag
from autograd import Value
from autograd.program import Program
from autograd.program.executors import native
from autograd.program.executors.tape.loops import Stretch, stretches
from tests.benchmarks.steps import end_of_lorenz
from tests.program import zoo
from tests.program.reference import assert_follows, reference
from tests.program.zoo import Leaves, pendulum


def lorenz(leaves, steps=60, h=0.01):
    """Euler's method in three variables."""
    return end_of_lorenz(ag, *leaves.weights(6), steps, h)


def verlet(leaves, steps=50, h=0.05):
    """Two bodies on a line; the loss is of the whole path."""
    k, m, x, y = leaves.weights(4)
    u, v, path = 0.0 * x, 0.0 * y, []
    for _ in range(steps):
        pull = k * (y - x) / (1.0 + (y - x) ** 2)
        u, v = u + h * pull, v - h * pull / (2.0 + m * m)
        x, y = x + h * u, y + h * v
        path.append((x - y) ** 2)
    return ag.mean(path)


def rotation(leaves, steps=60):
    """A vector turned again and again: sin and cos of one angle."""
    angle, x, y = leaves.weights(3)
    for _ in range(steps):
        angle = angle + 0.1 * x
        c, s = ag.cos(angle), ag.sin(angle)
        x, y = c * x - s * y, s * x + c * y
    return x * y


def changing(leaves, steps=80):
    """Constants of their own in each step."""
    w, x = leaves.weights(2)
    for k in range(steps):
        x = ag.tanh(w * x + 0.01 * k) / (k + 2.0) + x
    return x


def recurrent(leaves, steps=50):
    """A network of one unit that reads an input in each step."""
    w, u, b, h = leaves.weights(4)
    for x in leaves.data(steps):
        h = ag.tanh(w * h + u * x + b)
    return h * h


def narrow(leaves, depth=100):
    """Two units wide and deep, with weights of their own in each layer."""
    x, y = leaves.data(2)
    for _ in range(depth):
        a, b, c, d = leaves.weights(4)
        x, y = ag.tanh(a * x + b * y), ag.sigmoid(c * x + d * y)
    return x + y


def two_loops(leaves):
    return lorenz(leaves, 40) + rotation(leaves, 40)


def nested(leaves, steps=25):
    """Four small steps in each large one."""
    k, x = leaves.weights(2)
    for step in range(steps):
        for _ in range(4):
            x = x + 0.02 * ag.sin(k * x)
        x = x * ag.exp(-0.1 * x * x) if step else x
    return x


def with_a_tail(leaves):
    x = lorenz(leaves, 50)
    for f in (ag.tanh, ag.exp, ag.sin, ag.softplus, ag.erf):
        x = f(0.3 * x) * x
    return x


def wide(leaves, steps=6, width=150):
    """A long body, a few times over."""
    w, x = leaves.weights(width), leaves.weights(1)[0]
    for _ in range(steps):
        y = x
        for k, a in enumerate(w):
            y = (ag.tanh(a * y), a + y * x, y - a * a * x)[k % 3]
        x = y
    return x


SERIAL = [
    lorenz, pendulum, verlet, rotation, changing, recurrent, narrow, two_loops, nested,
    with_a_tail, wide,
]  # fmt: skip


def compiled(model, seed=0, **options):
    leaves = Leaves(seed)
    loss = model(leaves)
    return Program(loss, inputs=leaves.inputs, parameters=leaves.parameters, **options)


built = pytest.mark.skipif(not native.available(), reason="the extension is not built")


@built
@pytest.mark.parametrize("m", [1, 3, 9])
@pytest.mark.parametrize("model", SERIAL, ids=lambda model: model.__name__)
def test_every_node_of_a_serial_program_equals_the_engine(model, m, monkeypatch):
    zoo.run_as_tapes(monkeypatch)
    program = compiled(model)
    rows = np.random.default_rng(1).normal(size=(m, len(program.inputs)))
    assert_follows(program, reference(program.loss, program.inputs, rows), rows)
    assert "in a loop" in repr(program.describe())


@built
@pytest.mark.parametrize("model", SERIAL, ids=lambda model: model.__name__)
def test_a_loop_in_single_precision_is_close_to_one_in_double(model, monkeypatch):
    zoo.run_as_tapes(monkeypatch)
    single, double = compiled(model, dtype="float32"), compiled(model)
    rows = np.random.default_rng(1).normal(size=(2, len(single.inputs)))
    np.testing.assert_allclose(single(rows)[0], double(rows)[0], rtol=1e-3, atol=1e-4)
    scale = np.abs(double(rows)[1]).max()
    np.testing.assert_allclose(single(rows)[1], double(rows)[1], rtol=1e-2, atol=1e-3 * scale)


def chain(*bodies):
    """A tape: each body is (times, operations), an operation (code, result, operands, growth)."""
    code, slot = [], 10
    for times, operations in bodies:
        for _ in range(times):
            for kind, back in operations:
                code.append((kind | slot << 8, slot - back, 0, slot - back))
                slot += 1
    return np.array(code, dtype=np.uint32)


BODY = [(1, 1), (2, 2), (1, 3), (3, 1), (2, 2), (5, 4), (1, 1), (1, 1), (2, 3), (3, 2), (4, 4)]


def test_two_loops_are_found_with_what_lies_between():
    other = [(7, 1), (8, 2), (7, 3)]
    between = [(9, k % 5 + 1) for k in (3, 1, 4, 2, 2, 0, 1)]
    code = chain((50, BODY), (1, between), (90, other))
    found = stretches(code)
    loops = [(x.length, x.times) for x in found if x.times > 1]
    assert loops == [(11, 50), (3, 90)]
    assert [x.first for x in found[1:]] == [x.end for x in found[:-1]]
    assert found[0].first == 0 and found[-1].end == len(code)


def test_an_outer_loop_is_taken_whole():
    inner = [(1, 1), (2, 2), (3, 1)]
    code = chain(*[(1, inner * 4 + [(6, 2), (7, 5)])] * 60)
    assert Stretch(0, 14, 60) in stretches(code)


def test_three_times_are_no_loop():
    code = chain((3, np.random.default_rng(0).integers(1, 9, (60, 2)).tolist()))
    assert stretches(code) == [Stretch(0, len(code), 1)]


def test_a_body_may_be_long():
    rng = np.random.default_rng(0)
    body = list(
        zip(rng.integers(1, 9, 1500).tolist(), rng.integers(1, 9, 1500).tolist(), strict=True)
    )
    assert [(x.length, x.times) for x in stretches(chain((7, body)))] == [(1500, 7)]


def test_operands_that_move_otherwise_are_no_loop():
    code = chain((40, BODY))
    code[::11, 1] = np.random.default_rng(0).integers(0, 10, 40)
    assert [x.times for x in stretches(code)] == [1]


@built
def test_describe_tells_how_often_a_loop_runs():
    text = repr(compiled(lambda leaves: pendulum(leaves, 100)).describe())
    assert re.search(r"scalar operations, 9\d × 48 in a loop", text)


@built
def test_two_replays_of_a_loop_are_the_same_bit_for_bit():
    program = compiled(lambda leaves: pendulum(leaves, 100))
    first, second = (program(np.empty((1, 0))) for _ in range(2))
    assert first[0] == second[0] and (first[1] == second[1]).all()


@built
def test_loops_in_several_threads_give_the_numbers_of_one():
    programs = [compiled(lambda leaves, n=n: pendulum(leaves, n)) for n in (90, 130)]
    rows = np.empty((1, 0))
    alone = [program(rows) for program in programs]
    with ThreadPoolExecutor(4) as pool:
        found = [*pool.map(lambda k: programs[k % 2](rows), range(40))]
    for k, (cost, gradient) in enumerate(found):
        assert cost == alone[k % 2][0] and (gradient == alone[k % 2][1]).all()


@built
def test_sin_and_cos_of_a_tape_keep_to_three_units_in_the_last_place(monkeypatch):
    zoo.run_as_tapes(monkeypatch)
    rng = np.random.default_rng(0)
    turns = np.arange(-600, 600) * np.pi / 512
    points = [rng.uniform(-10, 10, 2000), rng.uniform(-5e3, 5e3, 2000), turns, [5e3, 1e9, 0.0]]
    points = np.concatenate([*points, turns * (1 + 1e-15), -turns])
    x = Value(0.0)
    s, c = ag.sin(x), ag.cos(x)
    program = Program(s * c, inputs=[x], parameters=[])
    program(points[:, None])
    for node, f in ((s, math.sin), (c, math.cos)):
        expected = np.array([f(point) for point in points])
        wrong = np.abs(program.value(node) - expected)
        assert (wrong <= 3 * np.spacing(np.abs(expected))).all()


@pytest.mark.skipif(not native.available(), reason="the extension is not built")
def test_a_recurrence_over_many_lanes_follows_the_same_loop_in_numpy():
    """h ← tanh(w h + x), 150 times for 700 examples at once."""
    w, x = Value(0.7), Value(0.0)
    h = x
    for _ in range(150):
        h = (w * h + x * 0.5).tanh()
    program = Program(h * h, inputs=[x], parameters=[w])
    X = np.random.default_rng(0).normal(size=(700, 1))
    cost, _ = program(X)
    state = X[:, 0]
    for _ in range(150):
        state = np.tanh(0.7 * state + X[:, 0] * 0.5)
    assert program.describe().formulas[0].text == "c = f(θ)"  # a tape
    np.testing.assert_allclose(program.value(h), state, rtol=1e-13)
    assert cost == pytest.approx(float((state**2).mean()), rel=1e-13)
