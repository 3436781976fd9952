"""No number leaves a recording unnoticed: it is computed anew, guarded, or refused."""

import copy
import math
import pickle
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from autograd import (
    FrozenBranchError,
    Program,
    Value,
    detach,
    detect_anomaly,
    grad,
    gradients,
    hessian,
    jacobian,
    jit,
    no_grad,
    recording,
    where,
)
from autograd.program.executors import native

WAYS = ["numpy", *(["native", "tape"] if native.available() else [])]


@pytest.fixture(params=WAYS)
def compiled(request, monkeypatch):
    """A function that makes programs on one of the executors."""
    if request.param == "tape":
        monkeypatch.setattr("autograd.program.executors.registry.is_irregular", lambda *_: True)
    executor = "auto" if request.param == "tape" else request.param

    def program(loss, **options):
        return Program(loss, executor=executor, **options)

    return program


# --- decisions by == -------------------------------------------------------------------------


def by_match(x, k):
    match k:
        case 1:
            return x
        case _:
            return x * x


DECISIONS = {
    "==": lambda x, k: x if k == 1 else x * x,
    "reflected": lambda x, k: x if 1 == k else x * x,  # noqa: SIM300
    "!=": lambda x, k: x * x if k != 1 else x,
    "in": lambda x, k: x if k in (0, 1) else x * x,
    "match": by_match,
    "numpy": lambda x, k: np.where(np.array([k]) == 1, x, x * x)[0],
    "scalar": lambda x, k: x if k == np.float64(1.0) else x * x,
}


@pytest.mark.parametrize("decide", DECISIONS.values(), ids=DECISIONS)
def test_a_decision_by_equality_is_the_right_one_in_every_call(decide):
    fast = jit(decide)
    assert fast(3.0, 1) == 3.0
    assert fast(4.0, 1) == 4.0
    assert fast(3.0, 2) == 9.0
    assert fast(5.0, 1) == 5.0
    other = jit(decide)
    assert other.value_and_grad(3.0, 2) == (9.0, 6.0)
    assert other(4.0, 3) == 16.0
    assert grad(decide)(3.0, Value(1.0)) == 1.0


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("tenth", [0.1, np.float64(0.1)])
def test_a_guard_of_equality_holds_for_every_example(compiled, dtype, tenth):
    x, w = Value(0.1, "x"), Value(2.0, "w")
    with recording():
        loss = w * x if x == tenth else w
    program = compiled(loss, inputs=[x], parameters=[w], dtype=dtype)
    assert program([[0.1], [0.1]])[0] == pytest.approx(0.2)
    with pytest.raises(
        FrozenBranchError, match=r"node 'x' == .*0.1.* was True .* example 1 has 0.5"
    ):
        program([[0.1], [0.5]])


def test_values_among_themselves_leave_no_guard():
    fast = jit(lambda x, y: x if x == y or x in [y] else x * y)
    assert fast(2.0, 2.0) == 4.0
    assert fast(2.0, 5.0) == 10.0


# --- no_grad, detach -------------------------------------------------------------------------


def doubled(x):
    with no_grad():
        c = x * 2
    return c * x


def twice_without(x):
    with no_grad(), no_grad():
        c = x * x
    return c * x


def chosen(x):
    with no_grad():
        c = where(x > 0, x + 1, 3.0)
    return c * x


def inner(x):
    with no_grad():
        slope = grad(lambda t: t**3)(x)  # 3x²
    return slope * x


@pytest.mark.parametrize(
    ("f", "at_3", "at_4", "slope"),
    [
        (doubled, 18.0, 32.0, 8.0),
        (twice_without, 27.0, 64.0, 16.0),
        (chosen, 12.0, 20.0, 5.0),
        (inner, 81.0, 192.0, 48.0),
        (lambda x: detach(2 * x) * x, 18.0, 32.0, 8.0),
        (lambda x: (2 * x).detach() + 0.0 * x, 6.0, 8.0, 0.0),
        (lambda x: detach(x), 3.0, 4.0, 0.0),
    ],
)
def test_no_grad_in_a_recording_stops_the_gradient_alone(f, at_3, at_4, slope):
    fast = jit(f)
    assert fast(3.0) == at_3
    assert fast(4.0) == at_4
    assert fast.value_and_grad(4.0) == (at_4, slope)
    assert grad(f)(4.0) == slope


