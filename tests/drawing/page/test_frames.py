"""Frames of open groups, in Chromium: all boxes of a group are in its frame, and no other one."""

import pytest

from autograd import Value, step_through, tanh
from autograd.drawing.graph.reading import read
from autograd.drawing.graph.walks import walk
from autograd.drawing.page.folds import folds_of
from autograd.drawing.sources import sources
from nn import MLP, probe
from tests.drawing.page.test_folds import Grouped, members
from tests.drawing.page.test_in_view import DRAWN, SIZES, outside
from tests.drawing.test_sources import Net, Recurrent

PLACES = """(elements) => elements.map((one) => { const box = one.getBoundingClientRect();
  const name = one.id || one.dataset.frame || one.dataset.mark;
  return [name, box.left, box.top, box.right, box.bottom]; })"""


def network():
    p = probe(MLP(2, [3, 1], activation="tanh", seed=3), [0.5, -1.2], [0.8], "half_squared_error")
    live = p.live_graph()
    options = {k: v for k, v in live.items() if k in ("inputs", "parameters", "groups")}
    return p, read([live["root"]], walk([live["root"]], 500), **options)


def parts():
    model = Net()
    return _of(lambda: (model([0.5, -1.0])[0] - 0.3) ** 2)


def calls():
    model = Recurrent()
    return _of(lambda: (model([0.5, -1.0, 0.25]) - 0.5) ** 2)


def _of(function):
    found = sources(function)
    order = walk([found.result], 500)
    options = {"groups": found.groups, "names": found.names, "parameters": found.parameters}
    return function, read([found.result], order, **options)


def places(tab, selector):
    return {name: where for name, *where in tab.locator(selector).evaluate_all(PLACES)}


def meets(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def holds(outer, inner):
    return all(outer[k] <= inner[k] + 0.5 for k in (0, 1)) and all(
        inner[k] <= outer[k] + 0.5 for k in (2, 3)
    )


@pytest.mark.parametrize("size", SIZES, ids=["1440", "1024", "390"])
@pytest.mark.parametrize("make", [network, parts, calls])
def test_a_frame_holds_the_boxes_of_its_group_and_no_other(show, make, size):
    subject, picture = make()
    folds = folds_of(picture)
    tab = show(step_through(subject), width=size[0], height=size[1])
    if tab.locator('[data-view="expression"]').count():
        tab.click('[data-view="expression"]')
    tab.evaluate("whygrad.unfold()")
    frames = places(tab, "[data-frame]")
    boxes = {
        name: tab.locator(f"#{name} > rect").first.evaluate_all(PLACES)[0][1:]
        for name in places(tab, '[data-part="box"]:visible')
    }
    assert len(frames) == len(folds) >= 3
    for k, frame in frames.items():
        inside = {f"n{box}" for box in members(folds, int(k))}
        for name, box in boxes.items():
            assert holds(frame, box) if name in inside else not meets(frame, box), (k, name)
        for other, one in frames.items():
            assert holds(frame, one) or holds(one, frame) or not meets(frame, one), (k, other)
    assert outside(tab, DRAWN) == []


def test_boxes_of_groups_that_need_each_other_are_marked_one_by_one(show):
    u, h, groups = Value(0.9, "u"), Value(0.1, "h"), {}
    for _ in range(3):
        inner = tanh(u * h)
        groups[inner] = groups[inner.parents[0]] = "cell"
        h = inner * 1.5 + 0.1
    tab = show(step_through(Grouped(h, groups)))
    assert tab.locator("[data-frame]").count() == 0
    marks = tab.locator("[data-mark]").evaluate_all(PLACES)
    chips = tab.locator('[data-part="chip"]').count()
    assert len(marks) == len(groups) + chips  # u stands beside each of its uses
