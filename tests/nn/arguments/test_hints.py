"""A name of another library is answered with ours, in one line."""

import inspect

import pytest

import nn
from nn.arguments.hints import ELSEWHERE


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
