"""Nodes that share their operands: the results of softmax and log_softmax, all at once.

n results have n² edges, and cost what n nodes cost; nothing else about them is special.
"""

from __future__ import annotations

import gc
import math
import random
import sys
import weakref

import pytest
from mpmath import mp, mpf

import autograd
from autograd import (
    StaleGraphError,
    Value,
    dot,
    exp,
    gradients,
    jvp,
    log_softmax,
    logsumexp,
    mean,
    no_grad,
    softmax,
    take,
    total,
)
from autograd.engine import adjoints, topological
from autograd.table import PRIMITIVES

BOTH = pytest.mark.parametrize("function", [softmax, log_softmax])
compiled = pytest.mark.skipif(autograd.implementation != "c", reason="of the C code alone")
NUMBERS = (0.3, -1.2, 2.4, 40.0, 0.9, 1e-3)
WEIGHTS = (1.0, -2.0, 0.5, 3.0, 0.0, -0.25)


def values(numbers=NUMBERS):
    return [Value(x, f"x{k}") for k, x in enumerate(numbers)]


def exact(function, numbers):
    """Return the results, and their Jacobian, with many digits."""
    exponentials = [mp.exp(mpf(x) - max(numbers)) for x in numbers]
    p = [e / mp.fsum(exponentials) for e in exponentials]
    n = range(len(p))
    rest = [[mp.fsum(p[m] for m in n if m != k) if k == j else -p[k] for k in n] for j in n]
    if function is softmax:
        return p, [[p[j] * r for r in rest[j]] for j in n]
    return [mp.log(x) for x in p], rest


@BOTH
def test_each_result_is_a_node_like_any_other(function):
    x = values()
    for k, out in enumerate(function(x)):
        assert out.op == function.__name__
        assert out.operands == (*x, float(k))
        assert out.parents[:-1] == tuple(x)
        assert out.parents[-1].constant
        assert out.parents[-1] is out.parents[-1]
        alone = PRIMITIVES[out.op](*x, float(k))
        assert (alone.data, alone.partials) == (out.data, out.partials)


@BOTH
def test_adjoints_of_all_at_once_keep_their_digits(function):
    x = values()
    root = dot(function(x), WEIGHTS)
    with mp.workdps(60):
        jacobian = exact(function, NUMBERS)[1]
        terms = [
            [w * row[k] for w, row in zip(WEIGHTS, jacobian, strict=True)] for k in range(len(x))
        ]
        for found in (adjoints(root, x), [v.data for v in gradients(root, x, build_graph=True)]):
            for adjoint, parts in zip(found, terms, strict=True):
                largest = max(map(abs, parts))  # which may cancel, as they would one by one
                assert abs(mpf(adjoint) - mp.fsum(parts)) <= 1e-14 * largest
    root.backward()
    assert [v.grad for v in x] == adjoints(root, x)


@BOTH
def test_one_of_them_alone_has_every_digit_of_its_partials(function):
    x = values()
    outs = function(x)
    for out in outs:
        assert adjoints(out * 1.0, x) == list(out.partials[:-1])


@BOTH
def test_second_derivatives_are_those_of_the_results_one_by_one(function):
    rng = random.Random(3)
    x = values()
    weights = [rng.uniform(-1, 1) for _ in x]
    outs = function(x), [PRIMITIVES[function.__name__](*x, float(k)) for k in range(len(x))]
    tables = []
    for out in outs:
        slopes = gradients(dot([exp(0.1 * o) for o in out], weights), x, build_graph=True)
        tables.append([gradients(slope, x) for slope in slopes])
    for ours, theirs in zip(*tables, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-15)


@BOTH
def test_tangents_go_through_all_at_once(function):
    tangent = [0.5, -1.0, 2.0, 0.25, 3.0, -0.125]
    out = jvp(function, ([*NUMBERS],), (tangent,))
    with mp.workdps(60):
        for found, row in zip(out[1], exact(function, NUMBERS)[1], strict=True):
            parts = [t * d for t, d in zip(tangent, row, strict=True)]
            assert abs(mpf(found) - mp.fsum(parts)) <= 1e-14 * max(map(abs, parts))


@BOTH
def test_some_of_them_are_used_and_some_again(function):
    x = values()
    outs = function(x)
    alone = [PRIMITIVES[function.__name__](*x, float(k)) for k in range(len(x))]
    for used in ([0, 3], [5], [2, 2, 1], [4, 0, 1]):
        ours, theirs = total([outs[k] for k in used]), total([alone[k] for k in used])
        found = adjoints(ours, x)
        assert found == pytest.approx(adjoints(theirs, x), rel=1e-14, abs=1e-16)
        assert found == adjoints(ours, x)  # nothing is left of the first sweep
        assert adjoints(ours, [x[1], outs[used[0]]])[0] == found[1]
        assert adjoints(ours, [outs[used[0]]]) == [float(used.count(used[0]))]


