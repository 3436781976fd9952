"""What Python decided while a graph was recorded, and whether it would decide so again.

A branch that Python took is frozen into the graph. Inside `recording()` every comparison of
a node leaves a guard: the two operands, the sign between them and what came out. A program
compares the operands again at each call and raises `FrozenBranchError` where any example
would decide otherwise. A number that was read from a node is frozen as well: on computed
nodes that raises at once, on leaves when they turn out to be inputs or parameters. So is what was
drawn from generators of Python and NumPy: who moved one that is seen (`chance.py`) is told.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakSet, ref

from autograd.engine import Value, topological, unwatched
from autograd.errors import FrozenBranchError, short, where
from autograd.modes import Mode, dispatcher
from autograd.modes.blocks import Block, Entry, Stack
from autograd.program.chance import frozen_randomness, generators, is_generator
from autograd.reals import COMPARISONS
from autograd.rows.noise import is_noise

PACKAGE = str(Path(__file__).parent.parent)


@dataclass(frozen=True)
class Guard:
    """`left sign right` was `verdict` at `place` (file and line)."""

    left: Any
    sign: str
    right: Any
    verdict: bool
    place: str

    @property
    def operands(self) -> list[Value]:
        return [x for x in (self.left, self.right) if x.__class__ is Value]

    def require(self, left: Any, right: Any, first: int = 0) -> None:
        """Raise FrozenBranchError where an example, counted from `first`, would differ."""
        import numpy as np

        holds = COMPARISONS[self.sign]
        if not isinstance(right, float | np.ndarray | np.generic):  # no float is 10**400
            holds, left = np.frompyfunc(holds, 2, 1), np.asarray(left, float)
        differs = np.atleast_1d(holds(left, right) != self.verdict)
        if not differs.any():
            return
        row = int(np.argmax(differs))
        here, there = (np.broadcast_to(x, differs.shape)[row] for x in (left, right))
        there = f"{there:g}" if isinstance(there, float | np.floating) else short(there)
        raise FrozenBranchError(
            f"{self.place}: {where(self.left)} {self.sign} {_name(self.right)} was {self.verdict} "
            f"when the graph was recorded; example {first + row} has {here:g} {self.sign} "
            f"{there} {not self.verdict}. Use where, maximum, clip or take, "
            "or record the graph again."
        )


@dataclass(frozen=True)
class Reading:
    """The number of a leaf that is not the program's was read as `number` at `place`."""

    leaf: Value
    number: float
    place: str
    operands: tuple[Value, ...] = ()  # it is compared as it is, not as it was recorded

    def require(self) -> None:
        """Raise FrozenBranchError where the leaf has another number now."""
        if repr(unwatched(self.leaf)) != repr(self.number):
            raise FrozenBranchError(
                f"{self.place}: .data of {where(self.leaf)} was {self.number:g} when it was read "
                f"while recording, and is {unwatched(self.leaf):g} now: the program has the old "
                "number. Compute with the Value itself, or with detach(value)."
            )


@dataclass
class Decisions(Mode):
    """The guards of one recording, and what left its graph as a number: leaves, derivatives."""

    records = True  # no field: it has no annotation

    guards: list[Guard] = field(default_factory=list)
    read: dict[Value, Reading] = field(default_factory=dict)
    derived: list[tuple[Value, str]] = field(default_factory=list)
    after: WeakSet[Value] = field(default_factory=WeakSet)  # nodes made since a leaf was read
    holders: Sequence[tuple[str, Any]] = ()  # of generators, beside those that everybody shares
    before: dict[str, Any] = field(init=False)  # their states, up to the first program
    first: Callable[[], Any] | None = field(init=False, default=None)  # node, weakly
    last: Callable[[], Any] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.generators = generators(self.holders)
        self.before = {name: state() for name, state in self.generators.items()}

    def created(self, node: Any, handed: Any) -> Any:
        """Remember the first and the last node, and which a number that was read may be in."""
        self.last = ref(handed)  # where it died, another may have its address
        if self.first is None:
            self.first = self.last
        if self.read:
            self.after.add(handed)
        return handed

    def compared(self, node: Any, other: Any, symbol: str, verdict: bool) -> None:
        """Leave a guard."""
        self.guards.append(Guard(node, symbol, other, verdict, place()))

    def looked(self, node: Any) -> None:
        """Refuse to hand out the number of a computed node; remember leaves."""
        if node.op:
            raise frozen_number(node, place())
        if not node.constant:
            self.read.setdefault(node, Reading(node, unwatched(node), place()))

    def measured(self, root: Any) -> None:
        """Remember a node whose derivatives were handed out as numbers."""
        self.derived.append((root, place()))

    def guard_readings(self, own: Collection[Value]) -> None:
        """Turn what was read of other leaves than one's own into guards: number == number."""
        for leaf in [leaf for leaf in self.read if leaf not in own]:
            found = self.read.pop(leaf)
            self.guards.append(Guard(leaf, "==", found.number, True, found.place))

    def require_no_chance(self) -> None:
        """Raise FrozenBranchError for a decision on a number that each replay draws anew."""
        known: dict[Value, bool] = {}
        for guard in self.guards:
            if any(_depends(x, known) for x in guard.operands):
                raise FrozenBranchError(
                    f"{guard.place}: {where(guard.left)} {guard.sign} {_name(guard.right)} depends "
                    "on a number that is drawn anew in every call. Use where, maximum, clip or "
                    "take, or do not compile the function."
                )

    def require_unmoved(self, root: Value | None) -> None:
        """Raise FrozenBranchError if random numbers were drawn up to the first program of this.

        `root` is that of a program made after the block: it need not be of this recording. Inside
        of the block it is None.
        """
        if root is not None and not self._is_in(topological(root)):
            return
        before, self.before = self.before, {}
        for name, state in before.items():
            if state != self.generators[name]():
                raise frozen_randomness(name)

    def _is_in(self, nodes: Sequence[Value]) -> bool:
        """Whether the first node of the recording is among others, or the last."""
        ends = {x() for x in (self.first, self.last) if x} - {None}
        return not ends.isdisjoint(nodes)

    def about(self, leaves: Sequence[Value]) -> list[Guard]:
        """Return the guards that depend on any of these leaves.

        Raises FrozenBranchError if the number of a leaf, or a derivative by one, was read.
        """
        for leaf in leaves if self.read else ():
            if leaf in self.read:
                raise frozen_number(leaf, self.read[leaf].place)
        known = dict.fromkeys(leaves, True) if self.guards or self.derived else {}
        for root, place in self.derived:
            if _depends(root, known):
                raise FrozenBranchError(
                    f"{place}: derivatives of {where(root)} were taken as numbers while recording; "
                    "they would be frozen into the program. Use grad, or gradients with "
                    "build_graph=True, whose results are Values."
                )
        return [g for g in self.guards if any(_depends(x, known) for x in g.operands)]

    def readings(self, root: Value | None) -> list[Reading]:
        """Return what was read of leaves before any node below a root was made; None: all."""
        concerned = root is None or (self.read and not self.after.isdisjoint(topological(root)))
        return [*self.read.values()] if concerned else []


