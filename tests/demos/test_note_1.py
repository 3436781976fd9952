"""Lecture 1: one index at a time, any activation in each layer, a mean over a data set."""

import pytest

from demos.lectures import note_1

SEEDS = range(5)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_formula_agrees_with_autodiff_in_every_layer(seed):
    for claim in note_1.claims(seed):
        assert claim.holds, claim.formula


@pytest.mark.parametrize("slip", note_1.SLIPS)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_slip_fails_as_written_and_holds_corrected(slip, seed):
    found = slip(note_1.Setting(seed))
    assert found.written.distance > 1e-3
    assert found.corrected.holds


def test_with_one_example_the_mean_cost_has_the_formulas_of_c():
    found = note_1.one_example_for_all(note_1.Setting(0, examples=1))
    assert found.written.holds


def test_below_the_last_layer_but_one_the_error_is_not_that_of_layer_L():
    s = note_1.Setting(1)
    assert s.system.L == 4  # deep enough to tell ℓ + 1 from L
    assert {s.system.g[l] for l in range(1, 5)} == {"tanh", "softplus", "sigmoid", "identity"}


@pytest.mark.parametrize("seed", SEEDS)
def test_compare_recognises_the_dropped_slope(seed):
    (hint,) = note_1.dropped_slope(note_1.Setting(seed)).hints
    assert "g'" in hint
