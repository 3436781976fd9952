"""Layers against an independent backpropagation in matrices, and their views and errors."""

import copy
import json
import pickle
import random
import subprocess
import sys

import numpy as np
import pytest
from scipy import special

import nn
from autograd import Value
from nn.activations import activation_function
from tests.nn.test_losses import HAND, RESIDUAL_LOSSES


def same(state, other):
    """Return whether two states have the same paths, shapes and bits."""
    return state.keys() == other.keys() and all(
        np.array_equal(array, other[path]) for path, array in state.items()
    )


def backpropagate(model, x, y, loss):
    """Return (c, ∂c/∂W and ∂c/∂b per layer) by the matrix formulas, without autograd."""
    a, trace = np.array(x), []
    for layer in model.layers:
        W = np.array([[w.data for w in row] for row in layer.W])
        b = np.array([v.data for v in layer.b])
        z = a @ W + b
        trace.append((a, W, z, layer.activation.name))
        a = HAND[layer.activation.name][0](z)
    if loss == "hinge":
        c, da = max(0.0, 1 - y * a[0]), -y * (1 - y * a > 0)
    elif loss == "binary_cross_entropy":
        c, da = np.logaddexp(0, a[0]) - y * a[0], special.expit(a) - y
    elif loss == "cross_entropy":
        c, da = -special.log_softmax(a)[y], special.softmax(a) - np.eye(a.size)[y]
    else:
        formula, derivative = RESIDUAL_LOSSES[loss]
        c, da = formula(a - y), derivative(a - y)
    gradients = []
    for inputs, W, z, g in reversed(trace):
        delta = da * HAND[g][1](z)
        gradients.append((np.outer(inputs, delta), delta))
        da = W @ delta
    return c, gradients[::-1]


def random_network(seed, loss):
    rng = random.Random(seed)
    depth = 1 + seed % 5
    sizes = [rng.randint(1, 40) for _ in range(depth)]
    if loss in ("hinge", "binary_cross_entropy"):
        sizes[-1] = 1
    hidden = [rng.choice(sorted(HAND)) for _ in range(depth - 1)]
    model = nn.MLP(rng.randint(1, 40), sizes, hidden, rng.choice(sorted(HAND)), seed=seed)
    for layer in model.layers:
        for b in layer.b:
            b.data = rng.uniform(-0.5, 0.5)
    return model, rng


@pytest.mark.parametrize("seed", range(40))  # 5 depths times 8 losses
def test_gradients_of_random_networks_are_those_of_the_matrix_formulas(seed):
    loss = sorted(nn.LOSSES)[seed % 8]
    model, rng = random_network(seed, loss)
    x = [rng.gauss(0, 1) for _ in range(model.fan_in)]
    y = [rng.gauss(0, 1) for _ in range(model.fan_out)]
    if loss in ("hinge", "binary_cross_entropy", "cross_entropy"):
        labels = {"hinge": (-1, 1), "binary_cross_entropy": (0, 1)}
        y = rng.choice(labels.get(loss, range(model.fan_out)))
    c = nn.LOSSES[loss](model(x), y)
    c.backward()
    expected, gradients = backpropagate(model, x, y, loss)
    assert c.data == pytest.approx(expected, rel=1e-12, abs=1e-12)
    for layer, (dW, db) in zip(model.layers, gradients, strict=True):
        scale = 1e-12 * max(1.0, np.abs(dW).max(), np.abs(db).max())
        np.testing.assert_allclose([[w.grad for w in r] for r in layer.W], dW, 1e-12, scale)
        np.testing.assert_allclose([b.grad for b in layer.b], db, 1e-12, scale)


def test_a_weight_has_one_value_under_all_its_names():
    model = nn.MLP(3, [4, 2])
    layer = model.layers[0]
    named = dict(model.named_parameters())
    for i in range(3):
        for j in range(4):
            assert layer.W[i][j] is layer.neurons[j].w[i] is named[f"layers.0.W[{i}][{j}]"]
            assert layer.W[i][j].label == f"W1[{i},{j}]"
    assert layer.b[3] is layer.neurons[3].b is named["layers.0.b[3]"]
    assert len(named) == len(model.parameters()) == 3 * 4 + 4 + 4 * 2 + 2


def test_parameters_come_layer_by_layer_weights_first_row_by_row():
    assert [name for name, _ in nn.MLP(2, [2, 1]).named_parameters()] == [
        "layers.0.W[0][0]", "layers.0.W[0][1]", "layers.0.W[1][0]", "layers.0.W[1][1]",
        "layers.0.b[0]", "layers.0.b[1]",
        "layers.1.W[0][0]", "layers.1.W[1][0]", "layers.1.b[0]",
    ]  # fmt: skip


