"""Opened, the whole graph is in view; at every step, what the panel speaks of is. At all sizes."""

import math
import random

import pytest

from autograd import Value, step_through, tanh, total
from nn import MLP, Layer, Module, probe
from tests.drawing.page.test_browser import press, reload
from tests.drawing.page.test_folds import loop, wide
from tests.drawing.page.test_live import X, Y, classes, formula, moons, network, recurrent

SIZES = [(1440, 900), (1024, 768), (390, 844)]


class Block(Module):
    """Two layers around a sum: its second one is used twice."""

    def __init__(self):
        rng = random.Random(0)
        self.first, self.second = Layer(2, 2, "tanh", rng=rng), Layer(2, 2, "tanh", rng=rng)

    def __call__(self, x):
        x = self.second([a + b for a, b in zip(self.first(x), x, strict=True)])
        return total(self.second(x))


def parts():
    model = Block()
    return lambda: (model([0.5, -1.2]) - 0.8) ** 2


def chain():
    node = Value(0.5, "x")
    for k in range(5):
        node = tanh(node * (1.0 + k / 100)) + math.sin(k)
    return node


PAGES = {
    "formula": lambda: formula()[0],
    "a small RNN": lambda: recurrent()[0],
    "softmax": lambda: classes()[0],
    "2-3-1": lambda: probe(network(), X, Y, "half_squared_error"),
    "a loop": lambda: loop()[0],
    "a wide sum": lambda: wide()[0],
    "a chain": chain,
    "digits": lambda: probe(
        MLP(64, [32, 10], seed=2), [k / 64 for k in range(64)], 3, "cross_entropy"
    ),
    "moons": lambda: probe(MLP(2, [16, 16, 1], seed=2), *moons(12), "binary_cross_entropy"),
    "one of the moons": lambda: probe(
        MLP(2, [16, 16, 1], seed=2), [0.5, -1.2], 1, "binary_cross_entropy"
    ),
    "parts of a model": parts,
}
OUTSIDE = """(elements) => { const pane = document.querySelector("#canvas").getBoundingClientRect();
  return elements.map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && (box.left < pane.left - 1 || box.right > pane.right + 1
      || box.top < pane.top - 1 || box.bottom > pane.bottom + 1)).map(([html]) => html); }"""
DRAWN = ".view:not([hidden]) :is([data-part=box], [data-part=fold], [data-part=chip], "
DRAWN += "[data-part=unit], [data-part=cell], [data-part=header])"
SPOKEN = ".view:not([hidden]) g.active:not([data-part=edge], [data-part=edge-label])"
LABELS = "[data-part=edge-label].active rect"
NEAR = ".view:not([hidden]) [data-part=chip].touched"
STEPS = f"""([steps, ...selectors]) => steps.map((step) => {{  // what is outside, of how many
  whygrad.go(step);
  return selectors.map((selector) => {{
    const found = [...document.querySelectorAll(selector)];
    return [({OUTSIDE})(found), found.length]; }}); }})"""
READABLE = 0.5  # of full size: 6 px where 12 are meant; the panel says the same in 14 px


def outside(tab, selector):
    return tab.locator(selector).evaluate_all(OUTSIDE)


def scale(tab):
    return tab.evaluate(
        "document.querySelector('.view:not([hidden]) svg').getScreenCTM().a",
    )


@pytest.mark.parametrize("size", SIZES[::2], ids=["1440", "390"])
@pytest.mark.parametrize("name", PAGES)
def test_the_whole_is_seen_first_and_then_what_a_step_speaks_of(show, name, size):
    tab = show(step_through(PAGES[name]()), width=size[0], height=size[1])
    names = "(all) => all.map((button) => button.dataset.view)"
    for view in tab.locator("#views button").evaluate_all(names):
        tab.click(f'#views [data-view="{view}"]')
        tab.evaluate("document.activeElement.blur()")
        press(tab, "Home")
        tab.click("#fit")
        assert outside(tab, DRAWN) == [], view
    if tab.locator('[data-view="expression"]').count():
        tab.click('[data-view="expression"]')
    reload(tab)
    assert outside(tab, DRAWN) == []
    steps = int(tab.get_attribute("#slider", "max"))
    looked = range(1, steps + 1, max(1, steps // 12))
    found = tab.evaluate(STEPS, [[*looked], SPOKEN, NEAR, LABELS])
    for step, ((spoken, count), (near, _), (labels, _)) in zip(looked, found, strict=True):
        assert spoken == near == labels == [], step
        assert count >= 1, step


@pytest.mark.parametrize("size", SIZES, ids=["1440", "1024", "390"])
def test_the_operands_of_a_step_are_in_view_with_it(show, size):
    tab = show(step_through(formula()[0]), width=size[0], height=size[1])
    steps = range(1, int(tab.get_attribute("#slider", "max")) + 1)
    near = '[data-part="box"].touched, [data-part="box"].active'
    found = tab.evaluate(STEPS, [[*steps], near])
    for step, ((boxes, _),) in zip(steps, found, strict=True):
        assert boxes == [], step


def test_what_a_step_speaks_of_comes_back_into_view(show):
    tab = show(step_through(recurrent()[0]))
    for _ in range(8):
        tab.click("#larger")
    for _ in range(14):
        press(tab, "ArrowRight")
        assert outside(tab, SPOKEN) == []
        assert outside(tab, LABELS) == []
        assert outside(tab, '[data-part="box"].touched:not([data-name])') == []


def test_a_step_can_be_read_where_the_whole_is_small(show):
    tab = show(step_through(loop(40)[0]), width=390, height=844)
    tab.evaluate("whygrad.unfold()")
    assert scale(tab) < 0.3
    tab.evaluate("whygrad.go(77)")
    assert scale(tab) > READABLE
    assert outside(tab, SPOKEN) == []
