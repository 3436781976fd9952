"""The page in a real browser: Chromium, offline, without motion."""

import math
import random
import re
from contextlib import contextmanager
from importlib.resources import files

import pytest

from autograd import Value, exp, gradients, log_softmax, sigmoid, step_through, tanh, total
from autograd.explanation.numerals import figure
from nn import MLP, probe
from tests.explanation.reading import recheck
from tests.explanation.test_numerals import FIGURES

VALUES = "(options) => options.map((option) => option.value)"
WALK = """() => {  // what the panel says at each step; nothing is painted in between
  const press = (key) =>
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  press("Home");
  return Array.from({ length: Number(document.querySelector("#slider").max) }, () => {
    press("ArrowRight");
    return document.querySelector("#step").innerText; }); }"""
CHOSEN = """(selector) => {  // and what it says of each name that can be looked at
  const choice = document.querySelector("#choice");
  return [...document.querySelectorAll("#names option")].map((option) => {
    choice.value = option.value;
    choice.dispatchEvent(new Event("change"));
    return document.querySelector(selector).innerText; }); }"""


def formula():
    """Return C and its leaves: shared nodes, a constant, a function of two operands."""
    w, b, x = Value(-1.2, "w"), Value(0.3, "b"), Value(0.5, "x")
    h = tanh(w * x + b)
    return exp(h * w) / sigmoid(h + x) + 0.1 * w**2 - h, [w, b, x]


def probed():
    model = MLP(2, [3, 1], activation="tanh", output="tanh", seed=3)
    return probe(model, [0.5, -1.2], [0.8], "half_squared_error")


def totals(tab):
    tab.evaluate("whygrad.unfold()")
    found = tab.evaluate(
        """[...document.querySelectorAll('[data-part="box"]')].filter((b) => b.dataset.total)
        .map((b) => [b.querySelector('title').textContent, b.dataset.total])"""
    )
    return {title.split(" = ")[0]: float(total) for title, total in found}


def press(tab, *keys):
    for key in keys:
        tab.keyboard.press(key)


def address(tab):
    """The page's own word: the browser tells others of a new address some time later."""
    return tab.evaluate("decodeURIComponent(location.href)")


def reload(tab):
    tab.reload()
    tab.wait_for_selector("body[data-step]")  # it unpacks itself first


def step(tab):
    return int(tab.get_attribute("body", "data-step"))


def test_the_gradients_of_the_page_are_those_of_the_engine(show):
    root, leaves = formula()
    tab = show(step_through(root))
    press(tab, "End")
    shown = totals(tab)
    for leaf, expected in zip(leaves, gradients(root, leaves), strict=True):
        assert shown[leaf.label] == pytest.approx(expected, rel=1e-12)


def test_the_keyboard_steps_plays_and_jumps(show):
    tab = show(step_through(formula()[0]))
    last = int(tab.get_attribute("#slider", "max"))
    assert step(tab) == 0
    press(tab, "ArrowRight", "ArrowRight", "ArrowLeft")
    assert step(tab) == 1
    press(tab, "End")
    assert step(tab) == last
    press(tab, "ArrowRight", "Home", "ArrowLeft")
    assert step(tab) == 0
    press(tab, " ")
    assert tab.get_attribute("#play", "aria-pressed") == "true"
    tab.wait_for_selector('body[data-step="1"]')
    press(tab, " ")
    assert tab.get_attribute("#play", "aria-pressed") == "false"


def test_buttons_and_slider_step_too(show):
    tab = show(step_through(formula()[0]))
    tab.click("#forward")
    tab.click("#forward")
    tab.click("#back")
    assert step(tab) == 1
    tab.fill("#slider", "3")
    assert step(tab) == 3
    tab.click("#first")
    assert step(tab) == 0
    assert tab.is_disabled("#back")


def test_the_panel_shows_the_arithmetic_of_the_step(show):
    a = Value(3.0, "a")
    b = a * a
    b.label = "b"
    tab = show(step_through(b + a))
    assert "starts at b + a" in tab.inner_text("#step")
    press(tab, "ArrowRight")
    assert "passes it on" in tab.inner_text("#step")
    press(tab, "ArrowRight")
    words = tab.inner_text("#step")
    assert "3 local × 1 = +3" in words
    assert "already +1, so total +4" in words
    assert "already +4, so total +7" in words


def choose(tab, name):
    tab.fill("#choice", name)
    tab.dispatch_event("#choice", "change")


def steps(tab):
    """Yield the lines of the panel at every step of every kind."""
    ways = [
        (way, by)
        for way in ("forward", "backward")
        for by in tab.locator("#by option").evaluate_all(VALUES)
    ]
    for way, by in ways:
        tab.select_option("#pass", way)
        if tab.is_visible("#by"):
            tab.select_option("#by", by)
        for words in tab.evaluate(WALK):
            yield words.splitlines()


