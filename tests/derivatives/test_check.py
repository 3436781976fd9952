"""The gradient checker: what is right passes, what is wrong is named."""

import math

import numpy as np
import pytest

from autograd import (
    GradientError,
    Value,
    abs,
    check_gradients,
    dot,
    exp,
    log,
    maximum,
    no_grad,
    relu,
    sigmoid,
    sin,
    softmax,
    sqrt,
    take,
    tanh,
    total,
)
from autograd.table import PRIMITIVES, primitive


@pytest.fixture
def planted():
    """Rows with a mistake, removed from the table afterwards."""
    before = dict(PRIMITIVES)
    yield {
        "factor": primitive("wrong_sine", math.sin, lambda x, out: 1.01 * math.cos(x.data)
                            if isinstance(x, Value) else 1.01 * math.cos(x)),
        "second": primitive("wrong_second", math.sin, lambda x, out: math.cos(x.data)
                            if isinstance(x, Value) else math.cos(x)),
        "operand": primitive("wrong_product", lambda x, y: x * y,
                             lambda x, y, out: y, lambda x, y, out: y),
    }  # fmt: skip
    for name in set(PRIMITIVES) - set(before):
        del PRIMITIVES[name]
        if hasattr(Value, name):
            delattr(Value, name)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_right_derivatives_pass(order):
    check_gradients(lambda x, y: sin(x * y) / (1.0 + exp(y)), 0.7, -1.3, order=order)
    check_gradients(lambda x: tanh(x) ** 3, 0.2, order=order)


def test_structures_and_several_results_pass():
    def layer(w, x):
        return [sigmoid(dot(row, x)) for row in w["rows"]] + softmax(x)

    check_gradients(layer, {"rows": [[0.3, -0.2], [1.5, 0.4]]}, [2.0, -1.0])
    check_gradients(lambda a: (np.tanh(a @ a)).sum(), np.array([[0.1, -0.4], [0.3, 0.8]]))


@pytest.mark.parametrize("x", [1e-6, 1e-3, 1.0, 1e6, 1e60])
def test_steps_fit_the_scale_and_the_domain(x):
    check_gradients(lambda x: log(x) * sqrt(x), x)


def test_points_near_an_edge_and_of_great_curvature_pass():
    check_gradients(lambda x: log(1.0 - x), 1.0 - 1e-7)
    check_gradients(lambda x: sin(1e5 * x), 1.0)
    check_gradients(lambda x: 1.0 + x * x, 1e-9)


def test_a_wrong_factor_is_named_with_its_argument_and_both_numbers(planted):
    def f(x, weights):
        return total([w * planted["factor"](w * x) for w in weights])

    with pytest.raises(GradientError) as caught:
        check_gradients(f, 1.0, [0.5, 2.0])
    text = str(caught.value)
    assert "by x = 1;" in text
    assert "primitive at fault is 'wrong_sine'" in text
    slope = 0.25 * math.cos(0.5) + 4.0 * math.cos(2.0)
    assert f"gives {1.01 * slope:.9g} for" in text
    assert f"give {slope:.6g}" in text


def test_a_wrong_operand_is_named(planted):
    with pytest.raises(GradientError, match=r"by w\[1\] = 2;.*'wrong_product': by its operand 1"):
        check_gradients(lambda w: planted["operand"](w[0], w[1]) + 0.0 * w[0], [3.0, 2.0])


def test_a_rule_that_leaves_the_graph_is_found_at_order_two(planted):
    check_gradients(lambda x: planted["second"](x) * x, 0.4, order=1)
    with pytest.raises(GradientError, match=r"derivative of order 2 .*'wrong_second'"):
        check_gradients(lambda x: planted["second"](x) * x, 0.4, order=2)


def test_a_number_taken_out_of_the_graph_is_explained():
    def f(x):
        with no_grad():
            fixed = exp(x)
        return fixed * x

    with pytest.raises(GradientError, match=r"No primitive disagrees.*no_grad"):
        check_gradients(f, 0.5)


def test_a_kink_whose_mean_slope_is_the_convention_passes():
    check_gradients(abs, 0.0, order=1)


def test_a_kink_is_a_disagreement():
    with pytest.raises(GradientError, match="'relu'"):
        check_gradients(relu, 0.0)
    with pytest.raises(GradientError, match="'maximum'"):
        check_gradients(lambda x: 2.0 * maximum(x, 1.0), 1.0)
    check_gradients(relu, 1e-3)
    check_gradients(abs, 0.0)  # the mean of both sides is what the convention says


def test_an_array_names_its_index(planted):
    with pytest.raises(GradientError, match=r"by a\[1, 0\] = 3;"):
        check_gradients(
            lambda a: a[0, 1] * planted["factor"](a[1, 0]), np.array([[1.0, 2], [3, 4]])
        )


def test_a_choice_by_index_passes():
    check_gradients(lambda x: take(x, Value(1.0)) ** 2, [1.0, 2.0])


def ordinary_point(row):
    """Return operands inside every domain of the table, away from kinks."""
    if row.name in ("softmax", "log_softmax", "take"):
        return (0.3, 0.8, -0.4), (1.0,)
    if row.name == "clip":
        return (0.3, -1.0, 2.0), ()
    count = row.arity or 3
    first = 1.7 if row.name == "acosh" else 0.6
    return tuple(first + 0.25 * k for k in range(count)), ()


@pytest.mark.parametrize(
    "row", [row for row in PRIMITIVES.values() if row.name != "detach"], ids=lambda row: row.name
)
def test_every_primitive_passes(row):
    operands, index = ordinary_point(row)
    check_gradients(lambda *xs: row(*xs, *index), *operands, order=3)
