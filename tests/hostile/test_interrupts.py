"""Signals at random times, in all kinds of work; `interrupts.py` does it for hours."""

import signal

import pytest

from tests.hostile import interrupts


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no timers")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # in a destructor
@pytest.mark.parametrize("name", interrupts.WORK)
def test_what_is_interrupted_is_right_the_next_time(name):
    arrived, wrong, _ = interrupts.hunt(25, names=(name,))
    assert (arrived, wrong) == (25, 0)
