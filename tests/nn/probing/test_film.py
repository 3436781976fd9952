"""A training as a film: what is kept of each epoch, and the page that shows it."""

import json
import re
from itertools import pairwise

import numpy as np
import pytest

from nn import MLP, SGD, Film, Module, fit, probe

X = np.array([[0.2, 1.0], [1.0, -0.3], [-0.5, 0.4], [0.9, 0.8]])
Y = np.array([0, 1, 0, 1])


def trained(path, epochs=7, sizes=(3, 1)):
    model = MLP(2, list(sizes), activation="relu", seed=3)
    film = Film(path, model, X, Y, "binary_cross_entropy")
    states = [[p.data for p in model.parameters()]]
    fit(
        model, X, Y, loss="binary_cross_entropy", optimizer=SGD(model.parameters(), lr=0.3),
        epochs=epochs, progress=False,
        callbacks=[lambda _, m: states.append([p.data for p in m.parameters()]), film],
    )  # fmt: skip
    return model, film, states


def data_of(path):
    return json.loads(re.search(r'id="data">(.*?)</script>', path.read_text("utf-8"), re.S)[1])


def test_every_epoch_is_kept_with_its_gradients_and_dead_units(tmp_path):
    model, film, states = trained(tmp_path / "run.html")
    assert [frame["epoch"] for frame in film.frames] == list(range(8))
    for frame, state in zip(film.frames, states, strict=True):
        for parameter, number in zip(model.parameters(), state, strict=True):
            parameter.data = number
        layers = probe(model, X, Y, "binary_cross_entropy").layers
        assert frame["norms"] == pytest.approx([np.linalg.norm(x.dW) for x in layers], rel=1e-12)
        assert frame["dead"][0] == sum((layers[0].z <= 0).all(axis=0))
        numbers = [x for layer in layers for x in (*layer.W.ravel(), *layer.b)]
        assert list(map(float, frame["parameters"])) == pytest.approx(numbers, rel=1e-8)


def test_the_page_holds_curves_and_frames(tmp_path):
    _, film, _ = trained(tmp_path / "run.html")
    page = data_of(tmp_path / "run.html")
    assert [*tmp_path.iterdir()] == [tmp_path / "run.html"]
    assert page["film"]["frames"] == film.frames
    assert len(page["film"]["columns"]["loss"]) == 7


def test_a_long_training_is_thinned_and_ends_with_its_last_epoch(tmp_path, monkeypatch):
    monkeypatch.setattr("nn.probing.film.MOST_FRAMES", 10)
    _, film, _ = trained(tmp_path / "run.html", epochs=45)
    epochs = [frame["epoch"] for frame in film.frames]
    assert epochs[0] == 0 and epochs[-1] == 45 and len(epochs) <= 12
    assert {b - a for a, b in pairwise(epochs[:-1])} == {film.every}


def test_another_kind_of_model_is_refused_before_the_training(tmp_path):
    with pytest.raises(TypeError, match="a Neuron, a Layer or an MLP"):
        Film(tmp_path / "run.html", lambda x: x, X, Y, "binary_cross_entropy")


class Own(Module):
    def __init__(self):
        self.inner = MLP(2, [1], seed=1)

    def __call__(self, inputs):
        return self.inner(inputs)


def test_fit_records_a_film(tmp_path):
    model = MLP(2, [3, 1], activation="tanh", seed=3)
    options = {"loss": "binary_cross_entropy", "epochs": 5, "progress": False}
    history = fit(model, X, Y, record=tmp_path / "run.html", **options)
    film = data_of(tmp_path / "run.html")["film"]
    assert film["columns"]["loss"] == history.loss
    assert film["frames"][-1]["epoch"] == 5
    with pytest.raises(TypeError, match="a Neuron, a Layer or an MLP"):
        fit(Own(), X, Y, record=tmp_path / "run.html", **options)
