"""Every node of a graph by the engine, example after example, with the sizes behind it.

A program adds in another order than the engine, so a sum that cancels keeps the digits of its
terms, not those of the result. How much is at stake follows from the graph: a relative change
ε of every leaf and every result moves a node by about ε times its *size*,

    size(leaf) = |leaf|,    size(node) = max(|node|, Σᵢ |∂node/∂xᵢ| size(xᵢ)).

Adjoints are nodes of a graph too (`build_graph`), with sizes of their own, at least those of the
terms that they are summed from.
"""

import os
import subprocess
import sys
from dataclasses import dataclass

import numpy as np

from autograd import Value, engine, gradients, total
from autograd.program.executors import native, registry
from autograd.rows.noise import is_noise
from autograd.table import PRIMITIVES

RELATIVE = 1e-12  # of the number itself
ROUNDING = 1e-14  # of its size: 45 units of rounding

# Whatever is registered and can run here, NumPy first; and the tape, which "auto" chooses.
EXECUTORS = [name for name, way in reversed(registry.WAYS.items()) if way.available()]
WITH_TAPES = [*EXECUTORS, *(["tape"] if native.available() else [])]


def printed_on(tile, code):
    """Return what code prints whose kernels are of an instruction set; it must end well.

    They are chosen at import: it runs in a process of its own.
    """
    environment = {**os.environ, "AUTOGRAD_TILE": tile}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def bits(*numbers):
    """Return the bytes of numbers and arrays, which are equal where nothing differs at all."""
    return [np.asarray(x).tobytes() for x in numbers]


@dataclass
class Reference:
    """Arrays (m, nodes); adjoints are ∂c/∂node of each example."""

    nodes: list
    values: np.ndarray
    adjoints: np.ndarray
    value_sizes: np.ndarray
    adjoint_sizes: np.ndarray


def reference(loss, inputs, X):
    """Run the graph of `loss` through the engine for each row of inputs, or of drawn numbers."""
    drawn_from = {x for node in inputs for x in node.operands}
    nodes = [node for node in engine.topological(loss) if node not in drawn_from]
    runs = [_example(nodes, dict(zip(inputs, map(Value, row), strict=True))) for row in X.tolist()]
    return Reference(nodes, *map(np.array, zip(*runs, strict=True)))


def _example(nodes, twins):
    for node in nodes:
        if node.op and node not in twins:
            operands = [twins[x] if x.__class__ is Value else x for x in node.operands]
            twins[node] = PRIMITIVES[node.op].function(*operands)
        else:
            twins.setdefault(node, node)
    every = [twins[node] for node in nodes]
    adjoints = gradients(every[-1], every, build_graph=True)
    size = _sizes(total([*every, *adjoints]))
    sizes = [size[node] for node in every], _sizes_of_sums(every, [size[x] for x in adjoints])
    return [x.data for x in every], engine.adjoints(every[-1], every), *sizes


def _sizes(root):
    size = {}
    for node in engine.topological(root):
        edges = zip(node.operands, node.partials, strict=True) if node.op else ()
        if node.op == "detach":  # which passes on what was rounded, and no derivative
            edges = [(node.operands[0], 1.0)]
        terms = [abs(partial) * size.get(x, 0.0) for x, partial in edges]
        size[node] = max(abs(node.data), sum(terms))
    return size


def _sizes_of_sums(nodes, sizes):
    """Return sizes of adjoints, none below those of its terms Σⱼ |∂nodeⱼ/∂node| sizeⱼ.

    Where all terms are constants, as 2/3 − 2/3, no graph of the adjoint knows of them.
    """
    size = dict(zip(nodes, sizes, strict=True))
    terms = dict.fromkeys(nodes, 0.0)
    for node in reversed(nodes):
        size[node] = max(size[node], terms[node])
        edges = zip(node.operands, node.partials, strict=True) if node.op else ()
        for operand, partial in edges:
            if operand in terms:
                terms[operand] += abs(partial) * size[node]
    return [size[node] for node in nodes]


def assert_equal(actual, expected, sizes, relative=RELATIVE, rounding=ROUNDING):
    """Equal to 1e-12 of each number and to the rounding of what it was summed from."""
    allowed = relative * np.abs(expected) + rounding * sizes
    wrong = np.argwhere(~(np.abs(actual - expected) <= allowed))
    assert not len(wrong), [(tuple(k), actual[tuple(k)], expected[tuple(k)]) for k in wrong[:3]]


def assert_follows(program, expected, X, **tolerances):
    """Every value and adjoint of a program, in every lane, is that of the engine.

    Where no input reaches a node it has one number: its adjoint is the mean over the lanes,
    and 0 where no parameter reaches it either.
    """
    nodes, m = expected.nodes, len(X)
    cost, gradient = program(X)
    given = [*program.inputs, *filter(is_noise, nodes)]
    lanes, moving = below(nodes, given), below(nodes, program.parameters)
    adjoints, sizes = expected.adjoints[:m].copy(), expected.adjoint_sizes[:m].copy()
    for k, node in enumerate(nodes):
        if node not in lanes:
            adjoints[:, k] = adjoints[:, k].mean() if node in moving else 0.0
            sizes[:, k] = sizes[:, k].mean()
    values, found = program.read_values(nodes), program.read_adjoints(nodes)
    assert_equal(values, expected.values[:m], expected.value_sizes[:m], **tolerances)
    assert_equal(found, adjoints, sizes, **tolerances)
    for k, node in enumerate(nodes if m == len(expected.values) else ()):
        value, adjoint = program.value(node), program.adjoint(node)
        assert np.shape(value) == np.shape(adjoint) == ((m,) if node in lanes else ())
        assert (value == values[:, k]).all() and (adjoint == found[:, k]).all()
    near, losses = 1e-14 if program.dtype == "float64" else 1e-6, values[:, -1]
    assert abs(cost - losses.mean()) <= near * np.abs(losses).mean()  # they may cancel
    column = {node: k for k, node in enumerate(nodes)}
    parts = [found[0, column[leaf]] if leaf in column else 0.0 for leaf in program.parameters]
    assert gradient.tolist() == parts


def below(nodes, leaves):
    """Return the nodes that some of the leaves reach."""
    reached = set(leaves)
    for node in nodes:
        if not reached.isdisjoint(node.operands):
            reached.add(node)
    return reached
