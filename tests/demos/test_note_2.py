"""Lecture 2: row vectors, and the training algorithm of one epoch."""

import pytest

from demos.lectures import note_2

SEEDS = range(5)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_formula_agrees_with_autodiff_in_every_layer(seed):
    for claim in note_2.claims(seed):
        assert claim.holds, claim.formula


@pytest.mark.parametrize("slip", note_2.SLIPS)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_slip_fails_as_written_and_holds_corrected(slip, seed):
    found = slip(note_2.Setting(seed))
    assert found.written.distance > 1e-3
    assert found.corrected.holds


@pytest.mark.parametrize("rule", note_2.RULES)
@pytest.mark.parametrize("seed", SEEDS)
def test_epochs_by_hand_give_the_parameters_of_the_optimiser(rule, seed):
    assert note_2.training(seed, rule).holds


def test_the_literal_loop_never_reaches_the_last_layer():
    s = note_2.Setting(0)
    literal = s.system.backward(s.row, s.target, literally=True)
    assert set(s.found) - set(literal) == {"W3", "b3"}
