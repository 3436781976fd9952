"""The page by axe-core, where that is installed: AXE_CORE names its axe.min.js.

`pip install axe-playwright-python` brings one too.
"""

import os
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from autograd import step_through
from nn import MLP, fit, probe
from tests.drawing.page.test_folds import loop, wide
from tests.drawing.page.test_in_view import parts
from tests.drawing.page.test_live import X, Y, classes, formula, moons, network, recurrent

PACKAGE = find_spec("axe_playwright_python")
NAMED = """() => [...document.querySelectorAll("[data-name][aria-label]")].every((one) =>
  [...one.querySelectorAll("text")].every((text) =>
    one.getAttribute("aria-label").includes(text.textContent)))"""
VIOLATIONS = """async () => {  // megabytes of what is right stay in the browser
  const { violations } = await axe.run({ resultTypes: ["violations"] });
  return violations.map((one) => [one.id, one.nodes[0].html.slice(0, 200)]); }"""
STATES = ("whygrad.go(0)", "whygrad.step(0.1)", "whygrad.unfold()", "whygrad.go(3)")
PLACES = [os.environ.get("AXE_CORE", ""), "node_modules/axe-core/axe.min.js"]
PLACES += [
    f"{folder}/axe.min.js" for folder in getattr(PACKAGE, "submodule_search_locations", None) or []
]
AXE = next((Path(place) for place in PLACES if place and Path(place).is_file()), None)
PAGES = {
    "formula": lambda: formula()[0],
    "network": lambda: probe(network(), X, Y, "half_squared_error"),
    "loop": lambda: loop()[0],
    "sum": lambda: wide()[0],
    "large": lambda: probe(MLP(20, [10, 8], seed=1), [0.1] * 20, 3, "cross_entropy"),
    "a small RNN": lambda: recurrent()[0],
    "softmax": lambda: classes()[0],
    "parts of a model": parts,
    "batch": lambda: probe(MLP(2, [4, 4, 1], seed=2), *moons(12), "binary_cross_entropy"),
    "moons": lambda: probe(MLP(2, [16, 16, 1], seed=2), X, 1, "binary_cross_entropy"),
}


@pytest.mark.skipif(AXE is None, reason="axe-core is not installed")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing(browser, tmp_path, page, theme):
    step_through(PAGES[page](), tmp_path / "page.html", theme=theme)
    context = browser.new_context(bypass_csp=True, reduced_motion="reduce")
    tab = context.new_page()
    tab.goto((tmp_path / "page.html").as_uri())
    tab.add_script_tag(path=AXE)
    for view in tab.locator("#views button").all():
        first = view.get_attribute("aria-pressed") == "true"
        view.click()
        for state in STATES if first else STATES[-1:]:
            tab.evaluate(state)
            tab.wait_for_function(NAMED)
            tab.click("#fit")  # what is cut off by the window has a name of its own all the same
            assert tab.evaluate(VIOLATIONS) == [], (view, state)
    context.close()


@pytest.mark.skipif(AXE is None, reason="axe-core is not installed")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_a_film_and_in_the_gallery(browser, tmp_path, monkeypatch, theme):
    data, labels = moons(12)
    model = MLP(2, [3, 1], activation="tanh", seed=2)
    fit(
        model, data, labels, loss="binary_cross_entropy", epochs=3, progress=False,
        record=tmp_path / "film.html",
    )  # fmt: skip
    gallery = import_module("demos.08_gallery")
    monkeypatch.setattr(gallery, "OUTPUT", tmp_path)
    index = gallery.Gallery()
    gallery.two_three_one(index)
    index.save()
    context = browser.new_context(bypass_csp=True, reduced_motion="reduce", color_scheme=theme)
    for name in ("film.html", "index.html"):
        tab = context.new_page()
        tab.goto((tmp_path / name).as_uri())
        tab.add_script_tag(path=AXE)
        assert tab.evaluate(VIOLATIONS) == []
    context.close()


@pytest.mark.parametrize("page", PAGES)
def test_every_control_has_a_name(browser, tmp_path, page):
    step_through(PAGES[page](), tmp_path / "page.html")
    context = browser.new_context(reduced_motion="reduce")
    tab = context.new_page()
    tab.goto((tmp_path / "page.html").as_uri())
    nameless = tab.evaluate(
        """[...document.querySelectorAll("button, input, select, [role=button]")].filter((e) =>
        !(e.getAttribute("aria-label") || e.textContent.trim() || e.closest("label")))
        .map((e) => e.outerHTML.slice(0, 120))"""
    )
    assert nameless == []
    context.close()
