"""What is read beside the loss has no part in its gradient, where its own partials are infinite."""

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Program, Value, dot, grad, gradients, jit, sqrt, tanh, total
from autograd.program.compiler.recording import COMPUTED, Recording
from autograd.program.compiler.reroll import Reroll
from tests.program import zoo
from tests.program.compiler.test_levels import join_whatever_may_be
from tests.program.executors.test_networks import programs

NEAR = {"float64": 1e-14, "float32": 1e-6}


def values(*numbers):
    return [Value(number) for number in numbers]


def roots(z):
    w = values(z, 1.0, 2.0)
    first, *others = map(sqrt, w)
    return total(others) * w[1], [], w, [first]


def powers(z):
    w = values(z, 1.0, 2.0)
    first, *others = [x**0.5 for x in w]
    return others[0] * others[1], [], w, [first]


def edges(z):
    w = values(1.0 - z, 0.5, 0.25)
    first, *others = [ag.asin(x) for x in w]
    return others[0] * others[1], [], w, [first]


def of_inputs(z):
    x, w = values(z, 1.0, 2.0), values(0.5, 3.0)
    first, *others = [sqrt(w[0] * a) for a in x]
    return others[0] * others[1] * w[1], x, w, [first]


def inside(z):
    """The operands of what is read are in groups with those of the loss, layer by layer."""
    w = values(z, 1.0, 2.0, 3.0)
    first, *others = [tanh(dot([sqrt(x), x], w[1:3], w[3])) for x in w[:3]]
    return dot(others, others), [], w, [first]


def of_rows(z):
    w = values(z, 1.0, 2.0, 3.0)
    r = [*map(sqrt, w)]
    return ag.logsumexp(r[1:3]) * ag.softmax(r[2:])[0], [], w, [ag.logsumexp(r[:2]), *ag.softmax(r)]


def above(z):
    """What is read uses nodes of the loss, and the loss itself."""
    w = values(z, 1.0, 2.0)
    r = [*map(sqrt, w)]
    loss = r[1] * r[2]
    return loss, [], w, [loss * r[0], r[0] * w[2] + loss * r[1] + r[1]]


def decisions(z):
    """Nobody asked for it: a comparison reads it."""
    w = values(z, 1.0, 2.0)
    with ag.recording():
        first, *others = map(sqrt, w)
        return (others[0] * others[1] if first < 10.0 else first), [], w, []


CASES = [roots, powers, edges, of_inputs, inside, of_rows, above, decisions]


def require_eager(program, make):
    """Cost, gradient and further outputs are those of eager where z = 0."""
    loss, inputs, parameters, also = make(0.0)
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
    return [x.data for x in also]


@pytest.mark.parametrize("dtype", NEAR)
@pytest.mark.parametrize("make", CASES)
def test_the_gradient_is_that_of_eager(make, dtype, monkeypatch):
    loss, inputs, parameters, also = make(0.5)
    for program in programs(loss, inputs, parameters, monkeypatch, also=also, dtype=dtype):
        right = require_eager(program, make)
        assert program.read_values(also)[0] == pytest.approx(right, rel=NEAR[dtype], abs=1e-30)
        assert (program.read_adjoints([x for x in also if x is not loss]) == 0.0).all()


@pytest.mark.parametrize("dtype", NEAR)
@pytest.mark.parametrize("make", CASES)
def test_so_it_is_where_it_was_recorded_there(make, dtype, monkeypatch):
    """No program has to run node by node for it."""
    loss, inputs, parameters, also = make(0.0)
    for program in programs(loss, inputs, parameters, monkeypatch, also=also, dtype=dtype):
        assert program.executor != "eager"
        require_eager(program, make)


@pytest.mark.parametrize("make", CASES)
def test_so_it_is_in_groups_that_were_joined(make, monkeypatch):
    join_whatever_may_be(monkeypatch)
    loss, inputs, parameters, also = make(0.5)
    for program in programs(loss, inputs, parameters, monkeypatch, also=also):
        require_eager(program, make)


