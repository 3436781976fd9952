"""The node and the reverse sweep: what `Value` promises, on either implementation."""

from __future__ import annotations

import copy
import math
import operator
import pickle
import weakref
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from autograd import (
    AutogradError,
    DomainError,
    StaleGraphError,
    Value,
    detach,
    detect_anomaly,
    dot,
    exp,
    expm1,
    gradients,
    heaviside,
    hypot,
    jvp,
    log,
    mean,
    relu,
    sign,
    sqrt,
    tanh,
    total,
    where,
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
    for thing in ("1", b"1", None, [1.0], 1j, object(), math.nan):
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


# --- comparisons with numbers: what Python's floats do --------------------------------------

HUGE = 10**400
OTHERS = [
    1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63, 2**64, -(2**80), HUGE, -HUGE, True, 0.1, math.inf,
    math.nan, Fraction(1, 10), Fraction(1, 2), Fraction(HUGE), Fraction(-HUGE, 3), Decimal("0.1"),
    Decimal("0.5"), Decimal("1e500"), Decimal("NaN"), np.float32(0.1), np.float64(0.1),
    np.int64(2**53 + 1), np.uint64(2**64 - 1), np.longdouble(0.1), np.bool_(True), np.float16(0.5),
]  # fmt: skip
NUMBERS = [0.1, 0.5, 1.0, -0.0, 2.0**53, 2.0**64, -(2.0**80), 1e300, math.inf, -math.inf, math.nan]
ALL_COMPARISONS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]


def outcome(compare, left, right):
    try:
        return bool(compare(left, right))
    except ArithmeticError as error:  # a Decimal that is no number has no order
        return type(error)


@pytest.mark.parametrize("compare", ALL_COMPARISONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("other", OTHERS, ids=lambda x: f"{type(x).__name__}{str(x)[:12]}")
def test_a_comparison_with_any_number_is_that_of_a_float(other, compare):
    plain = other.item() if isinstance(other, np.generic) else other
    for number in NUMBERS:
        for ours, theirs in (
            (outcome(compare, Value(number), other), outcome(compare, number, plain)),
            (outcome(compare, other, Value(number)), outcome(compare, plain, number)),
        ):
            assert ours == theirs, number


def test_a_complex_number_may_be_equal_and_has_no_order():
    assert Value(1.0) == 1 + 0j
    assert Value(1.0) == 1 + 0j
    assert Value(1.0) != 1j
    with pytest.raises(TypeError, match="not supported between instances of 'Value' and 'complex'"):
        Value(1.0) < 1j  # noqa: B015


@pytest.mark.parametrize("other", ["1", None, [1.0], (), {}, object()], ids=type)
def test_what_is_no_number_is_never_equal(other):
    assert (Value(1.0) == other, Value(1.0) != other) == (False, True)
    with pytest.raises(TypeError, match="not supported between"):
        Value(1.0) <= other  # noqa: B015


# --- weak references -------------------------------------------------------------------------


def nodes_of_every_kind():
    x, y = Value(0.5, "x"), Value(2.0)
    many = tuple(Value(float(k)) for k in range(3))
    return [
        x, x * y, x * 2.0, 2.0 / x, x**2, tanh(x), expm1(x), hypot(x, y), dot(many, many, x),
        dot(many, (1.0, 2.0, 3.0), 1.5), total(many), mean(many), (x + 1.0).parents[1],
    ]  # fmt: skip


@pytest.mark.parametrize("k", range(13))
def test_a_node_is_referred_to_weakly(k):
    node = nodes_of_every_kind()[k]
    gone = []
    refers, proxy = weakref.ref(node, gone.append), weakref.proxy(node)
    assert refers() is node
    assert proxy.data == node.data
    assert weakref.ref(node) is weakref.ref(node)
    node = None
    assert refers() is None
    assert gone == [refers]
    with pytest.raises(ReferenceError):
        proxy.data  # noqa: B018


def test_a_weak_reference_does_not_keep_a_graph_and_ends_with_it():
    x = Value(2.0)
    hidden = weakref.ref(x * x)
    assert hidden() is None
    node = x * x
    hidden, root = weakref.ref(node), node + 1.0
    del node
    assert hidden().data == 4.0
    assert root.parents[0] is hidden()
    del root
    assert hidden() is None


def test_weak_dictionaries_hold_values_by_identity():
    values = [Value(1.0) for _ in range(5)]
    keys, entries = weakref.WeakKeyDictionary(), weakref.WeakValueDictionary()
    for k, value in enumerate(values):
        keys[value], entries[k] = k, value
    assert (len(keys), len(entries)) == (5, 5)
    del values[1:], value
    assert (len(keys), len(entries)) == (1, 1)


def test_a_deep_graph_with_weak_references_everywhere_is_freed():
    node, refers = Value(1.0), []
    for _ in range(100_000):
        node = node + 1.0
        refers.append(weakref.ref(node))
    assert all(r() is not None for r in refers)
    del node
    assert all(r() is None for r in refers)


def test_a_callback_may_use_values_while_a_graph_is_freed():
    made = []

    def use(_):
        y = Value(3.0)
        z = y * y + dot([y], [y])
        z.backward()
        made.append(y.grad)

    node = Value(1.0)
    refers = []
    for _ in range(50):
        node = dot((node,), (node,), node) * 0.5
        refers.append(weakref.ref(node, use))
    del node
    assert made == [12.0] * 50


def test_a_number_as_the_bias_and_either_side_of_an_operator_becomes_one_constant():
    x = Value(2.0)
    for node, expected in (
        (dot((x,), (x,), 3.0), (2.0, 2.0, 3.0)), (x * 3.0, (2.0, 3.0)), (3.0 * x, (3.0, 2.0)),
        (3.0 - x, (3.0, 2.0)), (x**3.0, (2.0, 3.0)), (3.0**x, (3.0, 2.0)),
    ):  # fmt: skip
        assert tuple(getattr(p, "data", p) for p in node.operands) == expected
        parents = node.parents
        assert tuple(p.data for p in parents) == expected
        assert all(p is q for p, q in zip(parents, node.parents, strict=True))
        assert [p.constant for p in parents].count(True) == 1
        node.backward()


# --- what passes nothing ---------------------------------------------------------------------


@pytest.mark.parametrize("step", [detach, sign, heaviside], ids=lambda f: f.name)
def test_an_infinite_adjoint_does_not_pass_where_nothing_does(step):
    x = Value(2.0)
    y = (step(x) * 1e300) * 1e300 + 3.0 * x
    assert gradients(y, x) == 3.0
    assert gradients(y, x, build_graph=True).data == 3.0
    y.backward()
    assert x.grad == 3.0
    with detect_anomaly():
        (step(x) * 1e100 + 3.0 * x).backward()
    assert jvp(lambda x: (step(x) * 1e300) * 1e300 + 3.0 * x, (2.0,), (1.0,))[1] == 3.0


def test_the_condition_of_where_gets_nothing_of_an_infinite_adjoint():
    x = Value(2.0)
    y = (where(x, x, 1.0) * 1e300) * 1e300
    assert gradients(y, x) == math.inf
    c = Value(1.0)
    y = (where(c, x, 1.0) * 1e300) * 1e300 + c
    assert gradients(y, c) == 1.0


def test_the_class_is_at_home_where_it_is_imported_from():
    assert f"{Value.__module__}.{Value.__qualname__}" == "autograd.Value"
