"""The C code compiles for every platform that has wheels: zig has the headers of all of them."""

import subprocess
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path
from shutil import copytree

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ["value/value.c", "witness/witness.c", "replay/replay.c", "replay/plain_double.c"]
TARGETS = [
    "aarch64-linux-gnu", "aarch64-macos", "x86_64-macos", "aarch64-windows-gnu",
    "x86_64-windows-gnu",
]  # fmt: skip
WINDOWS = """
#define MS_WIN64
#define MS_WINDOWS
#define NT_THREADS
#define HAVE_DECLSPEC_DLL
#define Py_ENABLE_SHARED 1
#define SIZEOF_VOID_P 8
#define SIZEOF_SIZE_T 8
#define SIZEOF_TIME_T 8
#define SIZEOF_SHORT 2
#define SIZEOF_INT 4
#define SIZEOF_LONG 4
#define SIZEOF_LONG_LONG 8
#define SIZEOF_WCHAR_T 2
#define SIZEOF_PID_T 4
#define HAVE_UINTPTR_T 1
#define HAVE_SSIZE_T 1
#define HAVE_STDDEF_H 1
#define HAVE_SYS_TYPES_H 1
#define HAVE_WCHAR_H 1
#define HAVE_ERRNO_H 1
"""  # what CPython's own headers ask of the platform


@pytest.mark.parametrize("target", TARGETS)
def test_the_c_code_compiles_for(target, tmp_path):
    if not find_spec("ziglang"):
        pytest.skip("ziglang is not installed: a compiler for other platforms")
    headers = Path(sysconfig.get_path("include"))
    if "windows" in target:
        headers = copytree(headers, tmp_path / "include")
        (headers / "pyconfig.h").write_text(WINDOWS)
    command = [sys.executable, "-m", "ziglang", "cc", "-target", target, "-std=c11", "-O0"]
    flags = ["-Wall", "-Wextra", "-Werror", "-ffp-contract=off", "-isystem", str(headers)]
    for source in SOURCES:
        run = subprocess.run(
            [*command, *flags, "-c", ROOT / "autograd" / "c" / source, "-o", tmp_path / "made.o"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
    assert (tmp_path / "made.o").stat().st_size > 1000
