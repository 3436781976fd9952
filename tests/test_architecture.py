"""The rooms: imports point down, nobody reaches into another module, sizes keep their budgets.

Everything is computed from the sources; no list of modules is kept here.
"""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import tokenize
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("autograd", "nn")
TWINS = {f"autograd/{name}.py" for name in ("sweep", "families", "value", "function")}  # one engine

BUDGETS = {  # of code lines, over the files that a pattern finds
    "the core": (2138, ("autograd/*.py", "nn/*.py")),
    "an evening's reading": (
        800,
        tuple(
            f"autograd/{name}.py"
            for name in ("sweep", "value", "function", "table", "primitives", "reductions", "graph")
        ),
    ),
    "modes": (270, ("autograd/modes/*.py",)),
    "further rows": (475, ("autograd/rows/*.py",)),
    "the command line": (430, ("autograd/command/*.py",)),
    "exercises": (105, ("nn/exercises/*.py",)),
    "doors to other libraries": (640, ("nn/interop/*.py",)),
    "programs for JAX": (566, ("autograd/program/executors/jax/*.py",)),
    "derivatives": (806, ("autograd/derivatives/**/*.py",)),
    "explanation": (1240, ("autograd/explanation/**/*.py",)),
    "arguments": (222, ("nn/arguments/*.py",)),
    "layers": (290, ("nn/layers/*.py",)),
    "optimizers": (310, ("nn/optimizers/*.py",)),
    "probing": (1045, ("nn/probing/**/*.py",)),
    "predicting": (160, ("nn/predicting/**/*.py",)),
    "tracing": (330, ("nn/tracing/**/*.py",)),
    "notes": (4840, ("nn/notes/**/*.py",)),
    "programs": (2020, ("autograd/program/*.py",)),
    "what they compile to": (2318, ("autograd/program/compiler/*.py",)),
    "executors": (
        1770,
        tuple(f"autograd/program/executors/{x}*.py" for x in ("", "native/", "numpy/", "tape/")),
    ),
    "compiled functions": (1600, ("autograd/program/jitting/**/*.py",)),
    "programs held to their nodes": (885, ("autograd/program/verification/**/*.py",)),
    "pictures": (
        2500,
        tuple(f"autograd/drawing/{folder}*.py" for folder in ("", "graph/", "network/")),
    ),
    "the page": (1010, ("autograd/drawing/page/**/*.py",)),
}
EXTENSIONS = {
    "autograd._value",
    "autograd.program.compiler._grouping",
    "autograd.program.executors.native._replay",
    "autograd.program.verification._witness",
}
STANDARD = {"_fields", "_getframe", "_is_owned", "_replace"}  # public names of Python's own
LONGEST_FILE, LONGEST_FUNCTION = 300, 30

FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
SOURCES = [*FILES, *sorted((ROOT / "autograd" / "c").rglob("*.[ch]"))]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {dotted(path): path for path in FILES}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imported(path: Path) -> set[str]:
    """Return the modules of the project that a file imports, wherever and for whatever it does."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}: write absolute imports"
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = inner & (set(MODULES) | EXTENSIONS)
            found |= modules if modules else {str(node.module)}
    return found & set(MODULES)


def room(module: str, floor: str) -> str | None:
    """Return the file or folder right under the folder `floor` that a module is in."""
    if not module.startswith(f"{floor}."):
        return None
    return module.removeprefix(f"{floor}.").split(".")[0]


def require_no_circle(arrows: dict[str, set[str]]) -> None:
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as circle:
        pytest.fail(" imports ".join(reversed(circle.args[1])))


def test_no_module_imports_itself_by_a_detour():
    require_no_circle({module: imported(path) - {module} for module, path in MODULES.items()})


FLOORS = sorted({dotted(path.parent / "__init__.py") for path in FILES})


@pytest.mark.parametrize("floor", FLOORS)
def test_the_rooms_of_a_folder_stand_above_each_other(floor):
    """No two of its files and folders need each other, so that all arrows run down."""
    arrows: dict[str, set[str]] = {}
    for module, path in MODULES.items():
        here = room(module, floor)
        if here:
            others = {room(other, floor) for other in imported(path)}
            arrows.setdefault(here, set()).update(x for x in others if x and x != here)
    require_no_circle(arrows)


def test_autograd_never_imports_nn():
    for path in sorted((ROOT / "autograd").rglob("*.py")):
        assert not [name for name in imported(path) if name.split(".")[0] == "nn"], path


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def own_names(path: Path) -> set[str]:
    """Return the private names that a file defines: functions, attributes of self, slots."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if isinstance(node.value, ast.Name) and node.value.id == "self":
                found.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)  # of __slots__
    return found


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nobody_reaches_into_another_module(path):
    own = own_names(path)
    reached = [
        f"{name_of(path)}:{node.lineno}: {node.attr}"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and private(node.attr)
        and node.attr not in own | STANDARD
    ]
    taken = [
        f"{name_of(path)}:{node.lineno}: {alias.name}"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in PACKAGES
        for alias in node.names
        if private(alias.name) and f"{node.module}.{alias.name}" not in EXTENSIONS
    ]
    assert not taken
    assert not reached or name_of(path) in TWINS