def test_a_program_computes_anew_what_no_grad_made(compiled):
    x, w = Value(2.0), Value(3.0)
    with recording(), no_grad():
        scale = w * x
    loss = scale * w + w
    program = compiled(loss, inputs=[x], parameters=[w])
    cost, gradient = program([[2.0], [4.0]])  # 3·3·2 + 3, 3·3·4 + 3
    assert cost == 30.0
    assert gradient.tolist() == [10.0]  # (6 + 12)/2 + 1
    assert program.value(scale).tolist() == [6.0, 12.0]
    assert program.adjoint(scale).tolist() == [3.0, 3.0]
    assert program.adjoint(x).tolist() == [0.0, 0.0]


def test_a_recording_entered_inside_no_grad_is_detached_as_well():
    x = Value(3.0)
    with no_grad(), recording():
        y = x * x
    assert (y.op, y.data) == ("detach", 9.0)
    assert Program(y, inputs=[x], parameters=[])([[3.0], [5.0]])[0] == 17.0
    with no_grad():
        assert jit(lambda x: x * x).value_and_grad(3.0) == (9.0, 6.0)


def test_a_decision_under_no_grad_is_taken_in_every_call():
    def f(x):
        with no_grad():
            large = x * 2 > 5
        return x * x if large else x

    fast = jit(f)
    assert fast(3.0) == 9.0
    assert (fast(1.0), fast(4.0)) == (1.0, 16.0)


@pytest.mark.parametrize(
    "read",
    [
        lambda x: (x * x).partials[0],
        lambda x: x.exp().partials[0],
        lambda x: detached_number(x),
        lambda x: copy.copy(Value(1.0) * x),
    ],
    ids=["partials", "of a function", "data under no_grad", "copy of a node"],
)
def test_numbers_that_would_be_frozen_are_refused(read):
    with pytest.raises((FrozenBranchError, TypeError), match=r"frozen into|only leaves can"):
        jit(lambda x: x * read(x))(3.0)


def detached_number(x):
    with no_grad():
        return (x * 2).data


def test_partials_may_be_read_of_what_no_argument_reaches():
    w = Value(2.0)
    assert (w * w).partials == (2.0, 2.0)
    fast = jit(lambda x: x * Value(3.0).exp().partials[0] * len(x.partials))
    assert fast(1.0) == 0.0
    with detect_anomaly():
        assert jit(lambda x: grad(lambda t: t**3)(x)).value_and_grad(2.0) == (12.0, 12.0)


def test_a_number_that_a_copy_takes_along_is_refused():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    with recording():
        loss = copy.deepcopy([w])[0] * w * x
    with pytest.raises(FrozenBranchError, match="node 'w' was read while recording"):
        Program(loss, inputs=[x], parameters=[w])


# --- copies of arguments ---------------------------------------------------------------------


def first_squared(v):
    return v[0] ** 2


