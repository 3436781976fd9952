"""What a program is handed is right or refused in words, and a refusal leaves no trace."""

import math

import numpy as np
import pytest

import nn
from autograd import AnomalyError, FrozenBranchError, Program, Value, recording
from tests.program.reference import EXECUTORS

pytestmark = pytest.mark.parametrize("executor", EXECUTORS)


def line(executor, **options):
    """The squared error of w·x + b against y; the gradient by b is 2 (w·x + b - y)."""
    x, y, w, b = (
        Value(number, name) for number, name in zip((1.0, 2.0, 0.5, 0.0), "xywb", strict=True)
    )
    loss = (w * x + b - y) ** 2
    return Program(loss, inputs=[x, y], parameters=[w, b], executor=executor, **options)


FINE = {
    "a list": [[1.0, 2.0]],
    "integers": [[1, 2]],
    "a tuple of tuples": ((1, 2),),
    "truth values": np.array([[True, 2]]),
    "small integers": np.array([[1, 2]], "int8"),
    "half precision": np.array([[1, 2]], "float16"),
    "objects": np.array([[1.0, 2]], dtype=object),
    "another byte order": np.array([[1.0, 2.0]], ">f8"),
    "columns first": np.array([[1.0, 2.0]], order="F"),
    "every second": np.array([[1.0, 0.0, 2.0, 0.0]])[:, ::2],
    "read only": np.broadcast_to(np.array([1.0, 2.0]), (1, 2)),
    "a mask without gaps": np.ma.masked_array([[1.0, 2.0]]),
}


@pytest.mark.parametrize("rows", FINE.values(), ids=FINE)
def test_rows_come_in_any_form_of_table(rows, executor):
    assert line(executor)(rows)[0] == 2.25
    program = line(executor)
    assert program.train(rows, nn.SGD(program.parameters), 1).tolist() == [2.25]


REFUSED = {
    "one row": ([1.0, 2.0], ValueError, r"\(m, 2\).*shape \(2,\)"),
    "a number": (1.0, ValueError, r"shape \(\)"),
    "nothing": (None, ValueError, r"shape \(\)"),
    "no rows": ([], ValueError, r"m of 1 or more.*shape \(0,\)"),
    "rows of nothing": (np.zeros((0, 2)), ValueError, r"shape \(0, 2\)"),
    "a block": (np.zeros((1, 1, 2)), ValueError, r"shape \(1, 1, 2\)"),
    "too wide": (np.zeros((3, 3)), ValueError, r"shape \(3, 3\).*targets included"),
    "ragged rows": ([[1, 2], [3]], ValueError, "rows of different lengths"),
    "text": ([["1", "2"]], TypeError, r"X\[0, 0\] is .*'1'.*str"),
    "a gap": ([[1, None]], TypeError, r"X\[0, 1\] is None"),
    "complex numbers": ([[1, 2j]], TypeError, "complex"),
    "dates": (np.array([["2020-01-01"] * 2], "datetime64[D]"), TypeError, "datetime64"),
    "Values": ([[1.0, Value(2.0)]], TypeError, r"X\[0, 1\] is Value.*\.data"),
    "a masked entry": (np.ma.masked_array([[1.0, 2.0]], mask=[[0, 1]]), ValueError, "gaps"),
    "a generator": (iter([[1, 2]]), ValueError, r"shape \(\)"),
    "NaN": ([[1, 2], [math.nan, 1]], AnomalyError, "example 1 has nan for node 'x'"),
    "infinity": ([[1, 2], [1, -math.inf]], AnomalyError, "example 1 has -inf for node 'y'"),
    "too large": ([[1e200, 2.0]], AnomalyError, "'pow' node has the value inf in example 0"),
}


