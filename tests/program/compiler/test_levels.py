"""Stencils whose edges differ from the inside: few groups, and the numbers of eager and of slices.

The heat equation with ends at 0 has closed forms: u_i = sin(kπi / (n + 1)) is multiplied by
λ = 1 - 4 a sin²(kπ / (2 (n + 1))) in each step, and with closed ends u_i = cos(kπ(i + ½) / n) by
λ = 1 - 4 a sin²(kπ / 2n). Source: LeVeque 2007, "Finite difference methods", section 2.10.
"""

import math
from itertools import pairwise

import numpy as np
import pytest

from autograd import Program, Value, implementation, sin, tanh, total
from autograd.program import machine, plans
from autograd.program.compiler import levels, reroll, sums
from autograd.program.compiler.recording import Recording
from autograd.program.compiler.reroll import Reroll
from tests.program import zoo
from tests.program.reference import EXECUTORS, assert_follows, reference


def inside(x, a, i):
    return x[i] + a * (x[i - 1] - 2 * x[i] + x[i + 1])


def numbers(x, a, g=(0.0, 0.0)):
    wide = [g[0], *x, g[1]]
    return [inside(wide, a, i) for i in range(1, len(x) + 1)]


def held(x, a):
    return [x[0], *[inside(x, a, i) for i in range(1, len(x) - 1)], x[-1]]


def copied(x, a):
    wide = [x[0], *x, x[-1]]
    return [inside(wide, a, i) for i in range(1, len(x) + 1)]


def closed(x, a):
    """No flow at the ends: one-sided differences there."""
    first, last = x[0] + a * (x[1] - x[0]), x[-1] + a * (x[-2] - x[-1])
    return [first, *[inside(x, a, i) for i in range(1, len(x) - 1)], last]


def flows(x, a):
    flow = [a * (right - left) for left, right in pairwise(x)]
    middle = [x[i] + flow[i] - flow[i - 1] for i in range(1, len(flow))]
    return [x[0] + flow[0], *middle, x[-1] - flow[-1]]


def upwind(x, a):
    """Burgers' equation, u ← u - a u (u - left), the first held."""
    return [x[0], *[b - a * b * (b - left) for left, b in pairwise(x)]]


def kernel(x, a):
    """A sum of products, as a convolution has it."""
    middle = [0.2 * x[i - 1] + a * x[i] + 0.3 * x[i + 1] for i in range(1, len(x) - 1)]
    return [x[0], *map(sin, middle), x[-1]]


def plane(x, a):
    """A square whose border is held, row by row."""
    n = math.isqrt(len(x))
    return [
        b if i % n in (0, n - 1) or i // n in (0, n - 1)
        else b + a * (x[i - n] + x[i + n] + x[i - 1] + x[i + 1] - 4 * b)
        for i, b in enumerate(x)
    ]  # fmt: skip


def leaking(x, a):
    """Heat that leaks out at the ends: the points beyond them take further nodes to find."""
    wide = [x[1] - 0.3 * (x[0] - 0.5), *x, x[-2] - 0.3 * (x[-1] - 0.25)]
    return [inside(wide, a, i) for i in range(1, len(x) + 1)]


def growing(x, a):
    """u ← u + a ∂²u + 0.1 u (1 - u), the ends held."""
    middle = range(1, len(x) - 1)
    return [x[0], *[inside(x, a, i) + 0.1 * x[i] * (1 - x[i]) for i in middle], x[-1]]


WAYS = {
    f.__name__: f
    for f in (numbers, held, copied, closed, flows, upwind, kernel, plane, leaking, growing)
}


def stepped(way, start, steps, a=0.2):
    """Σ u² after some steps, with the leaves."""
    u, a = [Value(float(x)) for x in start], Value(a)
    x = u
    for _ in range(steps):
        x = WAYS[way](x, a)
    return total([b * b for b in x]), u, a


def starts(n, seed=0):
    return np.random.default_rng(seed).normal(size=n) / 2


