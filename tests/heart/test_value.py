"""The node and the reverse sweep: what `Value` promises, on either implementation."""

from __future__ import annotations

import copy
import math
import pickle
from decimal import Decimal
from fractions import Fraction

import pytest

from autograd import (
    AutogradError,
    DomainError,
    StaleGraphError,
    Value,
    dot,
    exp,
    log,
    relu,
    sqrt,
    tanh,
    total,
)
from autograd.engine import Function, adjoints

# --- numbers that others published ------------------------------------------------------


def test_the_expression_of_micrograds_readme():
    """Source: the README of micrograd 0.1.0."""
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert f"{g:.4f}" == "24.7041"
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"


# --- the chain rule on shared nodes -----------------------------------------------------


def test_a_diamond_is_exact():
    a = Value(3.0)
    b = a + a
    c = b + b
    c.backward()
    assert (a.grad, b.grad, c.grad) == (4.0, 2.0, 1.0)


def test_a_square_has_two_parents_and_twice_the_gradient():
    x = Value(7.0, "x")
    y = x * x
    y.backward()
    assert y.parents == (x, x)
    assert y.partials == (7.0, 7.0)
    assert x.grad == 14.0


def test_a_second_backward_pass_adds_to_leaves_and_renews_the_rest():
    x = Value(0.3)
    hidden = tanh(x)
    loss = hidden * hidden
    loss.backward()
    first = x.grad, hidden.grad
    loss.backward()
    assert x.grad == 2 * first[0]
    assert hidden.grad == first[1]


def test_two_losses_that_share_a_graph_add_their_gradients():
    x = Value(0.5)
    shared = x * 3
    one, two = shared * shared, exp(shared)
    one.backward()
    two.backward()
    assert x.grad == pytest.approx(2 * 1.5 * 3 + math.exp(1.5) * 3, rel=1e-15)


def test_the_seed_scales_the_gradient():
    x = Value(2.0)
    (x * x).backward(seed=0.5)
    assert x.grad == 2.0


def test_backward_from_a_leaf_gives_it_the_seed():
    x = Value(2.0)
    x.backward()
    x.backward(3)
    assert x.grad == 4.0


def test_every_operator_has_its_reflected_form():
    x = Value(4.0)
    results = [x + 1, 1 + x, x - 1, 1 - x, x * 3, 3 * x, x / 2, 2 / x, x**2, 2**x, -x, abs(-x)]
    assert [v.data for v in results] == [5, 5, 3, -3, 12, 12, 2, 0.5, 16, 16, -4, 4]
    gradients = [adjoints(v, [x])[0] for v in results]
    expected = [1, 1, 1, -1, 3, 3, 0.5, -0.125, 8, 16 * math.log(2), -1, 1]
    assert gradients == pytest.approx(expected, rel=1e-15)


def test_dot_is_one_node_with_its_operands_in_order():
    w, x, b = (Value(2.0), Value(-1.0)), (Value(3.0), Value(5.0)), Value(0.5)
    z = dot(w, x, b)
    assert (z.op, z.data) == ("dot", 1.5)
    assert z.parents == (*w, *x, b)
    assert z.partials == (3.0, 5.0, 2.0, -1.0, 1.0)
    z.backward()
    assert [v.grad for v in (*w, *x, b)] == [3.0, 5.0, 2.0, -1.0, 1.0]


def test_dot_takes_any_iterable_of_values_and_numbers():
    w = [Value(2.0), Value(3.0)]
    assert dot(iter(w), [1, Fraction(1, 2)]).data == 3.5
    assert dot(w, (1.0, 1.0), bias=1).data == 6.0
    assert dot([1.0, 2.0], [3, 4], 5) == 16.0
    assert dot((), ()) == 0.0


def test_total_is_one_node():
    x = [Value(float(k)) for k in range(5)]
    s = total([*x, 2.5])
    s.backward()
    assert (s.op, s.data, [v.grad for v in x]) == ("total", 12.5, [1.0] * 5)
    assert total([]) == 0.0


