"""The layout of our own: nothing overlaps, every arrow goes forward."""

import random
from itertools import combinations, pairwise

import pytest

from autograd import Value, dot, tanh
from autograd.drawing.graph.boxes import PORT, arrangement
from autograd.drawing.graph.layered import layered
from autograd.drawing.graph.reading import read
from autograd.drawing.graph.walks import walk


def random_graph(seed, count):
    rng = random.Random(seed)
    sizes = [(rng.uniform(20, 120), rng.uniform(10, 40)) for _ in range(count)]
    edges = [
        (rng.randrange(max(0, target - 9), target), target)
        for target in range(1, count)
        for _ in range(rng.randrange(3))
    ]
    return sizes, edges


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("vertical", [False, True])
def test_boxes_do_not_overlap(seed, vertical):
    sizes, edges = random_graph(seed, 60)
    place = layered(sizes, edges, vertical=vertical)
    boxes = list(zip(place.centres, sizes, strict=True))
    for ((x0, y0), (w0, h0)), ((x1, y1), (w1, h1)) in combinations(boxes, 2):
        assert abs(x0 - x1) >= (w0 + w1) / 2 - 1e-9 or abs(y0 - y1) >= (h0 + h1) / 2 - 1e-9
    for (x, y), (w, h) in boxes:
        assert w / 2 - 1e-9 <= x <= place.width - w / 2 + 1e-9
        assert h / 2 - 1e-9 <= y <= place.height - h / 2 + 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_every_arrow_goes_forward(seed):
    sizes, edges = random_graph(seed, 60)
    place = layered(sizes, edges)
    for (source, target), bends in zip(edges, place.bends, strict=True):
        xs = [x for x, _ in (place.centres[source], *bends, place.centres[target])]
        assert xs == sorted(set(xs))


def test_a_chain_is_a_straight_line():
    place = layered([(10.0, 4.0)] * 5, [(k, k + 1) for k in range(4)])
    assert {y for _, y in place.centres} == {2.0}


def test_nothing_has_a_layout_too():
    assert layered([], []) == ([], [], 0.0, 0.0)


def test_a_leaf_stands_just_before_its_first_user():
    place = layered([(10.0, 4.0)] * 5, [(0, 1), (1, 2), (2, 4), (3, 4)], gap=(10.0, 2.0))
    assert place.centres[3][0] == place.centres[2][0]


def test_arrows_that_meet_have_ports_of_their_own_wide_enough_for_labels():
    xs, ws = ([Value(0.1 * k + 1, f"{name}{k}") for k in range(6)] for name in "xw")
    root = tanh(dot(ws, xs, Value(0.5, "b")))
    place = arrangement(read([root], walk([root], 100)))
    arrivals = sorted(line[-1][1] for line in place.lines[:13])
    assert all(b - a >= PORT - 1e-9 for a, b in pairwise(arrivals))


def test_what_only_leaves_make_stands_beside_its_user():
    """A loop: in each pass w·x is made of leaves, and stands one column before its sum."""
    edges, chain = [], 0  # box 0 is h, box 1 is w
    boxes = 2
    for _ in range(10):
        x, product, total = boxes, boxes + 1, boxes + 2
        edges += [(1, product), (x, product), (chain, total), (product, total)]
        chain, boxes = total, boxes + 3
    centres = layered([(10.0, 10.0)] * boxes, edges).centres
    columns = sorted({x for x, _ in centres})
    place = {x: k for k, x in enumerate(columns)}
    for t in range(10):
        product, total = 3 + 3 * t, 4 + 3 * t
        assert place[centres[total][0]] - place[centres[product][0]] == 1
