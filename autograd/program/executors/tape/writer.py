"""Irregular graphs, scalar by scalar: a tape of operations that a plain C loop runs.

Where nodes have little in common (a thousand steps of an integrator, a random graph) matrices
gain nothing. Then every node is a slot of one table, [values | adjoints | constants and
temporaries], and the tape holds one operation on slots after another. Backward reverses it,
with the same local partials as everywhere; the first number that an adjoint receives is
stored, later ones are added, and a node that receives one number, from a sum, shares the slot
it comes from. What then repeats in time is found in `loops.py`.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any

from autograd.program.compiler import steps
from autograd.program.compiler.accesses import Array
from autograd.program.compiler.pieces import PIECES, PLAIN
from autograd.program.compiler.recording import COMPUTED, CONSTANT, Recording
from autograd.program.compiler.steps import Expression
from autograd.program.executors.native.table import codes
from autograd.program.executors.tape.code import Tape
from autograd.program.executors.tape.templates import CIRCULAR, GIVEN, Templates

ACCUMULATE, MULTIPLY = "accumulate", "multiply_accumulate"


class TapeWriter:
    """Writes the operations of a recording, forward and backward: in C, or else in Python."""

    def __init__(self, recording: Recording, compiled: bool = True) -> None:
        import numpy as np

        self.codes = codes()
        self.recording, self.n = recording, len(recording)
        beside = not {*CIRCULAR}.isdisjoint(recording.present)  # a slot more for each node
        self.slots = (2 + beside) * self.n
        self.constants: dict[str, int] = {}
        self.temporaries: dict[int, int] = {}
        self.circular: dict[tuple[str, int], int] = {}
        self.leaves = len(recording.parameters) + len(recording.inputs)
        self.differentiable: Sequence[bool | int] = ()
        self.adjoints: Array = list(range(self.n, 2 * self.n))
        words = self._by_templates() if compiled else None
        words = words or self._node_by_node()
        self.adjoints = np.asarray(self.adjoints)
        self.tapes = tuple(Tape(x, self.codes) for x in words)

    def _by_templates(self) -> tuple[Any, Any] | None:
        """Write both tapes at once; None where an operation is not written by a template."""
        import numpy as np

        from autograd.program.executors.native import _replay

        recording = self.recording
        try:
            ways = Templates(recording, self.codes)
        except NotImplementedError:
            return None
        firsts = [f"{x}_first" for x in (ACCUMULATE, "subtract", MULTIPLY)]
        names = ("add", "copy", "sine_and_cosine", ACCUMULATE, "subtract", MULTIPLY, *firsts)
        found = _replay.write_tape(
            recording.flat, recording.bounds, ways.which, np.array(ways.words, np.int32),
            np.array([self.codes[x] for x in names], np.int32), self.leaves, recording.root,
            self.slots, ways.zero, len(ways.constants), ways.temporaries, recording.reached,
        )  # fmt: skip
        if found is None:
            return None
        *words, self.differentiable, adjoints, slots, self.slots = found
        self.adjoints = np.frombuffer(adjoints, np.int64)
        places = zip(ways.constants, np.frombuffer(slots, np.int64).tolist(), strict=True)
        self.constants = {number: slot for number, slot in places if slot >= 0}
        forward, backward = (np.frombuffer(x, np.uint32) for x in words)
        return forward, backward

    def _node_by_node(self) -> tuple[Any, Any]:
        self.differentiable = self._differentiable()
        self._received = {*range(self.leaves), self.recording.root}  # the first: zeroed, and seeded
        return self._forward(), self._backward()

    def _forward(self) -> array[int]:
        self.out = array("I")
        for node, kind in enumerate(self.recording.kinds):
            if kind == COMPUTED:
                self._node(node)
        return self.out

    def _backward(self) -> array[int]:
        import numpy as np

        self.out = array("I")
        self._uses = np.bincount(self.recording.flat, minlength=self.n).tolist()
        reached = self.recording.reached
        for node in reversed(self.recording.after_leaves):
            computed = self.recording.kinds[node] == COMPUTED
            if computed and reached[node] and self.differentiable[node]:
                self._pull(node)
        return self.out

    def _differentiable(self) -> list[bool]:
        recording, out = self.recording, list[bool]()
        for kind, operation, operands in zip(
            recording.kinds, recording.operations, recording.operands, strict=True
        ):
            reached = kind != CONSTANT if kind != COMPUTED else True in [out[x] for x in operands]
            out.append(reached and PIECES.get(operation, PLAIN).differentiable)
        return out

    def _emit(self, operation: str, result: int, *operands: int) -> None:
        if operation not in self.codes:
            raise NotImplementedError(f"the native executor has no operation {operation!r}")
        a, b, c = (*operands, *operands, 0) if len(operands) == 1 else (*operands, 0, 0)[:3]
        self.out.extend((self.codes[operation] | result << 8, a, b, c))

    def _constant(self, number: float) -> int:
        return self._slot(self.constants, repr(number))

    def _temporary(self, name: int) -> int:
        return self._slot(self.temporaries, name)

    def _slot(self, known: dict[Any, int], key: Any) -> int:
        if key not in known:
            known[key] = self.slots
            self.slots += 1
        return known[key]

    def _steps(self, code: Expression, sources: Sequence[int], result: int | None) -> list[int]:
        """Write an expression with its last step to `result`; return where the value lies.

        Without a result a last product is left to be multiplied: two slots are returned.
        """
        slots = [*sources, *map(self._constant, code.constants), *[0] * code.registers]
        for k, (operation, register, operands) in enumerate(code.steps):
            slots_of = [slots[x] for x in operands]
            last = k + 1 == len(code.steps)
            if last and result is None and operation == "mul":
                return slots_of
            known = self.circular.get((operation, slots_of[0]))
            if known is None or last:
                known = result if last and result is not None else self._temporary(register)
                self._emit(operation, known, *slots_of)
            slots[register] = known
        if not code.steps and result is not None:
            self._emit("copy", result, slots[code.results[0]])
        return [slots[code.results[0]]]

    def _node(self, node: int) -> None:
        operation, operands = self.recording.operations[node], self.recording.operands[node]
        if operation in _FORWARD:
            _FORWARD[operation](self, node, operands)
        elif operation in CIRCULAR and self.differentiable[node]:
            self._circular(node, operation, operands[0])
        else:
            self._elementwise(node, operation, operands)

    def _dot(self, node: int, operands: Sequence[int]) -> None:
        n = len(operands) // 2
        self._emit("add", node, operands[-1], self._constant(0.0))  # as sums begin: no -0 is left
        for w, x in zip(operands[:n], operands[n:], strict=False):
            self._emit(MULTIPLY, node, w, x)

    def _total(self, node: int, operands: Sequence[int]) -> None:
        self._emit("add", node, operands[0], self._constant(0.0))
        for x in operands[1:]:
            self._emit(ACCUMULATE, node, x)

    def _peak(self, node: int, operands: Sequence[int]) -> None:
        self._emit("copy", node, operands[0])
        for x in operands[1:]:
            self._emit("maximum", node, node, x)

    def _argmax(self, node: int, operands: Sequence[int]) -> None:
        more, largest = self._temporary(0), self._temporary(1)
        self._emit("copy", node, self._constant(0.0))
        self._emit("copy", largest, operands[0])
        for k, x in enumerate(operands[1:], 1):
            self._emit("sub", more, x, largest)
            self._emit("heaviside", more, more)
            self._emit("where", node, more, self._constant(float(k)), node)
            self._emit("where", largest, more, x, largest)

    def _take(self, node: int, operands: Sequence[int]) -> None:
        self._emit("copy", node, self._constant(float("nan")))
        for k, x in enumerate(operands[:-1]):
            self._emit("equal", self._temporary(0), operands[-1], self._constant(float(k)))
            self._emit("where", node, self._temporary(0), x, node)

    def _elementwise(self, node: int, operation: str, operands: Sequence[int]) -> None:
        exponent, sources = self._exponent(operation, operands)
        code = steps.spelled(steps.forward(operation, exponent), self.codes.__contains__)
        self._steps(code, sources, node)

    def _circular(self, node: int, operation: str, x: int) -> None:
        """Write sin x and cos x: one is the node, the other its partial or a later node."""
        known = self.circular.get((operation, x))
        if known is not None:
            return self._emit("copy", node, known)
        pair = [node if name == operation else 2 * self.n + node for name in CIRCULAR]
        self.circular.update(zip([(name, x) for name in CIRCULAR], pair, strict=True))
        return self._emit("sine_and_cosine", pair[0], x, 0, pair[1])

    def _exponent(
        self, operation: str, operands: Sequence[int]
    ) -> tuple[float | None, Sequence[int]]:
        if operation == "pow" and self.recording.kinds[operands[1]] == CONSTANT:
            return self.recording.numbers[operands[1]], operands[:1]
        return None, operands

    def _sum_minus_one(self, node: int, operands: Sequence[int]) -> None:
        """Σ eₖ - 1, the first 1 left out."""
        seen, first = self._temporary(0), self._temporary(1)
        for slot in (seen, node):
            self._emit("copy", slot, self._constant(0.0))
        for x in operands:
            self._emit("first", first, x, seen)
            self._emit(ACCUMULATE, seen, first)
            self._emit("sub", first, x, first)
            self._emit(ACCUMULATE, node, first)

    def _give(self, node: int, operation: str, *slots: int) -> None:
        """Write that the adjoint of a node receives a number or a product, if it needs any."""
        if not self.differentiable[node]:
            return
        alone = self._uses[node] == 1 and node not in self._received
        if alone and operation == ACCUMULATE and self.n <= slots[0] < 2 * self.n:
            self.adjoints[node] = slots[0]  # the only number it receives: they share a slot
            return
        if node not in self._received:
            operation += "_first"
            self._received.add(node)
        self._emit(operation, self.adjoints[node], *slots)

    def _pull(self, node: int) -> None:
        """Write what each operand receives from the adjoint of a node."""
        operation, operands = self.recording.operations[node], self.recording.operands[node]
        adjoint = self.adjoints[node]
        if operation in ("dot", "mul"):
            half = len(operands) // 2
            for w, x in zip(operands[:half], operands[half : 2 * half], strict=True):
                for target, other in sorted(((w, x), (x, w))):
                    self._give(target, MULTIPLY, other, adjoint)
            operands = operands[2 * half :]
        piece = PIECES.get(operation, PLAIN)
        if operation in ("dot", "mul", "total") or (piece.row is not None and piece.partials):
            for x in operands:
                self._give(x, ACCUMULATE, adjoint)
        elif operation in GIVEN:
            for x, given in sorted(zip(operands, GIVEN[operation], strict=True)):
                self._give(x, given, adjoint)
        elif piece.back:
            for k, x in enumerate(operands[:-1]):
                self._emit("equal", self._temporary(0), operands[-1], self._constant(float(k)))
                self._give(x, MULTIPLY, self._temporary(0), adjoint)
        else:
            self._pull_rules(node, operation, operands)

    def _pull_rules(self, node: int, operation: str, operands: Sequence[int]) -> None:
        exponent, sources = self._exponent(operation, operands)
        names = {"out": node, "adjoint": self.adjoints[node]}
        for slot, x in enumerate(sources):
            rule = steps.pullback(operation, slot, exponent)
            if rule is not None and self.differentiable[x]:
                reads = [operands[s] if isinstance(s, int) else names[s] for s in rule.sources]
                code = steps.spelled(rule.expression, self.codes.__contains__)
                found = self._steps(code, reads, None)
                self._give(x, MULTIPLY if found[1:] else ACCUMULATE, *found)


_FORWARD: dict[str, Callable[[TapeWriter, int, Sequence[int]], None]] = {
    "dot": TapeWriter._dot,
    "total": TapeWriter._total,
    "peak": TapeWriter._peak,
    "argmax": TapeWriter._argmax,
    "sum_minus_one": TapeWriter._sum_minus_one,
    "take": TapeWriter._take,
}
