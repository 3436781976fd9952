"""Lecture 2: row vectors, and the training algorithm of one epoch."""

import pytest

from demos.lectures import note_2

SEEDS = range(5)


@pytest.mark.parametrize("rule", note_2.RULES)
@pytest.mark.parametrize("seed", SEEDS)
def test_epochs_by_hand_give_the_parameters_of_the_optimiser(rule, seed):
    assert note_2.training(seed, rule).holds


def test_the_literal_loop_never_reaches_the_last_layer():
    s = note_2.Setting(0)
    literal = s.system.backward(s.row, s.target, literally=True)
    assert set(s.found) - set(literal) == {"W3", "b3"}


def test_the_literal_loop_fails_and_holds_corrected():
    slip = note_2.loop_without_the_last_layer(note_2.Setting(0))
    assert not slip.written.holds
    assert slip.corrected.holds
