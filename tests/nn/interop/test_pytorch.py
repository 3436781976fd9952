"""The same numbers and gradients in PyTorch, to 1e-12 in float64."""

import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import nn
from autograd import Program, Value, dot, exp, gradients, mean, tanh, total

X = np.random.default_rng(0).normal(size=(7, 3)) * 3
SHARED = sorted(set(nn.ACTIVATIONS) - {"sin"})


def network(g):
    hidden = "tanh" if g == "softmax" else g
    return nn.MLP(3, [5, 4, 2], hidden, g, seed=1)


@pytest.mark.parametrize("g", SHARED)
def test_outputs_and_gradients_are_equal(g):
    model = network(g)
    module = nn.to_torch(model)
    ours = nn.probe(model, X)
    outputs = module(torch.tensor(X))
    assert outputs.detach().numpy() == pytest.approx(model.predict(X), rel=1e-12, abs=1e-14)
    (outputs.sum() / len(X)).backward()
    linear = [part for part in module if isinstance(part, torch.nn.Linear)]
    for layer, part in zip(ours.layers, linear, strict=True):
        assert part.weight.grad.numpy() == pytest.approx(layer.dW.T, rel=1e-12, abs=1e-13)
        assert part.bias.grad.numpy() == pytest.approx(layer.db, rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("g", SHARED)
def test_there_and_back_is_the_same_network_to_the_bit(g):
    model = network(g)
    back = nn.from_torch(nn.to_torch(model))
    assert repr(back) == repr(model)
    assert (back.predict(X) == model.predict(X)).all()


def test_a_module_of_single_precision_keeps_its_bits():
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.LeakyReLU()),
        torch.nn.Identity(),
        torch.nn.Dropout(0.5),
        torch.nn.Linear(4, 2),
        torch.nn.Softmax(dim=1),
    ).eval()
    model = nn.from_torch(module)
    assert repr(model) == "MLP(3 → 4 → 2, leaky_relu, softmax, dropout 0.5, 26 parameters)"
    assert not model.training
    assert (model.layers[0].W[1][2].data, 0.0)[0] == module[0][0].weight[2, 1].item()
    theirs = module.double()(torch.tensor(X)).detach().numpy()
    assert model.predict(X) == pytest.approx(theirs, rel=1e-12)


def test_a_linear_map_without_a_bias_stays_without():
    torch.manual_seed(0)
    module = torch.nn.Linear(3, 1, bias=False).double()
    model = nn.from_torch(module)
    nn.fit(
        model, X, X[:, 0] + 5.0, loss="squared_error", optimizer="sgd", lr=0.01, epochs=2,
        progress=False,
    )  # fmt: skip
    assert model.layers[0].b[0].data == 0.0
    assert model.layers[0].W[0][0].data != module.weight[0, 0].item()


LINEAR = torch.nn.Linear(2, 2)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (torch.nn.Sequential(torch.nn.Conv1d(2, 2, 1)), "Conv1d"),
        (torch.nn.Sequential(torch.nn.ReLU(), LINEAR), "without a linear map before it"),
        (torch.nn.Sequential(LINEAR, torch.nn.ReLU(), torch.nn.Tanh()), "'tanh' without a linear"),
        (torch.nn.Sequential(LINEAR, torch.nn.ELU(0.5)), "ELU"),
        (torch.nn.Sequential(LINEAR, torch.nn.Softmax(dim=0)), "Softmax"),
        (
            torch.nn.Sequential(LINEAR, torch.nn.Dropout(0.5)),
            "elsewhere than between two layers, swi",
        ),
        (torch.nn.Sequential(torch.nn.Dropout(0.5), LINEAR), "elsewhere than between"),
        (torch.nn.Sequential(LINEAR, torch.nn.Dropout(0.5), torch.nn.ReLU()), "elsewhere than"),
        (torch.nn.Sequential(LINEAR, torch.nn.AlphaDropout(0.5)), "AlphaDropout"),
        (torch.nn.Sequential(torch.nn.LayerNorm(2), LINEAR), "a normalisation that is not"),
        (torch.nn.Sequential(LINEAR, torch.nn.LayerNorm(3)), "a normalisation that is not"),
        (torch.nn.Sequential(LINEAR, torch.nn.LayerNorm((2, 2))), r"LayerNorm\(\(2, 2\)"),
        (
            torch.nn.Sequential(LINEAR, torch.nn.LayerNorm(2), torch.nn.LayerNorm(2)),
            "a normalisation that is not",
        ),
        (torch.nn.Sequential(LINEAR, LINEAR), "in two places"),
        (torch.nn.Sequential(LINEAR, torch.nn.Linear(3, 1)), "takes 3 inputs; got 2"),
        (torch.nn.Sequential(), "no linear map"),
    ],
)
def test_what_an_mlp_cannot_be_is_named(module, words):
    with pytest.raises(ValueError, match=words):
        nn.from_torch(module)


def test_what_pytorch_cannot_be_is_named():
    with pytest.raises(ValueError, match="no module of the activation 'sin'"):
        nn.to_torch(nn.MLP(2, [2, 1], "sin"))
    with pytest.raises(TypeError, match="expected a module of PyTorch; got MLP"):
        nn.from_torch(nn.MLP(2, [1]))
    with pytest.raises(TypeError, match="expected an MLP, a Layer or a Neuron; got Linear"):
        nn.to_torch(LINEAR)


PLACES = ["before", "after", ["after", "before", "before"]]