def test_a_layer_records_one_dot_and_one_activation_for_each_unit():
    layer = nn.Layer(3, 2, "tanh")
    a = layer([1.0, 2.0, 3.0])
    (z,) = a[1].parents
    assert (a[1].op, z.op) == ("tanh", "dot")
    assert z.parents[:3] == layer.neurons[1].w
    assert z.parents[6] is layer.b[1]


def test_inputs_may_be_lists_tuples_rows_and_values():
    model = nn.MLP(2, [3, 2], "tanh")
    expected = [a.data for a in model([1.0, -2.0])]
    for x in ((1.0, -2.0), np.array([1, -2]), np.array([1.0, -2.0]), [Value(1), Value(-2)],
              [np.float64(1.0), -2], np.array([Value(1), Value(-2)])):  # fmt: skip
        assert [a.data for a in model(x)] == expected


def test_predict_gives_the_numbers_of_calling_the_model_to_the_bit():
    model = nn.MLP(3, [5, 4], ["gelu"], "softmax", seed=3)
    X = np.random.default_rng(0).normal(size=(6, 3))
    expected = [[a.data for a in model(x)] for x in X]
    assert model.predict(X).tolist() == model.predict(X.tolist()).tolist() == expected
    assert model.predict(X).shape == (6, 4)


def test_softmax_is_an_output_function_over_the_whole_layer():
    layer = nn.Layer(2, 3, "softmax")
    z = [dot.parents for dot in layer([1.0, 2.0])]
    assert sum(a.data for a in layer([1.0, 2.0])) == pytest.approx(1.0, rel=1e-15)
    assert all(len(parents) == 4 for parents in z)
    with pytest.raises(ValueError, match="Use Layer"):
        nn.Neuron(2, "softmax")


def test_softmax_output_has_the_full_jacobian():
    model = nn.MLP(2, [3], output="softmax", seed=1)
    x, y = np.array([0.4, -1.3]), np.array([0.2, 0.5, 0.3])
    nn.half_squared_error(model(x), y).backward()
    W = np.array(model.state_dict()["layers.0.W"])
    a = special.softmax(x @ W)
    delta = (np.diag(a) - np.outer(a, a)) @ (a - y)
    np.testing.assert_allclose([b.grad for b in model.layers[0].b], delta, rtol=1e-12)


def test_state_goes_round_and_a_bad_state_changes_nothing():
    model, other = nn.MLP(2, [3, 1], seed=1), nn.MLP(2, [3, 1], seed=2)
    other.load_state_dict(model.state_dict())
    assert same(other.state_dict(), model.state_dict())
    before = model.state_dict()
    for path, bad, words in (
        ("layers.1.b", [1.0, 2.0], r"layers.1.b: expected shape \(1,\), found \(2,\)"),
        ("layers.0.W", [[1.0, 2.0, 3.0], [1.0]], "layers.0.W must be a rectangular table"),
        ("layers.0.W", np.zeros((3, 2)), r"expected shape \(2, 3\), found \(3, 2\)"),
    ):
        with pytest.raises(ValueError, match=words):
            model.load_state_dict({**nn.MLP(2, [3, 1], seed=9).state_dict(), path: bad})
    with pytest.raises(ValueError, match=r"found layers\.0\.W"):
        model.load_state_dict({"layers.0.W": [[1.0]]})
    with pytest.raises(ValueError, match="table of real numbers"):
        model.load_state_dict({**before, "layers.1.b": ["1"]})
    assert same(model.state_dict(), before)
    model.load_state_dict({path: array.tolist() for path, array in other.state_dict().items()})


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]
)
def test_models_copy_and_pickle_and_then_share_nothing(duplicate):
    model = nn.MLP(2, [3, 2], "gelu", "softmax", seed=4)
    twin = duplicate(model)
    x = [0.3, 0.7]
    assert [a.data for a in twin(x)] == [a.data for a in model(x)]
    assert twin.layers[0].W[1][2] is twin.layers[0].neurons[2].w[1]
    assert repr(twin) == repr(model)
    twin.layers[0].W[1][2].data = 5.0
    assert model.layers[0].W[1][2].data != 5.0
    assert [a.data for a in twin(x)] != [a.data for a in model(x)]


