"""NumPy beside Values: scalars of every kind, arrays of objects through ufuncs."""

import operator

import numpy as np
import pytest

import autograd
from autograd import Value, dot, gradients, jacobian, mean, softmax, total
from autograd.rows import rounding
from autograd.table import PRIMITIVES

KINDS = [
    np.bool_, np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64,
    np.float16, np.float32, np.float64, np.longdouble,
]  # fmt: skip
ARITHMETIC = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
COMPARISONS = [
    operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne,
]  # fmt: skip
EVERY = [row for row in PRIMITIVES.values() if row.numpy]
UFUNCS = [row for row in EVERY if any("O" in loop for loop in getattr(np, row.numpy).types)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("op", ARITHMETIC)
def test_a_scalar_of_any_kind_is_a_number_on_either_side(kind, op):
    for number in (kind(1), *([kind(3)] if kind is not np.bool_ else [])):
        x, y = Value(2.5), Value(float(number))
        for with_scalar, with_value, by in (
            (op(x, number), op(x, y), x),
            (op(number, x), op(y, x), x),
        ):
            assert type(with_scalar) is Value
            assert with_scalar.data == with_value.data
            assert gradients(with_scalar, by) == gradients(with_value, by)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("op", COMPARISONS)
def test_a_scalar_of_any_kind_compares(kind, op):
    for number in (0.0, 1.0, 2.0):
        x = Value(number)
        assert bool(op(x, kind(1))) is op(number, 1.0)
        assert bool(op(kind(1), x)) is op(1.0, number)


@pytest.mark.parametrize("kind", KINDS)
def test_a_scalar_of_any_kind_goes_wherever_a_float_goes(kind):
    one = kind(1)
    assert Value(one).data == 1.0
    assert autograd.tanh(one) == autograd.tanh(1.0)
    assert autograd.hypot(one, Value(1.0)).data == autograd.hypot(1.0, 1.0)
    assert dot([one], [Value(3.0)], one).data == 4.0
    assert total([one, Value(2.0)]).data == 3.0
    assert autograd.grad(lambda x: x * x)(one) == 2.0
    x = Value(2.0)
    (x * x).backward(one)
    assert x.grad == 4.0


@pytest.mark.parametrize("row", UFUNCS, ids=lambda row: row.numpy)
def test_ufuncs_apply_to_arrays_of_values_and_are_differentiated(row):
    ufunc = getattr(np, row.numpy)
    point = np.full((row.arity, 2), [1.2, 3.4]) + np.arange(row.arity)[:, None]
    if row.numpy in ("arcsin", "arccos", "arctanh"):
        point /= 5.0
    found = jacobian(lambda x: ufunc(*x))(point)
    expected = np.array([[autograd.grad(row.function, k)(*column) for k in range(row.arity)]
                         for column in point.T])  # fmt: skip
    for i in range(2):
        np.testing.assert_array_equal(found[i, :, i], expected[i])
        np.testing.assert_array_equal(found[i, :, 1 - i], 0.0)


def test_ufuncs_without_a_row_are_made_of_operators():
    x = np.array([Value(3.0), Value(-2.0)])
    assert [v.data for v in np.square(x)] == [9.0, 4.0]
    assert [v.data for v in np.reciprocal(x)] == [1 / 3, -0.5]
    assert gradients(np.square(x)[1], list(x)) == [0.0, -4.0]


def test_a_layer_in_matrix_form():
    rng = np.random.default_rng(0)
    W, x, b = rng.normal(size=(3, 2)), rng.normal(size=2), rng.normal(size=3)
    nodes = np.vectorize(Value, otypes=[object])(W)
    a = np.tanh(nodes @ x + b)
    np.testing.assert_allclose([v.data for v in a], np.tanh(W @ x + b), rtol=1e-15)
    found = gradients(a.sum(), nodes)
    assert found.dtype == float
    np.testing.assert_allclose(found, np.outer(1 - np.tanh(W @ x + b) ** 2, x), rtol=1e-13)


def test_matrix_products_on_either_side_and_reductions():
    A = np.arange(6.0).reshape(2, 3)
    X = np.vectorize(Value, otypes=[object])(np.ones((3, 2)))
    for product, by_hand in ((A @ X, A @ np.ones((3, 2))), (X @ A, np.ones((3, 2)) @ A)):
        assert [[v.data for v in row] for row in product] == by_hand.tolist()
    np.testing.assert_array_equal(gradients((A @ X).sum(), X), np.tile(A.sum(0), (2, 1)).T)
    np.testing.assert_array_equal(gradients(X.mean(), X), np.full((3, 2), 1 / 6))
    np.testing.assert_array_equal(gradients(X.sum(axis=0)[1], X), [[0, 1]] * 3)
    np.testing.assert_array_equal(gradients(X.prod(), X), np.ones((3, 2)))
    assert gradients((X * A.T).max(), X)[2, 1] == 5.0


def test_the_variance_and_the_standard_deviation():
    numbers = np.array([1.0, 4.0, 5.5])
    x = np.vectorize(Value, otypes=[object])(numbers)
    away = numbers - numbers.mean()
    assert np.var(x).data == pytest.approx(numbers.var(), rel=1e-15)
    np.testing.assert_allclose(gradients(np.var(x), x), 2 * away / 3, rtol=1e-14)
    np.testing.assert_allclose(gradients(np.std(x), x), away / 3 / numbers.std(), rtol=1e-14)


def test_a_value_beside_an_array_is_applied_to_each_entry():
    v, x = Value(2.0), np.array([1.0, 2.0, 3.0])
    for op in ARITHMETIC:
        for found, expected in ((op(v, x), op(2.0, x)), (op(x, v), op(x, 2.0))):
            assert found.dtype == object
            np.testing.assert_array_equal([e.data for e in found], expected)
    np.testing.assert_array_equal(v < x, [False, False, True])


def test_functions_of_many_operands_take_arrays():
    x = np.array([Value(1.0), Value(2.0)])
    assert dot(np.array([3.0, 4.0]), x).data == 11.0
    assert total(x).data == 3.0
    assert mean(np.array([1.0, 2.0])) == 1.5
    assert softmax(np.zeros(2)) == [0.5, 0.5]


def test_arrays_of_values_are_compared_with_numbers_entry_by_entry():
    a = np.array([Value(0.0), Value(2.0), Value(0.0)])
    assert (a == 0).tolist() == [True, False, True]
    assert (np.float64(2.0) != a).tolist() == [True, False, True]
    assert np.where(a == 0, 5.0, 7.0).tolist() == [5.0, 7.0, 5.0]
    assert (a == np.array([0.0, 2.0, 1.0])).tolist() == [True, True, False]
    assert (a == a[::-1]).tolist() == [False, True, False]  # Values among themselves: identity


WITHOUT_LOOPS = {  # over objects: what NumPy has no hook for, by the functions it stands for
    "copysign": autograd.copysign, "divmod": divmod, "float_power": operator.pow,
    "isfinite": rounding.isfinite, "isinf": rounding.isinf, "isnan": rounding.isnan,
    "logaddexp": autograd.logaddexp, "signbit": rounding.signbit,
}  # fmt: skip


@pytest.mark.parametrize("name", WITHOUT_LOOPS)
def test_where_numpy_has_no_loop_over_objects_a_function_made_of_ours_does(name):
    ufunc, numbers = getattr(np, name), [np.array([1.5, -2.0, 0.25]), np.array([2.0, -3.0, 0.5])]
    if name == "float_power":
        numbers[0] = abs(numbers[0])
    numbers = numbers[: ufunc.nin]
    arrays = [np.vectorize(Value, otypes=[object])(x) for x in numbers]
    with pytest.raises(TypeError, match=f"ufunc '{name}' not supported for the input types"):
        ufunc(*arrays)  # it asks neither the array nor what is in it
    own = np.frompyfunc(WITHOUT_LOOPS[name], ufunc.nin, ufunc.nout)
    np.testing.assert_allclose(of_numbers(own(*arrays)), np.array(ufunc(*numbers)), 1e-15)
    alone = ufunc(*[x[0] for x in arrays])
    np.testing.assert_allclose(of_numbers(alone), np.array(ufunc(*[x[0] for x in numbers])), 1e-15)


def of_numbers(found):
    """Return the numbers in what a ufunc found: Values or bool, in a tuple too."""
    numbers = np.frompyfunc(lambda x: getattr(x, "data", x), 1, 1)
    return np.asarray(numbers(np.array(found, object)), float)


def test_what_takes_floats_alone_says_so_of_a_value():
    for ufunc in (np.nextafter, np.heaviside, np.logaddexp2):
        with pytest.raises(TypeError, match=rf"np\.{ufunc.__name__} takes floats alone"):
            ufunc(Value(1.0), 2.0)
    for ufunc in (np.spacing, np.modf, np.frexp):
        with pytest.raises(TypeError, match=r"or give it the number, value\.data"):
            ufunc(Value(1.0))


@pytest.mark.parametrize("text", [np.str_("1"), np.bytes_(b"1")])
def test_a_text_of_numpy_is_no_number(text):
    assert Value(1.0) != text
    with pytest.raises(TypeError, match="real number"):
        Value(text)
