"""`Drawing`: formats, notebook display, limits, fall-backs."""

import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from base64 import b64decode
from html.parser import HTMLParser

import pytest

import autograd
from autograd import Value, draw, tanh
from autograd.drawing import render, svg
from autograd.drawing.colours import THEMES
from nn import MLP, Layer, Neuron

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")

HOSTILE = {
    "markup": "<b>&amp; \"double\" 'single'</b>",
    "script": "</script><script>alert(1)</script>",
    "long": "w" * 10_000,
    "right to left": "משקל אحمد",
    "control": "a\x00b\x1b[0m\nc\td",
    "surrogate": "\ud800x",
    "backslash": "\\N\\G\\",
    "comment": "--> ]]> <!-- <svg",
    "record": "{a|b}<port>",
    "placeholder": "#2 ## #1",
    "combining": "é" + "\u0301" * 50,
    "wide": "重み" * 20,
    "spaces": "   ",
}


def small():
    w, x = Value(-1.2, "w"), Value(0.5, "x")
    root = tanh(w * x) + 0.1 * w**2
    root.backward()
    return root


def chain(length):
    node = Value(1.0)
    for _ in range(length):
        node = node * 1.0001
    return node


@pytest.fixture(params=["graphviz", "none"])
def layout(request, monkeypatch):
    """Graphviz where it is installed, and no Graphviz at all."""
    if request.param == "none":
        monkeypatch.setattr(render, "with_graphviz", lambda source, format: None)
    elif shutil.which("dot") is None:
        pytest.skip("Graphviz is not installed")
    return request.param


def test_the_same_graph_gives_the_same_bytes(layout):
    first, second = draw(small()), draw(small())
    assert first.svg() == second.svg()
    assert first.html() == second.html()
    assert first.dot() == second.dot()
    assert first.text() == second.text()


SIGNED = {  # with how many words that have a sign: partials that are no 1, and contributions
    "a product turned round": (lambda a, b: -(a * b) + a, 6),  # a: ×−3 ⇒ +3, ×1 ⇒ +1; b: ×2; ×−1
    "a number below zero": (lambda a, b: a * -1.2, 1),
    "a square taken away": (lambda a, b: a * b - b * b, 8),  # b: ×2 ⇒ +2, twice ×−3 ⇒ +3
    "a quotient": (lambda a, b: a / b, 2),
}


@pytest.mark.parametrize("name", SIGNED)
def test_a_contribution_and_its_partial_each_have_the_colour_of_their_sign(layout, name):
    make, count = SIGNED[name]
    root = make(Value(2.0, "a"), Value(-3.0, "b"))
    root.backward()
    svg = draw(root, theme="light").svg()
    words = [text for text in re.findall(r">([^<>]*[×⇒][^<>]*)<", svg) if re.search(r"\d", text)]
    assert len(words) == count
    for text in words:
        colour = re.search(r'fill="(#\w{6})"[^>]*>' + re.escape(text), svg)[1].upper()
        sign = THEMES["light"].negative if "−" in text else THEMES["light"].positive
        assert colour == sign, text