# --- constants --------------------------------------------------------------------------


def test_a_number_operand_is_a_constant():
    x = Value(3.0, "x")
    y = x * 2
    constant = y.parents[1]
    assert y.parents[1] is constant
    assert (constant.data, constant.grad, constant.label, constant.op) == (2.0, 0.0, "", "")
    assert constant.constant
    assert not x.constant
    assert y.partials == (2.0, 0.0)
    y.backward()
    assert (constant.grad, x.grad) == (0.0, 2.0)
    assert adjoints(y, [constant, x]) == [0.0, 2.0]
    for attribute in ("data", "grad"):
        with pytest.raises(AttributeError, match="constant is read-only"):
            setattr(constant, attribute, 1.0)


def test_constants_on_either_side_and_in_dot_keep_their_identity():
    x = Value(3.0)
    for y in (2 - x, dot((x, 1.5), (0.25, x), 4.0), total([x, 1.0]), exp(x) + 1):
        assert all(a is b for a, b in zip(y.parents, y.parents, strict=True))
        assert y.partials == tuple(
            0.0 if p.constant else q for p, q in zip(y.parents, y.partials, strict=True)
        )


# --- stale graphs -----------------------------------------------------------------------


def test_a_leaf_changed_after_use_makes_backward_raise_by_name():
    w = Value(1.0, "w")
    loss = tanh(w * 2)
    w.data = 5.0
    with pytest.raises(StaleGraphError, match=r"leaf 'w' \(now 5\).*'mul'"):
        loss.backward()
    assert w.grad == 0.0
    with pytest.raises(StaleGraphError):
        adjoints(loss, [w])
    tanh(w * 2).backward()  # the next forward pass is fresh


def test_a_changed_leaf_beside_the_path_does_no_harm():
    w, other = Value(1.0), Value(2.0)
    loss = w * 3
    other.data = 7.0
    loss.backward()
    assert w.grad == 3.0


def test_dot_and_functions_of_the_table_notice_a_stale_leaf():
    w = Value(1.0, "w")
    for use in (
        lambda: dot((w,), (2.0,)),
        lambda: dot((2.0,), (w,)),
        lambda: dot((2.0,), (1.0,), w),
        lambda: total([w, w]),
        lambda: w.erf(),
        lambda: 1 / w,
    ):
        node = use()
        w.data = w.data + 0.5
        with pytest.raises(StaleGraphError, match="'w'"):
            node.backward()
        with pytest.raises(StaleGraphError, match="'w'"):
            _ = node.partials


def test_a_leaf_may_be_updated_in_place_between_steps():
    w = Value(10.0)
    for _ in range(100):
        loss = (w - 3) ** 2
        w.grad = 0.0
        loss.backward()
        w.data -= 0.25 * w.grad
    assert w.data == pytest.approx(3.0, abs=1e-12)


# --- what is refused --------------------------------------------------------------------