def states(tab):
    """Yield the lines of the panel at every step of every kind, and for every name."""
    yield from steps(tab)
    for words in tab.evaluate(CHOSEN, "#leaf-section"):
        yield words.splitlines()
    yield tab.inner_text("#learn").splitlines()


def printed(tab):
    """Return every line that the page prints, at each step of each kind, and for each weight."""
    found = {line for lines in steps(tab) for line in lines}
    for words in tab.evaluate(CHOSEN, "#weight") if tab.is_visible("#choice") else ():
        found.update(words.splitlines())
    return found


def loop():
    """A graph with shared weights, divisions and a softmax."""
    u, v, h = Value(0.7, "u"), Value(-0.4, "v"), Value(0.1, "h0")
    for x in (0.5, -1.0, 0.25):
        h = tanh(u * h + v * x) / (1.0 + u * u)
    return -log_softmax([h, u, v])[1] + abs(h - v) ** 3, [u, v]


def classified():
    model = MLP(4, [12, 3], activation="sigmoid", seed=4)
    return probe(model, [0.5, -1.2, 0.1, 2.0], 2, "cross_entropy")


@pytest.mark.parametrize(
    ("make", "change"),
    [
        (lambda: formula()[0], None),
        (lambda: formula()[0], ("w", 0.37)),
        (lambda: loop()[0], None),
        (lambda: loop()[0], ("u", -1.234567)),
        (probed, None),
        (probed, ("W1[1,0]", 1.1)),
        (classified, ("W2[3,1]", -0.777)),
    ],
)
def test_every_printed_product_multiplies_out(show, make, change):
    tab = show(step_through(make()))
    if change:
        tab.evaluate("([name, x]) => whygrad.set(name, x)", change)
    lines = printed(tab)
    products = [line.replace(" local × ", "·") for line in lines if "local ×" in line]
    derived = [line for line in lines if re.search(r"·.* [=≈] [+−]?\d\S*$", line)]
    assert products
    for line in products:
        recheck(f"p = {line.replace('+', '')}")
    for line in derived:
        recheck(re.sub(r"([=≈] )\+(\S+)$", r"\1\2", line))


def test_a_sum_that_is_rounded_says_so(show):
    a = Value(0.7, "a")
    tab = show(step_through(tanh(a) + exp(a) + sigmoid(a)))
    lines = [line for line in printed(tab) if line.startswith("already")]
    assert [line for line in lines if ", so total ≈ +" in line]


def test_the_page_writes_numbers_as_pictures_do(show):
    rng = random.Random(0)
    numbers = [x for x, _ in FIGURES if x is not None and math.isfinite(x)]
    numbers += [rng.gauss(0, 1) * 10 ** rng.uniform(-9, 9) for _ in range(2000)]
    numbers += [round(x, 3) for x in numbers] + [float(k) for k in range(990, 11_000, 37)]
    source = files("autograd.drawing.page").joinpath("numbers.js").read_text(encoding="utf-8")
    tab = show(step_through(formula()[0]))
    script = f"(numbers) => {{ {source} return numbers.map((x) => fmt(x, true)); }}"
    assert tab.evaluate(script, numbers) == [figure(x, signed=True) for x in numbers]


def test_a_weight_is_reached_by_tab_and_derived(show):
    p = probed()
    tab = show(step_through(p))
    for _ in range(60):
        press(tab, "Tab")
        if tab.evaluate("document.activeElement.dataset.part") == "weight":
            break
    layer, i, j = (
        int(tab.evaluate(f"document.activeElement.dataset.{key}")) for key in ("layer", "i", "j")
    )
    assert "not reached yet" in tab.inner_text("#weight")
    press(tab, "End")
    words = tab.inner_text("#weight")
    assert f"∂C/∂W{layer}[{i},{j}] = a{layer - 1}[{i}]·δ{layer}[{j}]" in words
    assert figure(float(p.layers[layer - 1].dW[i][j])) in words
    press(tab, "Enter")
    assert "pinned" in tab.inner_text("#weight")
    press(tab, "Escape")
    assert "pinned" not in tab.inner_text("#weight")


def test_every_weight_can_be_focused_in_both_views(show):
    tab = show(step_through(probed()))
    for view, part in (("neurons", "weight"), ("layers", "cell")):
        selector = f'#view-{view} [data-part="{part}"][tabindex="0"]'
        assert tab.locator(selector).count() == 9


def test_a_click_pins_a_weight_and_hovering_shows_another(show):
    tab = show(step_through(probed()))
    press(tab, "End")
    tab.click("text=Layers")
    tab.click('[data-part="cell"][data-layer="2"][data-i="1"]')
    tab.mouse.move(5, 5)
    assert "W2[1,0]" in tab.inner_text("#weight")
    tab.hover('[data-part="cell"][data-layer="1"][data-i="0"][data-j="2"]')
    assert "W1[0,2]" in tab.inner_text("#weight")
    assert tab.input_value("#choice") == "W2[1,0]"


