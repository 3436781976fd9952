"""Calls over many examples pass in portions: the same numbers in room that m does not set."""

import numpy as np
import pytest

import nn
from autograd import Program, Value, dot, errors, recording, sin, tanh
from autograd.program import portions
from autograd.program.executors import native

EXECUTORS = ["numpy", *(["native"] if native.available() else [])]
built = pytest.mark.skipif(not native.available(), reason="the extension is not built")


@pytest.fixture
def small(monkeypatch):
    """Let portions have 40 examples, the last of 100 fewer."""
    monkeypatch.setattr(portions, "LARGE", 1 << 10)
    monkeypatch.setattr(portions, "PORTION", 0)
    monkeypatch.setattr(portions, "FEWEST", 40)


def network():
    """c = (Σ v tanh(W x) - t)², matrices; with its leaves and a hidden node."""
    x = [Value(0.1 * k) for k in range(5)]
    w = [[Value(0.3 * np.sin(3 * i + j)) for j in range(5)] for i in range(6)]
    v, t = [Value(0.2 * i - 0.5) for i in range(6)], Value(0.3)
    hidden = [tanh(dot(row, x)) for row in w]
    return (dot(v, hidden) - t) ** 2, [*x, t], [*(a for row in w for a in row), *v], hidden[2]


def serial():
    """A tape: sixty steps that have little in common."""
    x, w = [Value(0.3), Value(0.2)], [Value(0.4), Value(0.9)]
    a = middle = x[0]
    for k in range(60):
        a = sin(a * w[k % 2] + x[k * k % 3 % 2]) * (0.9 + 0.01 * k) - (w[0] if k % 5 else a)
        middle = a if k == 30 else middle
    return a * a, x, w, middle


MODELS = pytest.mark.parametrize("model", [network, serial])


@MODELS
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("executor", EXECUTORS)
def test_cost_gradient_and_every_number_are_those_of_one_pass(model, executor, dtype, small):
    loss, inputs, parameters, middle = model()
    X = np.random.default_rng(0).normal(size=(100, len(inputs))).astype(dtype)
    program = Program(loss, inputs=inputs, parameters=parameters, executor=executor, dtype=dtype)
    cost, gradient = program(X)
    machine = program._machine
    assert machine.memory.room.lanes < 40
    near = 1e-12 if dtype == "float64" else 1e-4
    rows = [program(X[k : k + 1]) for k in range(100)]
    np.testing.assert_allclose(cost, np.mean([c for c, _ in rows]), rtol=near)
    expected = np.mean([g for _, g in rows], axis=0)
    np.testing.assert_allclose(gradient, expected, rtol=near, atol=near * np.abs(expected).max())
    assert program(X)[0] == cost  # to the bit
    assert (program(X)[1] == gradient).all()
    found, slopes = program.value(middle), program.adjoint(middle)
    assert found.shape == slopes.shape == (100,)
    assert machine.memory.room.lanes == 100
    both = [program.adjoint(w) for w in parameters], gradient
    np.testing.assert_allclose(*both, rtol=near, atol=near * np.abs(expected).max())
    for k in (0, 39, 40, 99):
        program(X[k : k + 1])
        np.testing.assert_allclose(found[k], program.value(middle), rtol=10 * near)
        np.testing.assert_allclose(slopes[k], program.adjoint(middle), rtol=10 * near, atol=near)


