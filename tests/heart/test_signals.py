"""Signals in the middle of a walk or a sweep: what a handler raises, and what it does to the nodes.

The C code looks for signals every thousand nodes. Here one is there whenever it looks, without a
clock: the handler sends the next one, by a call that has no end at which Python would answer it.
"""

from __future__ import annotations

import gc
import math
import signal
import sys
import threading
import weakref
from _thread import interrupt_main
from functools import partial
from itertools import starmap

import pytest

import autograd
from autograd import StaleGraphError, Value, dot, gradients, softmax, tanh, total
from autograd.engine import Function, adjoints, compiled_columns, topological

compiled = pytest.mark.skipif(autograd.implementation != "c", reason="of the C code alone")


class Interrupted(Exception):
    pass


class Often:
    """A handler that acts when signals are looked for within a call, each time or the k-th."""

    def __init__(self, act, k=None):
        self.act, self.k, self.count, self.results = act, k, 0, []

    def __call__(self, number, frame):
        if self.results:
            return
        self.count += 1
        if self.k in (None, self.count):
            self.act()
        for _ in map(interrupt_main, (number,)):
            return

    def during(self, call):
        calls = starmap(call, [()])
        before = signal.signal(signal.SIGINT, self)
        try:
            for _ in map(interrupt_main, (signal.SIGINT,)):
                self.results += calls
        finally:
            self.results.append(None)
            signal.signal(signal.SIGINT, before)
        return self.results.pop(0)


def thirds(x):
    """Apply a function whose rule is Python's."""
    return Function("thirds", lambda x: x / 3.0, (lambda x, out: 1.0 / 3.0,), "every x")(x)


class Graph:
    """Some thousand nodes of each kind, which look as if nobody had walked over them."""

    def __init__(self, asks):
        self.w, self.b = Value(0.9, "w"), Value(0.1, "b")
        self.many = [Value(math.sin(k)) for k in range(2500)]
        y = self.b
        for k in range(2000):
            y = tanh(y * self.w) + 0.5
            if asks and k % 500 == 0:
                y = thirds(y)
        shares = softmax([y, *self.many])
        self.root = y + total(self.many) * 0.001 + dot(shares[:2000], self.many[:2000]) + shares[-1]
        self.leaves = [self.w, self.b, *self.many]
        self.nodes = topological(self.root)
        for k, node in enumerate(self.nodes):
            if not node.constant and not node.op:
                node.grad = float(k)

    def grads(self):
        return [node.grad for node in self.nodes]


def columns(graph):
    given = (graph.w, *graph.many, graph.b, graph.root)
    return partial(compiled_columns, given, 1, 1 + len(graph.many), "uniform_noise")


WORK = {
    "backward": lambda graph: graph.root.backward,
    "gradients": lambda graph: partial(adjoints, graph.root, graph.leaves),
    "gradient of one": lambda graph: partial(adjoints, graph.root, [graph.b]),
    "topological": lambda graph: partial(topological, graph.root),
    "columns": columns,
}
ALL = pytest.mark.parametrize(
    "name", [pytest.param(x, marks=[compiled] if x == "columns" else []) for x in WORK]
)
RULES = pytest.mark.parametrize("asks", [False, True], ids=["of rows", "of rules"])


def told(found, graph):
    """Return what was found in words of any such graph, and the grads."""
    if isinstance(found, tuple):
        found = found[:-2]
    elif found and isinstance(found[0], Value):
        found = found == graph.nodes
    return found, graph.grads()


def stop():
    raise Interrupted


@compiled
@RULES
@ALL
def test_an_exception_at_any_look_changes_nothing(name, asks):
    """Each look is one of all passes: down, back, and what lies between."""
    twin, graph = Graph(asks), Graph(asks)
    expected, before = told(WORK[name](twin)(), twin), graph.grads()
    for k in range(1, 1000):
        often = Often(stop, k)
        try:
            found = often.during(WORK[name](graph))
            break
        except Interrupted:
            assert graph.grads() == before
    assert k > 10
    assert told(found, graph) == expected


def looks_at_grads(graph):
    return [graph.root.grad, graph.w.grad, repr(graph.b)]


