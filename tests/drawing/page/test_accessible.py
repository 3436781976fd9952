"""The page by axe-core, where that is installed: AXE_CORE names its axe.min.js."""

import os
from pathlib import Path

import pytest

from autograd import step_through
from nn import MLP, probe
from tests.drawing.page.test_live import X, Y, formula, network

PLACES = [os.environ.get("AXE_CORE", ""), "node_modules/axe-core/axe.min.js"]
AXE = next((Path(place) for place in PLACES if place and Path(place).is_file()), None)
PAGES = {
    "formula": lambda: formula()[0],
    "network": lambda: probe(network(), X, Y, "half_squared_error"),
    "large": lambda: probe(MLP(64, [12, 10], seed=1), [0.1] * 64, 3, "cross_entropy"),
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
    for state in ("whygrad.go(0)", "whygrad.go(3)", "whygrad.step(0.1)"):
        tab.evaluate(state)
        found = tab.evaluate("axe.run()")["violations"]
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []
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
