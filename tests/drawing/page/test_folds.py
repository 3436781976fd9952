"""Folding: loops, wide sums and groups are one box until they are opened, in Chromium too."""

import math
import re

import pytest

from autograd import Value, dot, gradients, step_through, tanh, total
from autograd.drawing.graph.reading import read
from autograd.drawing.graph.walks import walk
from autograd.drawing.page.folds import folds_of
from autograd.explanation.numerals import figure
from nn import MLP, probe
from tests.drawing.page.test_browser import address, choose, press, reload, totals
from tests.explanation.reading import recheck

TOLERANCE = 1e-12


def loop(passes=40, u=0.9, v=0.5):
    leaves = [Value(u, "u"), Value(v, "v"), Value(0.1, "h")]
    u, v, h = leaves
    for t in range(passes):
        h = tanh(u * h + v * math.sin(t / 5))
    h.label = "C"
    return h, leaves


def wide(count=30, w3=None):
    w = [Value(math.sin(k + 1.0), f"w{k}") for k in range(count)]
    if w3 is not None:
        w[3].data = w3
    root = tanh(total([x * math.cos(k) for k, x in enumerate(w)]))
    root.label = "C"
    return root, w


def folds(root, **options):
    return folds_of(read([root], walk([root], 5000), **options))


def members(found, k):
    inner = [j for j, one in enumerate(found) if one["parent"] == k]
    return set(found[k]["boxes"]).union(*[members(found, j) for j in inner])


def test_a_loop_is_folded_but_for_its_first_and_last_passes():
    root, _ = loop(40)
    (fold,) = folds(root)
    assert (fold["kind"], fold["name"], fold["closed"]) == ("loop", "… 37 more passes", True)
    drawn = read([root], walk([root], 5000))
    inside = [drawn.boxes[k] for k in fold["boxes"]]
    assert sum(box.kind == "node" for box in inside) == 37 * 4
    assert not {"u", "v", "h", "C"} & {box.name for box in inside}


def test_repeated_terms_of_a_sum_are_no_loop():
    assert [one["kind"] for one in folds(wide()[0])] == ["sum"]


def test_of_a_wide_sum_seven_operands_are_shown():
    root, w = wide(30)
    (fold,) = folds(root)
    assert fold["name"] == "… 23 more"
    drawn = read([root], walk([root], 5000))
    inside = {drawn.boxes[k].name for k in fold["boxes"]}
    assert {x.label for x in w[7:]} <= inside and not {x.label for x in w[:7]} & inside


def test_of_a_wide_product_of_vectors_pairs_are_shown():
    w = [Value(0.1 * k, f"w{k}") for k in range(20)]
    x = [Value(0.2 * k, f"x{k}") for k in range(20)]
    (fold,) = folds(tanh(dot(w, x, Value(0.5, "b"))))
    assert fold["name"] == "… 16 more pairs"
    assert len(fold["boxes"]) == 32


def test_what_others_need_is_not_folded_away():
    w = [Value(0.1 * k, f"w{k}") for k in range(20)]
    root = total([x * 2.0 for x in w]) * w[15]
    drawn = read([root], walk([root], 5000))
    (fold,) = folds_of(drawn)
    assert "w15" not in {drawn.boxes[k].name for k in fold["boxes"]}


@pytest.mark.parametrize("length", [2, 9, 40])
def test_short_things_are_not_folded(length):
    node = Value(0.5, "x")
    for k in range(min(length, 5)):
        node = tanh(node * (1.0 + k))
    assert folds(node) == []


def test_groups_are_folds_that_nest_and_are_closed_where_there_is_much():
    p = probe(MLP(2, [3, 1], seed=3), [0.5, -1.2], [0.8], "half_squared_error")
    options = {k: v for k, v in p.drawing_options().items() if k != "units"}
    found = folds(p.root, **options)
    assert next(one["name"] for one in found if one["parent"] < 0).startswith("layer 1")
    assert not any(one["closed"] for one in found if one["kind"] == "group")
    large = probe(MLP(2, [16, 16, 1], seed=3), [0.5, -1.2], [0.8], "half_squared_error")
    options = {k: v for k, v in large.drawing_options().items() if k != "units"}
    found = folds(large.root, **options)
    assert all(one["closed"] for one in found if one["parent"] < 0)
    assert not members(found, 0) & members(found, 17)