def test_neurons_are_revealed_layer_by_layer(show):
    p = probed()
    tab = show(step_through(p))
    shown = "[...document.querySelectorAll('[data-part=\"unit-delta\"]')].map((t) => t.textContent)"
    assert set(tab.evaluate(shown)) == {"—"}
    press(tab, "ArrowRight", "ArrowRight")
    assert tab.evaluate(shown) == [
        figure(float(p.layers[0].delta[0]), signed=True), "—", "—",
        figure(float(p.layers[1].delta[0]), signed=True),
    ]  # fmt: skip


def test_stepping_by_operation_and_by_neuron_meet(show):
    tab = show(step_through(probed()))
    press(tab, "ArrowRight", "ArrowRight")
    before = tab.locator('[data-part="unit"]:not(.off)').count()
    tab.select_option("#by", "operation")
    assert tab.locator('[data-part="unit"]:not(.off)').count() == before
    assert step(tab) > 2
    press(tab, "End")
    tab.select_option("#by", "neuron")
    assert step(tab) == 4


def test_views_are_exchanged(show):
    tab = show(step_through(probed()))
    for view in ("Expression", "Layers", "Neurons"):
        tab.click(f"text={view}")
        assert tab.is_visible(f"#view-{view.lower()}")
        assert tab.locator(".view:visible").count() == 1


def test_the_expression_can_be_made_smaller_and_larger(show):
    tab = show(step_through(probed()))
    tab.click("text=Expression")

    def width():
        return tab.locator("#n0").bounding_box()["width"]

    before = width()
    tab.click("#smaller")
    assert width() == pytest.approx(before / 1.25, rel=0.02)
    press(tab, "+", "+")
    assert width() == pytest.approx(before * 1.25, rel=0.02)
    press(tab, "0")
    assert width() == pytest.approx(before, rel=0.02)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_light_and_dark_are_exchanged(show, theme):
    tab = show(step_through(formula()[0], theme=theme))
    background = "getComputedStyle(document.body).backgroundColor"
    colours = {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}
    fill = "getComputedStyle(document.querySelector('svg rect')).fill"
    assert tab.evaluate(background) == colours[theme]
    tab.click("#theme")
    other = colours["dark" if theme == "light" else "light"]
    assert tab.evaluate(background) == other
    assert tab.evaluate("getComputedStyle(document.querySelector('main svg > rect')).fill") == other
    assert tab.evaluate(fill)


def test_a_phone_needs_no_sideways_scrolling_of_the_page(show):
    tab = show(step_through(probed()), width=390, height=844)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    for selector in ("#slider", "#forward", "#theme", "#by", "#step"):
        box = tab.locator(selector).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    tab.click("#forward")
    assert step(tab) == 1


def test_nothing_moves_where_motion_is_reduced(show):
    tab = show(step_through(formula()[0]))
    moving = "getComputedStyle(document.querySelector('[data-part=\"box\"]')).transitionDuration"
    assert tab.evaluate(moving) == "0s"


def test_the_page_works_inside_a_sandboxed_frame(show):
    page = step_through(probed())

    class Notebook:
        def html(self):
            return f"<!DOCTYPE html><body>{page._repr_html_()}</body>"

    tab = show(Notebook())
    frame = tab.frame_locator("iframe")
    frame.locator("#last").click()
    assert frame.locator("#count").inner_text() == "4 / 4"


@contextmanager
def no_dialogs(tab):
    opened = []
    tab.on("dialog", lambda dialog: opened.append(dialog.message) or dialog.dismiss())
    yield
    assert opened == []


def test_hostile_labels_are_only_shown(show):
    labels = [
        "</script><script>alert(1)</script>",
        "<img src=x onerror=alert(2)>",
        "משקל",
        "w" * 9999,
    ]
    leaves = [Value(1.0 + k, label) for k, label in enumerate(labels)]
    root = leaves[0] * leaves[1] + leaves[2] * leaves[3]
    root.label = labels[1]
    tab = show(step_through(root))
    with no_dialogs(tab):
        press(tab, "End", "ArrowLeft")
        assert tab.locator("img").count() == 0
        assert tab.evaluate("document.documentElement.scrollWidth") <= 1400


def test_infinite_and_undefined_gradients_are_shown_as_such(show):
    x = Value(1e308, "x")
    tab = show(step_through(x * x * x - x * x * x))
    press(tab, "End")
    assert "NaN" in tab.inner_text("#step") or "∞" in tab.inner_text("#step")


def test_a_compressed_page_steps_to_the_gradients_of_the_engine(show):
    x = [Value(0.3 + k / 700, f"x{k}") for k in range(700)]
    root = total([tanh(a * b) for a, b in zip(x, x[1:] + x[:1], strict=True)])
    page = step_through(root)
    assert 'id="n0"' not in page.html()  # it is compressed
    tab = show(page)
    tab.wait_for_selector("body[data-step]")
    press(tab, "End")
    found = totals(tab)
    for leaf, expected in zip(x, gradients(root, x), strict=True):
        assert found[leaf.label] == pytest.approx(expected, rel=1e-12, abs=1e-15)
