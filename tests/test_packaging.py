"""The archives: whole, described, tested from themselves; and what importing the package costs."""

import email
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MADE_BY_SETUPTOOLS = re.compile(r"PKG-INFO|setup\.cfg|whygrad\.egg-info/.*")
BUILD = "from setuptools import build_meta; print(build_meta.build_{kind}({folder!r}))"

setuptools = pytest.importorskip("setuptools", minversion="77")


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the files that belong to the project, with nothing built in it."""
    folder = tmp_path_factory.mktemp("project")
    for name in files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    return folder


def files():
    """Return the names of the files of the project: those of git, or of the source archive."""
    if (ROOT / "PKG-INFO").exists():
        text = (ROOT / "whygrad.egg-info" / "SOURCES.txt").read_text()
        names = text.splitlines()
    else:
        listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
        run = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True)
        names = [name for name in run.stdout.splitlines() if (ROOT / name).exists()]
    return sorted(name for name in names if not MADE_BY_SETUPTOOLS.fullmatch(name))


def built(kind, folder, **environment):
    """Build an archive without a compiler and without the network; return where it is."""
    where = folder / "dist"
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BUILD.format(kind=kind, folder=str(where))],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "CC": "/nonexistent", **environment},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return where / run.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def source(copy):
    return built("sdist", copy)


@pytest.fixture(scope="module")
def wheel(copy):
    return built("wheel", copy, WHYGRAD_PURE="1")


def test_the_source_archive_is_whole(source):
    with tarfile.open(source) as archive:
        inside = {entry.name.partition("/")[2] for entry in archive if entry.isfile()}
    assert {name for name in inside if not MADE_BY_SETUPTOOLS.fullmatch(name)} == set(files())


def test_the_source_archive_can_be_tested_from_itself(source, tmp_path):
    with tarfile.open(source) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    tests = ["tests/heart/test_text.py", "tests/explanation/test_numerals.py", "tests/nn/exercises"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *tests],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "AUTOGRAD_IMPLEMENTATION": "python"},
    )  # fmt: skip
    assert run.returncode == 0, run.stdout


def test_a_wheel_without_c_is_one_for_every_platform(wheel):
    assert wheel.name == f"whygrad-{PROJECT['version']}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        inside = archive.namelist()
    packages = {name for name in files() if name.startswith(("autograd/", "nn/"))}
    expected = {name for name in packages if not name.startswith("autograd/c/")}
    assert {name for name in inside if ".dist-info/" not in name} == expected


def test_the_metadata_is_complete(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("METADATA")]
        found = email.message_from_bytes(archive.read(name))
        scripts = archive.read(name.replace("METADATA", "entry_points.txt")).decode()
    assert found["License-Expression"] == "MIT"
    assert found["Requires-Python"] == PROJECT["requires-python"]
    assert found["Description-Content-Type"] == "text/markdown"
    assert found["Author"] == "The whygrad authors"
    assert set(found.get_all("Provides-Extra")) == set(PROJECT["optional-dependencies"])
    assert "whygrad = autograd.command:main" in scripts
    assert found.get_payload().startswith("# whygrad")


def test_peers_are_no_extra():
    extras = str(PROJECT["optional-dependencies"])
    for peer in ("micrograd", "torch", "jax", "casadi"):
        assert peer not in extras


def test_every_extra_is_named_in_the_readme():
    (line,) = re.findall(r"the rest comes in extras,\s`([^`]+)`", (ROOT / "README.md").read_text())
    assert set(line.split()) == set(PROJECT["optional-dependencies"])


def test_importing_autograd_loads_nothing_heavy():
    """How long it takes is measured by `tests/benchmarks/imports.py`."""
    loaded = "import sys, autograd; print(*{name.split('.')[0] for name in sys.modules})"
    found = subprocess.check_output([sys.executable, "-c", loaded], cwd=ROOT, text=True).split()
    assert not {"numpy", "scipy", "graphviz", "matplotlib", "nn", "inspect", "dataclasses"} & {
        *found
    }


def test_wheels_are_built_for_every_platform_and_python():
    """Asked of cibuildwheel itself; what it builds and tests needs these platforms."""
    pytest.importorskip("cibuildwheel")
    machines = {
        "linux": [f"{libc}linux_{machine}" for libc in ("many", "musl")
                  for machine in ("x86_64", "aarch64")],
        "macos": ["macosx_x86_64", "macosx_arm64"],
        "windows": ["win_amd64", "win_arm64"],
    }  # fmt: skip
    command = [sys.executable, "-m", "cibuildwheel", "--print-build-identifiers", "--platform"]
    for platform, names in machines.items():
        environment = {**os.environ, "CIBW_PLATFORM": platform}
        found = subprocess.check_output([*command, platform], cwd=ROOT, text=True, env=environment)
        pythons = [f"cp3{minor}" for minor in (11, 12, 13, 14)]
        expected = {f"{python}-{name}" for python in pythons for name in names}
        assert set(found.split()) == expected


PRETENDED = """
import sys
from pathlib import Path

Path(sys.argv[sys.argv.index("-o") + 1]).write_text("\\n".join(sys.argv[1:]))
"""


@pytest.mark.parametrize("compiler", ["found", "missing"])
def test_windows_gets_its_extensions_from_a_compiler_of_gnu_c_or_none(copy, tmp_path, compiler):
    """With one that only writes down what it is asked for; one that is missing is no error."""
    (tmp_path / "compiler.py").write_text(PRETENDED)
    cc = f"'{sys.executable}' '{tmp_path / 'compiler.py'}'" if compiler == "found" else "/nowhere"
    where = ["--build-lib", str(tmp_path / "lib"), "--build-temp", str(tmp_path / "temp")]
    run = subprocess.run(
        [sys.executable, "setup.py", "build_ext", "--plat-name", "win-amd64", *where],
        cwd=copy, capture_output=True, text=True, check=False, env={**os.environ, "CC": cc},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    built = [path for path in (tmp_path / "lib").rglob("*") if path.is_file()]
    asked = {path.name.partition(".")[0]: path.read_text().splitlines() for path in built}
    assert set(asked) == (
        {"_value", "_grouping", "_replay", "_witness"} if compiler == "found" else set()
    )
    for name, words in asked.items():
        folder = Path("autograd", "c", name[1:])
        sources = {str(path.relative_to(copy)) for path in (copy / folder).glob("*.c")}
        assert sources == {word for word in words if word.endswith(".c")}
        assert {"-shared", "-ffp-contract=off"} <= set(words)
