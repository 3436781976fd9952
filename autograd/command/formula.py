"""A formula in Python notation, read into a function of numbers without running any of it.

`ast` parses the text; names, numbers, operators and this package's functions are allowed and
nothing else. What is left is a list of steps in postfix order, so that neither reading nor
computing recurses.
"""

from __future__ import annotations

import ast
import math
import operator
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import autograd as ag
from autograd.command.nearest import nearest
from autograd.errors import short
from autograd.table import PRIMITIVES

LONGEST = 10_000  # characters of a formula
DEEPEST = 500  # operations inside each other
CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau}
OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Pow: "pow",
    ast.FloorDiv: "floordiv", ast.Mod: "mod", ast.USub: "neg",
}  # fmt: skip
NUMBERS = {
    name: getattr(ag, name)
    for name, row in PRIMITIVES.items()
    if row.arity is not None and (name in ag.__all__ or row.function is getattr(ag, name, None))
}


class Reduction(NamedTuple):
    """A function of lists: how many come first, how many numbers may follow, what it returns."""

    function: Callable[..., Any]
    lists: int = 1
    numbers: tuple[int, ...] = (0,)
    of_lists: bool = False


LISTS = {
    "dot": Reduction(ag.dot, 2, (0, 1)),
    "total": Reduction(ag.total),
    "mean": Reduction(ag.mean),
    "logsumexp": Reduction(ag.logsumexp),
    "softmax": Reduction(ag.softmax, of_lists=True),
    "log_softmax": Reduction(ag.log_softmax, of_lists=True),
    "take": Reduction(lambda values, k: PRIMITIVES["take"](*values, k), 1, (1,)),
}
FUNCTIONS = [*NUMBERS, *LISTS]


class Misuse(ValueError):
    """The command was given something it cannot use."""


class Call(NamedTuple):
    """Apply a function to the last results, `operands` of them; `size` numbers, None for one."""

    function: Callable[..., Any]
    operands: int
    size: int | None


class Formula(NamedTuple):
    """What was read: steps in postfix order, and the variables in the order they are met."""

    text: str
    steps: Sequence[float | str | Call]
    variables: Sequence[str]

    def __call__(self, numbers: Mapping[str, Any]) -> Any:
        """Return the result at these numbers or Values, by name."""
        stack: list[Any] = []
        for step in self.steps:
            if isinstance(step, Call):
                first = len(stack) - step.operands
                stack[first:] = [step.function(*stack[first:])]
            else:
                stack.append(numbers[step] if isinstance(step, str) else step)
        return stack[0]


def read(text: str, known: Iterable[str]) -> Formula:
    """Return the formula in `text`, with `known` variables. Raises Misuse for anything else.

    >>> read("tanh(a*b) + 1", ["a", "b"])({"a": 0.0, "b": 2.0})
    1.0
    >>> read("tahn(a)", ["a"])
    Traceback (most recent call last):
    autograd.command.formula.Misuse: there is no function 'tahn'; did you mean 'tanh'?
    """
    reader = _Reader(known)
    steps: list[float | str | Call] = []
    sizes: list[int | None] = []
    for node in _postfix(_parsed(text)):
        step = reader.step(node, sizes)
        count, size = (step.operands, step.size) if isinstance(step, Call) else (0, None)
        sizes[len(sizes) - count :] = [size]
        steps.append(step)
    if sizes != [None]:
        raise Misuse("the formula is a list; take one of its numbers, as in softmax([a, b])[0].")
    variables = [step for step in steps if isinstance(step, str)]
    return Formula(text, steps, list(dict.fromkeys(variables)))


