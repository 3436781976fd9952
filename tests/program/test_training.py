"""Training inside a program is the optimiser's own step, parameter by parameter."""

import copy
import math
import pickle
from itertools import chain

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import AnomalyError, DomainError, Value, exp, log, mean
from autograd.program import Program, arguments
from autograd.program.executors import native
from autograd.table import PRIMITIVES, primitive
from tests.program import zoo
from tests.program.reference import EXECUTORS

OPTIMISERS = {
    "sgd": lambda p: nn.SGD(p, lr=0.1),
    "momentum": lambda p: nn.SGD(p, lr=0.1, momentum=0.9),
    "nesterov": lambda p: nn.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "rmsprop": lambda p: nn.RMSprop(p, lr=0.02),
    "adam": lambda p: nn.Adam(p, lr=0.02),
    "adamw": lambda p: nn.AdamW(p, lr=0.02),
    "clipped": lambda p: nn.SGD(p, lr=0.1, clip_norm=0.05, clip_value=0.04),
    "cosine": lambda p: nn.Adam(p, lr=nn.cosine(0.1, 0.0, steps=15)),
    "stepwise": lambda p: nn.SGD(p, lr=nn.stepwise(0.1, 0.5, (3, 6))),
    "a branch on the step": lambda p: nn.SGD(p, lr=lambda step: 0.1 if step < 5 else 0.01),
    "math of the step": lambda p: nn.SGD(p, lr=lambda step: 0.1 * math.exp(-step)),
}


def rows(m=10, width=4, seed=0):
    return np.random.default_rng(seed).normal(size=(m, width))


def eager_training(loss_of, parameters, optimizer, X, steps, size):
    costs = []
    starts = list(range(0, len(X), size))
    for step in range(steps):
        start = starts[step % len(starts)]
        cost = mean([loss_of(row) for row in X[start : start + size]])
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        costs.append(cost.data)
    return costs


def linear_model():
    """A two-layer network whose loss can be made again for any row."""
    leaves = zoo.Leaves(3)
    w, b, v = leaves.matrix(3, 2), leaves.weights(3), leaves.weights(3)

    def loss_of(row):
        hidden = [
            (wj[0] * row[0] + wj[1] * row[1] + bj).tanh() for wj, bj in zip(w, b, strict=True)
        ]
        out = sum(vj * h for vj, h in zip(v, hidden, strict=True))
        return (out - row[2]) ** 2 + 0.1 * abs(out) * row[3] ** 2

    return loss_of, leaves.parameters


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("size", [10, 4])
def test_twenty_steps_agree_with_the_eager_optimiser(name, executor, size):
    X, results = rows(), []
    for compiled in (True, False):
        loss_of, parameters = linear_model()
        optimizer = OPTIMISERS[name](parameters)
        if compiled:
            inputs = [Value(x) for x in X[0]]
            program = Program(
                loss_of(inputs), inputs=inputs, parameters=parameters, executor=executor
            )
            costs = [*program.train(X, optimizer, 9, size), *program.train(X[:0:-1], optimizer, 0)]
            rest = np.roll(X, -((9 % math.ceil(10 / size)) * size), axis=0)
            costs += [*program.train(rest, optimizer, 0, size)]
            program.store_parameters()
            assert optimizer.steps == 9
        else:
            costs = eager_training(loss_of, parameters, optimizer, X, 9, size)
        results.append((costs, [p.data for p in parameters], optimizer.state))
    (costs, ws, state), (eager_costs, eager_ws, eager_state) = results
    np.testing.assert_allclose(costs, eager_costs, rtol=1e-12)
    np.testing.assert_allclose(ws, eager_ws, rtol=1e-12)
    np.testing.assert_allclose(state, eager_state, rtol=1e-12, atol=1e-15)


def index(k):
    return k if isinstance(k, Value) else int(k)


OF_MANY = {
    "total": lambda w, g: ag.total([w, g, 0.25]),
    "mean": lambda w, g: ag.mean([w, 2.0 * g, w * g]),
    "dot": lambda w, g: ag.dot([w, g], [g, 0.5], 0.125),
    "logsumexp": lambda w, g: ag.logsumexp([w, g, 0.3]),
    "softmax": lambda w, g: ag.softmax([w, g, 0.3])[1],
    "log_softmax": lambda w, g: ag.log_softmax([w, 30.0 * g])[0],
    "take": lambda w, g: ag.take([w, g, 0.3], index(ag.heaviside(g) + ag.heaviside(w))),
}