@pytest.mark.parametrize("way", WAYS)
def test_groups_grow_with_the_steps_and_not_with_their_square(way):
    def groups(steps):
        loss, u, a = stepped(way, starts(64), steps)
        return Reroll(Recording(loss, [], [*u, a])).count

    few, many = groups(8), groups(16)
    assert many - few <= 8 * 13
    assert many <= 2 * few


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("way", WAYS)
def test_every_node_is_that_of_eager(way, executor):
    loss, u, a = stepped(way, starts(36), 8)
    program = Program(loss, inputs=[], parameters=[*u, a], executor=executor)
    X = np.empty((1, 0))
    assert_follows(program, reference(loss, [], X), X)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("lanes", [1, 2, 17])
def test_each_example_has_a_row_of_its_own(executor, lanes):
    loss, u, a = stepped("held", starts(24), 8)
    program = Program(loss, inputs=u, parameters=[a], executor=executor)
    X = np.stack([starts(24, seed) for seed in range(lanes)])
    assert_follows(program, reference(loss, u, X), X)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("k", [1, 5])
@pytest.mark.parametrize("way", ["numbers", "copied", "closed", "flows"])
def test_waves_of_heat_fade_as_their_eigenvalues_say(way, k, executor):
    """Σ u² = λ^(2T) Σ u₀², and its slope by u₀ is 2 λ^(2T) u₀, for a step is a symmetric matrix."""
    n, steps, a = 80, 12, 0.2
    if way == "numbers":
        u = np.sin(k * np.pi * np.arange(1, n + 1) / (n + 1))
        half = k * np.pi / (2 * (n + 1))
    else:
        u = np.cos(k * np.pi * (np.arange(n) + 0.5) / n)
        half = k * np.pi / (2 * n)
    fading = (1 - 4 * a * math.sin(half) ** 2) ** (2 * steps)
    loss, leaves, rate = stepped(way, u, steps, a)
    program = Program(loss, inputs=[], parameters=[*leaves, rate], executor=executor)
    cost, gradient = program(np.empty((1, 0)))
    assert cost == pytest.approx(fading * (u @ u), rel=1e-12)
    np.testing.assert_allclose(gradient[:-1], 2 * fading * u, rtol=1e-11, atol=1e-14)
    shrink = -8 * steps * math.sin(half) ** 2 / (1 - 4 * a * math.sin(half) ** 2)
    assert gradient[-1] == pytest.approx(shrink * fading * (u @ u), rel=1e-11)


def test_a_description_names_what_lies_side_by_side():
    loss, u, a = stepped("held", starts(256), 8)
    lines = Program(loss, inputs=[], parameters=[*u, a]).describe().formulas
    inner = [x.text for x in lines if x.text.startswith(("V9 ", "V10 ", "V11 "))]
    assert inner == ["V9 = [V7, V8] + V5", "V10 = V8 + θ6", "V11 = θ4*[V9, V10]"]
    assert any("[V_{7}, V_{8}]" in x.latex for x in lines)


def join_whatever_may_be(monkeypatch):
    for name, value in (("FEWEST", 1), ("MANY", 0.0), ("FEWER", 0.0)):
        monkeypatch.setattr(levels, name, value)
    monkeypatch.setattr(machine, "PLANS", plans.Plans())


def wave(start, steps):
    """Σ u² after steps of ∂²u/∂t² = c ∂²u/∂x², which look back two steps; the ends are held."""
    u, c = [Value(float(x)) for x in start], Value(0.3)
    before, x = u, list(u)
    for _ in range(steps):
        middle = [
            2 * x[i] - before[i] + c * (x[i - 1] - 2 * x[i] + x[i + 1])
            for i in range(1, len(x) - 1)
        ]
        before, x = x, [x[0], *middle, x[-1]]
    return total([b * b for b in x]), [*u, c]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_what_looks_back_two_steps_is_that_of_eager(executor):
    loss, leaves = wave(starts(64), 8)
    assert Reroll(Recording(loss, [], leaves)).joined is not None
    program = Program(loss, inputs=[], parameters=leaves, executor=executor)
    X = np.empty((1, 0))
    assert_follows(program, reference(loss, [], X), X)


