"""A name of another library is answered with ours, in one line."""

import inspect

import pytest

import nn
from autograd import Value
from nn.arguments.hints import ELSEWHERE

PLACE = [Value(1.0)]


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("Linear", 'Layer(fan_in, fan_out, "identity")'),
        ("Dense", "MLP(fan_in, [16, 1])"),
        ("ReLU", 'activation="relu"'),
        ("CrossEntropyLoss", 'loss="cross_entropy"'),
        ("optim", "nn.fit("),
    ],
)
def test_the_package_says_what_a_famous_name_is_here(name, ours):
    with pytest.raises(AttributeError, match=f"module 'nn' has no attribute '{name}'; ") as told:
        getattr(nn, name)
    assert ours in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "ours"), [("fit", "nn.fit("), ("compile", "nn.fit("), ("forward", "model(x)")]
)
def test_a_model_says_what_a_famous_method_is_here(name, ours):
    with pytest.raises(AttributeError, match=f"'MLP' object has no attribute '{name}'; ") as told:
        getattr(nn.MLP(2, [1]), name)
    assert ours in str(told.value)


def test_other_names_are_missing_as_anywhere():
    with pytest.raises(AttributeError, match=r"^module 'nn' has no attribute 'nonsense'$"):
        _ = nn.nonsense
    with pytest.raises(AttributeError, match=r"^'Layer' object has no attribute 'nonsense'$"):
        _ = nn.Layer(2, 1).nonsense


@pytest.mark.parametrize(
    ("name", "ours"),
    [("validation_split", "validation="), ("verbose", "progress="), ("learning_rate", "lr=")],
)
def test_fit_says_what_a_famous_argument_is_here(name, ours):
    with pytest.raises(TypeError, match=f"fit takes no '{name}'; ") as told:
        nn.fit(nn.MLP(1, [1]), [[1.0]], [1.0], loss="huber", **{name: 0.2})
    assert ours in str(told.value)
    with pytest.raises(TypeError, match="nonsense"):
        nn.fit(nn.MLP(1, [1]), [[1.0]], [1.0], loss="huber", nonsense=1)


MADE = {  # as they are made elsewhere
    "Neuron nonlin": (lambda: nn.Neuron(2, nonlin=False), 'Neuron(2, "relu")'),
    "MLP nonlin": (lambda: nn.MLP(2, [3, 1], nonlin=True), '"identity" where nonlin=False'),
    "Layer in_features": (lambda: nn.Layer(in_features=2, out_features=3), "Layer(fan_in, fan_out"),
    "Layer units": (lambda: nn.Layer(2, units=3), "Layer(fan_in, fan_out"),
    "MLP nouts": (lambda: nn.MLP(3, nouts=[4, 1]), "MLP(fan_in, [16, 1])"),
    "Layer bias": (lambda: nn.Layer(2, 3, bias=False), "a bias, which starts at 0"),
    "Layer kernel_initializer": (lambda: nn.Layer(2, 3, kernel_initializer="x"), "initializer="),
    "Dropout rate": (lambda: nn.Dropout(rate=0.5), "Dropout(p)"),
    "LayerNorm epsilon": (lambda: nn.LayerNorm(2, epsilon=1e-3), "eps= to LayerNorm"),
    "SGD learning_rate": (lambda: nn.SGD(PLACE, learning_rate=0.1), "lr=0.01"),
    "Adam betas": (lambda: nn.Adam(PLACE, betas=(0.9, 0.99)), "beta1= and beta2="),
    "AdamW eps": (lambda: nn.AdamW(PLACE, eps=1e-8), "epsilon= to an optimiser"),
    "RMSprop params": (lambda: nn.RMSprop(params=PLACE), "Adam(model.parameters())"),
    "EarlyStopping monitor": (lambda: nn.EarlyStopping(monitor="val_loss"), "column="),
}


@pytest.mark.parametrize("name", MADE)
def test_what_is_made_as_elsewhere_says_how_it_is_made_here(name):
    make, ours = MADE[name]
    owner, _ = name.split()
    with pytest.raises(TypeError, match=rf"^{owner} takes no '\w+'; ") as told:
        make()
    assert ours in str(told.value)


def test_arguments_of_ours_are_not_called_foreign():
    assert nn.LayerNorm(2, eps=1e-3).eps == 1e-3
    assert nn.Adam(PLACE, epsilon=1e-3).epsilon == 1e-3
    with pytest.raises(TypeError, match="unexpected keyword argument 'nonsense'"):
        nn.Neuron(2, nonsense=1)


def test_no_name_of_ours_is_called_foreign():
    model = nn.MLP(2, [1])
    assert not ELSEWHERE.keys() & {*nn.__all__, *inspect.signature(nn.fit).parameters} - {"fit"}
    assert not ELSEWHERE.keys() & {*dir(model), *dir(model.layers[0]), *vars(model)}


@pytest.mark.parametrize("name", nn.__all__)
def test_help_has_a_signature_and_a_sentence(name):
    thing = getattr(nn, name)
    if callable(thing):
        assert inspect.signature(thing)
        assert inspect.getdoc(thing).partition("\n")[0].endswith(".")
