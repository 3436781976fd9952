"""The worked 2-2-2 example, digit by digit, by hand formulas and through a probe."""

import numpy as np
import pytest

from demos.lectures import worked_numbers as worked
from nn import MLP, half_squared_error, probe


@pytest.mark.parametrize("printed", worked.printed_numbers(), ids=lambda printed: printed.name)
def test_every_printed_digit_is_ours(printed):
    assert printed.holds, printed


def test_the_cost_after_a_consistent_step_is_not_the_printed_one():
    after = worked.forward(worked.step()).E.data
    assert f"{after:.9f}" == "0.291027774"
    assert f"{after:.9f}" != worked.PRINTED_AFTER


def test_the_printed_cost_needs_the_updated_output_weights_in_the_hidden_errors():
    mixed = worked.step_with_updated_output_weights()
    assert f"{worked.forward(mixed).E.data:.9f}" == worked.PRINTED_AFTER == "0.291027924"
    assert mixed[4:] == worked.step()[4:]
    assert f"{mixed[0]:.9f}" != "0.149780716"  # the example itself prints the consistent w1


def test_a_probe_of_the_same_network_has_the_same_numbers():
    mlp = MLP(2, [2, 2], activation="sigmoid", output="sigmoid")
    w = worked.WEIGHTS
    for layer, numbers, bias in zip(mlp.layers, (w[:4], w[4:]), (0.35, 0.60), strict=True):
        for j in (0, 1):
            layer.b[j].data = bias
            for i in (0, 1):
                layer.W[i][j].data = numbers[2 * j + i]  # w1 w2 lead to unit 0
    p = probe(mlp, worked.INPUTS, worked.TARGETS, half_squared_error)
    ours = np.concatenate([layer.dW.T.ravel() for layer in p.layers])
    assert f"{p.root.data:.9f}" == "0.298371109"
    assert ours == pytest.approx(worked.gradient(), rel=1e-14)


def test_the_step_goes_downhill_and_so_does_the_mixture():
    before = worked.forward().E.data
    after = [
        worked.forward(f()).E.data for f in (worked.step, worked.step_with_updated_output_weights)
    ]
    assert max(after) < before