# --- in the page ----------------------------------------------------------------------------


def shown(tab):
    return tab.locator('[data-part="box"]:visible').count()


def test_a_closed_fold_is_opened_and_closed_by_click_and_by_keyboard(show):
    tab = show(step_through(loop()[0]))
    few = shown(tab)
    assert few < 25 and tab.locator('[data-part="fold"]').count() == 1
    tab.click('[data-part="fold"]')
    assert shown(tab) == len(read([loop()[0]], walk([loop()[0]], 5000)).boxes)
    assert tab.locator('[data-part="fold"]').count() == 0
    header = tab.locator('[data-part="header"]')
    assert header.get_attribute("aria-expanded") == "true"
    assert tab.evaluate("document.activeElement.dataset.part") == "header"
    press(tab, "Enter")
    assert shown(tab) == few
    assert tab.evaluate("document.activeElement.getAttribute('aria-expanded')") == "false"
    press(tab, "Enter")
    assert shown(tab) > few
    tab.click("#unfold")
    assert shown(tab) == few


def test_a_fold_is_reached_by_tab(show):
    tab = show(step_through(loop()[0]))
    for _ in range(40):
        press(tab, "Tab")
        if tab.evaluate("document.activeElement.dataset.part") == "fold":
            break
    assert "37 more passes" in tab.evaluate("document.activeElement.getAttribute('aria-label')")


@pytest.mark.parametrize("make", [loop, wide], ids=["loop", "sum"])
def test_numbers_stay_right_when_something_is_folded_and_unfolded(show, make):
    root, leaves = make()
    tab = show(step_through(root))
    name = leaves[0].label
    for number in (0.3, -0.4):
        tab.evaluate("([name, x]) => whygrad.set(name, x)", [name, number])
        tab.click("#unfold")
        _, fresh = make()
        fresh[0].data = number
        again, leaves = loop(u=number) if make is loop else (None, None)
        if make is wide:
            again, leaves = wide()
            leaves[0].data = number
            again = tanh(total([x * math.cos(k) for k, x in enumerate(leaves)]))
        press(tab, "End")
        found = tab.evaluate("whygrad.numbers()")
        assert found["C"]["data"] == pytest.approx(again.data, rel=TOLERANCE)
        for leaf, grad in zip(leaves, gradients(again, leaves), strict=True):
            assert found[leaf.label]["grad"] == pytest.approx(grad, rel=TOLERANCE, abs=1e-15)
        seen = totals(tab)
        for leaf, grad in zip(leaves, gradients(again, leaves), strict=True):
            assert seen[leaf.label] == pytest.approx(grad, rel=1e-11, abs=1e-15)
        tab.evaluate("whygrad.fold()")


def test_the_arrow_out_of_a_fold_has_what_flows_through_it(show):
    root, _ = wide(30)
    tab = show(step_through(root))
    press(tab, "End")
    label = tab.locator('[data-part="edge-label"] [data-part="flow"]').text_content()
    sweep = gradients(root, [root.parents[0]])[0] * 23  # 23 operands, each with partial 1
    assert label == f"⇒ {figure(sweep, signed=True)}"


def test_a_closed_fold_is_passed_through_in_one_step(show):
    root, _ = loop()
    tab = show(step_through(root))
    steps = 0
    while tab.get_attribute("body", "data-step") != tab.get_attribute("#slider", "max"):
        press(tab, "ArrowRight")
        steps += 1
        words = tab.inner_text("#step")
        if "is folded" in words:
            assert "148 of its 148 operations are done" in words
            assert tab.locator('[data-part="fold"].active').count() == 1
    assert steps == 4 * 3 + 1
    press(tab, "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft")
    tab.evaluate("whygrad.go(20)")
    words = tab.inner_text("#step")
    assert "16 of its 148 operations are done" in words
    tab.click("#step >> text=open")
    assert tab.get_attribute("body", "data-step") == "20"
    assert "passes it on" in tab.inner_text("#step")


