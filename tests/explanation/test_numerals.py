"""Numbers for people: the same in pictures, explanations, tables and pages."""

import math
import random

import pytest

from autograd import Value, draw, explain, tanh
from autograd.explanation.numerals import figure, shown

FIGURES = [
    (0.0, "0"), (-0.0, "0"), (1.0, "1"), (-1.2, "−1.2"), (0.123456, "0.123"), (0.41, "0.41"),
    (0.410417, "0.410"), (-1.9974, "−1.9974"), (-1.99741, "−2.00"), (999.4, "999.4"),
    (999.996, "1.00e3"), (1234.5, "1234.5"), (1234.56, "1235"), (9999.6, "9999.6"),
    (9999.99, "1.000e4"), (1e4, "1e4"), (123456.0, "1.23e5"), (0.001, "0.001"),
    (0.00099, "9.9e−4"), (-2e-300, "−2e−300"), (4.1e-5 / 3, "1.37e−5"), (8e307 / 7, "1.14e307"),
    (math.inf, "∞"), (-math.inf, "−∞"), (math.nan, "NaN"), (None, "—"),
]  # fmt: skip


@pytest.mark.parametrize(("x", "text"), FIGURES)
def test_short_numbers_are_whole_and_rounded_ones_have_three_digits(x, text):
    assert figure(x) == text


def test_gradients_carry_their_sign():
    numbers = (2.0, -2.0, 0.0, math.inf, 0.410417)
    assert [figure(x, signed=True) for x in numbers] == ["+2", "−2", "0", "+∞", "+0.410"]
    assert [shown(x, signed=True) for x in numbers[-2:]] == ["= +∞", "≈ +0.410"]


def test_a_picture_and_an_explanation_show_one_figure():
    rng = random.Random(0)
    for _ in range(20):
        w, x = Value(rng.uniform(-2, 2), "w"), Value(rng.uniform(-2, 2), "x")
        a = tanh(w * x)
        a.backward()
        picture = draw(a).text()
        assert figure(w.grad, signed=True) in picture
        assert figure(a.data) in picture
        assert shown(w.grad) in explain(a, w).text()
