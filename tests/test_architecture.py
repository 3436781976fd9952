"""The rooms: imports point down, `nn` uses public names of `autograd`, the core stays small."""

from __future__ import annotations

import ast
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LAYERS = {
    "autograd": {
        0: {"blocks", "errors", "reals", "text"},
        1: {"sweep", "value", "function", "_value", "engine"},
        2: {"table", "primitives", "activations", "reductions", "graph", "blocks", "modes"},
        3: {"derivatives"},
        4: {"explanation", "program"},
        5: {"drawing"},
        6: {"__init__", "__main__"},
    },
    "nn": {
        0: {"schedules", "arguments", "hints"},
        1: {"initializers", "losses"},
        2: {"activations", "data"},
        3: {"module"},
        4: {"layers", "optimizers"},
        6: {"training", "checkpoint", "probing"},
        7: {"interop", "estimators"},
        8: {"__init__"},
    },
}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def room_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[1]


def imported(path: Path) -> list[str]:
    """Return the absolute names of all modules a file imports, wherever it does."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write absolute imports"
            module = node.module or ""
            if module in LAYERS:
                found += [f"{module}.{alias.name}" for alias in node.names]
            else:
                found.append(module)
    return found


@pytest.mark.parametrize("package", LAYERS)
def test_every_room_has_a_layer(package):
    known = set().union(*LAYERS[package].values())
    assert {room_of(path) for path in modules(package)} <= known


@pytest.mark.parametrize("package", LAYERS)
def test_imports_point_down(package):
    level = {room: k for k, rooms in LAYERS[package].items() for room in rooms}
    for path in modules(package):
        here = level[room_of(path)]
        for name in imported(path):
            parts = name.split(".")
            if parts[0] != package or len(parts) == 1 or parts[1] not in level:
                continue
            same_room = parts[1] == room_of(path)
            assert same_room or level[parts[1]] <= here, f"{path} imports {name}, which is above"


def test_autograd_never_imports_nn():
    for path in modules("autograd"):
        assert not [name for name in imported(path) if name.split(".")[0] == "nn"], path


def test_importing_autograd_is_cheap():
    script = (
        "import sys, autograd, nn; "
        "print([m for m in ('numpy', 'graphviz', 'tqdm', 'matplotlib', 'safetensors', 'scipy')"
        " if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


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
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "False"


def test_every_public_name_is_there():
    import autograd
    import nn

    for package in (autograd, nn):
        assert sorted(set(package.__all__)) == sorted(package.__all__)
        for name in package.__all__:
            assert getattr(package, name) is not None
            assert name in dir(package)


CLIENT = """\
import autograd as ag
import nn
from autograd import *
from autograd import Value, compare, draw, erf, explain, grad, jit, leaves, no_grad, relu, softmax

reveal_type(Value(1.0))
reveal_type(ag.gradients)
reveal_type(ag.Program)
reveal_type(ag.logsumexp)
reveal_type(ag.StaleGraphError("old"))
reveal_type(ag.implementation)
reveal_type(leaves)
reveal_type(nn.MLP(2, [1]))
reveal_type(nn.Adam)
reveal_type(nn.probe)
reveal_type(nn.he_uniform)
"""


def test_type_checkers_know_every_public_name(tmp_path):
    import autograd
    import nn

    mypy = pytest.importorskip("mypy.api")
    client = tmp_path / "client.py"
    names = [f"{package.__name__}.{name}" for package in (autograd, nn) for name in package.__all__]
    lines = [CLIENT, "import autograd", "autograd.forgotten", "nn.forgotten", *names]
    client.write_text("\n".join(lines))
    found, problems, _ = mypy.run(["--strict", "--config-file", str(ROOT / "pyproject.toml"),
                                   str(client)])  # fmt: skip
    assert problems == ""
    types = [
        line.split("type is ")[1].strip('"') for line in found.splitlines() if "type is" in line
    ]
    assert "Any" not in types
    assert len(types) == CLIENT.count("reveal_type")
    errors = [line for line in found.splitlines() if " error: " in line]
    assert len(errors) == 2 and all("forgotten" in line for line in errors), errors


@pytest.mark.parametrize("package", ["autograd", "nn"])
def test_a_star_brings_every_public_name(package):
    names: dict[str, object] = {}
    exec(f"from {package} import *", names)
    assert set(sys.modules[package].__all__) <= set(names)


def code_lines(path: Path) -> int:
    """Count lines that are neither blank, nor comments, nor docstrings."""
    tree = ast.parse(path.read_text())
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = set()
    for node in ast.walk(tree):
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


HEART = ("sweep", "value", "function", "table", "primitives", "reductions", "graph")


def test_the_heart_can_be_read_in_an_evening():
    heart = [ROOT / "autograd" / f"{room}.py" for room in HEART]
    assert sum(map(code_lines, heart)) <= 800
