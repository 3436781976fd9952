"""Numbers that are changed in the page, beside a fresh run of the engine."""

import math
import random
import re

import numpy as np
import pytest

from autograd import (
    Value,
    detach,
    floor,
    gradients,
    log_softmax,
    softmax,
    sqrt,
    step_through,
    tanh,
    topological,
    total,
)
from autograd.explanation.network import Network
from autograd.explanation.numerals import figure
from autograd.table import PRIMITIVES, primitive
from nn import MLP, SGD, Film, cross_entropy, fit, probe
from tests.drawing.page.test_browser import address, choose, press, reload
from tests.explanation.reading import random_graph

TOLERANCE = 1e-12


def formula(w=-1.2, b=0.3, x=0.5, y=0.8):
    leaves = [Value(w, "w"), Value(b, "b"), Value(x, "x"), Value(y, "y")]
    w, b, x, y = leaves
    root = (tanh(w * x + b) - y) ** 2 + 0.1 * w**2 / (1.0 + abs(x))
    root.label = "C"
    return root, leaves


def recurrent(u=0.7, v=-0.4, b=0.1, x0=0.5, x1=-1.0, x2=0.25):
    """An RNN of one unit over three inputs: u, v and b are used at every step."""
    numbers = {"u": u, "v": v, "b": b, "x0": x0, "x1": x1, "x2": x2}
    leaves = [Value(number, name) for name, number in numbers.items()]
    u, v, b, *xs = leaves
    h = Value(0.0, "h")
    for x in xs:
        h = tanh(u * h + v * x + b)
    return (h - 0.5) ** 2, leaves


def classes(z0=0.3, z1=-1.2, z2=2.0, z3=0.1):
    """Softmax and cross-entropy, both through their rows and spelled out."""
    leaves = [Value(z, f"z{k}") for k, z in enumerate((z0, z1, z2, z3))]
    p = softmax(leaves)
    return -log_softmax(leaves)[1] + total([q * q for q in p]) * 0.5, leaves


GRAPHS = {"formula": formula, "recurrent": recurrent, "classes": classes}
CHANGES = ({0: 0.25}, {1: -0.75, 0: 1.5}, {2: 3.25, 1: 0.0})


def numbers(tab):
    return tab.evaluate("whygrad.numbers()")


def agree(found, root, leaves):
    assert found["C"]["data"] == pytest.approx(root.data, rel=TOLERANCE)
    for leaf, grad in zip(leaves, gradients(root, leaves), strict=True):
        assert found[leaf.label]["data"] == leaf.data
        assert found[leaf.label]["grad"] == pytest.approx(grad, rel=TOLERANCE, abs=1e-15)


@pytest.mark.parametrize("graph", GRAPHS)
def test_until_something_is_changed_every_number_is_the_engines_to_the_bit(show, graph):
    root, leaves = GRAPHS[graph]()
    tab = show(step_through(root))
    found = numbers(tab)
    for leaf, grad in zip(leaves, gradients(root, leaves), strict=True):
        assert found[leaf.label] == {"data": leaf.data, "grad": grad}
    press(tab, "End")
    shown = tab.evaluate(
        """[...document.querySelectorAll('[data-part="box"]')].filter((b) => b.dataset.total)
        .map((b) => b.dataset.total)"""
    )
    order = [node for node in topological(root) if not node.constant]
    exact = {repr(g).removesuffix(".0") for g in gradients(root, order)}
    assert {repr(float(x)).removesuffix(".0") for x in shown} <= exact


