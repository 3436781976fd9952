"""A mistake in what trains is found before anybody gets the numbers.

Each test plants one: in the reading of a rule, in NumPy's or the kernel's way to apply it, in the
fused loop of steps, in the drawing of random numbers.
"""

from pathlib import Path

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Program, Value, dot, tanh
from autograd.program import machine, noise, plans, training
from autograd.program.compiler.steps import Expression
from autograd.program.executors import native
from autograd.program.executors.native import table
from autograd.program.executors.native.executor import NativeExecutor
from autograd.program.executors.numpy.update import NumpyUpdate
from autograd.program.verification import rehearsal
from tests.program import zoo

built = pytest.mark.skipif(not native.available(), reason="the extension is not built")

OPTIMISERS = {
    "plain": lambda own: nn.SGD(own, lr=0.1),
    "decay": lambda own: nn.SGD(own, lr=0.1, weight_decay=0.1),
    "momentum": lambda own: nn.SGD(own, lr=0.1, momentum=0.9, dampening=0.1),
    "nesterov": lambda own: nn.SGD(own, lr=0.1, momentum=0.9, nesterov=True),
    "adam": lambda own: nn.Adam(own, lr=0.1),
    "amsgrad": lambda own: nn.Adam(own, lr=0.1, amsgrad=True),
    "adamw": lambda own: nn.AdamW(own, lr=0.1),
    "rmsprop": lambda own: nn.RMSprop(own, lr=0.1),
    "adagrad": lambda own: nn.Adagrad(own, lr=0.1),
    "clipped": lambda own: nn.SGD(own, lr=0.1, clip_value=0.2, clip_norm=0.5),
    "scheduled": lambda own: nn.SGD(own, lr=lambda step: 0.1 if step < 3 else 0.05),
}
EXECUTORS = [("auto", "float64"), ("auto", "float32"), ("numpy", "float64"), ("numpy", "float32")]


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(machine, "PLANS", plans.Plans())


def trained(make, executor="auto", dtype="float64", sizes=(3, 4, 5, 2), steps=3):
    """Return the parameters after some steps over ten rows, three at a time."""
    loss, inputs, parameters = zoo.mlp(sizes=sizes)
    program = Program(loss, inputs=inputs, parameters=parameters, executor=executor, dtype=dtype)
    X = np.random.default_rng(0).normal(size=(10, len(inputs)))
    program.train(X, make(parameters), steps, batch_size=3)
    program.store_parameters()
    return np.array([leaf.data for leaf in parameters])


def by_hand(make, sizes=(3, 4, 5, 2), steps=3):
    """Return the same node by node."""
    loss, inputs, parameters = zoo.mlp(sizes=sizes)
    program = Program(loss, inputs=inputs, parameters=parameters)
    X = np.random.default_rng(0).normal(size=(10, len(inputs)))
    optimizer = make(parameters)
    for k in range(steps):
        program.load_parameters()
        _, gradient = program(X[3 * k : 3 * k + 3])
        for leaf, g in zip(parameters, gradient, strict=True):
            leaf.grad = float(g)
        optimizer.step()
    return np.array([leaf.data for leaf in parameters])


@pytest.mark.parametrize("executor, dtype", EXECUTORS)
@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_right_training_is_not_accused(name, executor, dtype):
    """A warning is an error; the rehearsal leaves no trace in the numbers."""
    found = trained(OPTIMISERS[name], executor, dtype)
    assert found == pytest.approx(
        by_hand(OPTIMISERS[name]), rel=1e-11 if dtype == "float64" else 2e-3
    )


def test_a_rehearsal_that_never_was_gives_the_same_to_the_bit(monkeypatch):
    found = trained(OPTIMISERS["adam"])
    monkeypatch.setattr(training.Trainer, "_rehearse", lambda self, examples: None)
    assert (found == trained(OPTIMISERS["adam"])).all()


def misread(change):
    """Return a reader of rules that changes what it has read."""
    original = training.rule_expression

    def changed(*args):
        code = original(*args)
        return change(code)

    return changed


def first_step(name, other):
    def change(code):
        steps = list(code.steps)
        k = next(k for k, (own, *_) in enumerate(steps) if own == name)
        steps[k] = (other, *steps[k][1:])
        return Expression(code.sources, code.constants, tuple(steps), code.results)

    return change


def other_constant(code):
    return Expression(
        code.sources, (code.constants[0] * 1.01, *code.constants[1:]), code.steps, code.results
    )


MISREAD = {
    "a learning rate": ("plain", other_constant),
    "a product that is a sum": ("momentum", first_step("mul", "add")),
    "a difference turned round": ("plain", first_step("sub", "add")),
    "another root": ("adam", first_step("sqrt", "exp")),
    "weights that do not decay": ("decay", first_step("add", "sub")),
}


@pytest.mark.parametrize("executor, dtype", EXECUTORS)
@pytest.mark.parametrize("name", MISREAD)
def test_a_rule_that_is_misread_is_found(name, executor, dtype, monkeypatch):
    optimiser, change = MISREAD[name]
    expected = by_hand(OPTIMISERS[optimiser])
    monkeypatch.setattr(training, "rule_expression", misread(change))
    with pytest.warns(RuntimeWarning, match="steps of training were compiled wrongly"):
        found = trained(OPTIMISERS[optimiser], executor, dtype)
    assert found == pytest.approx(expected, rel=1e-11 if dtype == "float64" else 1e-3)


