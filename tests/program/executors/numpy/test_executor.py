"""What the NumPy executor does to save time leaves every number as it was."""

import math

import numpy as np
import pytest

import nn
from autograd import DomainError, Value, logsumexp, maximum, take
from autograd.program import Program
from autograd.program.compiler.steps import Builder, forward
from autograd.program.executors.numpy.maps import bind_steps
from autograd.program.executors.numpy.operations import in_steps, operation
from autograd.table import PRIMITIVES
from tests.program import zoo
from tests.program.reference import EXECUTORS
from tests.program.test_training import rows

POINTS = [0.0, -0.0, 1.0, -1.0, 0.3, -2.5, 1e-9, -1e-9, 40.0, -40.0, 800.0, -800.0, math.nan]


def run(code, sources, destinations):
    with np.errstate(all="ignore"):
        for call in bind_steps(in_steps(code), sources, destinations, sources[0].dtype, {})[0]:
            call()


@pytest.mark.parametrize("name", [name for name, row in PRIMITIVES.items() if row.composed])
def test_the_steps_of_a_composed_operation_make_its_function(name):
    row = PRIMITIVES[name]
    arrays = list(np.meshgrid(*[POINTS] * row.arity, indexing="ij"))
    out = np.empty_like(arrays[0])
    run(forward(name), arrays, [out])
    known = np.logical_and.reduce([np.isfinite(x) for x in arrays])
    finite = [x[known].tolist() for x in arrays]
    expected = [row.forward(*numbers) for numbers in zip(*finite, strict=True)]
    np.testing.assert_allclose(out[known], expected, rtol=4e-16)
    assert np.isnan(out[np.isnan(arrays[0])]).all()


@pytest.mark.parametrize("results", [2, 3])
@pytest.mark.parametrize("seed", range(50))
def test_a_formula_may_write_over_its_own_sources(seed, results):
    """Two or three of three numbers become others, as if they all changed at once."""
    rng = np.random.default_rng(seed)
    builder = Builder(3)
    names = [0, 1, 2, builder.number(0.5)]
    for _ in range(rng.integers(7)):
        operands = [names[k] for k in rng.integers(len(names), size=2)]
        names.append(builder.append(["add", "sub", "mul", "maximum"][rng.integers(4)], *operands))
    code = builder.build([names[k] for k in rng.integers(len(names), size=results)])
    before = [rng.normal(size=4) for _ in range(3)]
    apart, together = [np.empty(4) for _ in range(results)], [x.copy() for x in before]
    run(code, before, apart)
    run(code, together, together[:results])
    assert [x.tolist() for x in together[:results]] == [x.tolist() for x in apart]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_rule_may_exchange_its_states(executor):
    class Turns:
        """A step counts every second time: two numbers of state change places."""

        slots, steps = 2, 0

        def __init__(self, parameters):
            self.parameters, self.state = parameters, [(0.0, 0.1)] * len(parameters)

        def rule(self, w, g, state, step):
            return w - state[1] * g, (state[1], state[0])

    w, x = Value(1.0), Value(2.0)
    program = Program(w * x, inputs=[x], parameters=[w], executor=executor)
    costs = program.train([[2.0]], Turns([w]), 5)
    assert costs == pytest.approx([2.0, 1.6, 1.6, 1.2, 1.2], rel=1e-14)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_what_is_taken_follows_its_index(executor):
    x, index = [Value(float(k)) for k in range(3)], Value(0.0)
    loss = 2.0 * take(x, index)
    program = Program(loss, inputs=[index], parameters=x, executor=executor)
    for picked in ([0, 0, 2, 1], [1, 1, 1, 2], [0, 0, 2, 1]):
        cost, gradient = program(np.array(picked, dtype=float)[:, None])
        assert cost == 2.0 * np.mean(picked)
        assert gradient.tolist() == [2.0 * picked.count(k) / 4 for k in range(3)]
    for beyond in (3.0, -1.0, 0.5):
        with pytest.raises(DomainError, match="take is defined"):
            program([[0.0], [beyond]])


@pytest.mark.parametrize("executor", EXECUTORS)
def test_batches_of_many_sizes_do_not_disturb_each_other(executor):
    loss, inputs, parameters = zoo.classifier()
    X = np.column_stack([rows(6, 4), np.arange(6) % 3])
    program = Program(loss, inputs=inputs, parameters=parameters, executor=executor)
    for m in (2, 3, 1, 4, 1, 5, 6, 2, 3, 2, 6, 1, 5, 1):
        fresh = Program(loss, inputs=inputs, parameters=parameters, executor=executor)
        (cost, gradient), (expected, column) = program(X[:m]), fresh(X[:m])
        assert cost == expected and gradient.tolist() == column.tolist()
        assert (program.adjoint(inputs[0]) == fresh.adjoint(inputs[0])).all()


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("x", [[0.0, -50.0], [3.0, 3.0, 3.0], [-7.0, -7.0, -40.0], [5.0]])
def test_a_sum_of_exponentials_keeps_the_digits_of_its_small_terms(x, executor):
    leaves = [Value(number) for number in x]
    loss = logsumexp(leaves) - take(leaves, Value(0.0))
    program = Program(loss, inputs=leaves, parameters=[], executor=executor)
    peaks = x.count(max(x))
    rest = peaks - 1 + math.fsum(math.exp(y - max(x)) for y in x if y != max(x))
    assert program([x])[0] == pytest.approx(math.log1p(rest), rel=1e-15, abs=0.0)


def test_the_distance_to_an_infinite_maximum_is_0_at_the_maximum():
    x = np.array([math.inf, 1.0, -math.inf, math.nan, -math.inf])
    peak = np.array([math.inf, math.inf, -math.inf, math.nan, 2.0])
    with np.errstate(invalid="ignore"):
        operation("shifted")(x, peak, x)
    np.testing.assert_array_equal(x, [0.0, -math.inf, 0.0, math.nan, -math.inf])


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_gradient_is_finite_though_its_square_is_not(executor):
    class Descent:
        def rule(self, w, g, state, step):
            return w - 1e-200 * g, state

    w, x = Value(3.0), Value(0.0)
    program = Program(1e200 * w * x, inputs=[x], parameters=[w], executor=executor)
    costs = program.train([[1.0], [1.0]], Descent(), 3)
    assert costs == pytest.approx([3e200, 2e200, 1e200], rel=1e-14)


class Limited(nn.SGD):
    """A step that runs a function of Python: NumPy's `maximum` has no place for its result."""

    def rule(self, w, g, state, step):
        return maximum(w - 0.1 * g, -1.0), state


@pytest.mark.parametrize(
    ("kind", "undisturbed"), [(nn.SGD, True), (nn.Adam, True), (Limited, False)]
)
def test_a_step_that_is_all_c_needs_nothing_to_undo_it(kind, undisturbed):
    """An interrupt cannot arrive within it; its count is part of it."""
    w = [Value(0.5), Value(-0.25)]
    program = Program(w[0] * w[0] + w[1] * w[0], inputs=[], parameters=w, executor="numpy")
    optimizer = kind(w)
    program.train(np.empty((1, 0)), optimizer, 3)
    assert program._machine.executor.optimiser.undisturbed == (kind is not Limited)
    assert optimizer.steps == 3
