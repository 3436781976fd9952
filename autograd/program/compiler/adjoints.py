"""Writes to adjoints: the first to a stretch stores, later ones add.

What nothing wrote to is cleared, so that every adjoint can be read. Writes that the gradient does
not need (adjoints of inputs) are marked, for an executor to keep them until somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from autograd.program.compiler import steps
from autograd.program.compiler.accesses import (
    Access,
    Array,
    Column,
    accesses,
    every,
    some,
    unique,
)
from autograd.program.compiler.instructions import ADD, STORE, Instruction, Map
from autograd.program.compiler.layout import Layout
from autograd.program.compiler.steps import Expression
from autograd.program.compiler.work import Work


class Adjoints:
    """Appends instructions that write adjoints, and knows which addresses have been written."""

    def __init__(self, layout: Layout, out: list[Instruction]) -> None:
        self.np, self.layout, self.out = layout.np, layout, out
        self.groups = layout.reroll.groups
        self._written = [self.np.zeros(size, dtype=bool) for size in layout.sizes]

    def arrived(self, work: Work) -> bool:
        """Whether any adjoint of a group was written; otherwise it has none to pass on."""
        own = slice(work.offset, work.offset + work.count)
        return some(self._written[work.group.lanes][own])

    def seed(self) -> None:
        """Set the adjoint of the root to 1."""
        reroll = self.layout.reroll
        root = reroll.recording.root
        lanes = self.groups[reroll.signatures[root]].lanes
        self._fill(lanes, self.layout.address[root : root + 1], 1.0, True)

    def add(
        self, lanes: bool, code: Expression, columns: Sequence[Column], address: Array, kind: int
    ) -> None:  # fmt: skip
        """Append adjoint[address] += code(columns)."""
        needed = self.groups[kind].trained
        target = (address, self.groups[kind].lanes, True)
        sizes, found = accesses(self.np, [*columns, target])
        mode = self.mode(found[-1], sizes, address, needed)
        self.out.append(Map(sizes, lanes, code, tuple(found[:-1]), found[-1], mode, needed))

    def mode(self, target: Access, sizes: Sequence[int], addresses: Array, needed: bool) -> str:
        """Return STORE for the first write to all of these addresses; clear some for an ADD."""
        written = self._written[target.lanes]
        done = written[addresses]
        if every(done):
            return ADD
        if not some(done) and target.distinct(self.np, sizes):
            written[addresses] = True
            return STORE
        self.clear(target.lanes, unique(self.np, addresses[~done]), needed)
        return ADD

    def clear(self, lanes: bool, addresses: Array, needed: bool) -> None:
        """Append zeros at those of the addresses that were not written yet."""
        fresh = addresses[~self._written[lanes][addresses]]
        if len(fresh):
            self._fill(lanes, fresh, 0.0, needed)

    def clear_rest(self, groups: Iterable[int]) -> None:
        """Append zeros at every adjoint of some groups that nothing wrote to."""
        for index in groups:
            group = self.groups[index]
            if group.differentiable and len(group.members):
                own = self.layout.offsets[index] + self.np.arange(len(group.members))
                self.clear(group.lanes, own, group.trained)

    def _fill(self, lanes: bool, addresses: Array, number: float, needed: bool) -> None:
        self._written[lanes][addresses] = True
        sizes, (target,) = accesses(self.np, [(addresses, lanes, True)])
        code = steps.constant(number)
        self.out.append(Map(sizes, lanes, code, (), target, STORE, needed))
