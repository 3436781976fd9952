"""Sparse Jacobians and Hessians: a lane for each colour, or all colours written out.

The pattern and its colouring are found once for a trace. Few sweeps are written out, their
directions being constants: what is 0 along one is left out, as a symbolic derivative would.
Many share one graph, in lanes.
"""

from __future__ import annotations

from typing import Any

from autograd.derivatives.chain_rule import tangents_of
from autograd.derivatives.kinds import forward_linear
from autograd.derivatives.sparsity import compressed, entries, pattern
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
        self.through = forward_linear(self.outputs, self.nodes, nested=True)
        masks = pattern(self.outputs, self.nodes, self.through)
        symmetric = chain[-1].kind == "sparse_hessian"
        self.compression = compressed(masks, self.shape[1], symmetric)
        self.width = len(self.compression.columns)
        self.written = self.compression.forward and self.compression.sweeps <= WRITTEN_OUT
        if not self.written:
            self.directions = self.compression.directions()
        lanes = self.shape[0 if self.compression.forward else 1]
        self.lane_width = self.width if self.written else lanes
        self._entries: Mixed | None = None

    def now(self) -> Array:
        return entries(self.compression, self.outputs, self.nodes, self.through)

    def one(self, numbers: Array) -> tuple[Array, int]:
        if not self.written:
            return super().one(numbers)
        return self.entries.alone(self.replay(), numbers)

    def finished(self, row: Array) -> Any:
        return self.compression.matrix(row)

    def stacked(self, rows: Array) -> Any:
        return [self.compression.matrix(row) for row in rows]

    @property
    def entries(self) -> Mixed:
        """The entries as nodes, all sweeps being written out."""
        if self._entries is None:
            colours = self.compression.colours
            sweeps = []
            for colour in range(self.compression.sweeps):
                seeds = [x for x, own in zip(self.nodes, colours, strict=True) if own == colour]
                with differentiating():
                    ones = dict.fromkeys(seeds, 1.0)
                    sweeps.append(tangents_of(self.outputs, ones, self.through))
            places = zip(self.compression.sweep, self.compression.place, strict=True)
            self._entries = Mixed(self.np, [sweeps[k][place] for k, place in places])
        return self._entries

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
