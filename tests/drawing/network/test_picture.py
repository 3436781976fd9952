"""Pictures of networks, by neuron and by layer."""

import math
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest

from autograd import Value, draw
from autograd.drawing import LayerPicture, NetworkPicture
from autograd.drawing.colours import THEMES
from autograd.drawing.network.layers import layers_svg
from autograd.drawing.network.neurons import cards
from autograd.explanation.numerals import figure
from tests.drawing.network.networks import network

SVG = "{http://www.w3.org/2000/svg}"


def parts(drawing, part):
    root = ET.fromstring(drawing.svg())
    return [e for e in root.iter() if e.attrib.get("data-part") == part]


def words(element):
    return [t.text for t in element.iter(f"{SVG}text")]


def test_every_unit_is_a_card_with_z_a_and_delta():
    picture = network([2, 3, 1])
    shown = {e.attrib["id"]: words(e) for e in parts(draw(picture), "unit")}
    for number_, layer in enumerate(picture.layers, start=1):
        for j in range(layer.fan_out):
            assert shown[f"u{number_}-{j}"] == [
                "z", figure(layer.z[j]), "a", figure(layer.a[j]),
                "δ", figure(layer.delta[j], signed=True),
            ]  # fmt: skip


def test_every_weight_is_an_edge_with_its_gradient():
    picture = network([2, 3, 1])
    edges = parts(draw(picture), "weight")
    assert len(edges) == picture.weight_count
    for e in edges:
        layer, i, j = (int(e.attrib[f"data-{k}"]) for k in ("layer", "i", "j"))
        assert words(e) == [figure(picture.layers[layer - 1].dW[i][j], signed=True)]


def end(element):
    data = element.find(f"{SVG}path").attrib["d"]
    return float(re.findall(r"H([\d.]+)$", data)[0]), float(re.findall(r" ([\d.]+)H", data)[0])


def test_every_weight_ends_at_its_own_port_in_source_order():
    edges = parts(draw(network([4, 5, 2])), "weight")
    ends = [end(e) for e in edges]
    assert len(set(ends)) == len(ends)
    for target in {(e.attrib["data-layer"], e.attrib["data-j"]) for e in edges}:
        arriving = [e for e in edges if (e.attrib["data-layer"], e.attrib["data-j"]) == target]
        arriving.sort(key=lambda e: int(e.attrib["data-i"]))
        heights = [end(e)[1] for e in arriving]
        assert heights == sorted(heights)


def test_the_strongest_gradient_is_drawn_last():
    picture = network([3, 4, 2])
    for layer in (1, 2):
        sizes = [
            abs(picture.layers[layer - 1].dW[int(e.attrib["data-i"])][int(e.attrib["data-j"])])
            for e in parts(draw(picture), "weight")
            if e.attrib["data-layer"] == str(layer)
        ]
        assert sizes == sorted(sizes)


def test_width_grows_with_the_weight_and_opacity_with_its_gradient():
    layer = LayerPicture(W=[[1.0], [-2.0]], dW=[[0.5], [0.25]], delta=[1.0], z=[0.0], a=[0.0])
    picture = NetworkPicture([0.5, 0.25], [layer])
    first, second = sorted(parts(draw(picture), "weight"), key=lambda e: e.attrib["id"])
    line = [e.find(f"{SVG}path").attrib for e in (first, second)]
    thinnest = 1.0
    assert float(line[1]["stroke-width"]) - thinnest == pytest.approx(
        2 * (float(line[0]["stroke-width"]) - thinnest)
    )
    assert float(line[0]["stroke-opacity"]) == 1.0
    assert float(line[1]["stroke-opacity"]) == pytest.approx(0.18 + 0.82 * 0.5**0.6, abs=0.01)


def test_the_border_of_a_unit_is_the_sign_of_delta():
    picture = network([3, 5, 2])
    theme = THEMES["light"]
    for e in parts(draw(picture), "unit"):
        delta = picture.layers[int(e.attrib["data-layer"]) - 1].delta[int(e.attrib["data-j"])]
        assert e.find(f"{SVG}rect").attrib["stroke"] == theme.sign(delta)


