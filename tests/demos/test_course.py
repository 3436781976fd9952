"""The course: every lesson runs as script and as notebook, and its exercises check themselves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SLIPS = {  # of the answers that stand in the lessons
    "1_chain_rule": ('"df/dv": 3.0**2', '"df/dv": 3.0'),
    "2_explain": ("yours = 3 * (0.7**2 + 1) ** 2 * 2 * 0.7", "yours = 3 * (0.7**2 + 1) ** 2"),
    "3_network": ('"delta1": (1 - first.a**2) * (', '"delta1": (1 - first.a) * ('),
    "4_programs": ("A.T @ (2 * error)", "A.T @ error"),
    "5_your_notes": ("Σ_k W_jk δ_k", "Σ_k δ_k"),
}
LESSONS = sorted((ROOT / "demos" / "course").glob("[0-9]*.py"))


def test_every_lesson_has_an_exercise():
    assert [path.stem for path in LESSONS] == list(SLIPS)


@pytest.fixture(params=LESSONS, ids=lambda path: path.stem)
def lesson(request):
    return request.param


def run(path, folder):
    return subprocess.run(
        [sys.executable, "-W", "error", str(path)],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip


def test_a_lesson_runs_as_a_script(lesson, tmp_path):
    found = run(lesson, tmp_path)
    assert found.returncode == 0, found.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", SLIPS)
def test_a_wrong_answer_stops_the_lesson(name, tmp_path):
    """An exercise that takes anything would teach nothing."""
    right, wrong = SLIPS[name]
    text = (LESSONS[0].parent / f"{name}.py").read_text()
    assert text.count(right) == 1
    start = f"import sys\n\nsys.path.insert(0, {str(ROOT)!r})\n"
    (tmp_path / "wrong.py").write_text(start + text.replace(right, wrong))
    assert "AssertionError" in run(tmp_path / "wrong.py", tmp_path).stderr


def test_a_lesson_runs_as_a_notebook(lesson):
    jupytext = pytest.importorskip("jupytext")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook = jupytext.read(lesson)
    kinds = [cell.cell_type for cell in notebook.cells]
    assert kinds.count("markdown") > 2
    where = {"metadata": {"path": str(lesson.parent)}}
    client = nbclient.NotebookClient(notebook, timeout=120, resources=where, kernel_name="python3")
    client.execute()
    shown = str([cell.get("outputs") for cell in notebook.cells])
    if "%%why" in lesson.read_text():
        assert "∂f/∂w" in shown
        assert "∂f/∂t" in shown