@pytest.mark.parametrize("graph", GRAPHS)
def test_after_any_change_all_numbers_are_those_of_a_fresh_run(show, graph):
    _, leaves = GRAPHS[graph]()
    tab = show(step_through(GRAPHS[graph]()[0]))
    now = {leaf.label: leaf.data for leaf in leaves}
    for change in CHANGES:
        for place, number in change.items():
            now[leaves[place].label] = number
            tab.evaluate("([name, x]) => whygrad.set(name, x)", [leaves[place].label, number])
        fresh, new = GRAPHS[graph](*now.values())
        agree(numbers(tab), fresh, new)
        assert tab.evaluate("document.body.dataset.changed") == "true"
    tab.evaluate("whygrad.reset()")
    assert numbers(tab)[leaves[0].label]["data"] == leaves[0].data
    assert tab.evaluate("document.body.dataset.changed") == "false"


@pytest.mark.parametrize("graph", GRAPHS)
def test_every_box_shows_the_numbers_of_a_fresh_run(show, graph):
    _, leaves = GRAPHS[graph]()
    tab = show(step_through(GRAPHS[graph]()[0]))
    tab.evaluate("([name, x]) => whygrad.set(name, x)", [leaves[0].label, 0.321])
    fresh, _ = GRAPHS[graph](0.321, *[leaf.data for leaf in leaves[1:]])
    press(tab, "End")
    boxes = tab.evaluate(
        """[...document.querySelectorAll('[data-part="box"]')].map((box) => [...box
        .querySelectorAll('[data-part="data"],[data-part="grad"]')].map((t) => t.textContent))"""
    )
    nodes = [node for node in topological(fresh) if not node.constant]
    known = zip(nodes, gradients(fresh, nodes), strict=True)
    expected = {(figure(node.data), figure(grad, signed=True)) for node, grad in known}
    assert {tuple(box) for box in boxes if len(box) == 2} <= expected


def held(z=0.25, x=3.0):
    leaves = [Value(z, "z"), Value(x, "x")]
    z, x = leaves
    root = detach(2.0 * sqrt(z)) * x + z + floor(sqrt(z))
    root.label = "C"
    return root, leaves


def test_no_adjoint_goes_where_an_operand_passes_nothing_on(show):
    """At 0 the root has no derivative; another time a row of one's own has none."""
    steep = primitive("steep", lambda x: x, lambda x, out: 1.0 / x)
    try:
        tab = show(step_through(held()[0]))
        tab.evaluate("whygrad.set('z', 0.0)")
        assert [numbers(tab)[name]["grad"] for name in "zx"] == [1.0, 0.0]
        x = Value(0.0, "x")
        tab = show(step_through(detach(steep(x)) + x))
        tab.evaluate("whygrad.set('x', 0.0)")
        assert numbers(tab)["x"]["grad"] == 1.0
        press(tab, "End")
        assert "steep(x) (steep) has grad 0, and passes nothing on." in tab.inner_text("#step")
    finally:
        del PRIMITIVES["steep"], Value.steep


def network(sizes=(2, 3, 1), seed=3):
    return MLP(sizes[0], list(sizes[1:]), activation="tanh", output="tanh", seed=seed)


X, Y = [0.5, -1.2], [0.8]


def test_a_network_is_computed_anew_with_its_inputs_and_target(show):
    model = network()
    tab = show(step_through(probe(model, X, Y, "half_squared_error")))
    for name, number in (("W1[1,0]", 0.7), ("b2[0]", -0.3), ("a0[0]", 1.25), ("y[0]", -0.5)):
        tab.evaluate("([name, x]) => whygrad.set(name, x)", [name, number])
    model.layers[0].W[1][0].data, model.layers[1].b[0].data = 0.7, -0.3
    fresh = probe(model, [1.25, X[1]], [-0.5], "half_squared_error")
    found = numbers(tab)
    assert found["c"]["data"] == pytest.approx(fresh.C, rel=TOLERANCE)
    for l, layer in enumerate(fresh.layers, start=1):
        for (i, j), gradient in np.ndenumerate(layer.dW):
            assert found[f"W{l}[{i},{j}]"]["grad"] == pytest.approx(gradient, rel=TOLERANCE)
        for j, gradient in enumerate(layer.db):
            assert found[f"b{l}[{j}]"]["grad"] == pytest.approx(gradient, rel=TOLERANCE)
    press(tab, "End")
    for part, name in (("unit-z", "z"), ("unit-a", "a"), ("unit-delta", "delta")):
        shown = tab.locator(f'[data-part="{part}"]').all_text_contents()
        rows = [x for layer in fresh.layers for x in getattr(layer, name)]
        assert shown == [figure(float(x), signed=name == "delta") for x in rows]
    tab.click("text=Layers")
    cells = tab.locator('[data-part="cell"] text').all_text_contents()
    flat = [x for layer in fresh.layers for x in layer.dW.ravel()]
    assert cells == [figure(float(x), signed=True) for x in flat]


