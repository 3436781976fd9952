"""Signals at random times, in all kinds of work; `interrupts.py` does it for hours.

How long an answer takes in work of seconds is measured by `patience.py`.
"""

import signal

import pytest

from tests.hostile import interrupts, patience


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no timers")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # in a destructor
@pytest.mark.parametrize("name", interrupts.WORK)
def test_what_is_interrupted_is_right_the_next_time(name):
    arrived, wrong, _ = interrupts.hunt(25, names=(name,))
    assert (arrived, wrong) == (25, 0)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no timers")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # in a destructor
@pytest.mark.parametrize("name", ["one dot", "first call of a network", "recording much"])
def test_long_work_is_cut_short_and_right_the_next_time(name):
    with patience.interrupts_by_processor_time():
        usual, waits = patience.waits(patience.WORK[name](), 5, 0)
    assert usual > 0.0 and waits
