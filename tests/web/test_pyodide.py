"""In a browser's Python (Pyodide under node) the wheel for every platform answers the same.

`npm install pyodide` in the root, or PYODIDE=folder, says where Pyodide is. What needs NumPy runs
where Pyodide's wheel of it lies in that folder too.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograd import Value, explain, grad, tanh

ROOT = Path(__file__).parents[2]
PYODIDE = Path(os.environ.get("PYODIDE", ROOT / "node_modules" / "pyodide"))
BUILD = "from setuptools import build_meta; print(build_meta.build_wheel({folder!r}))"

pytestmark = [
    pytest.mark.skipif(not shutil.which("node"), reason="node is not installed"),
    pytest.mark.skipif(
        not (PYODIDE / "pyodide.mjs").exists(), reason="pyodide is not there: npm install pyodide"
    ),
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel without C, built from a copy of the sources."""
    pytest.importorskip("setuptools", minversion="77")
    folder = tmp_path_factory.mktemp("project")
    for name in ("autograd", "nn"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.so", "__py*"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, folder / name)
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BUILD.format(folder=str(folder / "dist"))],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "WHYGRAD_PURE": "1", "PYTHONPATH": ""},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return folder / "dist" / run.stdout.splitlines()[-1]


def answer(wheel, *packages):
    command = ["node", str(ROOT / "tests" / "web" / "explain.mjs"), str(PYODIDE), str(wheel)]
    run = subprocess.run(
        [*command, *packages], capture_output=True, text=True, check=False, timeout=120
    )
    assert run.returncode == 0, run.stderr[-2000:]  # what Python said comes last
    return run.stdout


def test_a_browser_differentiates_explains_and_draws(wheel):
    assert wheel.name.endswith("-py3-none-any.whl")
    a, b = Value(2.0, "a"), Value(-3.0, "b")
    y = tanh(a * b + 7)
    y.backward()
    here = ["python", repr(a.grad), explain(y, a).text(), "<svg", repr(grad(lambda x: x**3)(2.0))]
    assert answer(wheel) == "\n".join([*here, "10.0", "True", "False"]) + "\n"


@pytest.mark.skipif(
    not list(PYODIDE.glob("numpy-*.whl")), reason="Pyodide's wheel of NumPy is not in its folder"
)
def test_a_browser_trains_and_probes(wheel):
    assert answer(wheel, "numpy") == "[False, True, True, False]\nTrue\nnumpy\n"
