"""The documentation builds without a warning, and has the course and every public name."""

import subprocess
import sys
from pathlib import Path

import pytest

import autograd
import nn

ROOT = Path(__file__).parents[2]


def test_the_site_builds_without_warnings(tmp_path):
    for library in ("sphinx", "furo", "myst_parser"):
        pytest.importorskip(library)
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-d",
        str(tmp_path / "d"),
    ]
    run = subprocess.run(
        [*command, "demos/site", str(tmp_path / "site")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    made = tmp_path / "site" / "made"
    lessons = sorted((ROOT / "demos" / "course").glob("[0-9]*.py"))
    assert all((made / f"lesson_{path.stem}.html").exists() for path in lessons)
    assert "%%why" in (made / "lesson_2_explain.html").read_text()
    for path in sorted((ROOT / "demos" / "site" / "gallery").glob("[0-9]*.py")):
        page = (made / f"gallery_{path.stem}.html").read_text()
        assert ("<iframe" in page) == (path.stem != "4_program"), path  # a live page
        assert "Traceback" not in page
    assert "<svg" in (made / "gallery_2_network.html").read_text()
    for name in ("from_micrograd", "from_pytorch", "from_jax", "from_keras"):
        assert (tmp_path / "site" / f"{name}.html").exists()
    for package in (autograd, nn):
        page = (made / f"names_{package.__name__}.html").read_text()
        assert not [name for name in package.__all__ if f">{name}<" not in page]
