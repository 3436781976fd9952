"""The pages of the site: every block of code runs, and every name in their tables exists.

Blocks of a page follow one another, as a reader would paste them. A page goes as far as the
libraries that are installed reach; the first block that needs another is named and skipped.
"""

import ast
import os
import re
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

import autograd
import nn
from nn.training import History

ROOT = Path(__file__).parents[2]
SITE = ROOT / "demos" / "site"
PAGES = sorted(SITE.glob("*.md"))
OURS = {
    "autograd": autograd, "nn": nn, "Value": autograd.Value, "Program": autograd.Program,
    "History": History, "layer": nn.Layer(2, 3), "random": import_module("random"),
}  # fmt: skip
THEIRS = {  # the page of a library, and what it is installed as
    "from_micrograd": "micrograd", "from_pytorch": "torch", "from_jax": "jax",
    "from_keras": "keras",
}  # fmt: skip


def blocks(path, kind="python"):
    pattern = rf"^```{kind}\n(.*?)^```$"
    return re.findall(pattern, path.read_text(), flags=re.M | re.S)


def modules_of(code):
    """Return the top-level modules that a block imports."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).split(".")[0])
    return found


def runs(page, tmp_path, **more):
    """Run the blocks of a page up to the first that needs a library that is not here.

    Return what it printed, and which libraries those are.
    """
    code, missing = [], set()
    for block in blocks(page):
        missing = {name for name in modules_of(block) if not find_spec(name)}
        if missing:
            break
        code.append(block)
    script = "\n".join(code)
    command = [sys.executable, "-W", "ignore", "-c", script]
    environment = {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "PATH": "/usr/bin:/bin",
                   "KERAS_BACKEND": "jax"}  # fmt: skip
    run = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False,
        env=environment | more,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return run.stdout, missing


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p)], ids=lambda p: p.stem)
def test_every_block_of_a_page_runs(page, tmp_path):
    _, missing = runs(page, tmp_path)
    if missing:
        pytest.skip(f"{', '.join(sorted(missing))} is not installed: the rest of {page.name}")


def test_four_devices_find_what_one_does(tmp_path):
    pytest.importorskip("jax")
    flags = "--xla_force_host_platform_device_count="
    many = {"NPROC": "16"}  # threads of XLA: with no more than devices, one may wait for a thread
    one, four = (
        runs(SITE / "elsewhere.md", tmp_path, XLA_FLAGS=f"{flags}{n}", **many)[0] for n in (1, 4)
    )
    assert one.startswith("C = 0.")
    assert one == four


def test_every_command_of_a_page_runs(tmp_path):
    for page in PAGES:
        for command in "".join(blocks(page, "sh")).splitlines():
            words = command.replace("python ", f"{sys.executable} ", 1)
            run = subprocess.run(
                words, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False,
                env={"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
            )  # fmt: skip
            assert run.returncode == 0, run.stderr


def rows(page):
    """Return the cells of the first table of a page, row by row."""
    lines = [line for line in page.read_text().splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def names_in(cell):
    """Return the dotted names that stand in a cell as code."""
    codes = re.findall(r"`([^`]+)`", cell)
    return [m[0] for code in codes if (m := re.match(r"[A-Za-z_]\w*(\.\w+)+", code))]


def found(name, roots):
    first, *rest = name.split(".")
    thing = roots[first]
    for k, part in enumerate(rest, 1):
        try:
            thing = getattr(thing, part)
        except AttributeError:
            thing = import_module(".".join(name.split(".")[: k + 1]))
    return thing


@pytest.mark.parametrize("stem", THEIRS)
def test_our_side_of_a_table_is_there(stem):
    table = rows(SITE / f"{stem}.md")
    assert len(table) > 10
    names = [name for _, here, *_ in table for name in names_in(here)]
    assert len(names) > 10
    for name in names:
        if name.split(".")[0] in OURS:
            assert found(name, OURS) is not None, name


@pytest.mark.parametrize(("stem", "library"), THEIRS.items())
def test_their_side_of_a_table_is_there(stem, library):
    os.environ.setdefault("KERAS_BACKEND", "jax")
    peer = pytest.importorskip(library)
    names = [name for there, *_ in rows(SITE / f"{stem}.md") for name in names_in(there)]
    theirs = [name for name in names if name.split(".")[0] == library]
    assert len(theirs) > 3
    for name in theirs:
        if name != "jax.debug_nans":  # a setting
            assert found(name, {library: peer}) is not None, name
