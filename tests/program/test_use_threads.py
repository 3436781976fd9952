"""Very many rows on several threads: the numbers of one thread, to the bit."""

import numpy as np
import pytest

import nn
from autograd import DomainError, FrozenBranchError, Program, Value, log, recording
from autograd.program import machine, plans, portions, use_threads
from autograd.program.executors import native, registry
from tests.program import zoo
from tests.program.reference import bits

pytestmark = pytest.mark.skipif(not native.available(), reason="the extension is not built")
ROWS = 2000


@pytest.fixture(autouse=True)
def _many_portions(monkeypatch):
    monkeypatch.setattr(portions, "LARGE", 1 << 10)
    monkeypatch.setattr(portions, "PORTION", 1 << 10)
    yield
    use_threads(1)


def network():
    loss, inputs, parameters = zoo.mlp(sizes=(3, 8, 2))
    program = Program(loss, inputs=inputs, parameters=parameters)
    return program, np.random.default_rng(0).normal(size=(ROWS, len(inputs)))


@pytest.mark.parametrize("tape", [False, True])
@pytest.mark.parametrize("count", [2, 3, 64])
def test_calls_and_trainings_have_the_bits_of_one_thread(count, tape, monkeypatch):
    monkeypatch.setattr(registry, "is_irregular", lambda nodes, groups: tape)
    monkeypatch.setattr(machine, "PLANS", plans.Plans())
    found = []
    for threads in (1, count):
        use_threads(threads)
        program, X = network()
        called = program(X), program(X[:1000]), program.value(program.loss)
        program.load_parameters()
        costs = program.train(X, nn.Adam(program.parameters), 5, 1500)
        found.append(bits(*called[0], *called[1], called[2], costs, program(X)[1]))
        assert len(program._machine._helpers) == (0 if threads == 1 else min(threads, 8) - 1)
    assert found[0] == found[1]


def test_weights_that_were_changed_reach_all_threads():
    use_threads(2)
    program, X = network()
    before = program(X)[0]
    for leaf in program.parameters:
        leaf.data *= 0.5
    program.load_parameters()
    found = program(X)[0]
    use_threads(1)
    assert before != found == program(X)[0]


def test_what_is_wrong_is_said_as_by_one_thread():
    x, w = Value(2.0, "x"), Value(1.0, "w")
    program, said = Program(log(w * x), inputs=[x], parameters=[w]), []
    X = np.ones((ROWS, 1))
    X[1234] = -1.0
    for threads in (1, 2):
        use_threads(threads)
        with pytest.raises(DomainError, match="log is defined for x > 0") as caught:
            program(X)
        said.append(str(caught.value))
    assert said[0] == said[1]
    X[1234] = 1.0
    assert program(X)[0] == 0.0


def test_a_branch_that_is_left_is_noticed():
    use_threads(2)
    x, w = Value(2.0, "x"), Value(1.0, "w")
    with recording():
        loss = w * x if x > 0 else w
    program = Program(loss, inputs=[x], parameters=[w])
    with pytest.raises(FrozenBranchError, match="example 1999"):
        program(np.array([[1.0]] * (ROWS - 1) + [[-1.0]]))


@pytest.mark.parametrize("which", [0, 1])
def test_what_stops_one_thread_stops_all_and_the_next_call_is_right(which, monkeypatch):
    use_threads(2)
    program, X = network()
    expected = program(X)
    machine = program._machine
    subject = machine.executor if which == 0 else machine._helpers[0].executor

    def no_memory(examples):
        raise MemoryError

    with monkeypatch.context() as patch:
        if which == 0:
            patch.setattr(machine, "_evaluate", no_memory)
        else:
            patch.setattr(subject, "evaluate", no_memory)
        with pytest.raises(MemoryError):
            program(X)
    assert bits(*program(X)) == bits(*expected)


@pytest.mark.parametrize(("count", "error"), [(0, ValueError), (2.0, TypeError), (True, TypeError)])
def test_threads_are_counted(count, error):
    with pytest.raises(error, match="use_threads takes"):
        use_threads(count)
