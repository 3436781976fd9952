"""The benchmarks: sides that do not agree are told, and those that are missing named."""

import subprocess
import sys

import pytest

from tests.benchmarks.harness import ROOT, Contest, Side, held
from tests.benchmarks.report import plot, table

PRODUCT = "product of 1 000 inputs"


def test_sides_take_turns_and_must_agree(tmp_path):
    sides = (
        Side("value", "eager:cheap", (PRODUCT, False)),
        Side("gradient", "eager:cheap", (PRODUCT, True)),
        Side("another", "eager:cheap", ("Rosenbrock, 500 inputs", False)),
        Side("nobody", "surely_not_there:at_all"),
    )
    found = held(Contest("a contest", sides), rounds=2)
    assert [len(column) for column in found.times.values()] == [2, 2, 2]
    assert [x.split(":")[0] for x in found.wrong] == ["another"]
    assert "surely_not_there" in found.missing["nobody"]
    text = table([found], 2, ["a machine"])
    assert text.count("| a contest |") == 5
    assert "DISAGREES" in text
    pytest.importorskip("matplotlib")
    plot([found], tmp_path / "plot.svg")
    assert "a contest: gradient" in (tmp_path / "plot.svg").read_text()


def test_one_command_knows_them_all():
    command = [sys.executable, "-m", "tests.benchmarks", "--list"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    titles = said.splitlines()
    assert len(titles) == len(set(titles)) > 30
    for word in (
        "step",
        "stencil",
        "call",
        "predict",
        "eager",
        "compiled",
        "scaling",
        "first call",
        "import",
    ):
        assert any(word in title for title in titles)
