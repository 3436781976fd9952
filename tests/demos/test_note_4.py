"""Lecture 4: whole batches as columns."""

import pytest

from demos.lectures import note_4, recovered

SEEDS = range(5)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_loop_outputs_the_losses_of_autodiff_and_they_fall(seed):
    losses, claim = note_4.training(seed)
    assert claim.holds
    assert len(losses) == 20
    assert losses[-1] < 0.9 * losses[0]


def test_the_arrays_have_the_shapes_of_the_table():
    s = note_4.Setting(0, m=5, fan_in=2, sizes=(4, 3, 1))
    for l, (n, below) in enumerate([(4, 2), (3, 4), (1, 3)], start=1):
        shapes = [s.delta[f"{name}{l}"].shape for name in "azwb"]
        assert shapes == [(n, 5), (n, 5), (n, below), (n, 1)]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_program_recovers_every_array_from_the_graph_of_one_example(seed):
    held = list(recovered.arrays(seed))
    assert len(held) == 18
    for one in held:
        assert one.program.shape == one.shape[::-1], one.array
        assert one.claim.holds, one.array


def test_the_program_finds_the_matrix_form_of_the_lecture():
    lines = [line.split("   ")[0].rstrip() for line in recovered.formulas().splitlines()]
    for l in (1, 2, 3):
        assert f"Z{l} = A{l - 1}·W{l} + b{l}" in lines
        assert f"A{l} = tanh(Z{l})" in lines
