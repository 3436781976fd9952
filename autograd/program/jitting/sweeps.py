"""What is read from replays: the values of a result, or one value and its gradient.

A sweep answers with the numbers of a result in a row of `width`. `now` finds them node by node,
at the point that its trace was recorded at; the first `run` compiles. `directions` are for
matrices: each lane goes along one.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from autograd.derivatives.calls import Call
from autograd.derivatives.chain_rule import gradients
from autograd.derivatives.trees import leaves
from autograd.engine import Value, unwatched
from autograd.program.compiler.accesses import Array
from autograd.program.jitting.replay import Replay
from autograd.program.jitting.results import filler, stacked
from autograd.program.jitting.traces import Chain, Trace
from autograd.program.memory import all_finite, stretch


class Sweep(ABC):
    """Results of a trace at other numbers."""

    tree: Any  # what the function returns, in nodes
    width: int  # numbers of a result
    lane_width: int  # numbers that one lane gives
    directions: Array | None = None  # (lanes, seeds) of one row
    at_once = True  # whether the first call compiles, or runs node by node

    def __init__(self, trace: Trace) -> None:
        import numpy as np

        self.np, self.trace = np, trace
        self._replays: dict[bool, Replay] = {}

    @abstractmethod
    def now(self) -> Array:
        """Return the numbers of the result at the point of the trace, node by node, (width,)."""

    @abstractmethod
    def finished(self, row: Array) -> Any:
        """Return the numbers of a result in its structure."""

    @abstractmethod
    def stacked(self, rows: Array) -> Any:
        """Return the numbers of m results, (m, width), as one with m rows."""

    @abstractmethod
    def compiled(self, mapped: bool) -> Replay:
        """Return what runs; `mapped` where arguments without a name move from row to row."""

    @abstractmethod
    def read(self, replay: Replay) -> Array:
        """Return the numbers of each lane of the last forward pass, (lane_width, lanes)."""

    def assembled(self, lanes: Array) -> Array:
        """Return the results from those of all lanes, (m, directions, lane_width): (m, width)."""
        return lanes.reshape(len(lanes), -1)

    def replay(self, mapped: bool = False) -> Replay:
        """Return what runs, compiled when first asked for."""
        found = self._replays.get(mapped)
        return found or self._replays.setdefault(mapped, self.compiled(mapped))

    def one(self, numbers: Array) -> tuple[Array, int]:
        """Return the result for one call, (width,), and the guard that it flips, or -1."""
        found, flips = self.run(numbers[None])
        return found[0], int(flips[0])

    def is_finite(self, row: Array) -> bool:
        """Return whether the result that `one` returned is finite."""
        return all_finite(self.np, row)

    def run(self, numbers: Array, mapped: bool = False) -> tuple[Array, Array]:
        """Return results for rows of numbers, (m, width), and the guard that each flips, or -1."""
        replay = self.replay(mapped)
        np, each = self.np, 1 if self.directions is None else len(self.directions)
        found = np.empty((len(numbers) * each, self.lane_width))
        flips = np.empty(len(found), int)
        with replay.lock.held, np.errstate(all="ignore"):
            self._pass(replay, numbers, found, flips)
        flips = flips.reshape(len(numbers), each)[:, 0] if each else np.full(len(numbers), -1)
        return self.assembled(found.reshape(len(numbers), each, self.lane_width)), flips

    def _pass(self, replay: Replay, numbers: Array, found: Array, flips: Array) -> None:
        """Run for all lanes in passes of one size, the last of which repeats the last lane."""
        count, each = len(found), 1 if self.directions is None else len(self.directions)
        noise = replay.machine.noise
        call = noise.calls.next() if noise.nodes else None
        passes = -(-count // replay.lanes)
        size = -(-count // max(passes, 1))
        for start in range(0, count, max(size, 1)):
            at = self.np.minimum(self.np.arange(start, start + size), count - 1)
            lanes = self._lanes(replay, numbers, at)
            flips[at] = flipped = replay.forward(numbers[0], lanes, call, at // max(each, 1))
            if (flipped < 0).any():
                found[at] = self.read(replay).T

    def _lanes(self, replay: Replay, numbers: Array, at: Array) -> Array:
        """Return the numbers of the leaves that move, and the directions, for some lanes."""
        np = self.np
        if self.directions is None:
            return numbers[at][:, replay.moving]
        rows, seeds = np.divmod(at, len(self.directions))
        return np.hstack([numbers[rows][:, replay.moving], self.directions[seeds]])

    def moving(self, mapped: bool) -> list[int]:
        """Return which leaves move from row to row."""
        return list(range(self.trace.positional())) if mapped else []


class Mixed:
    """A row of numbers, of which some are those of nodes and the others stay."""

    def __init__(self, np: Any, flat: Sequence[Any]) -> None:
        self.np = np
        self.nodes = [x for x in flat if x.__class__ is Value]
        self.at = np.array([k for k, x in enumerate(flat) if x.__class__ is Value], int)
        self.template = np.array([0.0 if x.__class__ is Value else x for x in flat], float)

    def now(self) -> Array:
        """Return the row with the numbers that the nodes were recorded with."""
        return self.filled(self.np.array(list(map(unwatched, self.nodes)), float))

    def alone(self, replay: Replay, numbers: Array) -> tuple[Array, int]:
        """Return the row of a replay in which no leaf moves, and the guard that flips, or -1."""
        found, flip = replay.alone(numbers)
        return self.filled(found), flip

    def filled(self, found: Array) -> Array:
        """Return the row with these numbers of the nodes; for lanes, with a column for each."""
        if len(found) == len(self.template):
            return found
        shape = (1,) * (found.ndim - 1)
        row = self.np.empty((len(self.template), *found.shape[1:]))
        row[:] = self.template.reshape(-1, *shape)
        row[self.at] = found
        return row


class Values(Sweep):
    """The result itself."""

    def __init__(self, trace: Trace, chain: Chain) -> None:
        super().__init__(trace)
        self.tree = trace.derived(chain)
        self.flat = Mixed(self.np, leaves(self.tree))
        self.width = self.lane_width = len(self.flat.template)
        self.fill = filler(self.tree)

    def now(self) -> Array:
        return self.flat.now()

    def one(self, numbers: Array) -> tuple[Array, int]:
        return self.flat.alone(self.replay(), numbers)

    def finished(self, row: Array) -> Any:
        return self.fill(row)

    def stacked(self, rows: Array) -> Any:
        return stacked(self.tree, rows)

    def compiled(self, mapped: bool) -> Replay:
        return Replay(self.trace, self.moving(mapped), (), self.flat.nodes)

    def read(self, replay: Replay) -> Array:
        return self.flat.filled(replay.values())


class Gradient(Sweep):
    """A value and its gradient, or the gradient alone."""

    def __init__(self, trace: Trace, chain: Chain) -> None:
        super().__init__(trace)
        step = chain[-1]
        self.alone = step.kind == "grad"
        self.inputs, self.chosen = trace.inputs(step.argnums), trace.chosen(step.argnums)
        self.at = stretch(self.np, self.np.array(self.chosen, int))
        self.tree = trace.derived(chain[:-1])
        self.root = Call(self.inputs, self.tree, True).root
        self.width = self.lane_width = 1 + len(self.chosen)
        self.fill = filler(self.inputs, own=True)

    def now(self) -> Array:
        found = gradients(self.root, [self.trace.leaves[k] for k in self.chosen])
        return self.np.array([unwatched(self.root), *found])

    def one(self, numbers: Array) -> tuple[Array, int]:
        row = self.np.empty(self.width)
        row[0], flip = self.replay().gradient(numbers, row[1:], self.at)
        return row, flip

    def is_finite(self, row: Array) -> bool:
        return math.isfinite(row[0])  # as `one` says it

    def finished(self, row: Array) -> Any:
        return self.fill(row[1:]) if self.alone else (float(row[0]), self.fill(row[1:]))

    def stacked(self, rows: Array) -> Any:
        found = stacked(self.inputs, rows[:, 1:])
        return found if self.alone else (rows[:, 0].copy(), found)

    def compiled(self, mapped: bool) -> Replay:
        return Replay(self.trace, self.moving(mapped), (), [self.root], self.root)

    def read(self, replay: Replay) -> Array:
        replay.backward()
        found = self.np.empty((self.width, replay.machine.memory.room.lanes))
        found[0] = replay.values()
        found[1:] = replay.slopes(len(replay.moving))[self.chosen]
        return found