@pytest.mark.parametrize(("sizes", "numbered"), [([4, 6], True), ([5, 4], False), ([4, 7], False)])
def test_edges_carry_numbers_only_where_they_can_be_read(sizes, numbered):
    assert all(bool(words(e)) == numbered for e in parts(draw(network(sizes)), "weight"))


def test_cards_of_a_layer_do_not_overlap():
    for column in cards(network([3, 20, 6, 1])):
        for above, below in pairwise(column):
            assert above.y + above.height < below.y


def test_unknown_gradients_are_dashes():
    drawing = draw(network([2, 3, 1], gradients=False))
    assert all(words(e)[-1] == "—" for e in parts(drawing, "unit"))
    assert not any(words(e) for e in parts(drawing, "weight"))
    assert "not known" in draw(network([2, 3, 1], gradients=False), level="layer").svg()


def test_without_gradients_the_heat_map_is_that_of_the_weights():
    picture = network([2, 3, 1], gradients=False)
    W = picture.layers[0].W
    svg = draw(picture, level="layer").svg()
    for i, row in enumerate(W):
        for j, weight in enumerate(row):
            assert f"<title>W1[{i},{j}] = {weight!r}</title>" in svg
            assert f">{figure(weight, signed=True)}<" in svg
    assert "∂C/∂W1[" not in svg


def colours(drawing, part, layer):
    return {
        (e.attrib.get("data-i"), e.attrib.get("data-j")): words(e)
        for e in parts(drawing, part)
        if e.attrib["data-layer"] == str(layer)
    }


def test_the_heat_map_of_a_layer_stands_between_its_factors():
    picture = network([3, 4, 2])
    drawing = draw(picture, level="layer")
    layer = picture.layers[0]
    a, delta, matrix = (colours(drawing, part, 1) for part in ("a", "delta", "cell"))
    assert a[("1", None)] == [figure(picture.inputs[1], signed=True)]
    assert delta[(None, "2")] == [figure(layer.delta[2], signed=True)]
    assert matrix[("1", "2")] == [figure(picture.inputs[1] * layer.delta[2], signed=True)]
    assert len(matrix) == 12


def test_binning_keeps_the_outer_product():
    fine = network([130, 70])
    svg = layers_svg(fine, THEMES["light"])
    assert "mean of 3×2 weights" in svg
    a = [sum(fine.inputs[k : k + 3]) / len(fine.inputs[k : k + 3]) for k in range(0, 130, 3)]
    delta = [sum(fine.layers[0].delta[k : k + 2]) / 2 for k in range(0, 70, 2)]
    shown = [float(x) for x in re.findall(r"mean of a bin = (\S+?)<", svg)]
    expected = [*delta, *a, *(x * d for x in a for d in delta)]
    assert shown == pytest.approx(expected, rel=1e-8)  # nine digits of a mean are shown


def test_a_batch_shows_the_mean_without_strips():
    drawing = draw(network([2, 3, 1], samples=50), level="layer")
    assert not parts(drawing, "a") and not parts(drawing, "delta")
    for level in ("neuron", "layer"):
        drawing = draw(network([2, 3, 1], samples=50), level=level)
        assert "mean over 50 examples" in drawing.svg()
        assert "mean over 50 examples" in drawing.text()


@pytest.mark.parametrize("sizes", [[40, 40], [2, 31, 32, 32], [784, 100, 10]])
def test_a_network_too_large_for_neurons_is_drawn_by_layer_and_says_so(sizes):
    for level in ("auto", "neuron"):
        drawing = draw(network(sizes), level=level)
        assert repr(drawing).startswith("Drawing(layer")
        assert 'level="neuron", max_nodes=' in "".join(ET.fromstring(drawing.svg()).itertext())
        assert len(drawing.svg()) < 2_500_000


def test_max_nodes_undoes_the_collapse():
    picture = network([33, 3])
    assert len(parts(draw(picture, level="neuron", max_nodes=200), "weight")) == 99


