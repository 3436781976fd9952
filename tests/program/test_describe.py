"""describe() shows scalar code as the matrix formulas of a text book."""

import re

from autograd import Program, relu
from tests.program import zoo


def described(loss, inputs, parameters):
    return Program(loss, inputs=inputs, parameters=parameters).describe()


def test_a_network_is_layers_of_matrix_products():
    text = repr(described(*zoo.mlp(sizes=(2, 16, 16, 1))))
    columns = [re.split(r"\s{3,}", line) for line in text.splitlines()]
    assert columns[:4] == [
        ["Z1 = A0·W1 + b1", "(m,2)·(2,16)", "32 products, 16 sums"],
        ["A1 = tanh(Z1)", "(m,16)", "16 × tanh"],
        ["Z2 = A1·W2 + b2", "(m,16)·(16,16)", "256 products, 16 sums"],
        ["A2 = tanh(Z2)", "(m,16)", "16 × tanh"],
    ]
    assert text.splitlines()[-1].startswith("C = mean(")


def test_a_convolution_is_one_product_over_patches():
    assert "Z1 = A0·W1 + b1   (m,16,9)·(9,2)" in repr(described(*zoo.convolution()))


def test_time_steps_share_their_weights():
    text = repr(described(*zoo.rnn()))
    assert "Z4 = X3·W1 + A3·W2 + b1" in text


def test_latex_aligns_the_same_formulas():
    latex = described(*zoo.mlp(relu)).latex()
    assert r"Z_{1} &= A_{0} W_{1} + b_{1} \\" in latex
    assert r"A_{1} &= \operatorname{relu}(Z_{1}) \\" in latex
