"""A probe of a normalised layer: per-index formulas beside autodiff, and where they come from."""

import json
import re

import numpy as np
import pytest

import nn
from autograd import GradientError, check_gradients, draw, gradients, step_through
from nn.probing import normalization

LOSS = "half_squared_error"
X = np.random.default_rng(3).normal(size=(7, 3)) * 2
Y = np.random.default_rng(4).normal(size=(7, 2))
PLACES = ["before", "after", ["after", "before", "before"]]


def model(place="before"):
    made = nn.MLP(3, [5, 4, 2], "tanh", seed=1, layer_norm=place)
    rng = np.random.default_rng(5)
    state = {k: v + 0.3 * rng.normal(size=v.shape) for k, v in made.state_dict().items()}
    made.load_state_dict(state)
    return made


@pytest.mark.parametrize("place", PLACES, ids=str)
@pytest.mark.parametrize("data", [(X[0], Y[0]), (X, Y)], ids=["one example", "a batch"])
def test_all_formulas_hold(place, data):
    made = model(place)
    p = nn.probe(made, *data, LOSS)
    assert p.check() < 64
    for layer, module in zip(p.layers, made.layers, strict=True):
        assert (layer.norm is None) == (module.norm is None)


def test_the_numbers_are_those_of_derivatives_of_the_whole_network():
    made = model()
    p = nn.probe(made, X[0], Y[0], LOSS)
    norm, module = p.layers[0].norm, made.layers[0].norm
    assert norm.dweight.tolist() == list(gradients(p.root, module.weight))
    assert norm.dbias.tolist() == list(gradients(p.root, module.bias))
    assert norm.x.tolist() == p.layers[0].z.tolist()
    assert norm.dx == pytest.approx(p.layers[0].delta, rel=1e-12)
    assert p.layers[0].a == pytest.approx(np.tanh(norm.y), rel=1e-14)


def test_a_normalisation_after_the_activation_hands_on_what_it_makes():
    p = nn.probe(model("after"), X, Y, LOSS)
    norm, layer = p.layers[0].norm, p.layers[0]
    assert norm.x == pytest.approx(np.tanh(layer.z), rel=1e-14)
    assert norm.y == pytest.approx(layer.a, rel=1e-14)
    assert norm.dy == pytest.approx(layer.da, rel=1e-14)
    assert norm.dx.shape == (7, 5)


def test_a_batch_has_the_means_of_its_examples():
    made = model()
    whole = nn.probe(made, X, Y, LOSS).layers[1].norm
    each = [nn.probe(made, x, y, LOSS).layers[1].norm for x, y in zip(X, Y, strict=True)]
    assert whole.dweight == pytest.approx(np.mean([n.dweight for n in each], axis=0), rel=1e-12)
    assert whole.normal == pytest.approx(np.array([n.normal for n in each]), rel=1e-12)
    assert whole.hand.dx == pytest.approx(np.array([n.hand.dx for n in each]), rel=1e-12)


@pytest.mark.parametrize("name", normalization.NormNumbers._fields)
def test_a_wrong_number_is_named(name, monkeypatch):
    p = nn.probe(model(), X[0], Y[0], LOSS)
    norm = p.layers[1].norm
    found = norm._found._asdict()
    found[name] = found[name] * 1.001
    norm._found = normalization.NormNumbers(**found)
    with pytest.raises(GradientError, match=rf"does not hold in layer 2 at norm\.{name}\["):
        p.check()


def test_the_table_shows_scale_and_shift():
    text = nn.probe(model(), X[0], Y[0], LOSS).layers[0].table()
    assert "layer 1 · 3→5 · tanh∘layer_norm" in text
    assert "layer_norm before the activation" in text
    for column in ("x̂_j", "γ_j", "∂c/∂x_j by formula", "x̂_j ∂c/∂y_j"):
        assert column in text


def test_a_scale_is_explained_down_to_the_loss():
    made = model()
    p = nn.probe(made, X[0], Y[0], LOSS)
    why = p.explain("layers.0.norm.weight[2]")
    lines = why.text().splitlines()
    assert lines[0] == "∂C/∂γ_j = x̂_j·∂c/∂y_j"
    assert lines[1].startswith("∂C/∂γ1[2] = x̂1[2]·∂c/∂y1[2] ")
    assert lines[2].startswith("∂c/∂y1[2] = g'(y1[2])·∂c/∂a1[2] ")
    assert lines[-1].startswith("∂c/∂a3[1] = ")
    for other in ("γ1[2]", made.layers[0].norm.weight[2]):
        assert p.explain(other).text() == why.text()
    assert r"\hat{x}_{1}[2] \cdot \frac{\partial c}{\partial y_{1}[2]}" in why.latex()
    for number in (
        float(m.replace("−", "-")) for m in re.findall(r"∂C/∂γ1\[2\] .* ≈ ([-−\d.]+)$", lines[1])
    ):
        assert number == pytest.approx(p.layers[0].norm.dweight[2], rel=1e-2)


def test_a_shift_over_a_batch_is_a_mean():
    text = nn.probe(model("after"), X, Y, LOSS).explain("layers.1.norm.bias[1]").text()
    assert "∂C/∂β2[1] = 1/m·Σ_x ∂c/∂y2[1] ≈ " in text


@pytest.mark.parametrize("target", ["layers.2.norm.weight[0]", "γ1[5]", "β4[0]"])
def test_a_scale_that_is_not_there_is_said_so(target):
    with pytest.raises(ValueError, match="explain takes the path of a weight"):
        nn.probe(model(), X[0], Y[0], LOSS).explain(target)


def test_formulas_of_notes_that_need_one_g_for_each_unit_have_no_meaning_here():
    p = nn.probe(model(), X[0], Y[0], LOSS)
    assert p.holds("∂C/∂W_ij = a_i δ_j")
    assert "no function of one z_j alone" in str(p.holds("a_j = g(z_j)"))


@pytest.mark.parametrize("data", [(X[0], Y[0]), (X, Y)], ids=["one example", "a batch"])
def test_it_is_drawn_and_its_page_learns_scales_too(data, tmp_path):
    made = model()
    p = nn.probe(made, *data, LOSS)
    for level in ("neuron", "layer"):
        assert "layer_norm" in draw(p, level=level).svg()
    step_through(p, tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()
    assert "\\u03b31[2]" in text or "γ1[2]" in text


def test_a_probe_sees_that_a_scale_has_changed():
    made = model()
    p = nn.probe(made, X, Y, LOSS)
    made.layers[0].norm.weight[0].data += 1.0
    with pytest.raises(RuntimeError, match="parameters of layer 1 have changed"):
        _ = p.root
    assert p.check() < 64  # of the numbers that were probed


def test_a_film_has_the_scales_of_every_epoch(tmp_path):
    made = model()
    nn.fit(made, X, Y, loss=LOSS, epochs=3, progress=False, record=str(tmp_path / "film.html"))
    text = (tmp_path / "film.html").read_text()
    frames = re.findall(r'"parameters": ?(\[[^\]]+\])', text)
    assert {len(json.loads(frame)) for frame in frames} == {len(made.parameters())}
    assert re.search(r'"rest": ?\[\d+', text)


def test_second_derivatives_go_through():
    made = nn.MLP(2, [3, 1], "tanh", seed=1, layer_norm="before")
    check_gradients(lambda x, y: made([x, y])[0], 0.3, -1.2, order=2)