@pytest.mark.parametrize("level", ["neuron", "layer"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_same_numbers_give_the_same_bytes(level, theme):
    first, second = (draw(network([2, 3, 1]), level=level, theme=theme) for _ in range(2))
    assert (first.svg(), first.dot(), first.text()) == (second.svg(), second.dot(), second.text())
    ET.fromstring(first.svg())


@pytest.mark.parametrize("level", ["neuron", "layer"])
def test_hostile_names_and_numbers_break_nothing(level):
    layer = LayerPicture(
        W=[[math.nan], [math.inf]], z=[math.inf], a=[math.nan], delta=[-math.inf],
        dW=[[math.nan], [-math.inf]], activation='</script><b>"\\N\x00&' + "x" * 10_000,
    )  # fmt: skip
    drawing = draw(NetworkPicture([math.nan, 1e308], [layer], math.nan), level=level)
    ET.fromstring(drawing.svg())
    assert "<b>" not in drawing.html() and len(drawing.html()) < 20_000
    assert "NaN" in drawing.text() and drawing.dot()


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@pytest.mark.parametrize("level", ["neuron", "layer"])
def test_the_dot_text_of_a_network_is_understood_by_graphviz(level):
    source = draw(network([2, 3, 1]), level=level).dot()
    done = subprocess.run(["dot", "-Tplain"], input=source, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("node ") == (6 if level == "neuron" else 3)


@pytest.mark.parametrize(
    ("thing", "level", "way_out"),
    [
        (Value(1.0), "neuron", "probe"),
        (Value(1.0), "layer", "probe"),
        ("net", "expression", "loss"),
    ],
)
def test_a_level_that_the_thing_does_not_have_is_refused(thing, level, way_out):
    thing = network([1, 1]) if thing == "net" else thing
    with pytest.raises(ValueError, match=way_out):
        draw(thing, level=level)


class Probed:
    """Something with a graph and a network, as a probe of a model is."""

    def __init__(self, root):
        self.root = root

    def picture(self):
        return network([2, 3, 1])


def chain(length):
    node = Value(1.0, "x")
    for _ in range(length):
        node = node * 1.5
    return node


def test_a_probed_model_is_drawn_at_every_level():
    probed = Probed(chain(3))
    assert repr(draw(probed)).startswith("Drawing(expression")
    assert "+3.375" in draw(probed).text()  # 1.5³, though nobody called backward
    assert probed.root.grad == 0.0
    assert repr(draw(probed, level="neuron")).startswith("Drawing(neuron")
    assert repr(draw(probed, level="layer")).startswith("Drawing(layer")


def test_auto_takes_what_can_be_read_on_a_page():
    """At 830 pixels no text is under 9, and no side over 2 000."""
    for sizes in (
        [2, 3, 1],
        [2, 8, 8, 1],
        [8, 8, 8],
        [2, 16, 16, 1],
        [64, 32, 10],
        [2, 3, 3, 3, 3, 1],
    ):
        root = ET.fromstring(draw(network(sizes)).svg())
        _, _, width, height = map(float, root.attrib["viewBox"].split())
        scale = min(1.0, 830 / width)
        texts = root.iter("{http://www.w3.org/2000/svg}text")
        smallest = min(float(text.attrib.get("font-size", 12)) for text in texts)
        assert smallest * scale >= 9 - 1e-9 and height * scale <= 2000, sizes


def test_a_graph_too_large_is_drawn_by_neuron_where_there_is_a_network():
    drawing = draw(Probed(chain(600)))
    assert repr(drawing).startswith("Drawing(neuron")
    assert "max_nodes = 500" in drawing.svg()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: LayerPicture(W=[[1.0], [1.0, 2.0]]), "rows of one length"),
        (lambda: LayerPicture(W=[]), "at least 1"),
        (lambda: LayerPicture(W=[[1.0, 2.0]], z=[1.0]), r"z must have the shape \(2,\)"),
        (lambda: LayerPicture(W=[[1.0, 2.0]], dW=[[1.0], [2.0]]), r"dW must .* \(1, 2\)"),
        (lambda: NetworkPicture([1.0], [LayerPicture(W=[[1.0], [2.0]])]), "inputs must"),
        (lambda: NetworkPicture(None, [LayerPicture(W=[[1.0]]), LayerPicture(W=[[1.0]] * 2)]),
         "W of layer 2"),
    ],
)  # fmt: skip
def test_numbers_of_the_wrong_shape_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


def test_a_network_picture_takes_layer_pictures_only():
    with pytest.raises(TypeError, match="LayerPicture"):
        NetworkPicture([1.0], [[1.0]])
