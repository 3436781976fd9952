"""What every model can do: freeze parameters, refuse what would do nothing, tell probabilities."""

import copy
import gc
import pickle

import numpy as np
import pytest
from scipy import special

import nn
from autograd import Value
from nn.freezing import frozen


def numbers(thing):
    return [p.data for p in thing.parameters()]


X, Y = np.linspace(-1, 1, 8).reshape(4, 2), [0.5, -0.5, 1.0, 0.0]


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("late", [True, False])
@pytest.mark.parametrize("make", [nn.SGD, nn.Adam, lambda p: nn.SGD(p, momentum=0.9, clip_norm=1)])
def test_an_optimiser_passes_over_a_frozen_layer(compiled, late, make):
    """Whenever it was made: the others move as if it were given them alone."""
    ends = []
    for alone in (False, True):
        model = nn.MLP(2, [3, 2, 1], "tanh", seed=1)
        optimizer = make(model.parameters()) if late and not alone else None
        model.layers[0].freeze()
        before = numbers(model.layers[0])
        rest = [p for layer in model.layers[1:] for p in layer.parameters()]
        optimizer = optimizer or make(rest if alone else model.parameters())
        nn.fit(model, X, Y, loss="huber", optimizer=optimizer, epochs=3, batch_size=3,
               progress=False, compiled=compiled)  # fmt: skip
        assert numbers(model.layers[0]) == before
        assert optimizer.steps == 6
        ends.append(numbers(model))
    assert ends[0] == pytest.approx(ends[1], rel=1e-12)


@pytest.mark.parametrize("compiled", [True, False])
def test_an_unfrozen_layer_moves_again_with_the_state_it_had(compiled):
    model = nn.MLP(2, [2, 1], "tanh", seed=1)
    adam = nn.Adam(model.parameters())
    options = {"loss": "huber", "optimizer": adam, "epochs": 1, "progress": False}
    nn.fit(model, X, Y, compiled=compiled, **options)
    model.layers[0].freeze()
    kept, moved = adam.state[:6], adam.state[6:]
    nn.fit(model, X, Y, compiled=compiled, **options)
    assert adam.state[:6] == kept
    assert all(now != before for now, before in zip(adam.state[6:], moved, strict=True))
    model.unfreeze()
    before = numbers(model.layers[0])
    nn.fit(model, X, Y, compiled=compiled, **options)
    assert all(now != then for now, then in zip(numbers(model.layers[0]), before, strict=True))
    assert adam.steps == 3


def test_one_neuron_of_a_layer_is_frozen_and_probed_all_the_same():
    layer = nn.Layer(2, 2, "tanh")
    layer.neurons[1].freeze()
    before = numbers(layer)
    nn.SGD(layer.parameters(), lr=1.0).update([1.0] * 6)
    moved = [a != b for a, b in zip(numbers(layer), before, strict=True)]
    assert moved == [True, False, True, False, True, False]
    assert (nn.probe(layer, [0.5, 1.0]).layers[0].db != 0).all()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_of_a_frozen_layer_are_frozen(copied):
    model = nn.MLP(2, [2, 1])
    model.layers[0].freeze()
    twin = copied(model)
    before = numbers(twin)
    nn.SGD(twin.parameters(), lr=1.0).update([1.0] * 9)
    assert [a == b for a, b in zip(numbers(twin), before, strict=True)] == [True] * 6 + [False] * 3


class Matrix(nn.Module):
    """Parameters in NumPy arrays of objects: of Values alone, of modules, and of no dimension."""

    def __init__(self, start=1.0):
        self.W = np.array([[Value(start), Value(2.0)], [Value(3.0), Value(4.0)]])
        self.parts = np.array([nn.Neuron(2, "identity", weights=[5.0, 6.0]), None])
        self.b = np.array(Value(7.0))
        self.mean = np.array([0.5, 0.5])

    def __call__(self, x):
        return self.parts[0](self.W @ (np.array(x) - self.mean)) + self.b.item()


def test_parameters_in_arrays_of_objects_are_found_and_trained():
    model = Matrix()
    names = ["W[0][0]", "W[0][1]", "W[1][0]", "W[1][1]", "parts.0.w[0]", "parts.0.w[1]"]
    assert [name for name, _ in model.named_parameters()] == [*names, "parts.0.b", "b"]
    assert model.named_parameters()[2][1] is model.W[1, 0]
    before = numbers(model)
    nn.fit(model, X, Y, loss="huber", epochs=1, progress=False)
    assert all(a != b for a, b in zip(numbers(model), before, strict=True))
    with pytest.raises(AttributeError, match=r"W holds parameters.*W\[0\]\[0\]\.data = "):
        model.W = np.zeros((2, 2))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_arrays_of_parameters_are_copied_and_keep_their_shape_in_files(copied, tmp_path):
    model, other = Matrix(9.0), Matrix()
    twin = copied(model)
    assert numbers(twin) == numbers(model)
    assert set(twin.parameters()).isdisjoint(model.parameters())
    assert twin([1.0, 2.0]).data == model([1.0, 2.0]).data
    assert model.state_dict()["W"].tolist() == [[9.0, 2.0], [3.0, 4.0]]
    nn.save(model, tmp_path / "model")
    assert numbers(nn.load(tmp_path / "model", other)) == numbers(model) != numbers(Matrix())