@pytest.mark.parametrize("change", [None, ("W1[1,0]", 0.7)])
def test_the_derivations_of_the_page_are_those_of_explanations(show, change):
    model = network()
    tab = show(step_through(probe(model, X, Y, "half_squared_error")))
    if change:
        tab.evaluate("([name, x]) => whygrad.set(name, x)", change)
        model.layers[0].W[1][0].data = 0.7
    p = probe(model, X, Y, "half_squared_error")
    press(tab, "End")
    told = Network(p.layers[0].inputs, p.layers, numbered=True)
    for layer, i, j in ((1, 1, 0), (1, 0, 2), (2, 1, 0)):
        choose(tab, f"W{layer}[{i},{j}]")
        words = " ".join(tab.inner_text("#weight").split())
        lines = [told.weight_line(layer, i, j), *told.unit(layer, j)[0]]
        for line in lines:
            expected = line.text().replace("Σ_k", "Σₖ").replace(" - ", " − ").replace("*", "·")
            result = re.sub(r"([=≈]) (?=[\d∞][^=≈]*$)(?!0$)", r"\1 +", expected)
            assert expected in words or result in words, (expected, words)


def test_a_nudge_shows_that_the_derivative_is_true(show):
    root, _ = formula()
    tab = show(step_through(root))
    for h in (1e-3, 1e-5):
        slope = numbers(tab)["w"]["grad"]
        found = tab.evaluate("(h) => whygrad.nudge('w', h)", h)
        assert found == pytest.approx(slope, rel=5 * h)
    choose(tab, "w")
    words = tab.inner_text("#slope")
    assert "∂C/∂w" in words
    tab.click("#more")
    assert "ΔC/Δw ≈" in tab.inner_text("#slope")


def test_numbers_are_typed_nudged_by_keys_and_dragged(show):
    tab = show(step_through(formula()[0]))
    choose(tab, "w")
    tab.fill("#value", "0.5")
    press(tab, "Enter")
    tab.dispatch_event("#value", "change")
    assert numbers(tab)["w"]["data"] == 0.5
    press(tab, "ArrowUp")
    assert numbers(tab)["w"]["data"] == pytest.approx(0.51)
    press(tab, "ArrowDown", "Shift+ArrowDown")
    assert numbers(tab)["w"]["data"] == pytest.approx(0.4)
    before = numbers(tab)["b"]["data"]
    box = tab.locator('[data-name="b"]').bounding_box()
    tab.mouse.move(box["x"] + 20, box["y"] + 10)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 60, box["y"] + 10, steps=4)
    tab.mouse.up()
    assert numbers(tab)["b"]["data"] == pytest.approx(before + 0.1)
    assert tab.input_value("#choice") == "b"


def test_the_keyboard_alone_changes_a_number_and_takes_a_step(show):
    tab = show(step_through(formula()[0]))
    for _ in range(40):
        press(tab, "Tab")
        if tab.evaluate("document.activeElement.dataset.name") == "w":
            break
    press(tab, "Enter", "ArrowUp")
    assert numbers(tab)["w"]["data"] == pytest.approx(-1.1)
    tab.focus("#descend")
    before = numbers(tab)["C"]["data"]
    press(tab, "Enter")
    assert numbers(tab)["C"]["data"] < before
    tab.focus("#reset")
    press(tab, "Enter")
    assert numbers(tab)["w"]["data"] == -1.2