class _Recordings(Stack):
    """The recordings of a context, which are modes as well."""

    def push(self, block: Block) -> Entry:
        """Add a recording that is being entered."""
        dispatcher.push(block)
        return super().push(block)


_recordings = _Recordings("recordings of autograd", keeps=True)
_held = Stack("decisions of autograd")


def recording(*recorded: Any) -> Block:
    """Keep watch over decisions made from numbers inside the block, in this context.

    Programs made in the block, or after it until the next one, raise FrozenBranchError
    where a replay would decide otherwise, and where random numbers were drawn in the block that
    every replay would have: from the generators of `random` and `numpy.random`, and from those
    that stand among the variables where the block is, or that `recorded` hold, functions or
    models. One kept elsewhere cannot be seen. A block inside another belongs to both. `jit` and
    `fit` enter it by themselves.

    >>> from autograd import Program, Value, recording
    >>> x = Value(2.0, "x")
    >>> with recording():
    ...     y = x * x if x > 0 else -x
    >>> program = Program(y, inputs=[x], parameters=[])
    >>> program([[-1.0]])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd.errors.FrozenBranchError: ...: node 'x' > 0 was True when the graph was recorded...
    """
    here = sys._getframe(1)
    names = {**here.f_globals, **here.f_locals} if not recorded else {}
    holders = [(name, x) for name, x in names.items() if is_generator(x)]
    holders += [(type(x).__name__, x) for x in recorded]
    return Block(_recordings, lambda: Decisions(holders=holders))


def under(decisions: Decisions) -> Block:
    """Hold programs made inside the block to these decisions, not to the latest recording's."""
    return Block(_held, lambda: decisions)


def decisions_about(leaves: Sequence[Value], root: Value) -> list[Guard | Reading]:
    """Return the guards of the latest recording that depend on any of the leaves, and readings.

    Raises FrozenBranchError if a number that depends on them left the graph.
    """
    decisions: Decisions | None = _held.latest() or _recordings.latest()
    certain = decisions is not None and (_held.subjects() or _recordings.subjects())
    if not decisions:
        return []
    after = None if certain else root
    decisions.require_unmoved(after)
    return [*decisions.about(leaves), *decisions.readings(after)]


def _depends(root: Value, known: dict[Value, bool]) -> bool:
    """Return whether any leaf that is known to be True is below a node."""
    pending = [root]
    while pending:
        node = pending[-1]
        if node in known:
            pending.pop()
            continue
        below = [x for x in node.operands if x.__class__ is Value]
        missing = [x for x in below if x not in known]
        if missing:
            pending += missing
        else:
            known[node] = is_noise(node) or any(known[x] for x in below)
    return known[root]


def frozen_number(node: Any, place: str) -> FrozenBranchError:
    """Return the error for reading the number of a node while recording."""
    return FrozenBranchError(
        f"{place}: .data of {where(node)} was read while recording; the number would be frozen "
        "into the program. Compute with the Value itself, or read it outside of recording()."
    )


def place() -> str:
    """Return file and line of the code that called into autograd."""
    frame: Any = sys._getframe(2)
    while frame.f_back and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _name(operand: Any) -> str:
    return where(operand) if operand.__class__ is Value else short(operand)
