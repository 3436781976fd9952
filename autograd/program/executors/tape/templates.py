"""How the operations of a recording are written on a tape, as words for the C that writes them.

Most operations are written alike at each node, with other slots. What is said here once for an
operation, `c/replay/tape.h` does for all nodes that have it; it says what the words mean.
Operations over rows are left to the writer in Python, and so is the whole recording then.
"""

from __future__ import annotations

from collections.abc import Sequence

from autograd.program.compiler import steps
from autograd.program.compiler.pieces import PIECES, PLAIN
from autograd.program.compiler.recording import CONSTANT, Recording
from autograd.program.compiler.steps import Expression, Pullback

CIRCULAR = ("sin", "cos")  # whose derivative is the other: both of x are found together
GIVEN = {  # what operands receive from an adjoint, where that is the adjoint itself
    "add": ("accumulate", "accumulate"),
    "sub": ("accumulate", "subtract"),
    "neg": ("subtract",),
}
ENDS = {"out": -1, "adjoint": -2}
KINDS, OPERANDS, REGISTERS = {"dot": 1, "total": 2}, 3, 200
RULES, PRODUCTS, TOTAL, GIVES = range(4)  # ways back


class Templates:
    """The templates of a recording: `words`, with the place of each node's in `which`.

    Raises NotImplementedError for an operation that has none.
    """

    def __init__(self, recording: Recording, codes: dict[str, int]) -> None:
        import numpy as np

        self.codes = codes
        self.words = [0]  # no template is at place 0
        self.constants: dict[str, int] = {}
        self.temporaries = 0
        self.zero = self._constant(0.0)
        known = {"": -1} | {
            name: self._template(name, None) for name in recording.present - {"", "pow"}
        }
        which = recording.table(lambda name: known.get(name, 0), np.int32)
        powers: dict[float | None, int] = {}
        for node in np.flatnonzero(which == 0).tolist():
            exponent = recording.operands[node][1]
            fixed = recording.numbers[exponent] if recording.kinds[exponent] == CONSTANT else None
            if fixed not in powers:
                powers[fixed] = self._template("pow", fixed)
            which[node] = powers[fixed]
        self.which = which

    def _constant(self, number: float) -> int:
        return self.constants.setdefault(repr(number), len(self.constants))

    def _template(self, operation: str, exponent: float | None) -> int:
        piece = PIECES.get(operation, PLAIN)
        if operation not in KINDS and (piece.row is not None or piece.back):
            raise NotImplementedError(operation)
        circular = CIRCULAR.index(operation) + 1 if operation in CIRCULAR else 0
        forward, sources, slots = 0, 0, []
        if operation not in KINDS:
            code = steps.forward(operation, exponent)
            forward, sources = self._expression(code), code.sources
        back = {"dot": PRODUCTS, "mul": PRODUCTS, "total": TOTAL}.get(operation, RULES)
        if operation in GIVEN:
            back, slots = GIVES, [int(x == "subtract") for x in GIVEN[operation]]
        elif back == RULES:
            rules = [steps.pullback(operation, slot, exponent) for slot in range(sources)]
            slots = [self._rule(rule) if rule else 0 for rule in rules]
        if sources > OPERANDS:
            raise NotImplementedError(operation)
        place, kind = len(self.words), KINDS.get(operation, 0)
        self.words += [kind, circular, piece.differentiable, back, sources, forward]
        self.words += [*slots, *[0] * (OPERANDS - len(slots))]
        return place

    def _rule(self, rule: Pullback) -> int:
        expression, place = self._expression(rule.expression), len(self.words)
        reads = [x if isinstance(x, int) else ENDS[x] for x in rule.sources]
        self.words += [len(reads), *reads, expression]
        return place

    def _expression(self, code: Expression) -> int:
        code = steps.spelled(code, self.codes.__contains__)
        constants = [self._constant(x) for x in code.constants]
        place = len(self.words)
        if code.registers > REGISTERS:
            raise NotImplementedError("an operation of very many steps")
        self.temporaries = max(self.temporaries, code.registers)
        self.words += [code.sources, len(constants), *constants, len(code.steps)]
        for name, register, operands in code.steps:
            self.words += self._step(name, register, operands)
        self.words.append(code.results[0])
        return place

    def _step(self, name: str, register: int, operands: Sequence[int]) -> list[int]:
        circular = CIRCULAR.index(name) + 1 if name in CIRCULAR else 0
        count, padded = len(operands), [*operands, 0, 0][:OPERANDS]
        return [self.codes.get(name, -1), register, count, *padded, circular, name == "mul"]
