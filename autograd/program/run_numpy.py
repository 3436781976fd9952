"""The instructions through NumPy: the readable reference, always available.

`bind` turns each instruction into a closure over views of the memory for one number of
lanes; a run calls them in order. Scalar operations are ufuncs where NumPy has one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.program.accesses import Access, Array
from autograd.program.instructions import STORE, Contraction, Instruction, Instructions, Map, Row
from autograd.program.memory import Ends, Memory
from autograd.program.operations import operations
from autograd.program.update_numpy import NumpyUpdate, stretch, train

Thunk = Callable[[], None]


class NumpyExecutor:
    """Runs instructions over a memory; `bind` again whenever the memory has moved."""

    name = "numpy"

    def __init__(self, instructions: Instructions, memory: Memory, ends: Ends) -> None:
        import numpy as np

        self.np, self.instructions, self.memory, self.ends = np, instructions, memory, ends
        self.optimiser = NumpyUpdate(memory)
        self._inputs = stretch(np, ends.inputs)
        self._forward: list[Thunk] = []
        self._backward: list[Thunk] = []
        self._rest: list[Thunk] = []
        self.bind()

    def bind(self) -> None:
        """Make the closures for the arrays that the memory holds now."""
        program = self.instructions
        self._forward = [self._bound(x) for x in program.forward]
        self._backward = [self._bound(x) for x in program.backward if x.needed]
        self._rest = [self._bound(x) for x in program.backward if not x.needed]

    def load(self, examples: Array) -> None:
        """Copy rows of examples to the lanes of the inputs."""
        self.memory.values[True][self._inputs] = examples.T

    def forward(self) -> None:
        """Compute every value."""
        self._run(self._forward)

    def backward(self) -> None:
        """Compute the adjoints that the gradient needs."""
        self._run(self._backward)

    def remaining(self) -> None:
        """Compute all other adjoints."""
        self._run(self._rest)

    def train(
        self, examples: Array, starts: Array, size: int, costs: Array, first_step: int
    ) -> int:
        """Take a step for each batch of `size` rows; return how many stayed finite."""
        return train(self, examples, starts, size, costs, first_step)

    def _run(self, thunks: Sequence[Thunk]) -> None:
        with self.np.errstate(all="ignore"):
            for thunk in thunks:
                thunk()

    def _bound(self, instruction: Instruction) -> Thunk:
        if isinstance(instruction, Map):
            return self._map(instruction)
        if isinstance(instruction, Contraction):
            return self._contraction(instruction)
        return self._row(instruction)

    # --- views -------------------------------------------------------------------------

    def _view(self, access: Access, sizes: Sequence[int], lanes: bool) -> Array:
        """Return a view with size 1 along dimensions of stride 0, and an axis for lanes."""
        base = self.memory.buffer(access.adjoint, access.lanes)
        step = base.strides[0]
        shape = [n if stride else 1 for n, stride in zip(sizes, access.strides, strict=True)]
        strides = [stride * step for stride in access.strides]
        if lanes:
            shape.append(self.memory.lanes if access.lanes else 1)
            strides.append(base.itemsize)
        start = access.offset * step
        return self.np.ndarray(shape, base.dtype, base, start, strides)

    def _read(self, access: Access, sizes: Sequence[int], lanes: bool) -> Callable[[], Array]:
        if access.index is None:
            view = self._view(access, sizes, lanes)
            return lambda: view
        base, index = self.memory.buffer(access.adjoint, access.lanes), access.index
        if lanes and not access.lanes:
            return lambda: base[index][:, None]
        return lambda: base[index]

    # --- elementwise -------------------------------------------------------------------

    def _map(self, this: Map) -> Thunk:
        code, table = this.expression, operations()
        constants = [self.memory.dtype.type(c) for c in code.constants]
        reads = [self._read(x, this.sizes, this.lanes) for x in this.sources]
        steps = [(table[name], result, operands) for name, result, operands in code.steps]
        write = self._write(this)
        (final,) = code.results
        blank = [None] * (code.registers - code.sources - len(constants))
        if all(x.index is None for x in this.sources):
            views = [read() for read in reads] + constants + blank
        else:
            views = []

        def run() -> None:
            registers = views or [read() for read in reads] + constants + blank
            for function, result, operands in steps:
                registers[result] = function(*[registers[k] for k in operands])
            write(registers[final])

        return self._direct(this, reads, constants) or run

    def _direct(
        self, this: Map, reads: list[Callable[[], Array]], constants: list[Any]
    ) -> Thunk | None:
        """Return one ufunc call that writes in place, where that is all there is to do."""
        code, target, np = this.expression, this.destination, self.np
        if len(code.steps) != 1 or this.mode != STORE or target.index is not None:
            return None
        if 0 in target.strides or target.lanes != this.lanes:
            return None
        name, _, operands = code.steps[0]
        function = operations()[name]
        indexed = any(x.index is not None for x in this.sources)
        if not isinstance(function, np.ufunc) or function.nin != len(operands) or indexed:
            return None
        registers = [read() for read in reads] + constants
        arguments = [registers[k] for k in operands]
        out = self._view(target, this.sizes, this.lanes)
        return lambda: function(*arguments, out=out)

    def _write(self, this: Map) -> Callable[[Array], None]:
        """Return what stores a result, summed along the dimensions the target lacks."""
        np, target, add = self.np, this.destination, this.mode != STORE
        lanes, base = self.memory.lanes, self.memory.buffer(target.adjoint, target.lanes)
        full = (*this.sizes, lanes) if this.lanes else this.sizes
        mean = this.lanes and not target.lanes
        if target.index is not None or not target.distinct(np, this.sizes):
            index = target.addresses(np, this.sizes)

            def scatter(result: Array) -> None:
                result = np.broadcast_to(result, full).reshape(len(index), -1)
                result = result.sum(axis=1) / lanes if mean else result
                result = result.reshape((len(index), *base.shape[1:]))
                if add:
                    np.add.at(base, index, result)
                else:
                    base[index] = result

            return scatter
        view = self._view(target, this.sizes, this.lanes)
        scale = base.dtype.type(1 / lanes)
        axes = tuple(k for k, (n, w) in enumerate(zip(full, view.shape, strict=True)) if n != w)

        def assign(result: Array) -> None:
            if axes:
                whole = result if result.shape == full else np.broadcast_to(result, full)
                result = np.add.reduce(whole, axis=axes, keepdims=True)
                result = result * scale if mean else result
            if add:
                np.add(view, result, out=view)
            else:
                view[...] = result

        return assign

    # --- matrix products -----------------------------------------------------------------

    def _contraction(self, this: Contraction) -> Thunk:
        """D[m, n] = Σ_k L[m, k] R[n, k], as matmul where the lanes allow it."""
        np, (m, n, k) = self.np, this.sizes
        left, right = self._whole(this.left, (m, k)), self._whole(this.right, (n, k))
        out = self._whole(this.destination, (m, n))
        lanes = (this.left.lanes, this.right.lanes, this.destination.lanes)
        if lanes == (False, True, True):
            product = (left, right) if n > 1 else (left, right[0])
            out = out.transpose(1, 0, 2) if n > 1 else out[:, 0]
        elif lanes == (True, False, True):
            product = right, left
        elif lanes == (True, True, True):
            product = left.transpose(2, 0, 1), right.transpose(2, 1, 0)
            out = out.transpose(2, 0, 1)
        elif lanes == (True, True, False):
            return self._over_lanes(this, left, right, out)
        elif lanes == (False, False, False):
            product = left, right.T
        else:
            return self._mixed(this, left, right, out)
        if this.start is not None:
            return self._biased(this, product, out)
        if this.mode == STORE:
            return lambda: np.matmul(*product, out=out)
        return lambda: np.add(out, np.matmul(*product), out=out)

    def _biased(self, this: Contraction, product: tuple[Array, Array], out: Array) -> Thunk:
        assert this.start is not None
        np, start = self.np, this.start
        bias = self._whole(start, this.sizes[:2])[:, :1]  # (m, 1)
        target = self._whole(this.destination, this.sizes[:2])
        bias = bias[..., None] if this.destination.lanes else bias

        def run() -> None:
            np.matmul(*product, out=out)
            np.add(target, bias, out=target)

        return run

    def _whole(self, access: Access, sizes: tuple[int, int]) -> Array:
        base = self.memory.buffer(access.adjoint, access.lanes)
        strides = [stride * base.strides[0] for stride in access.strides]
        shape = (*sizes, *base.shape[1:])
        return self.np.ndarray(
            shape, base.dtype, base, access.offset * base.strides[0], (*strides, *base.strides[1:])
        )

    def _over_lanes(self, this: Contraction, left: Array, right: Array, out: Array) -> Thunk:
        np, (m, n, k) = self.np, this.sizes
        lanes, add = self.memory.lanes, this.mode != STORE

        small, large = (left, right) if m < n else (right, left)

        def run() -> None:
            scaled = (small / lanes).reshape(-1, k * lanes)
            other = large.reshape(-1, k * lanes)
            pair = (scaled, other.T) if m < n else (other, scaled.T)
            if add:
                np.add(out, np.matmul(*pair), out=out)
            else:
                np.matmul(*pair, out=out)

        return run

    def _mixed(self, this: Contraction, left: Array, right: Array, out: Array) -> Thunk:
        np, lanes, add = self.np, self.memory.lanes, this.mode != STORE
        letters = ["mks" if this.left.lanes else "mk", "nks" if this.right.lanes else "nk"]
        summed = not this.destination.lanes
        path = f"{letters[0]},{letters[1]}->mn"

        def run() -> None:
            result = np.einsum(path, left, right)
            result = result / lanes if summed else result[..., None]
            np.copyto(out, out + result if add else result)

        return run

    # --- rows --------------------------------------------------------------------------

    def _row(self, this: Row) -> Thunk:
        if this.chosen is not None:
            return self._taking(this, this.chosen)
        np = self.np
        base = self.memory.buffer(False, this.sources_lanes)
        out = self._whole_row(this)

        def peak() -> None:
            np.max(base[this.index], axis=1, out=out)

        grid = np.indices(out.shape, sparse=True)

        def rest() -> None:
            row = base[this.index]
            top = grid[0], np.argmax(row, axis=1), *grid[1:]
            row[top] -= 1.0  # 0, or NaN
            np.add.reduce(row, axis=1, out=out)

        return peak if this.operation == "peak" else rest

    def _whole_row(self, this: Row) -> Array:
        base = self.memory.buffer(this.destination.adjoint, this.destination.lanes)
        return base[this.destination.offset : this.destination.offset + len(this.index)]

    def _taking(self, this: Row, chosen: Access) -> Thunk:
        np, lanes = self.np, self.memory.lanes
        rows, width = this.index.shape
        back = this.operation == "untake"
        base, out = self.memory.buffer(back, this.sources_lanes), self._whole_row(this)
        read = self._read(chosen, (rows,), this.lanes)
        row = np.arange(rows)[:, None] if this.lanes else np.arange(rows)
        lane = np.arange(lanes)
        scale = 1 / lanes if this.lanes and not this.sources_lanes else 1.0

        def run() -> None:
            wanted = np.broadcast_to(read(), out.shape)
            column = wanted.astype(np.intp)
            valid = (column == wanted) & (column >= 0) & (column < width)
            place: Any = this.index[row, np.where(valid, column, 0)]
            kept = valid & (place >= 0)
            place = (place, np.broadcast_to(lane, place.shape)) if this.sources_lanes else place
            if not back:
                out[...] = np.where(valid, base[place], np.nan)
            elif this.sources_lanes:
                np.add.at(base, (place[0][kept], place[1][kept]), out[kept])
            else:
                np.add.at(base, place[kept], out[kept] * scale)

        return run
