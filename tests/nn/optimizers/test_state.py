"""What an optimiser keeps, and what its rule depends on."""

import pytest

import nn
from autograd import Value


@pytest.mark.parametrize("rule", sorted(set(nn.OPTIMIZERS.values()), key=str))
def test_a_rule_of_ours_depends_on_what_the_optimiser_holds(rule):
    first, second = rule([Value(1.0)], lr=0.1), rule([Value(2.0)], lr=0.1)
    assert first.setting == second.setting
    second.lr = 0.2
    assert None is not first.setting != second.setting


def test_a_rule_of_ones_own_may_depend_on_anything():
    class Own(nn.SGD):
        def rule(self, w, g, state, step):
            return w - elsewhere * g, state

    elsewhere = 0.5
    assert Own([Value(1.0)]).setting is None
    assert nn.SGD([Value(1.0)], lr=lambda step: elsewhere / step).setting is None
