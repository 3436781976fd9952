"""Command lines: each ends with a word of help, not with a traceback, and executes nothing."""

import os
import subprocess
import sys

import pytest

LINES = {
    "an unknown option": ["--nonsense"],
    "an unknown command": ["nonsense"],
    "an option cut short": ["--versio"],
    "a value for a flag": ["--version=1"],
    "a format": ["%s%n{0}"],
    "a very long word": ["x" * 100_000],
    "many words": ["x"] * 5_000,
    "a terminal's escape": ["\x1b[31mred"],
    "a shell's words": ["; touch executed", "$(touch executed)", "`touch executed`"],
    "code": ["__import__('os').system('touch executed')"],
    "a file of arguments": ["@/etc/passwd"],
    "no text": [b"\xff\xfe"],
    "an end of options": ["--", "--version"],
    "nothing": [""],
}


def run(words, folder, **environment):
    command = [sys.executable, "-m", "autograd", *words]
    root = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
    return subprocess.run(
        command, cwd=folder, capture_output=True,
        env={**os.environ, "PYTHONPATH": root, **environment},
    )  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_a_command_line_that_means_nothing_ends_in_help(name, tmp_path):
    done = run(LINES[name], tmp_path)
    assert done.returncode in (0, 2), done.stderr
    assert b"Traceback" not in done.stderr + done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", ["", "C", "c ", "python3", "\x1b[31m", "x" * 1000, "; ls"])
def test_an_implementation_that_is_none_is_an_import_error(value, tmp_path):
    done = run(["--version"], tmp_path, AUTOGRAD_IMPLEMENTATION=value)
    if value:
        assert done.returncode == 1 and b"AUTOGRAD_IMPLEMENTATION is 'c', 'python' or unset" in (
            done.stderr
        )
        assert b"\x1b" not in done.stderr
    else:
        assert done.returncode == 0


@pytest.mark.parametrize("value", ["", "v9", "v", "plain\0"[:5], "x" * 10_000, "%n%n"])
def test_an_instruction_set_that_is_none_changes_nothing(value, tmp_path):
    words = "from autograd import Program, Value; w = Value(2.0); print(Program(w * w, " \
        "inputs=[], parameters=[w])([[]]))"  # fmt: skip
    root = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
    done = subprocess.run(
        [sys.executable, "-c", words], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": root, "AUTOGRAD_TILE": value},
    )  # fmt: skip
    assert done.stdout == "(4.0, array([4.]))\n", done.stderr
