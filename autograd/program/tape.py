"""Irregular graphs, scalar by scalar: a tape that a plain C loop runs lane after lane.

Where nodes hardly repeat (a thousand steps of an integrator, a random graph) matrices gain
nothing. Then every node is a slot of one array per lane, [values | adjoints | constants and
temporaries], and the tape holds one operation on slots after another: four words, operation
and result in one, a, b, c. Backward reverses it, with the same local partials as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from autograd.program import expression
from autograd.program.accesses import Array
from autograd.program.expression import Expression
from autograd.program.memory import Ends, aligned
from autograd.program.record import COMPUTED, CONSTANT, INPUT, Recording
from autograd.program.update_numpy import NumpyUpdate, train

FEW = 15  # nodes an instruction, below which a graph counts as irregular
LONGEST = 1 << 22  # nodes: a result has 24 bits in a word
SMALL = 200  # instructions that cost nothing, irregular or not
TOGETHER = {"add": "pull_add", "sub": "pull_sub", "mul": "pull_mul"}  # both operands at once
ACCUMULATE, MULTIPLY = "accumulate", "multiply_accumulate"


def is_irregular(nodes: int, groups: int) -> bool:
    """Whether so many nodes in so many groups are better run one by one.

    A group takes about three instructions, forward and backward.
    """
    return 3 * groups > SMALL and nodes < FEW * 3 * groups and nodes < LONGEST


class TapeWriter:
    """Writes the operations of a recording, forward and backward."""

    def __init__(self, recording: Recording, reached: Sequence[bool]) -> None:
        from autograd.program import _replay

        self.codes = {name: k for k, name in enumerate(_replay.operations)}
        self.recording, self.n = recording, len(recording)
        self.slots = 2 * self.n
        self.constants: dict[float | str, int] = {}
        self.temporaries: dict[int, int] = {}
        self.differentiable = self._differentiable()
        self.forward: list[int] = []
        self.out = self.forward
        for node, kind in enumerate(recording.kinds):
            if kind == COMPUTED:
                self._node(node)
        self.backward: list[int] = []
        self.out = self.backward
        for node in reversed(range(self.n)):
            if recording.kinds[node] == COMPUTED and reached[node] and self.differentiable[node]:
                self._pull(node)

    def _differentiable(self) -> list[bool]:
        out: list[bool] = []
        for kind, operation, operands in zip(
            self.recording.kinds, self.recording.operations, self.recording.operands, strict=True
        ):
            if kind == COMPUTED:
                out.append(operation != "peak" and True in [out[x] for x in operands])
            else:
                out.append(kind != CONSTANT)
        return out

    def _emit(self, operation: str, result: int, *operands: int) -> None:
        if operation not in self.codes:
            raise NotImplementedError(f"the native executor has no operation {operation!r}")
        a, b, c = (*operands, *operands[:1] * (3 - len(operands)))
        self.out += (self.codes[operation] | result << 8, a, b, c)

    def _constant(self, number: float) -> int:
        key = repr(number)
        if key not in self.constants:
            self.constants[key] = self._slot()
        return self.constants[key]

    def _temporary(self, name: int) -> int:
        if name not in self.temporaries:
            self.temporaries[name] = self._slot()
        return self.temporaries[name]

    def _slot(self) -> int:
        self.slots += 1
        return self.slots - 1

    def _steps(self, code: Expression, sources: Sequence[int], result: int, add: bool) -> None:
        """Write an expression; its last step goes to `result`, stored or added."""
        where = [*sources, *map(self._constant, code.constants)]
        slots = dict(enumerate(where))
        (final,) = code.results
        for k, (operation, register, operands) in enumerate(code.steps):
            slots_of = [slots[x] for x in operands]
            if k + 1 == len(code.steps) and register == final:
                if not add:
                    return self._emit(operation, result, *slots_of)
                if operation == "mul":
                    return self._emit(MULTIPLY, result, *slots_of)
            slots[register] = self._temporary(register)
            self._emit(operation, slots[register], *slots_of)
        self._emit(ACCUMULATE if add else "copy", result, slots[final])
        return None

    def _node(self, node: int) -> None:
        operation, operands = self.recording.operations[node], self.recording.operands[node]
        if operation == "dot":
            n = len(operands) // 2
            self._emit("copy", node, operands[-1])
            for w, x in zip(operands[:n], operands[n:], strict=False):
                self._emit(MULTIPLY, node, w, x)
        elif operation == "total":
            self._emit("copy", node, operands[0])
            for x in operands[1:]:
                self._emit(ACCUMULATE, node, x)
        elif operation == "peak":
            self._emit("copy", node, operands[0])
            for x in operands[1:]:
                self._emit("maximum", node, node, x)
        elif operation == "rest":
            self._rest(node, operands)
        elif operation == "take":
            self._emit("copy", node, self._constant(float("nan")))
            for k, x in enumerate(operands[:-1]):
                self._emit("equal", self._temporary(0), operands[-1], self._constant(float(k)))
                self._emit("where", node, self._temporary(0), x, node)
        else:
            exponent, sources = self._exponent(operation, operands)
            self._steps(expression.forward(operation, exponent), sources, node, False)

    def _exponent(
        self, operation: str, operands: Sequence[int]
    ) -> tuple[float | None, Sequence[int]]:
        if operation == "pow" and self.recording.kinds[operands[1]] == CONSTANT:
            return self.recording.numbers[operands[1]], operands[:1]
        return None, operands

    def _rest(self, node: int, operands: Sequence[int]) -> None:
        """Σ eₖ - 1, the first 1 left out."""
        seen, first = self._temporary(0), self._temporary(1)
        for slot in (seen, node):
            self._emit("copy", slot, self._constant(0.0))
        for x in operands:
            self._emit("first", first, x, seen)
            self._emit(ACCUMULATE, seen, first)
            self._emit("sub", first, x, first)
            self._emit(ACCUMULATE, node, first)

    def _pull(self, node: int) -> None:
        """Write what each operand receives from the adjoint of a node."""
        operation, operands = self.recording.operations[node], self.recording.operands[node]
        n, adjoint = self.n, self.n + node
        if operation == "dot":
            half = len(operands) // 2
            for w, x in zip(operands[:half], operands[half:], strict=False):
                for target, other in ((w, x), (x, w)):
                    if self.differentiable[target]:
                        self._emit(MULTIPLY, n + target, other, adjoint)
            operands = operands[-1:]
        if operation in ("dot", "total", "rest"):
            for x in operands:
                if self.differentiable[x]:
                    self._emit(ACCUMULATE, n + x, adjoint)
        elif operation == "take":
            for k, x in enumerate(operands[:-1]):
                if self.differentiable[x]:
                    self._emit("equal", self._temporary(0), operands[-1], self._constant(float(k)))
                    self._emit(MULTIPLY, n + x, self._temporary(0), adjoint)
        elif operation in TOGETHER and all(self.differentiable[x] for x in operands):
            offset = 0 if operation == "mul" else n
            self._emit(TOGETHER[operation], adjoint, *[offset + x for x in operands], n)
        else:
            exponent, sources = self._exponent(operation, operands)
            for slot, x in enumerate(sources):
                rule = expression.pullback(operation, slot, exponent)
                if rule is not None and self.differentiable[x]:
                    names = {"out": node, "adjoint": adjoint}
                    reads = [operands[s] if isinstance(s, int) else names[s] for s in rule.sources]
                    self._steps(rule.expression, reads, n + x, True)


class TapeMemory:
    """The numbers of a tape: one row a lane; lane 0 keeps parameters and constants."""

    def __init__(self, writer: TapeWriter, dtype: str) -> None:
        import numpy as np

        self.np, self.dtype, self.lanes, self.n = np, np.dtype(dtype), 0, writer.n
        self.slots = writer.slots
        self.values: list[Array] = []
        self.adjoints: list[Array] = []
        self.table = np.zeros((0, 0), self.dtype)
        kinds = np.array(writer.recording.kinds)
        fixed = np.flatnonzero((kinds != COMPUTED) & (kinds != INPUT))
        self.fixed = np.concatenate([fixed, np.array([*writer.constants.values()], dtype=int)])
        self.resize(1)
        self.table[0, list(writer.constants.values())] = [float(x) for x in writer.constants]

    def resize(self, lanes: int) -> bool:
        """Make room for `lanes` lanes; return whether anything moved."""
        if lanes == self.lanes:
            return False
        table = aligned((lanes, self.slots), self.dtype)
        if self.lanes:
            table[0, self.fixed] = self.table[0, self.fixed]
        self.table, self.lanes, n = table, lanes, self.n
        self.values = [table[0, :n], table[:, :n].T]
        shared = table[0, n : 2 * n] if lanes == 1 else aligned((n,), self.dtype)
        self.adjoints = [shared, table[:, n : 2 * n].T]
        return True


class TapeExecutor:
    """Runs a tape through `_replay`."""

    name = "native"

    def __init__(self, writer: TapeWriter, memory: TapeMemory, ends: Ends) -> None:
        import numpy as np

        self.np, self.memory, self.ends = np, memory, ends
        self.root = writer.n + ends.root
        self._forward = np.array(writer.forward, dtype=np.uint32)
        self._backward = np.array(writer.backward, dtype=np.uint32)
        self.optimiser = NumpyUpdate(memory)

    def bind(self) -> None:
        """Do nothing: a tape holds no addresses."""

    def load(self, examples: Array) -> None:
        """Copy rows of examples to the inputs of the lanes."""
        self.memory.table[:, self.ends.inputs] = examples

    def forward(self) -> None:
        """Compute every value."""
        memory = self.memory
        if memory.lanes > 1:
            memory.table[1:, memory.fixed] = memory.table[0, memory.fixed]
        self._run(self._forward)

    def backward(self) -> None:
        """Compute every adjoint; shared ones are means over the lanes."""
        memory, n = self.memory, self.memory.n
        memory.table[:, n : 2 * n] = 0.0
        memory.table[:, self.root] = 1.0
        self._run(self._backward)
        if memory.lanes > 1:
            self.np.mean(memory.adjoints[True], axis=1, out=memory.adjoints[False])

    def remaining(self) -> None:
        """Do nothing: backward computes all adjoints."""

    def train(
        self, examples: Array, starts: Array, size: int, costs: Array, first_step: int
    ) -> int:
        """Take a step for each batch of `size` rows; return how many stayed finite."""
        calls = [self.forward, self.backward]
        return train(self, calls, examples, starts, size, costs, first_step)

    def _run(self, code: Array) -> None:
        from autograd.program import _replay

        _replay.run_tape(
            code, self.memory.table, self.memory.dtype == self.np.float32, self.memory.lanes
        )


class TapeLayout:
    """Addresses and adjoints of a tape, as a program asks a layout for them."""

    def __init__(self, recording: Recording, writer: TapeWriter) -> None:
        import numpy as np

        self.np, self.address = np, np.arange(len(recording))
        self.differentiable = writer.differentiable
