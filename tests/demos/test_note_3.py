"""Lecture 3: target-first weights, any error function, an output function."""

import numpy as np
import pytest

from demos.lectures import note_3
from nn import MLP


@pytest.mark.parametrize("seed", range(5))
def test_every_formula_agrees_with_autodiff_for_every_error_and_output_function(seed):
    for claim in note_3.claims(seed):
        assert claim.holds, claim.formula


def test_the_input_is_layer_1_so_weights_start_at_layer_2():
    s = note_3.System(MLP(3, [4, 2]), "MSE", "identity")
    assert s.L == 3
    assert sorted(s.W) == [2, 3]
    assert s.W[2].shape == (4, 3)  # target first


def test_the_forward_pass_stores_every_z_and_a():
    s = note_3.System(MLP(3, [4, 2]), "MSE", "identity")
    s.forward(np.array([1.0, 2.0, 3.0]))
    assert sorted(s.z) == [2, 3]
    assert sorted(s.a) == [1, 2, 3]


@pytest.mark.parametrize("error", note_3.ERRORS)
def test_the_hand_derivative_of_an_error_function_is_its_difference_quotient(error):
    E, p, y, h = note_3.ERRORS[error], np.array([0.3, 0.8]), np.array([0.6, 0.1]), 1e-6
    for k, step in enumerate(h * np.eye(2)):
        quotient = (E.value(p + step, y) - E.value(p - step, y)) / (2 * h)
        assert E.by_output(p, y)[k] == pytest.approx(quotient, rel=1e-7)


def test_the_likelihood_of_a_sigmoid_has_the_error_p_minus_y():
    s = note_3.System(MLP(2, [2], output="sigmoid"), "likelihood", "sigmoid")
    y = np.array([0.9, 0.2])
    s.forward(np.array([0.5, -1.0]))
    s.backward(y)
    assert s.delta[2] == pytest.approx(s.a[2] - y, rel=1e-13)
