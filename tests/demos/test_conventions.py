"""The table of conventions: what textbooks write, in terms of a probe's arrays."""

import numpy as np
import pytest

from nn import MLP, half_squared_error, probe

M = 4


@pytest.fixture
def mlp():
    return MLP(3, [4, 2], activation="tanh", output="sigmoid", seed=2)


@pytest.fixture
def batch(mlp):
    rng = np.random.default_rng(0)
    return probe(mlp, rng.normal(size=(M, 3)), rng.normal(size=(M, 2)), half_squared_error)


def test_target_first_weights_are_the_transpose(mlp):
    p = probe(mlp, [0.5, -1.0, 2.0], [0.3, 0.4], "half_squared_error")
    for layer in p.layers:
        w, a, delta = layer.W.T, layer.inputs, layer.delta
        assert w @ a + layer.b == pytest.approx(layer.z, rel=1e-14)
        by_index = [[d_k * a_j for a_j in a] for d_k in delta]
        assert layer.dW.T.tolist() == by_index
    hidden, last = p.layers
    w = last.W.T
    assert (w.T @ last.delta) * hidden.slope == pytest.approx(hidden.delta, rel=1e-14)


def test_columns_as_samples_are_the_transposed_arrays(batch):
    for layer in batch.layers:
        w, A, dZ = layer.W.T, layer.inputs.T, layer.delta.T / M
        assert w @ A + layer.b[:, None] == pytest.approx(layer.z.T, rel=1e-13)
        assert dZ @ A.T == pytest.approx(layer.dW.T, rel=1e-13)
        assert dZ.sum(axis=1, keepdims=True) == pytest.approx(layer.db[:, None], rel=1e-13)


def test_a_cost_that_is_a_sum_has_m_times_the_gradient(mlp, batch):
    X = batch.layers[0].inputs
    total = sum(probe(mlp, x).layers[0].dW for x in X)
    assert M * probe(mlp, X).layers[0].dW == pytest.approx(total, rel=1e-13)


def test_a_bias_is_the_weight_of_an_input_that_is_one(mlp):
    layer = probe(mlp, [0.5, -1.0, 2.0]).layers[0]
    W = np.vstack([layer.b, layer.W])
    assert np.array([1.0, *layer.inputs]) @ W == pytest.approx(layer.z, rel=1e-14)
    assert np.outer([1.0, *layer.inputs], layer.delta)[0] == pytest.approx(layer.db, rel=1e-15)


@pytest.mark.parametrize(
    ("loss", "factor"),
    [("half_squared_error", 1.0), ("squared_error", 2.0), ("mean_squared_error", 2.0 / 2)],
)
def test_the_three_squared_errors_start_delta_from_multiples_of_a_minus_y(mlp, loss, factor):
    last = probe(mlp, [0.5, -1.0, 2.0], [0.3, 0.4], loss).layers[-1]
    assert last.da == pytest.approx(factor * (last.a - [0.3, 0.4]), rel=1e-14)


def test_cross_entropies_on_logits_are_those_of_probabilities():
    logits = MLP(2, [3], seed=5)
    last = probe(logits, [1.0, -0.5], 2, "cross_entropy").layers[-1]
    p = np.exp(last.z) / np.exp(last.z).sum()
    assert last.delta == pytest.approx(p - [0, 0, 1], rel=1e-13)
    one = probe(MLP(2, [1], seed=5), [1.0, -0.5], 1, "binary_cross_entropy").layers[-1]
    assert one.delta == pytest.approx(1 / (1 + np.exp(-one.z)) - 1, rel=1e-13)
