"""Elementwise formulas as short lists of steps over registers.

A step applies one scalar operation to registers. Forward instructions have one step; the
steps of a backward instruction come from the row of the table: its rule is recorded once on
sample Values and becomes adjoint · ∂out/∂operand. An optimiser's rule is read the same way.
Registers are numbered sources first, then constants, then temporaries.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from typing import Any, TypeVar

from autograd.engine import Value, topological
from autograd.modes import differentiating
from autograd.primitives import abs, exp, log1p, maximum, where
from autograd.program.compiler.pieces import PIECES, Piece
from autograd.table import PRIMITIVES, Domain, Primitive

Step = tuple[Any, int, tuple[int, ...]]  # operation (NumPy's are functions), result, operands
Row = Piece | Primitive
T = TypeVar("T")


@dataclass(frozen=True)
class Expression:
    """`results` are the registers to store after the steps have run."""

    sources: int
    constants: tuple[float, ...]
    steps: tuple[Step, ...]
    results: tuple[int, ...]

    @property
    def registers(self) -> int:
        used = [result for _, result, _ in self.steps]
        return max([self.sources + len(self.constants) - 1, *used]) + 1


COPY = Expression(1, (), (), (0,))
PRODUCT = Expression(2, (), (("mul", 2, (0, 1)),), (2,))


def constant(number: float) -> Expression:
    """Return the expression that has no sources and one value."""
    return Expression(0, (number,), (), (0,))


def row_of(operation: str) -> Row:
    """Return the row of an operation: that of the pieces, where there is one."""
    return PIECES.get(operation) or PRIMITIVES[operation]


def of_row(function: Callable[..., T]) -> Callable[..., T]:
    """Let a function of a row be called with its name; results are kept for the row itself.

    A name may be given to another row, as somebody does who runs a cell of a notebook again.
    """
    known = cache(function)
    return lambda operation, *more: known(row_of(operation), *more)


@of_row
def forward(row: Row, exponent: float | None = None) -> Expression:
    """Return the one step of an operation; a constant exponent is no source."""
    if exponent is not None:
        builder = Builder(1)
        return builder.build([builder.power(0, exponent)])
    if row.arity is None:
        raise NotImplementedError(row.name)
    step = row.name, row.arity, tuple(range(row.arity))
    return Expression(row.arity, (), (step,), (row.arity,))


@dataclass(frozen=True)
class Pullback:
    """adjoint · ∂out/∂operand; `sources` names what it reads: "adjoint", "out" or a slot."""

    expression: Expression
    sources: tuple[str | int, ...]


_WHOLE = {piece.pulls[0]: piece for piece in PIECES.values() if piece.pulls}


@of_row
def pullback(row: Row, slot: int, exponent: float | None = None) -> Pullback | None:
    """Return what one operand receives from a node's adjoint; None where that is always 0."""
    whole = _WHOLE.get(row.name)
    if whole is not None and whole.pulls:
        return Pullback(forward(whole.name), (*whole.pulls[1], "adjoint"))
    return rule(row.name, slot, exponent)


@of_row
def rule(row: Row, slot: int, exponent: float | None = None) -> Pullback | None:
    """Return the same in the words of the table alone, whose steps have derivatives again."""
    if isinstance(row, Piece):
        return _rule_of_piece(row, slot)
    operands = [Value(_inside(domain)) for domain in row.domain]
    out = Value(row.forward(*[x.data for x in operands]))
    arguments: list[Value | float] = list(operands)
    if exponent is not None:
        arguments[1] = exponent
    with differentiating():  # rules are read though the caller may be in no_grad()
        (partial,) = row.local(arguments, out, (slot,))
    return _times_adjoint(partial, operands, out)


def _rule_of_piece(piece: Piece, slot: int) -> Pullback | None:
    if not callable(partial := piece.partials[slot]):
        return _scaled_adjoint(partial)
    *operands, out = [Value(0.5) for _ in (*piece.partials, "out")]
    with differentiating():
        return _times_adjoint(partial(*operands, out), operands, out)


def _times_adjoint(partial: Any, operands: Sequence[Value], out: Value) -> Pullback | None:
    """Return adjoint · partial, a formula of operands and out that was recorded, or a number."""
    if partial.__class__ is not Value:
        return _scaled_adjoint(float(partial))
    names: dict[Value, str | int] = dict(zip(operands, range(len(operands)), strict=True))
    names[out] = "out"
    below = set(topological(partial))
    read = [leaf for leaf in names if leaf in below]
    builder = Builder(len(read) + 1)
    result = builder.append("mul", builder.translate([partial], read)[0], len(read))
    return Pullback(builder.build([result]), (*[names[x] for x in read], "adjoint"))


@of_row
def composition(row: Row) -> Expression | None:
    """Return an operation in terms of others, as its row composes it; None where it does not."""
    if row.composed is None:
        return None
    operands = [Value(_inside(domain)) for domain in row.domain]
    with differentiating():  # rows are read though the caller may be in no_grad()
        out = row.composed(*operands)
    builder = Builder(len(operands))
    return builder.build(builder.translate([out], operands))


def _scaled_adjoint(factor: float) -> Pullback | None:
    if factor == 0.0:
        return None
    if factor == 1.0:
        return Pullback(COPY, ("adjoint",))
    builder = Builder(1)
    times = ("neg",) if factor == -1.0 else ("mul", builder.number(factor))
    return Pullback(builder.build([builder.append(*times, 0)]), ("adjoint",))


def _inside(domain: Domain) -> float:
    """Return a number inside a domain, to record a rule at; the rule does not depend on it."""
    low = domain.low if math.isfinite(domain.low) else min(domain.high, 1.0) - 1.0
    high = domain.high if math.isfinite(domain.high) else low + 1.0
    return low + 0.6 * (high - low)


