"""Lecture 0: column vectors, the quadratic cost, mini-batch gradient descent."""

import math

import numpy as np
import pytest

from autograd import dot, gradients
from demos.lectures import note_0, proof
from demos.lectures.claims import Claim, attempt

SEEDS = range(5)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_mini_batch_algorithm_gives_the_parameters_of_autodiff(seed):
    assert note_0.training(seed).holds


def test_training_by_the_lecture_lowers_the_cost():
    s = note_0.Setting(0, examples=12)
    before = s.autodiff.root.data
    for _ in range(200):
        s.system.learn([(s.x, s.y)], 0.5)
    _, a = s.system.feed_forward(s.x)
    assert 0.5 * ((a[-1] - s.y) ** 2).sum() < 0.1 * before


def test_the_postponed_proof_on_symbols_arrives_at_the_formula():
    first, second, error = [formula for _, formula in proof.on_symbols(2)]
    slope = "(sigmoid(z1[0])*sigmoid(-z1[0]))"  # sigmoid'(z1[0]), with all digits
    assert first == f"w2[0,0]*{slope}"
    assert second == f"w2[1,0]*{slope}"
    assert error in (
        f"(δ2[0]*w2[0,0] + δ2[1]*w2[1,0])*{slope}",
        f"(δ2[1]*w2[1,0] + δ2[0]*w2[0,0])*{slope}",
    )


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_the_symbols_of_the_proof_stand_for_any_numbers(n):
    z1, z2, w2 = proof.layer_above(n)
    delta = proof.symbols("δ", n, 2)
    for j, error in enumerate(gradients(dot(delta, z2), z1, build_graph=True)):
        arriving = sum(w2[k][j].data * delta[k].data for k in range(n))
        a = 1.0 / (1.0 + math.exp(-z1[j].data))
        assert error.data == pytest.approx(arriving * a * (1.0 - a), rel=1e-14)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_the_explained_proof_has_one_path_for_each_unit_above(n):
    explained = proof.derivation(n)
    z1, z2, _ = proof.layer_above(n)
    (error,) = gradients(dot(proof.symbols("δ", n, 2), z2), z1[:1])
    assert explained.path_count == n
    assert explained.value == pytest.approx(error, rel=1e-14)
    lines = explained.text().splitlines()
    for k in range(n):
        assert any(f"w2[{k},0]" in line and line.startswith("∂C/∂a1[0]") for line in lines)
        assert any(line.startswith(f"∂C/∂z2[{k}] = δ2[{k}]") for line in lines)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_step_of_the_postponed_proof_holds_on_numbers(seed):
    for claim in proof.on_numbers(seed):
        assert claim.holds, claim.formula


def test_a_claim_that_is_wrong_does_not_hold():
    assert not Claim("", np.ones(3), np.ones(3) + 1e-9).holds
    assert not Claim("", np.ones(3), np.ones((1, 3))).holds
    assert not attempt("", lambda: np.ones(2) @ np.ones(3), np.ones(1)).holds
