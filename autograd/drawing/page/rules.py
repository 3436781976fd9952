"""The arithmetic of the page: JavaScript made from the rows of the table of primitives.

A row's forward is one of `elementary.js`, or what it is `composed` of; its partials are its rules,
recorded as a graph and written down step by step. A row of which neither is known cannot be
computed in the page: its nodes keep the engine's numbers, and the page says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from autograd import modes
from autograd.drawing.page.literals import number
from autograd.engine import Value, topological
from autograd.table import PRIMITIVES, Primitive

VARIADIC = ("dot", "total", "mean", "logsumexp", "softmax", "log_softmax", "take")


class Rules:
    """The functions that some nodes need, each written once.

    >>> rules = Rules()
    >>> rules.index("mul", 2)
    0
    >>> print(rules.script())
    const rules = [
    { forward: (x) => f.mul(x[0], x[1]), partials: (x, out) => [x[1], x[0]] },
    ];
    <BLANKLINE>
    """

    def __init__(self) -> None:
        self._places: dict[tuple[str, int], int] = {}
        self._written: list[str] = []
        self._functions: dict[str, str] = {}  # composed ones, those they need before them

    def index(self, op: str, operands: int) -> int:
        """Return the place of an operation of so many operands; -1 where it cannot be written."""
        if (op, operands) not in self._places:
            place = len(self._written)
            try:
                self._written.append(self._rule(op, operands))
            except Unwritable:
                place = -1
            self._places[op, operands] = place
        return self._places[op, operands]

    def script(self) -> str:
        """Return the definitions, in an order in which each has what it needs."""
        functions = "".join(f"f.{name} = {text};\n" for name, text in self._functions.items())
        rules = "".join(f"{rule},\n" for rule in self._written)
        return f"{functions}const rules = [\n{rules}];\n"

    def _rule(self, op: str, operands: int) -> str:
        row = _row(op)
        self._require(op)
        inputs = [f"x[{k}]" for k in range(operands)]
        forward = _call(op, inputs, inputs)
        leaves, out = [Value(x) for x in _point(row, operands)], Value(0.5)
        with modes.differentiating():
            partials = _partials(row, leaves, out)
            written = [row.textbook(*leaves, out)] if row.textbook else []
        names = dict(zip([*leaves, out], [*inputs, "out"], strict=True))
        body, said = (
            self._body(found, dict(names), inputs, lambda found: f"[{', '.join(found)}]")
            for found in (partials, written)
        )
        also = f", textbook: (x, out) => {said}" if written else ""
        return f"{{ forward: (x) => {forward}, partials: (x, out) => {body}{also} }}"

    def _require(self, op: str) -> None:
        """Write a function that is composed of others. Raises Unwritable where it is not."""
        row = _row(op)
        if op in elementary() or op in self._functions:
            return
        if row.composed is None or row.arity is None:
            raise Unwritable(op)
        inputs = [f"x{k}" for k in range(row.arity)]
        leaves = [Value(x) for x in _point(row, row.arity)]
        with modes.differentiating():
            formula = row.composed(*leaves)
        names = dict(zip(leaves, inputs, strict=True))
        body = self._body([formula], names, inputs, lambda found: found[0])
        self._functions[op] = f"({', '.join(inputs)}) => {body}"

    def _body(
        self,
        results: Sequence[Any],
        names: dict[Value, str],
        inputs: list[str],
        gather: Callable[[list[str]], str],
    ) -> str:
        """Return an expression, or a block of steps, that computes the results."""
        lines: list[str] = []
        for node in _steps(results):
            if node not in names and node.op:
                self._require(node.op)
                operands = [_written(x, names) for x in node.operands]
                names[node] = f"t{len(lines)}"
                lines.append(f"const t{len(lines)} = {_call(node.op, operands, inputs)};")
        outcome = gather([_written(x, names) for x in results])
        return f"{{ {' '.join(lines)} return {outcome}; }}" if lines else outcome


class Unwritable(Exception):
    """A row has no forward that JavaScript knows, and is not composed of rows that have."""


@cache
def elementary() -> frozenset[str]:
    """Return the names of the functions of `elementary.js`."""
    source = files("autograd.drawing.page").joinpath("elementary.js").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^  (\w+):", source, re.M))


def _row(op: str) -> Primitive:
    """Return a row of the table: one of ours, or one that is composed of ours."""
    row = PRIMITIVES.get(op)
    ours = row is not None and row.function.__module__.split(".")[0] == "autograd"
    if row is None or (not ours and row.composed is None):
        raise Unwritable(op)
    return row


def _point(row: Primitive, operands: int) -> list[float]:
    """Return operands at which the rule can be recorded; the last may be an index."""
    if row.arity is None:
        return [0.5 + k / 8 for k in range(operands - 1)] + [0.0 if "#$" in row.symbol else 0.25]
    return [0.5 if low < 0.5 else low + 1.0 for low, _, _ in row.domain]


def _partials(row: Primitive, operands: Sequence[Any], out: Any) -> list[Any]:
    try:
        return row.local(operands, out, range(len(operands)))
    except (TypeError, ValueError, ArithmeticError) as cause:
        raise Unwritable(row.name) from cause


def _steps(results: Iterable[Any]) -> Iterator[Value]:
    seen: set[Value] = set()
    for result in results:
        if result.__class__ is Value:
            for node in topological(result):
                if node not in seen:
                    seen.add(node)
                    yield node


def _written(operand: Any, names: dict[Value, str]) -> str:
    if operand.__class__ is Value and operand in names:
        return names[operand]
    return number(float(operand.data if operand.__class__ is Value else operand))


def _call(op: str, operands: list[str], inputs: list[str]) -> str:
    if op not in VARIADIC:
        return f"f.{op}({', '.join(operands)})"
    most = len(inputs) - 1
    for count in (len(inputs), most):
        if count > 1 and operands[:count] == inputs[:count] and inputs[0] == "x[0]":
            first = "...x" if count == len(inputs) else f"...x.slice(0, {count})"
            return f"f.{op}([{', '.join([first, *operands[count:]])}])"
    return f"f.{op}([{', '.join(operands)}])"
