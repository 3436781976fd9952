"""Threads may share leaves that nobody changes: each has graphs and adjoints of its own."""

import os
import subprocess
import sys
import threading

import pytest

from autograd import Value, grad, gradients, no_grad, tanh, total

THREADS, TIMES = 6, 60


def at_once(work):
    """Run work(k) in each thread, changing threads as often as can be; return the results."""
    results, barrier = [None] * THREADS, threading.Barrier(THREADS)

    def run(k):
        barrier.wait()
        try:
            results[k] = [work(k) for _ in range(TIMES)]
        except BaseException as error:
            results[k] = error

    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    try:
        threads = [threading.Thread(target=run, args=(k,)) for k in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    return results


@pytest.fixture
def weights():
    return [Value(0.1 * k - 0.4) for k in range(9)]


def loss(weights, k):
    return total([tanh(w * (k + 1.0)) * weights[k] for w in weights])


def test_gradients_of_threads_do_not_mix(weights):
    expected = [gradients(loss(weights, k), weights) for k in range(THREADS)]
    found = at_once(lambda k: gradients(loss(weights, k), weights))
    assert found == [[right] * TIMES for right in expected]
    assert [w.grad for w in weights] == [0.0] * len(weights)


def test_functions_are_differentiated_at_the_points_of_their_own_thread():
    f = grad(lambda v: total([tanh(x) * x for x in v]))
    points = [[0.1 * k + 0.01 * i for i in range(5)] for k in range(THREADS)]
    assert at_once(lambda k: f(points[k])) == [[f(point)] * TIMES for point in points]


def test_modes_belong_to_their_thread(weights):
    def work(k):
        if k % 2:
            with no_grad():
                return loss(weights, k).parents
        return len(loss(weights, k).parents)

    found = at_once(work)
    assert found == [[()] * TIMES if k % 2 else [len(weights)] * TIMES for k in range(THREADS)]


def test_graphs_that_one_thread_made_are_freed_by_another():
    """What is pending when nodes are freed is each thread's own."""
    rows = [[] for _ in range(THREADS)]

    def work(k):
        x = Value(1.0)
        for _ in range(300):
            x = x * 1.0001 + 0.001
        rows[k].append(x)
        other = rows[(k + 1) % THREADS]
        return other.pop().data if other else None

    assert all(isinstance(found, list) for found in at_once(work))


def test_the_readable_engine_keeps_the_same_promise():
    if os.environ.get("AUTOGRAD_IMPLEMENTATION") == "python":
        pytest.skip("this is it")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", __file__], capture_output=True, text=True,
        env={**os.environ, "AUTOGRAD_IMPLEMENTATION": "python"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
