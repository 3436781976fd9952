"""Functions that enclose what they computed are collected, and what depends on it."""

from __future__ import annotations

import gc
import weakref

import pytest

import autograd
from autograd import Value, dot, exp, softmax, total
from autograd.engine import Function


def identity(kept: list) -> Function:
    """Return a function whose rules enclose a list."""
    return Function(
        "kept", lambda x: x + 0.0 * len(kept), (lambda x, out: 1.0 + 0.0 * len(kept),), "every x"
    )


DEPENDENTS = {
    "itself": lambda v: v,
    "an operator": lambda v: v * 2.0 + 1.0,
    "both sides": lambda v: v * v,
    "a row": lambda v: exp(-v),
    "a row of Python's": lambda v: v.softsign(),
    "a sum": lambda v: total([v, 1.0, v]),
}


@pytest.mark.parametrize("depend", DEPENDENTS.values(), ids=DEPENDENTS)
def test_a_function_that_encloses_what_it_computed_is_collected(depend):
    kept: list = []
    function = identity(kept)
    x = Value(0.5)
    kept.append(depend(function(x)))
    watched = weakref.ref(kept[0])
    kept[0].backward()
    assert x.grad != 0.0
    del function, kept
    gc.collect()
    assert watched() is None
    (x * 2.0).backward()


def test_what_is_in_use_stays():
    kept: list = []
    function = identity(kept)
    x = Value(0.5)
    out = function(x) * 3.0
    kept.append(out)
    del function, kept
    for _ in range(3):
        gc.collect()
    out.backward()
    assert (out.data, x.grad, out.parents[0].op) == (1.5, 3.0, "kept")


def test_a_deep_graph_in_a_cycle_is_collected():
    kept: list = []
    y = identity(kept)(Value(1.0))
    for _ in range(200_000):
        y = y * 1.0
    kept.append(y)
    watched = weakref.ref(y)
    del y, kept
    gc.collect()
    assert watched() is None


def test_collections_while_such_graphs_are_made_and_freed():
    before = gc.get_threshold()
    gc.set_threshold(1)
    try:
        for _ in range(50):
            kept: list = []
            x = Value(0.5)
            y = identity(kept)(x)
            kept.append(y)
            out = total([dot([y, y * 2.0], [y, 1.0]), *softmax([y, x]), y.softsign()])
            out.label = "out"
            kept.append(out)
            out.backward()
            del y
            kept.pop(0)
            out.backward()
    finally:
        gc.set_threshold(*before)


@pytest.mark.skipif(autograd.implementation != "c", reason="Python's own objects are collected")
def test_graphs_of_the_table_are_unknown_to_the_collector():
    x = Value(0.5)
    for node in (x, x * 2.0, exp(x), x.softsign(), total([x, x]), *softmax([x, x])):
        assert not gc.is_tracked(node)