@pytest.mark.parametrize("name", ["trainable", "requires_grad"])
def test_a_wrong_way_to_freeze_names_the_right_one(name):
    with pytest.raises(AttributeError, match=rf"{name} changes nothing here; write freeze\(\)"):
        setattr(nn.Layer(2, 1), name, False)


@pytest.mark.parametrize("numbers", [np.zeros((2, 1)), [[0.5], [1.0]], 0.5])
def test_numbers_in_the_place_of_parameters_are_refused(numbers):
    layer = nn.Layer(2, 1)
    W = layer.W
    with pytest.raises(AttributeError, match=r"W holds parameters.*W\[0\]\[0\]\.data = "):
        layer.W = numbers
    assert layer.W is W


def test_a_module_may_keep_what_it_likes_in_its_attributes():
    class Counter(nn.Module):
        def __init__(self):
            self.w, self.calls, self.last = Value(2.0), 0, None

        def __call__(self, x):
            self.calls += 1
            self.last = self.w * x[0]
            return self.last

    counter = Counter()
    counter([1.0])
    counter([3.0])
    assert (counter.calls, counter.last.data) == (2, 6.0)
    counter.w = Value(1.0)
    assert len(counter.parameters()) == 1


Z = [[0.5, -1.0, 2.0], [1000.0, 0.0, -1000.0]]


def test_probabilities_are_the_softmax_of_logits_and_those_of_a_softmax():
    for output, hand in (("identity", special.softmax(Z, axis=1)), ("softmax", None)):
        model = nn.Layer(3, 3, output, initializer=lambda n, m, rng: np.eye(3).tolist())
        hand = model.predict(Z) if hand is None else hand
        np.testing.assert_allclose(model.predict_proba(Z), hand, rtol=1e-12)
        assert model.classes == [0, 1, 2]


def test_one_output_gives_the_probabilities_of_no_and_yes():
    z = np.array([[0.0], [-50.0], [800.0]])
    p = special.expit(z)
    for output, rtol in (("identity", 1e-12), ("sigmoid", 1e-12)):
        model = nn.Layer(1, 1, output, initializer=lambda n, m, rng: [[1.0]])
        found = model.predict_proba(z)
        np.testing.assert_allclose(found, np.hstack([1 - p, p]), rtol=rtol)
    assert model.classes == [0, 1]
    assert nn.Neuron(2).classes == [0, 1]


def test_the_outputs_say_that_they_are_a_list():
    for model in (nn.MLP(2, [1]), nn.Layer(2, 1)):
        outputs = model([0.5, 1.0])
        assert isinstance(outputs, list)
        with pytest.raises(AttributeError, match=r"list of its 1 outputs.*: \[0\]\.backward"):
            outputs.backward()
        outputs[0].backward()


def test_what_is_frozen_is_freed_with_its_model():
    """No set of all that was ever frozen keeps Values alive."""
    gc.collect()
    before = len(frozen())
    model = nn.MLP(2, [3, 1])
    model.freeze()
    model.layers[0].freeze()
    assert len(frozen()) == before + 13
    model.layers[1].unfreeze()
    assert len(frozen()) == before + 9
    del model
    gc.collect()
    assert len(frozen()) == before


class Scaled(nn.Module):
    """A layer in a list, and a scale."""

    def __init__(self):
        self.encoder, self.scale = [nn.Layer(1, 2)], Value(1.0)


SHOWN = {  # in a notebook: what each of them says, by hand
    "MLP": (lambda: nn.MLP(2, [3, 1]), "MLP(2 → 3 → 1", [
        ("layers.0.W", "2×3", "6"), ("layers.0.b", "3", "3"),
        ("layers.1.W", "3×1", "3"), ("layers.1.b", "1", "1"),
    ]),
    "Layer": (lambda: nn.Layer(2, 3), "Layer(2 → 3", [("W", "2×3", "6"), ("b", "3", "3")]),
    "Neuron": (lambda: nn.Neuron(2), "Neuron(2 → 1", [("w", "2", "2"), ("b", "scalar", "1")]),
    "LayerNorm": (lambda: nn.LayerNorm(3), "LayerNorm(3", [
        ("weight", "3", "3"), ("bias", "3", "3"),
    ]),
    "a module of one's own": (Scaled, "Scaled(5 parameters", [
        ("encoder.0.W", "1×2", "2"), ("encoder.0.b", "2", "2"), ("scale", "scalar", "1"),
    ]),
    "no parameters": (lambda: nn.Dropout(0.5), "Dropout(0.5", []),
}  # fmt: skip


@pytest.mark.parametrize("name", SHOWN)
def test_a_notebook_shows_the_parameters_of_a_model(name):
    make, title, rows = SHOWN[name]
    html = make()._repr_html_()
    caption, *lines = html.removeprefix("<table>").removesuffix("</table>").split("<tr>")
    assert caption.startswith(f"<caption>{title}")
    found = [tuple(line.removeprefix("<td>").split("<td>")) for line in lines]
    assert found == [("parameter", "shape", "count"), *rows]