def test_a_module_of_ones_own_is_searched_for_parameters():
    class Tied(nn.Module):
        def __init__(self):
            self.first = nn.Layer(2, 2)
            self.scales = [Value(1.0), Value(2.0)]
            self.parts = {"last": nn.Neuron(2), "again": self.first}
            self.rate = 0.1

        def __call__(self, x):
            return self.parts["last"](
                [s * a for s, a in zip(self.scales, self.first(x), strict=True)]
            )

    tied = Tied()
    names = [name for name, _ in tied.named_parameters()]
    assert names[-5:] == ["scales[0]", "scales[1]", "parts.last.w[0]", "parts.last.w[1]",
                          "parts.last.b"]  # fmt: skip
    assert len(names) == 6 + 2 + 3
    assert list(tied.state_dict()) == ["first.W", "first.b", "scales", "parts.last.w",
                                       "parts.last.b"]  # fmt: skip
    tied([1.0, 2.0]).backward()
    assert all(p.grad != 0 for p in tied.parameters())
    tied.zero_grad()
    assert all(p.grad == 0 for p in tied.parameters())


def test_activations_may_be_functions_of_ones_own():
    layer = nn.Layer(1, 1, lambda z: z * z, initializer=lambda n, m, rng: [[3.0]])
    assert layer([2.0])[0].data == 36.0
    assert activation_function(nn.ACTIVATIONS["relu"].function).name == "relu"


def test_initializers_are_public_under_their_names():
    for name, draw in nn.INITIALIZERS.items():
        assert getattr(nn, name) is draw
        assert name in nn.__all__


def test_initializers_draw_with_the_variance_of_their_source():
    n, m = 60, 90
    variances = {
        "xavier_uniform": 2 / (n + m), "xavier_normal": 2 / (n + m), "he_uniform": 2 / n,
        "he_normal": 2 / n, "lecun_uniform": 1 / n, "lecun_normal": 1 / n,
        "uniform": 1 / 3, "zeros": 0,
    }  # fmt: skip
    assert set(variances) == set(nn.INITIALIZERS)
    for name, variance in variances.items():
        W = np.array(nn.INITIALIZERS[name](n, m, random.Random(1)))
        assert W.shape == (n, m)
        assert W.var() == pytest.approx(variance, rel=0.1)
        assert abs(W.mean()) < 0.05