def dot(*operands: Any) -> Any:
    """Return Σᵢ wᵢ xᵢ + b of any numbers: Values, arrays."""
    half = len(operands) // 2
    products = map(operator.mul, operands[:half], operands[half:])
    return sum(products) + operands[-1]


def _logsumexp(*values: Any) -> Any:
    """Return log Σ e^x two by two: log(e^x + e^y) = max(x, y) + log1p(e^-|x - y|)."""
    return reduce(lambda x, y: maximum(x, y) + log1p(exp(-abs(x - y))), values)


def _log_softmax(*values_and_index: Any) -> Any:
    *values, index = values_and_index
    gaps = [x - reduce(maximum, values) for x in values]
    return _take(*gaps, index) - _logsumexp(*gaps)


def _take(*values_and_index: Any) -> Any:
    *values, index = values_and_index
    if not isinstance(index, Value):
        return values[int(index)]
    out: Any = math.nan
    for k, x in enumerate(values):
        out = where(index - float(k), out, x)
    return out


_OF_MANY: dict[str, Callable[..., Any]] = {  # in operations of one number after another
    "total": lambda *values: sum(values),
    "mean": lambda *values: sum(values) / len(values),
    "dot": dot,
    "logsumexp": _logsumexp,
    "log_softmax": _log_softmax,
    "softmax": lambda *values_and_index: exp(_log_softmax(*values_and_index)),
    "take": _take,
}


class Builder:
    """Collects steps; equal steps are taken once."""

    def __init__(self, sources: int) -> None:
        self.sources = sources
        self._constants: dict[float | str, int] = {}
        self._steps: dict[tuple[str, tuple[int, ...]], int] = {}

    def append(self, operation: str, *operands: int) -> int:
        """Return the register (a negative name until `build`) of one more step."""
        key = (operation, operands)
        return self._steps.setdefault(key, -1 - 2 * len(self._steps))

    def number(self, number: float) -> int:
        key = repr(number)  # tells -0.0 from 0.0
        return self._constants.setdefault(key, -2 - 2 * len(self._constants))

    def power(self, base: int, exponent: float) -> int:
        """Return base ** exponent for a fixed exponent."""
        if exponent == 2.0:
            return self.append("mul", base, base)
        if exponent == -1.0:
            return self.append("div", self.number(1.0), base)
        return self.append("pow", base, self.number(exponent))

    def translate(self, roots: Sequence[Value | float], leaves: Sequence[Value]) -> list[int]:
        """Return the registers of recorded Values; `leaves` are the sources, in order."""
        return self._registers(roots, dict(zip(leaves, range(len(leaves)), strict=True)))

    def _registers(self, roots: Sequence[Value | float], known: dict[Value, int]) -> list[int]:
        for root in roots:
            for node in topological(root) if isinstance(root, Value) else ():
                if node not in known:
                    known[node] = self._step(node, known)
        return [known[x] if isinstance(x, Value) else self.number(float(x)) for x in roots]

    def _step(self, node: Value, known: dict[Value, int]) -> int:
        if not node.op:
            return self.number(node.data)
        operands = node.operands
        row = PRIMITIVES.get(node.op)
        if row is None or row.arity is None:
            composed = _OF_MANY.get(node.op, row and row.composed)
            if composed is None:
                raise NotImplementedError(
                    f"a rule uses {node.op!r}, which is not elementwise; write it with operators."
                )
            with differentiating():
                spelled = composed(*operands)
            return self._registers([spelled], known)[0]
        registers = [known[x] if isinstance(x, Value) else self.number(x) for x in operands]
        if node.op == "pow" and not isinstance(operands[1], Value):
            return self.power(registers[0], operands[1])
        return self.append(node.op, *registers)

    def build(self, results: Sequence[int]) -> Expression:
        """Return the expression; a temporary is reused after its last use."""
        constants = tuple(float(text) for text in self._constants)
        where = {name: self.sources + k for k, name in enumerate(self._constants.values())}
        where.update({k: k for k in range(self.sources)})
        last = {x: k for k, (_, operands) in enumerate(self._steps) for x in operands}
        top, free = self.sources + len(constants), list[int]()
        steps = []
        for k, ((operation, operands), name) in enumerate(self._steps.items()):
            registers = tuple(where[x] for x in operands)
            if free:
                where[name] = free.pop()
            else:
                where[name], top = top, top + 1
            steps.append((operation, where[name], registers))
            for x in set(operands):
                if x < 0 and x % 2 and last[x] == k and x not in results:
                    free.append(where[x])
        return Expression(self.sources, constants, tuple(steps), tuple(where[x] for x in results))


def spelled(code: Expression, known: Callable[[str], bool]) -> Expression:
    """Return the same formula with unknown operations as their rows compose them.

    >>> spelled(forward("softsign"), lambda name: name in ("abs", "add", "div")).steps
    (('abs', 2, (0,)), ('add', 3, (1, 2)), ('div', 2, (0, 3)))
    """
    if all(known(operation) for operation, *_ in code.steps):
        return code
    builder = Builder(code.sources)

    def appended(code: Expression, operands: Sequence[int]) -> list[int]:
        at = dict(enumerate([*operands, *map(builder.number, code.constants)]))
        for operation, result, given in code.steps:
            registers = [at[k] for k in given]
            other = None if known(operation) else composition(operation)
            if other is None:
                at[result] = builder.append(operation, *registers)
            else:
                (at[result],) = appended(other, registers)
        return [at[k] for k in code.results]

    return builder.build(appended(code, range(code.sources)))
