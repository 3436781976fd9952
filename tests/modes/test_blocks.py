"""Blocks end when they are left, at whatever instruction a Ctrl-C arrives."""

import gc
import inspect
import linecache
import signal
import sys
import weakref
from _thread import interrupt_main
from contextlib import ExitStack
from pathlib import Path

import pytest

from autograd import Program, Value, detect_anomaly, grad, modes, no_grad, recording
from autograd.errors import FrozenBranchError
from autograd.modes import Mode, active, differentiating, dispatch
from autograd.program.guards import Decisions, decisions_about, under

ROOT = Path(__file__).parents[2] / "autograd"
WATCHED = {
    str(ROOT / name) for name in ("modes/blocks.py", "modes/dispatch.py", "program/guards.py")
}

KINDS = {
    "no_grad": no_grad,
    "detect_anomaly": detect_anomaly,
    "recording": recording,
    "active": lambda: active(Mode()),
    "differentiating": differentiating,
    "under": lambda: under(Decisions()),
}
every_kind = pytest.mark.parametrize("block", KINDS.values(), ids=KINDS)


class Withs:
    """Tells the end of a `with` from its beginning: its line comes a second time.

    A tracer can stop between a block and the call of its `__exit__`, where no signal arrives.
    """

    def __init__(self):
        self.open, self.ending = set(), set()

    def hears(self, frame, event):
        here, name = id(frame), frame.f_code.co_filename  # a frame would keep its block alive
        if event in ("call", "line"):
            self.ending.discard(here)
        if event != "line":
            return here in self.ending
        if (here, frame.f_lineno) in self.open:
            self.open.remove((here, frame.f_lineno))
            self.ending.add(here)
        elif linecache.getline(name, frame.f_lineno).lstrip().startswith("with "):
            self.open.add((here, frame.f_lineno))
        return here in self.ending


def interrupted(body, at, kind):
    """Raise KeyboardInterrupt at one event of the files watched; return whether it was reached."""
    seen, withs = 0, Withs()

    def tracer(frame, event, arg):
        nonlocal seen
        if frame.f_code.co_filename not in WATCHED:
            return None
        frame.f_trace_opcodes = kind == "opcode"
        if not withs.hears(frame, event) and event in ("call", kind):
            seen += 1
            if seen == at:
                raise KeyboardInterrupt
        return tracer

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        body()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def everywhere(body, kind):
    """Interrupt a body at each event in turn, and yield after each."""
    at = 1
    while interrupted(body, at, kind):
        yield at
        at += 1


def assert_nothing_is_active():
    x = Value(3.0, "x")
    y = x * x
    assert y.parents == (x, x)
    assert y.data == 9.0  # which a recording refuses
    assert modes.depth() == 0
    assert modes.dispatcher.modes() == []
    assert not dispatch._lock._is_owned()
    slope = grad(lambda v: v * v)(3.0)
    assert (type(slope), slope) == (float, 6.0)
    y.backward()
    assert x.grad == 6.0


@every_kind
@pytest.mark.parametrize("kind", ["line", "opcode"])
def test_no_block_is_left_active_wherever_it_is_interrupted(block, kind):
    x = Value(3.0)

    def body():
        with block():
            x * x

    count = 0
    for _ in everywhere(body, kind):
        assert_nothing_is_active()
        count += 1
    assert count > 10


@every_kind
def test_blocks_around_an_interrupted_one_stay_as_they_are(block):
    x = Value(3.0)

    def body():
        with block():
            x * x

    with no_grad():
        for _ in everywhere(body, "opcode"):
            assert (x * x).parents == ()
            assert len(modes.dispatcher.modes()) == 1
    with differentiating():
        for _ in everywhere(body, "opcode"):
            assert modes.depth() == 1
    with recording():
        for _ in everywhere(body, "opcode"):
            with pytest.raises(FrozenBranchError):
                (x * x).data  # noqa: B018
    assert_nothing_is_active()


