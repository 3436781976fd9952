"""What every test starts from, and which tests are run.

Where a library is missing, the tests of it are skipped. `--skipped-to FILE` writes down which, and
`--skipped-in FILE` runs these once it is there.
"""

import gc
from pathlib import Path

import pytest

import nn
from autograd import recording


@pytest.fixture(autouse=True)
def _weights_are_the_same_in_every_order_of_the_tests():
    nn.seed(0)


@pytest.fixture(autouse=True)
def _programs_are_not_held_to_what_another_test_recorded():
    """A recording is in force until the next one."""
    with recording():
        pass


def pytest_addoption(parser):
    parser.addoption("--every-slip", action="store_true", help="plant every slip in every notation")
    parser.addoption("--skipped-to", type=Path, help="write the tests that are skipped here")
    parser.addoption("--skipped-in", type=Path, help="run only tests that are written here")


def pytest_terminal_summary(terminalreporter, config):
    if file := config.getoption("--skipped-to"):
        reports = terminalreporter.stats.get("skipped", ())
        file.write_text("".join(f"{name}\n" for name in sorted({x.nodeid for x in reports})))


def pytest_collection_modifyitems(config, items):
    """Keep what was skipped: a test, or all of a file that was skipped as a whole."""
    if file := config.getoption("--skipped-in"):
        wanted = set(file.read_text().splitlines())
        kept = [x for x in items if not wanted.isdisjoint((x.nodeid, x.nodeid.split("::")[0]))]
        items[:], left = kept, len(items) - len(kept)
        if left:
            config.hook.pytest_deselected(items=[None] * left)


def pytest_collection_finish():
    """The tests themselves stay: who looks for garbage need not look through all of them again."""
    gc.collect()
    gc.freeze()
