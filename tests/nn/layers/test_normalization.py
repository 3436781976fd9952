"""Layer normalisation: its formula, its derivatives, and the places that an MLP has for it.

What PyTorch says to the same is in `interop/test_pytorch.py`.
"""

import copy
import math
import pickle

import numpy as np
import pytest

import nn
from autograd import Program, Value, check_gradients, gradients, total

X = np.random.default_rng(0).normal(size=(6, 3)) * 2


def model(place="before", **options):
    """A network whose γ and β are not those it starts with."""
    made = nn.MLP(3, [5, 4, 2], "tanh", seed=1, layer_norm=place, **options)
    rng = np.random.default_rng(5)
    state = {k: v + 0.3 * rng.normal(size=v.shape) for k, v in made.state_dict().items()}
    made.load_state_dict(state)
    return made


def test_numbers_have_mean_zero_and_variance_one():
    norm = nn.LayerNorm(50, eps=1e-12)
    y = np.array([v.data for v in norm(np.random.default_rng(1).normal(3.0, 7.0, 50))])
    assert y.mean() == pytest.approx(0.0, abs=1e-14)
    assert y.var() == pytest.approx(1.0, rel=1e-12)


def test_scale_and_shift_are_those_of_the_formula():
    """Of 1, 3 and ε = 0.44: μ = 2, σ² = 1, √(σ² + ε) = 1.2."""
    norm = nn.LayerNorm(2, eps=0.44)
    for leaf, number in zip([*norm.weight, *norm.bias], [2.0, 3.0, 0.5, -1.0], strict=True):
        leaf.data = number
    assert [y.data for y in norm([1.0, 3.0])] == pytest.approx([-2 / 1.2 + 0.5, 3 / 1.2 - 1.0])


def test_equal_numbers_are_normalised_to_the_shift():
    norm = nn.LayerNorm(3)
    x = [Value(4.0) for _ in range(3)]
    y = norm(x)
    assert [v.data for v in y] == [0.0, 0.0, 0.0]
    assert gradients(total([v * v for v in y]), x) == [0.0, 0.0, 0.0]


def test_shifting_and_scaling_all_inputs_changes_nothing():
    x = np.array([0.3, -1.2, 2.0, 0.7])
    norm = nn.LayerNorm(4, eps=1e-14)
    plain, moved = ([v.data for v in norm(z)] for z in (x, 5.0 * x - 3.0))
    assert moved == pytest.approx(plain, rel=1e-12)


def test_derivatives_are_those_of_differences():
    norm = nn.LayerNorm(3)
    check_gradients(lambda *x: total([v.sin() for v in norm(x)]), 0.3, -1.2, 2.0, order=2)


@pytest.mark.parametrize("executor", ["native", "numpy"])
@pytest.mark.parametrize("place", ["before", "after"])
def test_programs_have_the_gradient_of_the_nodes(executor, place):
    made = model(place)
    x = [Value(0.0, f"x{i}") for i in range(3)]
    loss = total([a.sin() for a in made(x)])
    p = Program(loss, inputs=x, parameters=made.parameters(), executor=executor)
    cost, gradient = p(X)
    by_nodes = [total([a.sin() for a in made(row)]) for row in X.tolist()]
    slopes = np.array([gradients(c, made.parameters()) for c in by_nodes]).mean(axis=0)
    assert cost == pytest.approx(np.mean([c.data for c in by_nodes]), rel=1e-12)
    assert gradient == pytest.approx(slopes, rel=1e-11, abs=1e-14)
    assert len(p.instructions) < 120  # matrices were found, not 800 scalar operations


@pytest.mark.parametrize("place", ["before", "after", ["", "after", "before"]], ids=str)
def test_training_by_a_program_is_that_node_by_node(place):
    states = []
    for compiled in (True, False):
        made = model(place, dropout=0.2)
        nn.fit(made, X, X[:, :2], loss="half_squared_error", optimizer="adam", lr=0.01, epochs=5,
               batch_size=4, progress=False, compiled=compiled)  # fmt: skip
        states.append(made.state_dict())
    for path, array in states[0].items():
        assert array == pytest.approx(states[1][path], rel=1e-10, abs=1e-13)


def test_a_network_says_where_it_is_normalised():
    made = nn.MLP(3, [5, 4, 2], "tanh", layer_norm=["before", "after", "before"])
    names = "tanh∘layer_norm, layer_norm∘tanh, layer_norm"
    assert repr(made) == f"MLP(3 → 5 → 4 → 2, {names}, 76 parameters)"
    assert [w.label for w in made.layers[1].norm.weight[:2]] == ["γ2[0]", "γ2[1]"]
    assert made.layers[1].norm.bias[3].label == "β2[3]"
    assert "layers.1.norm.weight[2]" in dict(made.named_parameters())
    assert nn.MLP(3, [4, 2], layer_norm="before").layers[1].norm is None


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_is_normalised_by_its_own_parameters(copied):
    made = model()
    twin = copied(made)
    assert (twin.predict(X) == made.predict(X)).all()
    made.layers[0].norm.weight[0].data += 1.0
    assert (twin.predict(X) != made.predict(X)).any()


def test_files_keep_the_place_and_epsilon(tmp_path):
    pytest.importorskip("safetensors")
    made = model(["after", "", "before"], dropout=[0.25, 0.5])
    made.layers[2].norm.eps = 1e-3
    nn.save(made, tmp_path / "m")
    back = nn.load(tmp_path / "m")
    assert repr(back) == repr(made)
    assert (back.predict(X) == made.predict(X)).all()
    with pytest.raises(ValueError, match="layer_norm"):
        nn.load(tmp_path / "m", nn.MLP(3, [5, 4, 2], "tanh", dropout=[0.25, 0.5]))


@pytest.mark.parametrize("eps", [0.0, -1e-5, math.nan, 1, "small"])
def test_an_epsilon_that_is_none_is_refused(eps):
    with pytest.raises(ValueError, match=r"eps is a small float, 0 < eps < 1"):
        nn.LayerNorm(3, eps=eps)