def test_a_derivative_that_is_interrupted_is_over():
    def body():
        grad(lambda v: v * v)(3.0)

    for _ in everywhere(body, "opcode"):
        assert_nothing_is_active()


class Pressed:
    """Its negative is None, and a Ctrl-C that Python has yet to notice."""

    __neg__ = staticmethod(interrupt_main)


@pytest.fixture
def pressed():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield Pressed()
    signal.signal(signal.SIGINT, before)


@every_kind
def test_a_signal_noticed_as_a_block_is_entered(block, pressed):
    made = block()
    with pytest.raises(KeyboardInterrupt), -pressed or made:
        pass
    assert_nothing_is_active()


def look():
    """Python looks for signals as a function begins."""


@every_kind
def test_a_signal_noticed_as_a_block_is_left(block, pressed):
    noticed = False
    try:
        with block():
            -pressed  # noqa: B018
        look()
    except KeyboardInterrupt:
        noticed = True
    assert noticed
    assert_nothing_is_active()


@every_kind
def test_a_signal_noticed_as_a_block_is_left_by_an_error(block, pressed):
    noticed = False
    try:
        with block():
            -pressed + 1
    except TypeError:
        try:
            look()
        except KeyboardInterrupt:
            noticed = True
    except KeyboardInterrupt:
        noticed = True
    assert noticed
    assert_nothing_is_active()


def test_a_block_is_left_by_a_function_in_c():
    assert not inspect.isfunction(type(no_grad()).__exit__)


# --- what blocks are otherwise -------------------------------------------------------


@every_kind
def test_a_block_decorates_a_function(block):
    inside = []

    @block()
    def twice(x):
        """Return 2 x."""
        inside.append((modes.depth(), len(modes.dispatcher.modes())))
        return x + x if len(inside) > 1 else twice(x)

    twice(Value(1.0))
    assert (twice.__name__, twice.__doc__) == ("twice", "Return 2 x.")
    assert sum(inside[1]) == 2 * sum(inside[0]) <= 2
    assert_nothing_is_active()


@every_kind
def test_a_block_may_be_entered_by_an_exit_stack_and_again(block):
    made = block()
    for _ in range(2):
        with ExitStack() as stack:
            stack.enter_context(made)
        assert_nothing_is_active()


def test_a_block_entered_again_hears_of_each_node_once():
    heard = []

    class Listener(Mode):
        def created(self, node, handed):
            heard.append(node.op)
            return handed

    block = active(Listener())
    for _ in range(3):
        with block:
            Value(1.0) * Value(2.0)
    assert heard == ["mul"] * 3


def test_blocks_may_be_left_in_another_order():
    x, outer, inner = Value(3.0), no_grad(), detect_anomaly()
    outer.__enter__()
    inner.__enter__()
    outer.__exit__(None, None, None)
    assert (x * x).parents == (x, x)
    assert len(modes.dispatcher.modes()) == 1
    inner.__exit__(None, None, None)
    assert_nothing_is_active()


def test_a_mode_lives_no_longer_than_its_block():
    mode = Mode()
    alive = weakref.ref(mode)
    gc.disable()
    try:
        with active(mode):
            del mode
            assert alive() is not None
        assert alive() is None
    finally:
        gc.enable()


def test_an_interrupted_recording_leaves_the_guards_of_those_around_it(pressed):
    x = Value(2.0, "x")
    with recording():
        y = x * x if x > 0 else -x
        with pytest.raises(KeyboardInterrupt), recording():
            -pressed  # noqa: B018
        assert len(decisions_about([x], y)) == 1
    assert len(decisions_about([x], y)) == 1
    with pytest.raises(FrozenBranchError, match=r"'x' > 0 was True"):
        Program(y, inputs=[x], parameters=[])([[-1.0]])
    with recording():
        pass
    assert decisions_about([x], y) == []