def running(n):
    """Sums of the first 1, 2 … numbers, each used at last and by the next: one use, many levels."""
    leaves = zoo.Leaves(0)
    x, sums_of = leaves.weights(n), []
    for a in x:
        last = sums_of[-1] if sums_of else 1.0
        sums_of.append(sin(a + last) * (a + 0.5 * last))
    return leaves.result(total([a * a for a in sums_of]))


@pytest.mark.parametrize("executor", EXECUTORS)
def test_what_would_go_in_circles_stays_by_levels(executor, monkeypatch):
    join_whatever_may_be(monkeypatch)
    loss, inputs, parameters = running(40)
    program = Program(loss, inputs=inputs, parameters=parameters, executor=executor)
    X = np.empty((1, 0))
    assert_follows(program, reference(loss, [], X), X)


def ensemble():
    """Networks of other functions side by side, more on a level than a stencil's edges."""
    leaves = zoo.Leaves(0)
    x, out = leaves.data(4), []
    for count in range(24):
        h = zoo.dense(leaves, x, 6, (tanh, sin)[count % 2])
        out += zoo.dense(leaves, [a * (1.0 + b) for a, b in pairwise(h)], 6)
    return leaves.result(total([a * a for a in out]))


def test_matrices_stay_matrices(monkeypatch):
    """However few groups there would be: weights are of one sum each."""
    join_whatever_may_be(monkeypatch)
    recording = Recording(*ensemble())
    found = Reroll(recording)
    dense = [
        group for group in found.groups if group.operation == "linear" and len(group.members) > 1
    ]
    monkeypatch.setattr(levels, "FEWEST", math.inf)
    assert found.joined is not None
    exact = Reroll(recording)
    assert exact.joined is None
    assert sorted(len(x.members) for x in dense) == sorted(
        len(x.members) for x in exact.groups if x.operation == "linear" and len(x.members) > 1
    )


def test_what_is_irregular_has_no_large_groups():
    assert not Reroll(Recording(*zoo.tangle(3, 2000))).exact.large
    loss, u, a = stepped("held", starts(64), 8)
    assert Reroll(Recording(loss, [], [*u, a])).exact.large


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("name", zoo.ZOO)
def test_any_graph_may_be_joined(name, executor, monkeypatch):
    join_whatever_may_be(monkeypatch)
    loss, inputs, parameters = zoo.ZOO[name]()
    program = Program(loss, inputs=inputs, parameters=parameters, executor=executor)
    X = np.random.default_rng(1).uniform(0.2, 0.9, (3, len(inputs)))
    for column, x in enumerate(inputs):
        if x.data.is_integer():  # which chooses something
            X[:, column] = x.data
    assert_follows(program, reference(loss, inputs, X), X)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_matrix_takes_no_bias_of_some_rows(executor, monkeypatch):
    """Two rows of three products, one with two terms and one with none: two terms for two rows."""
    join_whatever_may_be(monkeypatch)
    u, a, b = Value(-1.25), Value(0.5), Value(0.375)
    w = sin(u)
    first = a * w + a * w + b * w + a + b
    second = b * w + a * w + a * w
    loss = first * second
    assert Reroll(Recording(loss, [], [u, a, b])).joined is not None
    program = Program(loss, inputs=[], parameters=[u, a, b], executor=executor)
    X = np.empty((1, 0))
    assert_follows(program, reference(loss, [], X), X)


@pytest.mark.skipif(
    implementation != "c" or sums.grouping() is None, reason="the extensions are not built"
)
@pytest.mark.parametrize("name", [*zoo.ZOO, "held", "plane"])
def test_levels_in_c_are_those_in_python(name, monkeypatch):
    if name in zoo.ZOO:
        recording = Recording(*zoo.ZOO[name]())
    else:
        loss, u, a = stepped(name, starts(25), 6)
        recording = Recording(loss, [], [*u, a])
    first = Reroll(recording).exact.levels
    for module in (sums, reroll):
        monkeypatch.setattr(module, "grouping", lambda: None)
    assert first.tolist() == Reroll(recording).exact.levels.tolist()
