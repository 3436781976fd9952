"""What a program draws anew in every replay: by every executor what a run node by node has.

Nothing else that is random gets into a program.
"""

import random

import numpy as np
import pytest

from autograd import (
    FrozenBranchError,
    NoiseStream,
    Program,
    Value,
    at_call,
    dot,
    grad,
    jacobian,
    jit,
    recording,
    tanh,
    total,
)
from nn import SGD, Adam
from tests.program.zoo import run_as_tapes

EXECUTORS = ["numpy", "native", "tape"]
X = np.array([[0.5, -1.0], [2.0, 0.25], [-0.75, 1.5], [1.0, 1.0]])


@pytest.fixture(params=EXECUTORS)
def executor(request, monkeypatch):
    if request.param == "tape":
        run_as_tapes(monkeypatch)
    return "native" if request.param == "tape" else request.param


def noisy(x, w, stream):
    """A little network with noise at its inputs, and twice at its hidden units."""
    a = [tanh(dot(row, [p + u for p, u in zip(x, stream.uniform(2), strict=True)])) for row in w]
    a = [p * u for p, u in zip(a, stream.uniform(3), strict=True)]
    return total([p * u * u for p, u in zip(a, stream.uniform(3), strict=True)])


def model(seed=7):
    w = [[Value(0.3 * i - 0.5 * j) for i in range(1, 3)] for j in range(3)]
    x = [Value(X[0, 0], "x0"), Value(X[0, 1], "x1")]
    return x, w, [leaf for row in w for leaf in row], NoiseStream(seed)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-13), ("float32", 2e-6)])
def test_call_after_call_has_the_numbers_of_the_model_called_as_often(executor, dtype, tolerance):
    x, w, parameters, stream = model()
    loss = noisy(x, w, stream)
    program = Program(loss, inputs=x, parameters=parameters, dtype=dtype, executor=executor)
    again = NoiseStream(7)
    costs = []
    for _ in range(3):
        for leaf in parameters:
            leaf.grad = 0.0
        eager = noisy(X[0].tolist(), w, again)
        eager.backward()
        C, gradient = program(X[:1])
        costs.append(C)
        assert pytest.approx(eager.data, rel=tolerance) == C
        assert gradient == pytest.approx([p.grad for p in parameters], rel=tolerance, abs=tolerance)
    assert len(set(costs)) == 3


def test_the_first_call_has_the_numbers_that_were_recorded(executor):
    x, w, parameters, stream = model()
    noisy(x, w, stream)
    loss = noisy(x, w, stream)
    program = Program(loss, inputs=x, parameters=parameters, executor=executor)
    assert program(X[:1])[0] == pytest.approx(loss.data, rel=1e-14)


def test_each_example_has_numbers_of_its_own(executor):
    x, w, parameters, stream = model()
    with at_call(0):
        loss = noisy(x, w, stream)
    program = Program(loss, inputs=x, parameters=parameters, executor=executor)
    for call in (0, 1, 1000):
        with at_call(call):
            program(X)
        found = program.value(loss)
        for k, row in enumerate(X.tolist()):
            with at_call(call, example=k):
                assert found[k] == pytest.approx(noisy(row, w, stream).data, rel=1e-13)


def test_two_replays_of_one_call_are_equal_to_the_bit(executor):
    x, w, parameters, stream = model()
    program = Program(noisy(x, w, stream), inputs=x, parameters=parameters, executor=executor)
    runs = []
    for _ in range(2):
        with at_call(3):
            C, gradient = program(X)
        runs.append((C, gradient.tolist()))
        program(X)
    assert runs[0] == runs[1]


