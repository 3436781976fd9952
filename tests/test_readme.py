"""The README: its examples print what it says, its commands are one line each."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
import nn

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def examples() -> list[doctest.DocTest]:
    """Return one test for each section, as if each were pasted after the ones before it."""
    text = re.sub(r"^```.*$", "", README, flags=re.MULTILINE)
    parser = doctest.DocTestParser()
    return [parser.get_doctest(text, {}, "README.md", "README.md", 0)]


@pytest.mark.parametrize("test", examples(), ids=lambda test: test.name)
def test_the_examples_print_what_the_readme_says(test, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(test.examples) > 5
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    output: list[str] = []
    runner.run(test, out=output.append)
    assert runner.failures == 0, "".join(output)


ONE_ALL_REDUCE = """
compiled = step.lower(parameters, X).compile().as_text()
assert compiled.count(" all-reduce(") == (jax.device_count() > 1), compiled
assert abs(float(function(parameters, X)) - program(np.asarray(X))[0]) < 1e-6
"""


@pytest.mark.parametrize("devices", [1, 4])
def test_the_example_for_jax_runs_on_any_number_of_devices(devices, tmp_path):
    pytest.importorskip("jax")
    blocks = re.findall(r"^```python\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
    (example,) = [block for block in blocks if ">>>" not in block]
    assert "to_jax" in example
    assert len(re.findall(r"^\S|^ +\S", example, flags=re.MULTILINE)) <= 16
    flags = f"--xla_force_host_platform_device_count={devices}"
    run = subprocess.run(
        [sys.executable, "-c", example + ONE_ALL_REDUCE],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags,
             "NPROC": "16"},  # threads of XLA: with no more than devices, one may wait for a thread
    )  # fmt: skip
    assert run.stdout == "[[ 0.3]\n [-0.3]]\n", run.stdout + run.stderr


def test_the_first_two_command_blocks_are_one_line_each():
    blocks = re.findall(r"^```sh\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
    for block in blocks[:2]:
        assert block.count("\n") == 1
        assert "pip install -e" in block
    assert "-m demos" in blocks[0]
    assert "-m pytest" in blocks[1]


def test_the_pictures_of_the_readme_are_in_the_repository():
    for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)|<img src=\"([^\"]+)\"", README):
        assert (ROOT / "".join(name)).is_file(), name


NAMED = {  # what the paragraph on training lists, whole
    "Activations": [*nn.ACTIVATIONS],
    "Losses": [*nn.LOSSES],
    "Optimisers": [row.__name__ for row in nn.OPTIMIZERS.values()],
    "schedules": [*nn.optimizers.schedules.__all__],
    "Callbacks": ["EarlyStopping"],
}


@pytest.mark.parametrize("what", NAMED)
def test_the_readme_lists_every_name_that_can_be_given(what):
    (listed,) = re.findall(rf"{what}:? `([a-zA-Z_0-9\s]+)`", README)
    assert sorted(listed.split()) == sorted(NAMED[what])


def test_extras_named_in_error_messages_exist():
    import tomllib

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    folders = [Path(package.__file__).parent for package in (autograd, nn)]
    sources = [p for folder in folders for p in folder.rglob("*.py")]
    named = {x for p in sources for x in re.findall(r"whygrad\[(\w+)\]", p.read_text())}
    assert named
    assert named <= set(extras)