@BOTH
def test_numbers_among_the_operands_stay_numbers(function):
    x = Value(0.5)
    outs = function([x, 2.0, 1])
    assert outs[0].operands == (x, 2.0, 1.0, 0.0)
    root = dot(outs, (1.0, 2.0, 4.0))
    first = adjoints(root, [x])
    assert [p.constant for p in outs[0].parents] == [False, True, True, True]
    assert outs[1].parents[1] is outs[0].parents[1]
    root.backward()
    assert [x.grad] == first
    assert outs[0].parents[1].grad == 0.0


@BOTH
def test_rows_of_rows(function):
    x = values()
    for _ in range(3):
        x = function(x)
    root = dot(x, WEIGHTS)
    start = [v for v in topological(root) if not v.op and v.label]
    ours = adjoints(root, start)
    by_hand = values()
    for _ in range(3):
        by_hand = [PRIMITIVES[function.__name__](*by_hand, float(k)) for k in range(len(by_hand))]
    theirs = dot(by_hand, WEIGHTS)
    leaves = [v for v in topological(theirs) if not v.op and v.label]
    assert ours == pytest.approx(adjoints(theirs, leaves), rel=1e-13, abs=1e-16)


@BOTH
def test_a_leaf_written_after_its_use_is_found(function):
    x = values()
    outs = function(x)
    root = total(outs)
    Value(0.0).data = 1.0  # some other leaf
    root.backward()
    x[2].data = 0.1
    for _ in range(2):
        with pytest.raises(StaleGraphError, match="x2"):
            root.backward()
        with pytest.raises(StaleGraphError, match="x2"):
            adjoints(root, x)
    total(function(x)).backward()


@BOTH
def test_infinities_and_nans_pass_as_one_by_one(function):
    for numbers in ((math.inf, 0.0, 1.0), (math.nan, 0.0), (-math.inf, -math.inf), (0.0, math.nan)):
        x = values(numbers)
        alone = [PRIMITIVES[function.__name__](*x, float(k)) for k in range(len(x))]
        assert repr([o.data for o in function(x)]) == repr([o.data for o in alone])
        assert repr([o.partials for o in function(x)]) == repr([o.partials for o in alone])


@BOTH
def test_numbers_alone_give_numbers(function):
    ours = function([0.5, 2, -1.0])
    assert ours == [v.data for v in function(values((0.5, 2.0, -1.0)))]
    with no_grad():
        assert [v.data for v in function(values((0.5, 2.0, -1.0)))] == ours


def test_the_cost_is_that_of_as_many_nodes():
    """A million edges a result would be a minute; they are one to each operand."""
    x = [Value(math.sin(k)) for k in range(20_000)]
    for function in (softmax, log_softmax):
        root = dot(function(x), [math.cos(k) for k in range(len(x))])
        root.backward()
        assert len(topological(root)) == 2 * len(x) + 1
        assert adjoints(root, x[:5]) != [0.0] * 5


@compiled
def test_a_family_ends_with_its_last_node():
    x = values()
    before = sys.getrefcount(x[0])
    outs = softmax(x)
    kept = outs[3]
    del outs
    kept.backward()
    within = sys.getrefcount(x[0])
    del kept
    after = sys.getrefcount(x[0])
    assert (within, after) == (before + 1, before)


@compiled
def test_nothing_of_a_family_is_left_to_the_cycle_collector():
    gc.collect()
    gc.disable()
    try:
        x = Value(1.0)
        watched = weakref.ref(x)
        root = total(log_softmax([x, 2.0]) + softmax([x, x]))
        root.backward()
        del x, root
        assert watched() is None
    finally:
        gc.enable()


def test_mean_and_logsumexp_are_one_node_each():
    x = values()
    for function, slopes in (
        (mean, [1.0 / len(x)] * len(x)),
        (logsumexp, softmax(NUMBERS)),
    ):
        out = function(x)
        assert (out.op, out.operands) == (function.__name__, tuple(x))
        assert out.data == function(NUMBERS)
        assert out.partials == tuple(slopes)
        assert adjoints(out * 1.0, x) == list(slopes)
    assert take(x, Value(2.0)).partials == (0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0)
