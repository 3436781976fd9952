"""Every equation that pages print is worked out again, at each step of each kind, and counted."""

import re

import pytest

from autograd import step_through
from nn import MLP, probe
from tests.drawing.page.test_browser import classified, probed, states
from tests.drawing.page.test_browser import formula as divided
from tests.drawing.page.test_browser import loop as unrolled
from tests.drawing.page.test_folds import loop, wide
from tests.drawing.page.test_live import classes, formula, moons, recurrent
from tests.explanation.equations import Unknown, holds, joined


def averaged():
    return probe(MLP(2, [4, 1], seed=2), *moons(12), "binary_cross_entropy")


PAGES = {  # and at least how many different equations each prints
    "formula": (lambda: formula()[0], 50),
    "divided": (lambda: divided()[0], 55),
    "recurrent": (lambda: recurrent()[0], 80),
    "unrolled": (lambda: unrolled()[0], 105),
    "classes": (lambda: classes()[0], 85),
    "loop": (lambda: loop(8)[0], 125),
    "wide sum": (lambda: wide(12)[0], 60),
    "2-3-1": (probed, 130),
    "4-12-3": (classified, 750),
    "batch": (averaged, 50),
}
CHANGES = {"formula": ("w", 0.37), "unrolled": ("u", -1.234567), "2-3-1": ("W1[1,0]", 1.1)}
POINT = """document.querySelectorAll('[data-part=box]').forEach((box) =>
  box.dispatchEvent(new PointerEvent('pointerover', { bubbles: true })))"""
BOXES = """(boxes) => boxes.map((box) => box.querySelector("title").textContent)"""


def numbers_of(tab):
    """Return the number of every name, ∂C/∂ of every leaf, and δ of every unit, in full."""
    known = {}
    for name, one in tab.evaluate("whygrad.numbers()").items():
        known[name] = one["data"]
        for root in ("C", "c"):
            known[f"∂{root}/∂{name}"] = one["grad"]
        unit = re.fullmatch(r"b(\d+\[\d+\])", name)
        if unit:
            known[f"δ{unit[1]}"] = one["grad"]
    tab.evaluate(POINT)  # for the tooltips to be written
    for title in tab.locator('[data-part="box"]').evaluate_all(BOXES):
        told = re.match(r"(.*?) = (\S+?),? ", f"{title} ")
        if told:
            known.setdefault(told[1], float(told[2].replace("∞", "inf")))
    return known


def equations(lines):
    """Yield what some lines state; a total is what was there and the contribution before."""
    contribution = ""
    for line in joined(lines):
        already = re.fullmatch(r"already (\S+), so total (?:(≈) )?(\S+)", line)
        if already:
            before, sign, total = already.groups()
            yield f"{_term(before)} + ({contribution}) {sign or '='} {total}"
        elif "so total" in line:
            yield line.partition(", so ")[2]
        else:
            contribution = line.split(" ")[-1].removeprefix("+")
            yield line.replace(" local × ", "·")


def _term(figure):
    return figure.removeprefix("+")


@pytest.mark.parametrize(
    ("name", "changed"),
    [(name, False) for name in PAGES] + [(name, True) for name in CHANGES],
)
def test_every_printed_equation_holds_and_none_is_skipped(show, name, changed):
    make, least = PAGES[name]
    tab = show(step_through(make()))
    if changed:
        tab.evaluate("([name, x]) => whygrad.set(name, x)", CHANGES[name])
    tab.evaluate("whygrad.unfold()")
    known = numbers_of(tab)
    checked, skipped = set(), []
    for lines in states(tab):
        for equation in equations(lines):
            if equation in checked:
                continue
            try:
                holds(equation, known)
            except Unknown:
                skipped.append(equation)
            checked.add(equation)
    assert not skipped, "\n".join(skipped)
    assert len(checked) >= least