def test_a_step_is_gradient_descent(show):
    root, leaves = formula()
    tab = show(step_through(root))
    for _ in range(3):
        tab.evaluate("whygrad.step(0.05)")
        for leaf, grad in zip(leaves, gradients(root, leaves), strict=True):
            leaf.data -= 0.05 * grad
        root, leaves = formula(*[leaf.data for leaf in leaves])
    for leaf in leaves:
        assert numbers(tab)[leaf.label]["data"] == pytest.approx(leaf.data, rel=1e-11)


def moons(count=24):
    rng = np.random.default_rng(5)
    angles = rng.uniform(0, math.pi, count)
    side = np.arange(count) % 2
    points = np.c_[np.cos(angles) + side, np.sin(angles) * (1 - 2 * side) + side / 2]
    return points + rng.normal(0, 0.1, points.shape), side


@pytest.mark.parametrize(
    ("sizes", "loss"), [((2, 4, 1), "binary_cross_entropy"), ((2, 3, 2), "cross_entropy")]
)
def test_training_in_the_page_is_fit_step_by_step(show, sizes, loss):
    """SGD over all examples: parameters agree to 1e-10 after each of 15 steps."""
    data, labels = moons()
    model = MLP(sizes[0], list(sizes[1:]), activation="tanh", seed=2)
    tab = show(step_through(probe(model, data, labels, loss)))
    assert "mean over 24 examples" in tab.inner_text("#cost-now")
    sgd = SGD(model.parameters(), lr=0.3)
    options = {"optimizer": sgd, "batch_size": len(data), "epochs": 1, "progress": False}
    for _ in range(15):
        cost = tab.evaluate("whygrad.step(0.3)")
        fit(model, data, labels, loss=loss, **options)
        found = numbers(tab)
        for leaf in model.parameters():
            assert found[leaf.label]["data"] == pytest.approx(leaf.data, rel=1e-10, abs=1e-12)
    assert cost == pytest.approx(probe(model, data, labels, loss).C, rel=1e-10)


def test_the_page_of_a_batch_begins_with_the_numbers_of_the_probe(show):
    data, labels = moons(6)
    model = MLP(2, [3, 1], activation="tanh", seed=2)
    p = probe(model, data, labels, "binary_cross_entropy")
    tab = show(step_through(p))
    found = numbers(tab)
    assert found["C"]["data"] == p.C
    for l, layer in enumerate(p.layers, start=1):
        for (i, j), gradient in np.ndenumerate(layer.dW):
            assert found[f"W{l}[{i},{j}]"]["grad"] == gradient
    press(tab, "End")
    shown = tab.locator('[data-part="unit-delta"]').all_text_contents()
    means = [float(x) for layer in p.layers for x in layer.delta.mean(axis=0)]
    assert shown == [figure(x, signed=True) for x in means]


def test_after_a_change_the_moons_are_computed_anew_over_all_examples(show):
    data, labels = moons(12)
    model = MLP(2, [4, 4, 1], activation="tanh", seed=2)
    tab = show(step_through(probe(model, data, labels, "binary_cross_entropy")))
    for name, number in (("W1[1,0]", 0.7), ("b2[3]", -0.3), ("W3[2,0]", 1.4)):
        tab.evaluate("([name, x]) => whygrad.set(name, x)", [name, number])
    model.layers[0].W[1][0].data, model.layers[1].b[3].data = 0.7, -0.3
    model.layers[2].W[2][0].data = 1.4
    fresh, found = probe(model, data, labels, "binary_cross_entropy"), numbers(tab)
    assert found["C"]["data"] == pytest.approx(fresh.C, rel=TOLERANCE)
    for l, layer in enumerate(fresh.layers, start=1):
        largest = float(np.abs(layer.dW).max())
        for (i, j), gradient in np.ndenumerate(layer.dW):
            grad = found[f"W{l}[{i},{j}]"]["grad"]
            assert grad == pytest.approx(gradient, rel=TOLERANCE, abs=TOLERANCE * largest)
        for j, gradient in enumerate(layer.db):
            grad = found[f"b{l}[{j}]"]["grad"]
            assert grad == pytest.approx(gradient, rel=TOLERANCE, abs=TOLERANCE * largest)
    press(tab, "End")
    for part, name in (("unit-a", "a"), ("unit-delta", "delta")):
        shown = tab.locator(f'[data-part="{part}"]').all_text_contents()
        means = [float(x) for layer in fresh.layers for x in getattr(layer, name).mean(axis=0)]
        assert shown == [figure(x, signed=name == "delta") for x in means]