def test_every_function_of_many_operands_is_tried_in_a_rule():
    assert OF_MANY.keys() == {row.name for row in PRIMITIVES.values() if row.arity is None}


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("name", OF_MANY)
def test_a_rule_may_use_functions_of_many_operands(name, executor, monkeypatch):
    class Odd(nn.Optimizer):
        def rule(self, w, g, state, step):
            return w - 0.1 * OF_MANY[name](w, g), state

    monkeypatch.setitem(OPTIMISERS, name, Odd)
    test_twenty_steps_agree_with_the_eager_optimiser(name, executor, 4)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_schedule_may_use_a_function_that_rules_know_nothing_of(executor):
    least = primitive("least", min, lambda *x: [0.0] * (len(x) - 1), many=True)
    try:
        w = Value(1.0)
        program = Program(w * w, inputs=[], parameters=[w], executor=executor)
        costs = program.train([[]], nn.SGD([w], lr=lambda step: 0.1 * least(step, 2.0)), 3)
    finally:
        del PRIMITIVES["least"]
    assert costs == pytest.approx([1.0, 0.64, 0.2304], rel=1e-14)


class Large(nn.Optimizer):
    """Six numbers of state; from the fourth step on also a rule of a hundred operations."""

    slots = 6

    def __init__(self, parameters, slots=6):
        self.slots = slots
        super().__init__(parameters, lr=0.1)

    def rule(self, w, g, state, step):
        for k in range(100 if int(step) > 3 else 0):
            g = g * (1.0 + 0.001 * k * w)
        return w - 0.01 * g - 0.001 * sum(state), tuple(0.9 * s + g for s in state)


@pytest.mark.skipif(not native.available(), reason="the extension is not built")
@pytest.mark.parametrize("slots", [1, 6])
def test_numpy_applies_a_rule_that_is_too_large_for_the_extension(slots):
    """From the first step on or from one in between; the next optimiser is native again."""
    ends = []
    for executor in ("auto", "numpy"):
        loss_of, parameters = linear_model()
        inputs = [Value(0.0) for _ in range(4)]
        program = Program(loss_of(inputs), inputs=inputs, parameters=parameters, executor=executor)
        optimizer = Large(parameters, slots)
        if executor == "auto":
            with pytest.warns(RuntimeWarning, match="too large for the native executor") as told:
                costs = [*program.train(rows(), optimizer, 6, 4)]
            assert len(told) == 1 and told[0].filename == __file__
        else:
            costs = [*program.train(rows(), optimizer, 6, 4)]
        costs += [*program.train(rows(), optimizer, 2)]  # nothing is said again
        costs += [*program.train(rows(), nn.Adam(parameters), 3)]
        ends.append((costs, optimizer.state))
        assert optimizer.steps == 8
    assert program.executor == "numpy"
    np.testing.assert_allclose(ends[0][0], ends[1][0], rtol=1e-12)
    np.testing.assert_allclose(ends[0][1], ends[1][1], rtol=1e-12)


