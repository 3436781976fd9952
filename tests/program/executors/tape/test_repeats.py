"""The searches in C say what a few lines of Python say of every operation."""

import numpy as np
import pytest

from autograd.program.executors import native

pytestmark = pytest.mark.skipif(not native.available(), reason="the extension is not built")
MIX, WORD = 0x9E3779B97F4A7C15, 2**64 - 1


@pytest.fixture
def code():
    """Random operations on few slots, with a loop of three in the middle."""
    rng = np.random.default_rng(0)
    words = rng.integers(0, 40, (300, 4)).astype(np.uint32)
    words[:, 0] = rng.integers(0, 3, 300) | words[:, 0] << 8
    for k in range(100, 200):
        words[k] = words[k - 3] + np.array([1 << 8, 1, 0, 2], np.uint32)
    return words


def test_signatures_tell_what_is_done_and_when_slots_were_used_last(code):
    from autograd.program.executors.native import _replay

    last, expected = {}, []
    for at, (word, a, b, _) in enumerate(code.tolist()):
        number = word & 255
        for slot in (word >> 8, a, b):
            number = (number ^ (at - last.get(slot, at))) * MIX & WORD
            number ^= number >> 29
            last[slot] = at
        expected.append(number)
    assert np.frombuffer(_replay.signatures(code), np.uint64).tolist() == expected


def test_widened_numbers_are_of_twice_as_many(code):
    from autograd.program.executors.native import _replay

    numbers = np.frombuffer(_replay.signatures(code), np.uint64)
    before = numbers.tolist()
    _replay.widen(numbers, 4, MIX)
    expected = [(x * MIX + y) & WORD for x, y in zip(before, before[4:], strict=False)]
    assert numbers.tolist() == expected + before[-4:]


@pytest.mark.parametrize("period", [1, 3, 6, 149, 150, 400])
@pytest.mark.parametrize("least", [0, 1, 12])
def test_repeats_are_where_slots_move_alike(code, period, least):
    from autograd.program.executors.native import _replay

    words, runs = code.astype(np.int64), []
    for k in range(len(words) - 2 * period):
        one, two = words[k + period] - words[k], words[k + 2 * period] - words[k + period]
        if (one == two).all() and one[0] % 256 == 0:
            if runs and sum(runs[-1]) == k:
                runs[-1][1] += 1
            else:
                runs.append([k, 1])
    expected = [tuple(run) for run in runs if run[1] >= least]
    assert _replay.repeats(code, period, least) == expected
    assert period != 3 or expected[0][0] in range(95, 101)


def test_what_are_no_operations_is_refused():
    from autograd.program.executors.native import _replay

    for call in (_replay.signatures, lambda x: _replay.repeats(x, 1, 1)):
        with pytest.raises(ValueError, match="four words"):
            call(np.zeros(3, np.uint32))