def wrong_in_the_end(update):
    """Let the last parameter be forgotten, as at the end of a tile."""

    def changed(self, *args):
        values = self.memory.room.values[False]
        calls = self.memory.room.calls
        last = (calls.rule.update if calls else self._installed).places[-1]
        before = values[last]
        found = update(self, *args)
        values[last] = before
        return found

    return changed


@pytest.mark.parametrize("name", OPTIMISERS)
def test_numpy_that_forgets_a_parameter_is_found(name, monkeypatch):
    """It applies the rules where no kernel can; then Python does."""
    expected = by_hand(OPTIMISERS[name])
    monkeypatch.setattr(NumpyUpdate, "update", wrong_in_the_end(NumpyUpdate.update))
    with pytest.warns(RuntimeWarning, match="steps of training were compiled wrongly"):
        found = trained(OPTIMISERS[name], "numpy")
    assert found == pytest.approx(expected, rel=1e-11)


@built
@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_kernel_that_forgets_a_parameter_is_found(name, monkeypatch):
    """The loop over steps and the single one: then NumPy takes them."""
    expected = by_hand(OPTIMISERS[name])
    for way in ("train", "update"):
        monkeypatch.setattr(NativeExecutor, way, wrong_in_the_end(getattr(NativeExecutor, way)))
    with pytest.warns(RuntimeWarning, match="steps of training were compiled wrongly") as caught:
        found = trained(OPTIMISERS[name])
    assert found == pytest.approx(expected, rel=1e-11)
    assert [Path(x.filename).name for x in caught] == [Path(__file__).name]


@built
@pytest.mark.parametrize("name", ["plain", "momentum", "adam"])
def test_an_update_fused_with_large_products_is_found(name, monkeypatch):
    """Matrices of more than 2 048 parameters are updated while their gradient is found."""
    sizes = (50, 50, 2)
    original = NativeExecutor.train

    def train(self, examples, starts, costs, taken, first):
        original(self, examples, starts, costs, taken, first)
        self.memory.room.values[False][1700] *= 1.001  # amid the first matrix

    expected = by_hand(OPTIMISERS[name], sizes)
    monkeypatch.setattr(NativeExecutor, "train", train)
    with pytest.warns(RuntimeWarning, match="steps of training were compiled wrongly"):
        found = trained(OPTIMISERS[name], sizes=sizes)
    assert found == pytest.approx(expected, rel=1e-11)


@built
@pytest.mark.parametrize("name, step, other", [
    ("adam", "sqrt", "exp"), ("adam", "div", "mul"), ("adagrad", "sqrt", "exp"),
    ("amsgrad", "maximum", "minimum"),
])  # fmt: skip
def test_a_step_of_the_kernel_that_computes_something_else_is_found(name, step, other, monkeypatch):
    """Only in rules: the words of the program itself are right."""
    original = table.Table._update

    def update(self, this):
        codes, self.codes = self.codes, {**self.codes, step: self.codes[other]}
        try:
            return original(self, this)
        finally:
            self.codes = codes

    expected = by_hand(OPTIMISERS[name])
    monkeypatch.setitem(table._BODIES, table.Update, update)
    with pytest.warns(RuntimeWarning, match="steps of training were compiled wrongly"):
        found = trained(OPTIMISERS[name])
    assert found == pytest.approx(expected, rel=1e-11)


def test_a_known_rule_is_not_rehearsed_again(monkeypatch):
    trained(OPTIMISERS["adam"])
    monkeypatch.setattr(rehearsal.Rehearsal, "difference", None)  # nobody may ask
    trained(lambda own: nn.Adam(own, lr=0.3))


def test_a_rule_whose_numbers_say_nothing_is_let_be():
    """A logarithm of a state that is no logarithm's yet."""

    class Odd:
        slots = 1

        def __init__(self, parameters):
            self.parameters = tuple(parameters)

        def rule(self, w, g, state, step):
            (s,) = state
            return w - 0.1 * g, (ag.log(s - 1e6) if step == 3 else s + 1.0,)

    x, w = Value(1.0), Value(0.5)
    program = Program(tanh(dot([w], [x])), inputs=[x], parameters=[w])
    program.train([[1.0]], Odd([w]), 1)


def test_random_numbers_are_those_of_the_stream(monkeypatch):
    """Where NumPy has other ones than Python, Python draws, and both say the same again."""
    x, node = Value(1.0), ag.NoiseStream(seed=3).uniform()[0]
    right = Program(x * node, inputs=[x], parameters=[])
    original = noise.drawn

    def odd(*place):
        return original(*place) + (1e-9 if isinstance(place[0], np.ndarray) else 0.0)

    monkeypatch.setattr(noise, "drawn", odd)
    with pytest.warns(RuntimeWarning, match="draws other random numbers") as caught:
        program = Program(x * node, inputs=[x], parameters=[])
    assert [Path(x.filename).name for x in caught] == [Path(__file__).name]
    monkeypatch.undo()
    X = [[1.0]] * 5
    assert [program(X)[0] for _ in range(3)] == [right(X)[0] for _ in range(3)]
