"""Lecture 4: whole batches as columns."""

import pytest

from demos.notes import note_4

SEEDS = range(5)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_formula_agrees_with_autodiff_in_every_layer(seed):
    for claim in note_4.claims(seed):
        assert claim.holds, claim.formula


@pytest.mark.parametrize("slip", note_4.SLIPS)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_slip_fails_as_written_and_holds_corrected(slip, seed):
    found = slip(note_4.Setting(seed))
    assert found.written.distance > 1e-3
    assert found.corrected.holds


@pytest.mark.parametrize("seed", SEEDS)
def test_the_loop_outputs_the_losses_of_autodiff_and_they_fall(seed):
    losses, claim = note_4.training(seed)
    assert claim.holds
    assert len(losses) == 20
    assert losses[-1] < 0.9 * losses[0]


def test_the_arrays_have_the_shapes_of_the_table():
    s = note_4.Setting(0, width=3, m=5)
    for l in (1, 2, 3):
        shapes = [s.delta[f"{name}{l}"].shape for name in "azwb"]
        assert shapes == [(3, 5), (3, 5), (3, 3), (3, 1)]


def test_one_example_hides_the_slips_of_shape():
    s = note_4.Setting(0, m=1)
    assert note_4.bias_with_columns(s).written.holds
