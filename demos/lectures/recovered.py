"""The arrays of lecture 4, recovered by a `Program` from the scalar graph of one example."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from autograd import Program, Value
from demos.lectures.claims import Claim
from demos.lectures.note_4 import Setting
from nn import Probe, half_squared_error, probe


class Held(NamedTuple):
    """An array of the lecture's table, its shape there, and what a program holds of it."""

    array: str
    shape: tuple[int, int]
    program: np.ndarray  # one row an example; of w and b, (source, target)
    claim: Claim


def setting(seed: int = 0) -> Setting:
    """Return a network 2-4-3-1, all of whose shapes differ, and a batch of 5 examples."""
    return Setting(seed, m=5, fan_in=2, sizes=(4, 3, 1))


def recorded(s: Setting) -> tuple[Probe, Program]:
    """Return the graph of one example, its inputs and its target being Values; and its program."""
    x, y = [Value(0.0, f"x[{i}]") for i in range(2)], [Value(0.0, "y")]
    one = probe(s.mlp, x, y, half_squared_error)
    return one, Program(one.root, inputs=[*x, *y], parameters=s.mlp.parameters())


def formulas(seed: int = 0) -> str:
    """Return the matrix formulas that the program found in the scalar graph."""
    _, program = recorded(setting(seed))
    return str(program.describe())


def arrays(seed: int = 0) -> Iterator[Held]:
    """Yield every array of the lecture beside the one that a `Program` recovers by itself.

    The scalar graph of one example is recorded once. Replayed over m examples, each of its
    nodes is a lane of m numbers, and the nodes of a layer together are the lecture's array.
    """
    s = setting(seed)
    one, program = recorded(s)
    program(np.hstack([s.X.T, s.Y.T]))
    for l, layer in enumerate(one.layers, start=1):
        nodes = layer.nodes
        held = {
            f"z^{l}": (s.system.z[l], program.read_values(nodes.z)),
            f"a^{l}": (s.system.a[l], program.read_values(nodes.a)),
            f"da^{l}": (s.delta[f"a{l}"] * s.m, program.read_adjoints(nodes.a)),
            f"dz^{l}": (s.delta[f"z{l}"] * s.m, program.read_adjoints(nodes.z)),
            f"dw^{l}": (s.delta[f"w{l}"], _adjoints(program, nodes.W)),
            f"db^{l}": (s.delta[f"b{l}"], _adjoints(program, [nodes.b])),
        }
        for name, (ours, theirs) in held.items():
            yield Held(name, ours.shape, theirs, Claim(name, ours, theirs.T))


def _adjoints(program: Program, rows: list[list[Value]]) -> np.ndarray:
    """Return ∂J/∂parameter, which no input reaches: one number for the whole batch."""
    return np.array([[program.adjoint(node) for node in row] for row in rows])
