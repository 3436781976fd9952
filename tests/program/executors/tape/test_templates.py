"""Tapes written by templates, in C, are those written node by node, word for word."""

import numpy as np
import pytest

from autograd import Value, cos, dot, maximum, sin, softmax, total
from autograd.program.compiler.recording import Recording
from autograd.program.executors import native
from autograd.program.executors.native.table import codes
from autograd.program.executors.tape import irregular
from autograd.program.executors.tape.templates import Templates
from autograd.program.executors.tape.writer import TapeWriter
from tests.fuzz.cases import Unsound, require_sound
from tests.fuzz.checks import recorded
from tests.fuzz.drawing import drawn
from tests.program.zoo import ZOO

pytestmark = pytest.mark.skipif(not native.available(), reason="the extension is not built")


def assert_alike(recording, by_templates=True):
    fast, slow = TapeWriter(recording), TapeWriter(recording, compiled=False)
    if by_templates:
        assert Templates(recording, codes()).which.max() > 0
    else:
        with pytest.raises(NotImplementedError):
            Templates(recording, codes())
    for one, other in zip(fast.tapes, slow.tapes, strict=True):
        assert one.stretches == other.stretches
        for form in ("wide", "alone"):
            for x, y in zip(getattr(one, form), getattr(other, form), strict=True):
                assert np.array_equal(x, y)
    assert fast.adjoints.tolist() == slow.adjoints.tolist()
    assert [bool(x) for x in fast.differentiable] == slow.differentiable
    assert fast.constants == slow.constants
    assert fast.slots == slow.slots


@pytest.mark.parametrize("group", range(5))
def test_random_programs_are_written_alike(group):
    found = 0
    for seed in range(40 * group, 40 * group + 40):
        try:
            case = drawn(f"tape {seed}", (("tape", "float64"),))
            require_sound(case)
            _, program = recorded(case, ("numpy", "float64"))
        except (Unsound, NotImplementedError):  # which has rows of its own
            continue
        recording = program.recording
        rows = {"peak", "argmax", "sum_minus_one", "take", "first"} & {*recording.operations}
        assert_alike(recording, not rows)
        found += not rows
    assert found > 5


@pytest.mark.parametrize("name", ZOO)
def test_networks_are_written_alike(name):
    recording = Recording(*ZOO[name]())
    rows = {"peak", "argmax", "sum_minus_one", "take"} & {*recording.operations}
    assert_alike(recording, not rows)


def test_sines_powers_and_shared_adjoints_are_written_alike():
    x, n = [Value(0.3), Value(0.5), Value(1.5)], Value(2.5)
    for root in (
        sin(x[0]) * cos(x[0]) + cos(x[0]) + sin(sin(x[0])) + cos(Value(1.0)),
        x[0] ** 2.0 + x[0] ** 3.0 + x[1] ** -0.5 + x[2] ** n + 2.0 ** x[0],
        total([x[0], x[0], x[1] * x[1]]) - (x[0] - x[0]) + -x[2] + maximum(x[0], x[1]),
        dot([x[0], x[1]], [x[1], x[1]], x[2]) / x[0],
        x[0] * 1.0,
    ):
        assert_alike(Recording(root, [x[1]], [x[0], x[2], n]))
        assert_alike(Recording(root, [], x))


def test_rows_are_left_to_python():
    x = [Value(0.3), Value(0.5), Value(1.5)]
    assert_alike(Recording(softmax(x)[0], [], x), by_templates=False)


def test_c_refuses_columns_that_are_none():
    recording = Recording(Value(1.0) * 2.0, [], [])
    recording.flat = np.full_like(recording.flat, len(recording) - 1)
    with pytest.raises(ValueError, match="an operand must come before its node"):
        TapeWriter(recording)
    with pytest.raises(ValueError, match="an operand must come before its node"):
        irregular.number_of_levels(recording)
