"""Files of parameters: exact to the bit, whole or not there, and clear where they do not fit."""

import json
import os
import struct
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file

import nn
from autograd import Value
from autograd import tanh as ag_tanh
from nn.activations import activation_function

AWKWARD = [5e-324, -0.0, 1e308, 1 / 3, np.nextafter(1.0, 2.0), -2.2250738585072014e-308]


def bits(model):
    return [struct.pack("<d", p.data) for p in model.parameters()]


def awkward_model(seed=0):
    model = nn.MLP(3, [4, 2], ["gelu"], "softmax", seed=seed)
    for p, number in zip(model.parameters(), AWKWARD, strict=False):
        p.data = number
    return model


def test_a_model_comes_back_to_the_bit_with_its_sizes_and_activations(tmp_path):
    model = awkward_model()
    nn.save(model, tmp_path / "model.safetensors")
    back = nn.load(tmp_path / "model.safetensors")
    assert bits(back) == bits(model)
    assert repr(back) == repr(model)
    x = [0.1, -2.0, 3.0]
    assert [a.data for a in back(x)] == [a.data for a in model(x)]


def test_numbers_that_are_not_finite_come_back_too(tmp_path):
    model = nn.MLP(1, [1])
    model.parameters()[0].data, model.parameters()[1].data = np.nan, -np.inf
    nn.save(model, tmp_path / "model")
    assert bits(nn.load(tmp_path / "model")) == bits(model)


def test_a_file_is_read_into_a_model_of_the_same_kind(tmp_path):
    for model, other in (
        (awkward_model(1), awkward_model(2)),
        (nn.Layer(2, 3), nn.Layer(2, 3, initializer="zeros")),
        (nn.Neuron(2), nn.Neuron(2, weights=[7.0, 8.0])),
    ):
        nn.save(model, tmp_path / "model")
        assert nn.load(tmp_path / "model", other) is other
        assert bits(other) == bits(model)


def test_a_model_of_ones_own_is_read_into_another(tmp_path):
    class Twice(nn.Module):
        def __init__(self, seed):
            self.parts = [nn.MLP(1, [2], seed=seed), nn.MLP(2, [1], seed=seed)]

    nn.save(Twice(1), tmp_path / "model")
    assert bits(nn.load(tmp_path / "model", Twice(2))) == bits(Twice(1))
    with pytest.raises(ValueError, match=r"expected an MLP.*Twice.*load\(path, model\)"):
        nn.load(tmp_path / "model")


class Own(nn.Module):
    def __init__(self, activation):
        self.activation = activation_function(activation)
        self.w = np.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]])


class Pair(nn.Module):
    def __init__(self, make, activation):
        self.layers = [nn.Layer(1, 2), make(activation)]


@pytest.mark.parametrize("make", [Own, lambda g: nn.MLP(2, [3, 1], g), lambda g: Pair(Own, g)])
def test_activations_of_layers_inside_layers_are_compared(tmp_path, make):
    model = Pair(make, "relu")
    nn.save(model, tmp_path / "model")
    assert bits(nn.load(tmp_path / "model", Pair(make, "relu"))) == bits(model)
    with pytest.raises(ValueError, match=r"expected.*'tanh'.*found.*'relu'"):
        nn.load(tmp_path / "model", Pair(make, "tanh"))


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (nn.MLP(3, [4, 3], ["gelu"], "softmax"), r"\[3, 4, 3\].*found.*\[3, 4, 2\]"),
        (nn.MLP(3, [4, 2], ["relu"], "softmax"), "'relu'.*found.*'gelu'"),
        (nn.Layer(3, 4), "'Layer'.*found.*'MLP'"),
    ],
)
def test_a_mismatch_names_the_path_the_expected_and_the_found(tmp_path, other, words):
    path, before = tmp_path / "model.safetensors", bits(other)
    nn.save(awkward_model(), path)
    with pytest.raises(ValueError, match=words) as told:
        nn.load(path, other)
    assert str(path) in str(told.value)
    assert bits(other) == before


def header(sizes=(2, 1), activations=("identity",), kind="MLP"):
    model = {"kind": kind, "sizes": list(sizes), "activations": list(activations)}
    return {"format": "whygrad", "model": json.dumps(model)}


W, B = np.zeros((2, 1)), np.zeros(1)


