"""The C code is ISO C11 that two compilers take without a warning, in one style."""

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

C = Path(__file__).parents[2] / "autograd" / "c"
UNITS = sorted(C.glob("*/*.c"))
FILES = sorted(path for path in C.rglob("*.[ch]"))
WARNINGS = [
    "-std=c11", "-pedantic", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Wno-sign-conversion",
    "-Wvla", "-Wstrict-prototypes", "-Werror",
]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_a_unit_compiles_without_a_warning(compiler, unit):
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is not installed")
    python = ["-isystem", sysconfig.get_path("include")]
    command = [compiler, *WARNINGS, *python, "-fsyntax-only", str(unit)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_every_file_is_formatted():
    formatter = shutil.which("clang-format", path=sysconfig.get_path("scripts"))
    if not formatter:
        pytest.skip("clang-format is not installed")
    command = [formatter, "--dry-run", "-Werror", *map(str, FILES)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_has_one_subject(path):
    lines = path.read_text().splitlines()
    assert lines[0].startswith("/* "), "the first line says what is here"
    assert len(lines) <= 300
    assert max(map(len, lines)) <= 100
