"""What is constant in pieces, the operators % and //, and questions about one number.

The numbers are those of Python's floats, and of NumPy where Python has no such function.
"""

import itertools
import math
import operator
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import autograd
from autograd import (
    AnomalyError,
    FrozenBranchError,
    Program,
    Value,
    check_gradients,
    copysign,
    derivative,
    floor,
    fmod,
    grad,
    gradients,
    isfinite,
    isinf,
    isnan,
    jit,
    logaddexp,
    recording,
    rint,
    signbit,
    total,
)
from autograd.program.executors import native
from autograd.table import PRIMITIVES

LINE = [0.0, -0.0, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 2.7, -2.7, 0.1, 1e16, -1e300, 5e-324]
INFINITE = [math.inf, -math.inf, math.nan]
ONE = {  # ours: the number it must be
    "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc, "rint": np.rint, "cbrt": np.cbrt,
    "exp2": np.exp2, "degrees": np.degrees, "radians": np.radians,
}  # fmt: skip
PYTHON = {"floor": math.floor, "ceil": math.ceil, "trunc": math.trunc, "rint": round}
TWO = [operator.mod, operator.floordiv]


def same(found, expected):
    return repr(float(found)) == repr(float(expected))


@pytest.mark.parametrize("x", LINE + INFINITE)
@pytest.mark.parametrize("name", PYTHON)
def test_a_rounded_number_is_numpys_with_its_sign(name, x):
    node = PRIMITIVES[name](Value(x))
    assert same(node.data, ONE[name](x))
    assert same(PRIMITIVES[name](x), ONE[name](x))
    if math.isfinite(x):
        assert node.data == PYTHON[name](x)
        assert PYTHON[name](Value(x)).op == name  # math.floor(x), round(x) are nodes
        assert gradients(node * 3.0, node.parents[0]) == 0.0


@pytest.mark.parametrize("digits", [0, 1, 3, -1, -2, None])
@pytest.mark.parametrize("x", [2.5, -2.675, 1234.5678, -0.05, 0.0, 1e-9, 1e15])
def test_rounding_to_digits_is_numpys(x, digits):
    found = round(Value(x), digits)
    assert same(found.data, np.round(np.float64(x), digits or 0))
    array = np.array([Value(x)], dtype=object)
    assert same(np.round(array, digits or 0)[0].data, found.data)


@pytest.mark.parametrize("op", TWO, ids=lambda f: f.__name__)
def test_remainders_and_quotients_are_pythons(op):
    for x, y in itertools.product(LINE + INFINITE, LINE + INFINITE):
        for a, b in ((Value(x), Value(y)), (Value(x), y), (x, Value(y))):
            if y == 0.0:
                with pytest.raises(ZeroDivisionError, match="divides by zero"):
                    op(a, b)
            else:
                assert same(op(a, b).data, op(x, y)), (x, y)