def test_the_address_keeps_what_is_open(show):
    tab = show(step_through(loop()[0]))
    tab.click('[data-part="fold"]')
    many = shown(tab)
    assert "folds=0" in address(tab)
    reload(tab)
    assert shown(tab) == many
    tab.evaluate("whygrad.fold()")
    assert "folds=" not in address(tab)


def test_a_shared_leaf_is_shown_at_each_use_and_they_light_together(show):
    root, _ = loop(3)
    tab = show(step_through(root))
    assert tab.locator('[data-part="chip"][data-of]').count() == 4
    chips = tab.locator(f'[data-part="chip"][data-of="{place(tab, "u")}"]')
    assert chips.count() == 2
    tab.hover('[data-name="u"]')
    assert all("chosen" in one.get_attribute("class") for one in chips.all())
    tab.mouse.move(2, 400)
    tab.focus('[data-name="u"]')
    assert all("chosen" in one.get_attribute("class") for one in chips.all())
    chips.first.click()
    assert tab.input_value("#choice") == "u"
    words = tab.inner_text("#weight")
    assert "used in 3 places" in words


def place(tab, name):
    return tab.get_attribute(f'[data-name="{name}"]', "id").removeprefix("n")


def test_the_gradient_of_a_shared_leaf_is_the_sum_of_its_places(show):
    root, (u, *_) = loop(3)
    contributions = {}
    for node in {x for x in walk([root], 100) if u in x.operands}:
        outer = gradients(root, [node])[0]
        contributions[node] = outer * node.partials[node.operands.index(u)]
    assert sum(contributions.values()) == pytest.approx(gradients(root, [u])[0], rel=1e-12)
    tab = show(step_through(root))
    choose(tab, "u")
    lines = tab.inner_text("#weight").splitlines()
    told = sorted(line.split("⇒ ")[1] for line in lines if "⇒" in line)
    assert told == sorted(figure(x, signed=True) for x in contributions.values())
    assert lines[-1].endswith(figure(gradients(root, [u])[0], signed=True))
    recheck(re.sub(r"([=≈] )\+(\S+)$", r"\1\2", lines[-1]))
    tab.evaluate("whygrad.set('u', 0.2)")
    fresh, (u, *_) = loop(3, u=0.2)
    last = tab.inner_text("#weight").splitlines()[-1]
    recheck(re.sub(r"([=≈] )\+(\S+)$", r"\1\2", last))
    assert last.endswith(figure(gradients(fresh, [u])[0], signed=True))


def test_a_chip_turns_the_one_number(show):
    tab = show(step_through(loop(3)[0]))
    box = tab.locator('[data-part="chip"]').first
    name = box.locator("text").text_content()
    before = tab.evaluate("whygrad.numbers()")[name]["data"]
    spot = box.bounding_box()
    tab.mouse.move(spot["x"] + 10, spot["y"] + 8)
    tab.mouse.down()
    tab.mouse.move(spot["x"] + 50, spot["y"] + 8, steps=4)
    tab.mouse.up()
    assert tab.evaluate("whygrad.numbers()")[name]["data"] == pytest.approx(before + 0.1)


def test_groups_that_need_each_other_are_drawn_all_the_same(show):
    """A group called at every pass lies before and after what is between its calls."""
    u, h = Value(0.5, "u"), Value(0.3, "h")
    groups = {}
    for _ in range(3):
        inner = tanh(u * h)
        groups[inner] = groups[inner.parents[0]] = "cell"
        h = inner * 1.5 + 0.1
    p = Grouped(h, groups)
    tab = show(step_through(p))
    tab.evaluate("whygrad.fold()")
    header = tab.locator('[data-part="header"]')
    assert header.count() == 1
    header.focus()
    press(tab, "Enter")
    assert tab.locator('[data-part="fold"]').count() == 1
    press(tab, "End")
    assert tab.evaluate("whygrad.numbers()")["u"]["grad"] == gradients(h, [u])[0]


class Grouped:
    def __init__(self, root, groups):
        self.root, self.groups = root, groups

    def picture(self):
        return None

    def drawing_options(self):
        return {"groups": self.groups}
