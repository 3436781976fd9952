"""The readable and the compiled `Value` are one thing: numbers, messages, order of walks."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import autograd
from autograd.engine import Value, refuse_intruders, topological
from autograd.table import PRIMITIVES

ROOT = Path(autograd.__file__).parents[1]
compiled = pytest.mark.skipif(autograd.implementation != "c", reason="needs the C extension")


def run(script: str, implementation: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "AUTOGRAD_IMPLEMENTATION": implementation}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


# Builds random graphs of every primitive and prints all it can see, errors included.
TRANSCRIPT = r"""
import json, random, sys
from autograd.engine import Value, adjoints, topological
from autograd import dot, log_softmax, logsumexp, mean, softmax, take, total
from autograd.table import PRIMITIVES

rng = random.Random(11)
log = []

def note(make):
    try:
        log.append(repr(make()))
    except Exception as error:
        log.append(f"{type(error).__name__}: {error}")

fixed = [row for name, row in sorted(PRIMITIVES.items()) if row.arity]
for graph in range(60):
    leaves = [Value(rng.uniform(-2, 2), f"x{k}") for k in range(4)]
    pool = list(leaves)
    for step in range(40):
        kind = rng.random()
        def operand():
            return rng.choice(pool) if rng.random() < 0.8 else rng.uniform(-2, 2)
        try:
            if kind < 0.15:
                n = rng.randrange(4)
                sides = [[operand() for _ in range(n)] for _ in range(2)]
                pool.append(dot(*sides, operand()) + leaves[0])
            elif kind < 0.2:
                pool.append(total([operand() for _ in range(3)]) * leaves[1])
            elif kind < 0.25:
                pool.append(take(pool[-3:], Value(rng.randrange(3))))
            elif kind < 0.3:
                shared = rng.choice((softmax, log_softmax))
                outs = shared([operand() for _ in range(rng.randrange(2, 5))] + leaves[:1])
                chosen = rng.sample(outs, rng.randrange(1, len(outs)))
                pool.extend(out * leaves[3] for out in chosen)
            elif kind < 0.33:
                pool.append(rng.choice((mean, logsumexp))([operand(), operand(), leaves[2]]))
            elif kind < 0.35:
                index = rng.choice((1, 1.0, Value(1.0), Value(3), 0.5, "0"))
                pool.append(log_softmax([operand(), operand(), leaves[0]], index))
            else:
                row = rng.choice(fixed)
                pool.append(row(*[operand() for _ in range(row.arity)]) * 1.0 + leaves[2])
        except Exception as error:
            log.append(f"{type(error).__name__}: {error}")
    root = pool[-1]
    note(lambda: [(n.op, n.data, n.partials, len(n.parents)) for n in topological(root)])
    note(lambda: adjoints(root, leaves + pool[5:8]))
    note(root.backward)
    note(root.backward)
    note(lambda: [(n.data, n.grad, n.constant, n.label) for n in topological(root)])
    leaves[graph % 4].data = 0.5
    note(root.backward)
    note(lambda: leaves)
x = Value(1.0, "x")
for bad in ("3", None, 1j, [1], {}, (1,), b"1", Value(2.0), 10**400):
    note(lambda: Value(bad))
    note(lambda: dot([x], [bad]) if not isinstance(bad, Value) else 0)
    note(lambda: PRIMITIVES["exp"](bad) if not isinstance(bad, Value) else 0)
for bad in ("3", None, 1j, [1], {}, (1,), b"1", 10**400):
    for operation in (
        lambda: x + bad, lambda: bad + x, lambda: x * bad, lambda: bad * x, lambda: x**bad,
        lambda: bad**x, lambda: x / bad, lambda: bad / x, lambda: x - bad, lambda: x < bad,
        lambda: x >= bad, lambda: total([x, bad]), lambda: mean([x, bad]),
        lambda: softmax([bad, x]), lambda: logsumexp([x, bad]), lambda: log_softmax([x, bad]),
        lambda: log_softmax([x, 1], bad),
    ):
        note(operation)
for make in (
    lambda: x.backward("1"), lambda: setattr(x, "data", "1"), lambda: setattr(x, "grad", None),
    lambda: setattr(x, "label", 1), lambda: setattr(x + 1, "data", 1), lambda: float(x),
    lambda: int(x), lambda: complex(x), lambda: x / 0, lambda: 0 ** (x * -1),
    lambda: (x * 0).sqrt().backward(), lambda: format(x, ".3f"), lambda: format(x, ""),
    lambda: repr(x + 1), lambda: x == 1, lambda: x != x, lambda: adjoints(x, [1]),
    lambda: adjoints(1, [x]), lambda: topological(3), lambda: x.nothing, lambda: x[0],
    lambda: PRIMITIVES["add"](x), lambda: dot([x], []), lambda: (x + 1).__reduce__(),
    *[lambda name=name: PRIMITIVES[name]() for name in ("mean", "logsumexp", "softmax", "take")],
    *[lambda name=name: PRIMITIVES[name](x) for name in ("mean", "logsumexp", "softmax", "take")],
    lambda: log_softmax([x, x], -1), lambda: log_softmax([1.0, 2.0], 5), lambda: len(x),
    lambda: Value.log(x), lambda: hash(x) == hash(x), lambda: Value(True),
):
    note(make)
