"""A program's numbers are those of the eager engine, node by node and example by example."""

from functools import cache

import numpy as np
import pytest

import autograd as ag
from autograd import Value, engine
from autograd.program import Program
from autograd.program.executors import native
from autograd.table import PRIMITIVES
from tests.program import zoo
from tests.program.reference import EXECUTORS, assert_follows, reference
from tests.program.zoo import ZOO

LANES = (9, 1, 2, 5)


def batch(inputs, m, seed=0):
    """Rows like the numbers that the inputs hold; a whole number stays as it is."""
    rng = np.random.default_rng(seed)
    now = np.array([leaf.data for leaf in inputs])
    X = now + 0.3 * rng.normal(size=(m, len(inputs)))
    X[:, now == np.floor(now)] = now[now == np.floor(now)]
    X[0] = now
    return X.astype(np.float32).astype(float)


def check(loss, inputs, parameters, m=5, **options):
    program = Program(loss, inputs=inputs, parameters=parameters, **options)
    X = batch(inputs, m)
    assert_follows(program, reference(loss, inputs, X), X)


@cache
def model(name):
    """A model of the zoo, rows for it, and every node of them by the engine."""
    loss, inputs, parameters = ZOO[name]()
    X = batch(inputs, max(LANES))
    return loss, inputs, parameters, X, reference(loss, inputs, X)


def check_model(name, **options):
    loss, inputs, parameters, X, expected = model(name)
    program = Program(loss, inputs=inputs, parameters=parameters, **options)
    for m in LANES:
        assert_follows(program, expected, X[:m])
    single = Program(loss, inputs=inputs, parameters=parameters, dtype="float32", **options)
    assert_follows(single, expected, X[:9], relative=1e-5, rounding=2e-6)
    return program


@pytest.mark.parametrize("name", ZOO)
@pytest.mark.parametrize("executor", EXECUTORS)
def test_every_node_of_every_lane_equals_the_engine(name, executor):
    check_model(name, executor=executor)


@pytest.mark.skipif(not native.available(), reason="the extension is not built")
@pytest.mark.parametrize("name", ZOO)
def test_a_tape_of_scalars_gives_the_same(name, monkeypatch):
    zoo.run_as_tapes(monkeypatch)
    program = check_model(name)
    assert program.executor == "native" and not program.instructions


def integrated(steps):
    leaves = zoo.Leaves(3)
    return zoo.pendulum(leaves, steps), leaves.parameters


def test_an_integrator_runs_as_a_tape():
    loss, parameters = integrated(100)
    program = Program(loss, inputs=[], parameters=parameters)
    cost, gradient = program(np.zeros((1, 0)))
    assert cost == pytest.approx(loss.data, rel=1e-12)
    assert gradient == pytest.approx(engine.adjoints(loss, parameters), rel=1e-11)
    if native.available():
        assert not program.instructions
        assert "scalar operations" in repr(program.describe())


def test_a_tape_trains():
    ends = []
    for executor in EXECUTORS:
        loss, parameters = integrated(20)
        program = Program(loss, inputs=[], parameters=parameters, executor=executor)
        ends.append(program.train(np.zeros((1, 0)), Descent(), 10))
    np.testing.assert_allclose(ends[0], ends[-1], rtol=1e-12)


class Descent:
    def rule(self, w, g, state, step):
        return w - 0.01 * g, state


UNARY = [row.name for row in PRIMITIVES.values() if row.arity == 1]


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("name", UNARY)
def test_every_row_of_one_operand(name, executor):
    x, w = Value(0.7), Value(0.5)
    low = PRIMITIVES[name].domain[0].low
    argument = ag.sigmoid(w * x) * 0.9 + (1.0 if low == 1.0 else 0.0)
    loss = PRIMITIVES[name].function(argument) + PRIMITIVES[name].function(argument * 1.05)
    check(loss, [x], [w], executor=executor)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("exponent", [2.0, 3.0, -1.0, 0.5, 0.0, 1.0, -2.5])
def test_powers_with_a_constant_exponent(exponent, executor):
    x, w = Value(0.7), Value(0.5)
    check((w * w + x * x) ** exponent, [x], [w], executor=executor)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("m", [1, 2, 7, 64, 300])
def test_the_number_of_lanes_is_free(m, executor):
    check(*zoo.mlp(), m=m, executor=executor)


def test_lanes_may_change_from_call_to_call():
    loss, inputs, parameters = zoo.mlp()
    program = Program(loss, inputs=inputs, parameters=parameters)
    rows = batch(inputs, 9)
    whole = program(rows)[1]
    parts = np.mean([program(rows[k : k + 3])[1] for k in (0, 3, 6)], axis=0)
    np.testing.assert_allclose(parts, whole, rtol=1e-12)
    assert program(rows)[1] == pytest.approx(whole, rel=0, abs=0)


def test_numbers_from_before_training_are_not_mixed_with_those_after():
    loss, inputs, parameters = zoo.mlp()
    program = Program(loss, inputs=inputs, parameters=parameters)
    X = batch(inputs, 3)
    program(X)
    assert program.adjoint(inputs[0]).shape == (3,)
    program.train(X, Descent(), 1)
    with pytest.raises(RuntimeError, match="first"):
        program.adjoint(inputs[0])


@pytest.mark.parametrize(
    "name", ["loss", "inputs", "parameters", "recording", "dtype", "executor", "instructions"]
)
def test_what_a_program_is_made_of_cannot_be_assigned(name):
    x, w = Value(1.0), Value(2.0)
    program = Program(w * x, inputs=[x], parameters=[w])
    with pytest.raises(AttributeError):
        setattr(program, name, getattr(program, name))
    assert (program.inputs, program.parameters) == ((x,), (w,))
