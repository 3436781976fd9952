"""A derivation is the backward pass on paper: every line holds, and ends in the gradient."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.mathtext import MathTextParser

from autograd import gradients
from autograd.explanation.network import Network
from nn import MLP, Layer, Neuron, probe
from tests.explanation.reading import recheck, shows

X = [0.7, -1.2]


def networks():
    yield "tanh", probe(MLP(2, [3, 1], activation="tanh"), X, [0.4], "half_squared_error")
    yield (
        "sigmoid",
        probe(MLP(2, [3, 2, 2], activation="sigmoid", seed=3), X, [0.1, 0.9], "squared_error"),
    )
    yield "relu", probe(MLP(2, [5, 3], activation="relu", seed=2), X, 1, "cross_entropy")
    yield "wide", probe(MLP(2, [20, 1], activation="gelu", seed=2), X, [1.0], "half_squared_error")
    yield "outputs", probe(MLP(2, [3, 2], activation="softplus"), X)
    yield (
        "softmax",
        probe(
            MLP(2, [3, 3], activation=["softmax"], output="softmax"), X, [0, 0, 1], "squared_error"
        ),
    )
    yield "layer", probe(Layer(2, 3), X)
    yield "neuron", probe(Neuron(2), X, [0.3], "half_squared_error")


NETWORKS = dict(networks())


@pytest.fixture(params=NETWORKS)
def probed(request):
    return NETWORKS[request.param]


def results(text):
    """{what a line is about: its printed result}, each line recomputed on the way."""
    lines = [line for line in text.splitlines() if re.search(r"[=≈] [−\d][^ ]*$", line)]
    return {line.split(" = ")[0]: recheck(line) for line in lines}


def test_every_parameter_is_derived_and_every_line_recomputes(probed):
    for name, parameter in probed.model.named_parameters():
        text = probed.explain(name).text()
        found = results(text)
        (subject,) = [s for s in found if s.startswith("∂C/∂")]
        assert shows(found[subject], gradients(probed.root, parameter))


def test_printed_deltas_are_those_of_the_probe(probed):
    for parameter in probed.model.parameters():
        for subject, result in results(probed.explain(parameter).text()).items():
            match = re.fullmatch(r"δ(\d*)\[(\d+)\]", subject)
            if match:
                layer = probed.layers[int(match[1] or 1) - 1]
                assert shows(result, layer.delta[int(match[2])])


def test_derivations_go_down_to_the_loss(probed):
    name, _ = probed.model.named_parameters()[0]
    text = probed.explain(name).text()
    assert re.search(r"^c = ", text, flags=re.M)
    assert re.search(r"^∂c/∂[az]", text, flags=re.M)


def test_inputs_have_their_sensitivity(probed):
    leaves = probed.layers[0].nodes.inputs
    for i, expected in enumerate(gradients(probed.root, leaves)):
        found = results(probed.explain(f"x[{i}]").text())
        (subject,) = [s for s in found if re.fullmatch(rf"∂c/∂(a0|x)\[{i}\]", s)]
        assert shows(found[subject], expected)


def test_latex_renders(probed):
    parser = MathTextParser("path")
    targets = [probed.model.named_parameters()[0][0], "x[0]", "layers.0"]
    for target in targets:
        for line in probed.explain(target).latex().split(" \\\\\n"):
            assert parser.parse(f"${line}$").width > 0


def test_a_layer_is_told_in_matrices():
    p = NETWORKS["sigmoid"]
    text = p.explain("layers.1").text()
    assert "∂C/∂W2 = a1ᵀ·δ2   (3,2) = (3,1)·(1,2)" in text
    assert "δ2 = (δ3·W3ᵀ) ⊙ g'(z2)" in text
    assert "δ3 = ∂c/∂a3 ⊙ g'(z3)" in p.explain("layers.2").text()
    printed = re.search(r"∂C/∂b2 ≈ \[(.*)\]", text)[1].split(", ")
    assert all(map(shows, printed, p.layers[1].db))
    rows = re.findall(r"[−\d.e]+", re.search(r"∂C/∂W2 ≈ (.*)", text)[1])
    assert all(map(shows, rows, p.layers[1].dW.ravel()))


def test_a_softmax_layer_is_told_by_its_jacobian():
    p = NETWORKS["softmax"]
    text = p.explain("layers.1").text()
    assert "δ2 = ∂c/∂a2·∂a2/∂z2" in text
    rows = re.findall(r"[−\d.e]+", re.search(r"∂a2/∂z2 ≈ (.*)", text)[1])
    jacobian = np.array([float(x.replace("−", "-")) for x in rows]).reshape(3, 3)
    assert p.layers[1].da @ jacobian == pytest.approx(p.layers[1].delta, rel=0.05, abs=1e-3)


def test_the_example_of_the_text_books_reads_as_written():
    hidden = SimpleNamespace(
        W=[[0.1], [0.2]], a=[0.6], slope=[0.593], delta=[0.342], activation="tanh"
    )
    delta = 0.593 * -0.651 * -0.886
    hidden.delta = [delta]
    last = SimpleNamespace(
        W=[[-0.651]], a=[0.114], slope=[1.0], delta=[-0.886], da=[-0.886], activation="identity"
    )
    lines = [line.text() for line in Network([0.5, -1.2], [hidden, last]).weight(1, 1, 0)]
    assert lines == [
        "∂C/∂W1[1,0] = a0[1]·δ1[0] ≈ (−1.2)·0.342 ≈ −0.410",
        "g'(z1[0]) = 1 - a1[0]*a1[0] = 0.593",
        "δ1[0] = g'(z1[0])·Σ_k W2[0,k]·δ2[k] = 0.593·((−0.651)·(−0.886)) ≈ 0.342",
        "δ2[0] = g'(z2[0])·∂c/∂a2[0] = 1·(−0.886) = −0.886",
    ]


def test_batches_are_means_over_examples():
    rows, targets = [[0.7, -1.2], [0.1, 0.4], [-1.0, 0.2]], [[0.4], [0.0], [1.0]]
    p = probe(MLP(2, [3, 1], activation="tanh"), rows, targets, "half_squared_error")
    for name, expected in [("W1[1,2]", p.layers[0].dW[1, 2]), ("b1[0]", p.layers[0].db[0])]:
        text = p.explain(name).text()
        found = results(text)
        assert shows(found[f"∂C/∂{name}"], expected)
        assert "mean over 3 examples" in text
    assert "∂C/∂W1 = 1/m·a0ᵀ·δ1   (2,3) = (2,3)·(3,3)" in p.explain("layers.0").text()
    with pytest.raises(ValueError, match=r"one example to explain a0\[0\]"):
        p.explain("x[0]")


def test_wide_sums_say_what_they_left_out():
    p = NETWORKS["wide"]
    text = p.explain("x[0]").text()
    assert "the largest 8, and the sum of 12 more" in text
    assert len(re.findall(r"^δ1\[", text, flags=re.M)) == 8


def test_the_names_of_formulas_and_of_parameters_are_both_understood():
    p = NETWORKS["tanh"]
    parameter = p.model.layers[0].W[1][2]
    same = {p.explain(target).text() for target in ("layers.0.W[1][2]", "W1[1,2]", parameter)}
    assert len(same) == 1


@pytest.mark.parametrize(
    "target", ["", "W", "layers.7", "layers.0.W[2][0]", "layers.0.b[3]", "x[2]", "W3[0,0]", "v[1]"]
)
def test_unknown_names_are_refused_with_the_known_ones(target):
    with pytest.raises(ValueError, match=r"layers\.0\.W"):
        NETWORKS["tanh"].explain(target)


def test_a_weight_that_is_in_a_penalty_too_is_said_to_be():
    model = MLP(2, [2, 1], activation="tanh")
    w = model.layers[0].W[0][0]
    p = probe(model, X, [0.4], lambda a, y: (a[0] - y[0]) ** 2 + 0.5 * w * w)
    assert "acts on c in other ways too" in p.explain(w).text()
    assert "other ways" not in p.explain("W1[0,1]").text()


def test_nothing_is_computed_twice():
    p = NETWORKS["tanh"]
    layer = p.layers[0]
    line = Network(layer.inputs, p.layers).weight(1, 1, 0)[0]
    assert line.value == layer.dW[1, 0]  # bit for bit
    assert np.shares_memory(layer.delta, p.layers[0].delta)
