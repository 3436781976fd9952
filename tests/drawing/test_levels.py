"""Levels of detail: an entry of the registry is an option of `draw`."""

import pytest

from autograd import Value, draw
from autograd.drawing import drawing, levels
from tests.drawing.network.networks import network


class Sign:
    """The picture of a single sign."""

    def __init__(self, subject, rankdir, max_nodes):
        self.words = f"{len(subject.roots)} {rankdir} {max_nodes}"

    def summary(self):
        return "sign"

    def text(self):
        return self.words


def test_a_level_is_added_by_one_entry(monkeypatch):
    monkeypatch.setitem(levels.DETAIL, "sign", levels.Level(lambda s: bool(s.roots), "no", Sign))
    monkeypatch.setattr(drawing, "LEVELS", ("auto", *levels.DETAIL))
    shown = draw(Value(1.0), level="sign", rankdir="TB", max_nodes=7)
    assert repr(shown) == "Drawing(sign)"
    assert shown.text() == "1 TB 7"
    with pytest.raises(ValueError, match="no"):
        draw(network([2, 1]), level="sign")


@pytest.mark.parametrize("level", levels.DETAIL)
def test_a_level_refuses_by_name_what_it_does_not_take(level):
    subject = network([2, 1]) if level == "expression" else Value(1.0)
    with pytest.raises(ValueError, match=f"level=.{level}. takes a "):
        draw(subject, level=level)


def test_the_levels_are_named_in_the_order_of_their_detail():
    assert levels.LEVELS == ("auto", "expression", "neuron", "layer")
