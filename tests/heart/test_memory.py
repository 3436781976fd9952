"""Depth and memory: a million operations, default stack and recursion limits, no leaks."""

from __future__ import annotations

import gc
import resource
import sys
import threading

import pytest

import autograd
from autograd import Value, depth, dot, exp, leaves, op_counts, total

LIMIT = 80 if autograd.implementation == "c" else 300  # bytes a node
MILLION = 1_000_000


def resident_bytes() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def chain(x: Value, length: int) -> Value:
    for _ in range(length):
        x = x * 1.0000001
    return x


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_chain_of_a_million_operations_within_its_memory():
    x = Value(1.0)
    chain(x, 1000).backward()
    gc.collect()
    before = resident_bytes()
    y = chain(x, MILLION)
    per_node = (resident_bytes() - before) / MILLION
    x.grad = 0.0
    y.backward()
    assert x.grad == pytest.approx(1.0000001**MILLION, rel=1e-9)
    del y  # frees without recursion
    assert per_node <= LIMIT


@pytest.mark.skipif(autograd.implementation != "c", reason="Python frees objects by itself")
def test_a_deep_graph_is_freed_in_a_thread_with_a_small_stack():
    def work() -> None:
        y = chain(Value(1.0), 200_000)
        y.backward()
        del y
        done.append(True)

    done: list[bool] = []
    size = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
    assert done


def test_deep_graphs_of_tuples_and_rows_are_freed_too():
    x = Value(0.5)
    for make in (
        lambda v: dot((v,), (1.0,), x),
        lambda v: total((v, x)),
        lambda v: v.softsign(),
        lambda v: -v,
    ):
        y = x
        for _ in range(100_000):
            y = make(y)
        y.backward()
        del y


def test_walks_of_a_deep_graph_do_not_recurse():
    x = Value(1.0, "x")
    y = chain(x, 100_000)
    assert depth(y) == 100_000
    assert leaves(y) == [x]
    assert op_counts(y) == {"mul": 100_000}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_forward_passes_without_backward_do_not_grow_the_process():
    w = [Value(0.1 * k) for k in range(20)]

    def forward() -> float:
        out = w[0]
        for _ in range(2_000):
            out = (out * w[1] + w[2]).tanh() + exp(w[3]) * total(w) / 50
        return out.data

    gc.collect()
    gc.disable()
    try:
        for _ in range(5):
            forward()
        before = resident_bytes()
        for _ in range(50):
            forward()
        grown = resident_bytes() - before
    finally:
        gc.enable()
    assert grown < 2_000_000  # one pass makes 14 000 nodes: 50 leaked ones would be 45 MB


def test_freed_nodes_give_back_their_references_to_the_type():
    def references_after(count: int) -> int:
        nodes = [Value(0.0) for _ in range(count)]
        del nodes
        return sys.getrefcount(Value)

    before = references_after(100_000)  # more than the C code keeps for use again
    assert references_after(100_000) == before


def test_nothing_of_a_graph_is_left_to_the_cycle_collector():
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        for _ in range(10):
            loss = sum((Value(1.0) * k - 2) ** 2 for k in range(100))
            loss.backward()
            _ = loss.parents
        del loss, _
        assert len(gc.get_objects()) - before < 50
    finally:
        gc.enable()
