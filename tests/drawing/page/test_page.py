"""The page that steps through the backward pass, as text: what it embeds and what not."""

import json
import math
import random
import re
import zlib
from base64 import b64decode
from importlib.resources import files

import pytest

from autograd import Value, step_through, tanh, topological, total
from autograd.drawing.graph.reading import read
from autograd.drawing.graph.walks import walk
from autograd.drawing.page.document import SCRIPTS
from autograd.drawing.page.steps import backward_steps
from nn import MLP, probe
from tests.drawing.network.networks import network


def small():
    w, x = Value(-1.2, "w"), Value(0.5, "x")
    return tanh(w * x) + 0.1 * w**2


def probed(sizes=(2, 3, 1), seed=3):
    model = MLP(sizes[0], list(sizes[1:]), activation="tanh", seed=seed)
    return probe(model, [0.5, -1.2][: sizes[0]], [0.8], "half_squared_error")


def chain(length):
    node = Value(1.0, "x")
    for _ in range(length):
        node = node * 1.0001
    return node


def data_of(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page.html(), re.S)[1])


def test_the_same_graph_gives_the_same_bytes():
    assert step_through(small()).html() == step_through(small()).html()
    assert step_through(probed()).html() == step_through(probed()).html()


def test_the_page_is_written_where_a_path_is_given(tmp_path):
    page = step_through(small(), tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == page.html()
    assert [*tmp_path.iterdir()] == [tmp_path / "page.html"]


def test_the_policy_allows_nothing_but_the_page_itself():
    html = step_through(probed()).html()
    assert "default-src 'none'; script-src 'sha256-" in html
    assert not re.search(r"<link|<img|@import|url\(|\sstyle=|\son\w+=|unsafe-", html)
    assert set(re.findall(r"https?://[^\"' <]*", html)) == {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize(
    "label",
    [
        "</script><script>alert(1)</script>",
        "<!--",
        "\u2028\u2029",
        "w" * 10_000,
        "\ud800",
        "מ<b>&'\"",
    ],
)
def test_no_label_breaks_out_of_the_page(label):
    x = Value(2.0, label)
    root = x * x
    root.label = label
    page = step_through(root)
    assert page.html().count("<script") == 2
    assert len(page.html().encode()) < 160_000
    assert data_of(page)["boxes"]


def test_numbers_that_json_does_not_have_are_strings():
    x = Value(math.inf, "x")
    data = data_of(step_through(x * x + Value(math.nan, "y") * x))
    assert {"Infinity", "NaN"} <= {edge[2] for edge in data["edges"]}


def test_stepping_through_reads_and_changes_no_grad():
    root = small()
    root.backward()
    before = [v.grad for v in topological(root)]
    page = step_through(root)
    assert [v.grad for v in topological(root)] == before
    assert page.html() == step_through(small()).html()


def test_an_operation_comes_after_all_its_users():
    p = probed((2, 4, 3, 1))
    drawn = read([p.root], walk([p.root], 1000))
    units = p.drawing_options()["units"]
    operations = backward_steps(drawn, [0.0] * len(drawn.boxes), units).operations
    place = {box: k for k, box in enumerate(operations)}
    assert len(place) == len(operations) == sum(b.kind == "node" for b in drawn.boxes)
    for edge in drawn.edges:
        if drawn.boxes[edge.source].kind == "node":
            assert place[edge.target] < place[edge.source]


def test_steps_go_layer_by_layer_then_neuron_by_neuron():
    p = probed((2, 4, 3, 1))
    drawn = read([p.root], walk([p.root], 1000))
    units = p.drawing_options()["units"]
    steps = backward_steps(drawn, [0.0] * len(drawn.boxes), units)
    z = {box: unit for unit, box in steps.boxes.items()}
    order = [z[box] for box in steps.operations if box in z]
    assert order == [(3, 0), (2, 0), (2, 1), (2, 2), (1, 0), (1, 1), (1, 2), (1, 3)]


def test_a_unit_of_separate_products_has_its_weights_before_the_next_unit_begins():
    x = [Value(0.5, "x0"), Value(-1.0, "x1")]
    w = [[Value(0.1 * (i + 2 * j + 1), f"w{i}{j}") for i in range(2)] for j in range(2)]
    z = [sum(a * b for a, b in zip(x, row, strict=True)) for row in w]
    a = [tanh(t) for t in z]
    root = a[0] * a[1]
    drawn = read([root], walk([root], 1000))
    steps = backward_steps(drawn, [0.0] * len(drawn.boxes), [list(zip(z, a, strict=True))])
    symbols = [drawn.boxes[box].symbol for box in steps.operations]
    assert symbols == ["×", "tanh", "+", "×", "×", "tanh", "+", "×", "×"]
    assert steps.counts == {(1, 0): 5, (1, 1): 9}


@pytest.mark.parametrize(
    ("sizes", "views"),
    [
        ([2, 3, 1], ["neurons", "layers"]),
        ([64, 32, 10], ["layers", "focus"]),
        ([300, 100, 10], ["layers", "focus"]),
    ],
)
def test_a_page_stays_below_one_megabyte(sizes, views):
    page = step_through(network(sizes))
    html = page.html()
    assert len(html.encode()) <= 1_000_000
    shown = html if 'id="view-' in html else unpacked(html)["views"]
    assert re.findall(r'id="view-(\w+)"', shown) == views


def unpacked(html):
    packed = json.loads(re.search(r'id="data">(.*?)</script>', html)[1])
    return json.loads(zlib.decompress(b64decode(packed)))


def tangle(count):
    """Return a root that depends on `count` nodes, some of them far apart."""
    rng = random.Random(0)
    leaves = [Value(rng.uniform(-1, 1), f"w{k}") for k in range(count // 8)]
    nodes, unused = [*leaves], dict.fromkeys(leaves)
    while len(nodes) < count - 1:
        a, b = rng.choice(nodes[-60:]), rng.choice(nodes)
        nodes.append(tanh(a) if rng.random() < 0.3 else a * b)
        for used in nodes[-1].parents:
            unused.pop(used, None)
        unused[nodes[-1]] = None
    return total(list(unused))


def test_2500_nodes_fit_into_one_megabyte_with_their_tooltips():
    root = tangle(2500)
    page = step_through(root)
    html = page.html()
    assert len(html.encode()) <= 1_000_000
    assert html == step_through(root).html()
    content = unpacked(html)
    assert len(json.loads(content["data"])["boxes"]) == 2500
    assert content["views"].count('data-part="box"') == 2500
    assert content["views"].count("<title>") > 2500


def test_a_graph_beyond_the_limit_keeps_the_network_alone():
    class Probed:
        root = chain(3000)

        def picture(self):
            return network([2, 3, 1])

    page = step_through(Probed())
    assert not data_of(page)["boxes"]
    assert repr(page) == "Page(4 units)"


def test_a_graph_beyond_the_limit_without_a_network_is_refused():
    with pytest.raises(ValueError, match=r"at most 2500 nodes.*probe"):
        step_through(chain(3000))


def test_a_batch_can_be_stepped_through():
    model = MLP(2, [3, 1], activation="tanh")
    batch = probe(model, [[0.5, 1.0], [1.0, 2.0]], [[0.5], [1.0]], "half_squared_error")
    assert "mean over 2 examples" in step_through(batch).html()


def test_a_notebook_shows_the_page_in_a_sandbox():
    shown = step_through(small())._repr_html_()
    assert '<iframe sandbox="allow-scripts" srcdoc="&lt;!DOCTYPE html&gt;' in shown
    assert re.sub(r"<iframe.*</iframe>", "", shown).startswith('<div style="display:grid')
    assert '<img alt="expression, 8 nodes" src="data:image/svg+xml;base64,' in shown


@pytest.mark.parametrize("thing", [3.0, None, "x", [], object()])
def test_nothing_else_can_be_stepped_through(thing):
    with pytest.raises(TypeError, match="step_through takes"):
        step_through(thing)


def test_a_list_and_an_unknown_theme_are_refused():
    with pytest.raises(TypeError, match="one Value"):
        step_through([Value(1.0), Value(2.0)])
    with pytest.raises(ValueError, match="theme must be one of"):
        step_through(small(), theme="sepia")


def test_a_script_can_be_read_at_one_go():
    folder = files("autograd.drawing")
    scripts = [*(folder / "page").iterdir(), *folder.iterdir()]
    lengths = {
        path.name: len(path.read_text(encoding="utf-8").splitlines())
        for path in scripts
        if path.name.endswith((".js", ".css", ".html"))
    }
    assert len(lengths) > 12
    assert not {name: count for name, count in lengths.items() if count > 300}
    named = {f"{name}.js" for name in SCRIPTS} - {"RULES.js"}
    assert named | {"notebook.js"} == {name for name in lengths if name.endswith(".js")}