def test_the_same_seed_gives_the_same_network_and_another_one_another():
    first, again, other = (nn.MLP(2, [3], seed=seed).state_dict() for seed in (1, 1, 2))
    assert same(first, again)
    assert not same(first, other)
    assert same(nn.Layer(2, 3).state_dict(), nn.Layer(2, 3, rng=random.Random(0)).state_dict())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nn.Neuron(0), "fan_in must be a positive whole number; got 0"),
        (lambda: nn.Layer(2, 0), "fan_out must be a positive whole number; got 0"),
        (lambda: nn.Layer(2.5, 1), "got 2.5"),
        (lambda: nn.MLP(2, []), "at least one layer"),
        (lambda: nn.MLP(2, [3, -1]), r"sizes\[1\].*got -1"),
        (lambda: nn.MLP(2, [3, 1], ["relu", "relu"]), "each of the 1 hidden layers; got 2"),
        (lambda: nn.Layer(2, 1, "swish"), r"silu.*tanh, or a function.*got 'swish'"),
        (lambda: nn.Layer(2, 1, initializer="xavier"), r"xavier_normal.*got 'xavier'"),
        (lambda: nn.Neuron(2, weights=[1.0]), "takes 2 weights"),
        (lambda: nn.MLP(2, [1])([1.0]), r"MLP\(2 → 1.*takes 2 inputs; got 1"),
        (lambda: nn.Layer(2, 1)([1.0, 2.0, 3.0]), "takes 2 inputs; got 3"),
        (lambda: nn.Neuron(2)([]), "takes 2 inputs; got 0"),
        (lambda: nn.MLP(2, [1])(1.0), "takes 2 inputs; got 1"),
        (lambda: nn.MLP(2, [1])(np.zeros((2, 2))), "Use predict"),
        (lambda: nn.MLP(4, 16, 3), r"Write MLP\(4, \[16, 3\]\)"),
        (lambda: nn.MLP(4, 3), r"Write MLP\(4, \[3\]\)"),
        (lambda: nn.MLP(4, [3], "rellu"), "an activation must be one of.*'rellu'"),
        (lambda: nn.MLP(2, [1]).predict([1.0, 2.0]), r"shape \(m, 2\).*got shape \(2,\)"),
        (lambda: nn.MLP(2, [1]).predict([[1.0]]), r"got shape \(1, 1\)"),
        (lambda: nn.MLP(2, [1]).predict(np.zeros((0, 2))), r"at least one; got shape \(0, 2\)"),
        (lambda: nn.MLP(2, [1]).predict([[0, 1], [2, np.nan]]), r"X\[1, 1\] is nan"),
        (lambda: nn.MLP(2, [1]).predict([["a", "b"]]), "real numbers"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_what_was_expected(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_an_input_that_is_not_a_number_is_refused():
    with pytest.raises(TypeError, match="real number"):
        nn.MLP(2, [1])(["1", 2.0])


def test_sequences_of_unequal_lengths_are_named_part_by_part():
    class Ragged(nn.Module):
        def __init__(self):
            self.rows = [[Value(1.0), Value(2.0)], [Value(3.0)]]
            self._spare = Value(4.0)

    ragged = Ragged()
    assert [name for name, _ in ragged.named_parameters()] == [
        "rows.0[0]", "rows.0[1]", "rows.1[0]",
    ]  # fmt: skip
    assert {path: array.tolist() for path, array in ragged.state_dict().items()} == {
        "rows.0": [1.0, 2.0],
        "rows.1": [3.0],
    }


def test_models_without_a_seed_differ_and_are_the_same_in_every_process():
    code = (
        "import nn; models = [nn.Neuron(2), nn.Layer(2, 2), nn.Layer(2, 2), nn.MLP(2, [2]), "
        "nn.MLP(2, [2])]; print([[p.data for p in m.parameters()] for m in models])"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert runs[0].stdout == runs[1].stdout
    _, first, second, third, fourth = json.loads(runs[0].stdout)
    assert first != second != third != fourth


TWICE = {  # models without a seed, each made twice in a row
    "a neuron": lambda: nn.Neuron(4),
    "a layer": lambda: nn.Layer(4, 4),
    "a layer of another initializer": lambda: nn.Layer(4, 4, "relu", initializer="he_uniform"),
    "a network": lambda: nn.MLP(2, [4, 1]),
    "a network with dropout": lambda: nn.MLP(2, [4, 1], dropout=0.5),
    "a normalised network": lambda: nn.MLP(2, [4, 1], layer_norm="before"),
}


@pytest.mark.parametrize("name", TWICE)
def test_two_models_without_a_seed_have_other_weights_and_come_again(name):
    def drawn():
        first, second = ([p.data for p in TWICE[name]().parameters()] for _ in range(2))
        return first, second

    nn.seed(3)
    first, second = drawn()
    assert first != second and len(set(first + second)) > len(first)
    nn.seed(3)
    assert drawn() == (first, second)
    assert drawn() != (first, second)


def test_a_seed_starts_the_stream_of_weights_anew_and_leaves_other_seeds_alone():
    def drawn(**options):
        return nn.MLP(2, [2, 1], **options).layers[0].W[0][0].data

    nn.seed(7)
    first = drawn(), drawn()
    nn.seed(7)
    assert (drawn(), drawn(seed=7), drawn()) == (first[0], first[0], first[1])
    assert first[0] != first[1]


@pytest.mark.parametrize("name", nn.ACTIVATIONS)
def test_a_function_of_the_table_is_the_activation_of_its_name(name):
    g = nn.ACTIVATIONS[name].function
    assert activation_function(g) is nn.ACTIVATIONS[name]
    by_function, by_name = (nn.MLP(2, [3, 2], seed=1, output=x) for x in (g, name))
    assert same(by_function.state_dict(), by_name.state_dict())


@pytest.mark.parametrize("kind", [nn.Layer, lambda n, _, g: nn.Neuron(n, g)], ids=["layer", "unit"])
def test_an_activation_that_is_set_later_is_looked_up_there(kind):
    made = kind(2, 1, "tanh")
    before = [p.data for p in made.parameters()]
    made.activation = "relu"
    other = kind(2, 1, "relu")
    for p, number in zip(other.parameters(), before, strict=True):
        p.data = number
    x = [0.5, -1.0]
    found, right = (np.ravel([a.data for a in nn.arguments.several(m(x))]) for m in (made, other))
    assert found == right and "relu" in repr(made)
    made.activation = abs  # a function of one's own
    assert made.g.name == "abs"
    with pytest.raises(ValueError, match=r"an activation must be one of .*got 'cube'\. Your own"):
        made.activation = "cube"
    assert made.g.name == "abs"


def test_the_units_of_a_layer_have_its_activation_also_later():
    layer = nn.Layer(2, 3, "tanh")
    layer.activation = "sigmoid"
    x = [Value(0.5), Value(-1.0)]
    assert [n(x).data for n in layer.neurons] == [a.data for a in layer(x)]
    layer.activation = "softmax"
    assert sum(a.data for a in layer(x)) == pytest.approx(1.0, rel=1e-15)
    with pytest.raises(ValueError, match="takes a whole layer; got one Neuron"):
        layer.neurons[0].activation = "softmax"