X = Value(1.0, "x")


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Value("3"), TypeError, "real number; got '3' of type str"),
        (lambda: Value(None), TypeError, "got None of type NoneType"),
        (lambda: Value(1j), TypeError, "got 1j of type complex"),
        (lambda: Value(Value(1)), TypeError, "got a Value. Pass its .data"),
        (lambda: Value([1.0]), TypeError, "one Value for each number"),
        (lambda: Value(10**400), OverflowError, "must fit a float"),
        (lambda: Value(1.0, 3), TypeError, "label must be text; got 3"),
        (lambda: X + "x", TypeError, "add takes Values and real numbers; got 'x' of type str"),
        (lambda: "x" + X, TypeError, "add takes Values"),
        (lambda: [1] * X, TypeError, "mul takes Values"),
        (lambda: X - None, TypeError, "sub takes Values"),
        (lambda: X**1j, TypeError, "pow takes Values"),
        (lambda: X < "x", TypeError, "not supported between instances of 'Value' and 'str'"),
        (lambda: dot([X], [1, 2]), ValueError, "got 1 weights and 2 inputs"),
        (lambda: dot([X], ["1"]), TypeError, "dot takes Values and real numbers"),
        (lambda: log(Value(-1, "z")), DomainError, "defined for x > 0; received node 'z' = -1"),
        (lambda: log(-1), DomainError, "log is defined for x > 0"),
        (lambda: log(0.0), DomainError, "log is defined"),
        (lambda: X / 0, ZeroDivisionError, "div divides by zero; received node 'x' = 1"),
        (lambda: 1 / Value(0), ZeroDivisionError, "div divides by zero"),
        (lambda: Value(0.0, "o") ** -1, ZeroDivisionError, "pow divides by zero; .*'o'"),
        (lambda: Value(-8.0) ** (1 / 3), DomainError, "pow is defined for"),
        (lambda: exp(X, X), TypeError, "exp takes 1 operand; got 2"),
        (lambda: float(X), TypeError, r"Use .data .*autograd.exp"),
        (lambda: int(X), TypeError, r"Use .data"),
        (lambda: math.exp(X), TypeError, r"autograd.exp, not math.exp"),
        (lambda: X.backward("1"), TypeError, "must be a real number"),
        (lambda: X.unknown, AttributeError, "no attribute 'unknown'"),
        (lambda: type("Mine", (Value,), {}), TypeError, "Value is final"),
        (lambda: pickle.dumps(X + 1), TypeError, "only leaves can be copied"),
        (lambda: copy.deepcopy(X * X), TypeError, "only leaves can be copied"),
        (lambda: sqrt(Value(0, "r")).backward(), ZeroDivisionError, "no finite deriv.*'r' = 0"),
    ],
)  # fmt: skip
def test_bad_input_gets_a_clear_error(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_domain_errors_are_value_errors_of_our_own():
    assert issubclass(DomainError, ValueError)
    assert issubclass(DomainError, AutogradError)
    assert issubclass(StaleGraphError, RuntimeError)


def test_the_data_of_a_computed_node_is_read_only():
    y = X + 1
    with pytest.raises(AttributeError, match="writable on leaves only"):
        y.data = 3.0
    assert y.data == 2.0


def test_a_failed_backward_changes_nothing():
    a, b = Value(2.0), Value(0.0)
    loss = (a * a) * 3 + sqrt(b)
    a.grad = 0.25
    hidden = loss.parents[0]
    hidden.grad = 0.5
    with pytest.raises(ZeroDivisionError):
        loss.backward()
    assert (a.grad, b.grad, hidden.grad, loss.grad) == (0.25, 0.0, 0.5, 0.0)


# --- what a Value is like ---------------------------------------------------------------


def test_equality_and_hash_of_values_are_identity():
    a, b = Value(1.0), Value(1.0)
    assert a == a
    assert not a != a  # noqa: SIM202
    assert a != b
    assert len({a, b, a}) == 2
    assert a not in [b]
    assert {a: "a", b: "b"}[b] == "b"
    nan = Value(math.nan)
    assert nan == nan


@pytest.mark.parametrize("one", [1, 1.0, True, Fraction(2, 2), Decimal(1)])
def test_a_value_equals_the_number_it_holds(one):
    x, y = Value(1.0), Value(2.0)
    assert x == one
    assert one == x
    assert not x != one  # noqa: SIM202
    assert y != one
    assert one != y
    assert not y == one  # noqa: SIM201
    assert x in (0, one)
    assert y not in (0, one)


def test_a_value_equals_nothing_that_is_no_number():
    x = Value(1.0)
    for thing in ("1", b"1", None, [1.0], 1 + 0j, object(), math.nan):
        assert x != thing
        assert not x == thing  # noqa: SIM201
    assert Value(math.nan) != math.nan
    assert Value(-0.0) == 0


def test_match_compares_the_number():
    match Value(2.0):
        case 1:
            found = "one"
        case 2:
            found = "two"
    assert found == "two"


def test_comparisons_and_truth_look_at_the_data():
    a, b = Value(1.0), Value(2.0)
    assert a < b
    assert b > 1
    assert b <= 2
    assert a <= 1.0
    assert bool(b)
    assert not bool(Value(0.0))
    assert not (Value(math.nan) < 1)


def test_repr_and_format():
    a = Value(-0.291, "a")
    a.grad = 0.5
    assert repr(a) == "Value(data=-0.291, grad=0.5, label='a')"
    assert repr(Value(2)) == "Value(data=2.0, grad=0.0)"
    assert f"{a:.2f}" == "-0.29"
    assert f"{a}" == repr(a)


def test_augmented_assignment_makes_a_new_node():
    a = Value(1.0)
    before = a
    a += 1
    assert a is not before
    assert (before.data, a.data) == (1.0, 2.0)


def test_leaves_copy_and_pickle_with_everything():
    leaf = Value(0.1, "leaf")
    leaf.grad = -2.5
    for twin in (copy.copy(leaf), copy.deepcopy(leaf), pickle.loads(pickle.dumps(leaf))):
        assert (twin.data, twin.grad, twin.label) == (0.1, -2.5, "leaf")
        assert twin is not leaf


def test_labels_of_computed_nodes_belong_to_the_node():
    nodes = [X * k for k in range(100)]
    for k, node in enumerate(nodes):
        node.label = f"node {k}"
    assert [node.label for node in nodes] == [f"node {k}" for k in range(100)]
    del nodes
    assert [(X * k).label for k in range(100)] == [""] * 100


def test_float_functions_give_floats():
    for function in (exp, relu, tanh, sqrt):
        assert type(function(0.5)) is float
        assert type(function(1)) is float


def test_overflow_gives_infinity():
    big = Value(1e308)
    assert (big * 10).data == math.inf
    assert (Value(-1e308) ** 3).data == -math.inf
    assert exp(Value(710.0)).data == math.inf


def test_a_numpy_array_operates_element_by_element():
    np = pytest.importorskip("numpy")
    w = Value(2.0)
    product = np.array([1.0, 2.0]) * w
    assert [v.data for v in product] == [2.0, 4.0]
    assert [v.data for v in w * np.array([1.0, 2.0])] == [2.0, 4.0]
    assert isinstance(np.float64(3) * w, Value)
    assert isinstance(w * np.float32(3), Value)
    assert (np.int64(3) - w).data == 1.0


@pytest.mark.parametrize("bad", [10**400, -(10**400), "1", None, 1j])
def test_a_number_that_is_refused_changes_neither_data_nor_gradient(bad):
    x = Value(2.0)
    x.grad = 3.0
    for attribute in ("data", "grad"):
        with pytest.raises((OverflowError, TypeError)):
            setattr(x, attribute, bad)
    assert (x.data, x.grad) == (2.0, 3.0)


def test_a_function_is_made_once_even_while_its_own_rules_run():
    def rule(x: float, out: float) -> float:
        arguments = "other", float, (lambda x, out: 0.0,) * 2, "nowhere"
        with pytest.raises(TypeError, match="'same' is made already"):
            same.__init__(*arguments)
        return 1.0

    same = Function("same", lambda x: x, (rule,), "every x")
    x = Value(3.0)
    same(x).backward()
    assert (x.grad, same.name, same.arity, same(2.0)) == (1.0, "same", 1, 2.0)


def test_a_function_that_was_never_made_raises():
    empty = Function.__new__(Function)
    for use in (repr, lambda f: f.__reduce__(), lambda f: f(Value(1.0)), lambda f: f.name):
        with pytest.raises((AttributeError, TypeError)):
            use(empty)
