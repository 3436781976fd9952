"""Some of the allocations of programs are failed; `memory.py` does it with each of them."""

import os
import sys

import pytest

from autograd.program.executors import native
from tests.hostile import memory

pytest.importorskip("_testcapi")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="each try is a process of its own")
@pytest.mark.skipif(sys.version_info >= (3, 12), reason="newer Pythons crash as they word an error")
@pytest.mark.skipif(not native.available(), reason="the extension is not built")
@pytest.mark.parametrize("name", memory.WORK)
def test_a_program_for_which_memory_failed_is_right_or_refused_the_next_time(name):
    assert list(memory.faults(name, 331 if "lanes" not in name else 37)) == []
