"""Work over many lanes is done piece by piece, and the numbers are those of the whole."""

import signal
from functools import partial

import numpy as np
import pytest

import autograd as ag
from autograd import Program, Value, sin, total
from autograd.program.compiler.recording import Recording
from autograd.program.executors import native, registry
from autograd.program.executors.numpy import products, views
from autograd.program.plans import Plan
from tests.program import zoo

built = pytest.mark.skipif(not native.available(), reason="the extension is not built")
LANES = 20_000
QUICK = (np.add, np.subtract, np.multiply, np.divide, np.maximum, np.floor, np.matmul)
MODELS = {
    "mlp": partial(zoo.mlp, sizes=(8, 48, 40, 3)),
    "wide": partial(zoo.mlp, sizes=(130, 150, 1)),
    "convolution": zoo.convolution,
    "attention": zoo.attention,
    "ragged": zoo.ragged,
    "classifier": zoo.classifier,
}


def rows(inputs, count):
    X = np.random.default_rng(5).normal(size=(count, len(inputs)))
    for k, leaf in enumerate(inputs):
        if leaf.data == 1.0:  # which class
            X[:, k] = np.arange(count) % 3
    return X


@pytest.mark.parametrize("executor", ["numpy", pytest.param("native", marks=built)])
@pytest.mark.parametrize("name", MODELS)
def test_all_lanes_have_the_numbers_that_few_of_them_have(name, executor):
    """A thousand at a time hardly any instruction is cut, and none in the same places."""
    loss, inputs, parameters = MODELS[name]()
    program = Program(loss, inputs=inputs, parameters=parameters, executor=executor)
    X, costs, gradients = rows(inputs, LANES), [], []
    cost, gradient = program(X)
    losses, slopes = program.value(loss), program.adjoint(inputs[0])
    for start in range(0, LANES, 1000):
        found = program(X[start : start + 1000])
        costs.append(found[0])
        gradients.append(found[1])
        part = slice(start, start + 1000)
        np.testing.assert_allclose(losses[part], program.value(loss), 1e-12, 1e-12)
        np.testing.assert_allclose(slopes[part], program.adjoint(inputs[0]), 1e-11, 1e-12)
    assert cost == pytest.approx(np.mean(costs), rel=1e-12)
    assert gradient == pytest.approx(np.mean(gradients, axis=0), rel=1e-10, abs=1e-13)


@pytest.mark.parametrize("name", MODELS)
def test_no_call_of_numpy_computes_more_than_a_block(name):
    """What only adds, multiplies and copies numbers is left out: it is a hundred times as fast."""
    recording = Recording(*MODELS[name]())
    parts = registry.assemble("numpy", Plan(recording), "float64")
    parts.executor.resize(LANES)
    calls = parts.memory.room.calls
    slow = [x for x in (*calls.forward, *calls.backward) if isinstance(x, partial)]
    multiplied = [x for x in slow if x.func in (np.dot, np.matmul)]
    ufuncs = [x for x in slow if isinstance(x.func, np.ufunc) and x.func not in QUICK]
    assert multiplied or ufuncs
    for call in multiplied:
        left, *_, out = call.args
        whole = out.shape[-1] == 1 or out.ndim < 2
        assert whole or out.size * left.shape[-1] <= 2 * products.WORK
    for call in ufuncs:
        assert call.args[-1].size <= 2 * views.BLOCK


@pytest.mark.parametrize("axis", [0, 1])
def test_blocks_cover_all_of_an_array_once(axis, monkeypatch):
    monkeypatch.setattr(views, "BLOCK", 10)
    shape = [3, 3]
    shape[axis] = 17
    x, row, out = np.arange(51.0).reshape(shape), np.arange(float(shape[1])), np.zeros(shape)
    calls = views.in_blocks(np.add, [x, row], out)
    assert len(calls) == 6
    for call in calls:
        call()
    assert (out == x + row).all()


@built
@pytest.mark.parametrize(
    ("executor", "lanes", "width"), [("native", 1 << 16, 16), ("tape", LANES, 80)]
)
def test_a_pass_is_interrupted_before_its_end(executor, lanes, width, monkeypatch):
    """A signal that comes as it begins is answered while the cost of the last lane is missing."""
    if executor == "tape":
        zoo.run_as_tapes(monkeypatch)
    x = Value(0.5)
    loss = total([sin(ag.exp(ag.tanh(sin(ag.cos(0.1 * k * x))))) for k in range(width)])
    recording = Recording(loss, [x], [])
    parts = registry.assemble("native", Plan(recording), "float64")
    this = parts.executor
    this.resize(lanes)
    this.load(np.full((lanes, 1), 0.5))
    cost = parts.memory.room.values[True][parts.placement.address[recording.root]]
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 1e-3)
    try:
        with pytest.raises(KeyboardInterrupt):
            this.forward()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    assert cost[-1] == 0.0
    this.forward()
    assert cost == pytest.approx(cost[0], rel=1e-12) and cost[0] != 0.0