@MODELS
@pytest.mark.parametrize("executor", EXECUTORS)
def test_values_alone_pass_in_portions(model, executor, small):
    loss, inputs, parameters, middle = model()
    X = np.random.default_rng(1).normal(size=(100, len(inputs)))
    program = Program(loss, inputs=inputs, parameters=parameters, executor=executor)
    found = program.forward(X, [middle, loss, inputs[0]])
    assert program._machine.memory.room.lanes < 40
    again = np.vstack([program.forward(X[k : k + 7], [middle, loss]) for k in range(0, 100, 7)])
    np.testing.assert_allclose(found[:, :2], again, rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(found[:, 2], X[:, 0])


@MODELS
@pytest.mark.parametrize("make", [nn.SGD, nn.Adam])
@pytest.mark.parametrize("executor", EXECUTORS)
def test_training_takes_the_same_steps(model, make, executor, monkeypatch):
    costs, numbers = [], []
    for fewest in (1 << 20, 40):
        monkeypatch.setattr(portions, "LARGE", 1 << 10)
        monkeypatch.setattr(portions, "PORTION", 0)
        monkeypatch.setattr(portions, "FEWEST", fewest)
        loss, inputs, parameters, _ = model()
        X = np.random.default_rng(2).normal(size=(130, len(inputs)))
        program = Program(loss, inputs=inputs, parameters=parameters, executor=executor)
        costs.append(program.train(X, make(parameters, lr=0.01), 5, batch_size=100))
        program.store_parameters()
        numbers.append([p.data for p in parameters])
    np.testing.assert_allclose(*costs, rtol=1e-9)
    np.testing.assert_allclose(*numbers, rtol=1e-9)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_failure_names_the_row_of_x(executor, small):
    loss, inputs, parameters, _ = network()
    program = Program(loss, inputs=inputs, parameters=parameters, executor=executor)
    X = np.zeros((100, len(inputs)))
    X[77, 5] = 1e200
    with pytest.raises(errors.AnomalyError, match="example 77"):
        program(X)
    with pytest.raises(errors.AnomalyError, match="example 77"):
        program.train(X, nn.SGD(parameters, lr=0.1), 2)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_guard_names_the_row_of_x(executor, small):
    x, w = Value(1.0), Value(2.0)
    with recording():
        loss = w * x if x > 0 else w - x
        for k in range(12):
            loss = tanh(loss) + w * (k + 1)
    program = Program(loss, inputs=[x], parameters=[w], executor=executor)
    X = np.ones((100, 1))
    program(X)
    X[63] = -1.0
    with pytest.raises(errors.FrozenBranchError, match="63"):
        program(X)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_rows_that_changed_since_are_not_read_for_those_of_the_call(executor, small):
    loss, inputs, parameters, middle = network()
    program = Program(loss, inputs=inputs, parameters=parameters, executor=executor)
    X = np.random.default_rng(3).normal(size=(100, len(inputs)))
    program(X)
    X += 0.5
    with pytest.raises(RuntimeError, match="X has changed"):
        program.value(middle)
    cost, _ = program(X)
    assert program.value(middle).shape == (100,)
    assert program(X)[0] == cost


@pytest.mark.parametrize("executor", EXECUTORS)
def test_masks_are_drawn_for_all_rows_once(executor, monkeypatch):
    """The mask of row k is a function of the seed, the call and k, portions or not."""
    costs = []
    for fewest in (1 << 20, 40):
        monkeypatch.setattr(portions, "LARGE", 1 << 10)
        monkeypatch.setattr(portions, "PORTION", 0)
        monkeypatch.setattr(portions, "FEWEST", fewest)
        nn.seed(5)
        x, w = [Value(0.5) for _ in range(8)], [Value(0.3) for _ in range(8)]
        layer = nn.Dropout(0.5, seed=3)
        loss = dot(w, layer(x)) ** 2
        program = Program(loss, inputs=x, parameters=w, executor=executor)
        costs.append(program(np.arange(1600.0).reshape(200, 8) / 1600)[0])
    np.testing.assert_allclose(*costs, rtol=1e-12)


@built
@MODELS
def test_room_does_not_grow_with_the_examples(model):
    loss, inputs, parameters, _ = model()
    program = Program(loss, inputs=inputs, parameters=parameters, executor="native")
    memory = program._machine.memory
    program(np.zeros((3_000_000 // memory.bytes_each * 20, len(inputs))))
    most = max(portions.PORTION, portions.FEWEST * memory.bytes_each)
    assert memory.room.lanes * memory.bytes_each <= most