def code_lines(path: Path) -> int:
    """Count lines that are neither blank, nor comments, nor docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            docstrings |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    lines = set()
    skipped = {
        tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
        tokenize.ENCODING, tokenize.ENDMARKER,
    }  # fmt: skip
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type not in skipped:
                lines |= set(range(token.start[0], token.end[0] + 1))
    return len(lines - docstrings)


def loops_directly_in(node: ast.AST) -> list[int]:
    """Return the lines of loops and comprehensions that run in the frame of a node."""
    found = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.For | ast.While | ast.ListComp | ast.SetComp | ast.DictComp):
            found.append(child.lineno)
        if not isinstance(child, ast.FunctionDef | ast.Lambda | ast.GeneratorExp):
            found += loops_directly_in(child)
    return found


def test_no_loop_stands_directly_in_a_block_that_holds_a_lock():
    """Python 3.12 and later may pass over the end of a `with` where a Ctrl-C meets such a loop."""
    found = {
        f"{name_of(path)}:{line}"
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.With) and any("lock" in ast.unparse(x) for x in node.items)
        for statement in node.body
        for line in loops_directly_in(ast.Module([statement], []))
    }
    assert not found


@pytest.mark.parametrize("subject", BUDGETS)
def test_every_room_keeps_its_budget(subject):
    budget, patterns = BUDGETS[subject]
    files = {path for pattern in patterns for path in ROOT.glob(pattern)}
    assert files
    sizes = {name_of(path): code_lines(path) for path in files}
    assert sum(sizes.values()) <= budget, sizes


def test_every_file_has_one_subject():
    """A module of 300 lines can be read at one go, a C file too."""
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in SOURCES}
    assert not {name: n for name, n in lengths.items() if n > LONGEST_FILE}


def length(function: ast.FunctionDef) -> int:
    """Count the lines of a function, its docstring left out."""
    whole = function.end_lineno - function.lineno + 1
    first = function.body[0]
    return whole - (first.end_lineno - first.lineno + 1) * (ast.get_docstring(function) is not None)


def test_every_function_fits_on_a_screen():
    long = {
        f"{name_of(path)}: {node.name}": length(node)
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef)
    }
    assert not {name: n for name, n in long.items() if n > LONGEST_FUNCTION}


ROOMS = [path for path in FILES if path.name == "__init__.py" and path.parent.parent != ROOT]


@pytest.mark.parametrize("path", ROOMS, ids=name_of)
def test_the_first_page_of_a_room_names_all_that_is_in_it(path):
    """What is here, and in which order to read it."""
    page = ast.get_docstring(tree(path)) or ""
    named = set(re.findall(r"`(\w+)(?:/)?`", page))
    inside = {other.stem for other in path.parent.glob("*.py")} - {"__init__"}
    inside |= {other.parent.name for other in path.parent.glob("*/__init__.py")}
    assert inside <= named, f"{name_of(path)} does not say what {sorted(inside - named)} is"


def test_all_folders_are_packages_of_the_project():
    """The list in pyproject.toml is written by hand, since the layout defeats discovery."""
    text = (ROOT / "pyproject.toml").read_text()
    listed = re.findall(
        r'"([\w.]+)"',
        text[text.index("packages = [") : text.index("[tool.setuptools.package-data]")],
    )
    assert set(listed) == {dotted(path) for path in FILES if path.name == "__init__.py"}


def output_of(script: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return run.stdout.strip()


def test_importing_autograd_is_cheap():
    script = (
        "import sys, autograd, nn; "
        "print([m for m in ('numpy', 'graphviz', 'tqdm', 'matplotlib', 'safetensors', 'scipy',"
        " 'sklearn', 'torch', 'jax', 'onnx', 'sympy', 'IPython') if m in sys.modules])"
    )
    assert output_of(script) == "[]"


@pytest.mark.parametrize("executor", ["numpy", "auto"])
def test_the_first_call_of_a_program_loads_no_masked_arrays(executor):
    script = (
        "import sys; from autograd import Program, Value, dot, logsumexp, take; "
        "x, w, k = [Value(0.1), Value(0.2)], [Value(0.3), Value(0.4)], Value(1.0); "
        "z = [dot(w, x), dot(x, w), x[0] * x[0]]; "
        "loss = logsumexp(z) - take(z, k); "
        f"Program(loss, inputs=[*x, k], parameters=w, executor={executor!r})([[0.1, 0.2, 1.0]]); "
        "print('numpy.ma' in sys.modules)"
    )
    assert output_of(script) == "False"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_there(package):
    module = importlib.import_module(package)
    assert sorted(set(module.__all__)) == sorted(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is not None
        assert name in dir(module)
