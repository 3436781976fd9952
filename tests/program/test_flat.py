"""What a loss depends on through flat operands alone has no part in its gradient.

Some of its nodes do what nodes that an adjoint reaches do; at z = 0 their partials are infinite.
"""

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import dot, grad, gradients, jit, sqrt, tanh, total
from autograd.program import Program
from autograd.program.compiler import recording as reaching
from autograd.program.compiler.recording import COMPUTED, Recording
from autograd.program.compiler.reroll import Reroll
from tests.program import zoo
from tests.program.compiler.test_levels import join_whatever_may_be
from tests.program.executors.test_networks import programs
from tests.program.test_beside import NEAR, values


def held(z):
    w = values(z, 1.0, 4.0)
    first, *others = map(sqrt, w)
    return ag.detach(first) + total(others) * w[1] + w[0], [], w


def rounded(z):
    w = values(z, 1.0, 4.0)
    r = [x**0.5 for x in w]
    return ag.floor(r[0]) + ag.ceil(r[0]) + ag.rint(r[0]) + r[1] * r[2] + ag.sign(r[0]), [], w


def conditions(z):
    w = values(z, 1.0, 4.0)
    r = [*map(sqrt, w)]
    return ag.where(r[0], r[1] * w[0], r[2] * w[0]) + ag.copysign(w[1], r[0]), [], w


def of_inputs(z):
    x, w = values(z, 1.0, 4.0), values(0.5, 3.0)
    r = [sqrt(w[0] * a) for a in x]
    return ag.heaviside(r[0]) * w[1] + ag.detach(r[0] + r[1]) * w[1] + r[2] * r[1], x, w


def taken(z):
    x, w = values(z, 1.0, 4.0), values(0.5, 3.0)
    r = [*map(sqrt, x)]
    return ag.take([r[1], r[2] * w[0], w[1]], ag.floor(r[0])) + r[2] * w[1], x, w


def index(z):
    x, w = values(z, 1.0, 4.0), values(0.5, 3.0)
    return ag.take([w[0] * sqrt(x[1]), w[1], sqrt(x[2])], sqrt(4.0 * x[0])) * w[1], x, w


def layers(z):
    w = values(z, 1.0, 2.0, 3.0)
    first, *others = [tanh(dot([sqrt(x), x], w[1:3], w[3])) for x in w[:3]]
    return ag.detach(first) * w[0] + dot(others, others), [], w


def shares(z):
    w = values(z, 1.0, 2.0, 3.0)
    r = [*map(sqrt, w)]
    p, q = ag.softmax(r[:2]), ag.softmax(r[2:])
    return (
        ag.detach(p[1]) * q[0] + ag.sign(ag.logsumexp(r[:3])) * w[0] + ag.logsumexp(r[1:3]),
        [],
        w,
    )


CASES = [held, rounded, conditions, of_inputs, taken, index, layers, shares]


def require_eager(program, make, z):
    """Cost and gradient are those of eager where the recorded numbers are others."""
    loss, inputs, parameters = make(z)
    near = NEAR[program.dtype]
    for leaf, other in zip(program.parameters, parameters, strict=True):
        leaf.data = other.data
    program.load_parameters()
    row = np.array([[x.data for x in inputs]])
    expected = gradients(loss, [*parameters, *inputs])
    cost, slopes, by_inputs = program.derivatives([x.data for x in parameters], row)
    assert cost == pytest.approx(loss.data, rel=near)
    assert [*slopes, *by_inputs[0]] == pytest.approx(expected, rel=near, abs=near)
    assert program(row)[1].tolist() == slopes.tolist()


@pytest.mark.parametrize("recorded", [0.0, 0.25])
@pytest.mark.parametrize("dtype", NEAR)
@pytest.mark.parametrize("make", CASES)
def test_the_gradient_is_that_of_eager(make, dtype, recorded, monkeypatch):
    loss, inputs, parameters = make(recorded)
    for program in programs(loss, inputs, parameters, monkeypatch, dtype=dtype):
        assert program.executor != "eager"
        for z in (0.0, 1.0, 0.0) if make in (taken, index) else (0.0, 0.36, 0.0):
            require_eager(program, make, z)


@pytest.mark.parametrize("make", CASES)
def test_so_it_is_in_groups_that_were_joined(make, monkeypatch):
    join_whatever_may_be(monkeypatch)
    loss, inputs, parameters = make(0.25)
    for program in programs(loss, inputs, parameters, monkeypatch):
        require_eager(program, make, 0.0)


def test_known_numbers(monkeypatch):
    """By hand: ∂(floor(√z) + √a (√a + √b) + z) at z = 0, a = 1, b = 4, and the like."""
    for program in programs(*held(0.0), monkeypatch):
        assert program.derivatives([0.0, 1.0, 4.0], np.empty((1, 0)))[1].tolist() == [1, 3.5, 0.25]
    for program in programs(*conditions(0.0), monkeypatch):
        assert program.derivatives([0.0, 1.0, 4.0], np.empty((1, 0)))[1].tolist() == [2, 1, 0]


