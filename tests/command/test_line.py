"""The command: what it prints, what it writes, and one line with exit code 2 for misuse."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograd.command import main

ROOT = Path(__file__).parents[2]
FORMULA = ["tanh(a*b + c)", "a=2", "b=-3", "c=10"]
TANH_4, SLOPE = math.tanh(4.0), 1.0 / math.cosh(4.0) ** 2  # by hand: a b + c = 4


def said(capsys, *arguments):
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def refused(capsys, *arguments, code=2):
    assert main(arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("whygrad: ")
    return err


def numbers(text):
    """Return the lines `name = number` at the top of an answer."""
    return dict(line.split(" = ") for line in text.split("\n\n")[0].splitlines())


def test_value_derivatives_and_explanation(capsys):
    head = numbers(text := said(capsys, *FORMULA))
    assert {name: float(x) for name, x in head.items()} == pytest.approx(
        {"value": TANH_4, "d/da": -3 * SLOPE, "d/db": 2 * SLOPE, "d/dc": SLOPE}, rel=1e-12
    )
    assert "∂f/∂b = a·(1 - f*f) ≈ 2·0.00134 = 0.00268" in text


def test_second_derivatives(capsys):
    head = numbers(said(capsys, "a**2*b", "a=3", "b=5", "--order", "2"))
    expected = {"d²/da²": 10.0, "d²/da db": 6.0, "d²/db²": 0.0}
    assert {name: float(head[name]) for name in expected} == expected


def test_json_has_value_gradient_and_explanation(capsys):
    found = json.loads(said(capsys, *FORMULA, "--json", "--order=2"))
    assert found["value"] == TANH_4
    assert found["gradient"] == pytest.approx(
        {"a": -3 * SLOPE, "b": 2 * SLOPE, "c": SLOPE}, rel=1e-12
    )
    assert found["hessian"]["a"]["b"] == found["hessian"]["b"]["a"]
    assert found["explanation"].startswith("∂f/∂a ≈ −0.00402")


def test_latex(capsys):
    text = said(capsys, "--latex", "a/b", "a=1", "b=2")
    assert text.startswith("\\frac{a}{b}")
    assert r"\frac{\partial f}{\partial a}" in text


def test_a_checked_formula_says_so_and_a_kink_fails_with_code_1(capsys):
    assert "agree with finite differences" in said(capsys, *FORMULA, "--check")
    assert "maximum" in refused(capsys, "maximum(a, b)", "a=1", "b=1", "--check", code=1)


def test_pictures_and_pages_are_written(capsys, tmp_path):
    picture, page = tmp_path / "graph.svg", tmp_path / "page.html"
    said(capsys, *FORMULA, "--draw", str(picture), "--page", str(page))
    assert picture.read_text().startswith("<svg")
    assert "tanh" in picture.read_text()
    assert page.read_text().startswith("<!DOCTYPE html>")


def test_a_formula_may_begin_with_a_minus_and_have_no_variable(capsys):
    assert numbers(said(capsys, "-a", "a=2")) == {"value": "-2.0", "d/da": "-1.0"}
    assert said(capsys, "2*pi") == f"value = {math.tau}\n"


def test_a_variable_that_the_formula_lacks_has_derivative_0(capsys):
    assert numbers(said(capsys, "a", "a=2", "b=1"))["d/db"] == "0.0"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tahn(a)", "a=1"], "did you mean 'tanh'?"),
        (["a*b", "a=1"], "there is no number for 'b'"),
        (["log(a)", "a=-1"], "log is defined for x > 0; received node 'a' = -1"),
        (["sqrt(a)", "a=0"], "no finite derivative"),
        (["1/0"], "div divides by zero"),
        (["1/(a - 1)", "a=1"], "div divides by zero"),
        (["9**9**9"], "the formula is inf"),
        (["exp(a)", "a=1e4"], "exp made inf"),
        (["a - a", "a=1e999"], "a must be finite"),
        (["a**2", "a=1e200"], "pow made inf"),
        (["a**-1", "a=1e-200"], "d/da is -inf"),
        (["__import__('os')"], "got 'os'"),
        (["a" * 100_000, "a=1"], "at most 10000 characters"),
        (["a", "a=1", "a=2"], "given twice"),
        (["a", "a"], "name=number"),
        (["a", "a=1", "--draw", "/nonexistent/folder/x.svg"], "there is no folder for"),
        (["a", "a=1", "--page", "/nonexistent/folder/x.html"], "there is no folder for"),
        (["a", "a=1", "--draw", "x.bmp"], "the suffix must be"),
        (["a", "a=1", "--order", "7"], "invalid choice"),
        (["a", "a=1", "--draw"], "expected one argument"),
        (["a", "a=1", "--colour"], "unrecognized arguments"),
    ],
)  # fmt: skip
def test_misuse_is_one_line_and_exit_code_2(capsys, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert words in refused(capsys, *arguments)
    assert not list(tmp_path.iterdir())


def shell(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "autograd", *arguments],
        cwd=ROOT, capture_output=True, env={**os.environ, **environment}, check=False,
    )  # fmt: skip


def test_python_m_autograd_answers_in_any_encoding():
    answer = shell(*FORMULA, PYTHONIOENCODING="ascii")
    assert answer.returncode == 0
    assert b"\\u2202f/\\u2202a" in answer.stdout
    assert answer.stdout.startswith(b"value = 0.9993292997")


def test_a_reader_that_has_read_enough_is_no_error():
    command = f"{sys.executable} -m autograd 'sin(a)*exp(b)' a=2 b=3 | true"
    run = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, check=False)
    assert (run.returncode, run.stderr) == (0, b"")


def test_python_m_autograd_refuses_with_exit_code_2():
    answer = shell("1/0")
    assert (answer.returncode, answer.stdout) == (2, b"")
    assert answer.stderr.startswith(b"python -m autograd: div divides by zero")


def test_a_formula_needs_no_numpy():
    script = "import sys; from autograd.command import main; main(['a*b', 'a=2', 'b=3', '--json'])"
    script += "; sys.exit('numpy' in sys.modules)"
    command = [sys.executable, "-c", script]
    assert subprocess.run(command, cwd=ROOT, check=False, capture_output=True).returncode == 0
