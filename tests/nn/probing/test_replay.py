"""A probe of a batch is the matrix form of backpropagation, read from a program."""

import math

import numpy as np
import pytest

import autograd
import nn.probing.run
from nn import MLP, Layer, Neuron, half_squared_error, probe

M = 7


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def mlp(rng):
    model = MLP(3, [5, 4, 2], activation="tanh", seed=2)
    for layer in model.layers:
        for b in layer.b:
            b.data = float(rng.normal())
    return model


@pytest.fixture
def data(rng):
    return rng.normal(size=(M, 3)), rng.normal(size=(M, 2))


def test_every_array_is_that_of_the_matrix_formulas(mlp, data):
    X, Y = data
    A, ours = [X], []
    W = [np.array([[w.data for w in row] for row in layer.W]) for layer in mlp.layers]
    for l, layer in enumerate(mlp.layers):
        Z = A[-1] @ W[l] + [b.data for b in layer.b]
        A.append(np.tanh(Z) if l < 2 else Z)
        ours.append({"z": Z, "a": A[-1]})
    dA = A[-1] - Y
    for l in (2, 1, 0):
        slope = 1 - A[l + 1] ** 2 if l < 2 else np.ones_like(dA)
        delta = dA * slope
        ours[l] |= {"da": dA, "slope": slope, "delta": delta}
        ours[l] |= {"dW": A[l].T @ delta / M, "db": delta.mean(axis=0)}
        dA = delta @ W[l].T
    p = probe(mlp, X, Y, "half_squared_error")
    assert pytest.approx(((A[-1] - Y) ** 2).sum() / (2 * M), rel=1e-14) == p.C
    for layer, formulas in zip(p.layers, ours, strict=True):
        for name, expected in formulas.items():
            assert getattr(layer, name) == pytest.approx(expected, rel=1e-12, abs=1e-14), name
    assert [layer.delta.shape for layer in p.layers] == [(M, 5), (M, 4), (M, 2)]


def test_the_program_tells_the_matrix_formulas(mlp, data):
    lines = str(probe(mlp, *data, "half_squared_error").program.describe()).splitlines()
    assert [line.split("   ")[0].rstrip() for line in lines][:3] == [
        "Z1 = A0·W1 + b1",
        "A1 = tanh(Z1)",
        "Z2 = A1·W2 + b2",
    ]


def test_no_graph_of_the_batch_is_built_until_values_are_asked_for(mlp, data, monkeypatch):
    p = probe(mlp, *data, "half_squared_error")
    with monkeypatch.context() as patch:
        patch.setattr(nn.probing.run, "Graph", None)
        assert p.check() < 20
        assert f"means over {M} examples" in p.table()
        assert p.picture().samples == M
        assert p.draw(level="layer").svg() == autograd.draw(p.picture(), level="layer").svg()
        assert "∂C/∂W2 = 1/m·a1ᵀ·δ2" in p.explain("layers.1").text()
    assert p.root.data == pytest.approx(p.C, rel=1e-14)


def test_values_of_a_batch_have_the_numbers_of_its_program(mlp, data):
    layer = probe(mlp, *data, "huber").layers[1]
    for name in ("inputs", "z", "a", "delta"):
        values = [[v.data for v in row] for row in getattr(layer.nodes, name)]
        assert getattr(layer, name) == pytest.approx(np.array(values), rel=1e-12)
    assert [[v.data for v in row] for row in layer.nodes.dW] == pytest.approx(layer.dW, rel=1e-12)
    assert layer.nodes.W[0][1] is mlp.layers[1].W[0][1]


def test_values_are_refused_once_the_parameters_have_moved(mlp, data):
    p, eager = (probe(mlp, *data, "huber", compiled=compiled) for compiled in (True, False))
    before = p.layers[1].z.copy()
    mlp.layers[1].b[2].data += 1.0
    assert (p.layers[1].z == before).all()
    assert p.check() < 20
    with pytest.raises(RuntimeError, match=r"layer 2 have changed.*compiled=False"):
        _ = p.layers[0].nodes
    assert eager.layers[1].nodes.z[0][2].data == pytest.approx(before[0, 2])


def test_values_are_those_of_the_data_that_were_given(mlp, data):
    X, Y = data
    p = probe(mlp, X, Y, "huber")
    X[:], Y[:] = 0.0, 0.0
    assert p.root.data == pytest.approx(p.C, rel=1e-14)


def swish_or_not(z):
    return z * 0.5 if z > 0 else autograd.tanh(z)


@pytest.mark.parametrize(
    ("model", "Y", "loss"),
    [
        (MLP(3, [4, 2], activation=swish_or_not, seed=1), None, None),  # a branch on a number
        (Neuron(3), ["up", "down", "up"], lambda a, y: a[0] * {"up": 1, "down": -1}[y]),
        (Layer(3, 2), [0, 1, 1], lambda a, y: -a[y]),  # a target that is an index
    ],
)
def test_what_cannot_be_replayed_is_walked(model, Y, loss, rng):
    X = rng.normal(size=(3, 3))
    p = probe(model, X, Y, loss)
    assert p.program is None
    for k, x in enumerate(X):
        one = probe(model, x, Y and Y[k], loss)
        assert all(
            (layer.delta[k] == alone.delta).all()
            for layer, alone in zip(p.layers, one.layers, strict=True)
        )