def test_what_is_not_reached_reads_an_adjoint_of_0(monkeypatch):
    w = values(0.0, 1.0, 4.0)
    r = [*map(sqrt, w)]
    inner = r[0] * w[1]
    loss = ag.detach(inner) + r[1] * r[2]
    for program in programs(loss, [], w, monkeypatch):
        program(np.empty((1, 0)))
        assert program.read_adjoints([r[0], inner, r[1]]).tolist() == [[0.0, 0.0, 2.0]]
        assert program.read_values([r[0], inner, loss]).tolist() == [[0.0, 0.0, 2.0]]


def test_no_backward_instruction_is_for_it(monkeypatch):
    w = values(0.1, 0.2, 0.3)
    others = [tanh(x) for x in w[1:]]
    alone = dot(others, others)
    more = alone + ag.detach(ag.exp(tanh(w[0]) * 3.0))
    for program in programs(more, [], w, monkeypatch):
        plain = Program(alone, inputs=[], parameters=w, executor=program.executor)
        found, usual = (x._machine.instructions.backward for x in (program, plain))
        kinds = {str(getattr(x, "expression", "")) for x in usual}
        assert not [x for x in found if "exp" in str(getattr(x, "expression", ""))]
        assert len(kinds) <= len(found) <= len(usual) + 4  # zeros, for whoever reads them


def test_a_training_meets_no_infinity():
    w = values(0.0, 1.0, 2.0)
    first, *others = map(sqrt, w)
    program = Program(dot(others, others) + ag.detach(first), inputs=[], parameters=w)
    costs = program.train(np.empty((1, 0)), nn.SGD(w, lr=0.25), 3)
    assert costs.tolist() == pytest.approx([3.0, 2.5, 2.0], rel=1e-14)


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("make", CASES)
def test_a_group_is_reached_wholly_or_not_at_all(make, joined, monkeypatch):
    if joined:
        join_whatever_may_be(monkeypatch)
    loss, inputs, parameters = make(0.25)
    recording = Program(loss, inputs=inputs, parameters=parameters).recording
    reroll = Reroll(recording)
    computed = np.frombuffer(recording.kinds, np.uint8) == COMPUTED
    assert not recording.reached[computed].all()
    for group in reroll.groups[COMPUTED:]:
        assert len({*recording.reached[group.members]}) == 1


@pytest.mark.parametrize("make", [*CASES, *zoo.ZOO.values()])
def test_python_finds_the_same_nodes(make, monkeypatch):
    loss, inputs, parameters = make(0.25) if make in CASES else make()
    recording = Recording(loss, inputs, parameters)
    found = recording.reached.tolist()
    monkeypatch.setattr(reaching, "grouping", lambda: None)
    assert Recording(loss, inputs, parameters).reached.tolist() == found
    assert found[recording.root] == 1 and not any(found[recording.root + 1 :])


def test_a_recording_without_flat_operands_is_not_walked(monkeypatch):
    monkeypatch.setattr(reaching, "grouping", lambda: pytest.fail("a walk"))
    w = values(0.5, 1.0)
    recording = Recording(tanh(w[0]) * w[1] + ag.exp(w[0]), [], w)
    assert recording.reached.all()


def test_compiled_functions_answer_as_eager_does():
    def f(x):
        r = [*map(sqrt, x)]
        return ag.detach(r[0]) * r[1] + ag.where(r[0], x[1], x[0]) * ag.floor(2.0 + r[0])

    fast = jit(f)
    for x in ([0.25, 4.0], [0.0, 4.0], [0.0, 1.0], [2.25, 1.0]):
        assert fast(x) == pytest.approx(f(x), rel=1e-14)
        assert grad(fast)(x) == pytest.approx(grad(f)(x), rel=1e-14)
        assert ag.hessian(fast)(x) == ag.hessian(f)(x)
        assert ag.jvp(fast, (x,), ([1.0, 2.0],))[1] == ag.jvp(f, (x,), ([1.0, 2.0],))[1]
    assert grad(fast)([0.0, 4.0]) == [2.0, 0.0]


@pytest.mark.skipif(not reaching.grouping(), reason="the extension is not used")
def test_columns_that_fit_nothing_are_refused():
    flat, starts = np.array([0], np.int64), np.array([0, 0, 1], np.int64)
    passes = np.ones(1, np.uint8)
    find = reaching.grouping().reached
    assert (find(flat, starts, passes, 1), find(flat, starts, passes * 0, 1)) == (b"\1\1", b"\0\1")
    for columns in (
        (flat + 1, starts, passes, 1), (flat, starts, b"", 1), (flat, starts, passes, 2),
        (flat, starts, passes, -1),
    ):  # fmt: skip
        with pytest.raises(ValueError):
            find(*columns)