def test_a_large_layer_is_one_stop_of_the_tab_key_and_arrows_go_on_inside(show):
    model = MLP(64, [32, 10], activation="relu", seed=1)
    tab = show(step_through(probe(model, np.linspace(0, 1, 64), 3, "cross_entropy")))
    tab.click("text=Layers")
    for layer in (1, 2):
        cells = f'#view-layers [data-part="cell"][data-layer="{layer}"]'
        assert tab.locator(cells).count() == (64 * 32, 32 * 10)[layer - 1]
        assert tab.locator(f'{cells}[tabindex="0"]').count() == 1
    tab.focus('#view-layers [data-part="cell"][data-layer="2"][tabindex="0"]')
    press(tab, "ArrowDown", "ArrowDown", "ArrowRight")
    assert tab.evaluate("document.activeElement.dataset.name") == "W2[2,1]"
    assert "W2[2,1]" in tab.inner_text("#weight")


def test_a_class_that_is_turned_stays_a_class(show):
    model = MLP(2, [3], activation="tanh", seed=2)
    p = probe(model, [0.1, 0.2], 1, cross_entropy)
    tab = show(step_through(p))
    tab.evaluate("whygrad.set('y[0]', 7.4)")
    assert numbers(tab)["y[0]"]["data"] == 2
    fresh = probe(model, [0.1, 0.2], 2, cross_entropy)
    assert numbers(tab)["c"]["data"] == pytest.approx(fresh.C, rel=TOLERANCE)


def test_a_row_that_cannot_be_computed_is_frozen_and_says_so(show):
    cube = primitive("cube", lambda x: x**3, lambda x, out: 3.0 * x * x)
    try:
        a, b = Value(2.0, "a"), Value(0.5, "b")
        root = cube(a) * b
        tab = show(step_through(root))
        assert "Frozen at the engine's number: cube" in tab.inner_text("#frozen")
        assert tab.locator(".frozen").count() == 1
        tab.evaluate("whygrad.set('b', 1.5)")
        assert numbers(tab)["a"]["grad"] == 12.0 * 1.5
        assert numbers(tab)["C"]["data"] == 12.0
    finally:
        del PRIMITIVES["cube"], Value.cube


def test_scripts_are_told_what_they_may_not_change(show):
    tab = show(step_through(formula()[0]))
    words = "(name) => { try { whygrad.set(name, 1); } catch (error) { return error.message; } }"
    assert "no number is called q; there are" in tab.evaluate(words, "q")
    assert "change a leaf" in tab.evaluate(words, "C")


def test_the_address_names_a_step_and_a_weight(show):
    page = step_through(probe(network(), X, Y, "half_squared_error"))
    tab = show(page)
    tab.goto(address(tab).split("#")[0] + "#step=2&w=W1[1,0]")
    reload(tab)
    assert tab.get_attribute("body", "data-step") == "2"
    assert tab.input_value("#choice") == "W1[1,0]"
    press(tab, "ArrowRight")
    assert "step=3" in address(tab) and "w=W1[1,0]" in address(tab)


