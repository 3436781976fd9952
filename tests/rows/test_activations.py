"""Activations without a row of their own, against mpmath: value, first and second derivative."""

import math

import pytest
from mpmath import mp, mpf

import autograd
from autograd import Value, derivative, elu, gelu_tanh, gradients, leaky_relu, mish, selu

ALPHA = mpf("1.6732632423543772848170429916717")  # Klambauer et al. 2017, appendix A
SCALE = mpf("1.0507009873554804934193349852946")


def exact_gelu_tanh(x):
    return x * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (x + mpf("0.044715") * x**3))) / 2


FORMULAS = {
    "leaky_relu(0.2)": (lambda x: leaky_relu(x, 0.2), lambda x: x if x > 0 else mpf(0.2) * x),
    "leaky_relu(-1.5)": (lambda x: leaky_relu(x, -1.5), lambda x: x if x > 0 else -1.5 * x),
    "elu(0.5)": (lambda x: elu(x, 0.5), lambda x: x if x > 0 else 0.5 * mp.expm1(x)),
    "selu": (selu, lambda x: SCALE * (x if x > 0 else ALPHA * mp.expm1(x))),
    "mish": (mish, lambda x: x * mp.tanh(mp.log(1 + mp.exp(x)))),
    "gelu_tanh": (gelu_tanh, exact_gelu_tanh),
}
POINTS = (-40.0, -20.0, -5.0, -2.2, -1.0, -0.3, -1e-8, 1e-8, 0.4, 1.3, 3.7, 20.0, 40.0, 1e5)


@pytest.mark.parametrize("x", POINTS)
@pytest.mark.parametrize("name", FORMULAS)
def test_value_and_derivatives_are_those_of_the_formula(name, x):
    """The relative error of e^y is that of y times |y|, up to 2000 in the tails here."""
    f, formula = FORMULAS[name]
    with mp.workdps(2000 if name == "gelu_tanh" else 60):
        for order in range(3):
            exact = mp.diff(formula, mpf(x), order) if order else formula(mpf(x))
            found = derivative(f, order=order)(x) if order else f(x)
            assert found == pytest.approx(float(exact), rel=1e-12, abs=1e-300), order


@pytest.mark.parametrize("name", FORMULAS)
def test_numbers_of_any_size_have_a_value_and_a_slope(name):
    f, _ = FORMULAS[name]
    for x in (-1e300, 1e300, 1e100, -1e100):
        leaf = Value(x)
        slope = gradients(f(leaf), leaf)
        assert math.isfinite(f(x))
        assert math.isfinite(slope)


def test_slopes_at_zero_are_those_of_pytorch():
    """As torch 2.13 has them: leaky_relu 0.2, elu 0.5, mish 0.6, gelu_tanh 0.5, selu λα."""
    slopes = {
        name: derivative(FORMULAS[name][0])(0.0) for name in FORMULAS if name != "leaky_relu(-1.5)"
    }
    assert slopes == pytest.approx(
        {"leaky_relu(0.2)": 0.2, "elu(0.5)": 0.5, "mish": 0.6, "gelu_tanh": 0.5,
         "selu": float(ALPHA * SCALE)}, rel=1e-15,
    )  # fmt: skip


def test_without_an_argument_there_is_one_node():
    for name in ("leaky_relu", "elu"):
        x = Value(-0.5)
        for node in (getattr(autograd, name)(x), getattr(x, name)()):
            assert node.op == name
            assert node.parents == (x,)
    assert leaky_relu(-1.0) == -0.01
    assert elu(-1.0) == math.expm1(-1.0)


def test_the_slope_may_be_a_parameter():
    """∂/∂slope of leaky_relu is x below 0, and 0 above."""
    for x, expected in ((-3.0, -3.0), (2.0, 0.0)):
        slope = Value(0.01)
        assert gradients(leaky_relu(x, slope), slope) == expected
        assert leaky_relu(Value(x), slope).data == leaky_relu(x, 0.01)