COPIES = {
    "deepcopy": lambda v: copy.deepcopy(v)[0],
    "copy": lambda v: copy.copy(v[0]),
    "dict": lambda v: copy.deepcopy({"a": v})["a"][0],
    "array": lambda v: copy.deepcopy(np.array(v))[0],
    "twice": lambda v: copy.copy(copy.deepcopy(v)[0]),
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_a_copy_of_an_argument_is_the_argument(copied):
    def f(v):
        return copied(v) ** 3

    assert grad(f)([2.0]) == [12.0]
    assert hessian(f)([2.0]) == [[12.0]]
    assert grad(lambda x: grad(f)([x])[0])(2.0) == 12.0
    assert jacobian(lambda v: [copied(v) ** 2])([3.0]) == [[6.0]]
    assert jit(f).value_and_grad([2.0]) == (8.0, [12.0])
    x = Value(2.0)
    assert gradients(grad(f)([x])[0], x) == 12.0


@pytest.mark.parametrize("taken", [grad, jacobian, hessian, jit])
def test_an_argument_does_not_pickle(taken):
    with pytest.raises(TypeError, match="argument of a derivative or of a recording"):
        taken(lambda x: pickle.loads(pickle.dumps(x)) ** 2)(3.0)


def test_outside_and_of_other_leaves_copies_are_leaves_of_their_own():
    w = Value(3.0, "w")

    def f(x):
        twin = copy.copy(w)
        assert twin is not w
        return twin * x

    assert grad(f)(2.0) == 3.0
    assert copy.deepcopy(w) is not w
    assert pickle.loads(pickle.dumps(w)).data == 3.0


# --- decisions by numbers that no float is --------------------------------------------------

EXACT_NUMBERS = {
    "fraction": (Fraction(1, 3), 0.25, 0.5),
    "decimal": (Decimal("0.1"), 0.05, 0.2),
    "next to a float": (2**53 + 1, 2.0**53, 2.0**53 + 2),
}


@pytest.mark.parametrize("name", EXACT_NUMBERS)
def test_a_guard_compares_exactly(name, compiled):
    limit, below, above = EXACT_NUMBERS[name]
    x = Value(below, "x")
    with recording():
        y = x * 2.0 if x < limit else x
    program = compiled(y, inputs=[x], parameters=[])
    assert program([[below]])[0] == 2.0 * below
    with pytest.raises(FrozenBranchError, match=r"'x' < .* was True"):
        program([[below], [above]])


def test_a_guard_against_what_no_float_reaches_always_holds(compiled):
    x = Value(1.0, "x")
    with recording():
        y = x * 2.0 if -(10**400) < x < 10**400 and x != Fraction(10**400) else x
    program = compiled(y, inputs=[x], parameters=[])
    assert program([[-1e300], [1e300]])[0] == 0.0


def test_a_guard_of_equality_with_a_complex_number(compiled):
    x = Value(1.0, "x")
    with recording():
        y = x * 2.0 if x == 1 + 0j else x
    program = compiled(y, inputs=[x], parameters=[])
    assert program([[1.0]])[0] == 2.0
    with pytest.raises(FrozenBranchError):
        program([[2.0]])


# --- numbers of leaves that are not the program's --------------------------------------------


def test_a_number_that_a_compiled_function_read_of_a_leaf_is_read_anew():
    w = Value(2.0, "w")
    f = jit(lambda x: x * w.data)
    assert (f(3.0), f(4.0)) == (6.0, 8.0)
    w.data = 5.0
    assert (f(3.0), f(4.0)) == (15.0, 20.0)
    assert f.value_and_grad(3.0) == (15.0, 5.0)
    w.data = 2.0
    assert f(3.0) == 6.0


READERS = {
    "a format": lambda x, w: x * float(f"{w:.3f}"),
    "a constant of its own": lambda x, w: x * Value(w.data),
    "a power": lambda x, w: x ** int(w.data),
    "a number of times": lambda x, w: sum([x] * int(w.data)),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_whatever_a_number_was_read_for(read):
    w = Value(2.0, "w")
    f = jit(lambda x: read(x, w))
    assert f(3.0) == read(3.0, w)
    w.data = 3.0
    assert f(3.0) == read(3.0, w)
    assert f(4.0) == read(4.0, w)


def test_a_program_guards_what_its_recording_read(compiled):
    x, w = Value(3.0, "x"), Value(2.0, "w")
    with recording():
        y = x * w.data + Value(1.0).data
    program = compiled(y, inputs=[x], parameters=[])
    assert program([[4.0]])[0] == 9.0
    w.data = math.nan
    with pytest.raises(FrozenBranchError, match="'w' was 2"):
        program([[4.0]])


def test_a_leaf_may_be_used_and_read():
    w = Value(2.0, "w")
    f = jit(lambda x: x * w + w.data)
    assert f(3.0) == 8.0
    w.data = 5.0
    assert (f(3.0), f.value_and_grad(4.0)) == (20.0, (25.0, 5.0))


def test_what_was_read_concerns_no_program_of_another_graph():
    x, w, v = Value(3.0, "x"), Value(2.0, "w"), Value(1.0, "v")
    before = x * v
    with recording():
        y = x * w.data
    after = x + v
    programs = [Program(root, inputs=[x], parameters=[v]) for root in (before, after)]
    concerned = Program(y * v, inputs=[x], parameters=[v])
    w.data = 7.0
    assert [program([[3.0]])[0] for program in programs] == [3.0, 4.0]
    with pytest.raises(FrozenBranchError, match="'w' was 2"):
        concerned([[3.0]])


def test_a_branch_by_a_number_that_was_read_is_taken_anew_though_it_makes_no_node():
    w = Value(2.0, "w")
    f = jit(lambda x: x if w.data > 1.0 else -x)
    assert f(3.0) == 3.0
    w.data = 0.0
    assert (f(3.0), f(4.0)) == (-3.0, -4.0)
