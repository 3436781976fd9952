"""Sparse Jacobians and Hessians: a lane for each colour, or all colours written out.

The pattern and its colouring are found once for a trace. Few sweeps are written out, their
directions being constants: what is 0 along one is left out, as a symbolic derivative would.
Many share one graph, in lanes.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from autograd.derivatives.chain_rule import Linear, tangents_of
from autograd.derivatives.kinds import forward_linear
from autograd.derivatives.sparsity import Compression, compressed, entries, pattern
from autograd.modes import differentiating
from autograd.program.compiler.accesses import Array
from autograd.program.jitting.matrices import Matrix, column_replay, row_replay
from autograd.program.jitting.replay import Replay
from autograd.program.jitting.sweeps import Mixed
from autograd.program.jitting.traces import Chain, Trace

WRITTEN_OUT = 8  # sweeps


class Sparse(Matrix):
    """The entries of a sparse matrix, row by row."""

    def __init__(self, trace: Trace, chain: Chain) -> None:
        super().__init__(trace, chain)
        self.compression = self.compressed(chain[-1].kind == "sparse_hessian")
        self.width = len(self.compression.columns)
        self.written = self.compression.forward and self.compression.sweeps <= WRITTEN_OUT
        if not self.written:
            self.directions = self.compression.directions()
        lanes = self.shape[0 if self.compression.forward else 1]
        self.lane_width = self.width if self.written else lanes

    def compressed(self, symmetric: bool) -> Compression:
        """Return how few sweeps give all entries."""
        masks = pattern(self.outputs, self.nodes, self.through)
        return compressed(masks, self.shape[1], symmetric)

    @cached_property
    def through(self) -> Linear:
        """The local partials between the arguments and the results, as nodes."""
        return forward_linear(self.outputs, self.nodes, nested=True)

    def now(self) -> Array:
        if self.written:  # made once for this call and the next
            return self.entries.now()
        return entries(self.compression, self.outputs, self.nodes, self.through)

    def one(self, numbers: Array) -> tuple[Array, int]:
        if not self.written:
            return super().one(numbers)
        return self.entries.alone(self.replay(), numbers)

    def finished(self, row: Array) -> Any:
        return self.compression.matrix(row)

    def stacked(self, rows: Array) -> Any:
        return [self.compression.matrix(row) for row in rows]

    @cached_property
    def entries(self) -> Mixed:
        """The entries as nodes, all sweeps being written out."""
        colours, sweeps = self.compression.colours, []
        for colour in range(self.compression.sweeps):
            seeds = [x for x, own in zip(self.nodes, colours, strict=True) if own == colour]
            with differentiating():
                ones = dict.fromkeys(seeds, 1.0)
                sweeps.append(tangents_of(self.outputs, ones, self.through))
        places = zip(self.compression.sweep, self.compression.place, strict=True)
        return Mixed(self.np, [sweeps[k][place] for k, place in places])

    def compiled(self, mapped: bool) -> Replay:
        if self.written:
            return Replay(self.trace, self.moving(mapped), (), self.entries.nodes)
        if not self.compression.forward:
            return row_replay(self.trace, self.moving(mapped) or self.chosen, self.outputs)
        return column_replay(
            self.trace, self.moving(mapped), self.outputs, self.nodes, self.through
        )

    def read(self, replay: Replay) -> Array:
        if self.written:
            return self.entries.filled(replay.values())
        if self.compression.forward:
            return replay.values()
        return self.slopes(replay)

    def assembled(self, lanes: Array) -> Array:
        if self.written:
            return super().assembled(lanes)
        found: Array = lanes[:, self.compression.sweep, self.compression.place]
        return found


class Small(Sparse):
    """A full Jacobian by few arguments, written out: quicker to call than with lanes."""

    now, finished, stacked = Matrix.now, Matrix.finished, Matrix.stacked

    def compressed(self, symmetric: bool) -> Compression:
        (rows, columns), np = self.shape, self.np
        column, row = np.tile(np.arange(columns), rows), np.repeat(np.arange(rows), columns)
        starts = np.arange(0, rows * columns + 1, max(columns, 1))
        return Compression(self.shape, True, list(range(columns)), column, row, column, starts)

    @staticmethod
    def suits(outputs: int, inputs: int) -> bool:
        """Return whether a Jacobian is written out."""
        return inputs <= (WRITTEN_OUT if outputs <= WRITTEN_OUT else WRITTEN_OUT // 2)
