"""A case as Python to paste."""

from __future__ import annotations

from tests.fuzz.cases import CONSTANT, INPUT, PARAMETER
from tests.fuzz.forms import FORMS, OWN, SYMBOLS

SPELLED = {"taken": ("softmax", "take"), "stopped": ("no_grad",), "noise": ("NoiseStream",)}
BUILT_IN = {"guard", "sum", "chain", "neg", *SYMBOLS}


def names(case):
    """Return what the nodes are called: w0, x0, k0 …, and v0, v1 … the lines."""
    counts = {PARAMETER: 0, INPUT: 0, CONSTANT: 0}
    found = []
    for role, _ in case.leaves:
        found.append(f"{role}{counts[role]}")
        counts[role] += 1
    return found + [f"v{k}" for k in range(len(case.lines))]


def source(case, tile, note):
    """Return the program of a case, run on its rows the first of its ways."""
    extras = [f"# extras: {case.extras}"] * bool(case.extras)
    parts = [f"# AUTOGRAD_TILE={tile}: {note}"], _imports(case), _nodes(case), _runs(case), extras
    return "\n".join(line for part in parts for line in part)


def _imports(case):
    called = {line[0] for line in case.lines}
    words = {word for name in called for word in SPELLED.get(name, (name,))} - BUILT_IN
    inner = words & {"direction"}  # a row that is no public function
    public = ["Program", "Value", "at_call", "recording", *sorted(words - inner - set(OWN))]
    yield f"from autograd import {', '.join(public)}"
    if words & set(OWN):
        yield "from tests.fuzz.forms import OWN, PRIMITIVES; PRIMITIVES.update(OWN)"
        yield from (f"{name} = OWN[{name!r}].function" for name in sorted(words & set(OWN)))
    yield from (f"from autograd.primitives import {word}" for word in inner)


def _nodes(case):
    called, first = names(case), iter(case.rows[0])
    for name, (role, number) in zip(called, case.leaves, strict=False):
        yield f"{name} = Value({next(first) if role == INPUT else number!r})"
    yield "with at_call(0), recording():"
    for name, (form, *groups) in zip(called[len(case.leaves) :], case.lines, strict=True):
        read = [[called[x] if isinstance(x, int) else repr(x) for x in group] for group in groups]
        yield f"    {name} = {FORMS[form][1](*read)}"
    if not case.lines:
        yield "    pass"


def _runs(case):
    called, (executor, dtype) = names(case), case.ways[0]
    if executor == "tape":
        yield "from autograd.program.executors import registry"
        yield "registry.is_irregular = lambda nodes, groups: True"
        executor = "auto"
    inputs, parameters = (", ".join(called[k] for k in case.nodes(x)) for x in (INPUT, PARAMETER))
    also = ", ".join(called[k] for k in case.also)
    yield f"program = Program({called[case.loss]}, inputs=[{inputs}], parameters=[{parameters}],"
    yield f"                  also=[{also}], dtype={dtype!r}, executor={executor!r})"
    for m in case.lanes:
        yield f"with at_call(0): print(program({[list(row) for row in case.rows[:m]]!r}))"
