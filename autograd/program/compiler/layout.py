"""Where every node lives: one contiguous region for each group, leaves by first touch.

Nodes that an input reaches live in a buffer of lanes (m numbers each), the others in a
shared one (one number each); a node's address is its region's offset plus its position, and
its adjoint has the same address in the buffers of adjoints. The order inside a group is
chosen so that its operands lie in straight lines: a group of sums that is a matrix product
is ordered as that matrix, row by row, so that a weight matrix ends up contiguous with its
bias after it; other groups follow the order of their operands.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autograd.program.compiler.accesses import every, some
from autograd.program.compiler.columns import gathered
from autograd.program.compiler.compiled import grouping
from autograd.program.compiler.ordering import (
    MOST_SLOTS,
    asked_for,
    best_order,
    by_turns,
    classes,
    in_slots,
    turns,
)  # fmt: skip
from autograd.program.compiler.recording import COMPUTED
from autograd.program.compiler.reroll import LINEAR, Group, Reroll
from autograd.program.compiler.work import Matrix, Products, Terms, Work

Array = Any  # numpy.ndarray; NumPy is imported on use


class Layout:
    """Addresses of all nodes (-1 where absorbed) and the ordered work of each group."""

    _asked: Array = None  # when nodes are asked for, if that was needed

    def __init__(self, reroll: Reroll) -> None:
        import numpy as np

        self.np = np
        self.reroll = reroll
        self.signatures = reroll.signatures
        self.position = np.full(len(reroll.recording), -1)
        lanes = np.array([group.lanes for group in reroll.groups])
        self._rank = lanes * len(lanes) + np.arange(len(lanes))  # of the two sides of a product
        self._touched = [0, 0, 0]
        self._first = np.empty(len(reroll.recording), int)  # scratch of `_touch`
        self.works = [self._place(index) for index in range(COMPUTED, len(reroll.groups))]
        for kind in range(COMPUTED):
            self._touch(reroll.groups[kind].members, kind)
        self.offsets, self.sizes = self._regions()
        known = self.signatures >= 0
        self.address = np.where(known, np.array(self.offsets)[self.signatures] + self.position, -1)
        for work in self.works:
            work.offset = self.offsets[work.index]

    def reserve(self, lanes: bool, size: int) -> int:
        """Return the address of a fresh stretch of scratch beside the nodes."""
        self.sizes[lanes] += size
        return self.sizes[lanes] - size

    def _regions(self) -> tuple[list[int], list[int]]:
        offsets, sizes = [], [0, 0]
        for group in self.reroll.groups:
            offsets.append(sizes[group.lanes])
            sizes[group.lanes] += len(group.members)
        return offsets, sizes

    def _place(self, index: int) -> Work:
        np = self.np
        group = self.reroll.groups[index]
        work = Work(group, index, len(group.members))
        if group.operation == LINEAR:
            self._collect_sums(work)
        else:
            work.operands = list(self._operands(group))
        if work.count > 1:
            self._reorder(work)
        self._touch_all(work)
        self.position[group.members] = np.arange(work.count)
        return work

    def _operands(self, group: Group) -> Array:
        """Return the operands of a group, a row for each slot; shorter rows end in -1."""
        np, recording = self.np, self.reroll.recording
        starts, slots = recording.starts[group.members], np.arange(len(group.key) - 2)
        if not group.piece.padding or len(slots) > 1:
            return recording.flat[starts + slots[:, None]]
        lengths = recording.bounds[group.members + 1] - starts
        slots = np.arange(lengths.max())[:, None]
        inside = slots < lengths
        return np.where(inside, recording.flat[np.where(inside, starts + slots, 0)], -1)

    def _collect_sums(self, work: Work) -> None:
        np, these = self.np, self.reroll.sums.row[work.group.members]
        rows, left, right = self._pairs(these)
        slots = turns(np, rows)
        kinds = self.signatures[left] * len(self.reroll.groups) + self.signatures[right]
        for _, mine in classes(np, kinds):
            kind = int(self.signatures[left[mine][0]]), int(self.signatures[right[mine][0]])
            work.products.append(Products(rows[mine], left[mine], right[mine], slots[mine], kind))
        rows, nodes = self._terms(these)
        slots = turns(np, rows)
        for signature, mine in classes(np, self.signatures[nodes]):
            work.terms.append(Terms(rows[mine], nodes[mine], slots[mine], signature))
        for parts in (work.products, work.terms):
            parts.sort(key=lambda part: not work.has_all(part))

    def _pairs(self, these: Array) -> tuple[Array, ...]:
        """Return where each pair of some sums belongs among them, and both sides, oriented."""
        np, rank, sums, compiled = self.np, self._rank, self.reroll.sums, grouping()
        sides = sums.left, sums.right
        if compiled:
            found = compiled.collected(these, sums.pair_bounds, *sides, self.signatures, rank)
            return tuple(np.frombuffer(x, np.int64) for x in found)
        left, counts = gathered(np, sums.left, sums.pair_bounds, these)
        right, _ = gathered(np, sums.right, sums.pair_bounds, these)
        swap = rank[self.signatures[left]] > rank[self.signatures[right]]
        rows = np.repeat(np.arange(len(these)), counts)
        return rows, np.where(swap, right, left), np.where(swap, left, right)

    def _terms(self, these: Array) -> tuple[Array, ...]:
        """Return where each term of some sums belongs among them, and the terms."""
        np, sums, compiled = self.np, self.reroll.sums, grouping()
        if compiled:
            found = compiled.collected(these, sums.term_bounds, sums.terms)
            return tuple(np.frombuffer(x, np.int64) for x in found)
        nodes, counts = gathered(np, sums.terms, sums.term_bounds, these)
        return np.repeat(np.arange(len(these)), counts), nodes

    def _reorder(self, work: Work) -> None:
        np = self.np
        order = self._matrix_order(work)
        if order is None:
            order = self._operand_order(work)
        if every(order[1:] > order[:-1]):
            return
        rank = np.empty_like(order)
        rank[order] = np.arange(work.count)
        work.group.members = work.group.members[order]
        work.operands = [column[order] for column in work.operands]
        for part in work.products:
            sequence = np.argsort(rank[part.rows], kind="stable")
            part.rows = rank[part.rows][sequence]
            part.left, part.right = part.left[sequence], part.right[sequence]
            part.slots = part.slots[sequence]
        for term in work.terms:
            sequence = np.argsort(rank[term.rows], kind="stable")
            term.rows, term.nodes = rank[term.rows][sequence], term.nodes[sequence]
            term.slots = term.slots[sequence]

    def _matrix_order(self, work: Work) -> Array | None:
        """Return the order in which the largest product of the sums is a matrix."""
        for part in sorted(work.products, key=lambda part: -len(part.rows)):
            if self._in_equal_rows(part, work.count):
                order = self._order_of(part, work.count)
                if order is not None:
                    return order
        return None

    def _order_of(self, part: Products, count: int) -> Array | None:
        """Return the order in which these products, equal rows of them, are a matrix."""
        np, compiled = self.np, grouping()
        if compiled:
            found = compiled.matrix_order(part.left, part.right, self.position, count)
            return None if found is None else np.frombuffer(found, np.int64)
        left, right = (
            self._distinct_rows(side.reshape(count, -1)) for side in (part.left, part.right)
        )
        columns = int(right.max()) + 1
        cells = left * columns + right
        fits = (int(left.max()) + 1) * columns == count == len(set(cells.tolist()))
        return np.argsort(cells) if fits else None

    def _in_equal_rows(self, part: Products, count: int) -> bool:
        """Whether each node of an ordered group has equally many products of this kind.

        Ragged sums may fill a rectangle all the same: 1, 3 and 2 products do.
        """
        k, rest = divmod(len(part.rows), count)
        return not rest and every(part.rows == self.np.arange(count).repeat(k))

    def _distinct_rows(self, table: Array) -> Array:
        """Number equal rows alike: by address where they have one, else by appearance."""
        np = self.np
        seen: dict[bytes, int] = {}
        numbers = np.array([seen.setdefault(row.tobytes(), len(seen)) for row in table])
        first = _starts(np, np.maximum.accumulate(numbers))
        places = self.position[table[first, 0]]
        if some(places < 0):
            return numbers
        rank = np.empty_like(places)
        rank[np.argsort(places, kind="stable")] = np.arange(len(places))
        return rank[numbers]

    def _operand_order(self, work: Work) -> Array:
        np = self.np
        columns = list(work.operands)
        for part in filter(work.has_all, work.products):
            columns += [side[_starts(np, part.rows)] for side in (part.right, part.left)]
        for term in filter(work.has_all, work.terms):
            columns.append(term.nodes[_starts(np, term.rows)])
        keys = self._keys(columns)
        if not keys:
            return np.arange(work.count)
        if len(keys) == 1 and work.operands:
            return by_turns(np, keys[0])
        if 2 * work.count <= sum(len(x.rows) for x in work.terms) <= MOST_SLOTS * work.count:
            return best_order(np, keys, lambda: self._more_keys(work))
        return np.lexsort(keys[::-1])

    def _more_keys(self, work: Work) -> tuple[list[Array], Array]:
        """Return the places of the terms slot by slot, and when members are asked for."""
        if self._asked is None:
            self._asked = asked_for(self.np, self.reroll)
        keys = self._keys(in_slots(self.np, work.count, work.terms))
        return keys, self._asked[work.group.members]

    def _keys(self, columns: Iterable[Array]) -> list[Array]:
        places = [self._places(column) for column in columns if every(column >= 0)]
        return [key for key in places if every(key >= 0)]

    def _places(self, column: Array) -> Array:
        """Return the order of nodes, -1 where unknown; of leaves without one, as they came in."""
        places = self.position[column]
        fresh = every(places < 0) and every(column < self.reroll.recording.inputs.stop)
        beside = self.signatures[column] * len(self.position)
        return column if fresh else self.np.where(places < 0, -1, beside + places)

    def _touch_all(self, work: Work) -> None:
        for part in work.products:
            self._touch(part.left, part.kind[0])
            self._touch(part.right, part.kind[1])
        for term in work.terms:
            neighbours = len(term.rows) > work.count > 1  # which stay as they were given
            self._touch(self.np.sort(term.nodes) if neighbours else term.nodes, term.kind)
        columns = work.operands
        if work.group.piece.row is not None:
            rows = self.np.array(columns).T
            rows = rows[rows >= 0]
            columns = [rows[self.signatures[rows] == kind] for kind in range(COMPUTED)]
        for column in columns:
            if len(column):
                self._touch(column, self.signatures[column[0]])

    def _touch(self, nodes: Array, kind: int) -> None:
        """Give leaves of a kind that have no position yet the next ones of their region."""
        np = self.np
        fresh = nodes[self.position[nodes] < 0] if kind < COMPUTED else ()
        if not len(fresh):
            return
        self._first[fresh[::-1]] = np.arange(len(fresh))[::-1]
        fresh = fresh[self._first[fresh] == np.arange(len(fresh))]
        self.position[fresh] = self._touched[kind] + np.arange(len(fresh))
        self._touched[kind] += len(fresh)

    def find_matrix(self, part: Products, count: int) -> Matrix:
        """Return (U, V, K) where the ordered group is the product left[U, K] · right[V, K]ᵀ."""
        compiled, k = grouping(), len(part.rows) // count
        if k < 2 or not self._in_equal_rows(part, count):
            return None
        if compiled:
            found: Matrix = compiled.matrix_of(part.left, part.right, count)
            return found
        left, right = part.left.reshape(count, k), part.right.reshape(count, k)
        changes = (left[1:] != left[:-1]).nonzero()[0]
        v = int(changes[0]) + 1 if len(changes) else count
        if count % v:
            return None
        left, right = left.reshape(-1, v, k), right.reshape(-1, v, k)
        if some(left != left[:, :1]) or some(right != right[:1]):
            return None
        return count // v, v, k


def _starts(np: Any, rows: Array) -> Array:
    """Return where 0, 1, 2 … first stand in an ascending column that has them all."""
    return rows.searchsorted(np.arange(rows[-1] + 1))
