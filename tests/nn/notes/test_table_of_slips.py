"""One table of slips: `compare`, the check of an exercise and notes name the same slip alike."""

from __future__ import annotations

import numpy as np
import pytest

from autograd import compare
from autograd.explanation.slips import NAMES
from nn import MLP, exercise, probe
from nn.notes.slips import CHANGES

MODEL, X, Y = MLP(3, [3, 2], "tanh", seed=4), [1.0, -0.5, 0.7], [0.2, 0.4]


def test_notes_have_changes_for_every_row_in_its_order():
    assert tuple(CHANGES) == NAMES


SLIPS = [  # a formula with a slip, and its numbers
    ("∂C/∂W_ij = a_j δ_i", lambda a, d, g: np.outer(d, a)),
    ("∂C/∂W_ij = -a_i δ_j", lambda a, d, g: -np.outer(a, d)),
    ("∂C/∂W_ij = 2 a_i δ_j", lambda a, d, g: 2 * np.outer(a, d)),
    ("∂C/∂W_ij = δ_j", lambda a, d, g: np.outer(np.ones(3), d)),
    ("∂C/∂W_ij = a_i ∂C/∂a_j", lambda a, d, g: np.outer(a, d / g)),
]


@pytest.mark.parametrize(("formula", "numbers"), SLIPS, ids=[formula for formula, _ in SLIPS])
def test_a_slip_has_one_name(formula, numbers):
    seen = probe(MODEL, X, Y, "half_squared_error")
    layer = seen.layers[0]
    hand = numbers(layer.inputs, layer.delta, layer.slope)
    by_numbers = compare(hand, layer.dW, slope=layer.slope)
    by_check = exercise(MODEL, X, Y, "half_squared_error").check(dW1=hand)["dW1"]
    by_formula = seen.holds(formula)
    assert not by_numbers and not by_formula and by_check.verdict == "wrong"
    names = set(by_formula.slips)
    assert {by_numbers.slip, by_check.slip} <= NAMES_OF.get(by_numbers.slip, {by_numbers.slip})
    assert names & NAMES_OF.get(by_numbers.slip, {by_numbers.slip}), (names, by_numbers.slip)


NAMES_OF = {"indices exchanged": {"indices exchanged", "indices exchanged throughout"}}