@pytest.mark.parametrize(
    "other", [2, True, Fraction(1, 2), Decimal("0.5"), np.float32(2), np.int8(3)]
)
def test_any_number_divides_and_is_divided(other):
    x = Value(7.3)
    assert (x % other).data == 7.3 % float(other)
    assert (x // other).data == 7.3 // float(other)
    assert (other % x).data == float(other) % 7.3
    assert (other // x).data == float(other) // 7.3
    assert [v.data for v in divmod(x, other)] == list(divmod(7.3, float(other)))
    assert [v.data for v in divmod(other, x)] == list(divmod(float(other), 7.3))


@pytest.mark.parametrize("bad", ["2", None, [2.0], {}, 1j])
@pytest.mark.parametrize("op", [*TWO, divmod], ids=lambda f: f.__name__)
def test_what_is_no_number_is_refused_by_name(op, bad):
    for a, b in ((Value(1.0), bad), (bad, Value(1.0))):
        if isinstance(a, str):  # a format, to Python
            continue
        with pytest.raises(TypeError, match=r"takes Values and real numbers; got"):
            op(a, b)


def test_in_place_operators_make_new_nodes():
    x = y = Value(7.5)
    y %= 2.0
    assert (x.data, y.data, y.parents[0]) == (7.5, 1.5, x)
    y = x
    y //= 2.0
    assert (x.data, y.data, y.op) == (7.5, 3.0, "floordiv")


def test_unary_plus_is_the_number_itself():
    x = Value(3.0, "x")
    assert +x is x
    assert np.positive(np.array([x]))[0] is x


@pytest.mark.parametrize(("x", "y"), [(7.3, 2.0), (-7.3, 2.0), (7.3, -2.0), (0.3, 5.0), (1e9, 0.7)])
def test_derivatives_of_remainders(x, y):
    """∂(x mod y)/∂x = 1, ∂(x mod y)/∂y = -⌊x/y⌋, towards 0 for fmod."""
    assert grad(operator.mod, (0, 1))(x, y) == (1.0, -math.floor(x / y))
    assert grad(fmod, (0, 1))(x, y) == (1.0, -math.trunc(x / y))
    assert grad(operator.floordiv, (0, 1))(x, y) == (0.0, 0.0)
    assert derivative(lambda x: x % y, 2)(x) == 0.0
    if y > 0.7:
        check_gradients(lambda x, y: x % y + fmod(x, y) * (x // y), x, y)


@pytest.mark.parametrize("x", [3.0, -3.0, 0.0, -0.0, 1e300])
@pytest.mark.parametrize("y", [2.0, -2.0, 0.0, -0.0, -math.inf])
def test_a_copied_sign(x, y):
    node = copysign(Value(x), Value(y))
    assert same(node.data, math.copysign(x, y))
    slope = math.copysign(1.0, y) * math.copysign(1.0, x) if x else 0.0  # as |x|, 0 at 0
    assert gradients(node, list(node.parents)) == [slope, 0.0]


def test_logarithms_of_sums_at_infinities():
    for x, y in itertools.product([math.inf, -math.inf, 0.0, 800.0], repeat=2):
        assert same(logaddexp(Value(x), y).data, np.logaddexp(x, y))
    assert math.isnan(logaddexp(math.nan, 1.0)) and math.isnan(logaddexp(1.0, math.nan))
    assert gradients(logaddexp(x := Value(800.0), 0.0), x) == 1.0


def test_no_gradient_of_a_step_makes_nan_of_an_infinity():
    for name in PYTHON:
        x = Value(2.5)
        y = (PRIMITIVES[name](x) * 1e300) * 1e300 + x
        assert gradients(y, x) == 1.0
    x, y = Value(7.0), Value(2.0)
    assert gradients((x // y * 1e300) * 1e300 + x + y, [x, y]) == [1.0, 1.0]


# --- questions ------------------------------------------------------------------------------

QUESTIONS = {
    isfinite: math.isfinite, isinf: math.isinf, isnan: math.isnan,
    signbit: lambda x: math.copysign(1.0, x) < 0,
}  # fmt: skip


@pytest.mark.parametrize("ask", QUESTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("x", LINE + INFINITE)
def test_a_question_is_answered_by_a_bool(ask, x):
    for thing in (Value(x), x, np.float64(x)):
        assert ask(thing) is QUESTIONS[ask](x)
    assert getattr(np, ask.__name__)(Value(x)) is QUESTIONS[ask](x)


@pytest.mark.parametrize("ask", QUESTIONS, ids=lambda f: f.__name__)
def test_a_question_about_no_number_is_refused(ask):
    for thing in ("1", None, [1.0], 1j):
        with pytest.raises(TypeError, match="takes Values and real numbers"):
            ask(thing)


@pytest.mark.parametrize(
    ("ask", "at", "later"),
    [(signbit, -0.5, 0.5), (signbit, 0.0, -1.0), (lambda x: isfinite(1e200 * x), 1.0, 1e200),
     (lambda x: isinf(1e200 * x), 1.0, -1e200), (lambda x: isinf(1e200 * x), 1e200, 1.0)],
)  # fmt: skip
def test_an_answer_is_guarded_in_a_recording(ask, at, later):
    calls = []

    def f(x):
        calls.append(x)
        return x if ask(x) else x * x

    fast = jit(f)
    for x in (at, later, at, at):
        assert fast(x) == (x if ask(x) else x * x)
    assert len(calls) >= 2
    x = Value(at, "x")
    with recording():
        loss = x if ask(x) else x * x
    with pytest.raises((FrozenBranchError, AnomalyError)):
        Program(loss, inputs=[x], parameters=[])([[later]])


# --- NumPy's own functions --------------------------------------------------------------------


def test_ufuncs_take_a_value_that_know_no_arrays_of_objects():
    x = Value(-2.5, "x")
    assert np.copysign(x, 1.0).data == 2.5
    assert np.copysign(1.0, x).data == -1.0
    assert np.logaddexp(x, x).parents == (x, x)
    assert [v.data for v in np.divmod(x, 2.0)] == [-2.0, 1.5]
    assert [v.data for v in np.copysign(np.array([1.0, 2.0]), x)] == [-1.0, -2.0]
    assert gradients(np.logaddexp(np.array([x, x]), x).sum(), x) == 2.0
    assert np.frompyfunc(copysign, 2, 1)(np.array([x]), 1.0)[0].data == 2.5


def test_a_value_is_still_one_entry_beside_arrays():
    x, a = Value(2.0, "x"), np.array([1.0, 2.0])
    for found in (x * a, a * x, np.multiply(a, x), np.multiply.outer(a, x)):
        assert (found.dtype, found.shape) == (object, (2,))
        assert gradients(found.sum(), x) == 3.0
    assert np.exp(x).op == "exp" and np.hypot(x, 1.0).op == "hypot"
    assert (np.float64(3.0) * x).op == (np.float32(3.0) * x).op == "mul"
    with pytest.raises(TypeError):
        np.multiply(a, a, out=x)
    with pytest.raises(TypeError):
        a *= x


ALIASES = {"fabs": "abs", "rad2deg": "degrees", "deg2rad": "radians", "mod": "mod"}


@pytest.mark.parametrize("name", ALIASES)
def test_other_names_of_numpy(name):
    x = np.array([Value(-2.5), Value(0.3)])
    found = np.mod(x, 2.0) if name == "mod" else getattr(np, name)(x)
    assert [v.op for v in found] == [ALIASES[name]] * 2


# --- programs ---------------------------------------------------------------------------------

WAYS = ["numpy", *(["native"] if native.available() else [])]
PAIRS = [
    (7.25, 2.0),
    (-7.25, 2.0),
    (7.25, -2.0),
    (-0.5, 0.75),
    (6.0, 2.0),
    (-6.0, 4.5),
    (40.0, 0.5),
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("executor", WAYS)
@pytest.mark.parametrize("name", ["mod", "floordiv", "fmod", "copysign", "logaddexp"])
def test_programs_of_two_operands(name, executor, dtype):
    x, y = Value(1.5, "x"), Value(0.5, "y")
    loss = PRIMITIVES[name](x, y) * 3.0 + x
    program = Program(loss, inputs=[x, y], parameters=[], executor=executor, dtype=dtype)
    program(PAIRS)
    exact = {"rel": 1e-15 if dtype == "float64" else 1e-6, "abs": 0.0}
    expected, slopes = [], []
    for pair in PAIRS:
        fresh = [Value(v) for v in pair]
        root = PRIMITIVES[name](*fresh) * 3.0 + fresh[0]
        expected.append(root.data)
        slopes.append(gradients(root, fresh))
    assert program.value(loss).tolist() == pytest.approx(expected, **exact)
    found = np.transpose([np.broadcast_to(program.adjoint(v), len(PAIRS)) for v in (x, y)])
    assert found == pytest.approx(np.array(slopes), **exact)


@pytest.mark.parametrize("executor", WAYS)
def test_a_program_of_everything_trains_as_eager(executor):
    x, w = [Value(0.3 * k, f"x{k}") for k in range(4)], [Value(1.7 - k, f"w{k}") for k in range(4)]

    def f(x, w):
        terms = [
            (a * b) % 0.7 + rint(a * 3.0) * b + floor(b) * a + fmod(a, b) + copysign(a, b)
            + autograd.exp2(a) * autograd.cbrt(b) + autograd.degrees(b) * 0.01 + autograd.radians(a)
            + logaddexp(a, b)
            for a, b in zip(x, w, strict=True)
        ]  # fmt: skip
        return total(terms)

    program = Program(f(x, w), inputs=x, parameters=w, executor=executor)
    row = [0.35, -0.8, 1.9, 2.45]
    cost, gradient = program([row])
    root = f([Value(v) for v in row], w)
    assert cost == pytest.approx(root.data, rel=1e-14)
    assert list(gradient) == pytest.approx(gradients(root, w), rel=1e-13)


def test_a_program_freezes_no_answer():
    x = Value(2.0, "x")
    with recording():
        y = x if isfinite(x) and not signbit(x) else -x
    with pytest.raises(FrozenBranchError, match="copysign"):
        Program(y, inputs=[x], parameters=[])([[-1.0]])
