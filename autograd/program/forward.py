"""What a function of one example results in, recorded on nodes and replayed for many examples.

There is no backward pass. Other leaves than the inputs, such as the weights of a model, have the
numbers that their Values have at the time of a call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.engine import Value, last_write, read, topological, unwatched
from autograd.modes import active
from autograd.program.compiler.accesses import Array
from autograd.program.guards import Decisions, Guard, under
from autograd.program.lock import Lock
from autograd.program.machine import Machine
from autograd.reductions import total

NUMBERS, LANES = 1 << 21, 1024  # that one pass has together, and lanes of it, at most


class Course:
    """What a function did with nodes: what it returned, and the decisions it took on the way.

    Raises FrozenBranchError where a number left the graph, and where random numbers were drawn.
    """

    def __init__(self, f: Callable[[list[Value]], list[Any]], inputs: Sequence[Value]) -> None:
        self.inputs, decisions = tuple(inputs), Decisions()
        with active(decisions):
            self.outputs = f(list(inputs))
        decisions.guard_readings(set(inputs))
        ends = [x for x in self.outputs if x.__class__ is Value]
        ends += [x for guard in decisions.guards for x in guard.operands]
        self.order = topological(total([*ends, 0.0]))[:-1] if ends else []
        own = set(inputs)
        self.leaves = tuple([x for x in self.order if not (x.op or x.constant or x in own)])
        decisions.require_no_chance()
        decisions.require_unmoved(None)
        self.guards: list[Guard] = decisions.about([*inputs, *self.leaves])

    def is_as(self, other: Course) -> bool:
        """Whether another course of these inputs is the same: at any numbers it leads to them."""
        if (len(self.order), len(self.guards)) != (len(other.order), len(other.guards)):
            return False
        twins: dict[Any, Any] = {}
        for one, two in zip(self.order, other.order, strict=True):
            if one is not two:
                if not _alike(one, two, twins):
                    return False
                twins[one] = two
        return _same(self.outputs, other.outputs, twins) and all(
            (one.sign, one.verdict) == (two.sign, two.verdict)
            and _same([one.left, one.right], [two.left, two.right], twins)
            for one, two in zip(self.guards, other.guards, strict=True)
        )


def _alike(one: Value, two: Value, twins: dict[Any, Any]) -> bool:
    if one.op != two.op:
        return False
    if not one.op:
        return repr(unwatched(one)) == repr(unwatched(two))
    return _same(one.operands, two.operands, twins)


def _same(operands: Sequence[Any], others: Sequence[Any], twins: dict[Any, Any]) -> bool:
    """Whether operands are those of another node: nodes their twins, numbers to the bit."""
    mapped, kinds = list(map(twins.get, operands, operands)), list(map(type, operands))
    if kinds != list(map(type, others)) or mapped != list(others):
        return False
    return {*kinds} == {Value} or repr(_plain(mapped)) == repr(_plain(others))


def _plain(operands: Sequence[Any]) -> list[Any]:
    return [x for x in operands if x.__class__ is not Value]


class Forward:
    """A course that is replayed: called with rows, (m, inputs), it returns (m, outputs)."""

    def __init__(self, course: Course) -> None:
        import numpy as np

        self.np, self.course, self._lock = np, course, Lock()
        nodes = [x for x in course.outputs if x.__class__ is Value]
        compared = [x for guard in course.guards for x in guard.operands]
        with under(Decisions()):  # its guards are ours
            self.machine = machine = Machine(
                Value(0.0), course.inputs, course.leaves, (), "auto", "float64",
                [*nodes, *compared],
            )  # fmt: skip
        if machine.noise.nodes:
            raise NotImplementedError("each call of it draws random numbers anew")
        self.verdicts = machine.verdicts_of(course.guards)
        self.constant = np.array([0.0 if x.__class__ is Value else x for x in course.outputs])
        self.moving, self.fixed = self._places(lanes=True), self._places(lanes=False)
        self._numbers: Any = np.empty(len(course.leaves))
        self._written = -1  # the last write of a leaf when they were read
        wide = sum(machine.recording.lanes)
        self.lanes = max(8, min(LANES, NUMBERS // max(wide, 1)))

    def _places(self, lanes: bool) -> tuple[Array, Array]:
        """Return which outputs have lanes, or are the same for all rows, and their addresses."""
        recording, address = self.machine.recording, self.machine.placement.address
        nodes = [(k, x) for k, x in enumerate(self.course.outputs) if x.__class__ is Value]
        pairs = [(k, recording.ids[x]) for k, x in nodes]
        found = [(k, address[n]) for k, n in pairs if bool(recording.lanes[n]) == lanes]
        columns = self.np.array(found, int).reshape(len(found), 2)
        return columns[:, 0], columns[:, 1]

    def __call__(self, rows: Array) -> tuple[Array, Array]:
        """Return the outputs, and for which rows they hold, (m,).

        They do not where Python would take another branch, or a number is not finite.
        """
        np = self.np
        found, right = np.empty((len(rows), len(self.constant))), np.ones(len(rows), bool)
        with self._lock.held, np.errstate(all="ignore"):
            self._load()
            self._blocks(rows, found, right)
        right &= np.isfinite(found).all(axis=1)
        return found, right

    def _load(self) -> None:
        """Take the numbers of the leaves, where any was written since."""
        written = last_write()
        if written != self._written:
            read(self.course.leaves, self._numbers)
            self._written = -1
            self.machine.weights = self._numbers
            self._written = written

    def _blocks(self, rows: Array, found: Array, right: Array) -> None:
        """Run for all rows, as many at a time as there is room for."""
        machine, each = self.machine, self.lanes
        for start in range(0, len(rows), each):
            stop = start + each
            machine.forward(rows[start:stop])
            room, out = machine.memory.room, found[start:stop]
            out[:] = self.constant
            out[:, self.fixed[0]] = room.values[False][self.fixed[1]]
            out[:, self.moving[0]] = room.values[True][self.moving[1]].T
            flips = self.verdicts.flipped(room) if len(self.verdicts) else None
            if flips is not None:
                right[start:stop] &= flips < 0
