"""The gradient checker: what is right passes, what is wrong is named."""

import math

import numpy as np
import pytest

from autograd import (
    GradientError,
    Value,
    abs,
    atan,
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
    tan,
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


# --- scales: steps fit the argument, and nobody is accused where differences do not converge ----

SCALES = {
    "Coulomb's law at an atom's size": (lambda r: 8.99e9 * 1.6e-19**2 / r**2, 1e-10),
    "next to the pole at 0": (lambda x: 1.0 / x, 1e-8),
    "far below every number of use": (lambda x: 1.0 / x, 1e-150),
    "next to a pole elsewhere": (lambda x: 1.0 / (x - 1.0), 1.0 + 1e-6),
    "next to a pole of tan": (tan, 1.5707),
    "at 1e8": (lambda x: x * x, 1e8),
    "a period far below the argument": (sin, 1e8),
    "no step can resolve the period": (sin, 1e16),
    "no step is small enough at 0": (lambda x: sin(1e20 * x), 0.0),
    "at 0": (lambda x: x**3 + x, 0.0),
    "a narrow line": (lambda x: x**2 / (1e-20 + x**2), 1e-10),
    "a steep step": (lambda x: atan(1e12 * x), 1e-12),
    "a slow one": (lambda x: tanh(1e-12 * x), 1e12),
    "nested scales": (lambda x: exp(sin(1e3 * x)), 0.3),
    "a Morse potential": (lambda r: 1e-18 * (1 - exp(-1e10 * (r - 1.2e-10))) ** 2, 1.3e-10),
    "Planck's law": (lambda v: v**3 / (exp(6.6e-34 * v / (1.38e-23 * 300)) - 1), 1e13),
    "a square that underflows": (lambda x: x * x, 1e-200),
    "a tail": (lambda x: exp(-x * x), 25.0),
    "beside a large constant": (lambda x: 1.0 + x * x, 1e-9),
    "a root next to 0": (sqrt, 1e-300),
    "a derivative that is 0": (sin, math.pi / 2),
}


@pytest.mark.parametrize("name", SCALES)
def test_right_derivatives_pass_at_every_scale(name):
    check_gradients(*SCALES[name])


def test_arguments_of_different_scales_pass():
    check_gradients(lambda k, q, r: k * q**2 / r**2, 8.99e9, 1.6e-19, 1e-10)
    check_gradients(lambda a, b: a * b, 1e8, 1e-8)
    check_gradients(
        lambda p: p["m"] * 9.81 * p["h"] + 0.5 * p["m"] * p["v"][0] ** 2,
        {"m": 1e-6, "h": 1e4, "v": [3e5]},
    )


@pytest.mark.parametrize("x", [1e-150, 1e-10, 1e-3, 0.7, 30.0, 1e8, 1e60])
@pytest.mark.parametrize("factor", [1.01, 1.0 + 1e-5, -1.0, 0.0])
def test_a_wrong_rule_is_found_at_every_scale(planted, x, factor):
    primitive("wrong_inverse", lambda x: 1.0 / x, lambda x, out: -factor * out * out)
    function = PRIMITIVES["wrong_inverse"]
    with pytest.raises(GradientError, match=r"primitive at fault is 'wrong_inverse'"):
        check_gradients(lambda x: 3.0 * function(x), x, order=1)


@pytest.mark.parametrize("x", [1e-10, 0.0, 1e8])
def test_a_derivative_where_there_is_none_is_found(planted, x):
    primitive("wrong_constant", lambda x: 2.0, lambda x, out: 1.0)
    with pytest.raises(GradientError, match=r"give 0\. .*'wrong_constant'"):
        check_gradients(PRIMITIVES["wrong_constant"], x, order=1)
