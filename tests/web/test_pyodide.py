"""In a browser's Python (Pyodide under node) the readable implementation answers the same.

`npm install pyodide` in the root, or PYODIDE=folder, says where Pyodide is.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from autograd import Value, explain, grad, tanh

ROOT = Path(__file__).parents[2]
PYODIDE = Path(os.environ.get("PYODIDE", ROOT / "node_modules" / "pyodide"))

pytestmark = [
    pytest.mark.skipif(not shutil.which("node"), reason="node is not installed"),
    pytest.mark.skipif(
        not (PYODIDE / "pyodide.mjs").exists(), reason="pyodide is not there: npm install pyodide"
    ),
]


def test_a_browser_differentiates_explains_and_draws():
    command = ["node", str(ROOT / "tests" / "web" / "explain.mjs"), str(PYODIDE), str(ROOT)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stderr
    a, b = Value(2.0, "a"), Value(-3.0, "b")
    y = tanh(a * b + 7)
    y.backward()
    here = ["python", repr(a.grad), explain(y, a).text(), "<svg", repr(grad(lambda x: x**3)(2.0))]
    assert run.stdout == "\n".join([*here, "10.0", "False"]) + "\n"