def _parsed(text: str) -> ast.expr:
    if len(text) > LONGEST:
        raise Misuse(f"a formula has at most {LONGEST} characters; got {len(text)}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python thinks of the text is no matter
            return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as cause:
        reason = getattr(cause, "msg", cause)
        if "nested" in str(reason):
            raise _too_deep() from None
        raise Misuse(f"{short(text)} is no formula: {reason}.") from None
    except (MemoryError, RecursionError):
        raise _too_deep() from None


def _too_deep() -> Misuse:
    return Misuse(f"a formula has at most {DEEPEST} operations inside each other; got more.")


def _postfix(tree: ast.expr) -> list[ast.expr]:
    """Return the nodes, operands before the operations that use them."""
    order = []
    stack: list[tuple[ast.expr, int]] = [(tree, 0)]
    while stack:  # an operation, then its operands from the last to the first
        node, depth = stack.pop()
        if depth > DEEPEST:
            raise _too_deep()
        order.append(node)
        stack += [(operand, depth + 1) for operand in _operands(node)]
    return order[::-1]


def _operands(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    if isinstance(node, ast.Call):
        return [] if node.keywords else node.args
    if isinstance(node, ast.List | ast.Tuple):
        return node.elts
    return [node.value] if isinstance(node, ast.Subscript) else []


class _Reader:
    """Turns a node into a step, if it is allowed."""

    def __init__(self, known: Iterable[str]) -> None:
        self.known = list(known)

    def step(self, node: ast.expr, sizes: list[int | None]) -> float | str | Call:
        """Return the step of a node whose operands yielded the last of `sizes`."""
        if isinstance(node, ast.Constant):
            return _number(node)
        if isinstance(node, ast.Name):
            return self._name(node.id)
        operands = _operands(node)
        given = sizes[len(sizes) - len(operands) :] if operands else []
        if isinstance(node, ast.List | ast.Tuple):
            return Call(lambda *items: list(items), len(given), _scalars("a list", given))
        if isinstance(node, ast.Subscript):
            return _item(node, given[0])
        if isinstance(node, ast.Call):
            return self._call(node, given)
        if isinstance(node, ast.BinOp | ast.UnaryOp):
            return _operation(node, given)
        raise _refused(node)

    def _name(self, name: str) -> float | str:
        if name in self.known:
            return name
        if name in CONSTANTS:
            return CONSTANTS[name]
        if name in FUNCTIONS:
            raise Misuse(f"{name} is a function; write it with its operands, {name}(…).")
        near = nearest(name, self.known)
        raise Misuse(f"there is no number for {name!r};{near} add {name}=NUMBER.")

    def _call(self, node: ast.Call, given: list[int | None]) -> Call:
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise _refused(node)
        name = node.func.id
        if name in NUMBERS:
            _scalars(name, given)
            if len(given) != (arity := PRIMITIVES[name].arity):
                raise Misuse(f"{name} takes {arity} operands; got {len(given)}.")
            return Call(NUMBERS[name], len(given), None)
        if name in LISTS:
            return _reduction(name, given)
        near = nearest(name, FUNCTIONS)
        raise Misuse(f"there is no function {name!r};{near or ' there are ' + _all()}")


def _all() -> str:
    return f"{', '.join(sorted(FUNCTIONS))}."


def _number(node: ast.Constant) -> float:
    if node.value.__class__ not in (int, float):
        raise _refused(node)
    try:
        number = float(node.value)
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        raise Misuse(f"{_written(node)} is beyond the range of a float, 1.8e308.")
    return number


def _operation(node: ast.BinOp | ast.UnaryOp, given: list[int | None]) -> Call:
    _scalars("an operator", given)
    name = OPERATORS.get(type(node.op))
    if name:
        return Call(PRIMITIVES[name].function, len(given), None)
    if isinstance(node.op, ast.UAdd):
        return Call(lambda x: x, 1, None)
    way_out = " Write a power as a**b." if isinstance(node.op, ast.BitXor) else ""
    raise Misuse(f"the operators are + - * / ** // %; got {_written(node)}.{way_out}")


def _reduction(name: str, given: list[int | None]) -> Call:
    function, lists, numbers, of_lists = LISTS[name]
    first, rest = given[:lists], given[lists:]
    if None in first or len(first) < lists or any(rest) or len(rest) not in numbers:
        more = "".join([f", number {k}" for k in range(1, max(numbers) + 1)])
        form = ", ".join(["[a, b, …]"] * lists) + more
        raise Misuse(f"{name} is written {name}({form}); it got something else.")
    return Call(function, len(given), first[0] if of_lists else None)


def _item(node: ast.Subscript, size: int | None) -> Call:
    index = node.slice.value if isinstance(node.slice, ast.Constant) else None
    if size is None or index.__class__ is not int or not 0 <= index < size:
        raise Misuse(f"[…] takes a number of a list by its place, from 0; got {_written(node)}.")
    return Call(operator.itemgetter(index), 1, None)


def _scalars(name: str, given: list[int | None]) -> int:
    """Return how many operands there are. Raises Misuse for one that is a list, or for none."""
    if any(size is not None for size in given) or not given:
        raise Misuse(f"{name} takes numbers, at least one; got {'a list' if given else 'none'}.")
    return len(given)


def _refused(node: ast.expr) -> Misuse:
    kind = type(node).__name__.lower()
    return Misuse(
        f"a formula has names, numbers, + - * / ** and functions such as tanh(x); "
        f"got {_written(node)} ({kind})."
    )


def _written(node: ast.expr) -> str:
    """Return the text of a node, cut short; a deep one cannot be written."""
    try:
        return short(ast.unparse(node))[1:-1] if node else ""
    except (RecursionError, ValueError):  # digits of a whole number without end
        return "a long expression"


def variable(assignment: str) -> tuple[str, float]:
    """Return the name and number of `name=number`. Raises Misuse for anything else.

    >>> variable("a=-3")
    ('a', -3.0)
    """
    name, equals, text = assignment.partition("=")
    name = unicodedata.normalize("NFKC", name.strip())  # as Python reads names
    if not equals or not name.isidentifier():
        raise Misuse(f"a variable is given as name=number; got {short(assignment)}.")
    try:
        number = float(text)
    except ValueError:
        raise Misuse(f"{name} must be a number; got {short(text)}.") from None
    if not math.isfinite(number):
        raise Misuse(f"{name} must be finite; got {short(text)}.")
    return name, number