@pytest.mark.skipif(not native.available(), reason="the extension is not built")
def test_who_asked_for_the_native_executor_gets_no_other():
    loss_of, parameters = linear_model()
    inputs = [Value(0.0) for _ in range(4)]
    program = Program(loss_of(inputs), inputs=inputs, parameters=parameters, executor="native")
    with pytest.raises(NotImplementedError, match="too large for the native executor"):
        program.train(rows(), Large(parameters), 1)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_rows_may_lie_anywhere_in_memory(executor):
    X, costs = rows(), []
    for examples in (X[::-2], np.array(X[::-2]), np.asfortranarray(X[::-2]), X[::-2].tolist()):
        loss_of, parameters = linear_model()
        inputs = [Value(x) for x in X[0]]
        program = Program(loss_of(inputs), inputs=inputs, parameters=parameters, executor=executor)
        assert program(examples)[0] == program(X[::-2])[0]
        costs.append(program.train(examples, nn.SGD(parameters), 7, 2).tolist())
    assert costs[0] == costs[1] == costs[2] == costs[3]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_training_continues_where_it_stopped(executor):
    X, ends = rows(), []
    for parts in ((20,), (7, 13)):
        loss_of, parameters = linear_model()
        optimizer = nn.Adam(parameters, lr=0.05)
        inputs = [Value(x) for x in X[0]]
        program = Program(loss_of(inputs), inputs=inputs, parameters=parameters, executor=executor)
        for steps in parts:
            program.train(X, optimizer, steps)
        program.store_parameters()
        ends.append([p.data for p in parameters])
    assert ends[0] == ends[1]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_only_the_parameters_of_the_optimiser_move(executor):
    loss_of, parameters = linear_model()
    before = [p.data for p in parameters]
    inputs = [Value(x) for x in rows()[0]]
    program = Program(loss_of(inputs), inputs=inputs, parameters=parameters, executor=executor)
    program.train(rows(), nn.Adam(parameters[1::3]), 3)
    program.store_parameters()
    moved = [p.data != b for p, b in zip(parameters, before, strict=True)]
    assert moved == [k % 3 == 1 for k in range(len(parameters))]


def test_any_object_with_a_rule_is_an_optimiser():
    class SignDescent:
        def rule(self, w, g, state, step):
            return w - 0.01 * g.sign(), state

    w = Value(1.0)
    program = Program(w * w, inputs=[], parameters=[w])
    program.train(np.zeros((1, 0)), SignDescent(), 10)
    program.store_parameters()
    assert w.data == pytest.approx(0.9, rel=1e-12)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_failing_step_changes_nothing(executor):
    w, x = Value(1.0, "w"), Value(1.0, "x")
    program = Program(log(w * x), inputs=[x], parameters=[w], executor=executor)
    with pytest.raises(DomainError, match="log is defined"):
        program.train([[1.0]], nn.SGD([w], lr=0.4), 50)
    program.store_parameters()
    assert math.isfinite(w.data)


def test_what_overflows_is_named():
    w, x = Value(1.0, "w"), Value(1.0, "x")
    program = Program(exp(w * x), inputs=[x], parameters=[w])
    with pytest.raises(AnomalyError, match=r"'exp' node.*example 1"):
        program([[1.0], [800.0]])
    with pytest.raises(AnomalyError, match="example 0 has nan for node 'x'"):
        program([[math.nan]])


def test_a_stranger_in_the_optimiser_is_named():
    w, x = Value(1.0, "w"), Value(1.0, "x")
    program = Program(w * x, inputs=[x], parameters=[w])
    with pytest.raises(ValueError, match="no parameter of the program"):
        program.train([[1.0]], nn.SGD([Value(3.0)]), 1)


def test_single_precision_follows_double():
    loss, inputs, parameters = zoo.classifier()
    X = np.column_stack([rows(30, 4), np.arange(30) % 3])
    ends = []
    for dtype in ("float64", "float32"):
        program = Program(loss, inputs=inputs, parameters=parameters, dtype=dtype)
        ends.append(program.train(X, nn.Adam(parameters), 50)[-1])
        assert program.dtype == dtype and program(X)[1].dtype == dtype
    assert ends[1] == pytest.approx(ends[0], rel=1e-4)


@pytest.mark.skipif(not native.available(), reason="the extension is not built")
def test_replays_are_bit_identical():
    loss, inputs, parameters = zoo.lstm()
    program = Program(loss, inputs=inputs, parameters=parameters)
    X = rows(33, len(inputs))
    first = program(X)
    program(X[:5])
    again = program(X)
    assert first[0] == again[0] and (first[1] == again[1]).all()