@pytest.mark.parametrize(
    ("arrays", "metadata", "words"),
    [
        ({"layers.0.W": W.T.copy(), "layers.0.b": B}, header(),
         r"layers.0.W: expected shape \(2, 1\), found \(1, 2\)"),
        ({"layers.0.W": W, "layers.0.b": np.zeros(2)}, header(),
         r"layers.0.b: expected shape \(1,\), found \(2,\)"),
        ({"layers.0.b": B}, header(), r"layers.0.W: expected shape \(2, 1\), found None"),
        ({"layers.0.W": W}, header(), "expected layers.0.W, layers.0.b; found layers.0.W"),
        ({"layers.0.W": W, "layers.0.b": B, "more": B}, header(), "found.*more"),
        ({"layers.0.W": W, "layers.0.b": B}, header(activations=["swish"]),
         "an activation must be one of.*got 'swish'"),
        ({"layers.0.W": W, "layers.0.b": B}, header(activations=["tanh", "relu"]), "hidden"),
        ({"layers.0.W": W, "layers.0.b": B}, header(sizes=(10**9, 10**9)), "found"),
        ({"layers.0.W": W, "layers.0.b": B}, {"format": "pt"}, "an MLP written by nn.save"),
        ({"layers.0.W": W, "layers.0.b": B}, None, "an MLP written by nn.save"),
        ({"layers.0.W": W, "layers.0.b": B}, {"model": "{"}, "Expecting property name"),
        ({"layers.0.W": W, "layers.0.b": B}, {"model": "[]"}, r"not one of nn.save: \[\]"),
        ({"layers.0.W": W, "layers.0.b": B}, {"model": "[" * 10**5}, "nested too deeply"),
        ({"layers.0.W": W, "layers.0.b": B}, header(sizes=()), "expected two sizes or more"),
        ({"layers.0.W": W, "layers.0.b": B}, header(sizes=(2,)), "expected two sizes or more"),
        ({"layers.0.W": W, "layers.0.b": B}, header(activations=()), "and an activation"),
        ({"layers.0.W": W, "layers.0.b": B}, header(sizes=(2.0, 1)), "not one of nn.save"),
    ],
)  # fmt: skip
def test_a_file_that_contradicts_itself_is_refused(tmp_path, arrays, metadata, words):
    path = tmp_path / "model.safetensors"
    save_file(arrays, path, metadata)
    with pytest.raises(ValueError, match=words) as told:
        nn.load(path)
    assert str(path) in str(told.value)


def test_a_file_cut_short_is_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    nn.save(awkward_model(), path)
    whole = path.read_bytes()
    for length in (0, 5, 40, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="not a whole safetensors file of floats"):
            nn.load(path)
    with pytest.raises(FileNotFoundError):
        nn.load(tmp_path / "nothing")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "model.safetensors"
    nn.save(awkward_model(1), path)
    before = path.read_bytes()

    def full_disk(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="no space"):
        nn.save(awkward_model(2), path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.safetensors"]


def test_an_activation_that_could_not_be_found_again_is_not_saved(tmp_path, monkeypatch):
    def cube(z):
        return z**3

    model = nn.MLP(1, [1], output=cube)
    with pytest.raises(ValueError, match=r"got 'cube'.*Put Activation\('cube', f\) into nn\."):
        nn.save(model, tmp_path / "model")
    assert os.listdir(tmp_path) == []
    monkeypatch.setitem(nn.ACTIVATIONS, "cube", nn.Activation("cube", cube))
    nn.save(model, tmp_path / "model")
    assert nn.load(tmp_path / "model")([2.0])[0].data == model([2.0])[0].data


@pytest.mark.parametrize("wrap", [lambda f: f, lambda f: nn.Activation("tanh", f)])
def test_an_activation_is_not_saved_under_the_name_of_another(tmp_path, wrap):
    """Read back by its name it would be that other function."""

    def tanh(z):
        return 2.0 * z

    model = nn.Layer(1, 1, wrap(tanh))
    with pytest.raises(ValueError, match=r"got 'tanh', which is the name of another.*'my_tanh'"):
        nn.save(model, tmp_path / "model")
    assert os.listdir(tmp_path) == []
    nn.save(nn.Layer(1, 1, nn.Activation("tanh", ag_tanh)), tmp_path / "model")


def test_a_missing_safetensors_is_named_with_its_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(ImportError, match=r"whygrad\[files\]"):
        nn.save(nn.MLP(1, [1]), tmp_path / "model")
