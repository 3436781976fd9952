"""A probe hands its drawings the numbers it has, and nothing else."""

import numpy as np
import pytest

from autograd import draw
from nn import MLP, Layer, Neuron, batch_picture, probe

X, Y = [[1.0, -2.0], [0.3, 0.4], [-1.0, 0.7]], [[0.5], [0.1], [0.9]]


@pytest.fixture
def mlp():
    return MLP(2, [3, 1], activation="tanh", output="sigmoid", seed=4)


def test_the_picture_of_one_example_has_every_number_of_the_probe(mlp):
    p = probe(mlp, X[0], Y[0], "half_squared_error")
    picture = p.picture()
    assert picture.sizes == (2, 3, 1)
    assert picture.inputs == (1.0, -2.0)
    assert (picture.cost, picture.loss, picture.samples) == (p.root.data, "half_squared_error", 1)
    for drawn, layer in zip(picture.layers, p.layers, strict=True):
        for name in ("W", "b", "z", "a", "delta", "slope", "dW", "db"):
            assert (np.array(getattr(drawn, name)) == getattr(layer, name)).all()
        assert drawn.activation == layer.activation


def test_the_picture_of_a_batch_has_the_gradients_of_the_mean_and_mean_units(mlp):
    batch = probe(mlp, X, Y, "half_squared_error")
    picture = batch.picture()
    alone = [probe(mlp, x, y, "half_squared_error") for x, y in zip(X, Y, strict=True)]
    assert picture.samples == 3
    assert np.array(picture.inputs) == pytest.approx(np.mean(X, axis=0), rel=1e-15)
    for l, drawn in enumerate(picture.layers):
        assert (np.array(drawn.dW) == batch.layers[l].dW).all()
        for name in ("z", "a", "delta", "dW", "db"):
            mean = sum(getattr(p.layers[l], name) for p in alone) / 3
            assert np.array(getattr(drawn, name)) == pytest.approx(mean, rel=1e-12, abs=1e-15)
        assert drawn.slope is None


def test_every_level_draws_one_example_and_the_layers_draw_a_batch(mlp):
    one = probe(mlp, X[0], Y[0], "half_squared_error")
    for level in ("neuron", "layer"):
        svg = one.draw(level=level, theme="dark").svg()
        assert svg.startswith("<svg")
        assert "layer 1 · 2→3 · tanh" in svg
    dot = one.draw(level="expression").dot()
    assert "layer 2 · 3→1 · sigmoid" in dot
    assert "unit 2" in dot
    assert "mean over 3 examples" in probe(mlp, X, Y, "huber").draw(level="layer").svg()


def test_a_drawing_shows_the_gradients_of_the_probe_and_leaves_grad_alone(mlp):
    p = probe(mlp, X[0], Y[0], "half_squared_error")
    text = p.draw(level="expression").text()
    shown = next(line for line in text.splitlines() if line.startswith("b2[0] "))
    assert float(shown.split()[-1]) == pytest.approx(p.layers[1].db[0], rel=1e-2)
    assert all(v.grad == 0.0 for v in (*mlp.parameters(), p.root))


def test_units_and_leaves_are_named_to_the_drawing(mlp):
    p = probe(mlp, X[0], Y[0], "half_squared_error")
    options = p.drawing_options()
    assert set(options["parameters"]) == set(mlp.parameters())
    assert options["inputs"] == p.layers[0].nodes.inputs
    assert options["units"] == [
        list(zip(layer.nodes.z, layer.nodes.a, strict=True)) for layer in p.layers
    ]
    hidden = p.layers[0].nodes
    assert options["groups"][hidden.z[2]] == ("layer 1 · 2→3 · tanh", "unit 2")
    assert options["groups"][hidden.a[2]] == options["groups"][hidden.z[2]]
    batch = probe(mlp, X, Y, "half_squared_error").drawing_options()
    assert len(batch["inputs"]) == 6


def test_a_softmax_has_no_single_slope_to_draw():
    p = probe(MLP(2, [3], output="softmax"), X[0], 1, lambda outputs, y: -outputs[y])
    assert p.picture().layers[0].slope is None
    assert "softmax" in p.draw(level="neuron").svg()


def test_a_neuron_is_drawn_as_a_network_of_one_unit():
    p = probe(Neuron(2, "tanh"), X[0])
    assert p.picture().sizes == (2, 1)
    assert "tanh" in p.draw().text()


@pytest.mark.parametrize(
    ("model", "y", "loss"),
    [
        (MLP(2, [3, 2], activation="tanh", output="sigmoid", seed=4), [[0.5, 1], [0, 1], [2, 3]],
         "half_squared_error"),
        (MLP(2, [4, 3], activation="relu", seed=1), [2, 0, 1], "cross_entropy"),
        (MLP(2, [1], seed=2), [0, 1, 1], "binary_cross_entropy"),
        (Layer(2, 2, "softplus"), Y, lambda a, y: (a[0] - y[0]) ** 2 + a[1]),
        (Neuron(2, "tanh"), [1, -1, 1], "hinge"),
    ],
)  # fmt: skip
def test_a_batch_replayed_gives_the_means_of_its_probe(model, y, loss):
    replayed = batch_picture(model, X, y, loss)
    walked = probe(model, X, y, loss, compiled=False).picture()
    assert (replayed.samples, replayed.loss, replayed.inputs) == (3, walked.loss, walked.inputs)
    assert replayed.cost == pytest.approx(walked.cost, rel=1e-12)
    for here, there in zip(replayed.layers, walked.layers, strict=True):
        assert (here.W, here.b, here.activation) == (there.W, there.b, there.activation)
        assert np.array(here.dW) == pytest.approx(np.array(there.dW), rel=1e-12, abs=1e-14)
        assert np.array(here.db) == pytest.approx(np.array(there.db), rel=1e-12, abs=1e-14)
    assert "mean over 3 examples" in draw(replayed).svg()
    assert all(v.grad == 0.0 for v in model.parameters())


def test_the_picture_of_a_batch_asks_for_data_that_fit(mlp):
    with pytest.raises(ValueError, match="X must have the shape"):
        batch_picture(mlp, [[1.0, 2.0, 3.0]], [1.0], "half_squared_error")
    with pytest.raises(TypeError, match="a Neuron, a Layer or an MLP; got function"):
        batch_picture(lambda x: x, X, Y, "half_squared_error")
