"""Two threads at once give, bit for bit, the numbers of one."""

import sys
import threading
from itertools import pairwise

import numpy as np
import pytest

import nn
from autograd import Program, Value, dot, jit, recording, tanh
from tests.program import zoo
from tests.program.reference import WITH_TAPES, bits

REPETITIONS = 5

pytestmark = pytest.mark.parametrize("way", WITH_TAPES)


@pytest.fixture(autouse=True)
def switching_often():
    """Let Python change threads a thousand times as often as it does."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def made(way, monkeypatch):
    """Return a function that makes a program which runs in one of the ways."""
    if way == "tape":
        monkeypatch.setattr(
            "autograd.program.executors.registry.is_irregular", lambda nodes, groups: True
        )

    def program(graph, dtype="float64"):
        loss, inputs, parameters = graph
        executor = "auto" if way == "tape" else way
        return Program(loss, inputs=inputs, parameters=parameters, dtype=dtype, executor=executor)

    return program


def rows(m, width, seed):
    return np.random.default_rng(seed).normal(size=(m, width))


def at_once(*calls):
    """Run calls in a thread each, started together; return what they return, or raise."""
    results, barrier = [None] * len(calls), threading.Barrier(len(calls))

    def run(k):
        barrier.wait()
        try:
            results[k] = calls[k]()
        except BaseException as error:
            results[k] = error

    threads = [threading.Thread(target=run, args=(k,)) for k in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_two_threads_train_two_programs(made, dtype):
    """Two models, and two copies of one model, which share what it compiles to."""

    def trained(seed):
        graph = zoo.mlp(seed=seed)
        program, optimizer = made(graph, dtype), nn.Adam(graph[2])
        costs = program.train(rows(50, len(graph[1]), seed), optimizer, 60, 20)
        program.store_parameters()
        return bits(costs, [leaf.data for leaf in graph[2]], optimizer.state)

    alone = {seed: trained(seed) for seed in (0, 1)}
    for pair in ((0, 1), (0, 0)) * REPETITIONS:
        assert at_once(*(lambda seed=seed: trained(seed) for seed in pair)) == [
            alone[seed] for seed in pair
        ]


def test_two_threads_call_one_program(made):
    """Batches of two sizes, so that one thread moves what the other reads."""
    graph = zoo.classifier()
    program = made(graph)
    data = [np.abs(rows(20 + 7 * k, len(graph[1]), k)) for k in (0, 1)]
    for X in data:
        X[:, -1] = np.arange(len(X)) % 3
    expected = [bits(*program(X)) for X in data]

    def calls(k):
        return [bits(*program(data[k])) for _ in range(60)]

    for _ in range(REPETITIONS):
        assert at_once(lambda: calls(0), lambda: calls(1)) == [[e] * 60 for e in expected]


def test_one_thread_trains_while_another_reads_and_calls(made):
    """The numbers that come out between two steps are those of whole steps."""
    x, w = (Value(1.0), Value(0.5)), [Value(0.25), Value(-0.5)]
    program = made((tanh(dot(w, x)) ** 2, x, w))
    X = rows(30, 2, 0)
    optimizer = nn.SGD(w, lr=0.1)
    walk = [bits(*program(X))]
    for _ in range(40):
        program.train(X, optimizer, 1)
        walk.append(bits(*program(X)))
    for _ in range(REPETITIONS):
        program.load_parameters()
        seen = at_once(
            lambda: [program.train(X, optimizer, 1) for _ in range(40)],
            lambda: [bits(*program(X)) for _ in range(40)],
        )[1]
        places = [walk.index(result) for result in seen]
        assert places == sorted(places)
        assert bits(*program(X)) == walk[-1]


def test_two_threads_read_the_nodes_of_one_call(made):
    graph = zoo.rnn()
    program = made(graph)
    nodes = [*graph[1], *graph[2], graph[0]]
    program(rows(9, len(graph[1]), 0))
    expected = bits(program.read_values(nodes), program.read_adjoints(nodes))

    def read():
        return bits(program.read_values(nodes), program.read_adjoints(nodes))

    for _ in range(REPETITIONS):
        program(rows(9, len(graph[1]), 0))  # the adjoints of inputs are computed when asked for
        assert at_once(read, read) == [expected] * 2


def test_two_threads_make_one_program(made):
    """What a structure compiles to is shared; what a program computes is not."""
    graphs = [zoo.lstm(seed=seed) for seed in (2, 7)]
    X = rows(8, len(graphs[0][1]), 0)
    expected = [bits(*made(graph)(X)) for graph in graphs]
    for _ in range(REPETITIONS):
        got = at_once(*(lambda graph=graph: bits(*made(graph)(X)) for graph in graphs))
        assert got == expected


def test_two_threads_share_one_compiled_function(made):
    def f(x):
        return sum(tanh(a * b) for a, b in pairwise(x)) if x[0] > -9 else x[0]

    points = [[rows(1, n, seed)[0].tolist() for seed in range(4)] for n in (3, 6)]
    expected = [[jit(f).value_and_grad(x) for x in some] for some in points]
    for _ in range(REPETITIONS):
        fast = jit(f)

        def calls(k, fast=fast):
            return [fast.value_and_grad(x) for x in points[k] * 10]

        together = at_once(lambda: calls(0), lambda: calls(1), lambda: calls(0))
        assert together == [expected[k] * 10 for k in (0, 1, 0)]


def test_recordings_of_two_threads_are_their_own(made):
    def guards(number):
        x = Value(number)
        with recording():
            loss = x * x if x > number - 1 else -x
        return len(Program(loss, inputs=[x], parameters=[])._machine.guards)

    for _ in range(REPETITIONS):
        assert at_once(lambda: guards(1.0), lambda: guards(2.0)) == [1, 1]
