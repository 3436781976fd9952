"""Jacobians: a lane for each direction, with all that does not depend on it computed once.

Forward mode gives a column of the Jacobian in each lane, from the graph of the tangents; reverse
mode a row, by the executor's own backward pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.derivatives.calls import as_node
from autograd.derivatives.chain_rule import Linear, as_number, tangents_of
from autograd.derivatives.kinds import forward_linear, jacobian_rows
from autograd.derivatives.trees import leaves
from autograd.engine import Value
from autograd.modes import differentiating
from autograd.program.compiler.accesses import Array
from autograd.program.jitting.replay import Replay
from autograd.program.jitting.results import matrix_filler, stacked_matrices
from autograd.program.jitting.sweeps import Sweep
from autograd.program.jitting.traces import Chain, Trace
from autograd.reductions import dot


class Matrix(Sweep):
    """A Jacobian, in which every direction has a lane."""

    at_once = False

    def __init__(self, trace: Trace, chain: Chain) -> None:
        super().__init__(trace)
        step = chain[-1]
        self.inputs, self.chosen = trace.inputs(step.argnums), trace.chosen(step.argnums)
        self.tree = trace.derived(chain[:-1])
        self.outputs = [as_node(x) for x in leaves(self.tree)]
        self.shape = len(self.outputs), len(self.chosen)
        self.width = self.shape[0] * self.shape[1]
        self.fill = matrix_filler(self.tree, self.inputs)

    @property
    def nodes(self) -> list[Value]:
        """The leaves that the derivative is by."""
        return [self.trace.leaves[k] for k in self.chosen]

    def slopes(self, replay: Replay) -> Array:
        """Return the adjoints of the leaves that the derivative is by, (leaves, lanes)."""
        replay.backward()
        found = replay.slopes(len(replay.moving))
        return found if len(found) == self.shape[1] else found[self.chosen]

    def now(self) -> Array:
        rows = jacobian_rows(self.outputs, self.nodes, nested=False)
        return self.np.array([as_number(x) for row in rows for x in row], float)

    def finished(self, row: Array) -> Any:
        return self.fill(row.reshape(self.shape))

    def stacked(self, rows: Array) -> Any:
        return stacked_matrices(self.tree, self.inputs, rows.reshape(len(rows), *self.shape))


class Rows(Matrix):
    """Reverse mode: lane k has the adjoint of output k."""

    def __init__(self, trace: Trace, chain: Chain) -> None:
        super().__init__(trace, chain)
        self.directions, self.lane_width = self.np.eye(self.shape[0]), self.shape[1]

    def compiled(self, mapped: bool) -> Replay:
        moving = self.moving(mapped) or self.chosen
        return row_replay(self.trace, moving, self.outputs)

    def read(self, replay: Replay) -> Array:
        return self.slopes(replay)


class Columns(Matrix):
    """Forward mode: lane k has the tangent along input k."""

    def __init__(self, trace: Trace, chain: Chain) -> None:
        super().__init__(trace, chain)
        self.directions, self.lane_width = self.np.eye(self.shape[1]), self.shape[0]

    def compiled(self, mapped: bool) -> Replay:
        through = forward_linear(self.outputs, self.nodes, nested=True)
        return column_replay(self.trace, self.moving(mapped), self.outputs, self.nodes, through)

    def read(self, replay: Replay) -> Array:
        return replay.values()

    def assembled(self, lanes: Array) -> Array:
        return lanes.transpose(0, 2, 1).reshape(len(lanes), -1)


def row_replay(trace: Trace, moving: Sequence[int], outputs: list[Value]) -> Replay:
    """Return a replay whose adjoints are those of a sum of the outputs, weighted by seeds."""
    weights = [Value(1.0) for _ in outputs]
    with differentiating():
        root = as_node(dot(outputs, weights))
    return Replay(trace, moving, weights, [root], root)


def column_replay(
    trace: Trace, moving: Sequence[int], outputs: list[Value], inputs: list[Value], through: Linear
) -> Replay:
    """Return a replay of the tangents of the outputs, where those of the inputs are seeds."""
    seeds = [Value(1.0) for _ in inputs]
    with differentiating():
        found = tangents_of(outputs, dict(zip(inputs, seeds, strict=True)), through)
    return Replay(trace, moving, seeds, list(map(as_node, found)))