print(json.dumps(log))
"""


@compiled
def test_both_implementations_say_and_compute_exactly_the_same():
    ours, theirs = run(TRANSCRIPT, "python"), run(TRANSCRIPT, "c")
    assert ours.returncode == 0, ours.stderr
    assert theirs.returncode == 0, theirs.stderr
    ours, theirs = json.loads(ours.stdout), json.loads(theirs.stdout)
    assert len(ours) == len(theirs) > 500
    for k, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        assert a == b, f"entry {k}"


@compiled
def test_the_c_header_repeats_its_rows_bit_for_bit():
    from autograd._value import hot_rows

    rng = random.Random(5)
    points = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 710.0, -750.0, 1e-300, 5e-324, 1e300, 3.0]
    points += [rng.uniform(-5, 5) for _ in range(50)]
    assert set(hot_rows) >= {"add", "mul", "pow", "relu", "tanh", "sigmoid", "dot"}
    compared = 0
    for name in hot_rows:
        row = PRIMITIVES[name]
        for x in points:
            operands = [x, *rng.sample(points, {None: 2, 1: 0, 2: 1}[row.arity])]
            try:
                out = row.forward(*operands)
                if row.arity is None:
                    expected = row.partials(*operands, out)
                else:
                    expected = [rule(*operands, out) for rule in row.partials]
            except (ValueError, ZeroDivisionError):
                continue
            nodes = [Value(x) for x in operands]
            if name == "dot":
                node = autograd.dot(nodes[:1], nodes[1:2], nodes[2])
            elif name == "pow":  # by a constant; a Value exponent asks the row itself
                node, expected[1] = nodes[0] ** operands[1], 0.0
            else:
                node = row(*nodes)
            assert repr(node.data) == repr(float(out)), (name, operands)
            assert repr(list(node.partials)) == repr([float(p) for p in expected]), (name, operands)
            compared += 1
    assert compared > 500


def test_the_stub_declares_what_the_table_installs():
    stub = (ROOT / "autograd" / "_value.pyi").read_text()
    declared = set(re.findall(r"def (\w+)\(self", stub))
    installed = {
        name
        for row in PRIMITIVES.values()
        if row.arity == 1
        for name in {row.name, row.numpy or row.name}
    }
    assert installed <= declared
    methods = {name for name in dir(Value) if not name.startswith("_")}
    assert {n for n in declared if not n.startswith("_")} <= methods


def test_the_environment_chooses_the_implementation():
    script = "import autograd; print(autograd.implementation)"
    assert run(script, "python").stdout.strip() == "python"
    assert run(script, autograd.implementation).stdout.strip() == autograd.implementation
    assert "'c', 'python' or unset" in run(script, "rust").stderr


def test_asking_for_a_missing_c_extension_says_how_to_build_it():
    script = "import sys; sys.modules['autograd._value'] = None\nimport autograd"
    result = run(script, "c")
    assert result.returncode != 0
    assert "Install a C compiler" in result.stderr


@compiled
def test_an_extension_built_from_other_sources_is_refused():
    script = (
        "import sys, types\n"
        "sys.modules['autograd._value'] = types.ModuleType('autograd._value')\n"
        "import autograd"
    )
    result = run(script, "c")
    assert result.returncode != 0
    assert "was built for interface None" in result.stderr
    assert "pip install -e ." in result.stderr


def test_files_of_the_other_project_called_autograd_are_refused(tmp_path):
    refuse_intruders(tmp_path)
    (tmp_path / "tracer.py").touch()
    with pytest.raises(ImportError, match=r"another project called autograd \(tracer.py\)"):
        refuse_intruders(tmp_path)


def test_the_command_line_names_the_implementation():
    result = subprocess.run(
        [sys.executable, "-m", "autograd", "--version"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert autograd.__version__ in result.stdout
    assert autograd.implementation in result.stdout


def test_walks_list_parents_before_children_and_each_node_once():
    rng = random.Random(3)
    pool = [Value(rng.random()) for _ in range(3)]
    for _ in range(300):
        pool.append(rng.choice(pool) * rng.choice(pool) + rng.choice(pool))
    order = topological(pool[-1])
    place = {node: k for k, node in enumerate(order)}
    assert len(place) == len(order)
    assert order[-1] is pool[-1]
    assert all(place[p] < place[node] for node in order for p in node.parents if not p.constant)


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="needs free threads")
def test_free_threaded_python_gets_the_readable_one():
    assert autograd.implementation == "python"
