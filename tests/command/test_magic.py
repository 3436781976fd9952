"""`%%why` runs a cell of a notebook, and explains what it computed."""

import pytest

pytest.importorskip("IPython")

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from autograd import Explanation


@pytest.fixture
def shell(monkeypatch):
    """A shell whose shown things are in `shell.shown`."""
    shell = InteractiveShell.instance()
    shell.reset()
    shell.shown = []
    shell.run_line_magic("load_ext", "autograd")
    monkeypatch.setattr("IPython.display.display", shell.shown.append)
    return shell


CELL = "from autograd import Value, tanh\nw, t = Value(-1.2), Value(0.5)\nC = tanh(w * t)\n"


def heads(shell):
    assert all(isinstance(x, Explanation) for x in shell.shown)
    return [x.text().split(" ", 1)[0] for x in shell.shown]


def test_a_cell_is_run_and_its_result_explained_by_every_leaf(shell):
    shell.run_cell_magic("why", "", CELL + "C * 2")
    assert heads(shell) == ["∂f/∂w", "∂f/∂t"]


def test_output_and_leaf_may_be_named(shell):
    shell.run_cell_magic("why", "C t", CELL)
    assert heads(shell) == ["∂C/∂t"]
    assert shell.user_ns["C"].label == "C"


def test_a_line_explains_what_is_there(shell):
    shell.run_cell(CELL)
    shell.run_line_magic("why", "C w")
    assert heads(shell) == ["∂C/∂w"]


def test_a_label_that_is_there_stays(shell):
    shell.run_cell_magic("why", "C", CELL.replace("Value(0.5)", "Value(0.5, 'time')"))
    assert heads(shell) == ["∂C/∂w", "∂C/∂time"]


def test_a_cell_that_fails_shows_its_error_alone(shell, capsys):
    shell.run_cell_magic("why", "", "1 / 0")
    assert "ZeroDivisionError" in capsys.readouterr().out
    assert shell.shown == []


@pytest.mark.parametrize(
    ("line", "cell", "words"),
    [
        ("D", CELL, "there is no Value 'D'"),
        ("C ww", CELL, "there is no Value 'ww'; did you mean 'w'?"),
        ("", CELL + "3.0", "why explains a Value; got float"),
        ("", CELL, "why explains a Value; got NoneType"),
    ],
)
def test_what_cannot_be_explained_is_said_in_one_line(shell, line, cell, words):
    with pytest.raises(UsageError) as caught:
        shell.run_cell_magic("why", line, cell)
    assert words in str(caught.value)
