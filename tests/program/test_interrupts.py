"""A call that is cut short, wherever that is, leaves a program whose next calls are right."""

import gc
import itertools
import linecache
import signal
import sys
import threading
import time
from pathlib import Path
from random import Random

import numpy as np
import pytest

import nn
from autograd import Program, Value, jit, value_and_grad
from autograd import program as package
from autograd.program.executors import native
from autograd.program.executors.tape.executor import placed, prepared
from tests.program import zoo
from tests.program.reference import WITH_TAPES, bits

ROOM = str(Path(package.__file__).parent)
PATIENCE = 20.0  # seconds: who waits longer waits for a lock that nobody gives back


@pytest.fixture(autouse=True)
def _no_callbacks_of_others():
    """An interrupt that arrives in a callback of the garbage collector is lost there."""
    before = gc.callbacks[:]
    gc.callbacks.clear()
    yield
    gc.callbacks[:] = before


class Stop:
    """Raises an exception as this thread comes to a line of the package of programs.

    That is the k-th of the lines, each counted once. The second look at a `with` is its end,
    where no signal arrives: it is passed over.
    """

    def __init__(self, exception, k):
        self.exception, self.left, self._known = exception, k, set()

    def __enter__(self):
        self._before = sys.gettrace()
        sys.settrace(self._entered)

    def __exit__(self, *_):
        sys.settrace(self._before)

    def _entered(self, frame, event, argument):
        open_ones = set()

        def came(frame, event, argument):
            if event == "line" and not self._leaves(frame, open_ones):
                self._pass(frame.f_code, frame.f_lineno)
            return came

        return came if frame.f_code.co_filename.startswith(ROOM) else None

    def _leaves(self, frame, open_ones):
        line = frame.f_lineno
        if line in open_ones:
            open_ones.remove(line)
            return True
        if linecache.getline(frame.f_code.co_filename, line).lstrip().startswith("with "):
            open_ones.add(line)
        return False

    def _pass(self, code, line):
        self.left -= (code, line) not in self._known
        self._known.add((code, line))
        if self.left < 0:
            sys.settrace(None)
            raise self.exception


def made(graph, way, monkeypatch):
    loss, inputs, parameters = graph
    with monkeypatch.context() as patch:
        if way == "tape":
            patch.setattr(
                "autograd.program.executors.registry.is_irregular", lambda nodes, groups: True
            )
        executor = "auto" if way == "tape" else way
        return Program(loss, inputs=inputs, parameters=parameters, executor=executor)


def rows(m, width):
    return np.random.default_rng(m).normal(size=(m, width))


def called(program, m):
    program.load_parameters()
    return bits(*program(rows(m, len(program.inputs))))


def at(program, m):
    return bits(*program.at(np.linspace(0.2, 0.3, len(program.parameters)) / m))


def trained(program, m):
    """Steps of a new optimiser, whose batches have m and then m - 1 rows."""
    program.load_parameters()
    optimizer = nn.SGD(program.parameters, lr=0.1, momentum=0.9)
    costs = program.train(rows(2 * m - 1, len(program.inputs)), optimizer, 2, m)
    return bits(costs, optimizer.state, program(rows(1, len(program.inputs)))[1])


def read(program):
    """Return values and adjoints of the last call; None where the program says it has none."""
    nodes = [*program.inputs, *program.parameters, program.loss]
    try:
        return bits(program.read_values(nodes), program.read_adjoints(nodes))
    except RuntimeError as error:
        assert "those of the last call" in str(error)
        return None


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
    x, y = leaves.data(2)
    return leaves.result(zoo.half_squared(zoo.dense(leaves, [x], 2), [y, y]))


def without_inputs():
    leaves = zoo.Leaves(0)
    return leaves.result(zoo.pendulum(leaves, 1))