def test_what_is_beside_has_no_backward_instructions(monkeypatch):
    w = values(0.1, 0.2, 0.3)
    first, *others = map(tanh, w)
    loss = dot(others, others)
    for program in programs(loss, [], w, monkeypatch, also=[first]):
        alone = Program(loss, inputs=[], parameters=w, executor=program.executor)
        more, usual = (x._machine.instructions.backward for x in (program, alone))
        assert len(more) <= len(usual) + 1  # which lets its adjoint be 0, for whoever reads it


def test_a_program_that_trains_meets_no_infinity_beside_its_loss():
    w = values(0.0, 1.0, 2.0)
    first, *others = map(sqrt, w)
    program = Program(dot(others, others), inputs=[], parameters=w, also=[first])
    costs = program.train(np.empty((1, 0)), nn.SGD(w, lr=0.25), 3)
    assert costs.tolist() == pytest.approx([3.0, 2.5, 2.0], rel=1e-14)


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("make", CASES)
def test_a_group_is_wholly_below_the_loss_or_beside_it(make, joined, monkeypatch):
    if joined:
        join_whatever_may_be(monkeypatch)
    loss, inputs, parameters, also = make(0.5)
    program = Program(loss, inputs=inputs, parameters=parameters, also=also)
    reroll, root = Reroll(program.recording), program.recording.root
    assert (reroll.joined is not None) == joined
    for group in reroll.groups[COMPUTED:]:
        assert len({*(group.members > root)}) == 1


@pytest.mark.parametrize("name", [*zoo.ZOO, *zoo.SERIAL])
def test_what_is_computed_up_to_the_root_is_below_it(name):
    """Which is how a program knows what is beside."""
    loss, inputs, parameters = {**zoo.ZOO, **zoo.SERIAL}[name]()
    beside = [tanh(loss), sqrt(parameters[0] * parameters[0] + 1.0), *ag.softmax(parameters[:3])]
    recording = Recording(loss, inputs, parameters, beside[:1], beside[1:])
    below = {recording.root}
    for node in reversed(range(recording.root + 1)):
        below.update(recording.operands[node] if node in below else ())
    computed = [k for k, kind in enumerate(recording.kinds) if kind == COMPUTED]
    assert [k for k in computed if k in below] == [k for k in computed if k <= recording.root]
    assert len(below) < len(recording)


@pytest.mark.parametrize("name", [*zoo.ZOO, *zoo.SERIAL])
def test_a_recording_alone_is_that_of_the_loss(name):
    """As if nothing had been asked for beside it."""
    loss, inputs, parameters = {**zoo.ZOO, **zoo.SERIAL}[name]()
    beside = [tanh(loss), sqrt(parameters[0] * parameters[0] + 1.0), *ag.softmax(parameters[:3])]
    whole, usual = (Recording(loss, inputs, parameters, x[:1], x[1:]) for x in (beside, []))
    for _ in range(2):  # what it was asked for before is not that of the others
        alone = whole.alone()
        assert (alone.operations, alone.root) == (usual.operations, usual.root)
        assert (alone.kinds, alone.lanes, alone.kept) == (usual.kinds, usual.lanes, usual.kept)
        assert [*alone.operands] == [*usual.operands]
        assert [*alone.numbers] == [*usual.numbers]
        assert alone.exponents.tolist() == usual.exponents.tolist()
        assert len(whole.operations) > len(usual) and len(whole.exponents) >= 0


def test_compiled_functions_answer_as_eager_does():
    """Where what is compared has an infinite partial, and where another argument has one."""

    def f(x, y):
        r = [*map(sqrt, x)]
        return (r[1] * y[0] if r[0] < 10.0 else r[0]) * sqrt(y[1])

    value, slope = jit(f).value_and_grad([0.25, 4.0], [3.0, 1.0])
    assert (value, slope) == (6.0, [0.0, 0.75])
    fast = jit(f)
    for x in ([0.25, 4.0], [0.0, 4.0], [0.0, 1.0]):
        for y in ([3.0, 1.0], [2.0, 4.0]):
            assert grad(fast)(x, y) == pytest.approx(grad(f)(x, y), rel=1e-14)
            assert fast(x, y) == pytest.approx(f(x, y), rel=1e-14)
    assert grad(fast, argnums=0)([1.0, 4.0], [3.0, 0.0]) == [0.0, 0.0]
