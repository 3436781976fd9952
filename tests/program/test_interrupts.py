"""A call that is cut short, wherever that is, leaves a program that can be called again."""

import signal
import threading
from random import Random

import numpy as np
import pytest

import nn
from autograd import Program
from autograd.program.executors.native import executor
from tests.program import zoo

WAYS = ["numpy", *(["native", "tape"] if executor.available() else [])]
PATIENCE = 20.0  # seconds: who waits longer waits for a lock that nobody gives back


def made(graph, way, monkeypatch):
    loss, inputs, parameters = graph
    with monkeypatch.context() as patch:
        if way == "tape":
            patch.setattr("autograd.program.machine.is_irregular", lambda nodes, groups: True)
        executor = "auto" if way == "tape" else way
        return Program(loss, inputs=inputs, parameters=parameters, executor=executor)


def rows(m, width):
    return np.random.default_rng(m).normal(size=(m, width))


def bits(*numbers):
    return [np.asarray(x).tobytes() for x in numbers]


def called(program, m):
    program.load_parameters()
    return bits(*program(rows(m, len(program.inputs))))


def in_another_thread(call):
    """Return what a call returns; fail where it does not return."""
    found = []
    thread = threading.Thread(target=lambda: found.append(call()), daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert found, "the program waits for ever, or its call failed"
    return found[0]


def network():
    leaves = zoo.Leaves(0)
    (x, y), layer = leaves.data(2), zoo.dense
    return leaves.result(zoo.half_squared(layer(leaves, layer(leaves, [x], 2), 1), [y]))


@pytest.fixture
def interrupt():
    """Return a function that makes a call and interrupts it after some seconds, if it can."""

    def stop(number, frame):
        raise KeyboardInterrupt

    def interrupted(call, seconds):
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            call()
            signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            return True
        return False

    before = signal.signal(signal.SIGALRM, stop)
    yield interrupted
    signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no timers")
@pytest.mark.parametrize("way", WAYS)
def test_a_signal_at_any_time_leaves_the_lock_free(way, interrupt, monkeypatch):
    program, rng = made(network(), way, monkeypatch), Random(0)
    program.train(rows(3, 2), nn.SGD(program.parameters), 1)
    expected = called(program, 3)
    nodes = [*program.inputs, *program.parameters]

    def many():
        for _ in range(100):
            for node in nodes:
                program.value(node)

    def call_often():
        for _ in range(100):
            program(rows(3, 2))

    hits = 0
    for k in range(300):
        hits += interrupt((many, call_often)[k % 2], rng.uniform(1e-5, 1e-3))
        assert in_another_thread(lambda: called(program, 3)) == expected
    assert hits > 100
