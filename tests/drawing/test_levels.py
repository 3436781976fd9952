"""Levels of detail: an entry of the registry is an option of `draw`."""

import re

import pytest

from autograd import Value, draw, tanh
from autograd.drawing import levels
from autograd.drawing.subject import subject_of
from tests.drawing.network.networks import network


class Sign:
    """The picture of a single sign."""

    def __init__(self, subject, options):
        self.words = f"{len(subject.roots)} {options.rankdir} {options.max_nodes}"

    def summary(self):
        return "sign"

    def text(self):
        return self.words


def test_a_level_is_added_by_one_entry(monkeypatch):
    monkeypatch.setitem(levels.DETAIL, "sign", levels.Level(lambda s: bool(s.roots), "no", Sign))
    shown = draw(Value(1.0), level="sign", rankdir="TB", max_nodes=7)
    assert repr(shown) == "Drawing(sign)"
    assert shown.text() == "1 TB 7"
    with pytest.raises(ValueError, match="no"):
        draw(network([2, 1]), level="sign")
    with pytest.raises(ValueError, match="'model', 'sign'; got 'signs'"):
        draw(Value(1.0), level="signs")


def test_a_graph_runs_in_the_direction_in_which_it_is_larger_on_a_page():
    node = Value(0.5, "x")
    for _ in range(12):
        node = tanh(node)
    sizes = {}
    for way in ("", "LR", "TB"):
        svg = draw(node, level="expression", rankdir=way, layout="own").svg()
        sizes[way] = re.search(r'viewBox="0 0 (\S+) (\S+)"', svg).groups()
    assert sizes[""] == sizes["TB"] != sizes["LR"]


@pytest.mark.parametrize("level", levels.DETAIL)
def test_a_level_refuses_by_name_what_it_does_not_take(level):
    takes = levels.DETAIL[level].takes
    for thing in (network([2, 1]), Value(1.0)):
        if not takes(subject_of(thing, "draw", {})):
            with pytest.raises(ValueError, match=f"level=.{level}. takes a"):
                draw(thing, level=level)


def test_the_levels_are_named_in_the_order_of_their_detail():
    shipped = ["expression", "neuron", "layer", "model"]
    assert [level for level in levels.DETAIL if level in shipped] == shipped
