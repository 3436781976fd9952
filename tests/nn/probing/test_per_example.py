"""Gradients of each example as arrays: those of PyTorch, and of JAX mapped over the rows."""

import numpy as np
import pytest

import nn

X = np.random.default_rng(0).normal(size=(6, 3))
Y = np.random.default_rng(1).normal(size=(6, 2))


@pytest.fixture
def model():
    return nn.MLP(3, [5, 4, 2], "tanh", "sigmoid", seed=2)


@pytest.fixture
def probed(model):
    return nn.probe(model, X, Y, "half_squared_error")


def test_one_at_a_time_they_are_those_of_pytorch(model, probed):
    torch = pytest.importorskip("torch")
    module = nn.to_torch(model)
    linear = [part for part in module if isinstance(part, torch.nn.Linear)]
    for k, (x, y) in enumerate(zip(X, Y, strict=True)):
        module.zero_grad()
        (0.5 * ((module(torch.tensor(x)) - torch.tensor(y)) ** 2).sum()).backward()
        for layer, part in zip(probed.layers, linear, strict=True):
            theirs = part.weight.grad.numpy().T
            assert layer.per_example_dW[k] == pytest.approx(theirs, rel=1e-12, abs=1e-15)
            assert layer.delta[k] == pytest.approx(part.bias.grad.numpy(), rel=1e-12, abs=1e-15)


def test_all_at_once_they_are_those_of_jax_mapped_over_the_rows(model, probed):
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy
    weights = [(layer.W, layer.b) for layer in probed.layers]

    def loss(weights, x, y):
        (W1, b1), (W2, b2), (W3, b3) = weights
        hidden = jnp.tanh(jnp.tanh(x @ W1 + b1) @ W2 + b2)
        return 0.5 * ((jax.nn.sigmoid(hidden @ W3 + b3) - y) ** 2).sum()

    theirs = jax.vmap(jax.grad(loss), (None, 0, 0))(weights, X, Y)
    for layer, (dW, db) in zip(probed.layers, theirs, strict=True):
        assert layer.per_example_dW.shape == dW.shape == (6, *layer.W.shape)
        assert layer.per_example_dW == pytest.approx(np.asarray(dW), rel=1e-12, abs=1e-15)
        assert layer.delta == pytest.approx(np.asarray(db), rel=1e-12, abs=1e-15)


def test_their_mean_is_the_gradient_of_the_cost(probed):
    for layer in probed.layers:
        mean = layer.per_example_dW.mean(axis=0)
        assert mean == pytest.approx(layer.dW, rel=1e-12, abs=1e-16)


def test_one_example_has_one(model):
    layer = nn.probe(model, X[0], Y[0], "half_squared_error").layers[0]
    assert (layer.per_example_dW == layer.dW[None]).all()