def lets_another_thread_walk(graph):
    found = []
    work = lambda: found.append((topological(graph.root), gradients(graph.root, graph.leaves)))
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    nodes, slopes = found[0]
    assert nodes == graph.nodes
    assert slopes == gradients(graph.root, graph.leaves)


HARMLESS = {
    "looks at grads": looks_at_grads,
    "goes back": lambda graph: graph.root.backward(),
    "goes back elsewhere": lambda graph: (graph.many[1] * graph.w).backward(),
    "asks for gradients": lambda graph: gradients(graph.root, graph.leaves),
    "lists the nodes": lambda graph: topological(graph.root),
    "makes nodes": lambda graph: [tanh(graph.root * x) for x in graph.many],
    "writes grads": lambda graph: [setattr(x, "grad", 7.0) for x in graph.leaves],
    "lets another thread walk": lets_another_thread_walk,
}


@RULES
@pytest.mark.parametrize("what", HARMLESS)
@ALL
def test_what_a_handler_does_is_as_if_done_before(name, what, asks):
    twin, act = Graph(asks), HARMLESS[what]
    act(twin)
    expected = told(WORK[name](twin)(), twin)
    for k in range(1, 1000, 3 if autograd.implementation == "c" else 1000):
        graph = Graph(asks)
        often = Often(partial(act, graph), k)
        found = often.during(WORK[name](graph))
        if often.count < k:
            break
        assert told(found, graph) == expected
    assert autograd.implementation != "c" or k > 3


@compiled
@RULES
@ALL
def test_a_handler_that_always_asks_lets_the_work_end(name, asks):
    twin, graph = Graph(asks), Graph(asks)
    expected = told(WORK[name](twin)(), twin)
    often = Often(partial(gradients, graph.root, [graph.b]))
    assert told(often.during(WORK[name](graph)), graph) == expected
    assert often.count > 0


@compiled
@RULES
@pytest.mark.parametrize("name", ["backward", "gradients"])
def test_gradients_are_never_of_two_points(name, asks):
    """A leaf that a handler writes makes the graph stale, wherever the sweep is."""
    for k in range(1, 1000, 3):
        graph = Graph(asks)
        before = graph.grads()
        often = Often(lambda graph=graph: setattr(graph.w, "data", 0.5), k)
        try:
            often.during(WORK[name](graph))
        except StaleGraphError:
            assert graph.grads() == before
        else:
            assert often.count < k
            break
    assert k > 3


@ALL
def test_a_handler_may_drop_the_graph(name):
    """What is in use stays for as long."""
    twin, kept = Graph(asks=True), weakref.WeakSet()
    expected = told(WORK[name](twin)(), twin)[0]
    for k in range(1, 1000, 3 if autograd.implementation == "c" else 1000):
        graph = Graph(asks=True)
        kept.add(graph.root)
        often = Often(lambda graph=graph: (vars(graph).clear(), gc.collect()), k)
        found = often.during(WORK[name](graph))
        if often.count < k:
            break
        if name == "topological":
            assert len(found) == len(twin.nodes)
        else:
            assert told(found, twin)[0] == expected
        del found
        assert not kept


class After:
    """A trace that raises an exception after so many operations of Python code."""

    def __init__(self, left):
        self.left = left

    def __call__(self, frame, event, argument):
        frame.f_trace_opcodes = True
        self.left -= event == "opcode"
        if not self.left:
            raise Interrupted
        return self


@pytest.mark.skipif(autograd.implementation == "c", reason="of the Python code alone")
def test_an_exception_anywhere_in_python_changes_all_grads_or_none():
    leaves = [Value(0.1 * k + 0.3) for k in range(3)]
    root = tanh(leaves[0] * leaves[1] + 2.0) + total(softmax(leaves)) * leaves[2]
    nodes = topological(root)
    grads = lambda: [node.grad for node in nodes]
    root.backward()
    after, at, done = grads(), 0, False
    while not done:
        for leaf in leaves:
            leaf.grad = 0.0
        at, before, previous = at + 1, grads(), sys.gettrace()
        sys.settrace(After(at))
        try:
            root.backward()
            done = True
        except Interrupted:
            pass
        finally:
            sys.settrace(previous)
        assert grads() in (before, after)
    assert at > 300 and grads() == after