def test_the_pass_goes_forward_too(show):
    tab = show(step_through(formula()[0]))
    tab.select_option("#pass", "forward")
    data = '[data-part="box"] [data-part="data"]'
    assert "—" in tab.locator(data).all_text_contents()
    press(tab, "ArrowRight")
    assert "is computed from" in tab.inner_text("#step")
    press(tab, "End")
    assert "—" not in tab.locator(data).all_text_contents()
    assert set(tab.locator('[data-part="grad"]').all_text_contents()) == {"—"}


def test_playing_goes_forward_and_then_backward(show):
    a = Value(2.0, "a")
    tab = show(step_through(a * a + 1.0))
    tab.select_option("#speed", "3")
    tab.select_option("#pass", "forward")
    tab.click("#play")
    tab.wait_for_selector('body[data-pass="backward"]')
    tab.wait_for_selector('#play[aria-pressed="false"]')
    assert tab.inner_text("#count") == "2 / 2"


def test_a_loop_is_a_ladder_whose_steps_can_be_read(show):
    u, v, h = Value(0.9, "u"), Value(0.5, "v"), Value(0.0, "h")
    for t in range(120):
        h = tanh(u * h + v * math.sin(t / 5))
    tab = show(step_through(h))
    tab.evaluate("whygrad.unfold()")
    for step in (1, 40, 300):
        tab.evaluate("(step) => whygrad.go(step)", step)
        box = tab.locator('[data-part="box"].active')
        seen, pane = box.bounding_box(), tab.locator("#canvas").bounding_box()
        assert seen["width"] > 30
        assert pane["x"] <= seen["x"] and seen["x"] + seen["width"] <= pane["x"] + pane["width"]
        assert pane["y"] <= seen["y"] and seen["y"] + seen["height"] <= pane["y"] + pane["height"]


def test_2500_nodes_follow_a_change_at_thirty_frames_a_second(show):
    x = [Value(0.3 + k / 700, f"x{k}") for k in range(800)]
    root = total([tanh(a * b) for a, b in zip(x, x[1:] + x[:1], strict=True)])
    tab = show(step_through(root))
    tab.wait_for_selector("body[data-changed]")
    script = """() => { const times = [];
      for (let k = 0; k < 9; k += 1) {
        const start = performance.now();
        whygrad.set('x3', 0.1 + k / 50);
        times.push(performance.now() - start);
      }
      return Math.min(...times); }"""
    assert tab.evaluate(script) < 100  # a third of it where nothing else runs
    fresh = total([tanh(a * b) for a, b in zip(x, x[1:] + x[:1], strict=True)])
    assert fresh.data == root.data


def test_two_fingers_and_the_wheel_zoom(show):
    tab = show(step_through(formula()[0]))
    width = tab.locator("#n0").bounding_box()["width"]
    tab.mouse.move(400, 300)
    tab.mouse.wheel(0, -240)
    wider = "(least) => document.querySelector('#n0').getBoundingClientRect().width > least"
    tab.wait_for_function(wider, arg=1.2 * width)
    tab.mouse.dblclick(30, 700)
    assert tab.locator("#n0").bounding_box()["width"] == pytest.approx(width, rel=0.02)


@pytest.mark.parametrize("size", [(1440, 900), (1024, 768), (390, 844)])
def test_controls_are_all_there_at_every_size(show, size):
    page = step_through(probe(network(), X, Y, "half_squared_error"))
    tab = show(page, width=size[0], height=size[1])
    assert tab.evaluate("document.documentElement.scrollWidth") <= size[0]
    for control in (
        "#descend",
        "#train",
        "#reset",
        "#eta",
        "#choice",
        "#forward",
        "#slider",
        "#fit",
    ):
        box = tab.locator(control).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= size[0], control