@pytest.mark.parametrize("size", [2, 3, None])
@pytest.mark.parametrize("make", [lambda w: SGD(w, lr=0.1), lambda w: Adam(w, lr=0.1, clip_norm=1)])
def test_every_step_of_a_training_draws_anew(executor, make, size):
    """As the steps taken one by one, with the masks of that step, from the step it begins at."""
    ends = []
    for whole in (True, False):
        x, w, parameters, stream = model()
        program = Program(noisy(x, w, stream), inputs=x, parameters=parameters, executor=executor)
        optimizer = make(parameters)
        rows, at = size or len(X), 0
        if whole:
            program.train(X, optimizer, 4, size)
            program.train(X, optimizer, 3, size)
            program.store_parameters()
        for step in range(0 if whole else 7):
            at = 0 if step == 4 else at
            with at_call(step):
                _, gradient = program(X[at : at + rows])
            optimizer.update(gradient.tolist())
            program.load_parameters()
            at = (at + rows) % len(X) if at + rows < len(X) else 0
        ends.append([p.data for p in parameters])
    assert ends[0] == pytest.approx(ends[1], rel=1e-12)


def test_large_batches_are_drawn_in_portions(monkeypatch):
    ends = []
    for room in (1 << 20, 1):
        monkeypatch.setattr("autograd.program.training.DRAWN", room)
        x, w, parameters, stream = model()
        program = Program(noisy(x, w, stream), inputs=x, parameters=parameters)
        ends.append(program.train(X, SGD(parameters, lr=0.1), 300, 3).tolist())
    assert ends[0] == ends[1]
    assert len(set(ends[0])) == 300


def test_numbers_in_float32_are_below_one():
    u = NoiseStream(1).uniform()[0]
    x = Value(0.0)
    program = Program(x + u, inputs=[x], parameters=[], dtype="float32")
    program._machine.noise.columns = lambda rows, call: np.full((len(rows), 1), 1 - 2.0**-53)
    program([[0.0]])
    assert program.value(u)[0] == np.float32(1 - 2.0**-24)


def test_numbers_that_were_drawn_can_be_read_and_are_named_in_formulas():
    x, w = Value(1.0, "x"), Value(2.0, "w")
    u = NoiseStream(1).uniform()[0]
    program = Program(x * w * u, inputs=[x], parameters=[w])
    program([[1.0], [1.0]])
    assert program.value(u)[0] == u.data != program.value(u)[1]
    assert program.adjoint(u).tolist() == [2.0, 2.0]
    assert "u1" in str(program.describe())
    assert program.inputs == (x,)
    assert "1 inputs" in repr(program)


def test_compiled_functions_draw_anew_and_their_derivatives_too():
    by_hand, stream = NoiseStream(5), NoiseStream(5)
    f = jit(lambda x: x * x * stream.uniform()[0])
    for _ in range(3):
        u = by_hand.uniform()[0].data
        assert f(3.0) == pytest.approx(9.0 * u, rel=1e-15)
    u = by_hand.uniform()[0].data
    assert f.value_and_grad(3.0) == pytest.approx((9.0 * u, 6.0 * u), rel=1e-15)
    with at_call(0):
        first = f(3.0)
    with at_call(0):
        assert (f(3.0), grad(f)(3.0)) == pytest.approx((first, first * 2 / 3))


def test_numbers_that_are_not_finite_are_named():
    x, w = Value(1.0, "x"), Value(1.0, "w")
    u = NoiseStream(1).uniform()[0]
    program = Program(w * x * u, inputs=[x], parameters=[w])
    with pytest.raises(ArithmeticError, match="inputs must be finite; example 1 has inf"):
        program([[1.0], [np.inf]])
    with pytest.raises(ArithmeticError, match="finite"):
        program.train([[1e200]], SGD([w], lr=1e200), 3)


def test_a_branch_on_what_was_drawn_is_guarded():
    stream = NoiseStream(5)
    f = jit(lambda x: x if stream.uniform()[0] > 0.5 else -x)
    with pytest.raises(FrozenBranchError, match="uniform_noise"):
        [f(1.0) for _ in range(20)]
    x = Value(1.0)
    with recording():
        y = x if stream.uniform()[0] > 0.5 else -x
    program = Program(y, inputs=[x], parameters=[])
    with pytest.raises(FrozenBranchError, match=r"example 1[0-9]? has|example [2-9] has"):
        program([[1.0]] * 20)


