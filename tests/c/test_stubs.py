"""The stubs say what the extensions have: names, parameters, their order and their defaults."""

import subprocess
import sys
from pathlib import Path

import pytest

from autograd import implementation
from autograd.program.executors import native

ROOT = Path(__file__).parents[2]
STUBS = ("autograd._value", "autograd.program.executors.native._replay")
HIDDEN = r"""autograd\._value\.Value\.__complex__
autograd\._value\.Value\.(item|numpy|requires_grad|zero_grad)
"""  # they refuse, which a type checker says earlier


@pytest.mark.skipif(
    implementation != "c" or not native.available(), reason="the extensions are not built"
)
def test_the_stubs_are_what_the_extensions_have(tmp_path):
    pytest.importorskip("mypy.stubtest")
    hidden, settings = tmp_path / "hidden", tmp_path / "mypy.ini"
    hidden.write_text(HIDDEN)
    settings.write_text("[mypy]\nignore_errors = True\n")  # of modules, which mypy itself looks at
    options = ["--mypy-config-file", str(settings), "--allowlist", str(hidden)]
    run = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", *STUBS, *options],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
