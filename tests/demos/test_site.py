"""The documentation builds without a warning, and has the course and every public name."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
import nn

ROOT = Path(__file__).parents[2]


def assert_the_gallery_is_alive(site):
    """Every script has a page with what it returned, and a picture of its own that leads there."""
    index = (site / "made" / "gallery" / "index.html").read_text()
    for path in sorted((ROOT / "demos" / "site" / "gallery").glob("[0-9]*.py")):
        page = (site / "made" / "gallery" / f"{path.stem}.html").read_text()
        assert ("<iframe" in page) == (path.stem != "4_program"), path  # a live page
        assert "data:image/svg+xml" in page or path.stem == "3_training"
        assert "Traceback" not in page
        (picture,) = re.findall(rf'src="([^"]+/sphx_glr_{path.stem}_thumb\.(?:svg|png))"', index)
        content = (site / "made" / "gallery" / picture).resolve().read_bytes()
        assert content.startswith(b"\x89PNG") == (path.stem == "3_training")
        assert b"<svg" in content or path.stem == "3_training"
    assert "A0·W1" in page  # a matrix formula


def test_the_site_builds_without_warnings(tmp_path):
    for library in ("sphinx", "furo", "myst_nb", "sphinx_gallery", "jupytext", "ipykernel"):
        pytest.importorskip(library)
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-d", tmp_path / "d"]
    run = subprocess.run(
        [*command, "demos/site", str(tmp_path / "site")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    made = tmp_path / "site" / "made"
    lessons = sorted((ROOT / "demos" / "course").glob("[0-9]*.py"))
    assert all((made / f"lesson_{path.stem}.html").exists() for path in lessons)
    lesson = (made / "lesson_2_explain.html").read_text()
    assert re.search("%%.{0,20}why", lesson)
    assert "∂f/∂w" in lesson  # what it answers
    assert "sys.path" not in lesson
    assert_the_gallery_is_alive(tmp_path / "site")
    for name in ("from_micrograd", "from_pytorch", "from_jax", "from_keras"):
        assert (tmp_path / "site" / f"{name}.html").exists()
    for package in (autograd, nn):
        page = (made / f"names_{package.__name__}.html").read_text()
        assert not [name for name in package.__all__ if f">{name}<" not in page]