@pytest.mark.parametrize(("rows", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_other_rows_are_refused(rows, error, words, executor):
    program = line(executor)
    expected = program([[1.0, 2.0]])
    for call in (program, lambda X: program.train(X, nn.SGD(program.parameters), 1)):
        with pytest.raises(error, match=words):
            call(rows)
    if error is AnomalyError:  # adjoints were not computed
        with pytest.raises(RuntimeError, match="failed"):
            program.adjoint(program.inputs[0])
    again = program([[1.0, 2.0]])
    assert again[0] == expected[0] and (again[1] == expected[1]).all()


def test_what_single_precision_cannot_hold_is_named(executor):
    with pytest.raises(AnomalyError, match="example 0 has inf for node 'x'"):
        line(executor, dtype="float32")([[1e300, 1.0]])


def test_a_parameter_that_is_not_finite_is_named(executor):
    program = line(executor)
    program.parameters[0].data = math.nan
    program.load_parameters()
    with pytest.raises(AnomalyError, match="parameters must be finite; node 'w' is nan"):
        program([[1.0, 2.0]])


@pytest.mark.parametrize("steps", [1, 2])
def test_a_step_to_infinity_is_named(steps, executor):
    program = line(executor)
    with pytest.raises(AnomalyError, match=r"node 'w' is inf.*lower the learning rate"):
        program.train([[1.0, 2.0]], Rule(lambda w, g, s, k: (w - 1e308 * g * 1e9, ())), steps)


def test_the_number_of_rows_may_go_up_and_down_with_training_in_between(executor):
    program, rng = line(executor), np.random.default_rng(0)
    w, b = 0.5, 0.0
    for m in (3, 8, 1, 2, 40, 3, 1):
        X = rng.normal(size=(m, 2))
        residual = w * X[:, 0] + b - X[:, 1]
        cost, gradient = program(X)
        assert cost == pytest.approx((residual**2).mean(), rel=1e-13)
        slope = [(2 * residual * X[:, 0]).mean(), (2 * residual).mean()]
        assert gradient == pytest.approx(slope, rel=1e-12, abs=1e-14)
        assert program.adjoint(program.inputs[1]) == pytest.approx(-2 * residual, rel=1e-12)
        program.train(X, nn.SGD(program.parameters, lr=0.1), 1, m + 5)
        w, b = w - 0.1 * slope[0], b - 0.1 * slope[1]


def test_no_steps_change_nothing(executor):
    program = line(executor)
    assert program.train([[1.0, 2.0]], nn.SGD(program.parameters), 0).shape == (0,)
    program.store_parameters()
    assert [leaf.data for leaf in program.parameters] == [0.5, 0.0]


@pytest.mark.parametrize("wrong", [{"steps": -1}, {"steps": 2.0}, {"batch_size": 0},
                                   {"batch_size": 1.5}, {"steps": "2"}])  # fmt: skip
def test_counts_are_whole_numbers(wrong, executor):
    program = line(executor)
    (name,) = wrong
    with pytest.raises(ValueError, match=f"{name} is a whole number"):
        program.train([[1.0, 2.0]], nn.SGD(program.parameters), **{"steps": 1} | wrong)
    assert program([[1.0, 2.0]])[0] == 2.25


class Rule:
    def __init__(self, rule, **attributes):
        self.rule = rule
        vars(self).update(attributes)


WRONG_RULES = {
    "nothing": (Rule(lambda w, g, s, k: None), TypeError, r"returns \(w, state\).*got None"),
    "w alone": (Rule(lambda w, g, s, k: w - g), TypeError, r"returns \(w, state\).*got Value"),
    "text": (Rule(lambda w, g, s, k: ("w", ())), TypeError, r"returns \(w, state\)"),
    "too much state": (Rule(lambda w, g, s, k: (w, (g,))), TypeError, "the 0 numbers"),
    "a branch": (Rule(lambda w, g, s, k: (w - g if g > 0 else w, ())), FrozenBranchError,
                 r"test_arguments\.py:\d+: .*where, maximum"),
    "a number": (Rule(lambda w, g, s, k: (w - g.data, ())), FrozenBranchError,
                 r"test_arguments\.py:\d+"),
    "a class": (nn.SGD, TypeError, "an object with a method rule"),
    "a name": ("sgd", TypeError, "an object with a method rule"),
    "no parameters": (Rule(lambda w, g, s, k: (w, ()), parameters=[]), ValueError, "none"),
    "an error of its own": (Rule(lambda w, g, s, k: (1 / 0, ())), ZeroDivisionError, "division"),
}  # fmt: skip


@pytest.mark.parametrize(("optimizer", "error", "words"), WRONG_RULES.values(), ids=WRONG_RULES)
def test_a_rule_that_is_none_is_refused(optimizer, error, words, executor):
    program = line(executor)
    with pytest.raises(error, match=words):
        program.train([[1.0, 2.0]], optimizer, 1)
    assert program([[1.0, 2.0]])[0] == 2.25


def test_a_parameter_that_an_optimiser_holds_twice_is_refused(executor):
    program = line(executor)
    w = program.parameters[0]
    with pytest.raises(ValueError, match="twice"):
        program.train([[1.0, 2.0]], Rule(lambda w, g, s, k: (w, ()), parameters=[w, w]), 1)


def test_a_program_without_parameters_has_nothing_to_train(executor):
    x = Value(1.0)
    program = Program(x * x, inputs=[x], parameters=[], executor=executor)
    with pytest.raises(ValueError, match="none"):
        program.train([[1.0]], Rule(lambda w, g, s, k: (w, ())), 1)


def test_the_example_that_stops_a_training_is_counted_from_the_first_row(executor):
    program = line(executor)
    with pytest.raises(AnomalyError, match="example 4 has nan for node 'x'"):
        program.train([[1, 2]] * 4 + [[math.nan, 1]], nn.SGD(program.parameters), 9, 2)


@pytest.mark.parametrize("steps", [1, 3])
def test_a_branch_that_flips_while_training_stops_before_that_step(steps, executor):
    """w = 1, 0.7, 0.4, 0.1, then -0.2: after four steps w > 0 no longer holds."""
    w = Value(1.0, "w")
    with recording():
        loss = 3.0 * w if w > 0 else w
    program = Program(loss, inputs=[], parameters=[w], executor=executor)
    optimizer = nn.SGD([w], lr=0.1)
    program.train(np.zeros((1, 0)), optimizer, steps)
    with pytest.raises(FrozenBranchError, match=r"test_arguments\.py:\d+: node 'w' > 0"):
        program.train(np.zeros((1, 0)), optimizer, 9)
    program.store_parameters()
    assert w.data == pytest.approx(-0.2) and optimizer.steps == 4


def test_a_nan_is_named_before_the_branch_it_flips(executor):
    x = Value(1.0, "x")
    with recording():
        loss = x if x > 0 else -x
    program = Program(loss, inputs=[x], parameters=[], executor=executor)
    with pytest.raises(AnomalyError, match="example 1 has nan for node 'x'"):
        program([[1.0], [math.nan]])


def test_after_a_flipped_branch_no_old_numbers_are_read(executor):
    x = Value(1.0, "x")
    with recording():
        loss = x * x if x > 0 else -x
    program = Program(loss, inputs=[x], parameters=[], executor=executor)
    program([[3.0]])
    with pytest.raises(FrozenBranchError):
        program([[-1.0]])
    for read in (program.value, program.adjoint):
        with pytest.raises(RuntimeError, match="failed"):
            read(x)


def test_only_nodes_of_the_program_are_read(executor):
    program = line(executor)
    x = program.inputs[0]
    for read in (program.value, program.adjoint, lambda node: program.read_values([node])):
        with pytest.raises(RuntimeError, match="none was made yet"):
            read(x)
    program([[1.0, 2.0]])
    for read in (program.value, program.adjoint, lambda node: program.read_adjoints([node])):
        with pytest.raises(KeyError, match="not a node of this program"):
            read(Value(3.0))
        with pytest.raises(TypeError, match=r"must be a? ?Values?; .*3\.0 of type float"):
            read(3.0)
        with pytest.raises(TypeError, match=r"must be a? ?Values?; .*of type list"):
            read([x])
    with pytest.raises(TypeError, match=r"nodes must be a sequence of Values.*into a list"):
        program.read_values(x)
    assert program.read_values([]).shape == (1, 0)


def test_a_leaf_in_two_roles_is_named(executor):
    x, w = Value(1.0, "x"), Value(2.0, "w")
    with pytest.raises(ValueError, match=r"inputs\[0\] = .*'x'.* as a parameter too"):
        Program(x * w, inputs=[x], parameters=[w, x], executor=executor)


def test_leaves_are_handed_in_as_sequences(executor):
    x, w = Value(1.0, "x"), Value(2.0, "w")
    for inputs in (x, None, 3.0):
        with pytest.raises(TypeError, match="inputs must be a sequence of Values; got"):
            Program(x * w, inputs=inputs, parameters=[w], executor=executor)
    for parameters in ([[w]], [2.0], ["w"]):
        with pytest.raises(TypeError, match=r"parameters must be Values; .*Flatten"):
            Program(x * w, inputs=[x], parameters=parameters, executor=executor)
    for inputs in (np.array([x]), (x for _ in range(1)), {x: None}):
        program = Program(x * w, inputs=inputs, parameters=[w], executor=executor)
        assert program([[3.0]])[0] == 6.0


def test_a_schedule_that_asks_its_own_program_is_refused_instead_of_waiting(executor):
    program = line(executor)
    ask = nn.SGD(program.parameters, lr=lambda step: 0.1 * program([[1.0, 2.0]])[0])
    with pytest.raises(RuntimeError, match="called by what it runs"):
        program.train([[1.0, 2.0]], ask, 3)
    assert program([[1.0, 2.0]])[0] == 2.25
