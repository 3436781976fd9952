"""From the ordered groups to instructions, forward and backward.

Backward is the list reversed: each operand receives adjoint · ∂out/∂operand. How adjoints are
written is the subject of `adjoints.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.program.compiler import steps
from autograd.program.compiler.accesses import (
    Access,
    Array,
    Column,
    accesses,
    every,
    matrix_access,
    some,
    unique,
    walk,
)
from autograd.program.compiler.adjoints import Adjoints
from autograd.program.compiler.instructions import ADD, STORE, Contraction, Instructions, Map, Row
from autograd.program.compiler.layout import Layout
from autograd.program.compiler.ordering import slot_by_slot
from autograd.program.compiler.reroll import LINEAR, Group
from autograd.program.compiler.steps import Expression
from autograd.program.compiler.work import Products, Terms, Work


class Emitter:
    """Writes the instructions of a layout."""

    def __init__(self, layout: Layout) -> None:
        self.np = layout.np
        self.layout = layout
        self.groups: list[Group] = layout.reroll.groups
        self.address = layout.address
        self.out = Instructions()
        self._factors: dict[tuple[int, int], Access] = {}
        self._copies: dict[tuple[int, int], Array] = {}  # what was copied to make a factor
        self._zeros: dict[bool, int] = {}  # where a number is 0, with lanes and without
        for work in layout.works:
            self._forward(work)
        self.adjoints = Adjoints(layout, self.out.backward)
        self.adjoints.seed()
        for work in reversed(layout.works):
            if work.group.differentiable and self.adjoints.arrived(work):
                self.adjoints.clear_rest([work.index])  # before they are read
                self._backward(work)
        self.adjoints.clear_rest(range(len(self.groups)))

    # --- forward ---------------------------------------------------------------------

    def _forward(self, work: Work) -> None:
        group = work.group
        if group.operation == LINEAR:
            self._sum_forward(work)
        elif group.piece.row is not None:
            self.out.forward.append(self._row(work, group.operation))
        else:
            code = steps.forward(group.operation, group.key[1])
            columns = [*map(self._column, work.operands, group.key[2:])]
            columns.append((work.addresses(self.np), group.lanes, False))
            self._map(group.lanes, code, columns, STORE)

    def _sum_forward(self, work: Work) -> None:
        lanes, mode, terms = work.group.lanes, STORE, list(work.terms)
        parts: list[Products | Terms] = [*work.products, *terms]
        if not all(map(work.has_all, parts[:1])):
            self._clear(work.addresses(self.np), lanes)
            mode = ADD
        for part in work.products:
            part.matrix = self.layout.find_matrix(part, work.count)
            if part.matrix:
                u, v, k = part.matrix
                left, right = self._factor(part, 0), self._factor(part, 1)
                whole = Access(lanes, False, work.offset, (v, 1))
                plain = mode == STORE and not left.lanes and right.lanes == lanes
                start = self._bias(work, terms, u, v) if plain else None
                self.out.forward.append(
                    Contraction((u, v, k), lanes, left, right, whole, mode, start=start)
                )
            else:
                columns = [*map(self._column, (part.left, part.right), part.kind)]
                self._sum_up(work, part, steps.PRODUCT, columns, mode)
            mode = ADD
        for term in terms:
            self._sum_up(work, term, steps.COPY, [self._column(term.nodes, term.kind)], mode)
            mode = ADD

    def _sum_up(
        self, work: Work, part: Products | Terms, code: Expression, columns: list[Column], mode: str
    ) -> None:  # fmt: skip
        """Append what adds, or stores, the products or terms of a kind: slot by slot if better."""
        lanes = work.group.lanes
        columns = [*columns, (work.offset + part.rows, lanes, False)]
        parts = self._together(part, columns)
        if mode == STORE and len(parts) > 1 and len(parts[0]) < work.count:
            self._clear(work.addresses(self.np), lanes)
            mode = ADD
        for mine in parts:
            chosen = [(column[mine], *more) for column, *more in columns]
            self._map(lanes, code, chosen, mode)
            mode = ADD

    def _together(self, part: Products | Terms, columns: Sequence[Column]) -> list[Any]:
        return slot_by_slot(self.np, [column for column, *_ in columns], part.slots)

    def _clear(self, addresses: Array, lanes: bool) -> None:
        self._map(lanes, steps.constant(0.0), [(addresses, lanes, False)], STORE)

    def _bias(self, work: Work, terms: list[Terms], u: int, v: int) -> Access | None:
        """Take a term that is one shared number for each row of a [U, V] matrix, if any is."""
        for k, term in enumerate(terms):
            once = len(term.rows) == u * v and work.has_all(term)
            if self.groups[term.kind].lanes or not once:
                continue
            table = self.address[term.nodes].reshape(u, v)
            rows = int(table[1, 0] - table[0, 0]) if u > 1 else 0
            if every(table.ravel() == table[0, 0] + walk((u, v), (rows, 0))):
                del terms[k]
                return Access(False, False, int(table[0, 0]), (rows, 0))
        return None

    def _factor(self, part: Products, side: int) -> Access:
        """Return the access of a product's left [U, K] or right [V, K] matrix.

        A matrix that is not strided (the patches of a convolution) is copied to scratch.
        """
        key = (id(part), side)
        if key not in self._factors:
            assert part.matrix is not None
            nodes = (part.left, part.right)[side].reshape(part.matrix)
            table = self.address[nodes[:, 0] if side == 0 else nodes[0]]
            lanes = self.groups[part.kind[side]].lanes
            found = matrix_access(self.np, table, lanes, False)
            self._factors[key] = found or self._copied(key, table, lanes)
        return self._factors[key]

    def _copied(self, key: tuple[int, int], table: Array, lanes: bool) -> Access:
        start = self.layout.reserve(lanes, table.size)
        self._copies[key] = table.ravel()
        copy = start + self.np.arange(table.size)
        columns = [(table.ravel(), lanes, False), (copy, lanes, False)]
        self._map(lanes, steps.COPY, columns, STORE)
        return Access(lanes, False, start, (table.shape[1], 1))

    def _row(self, work: Work, operation: str, back: bool = False) -> Row:
        columns, chosen = list(work.operands), None
        if work.group.piece.indexed:
            column = self._column(columns.pop(), work.group.key[-1])
            _, (chosen,) = accesses(self.np, [column])
            if chosen.index is None and not chosen.strides:
                chosen = Access(chosen.lanes, False, chosen.offset, (0,))
            if chosen.index is None and len(chosen.strides) > 1:
                chosen = Access(chosen.lanes, False, 0, (), column[0])
        nodes = self.np.array(columns).T
        lanes = self.groups[work.group.key[2]].lanes
        index = self.address[nodes]
        if some(nodes < 0):  # rows of other lengths
            first = work.group.piece.padding == "first"
            spare = index[:, :1] if first else self._zero(lanes)
            index = self.np.where(nodes < 0, spare, index)
        whole = Access(work.group.lanes, back, work.offset, (1,))
        return Row(operation, work.group.lanes, index, lanes, whole, chosen)

    def _zero(self, lanes: bool) -> int:
        """Return where a number is that the forward pass sets to 0."""
        if lanes not in self._zeros:
            self._zeros[lanes] = place = self.layout.reserve(lanes, 1)
            self._clear(self.np.array([place]), lanes)
        return self._zeros[lanes]

    # --- backward --------------------------------------------------------------------

    def _backward(self, work: Work) -> None:
        group = work.group
        if group.operation == LINEAR:
            for term in reversed(work.terms):
                rows = work.offset + term.rows
                columns = [self._column(term.nodes, term.kind), (rows, group.lanes, True)]
                for mine in self._together(term, columns):
                    self._send(group, term.nodes[mine], term.kind, rows[mine])
            for part in reversed(work.products):
                self._product_backward(work, part)
        elif group.piece.back:
            self._scatter(work)
        elif group.piece.row is not None:
            self._row_backward(work)
        else:
            for slot in range(len(work.operands)):
                self._operand_backward(work, slot)

    def _operand_backward(self, work: Work, slot: int) -> None:
        group = work.group
        kind = group.key[2 + slot]
        rule = steps.pullback(group.operation, slot, group.key[1])
        if rule is None or not self.groups[kind].differentiable:
            return
        columns = []
        for source in rule.sources:
            if isinstance(source, int):
                columns.append(self._column(work.operands[source], group.key[2 + source]))
            else:
                columns.append((work.addresses(self.np), group.lanes, source == "adjoint"))
        self.adjoints.add(
            group.lanes, rule.expression, columns, self.address[work.operands[slot]], kind
        )

    def _row_backward(self, work: Work) -> None:
        np = self.np
        table = np.array(work.operands).T
        rows = np.repeat(work.addresses(self.np), table.shape[1])
        kinds = self.layout.signatures[table.ravel()]
        for kind in dict.fromkeys(work.group.key[2:]):
            mine = (kinds == kind) & (table.ravel() >= 0)
            self._send(work.group, table.ravel()[mine], kind, rows[mine])

    def _scatter(self, work: Work) -> None:
        """Scatter back: columns that the gradient needs apart from those it does not."""
        groups = [self.groups[kind] for kind in work.group.key[2:-1]]
        for needed in (True, False):
            kept = [group.differentiable and group.trained == needed for group in groups]
            if any(kept):
                row = self._row(work, work.group.piece.back, back=True)
                index = self.np.where(kept, row.index, -1)  # the others are passed over
                self.adjoints.clear(row.sources_lanes, unique(self.np, index[:, kept]), needed)
                self.out.backward.append(row._replace(index=index, needed=needed))

    def _send(self, group: Group, nodes: Array, kind: int, rows: Array) -> None:
        """Add the adjoints at `rows` to those of `nodes`."""
        if self.groups[kind].differentiable:
            columns = [(rows, group.lanes, True)]
            self.adjoints.add(group.lanes, steps.COPY, columns, self.address[nodes], kind)

    def _product_backward(self, work: Work, part: Products) -> None:
        if part.matrix:
            self._matrix_backward(work, part)
            return
        lanes, sides = work.group.lanes, (part.left, part.right)
        for side, other in ((0, 1), (1, 0)):
            if self.groups[part.kind[side]].differentiable:
                columns = [self._column(sides[other], part.kind[other])]
                columns.append((work.offset + part.rows, lanes, True))
                address = self.address[sides[side]]
                for mine in self._together(part, [*columns, (address, lanes, True)]):
                    chosen = [(column[mine], *more) for column, *more in columns]
                    self.adjoints.add(lanes, steps.PRODUCT, chosen, address[mine], part.kind[side])

    def _matrix_backward(self, work: Work, part: Products) -> None:
        """Emit dL = adjoint · R and dRᵀ = Lᵀ · adjoint."""
        assert part.matrix is not None
        u, v, k = part.matrix
        lanes = work.group.lanes
        left, right = self._factor(part, 0), self._factor(part, 1)
        adjoint = Access(lanes, True, work.offset, (v, 1))
        if self.groups[part.kind[0]].differentiable:
            self._contract(part, 0, (u, k, v), lanes, adjoint, _turned(right), left)
        if self.groups[part.kind[1]].differentiable:
            self._contract(part, 1, (k, v, u), lanes, _turned(left), _turned(adjoint), right)

    def _contract(
        self, part: Products, side: int, sizes: tuple[int, int, int], lanes: bool,
        left: Access, right: Access, factor: Access,
    ) -> None:  # fmt: skip
        kind = part.kind[side]
        copied = self._copies.get((id(part), side))
        target = Access(factor.lanes, True, factor.offset, factor.strides)
        target = target if side == 0 else _turned(target)
        mode = STORE
        if copied is None:
            addresses = target.addresses(self.np, sizes[:2])
            mode = self.adjoints.mode(target, sizes[:2], addresses, self.groups[kind].trained)
        self.out.backward.append(
            Contraction(sizes, lanes, left, right, target, mode, self.groups[kind].trained)
        )
        if copied is not None:
            columns = [(factor.offset + self.np.arange(len(copied)), factor.lanes, True)]
            self.adjoints.add(factor.lanes, steps.COPY, columns, copied, kind)

    def _map(self, lanes: bool, code: Expression, columns: Sequence[Column], mode: str) -> None:
        """Append a forward instruction; the last column is where it writes."""
        sizes, found = accesses(self.np, columns)
        if mode == STORE and not found[-1].distinct(self.np, sizes):
            self._clear(unique(self.np, columns[-1][0]), columns[-1][1])
            mode = ADD
        self.out.forward.append(Map(sizes, lanes, code, tuple(found[:-1]), found[-1], mode))

    def _column(self, nodes: Array, kind: int) -> Column:
        """Return where the values of some nodes of one group are."""
        return self.address[nodes], self.groups[kind].lanes, False


def _turned(access: Access) -> Access:
    rows, columns = access.strides
    return Access(access.lanes, access.adjoint, access.offset, (columns, rows), access.index)