@pytest.mark.parametrize("bug", [RuntimeError, KeyError, AssertionError, TypeError, ValueError])
@pytest.mark.parametrize("place", ["__init__", "__call__", "read_values"])
def test_a_bug_in_programs_is_not_hidden_by_walking(bug, place, mlp, data, monkeypatch):
    def broken(*_, **__):
        raise bug("planted")

    monkeypatch.setattr(autograd.Program, place, broken)
    with pytest.raises(bug, match="planted"):
        probe(mlp, *data, "half_squared_error")


def test_an_operation_that_programs_lack_is_walked_and_said_to_be(mlp, data, monkeypatch):
    def lacking(*_, **__):
        raise NotImplementedError("programs have no operation 'airy'")

    with monkeypatch.context() as patch:
        patch.setattr(autograd.Program, "__init__", lacking)
        with pytest.warns(RuntimeWarning, match="node by node.*'airy'") as said:
            p = probe(mlp, *data, "huber")
    assert said[0].filename == __file__
    assert p.program is None
    replayed = probe(mlp, *data, "huber")
    assert p.layers[0].dW == pytest.approx(replayed.layers[0].dW, rel=1e-12)


def test_a_unit_that_the_loss_does_not_use_has_a_delta_of_zero(rng):
    X, Y = rng.normal(size=(3, 3)), [1, 2, 3]
    model, loss = Layer(3, 2), lambda a, y: (a[0] - y) ** 2
    p = probe(model, X, Y, loss)
    assert p.program is not None
    assert (p.layers[0].delta[:, 1] == 0.0).all()
    for k, x in enumerate(X):
        alone = probe(model, x, Y[k], loss).layers[0].delta
        np.testing.assert_allclose(p.layers[0].delta[k], alone, rtol=1e-12)


def test_inputs_that_are_values_keep_their_place_in_a_batch(mlp, data):
    height = autograd.Value(0.5, "height")
    p = probe(mlp, [[height, 1.0, 2.0], [3.0, height, 4.0]], data[1][:2], "huber")
    assert p.layers[0].nodes.inputs[0][0] is p.layers[0].nodes.inputs[1][1] is height


def test_a_number_that_is_not_finite_is_shown_and_named(mlp, data):
    mlp.layers[1].b[3].data = math.nan
    p = probe(mlp, *data, "half_squared_error")
    assert "nan" in p.table()
    with pytest.raises(autograd.GradientError, match="nan"):
        p.check()


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softsign", "gelu", "silu", "softplus"])
def test_a_saturated_batch_obeys_the_formulas_too(activation, mlp, data):
    X, Y = data
    model = MLP(3, [5, 2], activation=activation, output=activation, seed=2)
    for scale in (10.0, 40.0, 1e3, 1e150):
        p = probe(model, scale * X, Y, "absolute_error")
        assert p.program is not None
        assert p.check() < 64


@pytest.mark.parametrize("scale", [1.0, 10.0, 100.0])
def test_a_saturated_softmax_obeys_the_formulas_too(scale, data):
    p = probe(MLP(3, [4, 2], output="softmax", seed=2), scale * data[0], data[1], "squared_error")
    assert p.program is not None
    assert p.check() < 64


def test_check_finds_a_penalty_in_the_numbers_of_a_program(mlp, data):
    def penalised(outputs, target):
        return half_squared_error(outputs, target) + 1e-3 * mlp.layers[0].W[2][1] ** 2

    p = probe(mlp, *data, penalised)
    assert p.program is not None
    with pytest.raises(autograd.GradientError, match=r"a_i δ_j .* layer 1 at dW\[2, 1\].*penalty"):
        p.check()


def test_check_finds_a_weight_in_two_places_in_the_numbers_of_a_program(data):
    model = MLP(2, [2, 2], activation="tanh")
    model.layers[1].neurons[0].w = model.layers[0].neurons[0].w
    p = probe(model, data[1])
    assert p.program is not None
    with pytest.raises(autograd.GradientError, match=r"layer 1 at dW\[\d, 0\]"):
        p.check()


def test_a_class_that_does_not_exist_is_refused_in_a_batch_too(data):
    with pytest.raises(ValueError, match="a class from 0 to 1; got 2"):
        probe(Layer(3, 2), data[0], [0, 1, 2, 0, 0, 0, 0], "cross_entropy")


def test_a_batch_without_a_graph_is_refused(mlp, data):
    with autograd.no_grad(), pytest.raises(ValueError, match="leave no_grad"):
        probe(mlp, *data, "huber")


def test_the_wide_network_of_the_digits_is_read_from_one_recorded_image(rng):
    model = MLP(784, [128, 10], activation="relu", seed=1)
    p = probe(model, rng.normal(size=(32, 784)), rng.integers(0, 10, 32), "cross_entropy")
    assert p.program.node_count < 32 * 784 * 128
    assert p.layers[0].delta.shape == (32, 128)
    assert p.check() < 100