def test_the_number_of_a_draw_is_not_read_while_recording():
    stream = NoiseStream(5)
    with pytest.raises(FrozenBranchError, match="was read while recording"):
        jit(lambda x: x * stream.uniform()[0].data)(1.0)


GENERATORS = {
    "random": [random.random, lambda: random.gauss(0, 1), lambda: random.sample(range(9), 1)[0]],
    "numpy.random": [lambda: float(np.random.rand()), lambda: float(np.random.standard_normal())],
}
DRAWS = [pytest.param(name, f, id=f"{name}{k}") for name, fs in GENERATORS.items()
         for k, f in enumerate(fs)]  # fmt: skip


@pytest.fixture(autouse=True)
def _generators_stay_as_they_are():
    python, numpy = random.getstate(), np.random.get_state()
    yield
    random.setstate(python)
    np.random.set_state(numpy)


@pytest.mark.parametrize(("name", "draw"), DRAWS)
@pytest.mark.parametrize("way", ["jit", "inside", "after"])
def test_what_a_shared_generator_gave_while_recording_is_not_frozen(name, draw, way):
    x = Value(1.0)
    message = rf"the generator of {name} was moved while recording.*nn\.Dropout"
    if way == "jit":
        with pytest.raises(FrozenBranchError, match=message):
            jit(lambda x: x * draw())(2.0)
        return
    with recording():
        y = x * draw()
        if way == "inside":
            with pytest.raises(FrozenBranchError, match=message):
                Program(y, inputs=[x], parameters=[])
    if way == "after":
        with pytest.raises(FrozenBranchError, match=message):
            Program(y, inputs=[x], parameters=[])


def test_what_was_drawn_before_and_after_is_nobodys_business():
    x = Value(random.random())
    with recording():
        y = x * x
    program = Program(y, inputs=[x], parameters=[])
    random.random()
    np.random.rand()
    assert program([[3.0]])[0] == 9.0
    assert Program(y, inputs=[x], parameters=[])([[2.0]])[0] == 4.0
    f = jit(lambda x: x * x)
    assert [f(random.random()) >= 0.0 for _ in range(3)] == [True] * 3


def test_one_program_is_accused_and_no_later_one():
    x = Value(1.0)
    with recording():
        y = x * random.random()
    with pytest.raises(FrozenBranchError, match="was moved"):
        Program(y, inputs=[x], parameters=[])
    assert Program(x * x, inputs=[x], parameters=[])([[3.0]])[0] == 9.0


def test_a_failed_recording_accuses_no_later_one():
    with pytest.raises(ZeroDivisionError), recording():
        random.random()
        1 / 0  # noqa: B018
    x = Value(1.0)
    with recording():
        y = x * x
    assert Program(y, inputs=[x], parameters=[])([[3.0]])[0] == 9.0


def test_every_derivative_of_a_compiled_function_is_of_one_draw():
    """The rows of a Jacobian, all entries of a Hessian, each row of a map with its own."""

    def fresh():
        stream = NoiseStream(5)
        return lambda v: [v[0] * v[0] * u + v[1] * u for u in stream.uniform(2)]

    point, f = [1.5, -0.5], jit(fresh())
    by_hand = NoiseStream(5)
    for _ in range(3):
        u, v = (node.data for node in by_hand.uniform(2))
        found = np.array(jacobian(f)(point)).ravel()
        assert found == pytest.approx([3.0 * u, u, 3.0 * v, v], rel=1e-13)
    stream = NoiseStream(6)
    g = jit(lambda x: x * stream.uniform()[0])
    numbers = np.asarray(g.map([1.0] * 50)).ravel()
    assert len(set(numbers.tolist())) == 50
    assert not set(numbers.tolist()) & set(np.asarray(g.map([1.0] * 50)).ravel()[:1].tolist())