def test_an_epoch_of_a_film_is_the_network_of_that_epoch(show, tmp_path):
    data, labels = moons(12)
    model = MLP(2, [3, 1], activation="tanh", seed=2)
    film = Film(tmp_path / "run.html", model, data, labels, "binary_cross_entropy")
    states = []
    fit(
        model, data, labels, loss="binary_cross_entropy", epochs=6, progress=False,
        callbacks=[lambda _, m: states.append([p.data for p in m.parameters()]), film],
    )  # fmt: skip

    class Run:
        def html(self):
            return (tmp_path / "run.html").read_text(encoding="utf-8")

    tab = show(Run())
    assert "epoch 6 of 6" in tab.inner_text("#epoch-words")
    assert tab.evaluate("document.body.dataset.changed") == "false"
    tab.fill("#epoch", "4")
    for parameter, number in zip(model.parameters(), states[3], strict=True):
        parameter.data = float(f"{number:.9g}")
    p = probe(model, data, labels, "binary_cross_entropy")
    found = numbers(tab)
    assert found["C"]["data"] == pytest.approx(p.C, rel=TOLERANCE)
    for l, layer in enumerate(p.layers, start=1):
        for (i, j), gradient in np.ndenumerate(layer.dW):
            assert found[f"W{l}[{i},{j}]"]["grad"] == pytest.approx(gradient, rel=1e-11)
    tab.fill("#epoch", "6")
    assert tab.evaluate("document.body.dataset.changed") == "false"


def test_the_plane_of_two_inputs_shows_what_the_network_says(show):
    data, labels = moons(12)
    model = MLP(2, [3, 1], activation="tanh", seed=2)
    tab = show(step_through(probe(model, data, labels, "binary_cross_entropy")))
    pixels = """(places) => { const plane = document.querySelector("#plane");
      const { width, height } = plane;
      const all = plane.getContext("2d").getImageData(0, 0, width, height).data;
      return places.map(([x, y]) => {
        const k = 4 * (Math.floor(y * height) * width + Math.floor(x * width));
        return [all[k], all[k + 2]];
      }); }"""
    low, high = data.min(axis=0), data.max(axis=0)
    room = 0.15 * (high - low)
    places = [((c + 0.5) / 40, (r + 0.5) / 40) for c in (0, 1, 39) for r in (0, 1, 20, 39)]
    seen = 0
    for (x, y), (red, blue) in zip(places, tab.evaluate(pixels, places), strict=True):
        at = low - room + np.array([x, 1 - y]) * (high - low + 2 * room)
        score = float(model.predict([at])[0, 0])
        if abs(score) > 0.1:
            assert (blue > red) == (score > 0)
            seen += 1
    assert seen > 6


def test_the_focus_ranks_the_terms_of_a_unit(show):
    rng = np.random.default_rng(0)
    model = MLP(64, [12, 10], activation="relu", seed=1)
    x = rng.uniform(0, 1, 64)
    p = probe(model, x, 3, "cross_entropy")
    tab = show(step_through(p))
    press(tab, "ArrowRight", "ArrowRight")
    words = tab.locator("#view-focus").text_content()
    layer = p.layers[1]
    terms = np.abs(layer.inputs * layer.W[:, 1])
    assert f"a1[{int(terms.argmax())}]·W2[{int(terms.argmax())},1]" in words
    odds = np.exp(layer.a - layer.a.max())
    probabilities = odds / odds.sum()
    for p_j in probabilities:
        assert figure(float(p_j)) in words
    assert figure(float(probabilities[3] - 1), signed=True) in words


@pytest.mark.parametrize(("scheme", "background"), [("light", "255"), ("dark", "13")])
def test_an_auto_theme_is_what_the_reader_prefers(browser, tmp_path, scheme, background):
    step_through(formula()[0], tmp_path / "page.html", theme="auto")
    context = browser.new_context(color_scheme=scheme)
    tab = context.new_page()
    tab.goto((tmp_path / "page.html").as_uri())
    colour = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert colour.startswith(f"rgb({background},")
    context.close()