ACTIONS = {"call": (called, network), "train": (trained, network), "at": (at, without_inputs)}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("way", WITH_TAPES)
def test_an_exception_at_any_line_changes_no_later_number(way, action, monkeypatch):
    """What asks for other lanes is cut short; then come these again and those before, or first
    those before."""
    act, graph = ACTIONS[action][0], ACTIONS[action][1]()
    program, expected, seen = made(graph, way, monkeypatch), {}, []
    for do, m in itertools.product({called, act}, range(3, 8)):
        fresh = made(graph, way, monkeypatch)
        expected[do, m] = do(fresh, m)
        seen.append(read(fresh))
    for k in itertools.count():
        m = 4 + k % 4  # so many sizes that none is kept from the time before
        called(program, 3)
        try:
            with Stop((KeyboardInterrupt, MemoryError)[k % 2], k):
                act(program, m)
            break
        except (KeyboardInterrupt, MemoryError):
            pass
        then = ((act, m), (called, 3))[:: -1 if k // 2 % 2 else 1]
        numbers, *later = in_another_thread(
            lambda then=then: [read(program), *(do(program, size) for do, size in then)]
        )
        assert numbers in [None, *seen]
        assert later == [expected[call] for call in then]
    assert k > 20


@pytest.mark.parametrize("moved", ["other", "same"])
@pytest.mark.parametrize("way", WITH_TAPES)
def test_an_exception_at_any_line_mixes_no_states(way, moved, monkeypatch):
    """An optimiser whose state is where the program changes it has that of its own steps."""
    graph, X = network(), rows(4, 2)
    states, weights, twin = [], [], made(graph, way, monkeypatch)
    alone = nn.Adam(twin.parameters)
    for _ in range(4):
        twin.train(X, alone, 1)
        states.append(bits(alone.state))
        weights.append(bits(twin._machine.weights))
    for k in itertools.count():
        program = made(graph, way, monkeypatch)
        adam, other = nn.Adam(program.parameters), nn.Adam(program.parameters, lr=0.5)
        program.train(X, adam, 2)
        moves = adam if moved == "same" else other
        try:
            with Stop((KeyboardInterrupt, MemoryError)[k % 2], k):
                program.train(X, moves, 1)
            break
        except (KeyboardInterrupt, MemoryError):
            pass
        assert bits(adam.state) == states[adam.steps - 1]
        if moved == "same":
            assert bits(program._machine.weights) == weights[adam.steps - 1]
            program.train(X, adam, 1)
            assert bits(adam.state) == states[adam.steps - 1]
        else:
            assert adam.steps == 2
            assert other.steps == (bits(program._machine.weights) != weights[1])
            program.train(X, other, 1)
            assert bits(adam.state) == states[1]
    assert k > 20


def compiled_and_called(way, monkeypatch, m):
    """A compiled function of m numbers, with decisions, whose gradient is taken."""

    def f(x):
        return sum([a * a if a > 0 else -a for a in x]) * Value(3.0)

    with monkeypatch.context() as patch:
        if way == "tape":
            patch.setattr(
                "autograd.program.executors.registry.is_irregular", lambda nodes, groups: True
            )
        compiled = jit(f)
        x = np.linspace(-1.0, 1.0, m)
        compiled.value_and_grad(x)
    return f, compiled, x


@pytest.mark.parametrize("way", ["native", "tape"])
def test_an_exception_at_any_line_leaves_a_compiled_function_right(way, monkeypatch):
    f, compiled, x = compiled_and_called(way, monkeypatch, 6)
    points = (x, -x, x[::-1].copy(), 3.0 * x)
    expected = [bits(*compiled.value_and_grad(point)) for point in points]
    for point, numbers in zip(points, expected, strict=True):
        value, gradient = value_and_grad(f)(point)
        assert bits(value, np.array(gradient)) == numbers
    for k in itertools.count():
        here = k % len(points)
        try:
            with Stop((KeyboardInterrupt, MemoryError)[k % 2], k):
                compiled.value_and_grad(points[here])
            break
        except (KeyboardInterrupt, MemoryError):
            pass
        found = in_another_thread(lambda: [bits(*compiled.value_and_grad(p)) for p in points])
        assert found == expected
    assert k > 20


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
@pytest.mark.parametrize("way", WITH_TAPES)
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


@pytest.mark.skipif(not native.available(), reason="the extension is not built")
@pytest.mark.parametrize(
    "wrong", ["start", "start below", "rows", "costs", "taken", "places", "root"]
)
def test_a_batch_that_does_not_fit_the_lanes_is_refused(wrong, monkeypatch):
    program = made(network(), "native", monkeypatch)
    program.train(rows(4, 2), nn.SGD(program.parameters), 1)
    executor, X, starts, costs = (
        program._machine.executor,
        rows(4, 2),
        np.array([0, 0]),
        np.zeros(2),
    )
    places, root = executor._places, executor.ends.root
    if wrong == "start":
        starts[1] = 1
    elif wrong == "start below":
        starts[1] = -1
    elif wrong == "rows":
        X = X[:3]
    elif wrong == "costs":
        costs = costs[:1]
    elif wrong == "places":
        places = places + 10**6
    elif wrong == "root":
        root = 10**6
    replay = program._machine.memory.room.calls.replay
    with pytest.raises(ValueError, match="do not fit the number of lanes"):
        taken = np.zeros(int(wrong != "taken"), np.int64)
        replay.train(X, places, starts, costs, taken, 1, root, len(program.parameters), 0, 1)


@pytest.mark.skipif(not native.available(), reason="the extension is not built")
def test_arrays_of_other_lanes_are_refused(monkeypatch):
    program = made(network(), "native", monkeypatch)
    room, executor = program._machine.memory.room, program._machine.executor
    with pytest.raises(ValueError, match="do not fit the number of lanes"):
        executor._bound(room._replace(lanes=2), room.calls.rule)
    tape = made(network(), "tape", monkeypatch)
    table, writer = tape._machine.memory.room.table, tape._machine.executor.writer
    run = prepared(writer.tapes[0], placed(writer.tapes[0], table.dtype), table)
    for other in (table.T[:, :0], table[:, 0], table.T.astype(np.float32)):
        *given, _, single = run.args
        with pytest.raises(ValueError, match="a table is not empty and has numbers of its type"):
            run.func(*given, other, single)


class Large:
    """A rule of more numbers than an instruction of the extension holds."""

    slots = 6

    def rule(self, w, g, state, step):
        return w - 0.1 * g, tuple(s + g for s in state)


@pytest.mark.skipif(not native.available(), reason="the extension is not built")
def test_a_rule_that_is_refused_leaves_the_program_as_it_was(monkeypatch):
    program, fresh = (made(network(), "native", monkeypatch) for _ in range(2))
    expected = trained(fresh, 3)
    for _ in range(2):
        with pytest.raises(NotImplementedError, match="too large for the native executor"):
            program.train(rows(4, 2), Large(), 1)
        assert trained(program, 3) == expected


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no timers")
@pytest.mark.parametrize("way", WITH_TAPES)
def test_an_interrupted_training_has_the_weights_of_its_steps(way, interrupt, monkeypatch):
    """As many steps, taken in peace, lead to the same numbers."""
    program, other = (made(network(), way, monkeypatch) for _ in range(2))
    X, rng, counts = rows(9, 2), Random(1), set()

    def trained_for(program, optimizer, steps):
        program.load_parameters()
        program.train(X, optimizer, steps, 4)
        program.store_parameters()

    for _ in range(60):
        optimizer = nn.Adam(program.parameters, lr=1e-3)
        program.load_parameters()
        train = lambda optimizer=optimizer: program.train(X, optimizer, 5000, 4)
        if not interrupt(train, rng.uniform(1e-4, 2e-2)):
            continue
        peaceful = nn.Adam(other.parameters, lr=1e-3)
        other.load_parameters()
        other.train(X, peaceful, optimizer.steps, 4)
        assert bits(program._machine.weights) == bits(other._machine.weights), optimizer.steps
        assert bits(optimizer.state) == bits(peaceful.state) or not optimizer.steps
        counts.add(optimizer.steps)
    assert len(counts) > 10


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no timers")
@pytest.mark.parametrize("action", ["train", "call"])
@pytest.mark.parametrize("way", WITH_TAPES)
def test_ctrl_c_is_answered_at_once(way, action, interrupt, monkeypatch):
    """Within a training, whose steps take long, or a call on many rows."""
    program = made(zoo.mlp(sizes=(8, 32, 32, 4)), way, monkeypatch)
    X = rows(100_000 if way == "native" and action == "call" else 3_000, len(program.inputs))
    started = []

    def slow():
        started.append(time.monotonic())
        if action == "train":
            program.train(X, nn.SGD(program.parameters, lr=1e-6), 10_000)
        while True:
            program(X)

    program(X)  # there is room
    assert interrupt(slow, 0.3)
    assert time.monotonic() - started[0] < PATIENCE  # all 10 000 steps take minutes
