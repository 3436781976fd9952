"""How the page looks: contrast at every step, its header, one unit on a phone, and paper."""

from pathlib import Path

import pytest

from autograd import step_through
from nn import MLP, probe
from tests.drawing.page.test_live import X, Y, classes, formula, network, recurrent

PAGES = {
    "formula": lambda: formula()[0],
    "recurrent": lambda: recurrent()[0],
    "classes": lambda: classes()[0],
    "network": lambda: probe(network(), X, Y, "half_squared_error"),
    "one unit": lambda: probe(MLP(16, [9, 3], "tanh", seed=1), [0.1] * 16, 2, "cross_entropy"),
}
FAINT = Path(__file__).with_name("contrast.js").read_text(encoding="utf-8")
AT_STEPS = f"(steps) => steps.map((step) => {{ whygrad.go(step); return ({FAINT})(); }})"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_text_has_contrast_before_and_after_the_pass_has_come(show, name, theme):
    tab = show(step_through(PAGES[name](), theme=theme))
    for way in ("backward", "forward"):
        tab.select_option("#pass", way)
        for view in tab.locator("#views button").all():
            view.click()
            assert tab.evaluate(AT_STEPS, [0, 2, 99]) == [[], [], []], way


def test_faint_text_is_found(show):
    tab = show(step_through(formula()[0]))
    tab.evaluate("document.querySelectorAll('#n0').forEach((box) => { box.style.opacity = 0.4; })")
    assert {text for text, _ in tab.evaluate(FAINT)} >= {"w", "−1.2"}


def test_the_title_has_room_beside_all_controls(show):
    page = step_through(probe(MLP(2, [16, 16, 1], seed=2), X, 1, "binary_cross_entropy"))
    tab = show(page, width=1024, height=768)
    tab.click('[data-view="expression"]')
    assert tab.locator("h1").bounding_box()["height"] < 30
    right = [box.bounding_box() for box in tab.locator("header :is(button, select):visible").all()]
    assert all(box["x"] + box["width"] <= 1024 for box in right)


def test_one_unit_can_be_read_on_a_phone(show):
    page = step_through(probe(MLP(64, [12, 10], seed=1), [0.1] * 64, 3, "cross_entropy"))
    tab = show(page, width=390, height=844)
    for step in (0, 3, 12):
        tab.evaluate("(step) => whygrad.go(step)", step)
        scale = tab.evaluate("document.querySelector('#view-focus svg').getScreenCTM().a")
        assert 11 * scale >= 8  # pixels of its smallest text
        edges = tab.locator("#view-focus text").evaluate_all(
            "(all) => all.map((text) => text.getBoundingClientRect().right)"
        )
        assert max(edges) <= 390


def test_paper_has_the_whole_picture_in_the_light_theme(show):
    tab = show(step_through(recurrent()[0], theme="dark"))
    for _ in range(5):
        tab.click("#larger")
    seen = tab.get_attribute("#view-expression svg", "viewBox")
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert tab.get_attribute("html", "data-theme") == "light"
    left, top, width, height = map(
        float, tab.get_attribute("#view-expression svg", "viewBox").split()
    )
    assert (left, top) == (0, 0)
    zoomed = [float(number) for number in seen.split()]
    assert width > zoomed[2] and height > zoomed[3]
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert tab.get_attribute("html", "data-theme") == "dark"
    assert tab.get_attribute("#view-expression svg", "viewBox") == seen