def test_a_label_with_backslashes_is_shown_as_it_is(layout):
    a = Value(2.0, r"\Gamma")
    y = a * 3.0
    y.label = r"\N\n\L"
    svg = draw(y, groups={a: r"\E\G"}).svg()
    drawn = ET.fromstring(svg)
    texts = [e.text for e in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {r"\Gamma", r"\N\n\L", r"\E\G"} <= set(texts)
    readable = svg.replace("\u2060", "")
    assert r"\Gamma = 2.0" in readable
    assert r"\N\n\L = 6.0" in readable


def test_the_picture_is_well_formed(layout):
    drawn = ET.fromstring(draw(small()).svg())
    shown = " ".join(" ".join(drawn.itertext()).split())
    assert "tanh" in shown
    assert "×−2.4 ⇒ −0.24" in shown


def test_the_drawing_keeps_the_numbers_of_its_moment():
    root = small()
    drawing = draw(root)
    before = drawing.text()
    root.backward()
    assert drawing.text() == before
    assert draw(root).text() != before


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_background_is_opaque(layout, theme):
    background = {"light": "#ffffff", "dark": "#0d1117"}[theme]
    svg = draw(small(), theme=theme).svg().lower().replace('"white"', '"#ffffff"')
    assert f'fill="{background}"' in svg


def ids(html):
    return re.findall(r'\sid="([^"]*)"', html)


def test_two_displays_in_a_notebook_share_no_id(layout):
    drawing = draw(small())
    first, second = (drawing._repr_mimebundle_()["image/svg+xml"] for _ in range(2))
    assert ids(first)
    assert not {*ids(first)} & {*ids(second)}
    for shown in (first, second):
        assert len(ids(shown)) == len({*ids(shown)})
        assert {*re.findall(r'href="#([^"]*)"', shown)} <= {*ids(shown)}


def test_the_notebook_bundle_holds_picture_and_text(layout):
    drawing = draw(small())
    bundle = drawing._repr_mimebundle_()
    assert set(bundle) == {"text/html", "image/svg+xml", "text/plain"}
    assert bundle["text/plain"] == drawing.text()
    ET.fromstring(bundle["image/svg+xml"])


@pytest.mark.parametrize("label", HOSTILE.values(), ids=HOSTILE)
def test_no_label_breaks_a_picture(layout, label):
    leaf = Value(2.0, label)
    root = leaf * leaf + Value(1.0, label)
    root.label = label
    root.backward()
    drawing = draw(root, groups={leaf: label})
    svg, html = drawing.svg(), drawing.html()
    ET.fromstring(svg)
    assert "<script" not in html
    assert len(svg) < 40_000
    html.encode()
    drawing.text().encode()
    drawing._repr_mimebundle_()


@pytest.mark.parametrize("suffix", [".svg", ".dot", ".html", ".txt"])
def test_save_writes_the_format_of_the_suffix_and_nothing_else(tmp_path, layout, suffix):
    drawing = draw(small())
    path = tmp_path / f"picture{suffix}"
    drawing.save(path)
    assert path.read_text(encoding="utf-8") == getattr(drawing, suffix[1:].replace("txt", "text"))()
    assert [*tmp_path.iterdir()] == [path]


@needs_dot
@pytest.mark.parametrize(("suffix", "magic"), [(".png", b"\x89PNG"), (".pdf", b"%PDF")])
def test_png_and_pdf_come_from_graphviz(tmp_path, suffix, magic):
    path = tmp_path / f"picture{suffix}"
    draw(small()).save(path)
    assert path.read_bytes().startswith(magic)
    assert [*tmp_path.iterdir()] == [path]


def test_pygraphviz_draws_where_there_is_no_dot(tmp_path, monkeypatch):
    pytest.importorskip("pygraphviz")
    monkeypatch.setattr(render, "_by_program", lambda source, format: None)
    monkeypatch.setenv("PATH", "/nonexistent")
    drawing = draw(small())
    drawing.save(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    assert "tanh" in "".join(ET.fromstring(drawing.svg()).itertext())


@pytest.mark.parametrize(("suffix", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_cairosvg_draws_what_graphviz_does_not(tmp_path, monkeypatch, suffix, magic):
    try:
        import cairosvg  # noqa: F401
    except (ImportError, OSError):  # OSError: its C library is missing
        pytest.skip("cairosvg is not installed")
    monkeypatch.setattr(render, "with_graphviz", lambda source, format: None)
    draw(small()).save(tmp_path / f"picture.{suffix}")
    assert (tmp_path / f"picture.{suffix}").read_bytes().startswith(magic)


def test_a_display_never_raises(monkeypatch):
    def broken(source):
        raise OSError("the disk is full")

    monkeypatch.setattr(render, "graphviz_svg", broken)
    assert set(draw(small())._repr_mimebundle_()) == {"text/plain"}


def test_a_png_that_nothing_can_make_names_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(render, "with_graphviz", lambda source, format: None)
    monkeypatch.setattr(shutil, "which", lambda program: None)
    monkeypatch.setitem(__import__("sys").modules, "cairosvg", None)
    with pytest.raises(RuntimeError, match="Install one of them"):
        draw(small()).save(tmp_path / "picture.png")
    assert not [*tmp_path.iterdir()]


def test_an_unknown_suffix_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"suffix must be .* got 'picture.jpg'"):
        draw(small()).save(tmp_path / "picture.jpg")


def test_above_the_limit_the_error_names_the_way_out():
    drawing = draw(chain(600))
    for make in (drawing.svg, drawing.dot, drawing.html):
        with pytest.raises(ValueError, match=r"max_nodes = 500.*level=") as error:
            make()
        assert len(str(error.value)) < 400
    assert "more than 500" in repr(drawing)
    assert "more than 500" in drawing.text()
    assert set(drawing._repr_mimebundle_()) == {"text/plain"}


def test_a_higher_limit_draws_it(layout):
    assert draw(chain(600), max_nodes=1300).svg().count('id="n') >= 600


def test_many_nodes_carry_no_edge_labels(layout):
    few, many = draw(chain(40)).svg(), draw(chain(200)).svg()
    assert "×1" in few
    assert "×1" not in re.sub(r"<title>.*?</title>|xlink:title=\"[^\"]*\"", "", many)


def test_a_graph_of_a_million_nodes_is_described_at_once():
    root = chain(1_000_000)
    drawing = draw(root)
    assert repr(drawing) == "Drawing(expression, more than 500 nodes)"
    assert len(drawing.text()) < 20_000


@pytest.mark.parametrize("kind", [float, Value])
def test_a_node_of_very_many_operands_is_described_at_once(kind):
    drawing = draw(autograd.total([Value(1.0), *map(kind, range(200_000))]))
    assert len(drawing.text()) < 20_000
    assert drawing._repr_mimebundle_()


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_a_drawing_runs_in_either_direction(layout, direction):
    drawn = ET.fromstring(draw(chain(5), rankdir=direction).svg())
    _, _, width, height = map(float, drawn.attrib["viewBox"].split())
    assert (width > height) == (direction == "LR")


def test_groups_become_nested_clusters():
    x, w = Value(1.0, "x"), Value(2.0, "w")
    z = w * x
    dot = draw(tanh(z), groups={z: ("layer 1 · 1→1 · tanh", "unit 0"), w: "layer 1 · 1→1 · tanh"})
    assert dot.dot().count("subgraph cluster_") == 2
    assert "layer 1 · 1→1 · tanh" in dot.dot()


def test_several_roots_share_one_picture():
    x = Value(1.0, "x")
    assert draw([x * x, x + x, x]).text().count("\n") == 5


@pytest.mark.parametrize("thing", [3.0, "x", [], [1.0], None, {}])
def test_only_graphs_and_networks_can_be_drawn(thing):
    with pytest.raises(TypeError, match="draw takes a Value"):
        draw(thing)


@pytest.mark.parametrize("option", ["level", "theme", "rankdir"])
def test_an_unknown_option_names_the_choices(option):
    with pytest.raises(ValueError, match=f"{option} must be one of"):
        draw(small(), **{option: "sideways"})


def test_drawing_before_backward_shows_dashes():
    x = Value(2.0, "x")
    assert draw(x * x).text().count("—") == 2


def test_drawing_changes_nothing():
    root = small()
    before = [(v.data, v.grad, v.label) for v in autograd.topological(root)]
    draw(root).svg()
    assert [(v.data, v.grad, v.label) for v in autograd.topological(root)] == before


def test_arrows_over_many_ranks_are_laid_out_without_graphviz(monkeypatch):
    monkeypatch.setattr(render, "with_graphviz", lambda source, format: pytest.fail("asked"))
    shared = [Value(0.01 * k) for k in range(90)]
    loop = Value(1.0)
    for k in range(446):
        loop = tanh(loop * shared[k % 90])
    drawing = draw(loop, max_nodes=1000)
    assert "laid out without it" in drawing.svg()
    assert "laid out without it" in drawing.text()


def test_ranks_crossed_are_counted_from_where_graphviz_puts_a_leaf():
    x, y = Value(1.0), Value(2.0)
    late = tanh(tanh(tanh(x))) * y  # y stands beside the last tanh, one rank from its use
    assert draw(late)._picture.picture.ranks_crossed() == 5
    assert draw(late + x)._picture.picture.ranks_crossed() == 5 + 1 + 5


ALLOWED = {"div", "img", "p", "pre", "span", "table", "tr", "td"}  # of what sanitisers leave


class Sanitised(HTMLParser):
    """What an untrusted notebook shows of HTML: no scripts, frames, styles or inline SVG."""

    def __init__(self, html):
        super().__init__()
        self.images, self.words = [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        if tag in ALLOWED and tag == "img":
            self.images.append(dict(attributes))

    def handle_data(self, words):
        self.words.append(words)


DRAWN = {
    "a graph": small,
    "a network": lambda: MLP(2, [3, 1], seed=3),
    "a layer": lambda: Layer(2, 2),
    "a neuron": lambda: Neuron(2),
}


@pytest.mark.parametrize("kind", DRAWN)
def test_an_untrusted_notebook_shows_the_picture_and_no_text_soup(layout, kind):
    drawing = draw(DRAWN[kind]())
    for html in (drawing._repr_mimebundle_()["text/html"], drawing._repr_html_()):
        shown = Sanitised(html)
        assert "".join(shown.words).strip() == ""
        (image,) = shown.images
        kind, data = image["src"].split(",")
        assert kind == "data:image/svg+xml;base64"
        assert b64decode(data).decode() == drawing.svg()
        assert image["alt"] == repr(drawing)


def test_html_is_a_table_where_a_picture_is_too_large():
    assert draw(chain(600))._repr_html_().startswith("<pre>node ")


def test_a_raster_has_a_face_with_every_sign_that_pictures_use():
    """A sign that a face lacks is drawn as the box of an unknown one, U+10FFFD."""
    pytest.importorskip("cairosvg")
    if not shutil.which("fc-match") or "DejaVu" not in fonts("DejaVu Sans"):
        pytest.skip("DejaVu Sans is not installed")

    def drawn(sign):
        words = svg.text(4, 16, sign, "#000")
        return render.rasterised(svg.document(24, 24, THEMES["light"], [words], name=""), "png")

    unknown = drawn("\U0010fffd")
    assert [sign for sign in "⇒⊗δ∂Σ×÷·…→−²⁻ᵢₖ" if drawn(sign) == unknown] == []


def fonts(name):
    return subprocess.run(["fc-match", name], capture_output=True, text=True, check=True).stdout


@needs_dot
def test_the_metadata_says_who_laid_it_out():
    assert "<metadata>layout: dot</metadata>" in draw(small(), layout="dot").svg()
    assert "<metadata>layout: own</metadata>" in draw(small(), layout="own").svg()


def test_a_layout_that_is_not_there_is_refused_by_name(monkeypatch):
    monkeypatch.setattr(render, "with_graphviz", lambda source, format: None)
    with pytest.raises(RuntimeError, match=r'layout="own"'):
        draw(small(), layout="dot").svg()
    assert "layout: own" in draw(small()).svg()


@needs_dot
def test_tooltips_of_graphviz_are_numbers_and_not_its_own_names():
    titles = re.findall(r"<title>([^<]*)</title>", draw(small(), layout="dot").svg())
    assert titles[0] == "computation graph"
    assert not [title for title in titles if re.fullmatch(r"n\d+(&#45;&gt;n\d+)?", title)]
    assert any(title.startswith("w = &#45;1.2, grad") for title in titles)


def test_a_wide_sum_is_folded_and_says_so(layout):
    root = autograd.total([Value(k + 1.0, f"x{k}") * 2.0 for k in range(30)])
    root.label = "S"
    svg = draw(root).svg()
    assert "… 23 more" in svg and "max_operands" in svg
    assert ">x6<" in svg and ">x7<" not in svg
    assert ">x29<" in draw(root, max_operands=30, layout="own").svg()
    weights = [Value(0.1, f"w{k}") for k in range(20)]
    assert "… 16 more pairs" in draw(autograd.dot(weights, [1.0] * 20, Value(1.0, "b"))).svg()


def test_every_name_that_a_box_uses_is_shown_by_a_box(layout):
    a, b, c, d = (Value(1.0 + k, "long_name_" + "abcd"[k]) for k in range(4))
    root = tanh(a * b + c * d) * a
    shown = re.findall(r"<text[^>]*>([^<]*)<", draw(root).svg())
    used = {name for text in shown for name in re.findall(r"\bn\d+\b", text)}
    assert used and used <= set(shown)


class Encoder:
    """A model that is no row of layers, as somebody's own class."""

    def __init__(self):
        self.parts = {"encoder.0.W[0][1]": Value(0.5), "encoder.0.W[0][0]": Value(0.1)}
        self.parts |= {"encoder.1.b[0]": Value(0.0), "scale": Value(2.0)}

    def named_parameters(self):
        return list(self.parts.items())


def test_a_model_of_layers_is_drawn_without_data():
    model = MLP(2, [3, 1], activation="tanh", seed=1)
    drawing = draw(model)
    assert repr(drawing) == "Drawing(neuron, network 2→3→1)"
    svg = drawing.svg()
    assert "layer 1 · 2→3 · tanh" in svg
    assert f"W1[1,2] = {model.layers[0].W[1][2].data!r}<" in svg
    assert "δ > 0" not in svg  # there are no gradients


def test_a_layer_and_a_neuron_are_models_too():
    assert repr(draw(Layer(3, 2))) == "Drawing(neuron, network 3→2)"
    neuron = Neuron(2, "tanh")
    assert f"W1[1,0] = {neuron.w[1].data!r}<" in draw(neuron).svg()


def test_any_model_is_drawn_by_the_names_of_its_parameters():
    drawing = draw(Encoder())
    assert repr(drawing) == "Drawing(model, Encoder, 4 parameters)"
    rows = [line.split() for line in drawing.text().splitlines()]
    assert ["encoder.0.W", "1×2", "2"] in rows and ["scale", "scalar", "1"] in rows
    ET.fromstring(drawing.svg())
    with pytest.raises(ValueError, match="model"):
        drawing.dot()


PRINTED = (
    "m", "p", "p.table()", "p.explain('layers.0.W[1][0]')", "p.draw()", "p.draw().text()",
    "p.layers[0]", "explain(y, x)", "explain(y, x).text()", "expression(y)", "draw(y)",
    "draw(y).text()", "compare(1., 2.)", "step_through(y)", "draw(m).text()",
)  # fmt: skip


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1", "cp850"])
def test_what_prints_falls_back_to_ascii(encoding):
    script = (
        "from autograd import *; import nn\n"
        "m = nn.MLP(2, [3, 1], activation='tanh', seed=0)\n"
        "p = nn.probe(m, [1., 2.], [1.], 'half_squared_error')\n"
        "x = Value(2., 'x'); y = tanh(x) * x\n"
        f"for thing in ({', '.join(PRINTED)}):\n"
        "    print(thing)\n"
        "    print('@@@')\n"
    )
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, env=environment, check=True
    )
    words = run.stdout.decode(encoding)
    assert len(words.split("@@@")) == len(PRINTED) + 1
    assert "MLP(2 -> 3 -> 1, tanh" in words
    assert "?" not in words