def test_a_schedule_that_is_read_each_step_leaves_no_trail():
    """Its constants are refilled where they lie, however many steps are taken."""
    loss_of, parameters = linear_model()
    inputs = [Value(0.0) for _ in range(4)]
    program = Program(loss_of(inputs), inputs=inputs, parameters=parameters)
    optimizer = nn.SGD(parameters, lr=lambda step: 0.1 / (1 + int(step)))
    program.train(rows(), optimizer, 2)
    words = [
        value for value in vars(program._machine.executor).values() if hasattr(value, "nbytes")
    ]
    before = sum(value.nbytes for value in words)
    program.train(rows(), optimizer, 50)
    words = [
        value for value in vars(program._machine.executor).values() if hasattr(value, "nbytes")
    ]
    assert sum(value.nbytes for value in words) == before


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_optimiser_keeps_no_infinite_state(executor):
    """Adam squares a gradient of 1e200; with an infinite state no weight would move again."""
    w, x = Value(1e-200, "w"), Value(1.0)
    program = Program(w * x * 1e200, inputs=[x], parameters=[w], executor=executor)
    optimizer = nn.Adam([w], lr=0.1)
    with pytest.raises(AnomalyError, match="a gradient made that of node 'w' infinite"):
        program.train([[1.0]], optimizer, 3)
    assert np.isfinite(optimizer.state).all()


@pytest.mark.parametrize("size", [1.0, 1e75])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_gradient_too_large_to_be_spent_unseen_moves_all_the_same(momentum, size):
    """∂C/∂w = 1e80 · size: the squares of its factors overflow, where it does not."""
    ends = []
    for executor in EXECUTORS:
        inputs = [Value(0.0) for _ in range(24)]
        units = [tuple([Value(1e-160 * (1 + k + j)) for k in range(24)]) for j in range(24)]
        parameters = [w for unit in units for w in unit]
        loss = ag.total([ag.dot(unit, tuple(inputs)) for unit in units]) * size
        program = Program(loss, inputs=inputs, parameters=parameters, executor=executor)
        X = 1e80 * np.random.default_rng(0).normal(size=(4, 24))
        sgd = nn.SGD(parameters, lr=1e-250, momentum=momentum)
        costs = program.train(X, sgd, 3)
        program.store_parameters()
        ends.append([*costs, *[w.data for w in parameters], *np.ravel(sgd.state)])
    for end in ends[1:]:
        np.testing.assert_allclose(end, ends[0], rtol=1e-12)


def test_rows_at_odd_addresses_are_read_as_they_are():
    x, w = Value(1.0), Value(2.0)
    program = Program((w * x) ** 2, inputs=[x], parameters=[w])
    buffer = bytearray(33)
    X = np.frombuffer(memoryview(buffer)[1:], dtype=np.float64).reshape(4, 1)
    X[:] = [[1.0], [2.0], [3.0], [4.0]]
    assert not X.flags.aligned
    assert program(X)[0] == program(X.copy())[0] == 30.0
    assert arguments.rows(X, 1, np.dtype("float64")).flags.aligned


# --- one optimiser, many calls -----------------------------------------------------------------


def small_program():
    loss_of, parameters = linear_model()
    inputs = [Value(0.0) for _ in range(4)]
    return Program(loss_of(inputs), inputs=inputs, parameters=parameters), parameters


def halved(optimizer):
    optimizer.lr = 0.5 * optimizer.lr


def looked_at(optimizer):
    assert len(optimizer.state) == len(optimizer.parameters)


def begun_again(optimizer):
    optimizer.state = [tuple(0.5 * x for x in state) for state in optimizer.state]
    optimizer.steps = 0


def other_rule(optimizer):
    optimizer.rule = lambda w, g, state, step: (w - 0.01 * g, state)


BETWEEN = [lambda optimizer: None, halved, looked_at, begun_again, other_rule]


@pytest.mark.parametrize("between", BETWEEN, ids=lambda function: function.__name__)
@pytest.mark.parametrize("name", OPTIMISERS)
def test_calls_of_one_step_go_on_as_a_fresh_program_would(name, between):
    if between is halved and callable(OPTIMISERS[name]([Value(0.0)]).lr):
        pytest.skip("a schedule is its own")
    ends = []
    for afresh in (False, True):
        program, parameters = small_program()
        optimizer, costs = OPTIMISERS[name](parameters), []
        for k in range(6):
            if afresh:  # nothing is known of the calls before
                program.store_parameters()
                program, parameters = rebuilt(parameters)
                state, steps = optimizer.state, optimizer.steps
                numbers = {name: x for name, x in vars(optimizer).items() if name != "kept"}
                optimizer = OPTIMISERS[name](parameters)
                vars(optimizer).update(numbers, parameters=tuple(parameters))
                optimizer.state, optimizer.steps = state, steps
            costs += program.train(rows(), optimizer, 1).tolist()
            if k == 2:
                between(optimizer)
        program.store_parameters()
        ends.append((costs, [p.data for p in parameters], optimizer.state, optimizer.steps))
    assert ends[0] == ends[1]