def normalized(place, dropout=0.0):
    """A network whose γ and β are not those it starts with."""
    model = nn.MLP(3, [5, 4, 2], "tanh", "sigmoid", seed=1, layer_norm=place, dropout=dropout)
    rng = np.random.default_rng(5)
    state = {k: v + 0.3 * rng.normal(size=v.shape) for k, v in model.state_dict().items()}
    model.load_state_dict(state)
    return model


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_layer_normalisation_is_that_of_pytorch_and_so_are_its_gradients(place):
    model = normalized(place)
    module = nn.to_torch(model)
    outputs = module(torch.tensor(X))
    assert outputs.detach().numpy() == pytest.approx(model.predict(X), rel=1e-12, abs=1e-14)
    (outputs.sin().sum() / len(X)).backward()
    cost = mean([total([a.sin() for a in model(row)]) for row in X.tolist()])
    found = iter(gradients(cost, model.parameters()))
    parts = iter(module)
    for layer in model.layers:
        linear = next(part for part in parts if isinstance(part, torch.nn.Linear))
        theirs = [linear.weight.grad.T, linear.bias.grad]
        if layer.norm:
            norm = next(part for part in parts if isinstance(part, torch.nn.LayerNorm))
            theirs += [norm.weight.grad, norm.bias.grad]
        for tensor in theirs:
            ours = np.array([next(found) for _ in range(tensor.numel())])
            assert ours == pytest.approx(tensor.numpy().ravel(), rel=1e-11, abs=1e-14)


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_network_with_normalisation_and_dropout_goes_there_and_back(place):
    model = normalized(place, dropout=[0.25, 0.5])
    model.layers[0].norm.eps = 1e-3
    module = nn.to_torch(model)
    assert module.training
    assert [part.p for part in module if isinstance(part, torch.nn.Dropout)] == [0.25, 0.5]
    back = nn.from_torch(module.eval())
    assert not back.training
    assert repr(back) == repr(model)
    assert (back.predict(X) == model.predict(X)).all()
    assert not nn.to_torch(back).training
    assert nn.from_torch(module.train()).training


def test_pytorch_leaves_out_as_many_units_as_the_model_says():
    model = nn.MLP(1, [2000, 1], "identity", dropout=0.3, initializer="zeros")
    model.load_state_dict({**model.state_dict(), "layers.0.b": [1.0] * 2000})
    torch.manual_seed(0)
    hidden = nn.to_torch(model)[:-1](torch.zeros(1, 1, dtype=torch.float64))
    assert (hidden == 0).double().mean().item() == pytest.approx(0.3, abs=0.04)
    assert hidden.max().item() == pytest.approx(1 / 0.7)


@pytest.mark.parametrize("options", [{"elementwise_affine": False}, {"bias": False}, {}], ids=str)
def test_what_a_normalisation_lacks_is_frozen(options):
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Linear(3, 4), torch.nn.LayerNorm(4, **options), torch.nn.Linear(4, 1)
    ).double()
    model = nn.from_torch(module)
    theirs = module(torch.tensor(X)).detach().numpy()
    assert model.predict(X) == pytest.approx(theirs, rel=1e-12, abs=1e-14)
    nn.fit(
        model, X, X[:, 0] + 5.0, loss="squared_error", optimizer="sgd", lr=0.01, epochs=2,
        progress=False,
    )  # fmt: skip
    norm = model.layers[0].norm
    assert all(w.data == 1.0 for w in norm.weight) == ("elementwise_affine" in options)
    assert all(b.data == 0.0 for b in norm.bias) == bool(options)


@pytest.mark.parametrize("make", [nn.Neuron, lambda n, g, **k: nn.Layer(n, 4, g, **k)])
def test_a_layer_and_a_neuron_are_modules_too(make):
    model = make(3, "tanh")
    theirs = nn.to_torch(model)(torch.tensor(X)).detach().numpy()
    assert theirs == pytest.approx(model.predict(X), rel=1e-12)


def test_without_pytorch_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match="this needs PyTorch: pip install torch"):
        nn.to_torch(nn.MLP(2, [1]))


def program():
    x, w = [Value(0.5, "x0"), Value(-1.0, "x1")], [Value(0.1 * k, f"w{k}") for k in range(5)]
    hidden = [tanh(dot(w[:2], x, w[4])), exp(dot(w[2:4], x))]
    return Program(hidden[0] * hidden[1] + w[0] * w[0], inputs=x, parameters=w)


def test_pytorch_checks_the_gradient_of_a_program():
    f = program().to_torch()
    torch.manual_seed(0)
    parameters = torch.randn(5, dtype=torch.float64, requires_grad=True)
    rows = torch.randn(4, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(f, (parameters, rows))


def test_a_program_is_a_part_of_a_graph_of_pytorch():
    own, weights = program(), torch.linspace(-1, 1, 5, dtype=torch.float64, requires_grad=True)
    cost = own.to_torch()(weights.sin(), torch.tensor([[1.0, 2.0]])) ** 2
    cost.backward()
    C, gradient, _ = own.derivatives(weights.detach().sin(), [[1.0, 2.0]])
    expected = 2 * C * gradient * weights.detach().cos().numpy()
    assert cost.item() == pytest.approx(C * C, rel=1e-14)
    assert weights.grad.numpy() == pytest.approx(expected, rel=1e-12)


def test_a_program_has_the_first_derivative_alone():
    weights = torch.zeros(5, dtype=torch.float64, requires_grad=True)
    cost = program().to_torch()(weights, torch.ones(1, 2))
    (slope,) = torch.autograd.grad(cost, weights, create_graph=True)
    with pytest.raises(RuntimeError, match="does not require grad"):
        slope.sum().backward()


def test_a_program_keeps_the_type_of_its_parameters():
    weights = torch.zeros(5, requires_grad=True)
    cost = program().to_torch()(weights, torch.ones(3, 2))
    cost.backward()
    assert (cost.dtype, weights.grad.dtype) == (torch.float32, torch.float32)