def test_without_scripts_the_first_picture_is_left_and_a_sentence(browser, tmp_path):
    step_through(probe(network(), X, Y, "half_squared_error"), tmp_path / "page.html")
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto((tmp_path / "page.html").as_uri())
    assert tab.locator(".view:visible").count() == 1
    assert tab.locator(".view:visible svg").bounding_box()["width"] > 300
    assert "shows its first picture" in tab.inner_text("noscript")
    context.close()


def test_the_page_prints_as_a_handout_without_controls(browser, tmp_path):
    step_through(probe(network(), X, Y, "half_squared_error"), tmp_path / "page.html")
    tab = browser.new_page()
    tab.goto((tmp_path / "page.html").as_uri())
    tab.emulate_media(media="print")
    for control in ("nav", ".choices", "#eta", "#train", "#map", "#dial"):
        assert tab.is_hidden(control), control
    assert tab.is_visible("#step") and tab.is_visible("#view-neurons svg")
    tab.close()


@pytest.mark.parametrize("seed", range(5))
def test_a_random_graph_is_computed_as_the_engine_computes_it(show, seed):
    root, leaves = random_graph(random.Random(seed), 14)
    tab = show(step_through(root))
    found = numbers(tab)
    numbers_now = [0.37, -0.81, 1.29]
    for leaf, number in zip(leaves, numbers_now, strict=True):
        if leaf.label in found:
            tab.evaluate("([name, x]) => whygrad.set(name, x)", [leaf.label, number])
    fresh, new = random_graph(Numbers(seed, numbers_now), 14)
    known = [leaf for leaf in new if leaf.label in found]
    agree_loosely(numbers(tab), fresh, known)


class Numbers(random.Random):
    """The choices of a seed, with other numbers for the three leaves."""

    def __init__(self, seed, numbers):
        super().__init__(seed)
        self.given = list(numbers)

    def uniform(self, low, high):
        super().uniform(low, high)
        return self.given.pop(0)


def agree_loosely(found, root, leaves):
    """Agree to 1e-12 of the largest number on the way, where sums may cancel."""
    size = max(abs(node.data) for node in topological(root))
    assert found["C"]["data"] == pytest.approx(root.data, rel=TOLERANCE, abs=TOLERANCE * size)
    expected = gradients(root, leaves)
    most = max(map(abs, gradients(root, topological(root))))
    for leaf, grad in zip(leaves, expected, strict=True):
        assert found[leaf.label]["grad"] == pytest.approx(grad, rel=1e-11, abs=1e-12 * most)


def test_leaves_without_labels_and_with_equal_ones_can_be_changed(show):
    a, b, c = Value(2.0), Value(3.0, "x"), Value(5.0, "x")
    root = a * b + c
    tab = show(step_through(root))
    assert set(numbers(tab)) == {"C", "x", "x (2)", "n0"}
    tab.evaluate("whygrad.set('n0', 4); whygrad.set('x (2)', 1)")
    assert numbers(tab)["C"]["data"] in (4 * 3 + 1, 4 * 1 + 5)


def test_frozen_parameters_of_a_model_do_not_learn(show):
    model = network()
    model.layers[0].freeze()
    tab = show(step_through(probe(model, X, Y, "half_squared_error")))
    before = numbers(tab)
    tab.evaluate("whygrad.step(0.1)")
    after = numbers(tab)
    assert after["W1[0,0]"]["data"] == before["W1[0,0]"]["data"]
    assert after["W2[0,0]"]["data"] != before["W2[0,0]"]["data"]


def test_a_box_lights_its_name_in_the_formula_and_the_reverse(show):
    tab = show(step_through(formula()[0]))
    press(tab, *["ArrowRight"] * 7)
    span = tab.locator("#step .link[data-box]").first
    box = span.get_attribute("data-box")
    span.hover()
    assert "lit" in tab.get_attribute(f"#n{box}", "class")
    tab.hover(f"#n{box}")
    assert "lit" in span.get_attribute("class")
