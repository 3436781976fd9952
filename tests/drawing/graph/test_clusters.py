"""Clusters without Graphviz: every grouped box has a background that says its group."""

import re

from autograd import Value, tanh
from autograd.drawing.colours import THEMES
from autograd.drawing.graph.boxes import arrangement, boxes_svg
from autograd.drawing.graph.clusters import clusters
from autograd.drawing.graph.reading import read
from autograd.engine import topological
from nn import MLP, probe


def grouped(p):
    options = dict(p.drawing_options())
    options.pop("units")
    return read([p.root], topological(p.root), **options)


def chain():
    a, b = Value(1.0, "a"), Value(2.0, "b")
    u = a * b
    v = tanh(u)
    w = v + b
    return read([w], topological(w), groups={u: ("big", "one"), v: ("big", "two <&>")})


def rectangles(picture):
    place = arrangement(picture)
    boxes = {
        box.key: (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
        for box, (x, y), (w, h) in zip(picture.boxes, place.centres, place.sizes, strict=True)
    }
    return boxes, clusters(picture, place.centres, place.sizes)


def holds(cluster, box):
    left, top, right, bottom = box
    return (
        cluster.left < left and cluster.top < top
        and cluster.right > right and cluster.bottom > bottom
    )  # fmt: skip


def test_groups_that_lie_apart_are_nested_rectangles():
    _, found = rectangles(chain())
    assert [one.path for one in found] == [("big",), ("big", "one"), ("big", "two <&>")]
    outer, *inner = found
    assert all(holds(outer, one[1:]) for one in inner)
    picture = boxes_svg(chain(), THEMES["light"])
    assert picture.count('data-part="cluster"') == 3
    assert ">big<" in picture
    assert ">two &lt;&amp;&gt;<" in picture


def test_every_box_lies_in_backgrounds_of_its_own_group_and_no_other():
    p = probe(MLP(2, [3, 1], activation="tanh", seed=3), [0.5, -1.2], [0.8], "half_squared_error")
    picture = grouped(p)
    boxes, found = rectangles(picture)
    for box in picture.boxes:
        around = [one.path for one in found if holds(one, boxes[box.key])]
        assert all(path == box.group[: len(path)] for path in around)
        assert bool(box.group) == (box.group in around)
    drawn = boxes_svg(picture, THEMES["dark"])
    assert len(re.findall(r">unit \d", drawn)) >= 4
    assert "layer 1" in drawn


def test_without_groups_nothing_is_added():
    a = Value(1.0, "a")
    root = a * a
    assert 'data-part="cluster"' not in boxes_svg(read([root], [a, root]), THEMES["light"])
