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


WRITTEN = """
writer.close()
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
board = EventAccumulator("logs")
board.Reload()
events = board.Scalars("loss")
assert board.Tags()["scalars"] == ["loss"]
assert [event.step for event in events] == list(range(1, len(history.loss) + 1))
assert [event.value for event in events] == np.float32(history.loss).tolist()
print("read back:", len(events))
"""


@pytest.mark.parametrize("library", ["torch.utils.tensorboard", "tensorboardX"])
def test_tensorboard_reads_back_what_the_lesson_logs(library, tmp_path):
    """With the one line that the lesson names. An event file holds numbers in single precision."""
    pytest.importorskip("tensorboard")
    pytest.importorskip(library)
    text = LESSONS[2].read_text()
    start, after = text.index("class Curves"), text.index("# ## Who pulls where")
    lines = text[:after].splitlines(keepends=True)
    kept = "".join(line for line in lines if 'assert writer["loss"]' not in line)
    assert len(kept) < len(text[:after])
    assert "`writer = SummaryWriter()`" in text[:start]
    script = kept.replace("writer = Curves()", 'writer = SummaryWriter("logs")')
    assert script != kept
    head = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nimport numpy as np\n"
    imported = f"from {library} import SummaryWriter\n"
    (tmp_path / "lesson.py").write_text(head + imported + script + WRITTEN)
    run = subprocess.run(
        [sys.executable, "lesson.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert "read back: 60" in run.stdout


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