def rebuilt(parameters):
    """Return another program of the same model with these numbers."""
    program, fresh = small_program()
    for leaf, old in zip(fresh, parameters, strict=True):
        leaf.data = old.data
    program.load_parameters()
    return program, fresh


def test_one_optimiser_moves_two_programs_in_turn():
    loss_of, parameters = linear_model()
    inputs = [Value(0.0) for _ in range(4)]
    first, second = (
        Program(loss_of(inputs), inputs=inputs, parameters=parameters) for _ in range(2)
    )
    adam, costs = nn.Adam(parameters), []
    for program in (first, second, first, first, second):
        program.load_parameters()
        costs += program.train(rows(), adam, 1).tolist()
        program.store_parameters()
    alone, parameters = small_program()
    assert costs == alone.train(rows(), nn.Adam(parameters), 5).tolist()


def test_two_optimisers_move_one_program_in_turn():
    program, parameters = small_program()
    adam, other = nn.Adam(parameters), nn.Adam(parameters)
    program.train(rows(), adam, 2)
    program.train(rows(), other, 1)
    kept = list(adam.state)
    program.train(rows(), other, 1)
    assert adam.state == kept
    assert adam.steps == other.steps == 2


def test_the_state_that_a_program_left_is_copied_and_pickled_as_tuples():
    program, parameters = small_program()
    adam = nn.Adam(parameters)
    program.train(rows(), adam, 3)
    twin, other = copy.copy(adam), pickle.loads(pickle.dumps(adam))
    program.train(rows(), adam, 3)
    assert twin.state == other.state != adam.state
    assert all(type(x) is float for x in chain(*other.state))
    assert twin.steps == other.steps == 3


def test_an_interrupted_call_leaves_the_optimiser_where_its_steps_are(monkeypatch):
    program, parameters = small_program()
    adam = nn.Adam(parameters)
    program.train(rows(), adam, 2)
    before = list(adam.state), program.snapshot().tolist()

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ag.program.machine.Machine, "resize", interrupted)
        with pytest.raises(KeyboardInterrupt):
            program.train(rows(), adam, 1)
    assert (adam.state, program.snapshot().tolist(), adam.steps) == (*before, 2)
    twin, others = small_program()
    expected = twin.train(rows(), nn.Adam(others), 3)
    assert program.train(rows(), adam, 1)[0] == expected[2]


def test_whoever_goes_back_to_a_snapshot_finds_the_state_of_then():
    program, parameters = small_program()
    adam = nn.Adam(parameters)
    program.train(rows(), adam, 3)
    before, snapshot = (adam.kept, adam.steps), program.snapshot()
    costs = program.train(rows(), adam, 4).tolist()
    for _ in range(2):
        adam.kept, adam.steps = before
        program.restore(snapshot)
        assert program.train(rows(), adam, 4).tolist() == costs


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_optimiser_keeps_its_state_while_another_moves_its_program(executor):
    loss_of, parameters = linear_model()
    inputs = [Value(0.0) for _ in range(4)]
    program = Program(loss_of(inputs), inputs=inputs, parameters=parameters, executor=executor)
    adam, other = nn.Adam(parameters), nn.Adam(parameters, lr=0.5)
    program.train(rows(), adam, 2)
    program.train(rows(), other, 3)
    alone, parameters = small_program()
    twin = nn.Adam(parameters)
    alone.train(rows(), twin, 2)
    np.testing.assert_allclose(adam.state, twin.state, rtol=1e-12)


def test_a_rule_of_ones_own_that_holds_no_parameters_goes_on():
    class Descent:
        def rule(self, w, g, state, step):
            return w - 0.1 * g, state

    program, _ = small_program()
    descent = Descent()
    costs = [program.train(rows(), descent, 1)[0] for _ in range(3)]
    twin, _ = small_program()
    assert costs == twin.train(rows(), descent, 3).tolist()
