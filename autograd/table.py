"""What a row of the table of primitives is, and how one is added.

A row says how a function is computed, differentiated, written and drawn. `primitives.py`,
`reductions.py` and the files of `rows/` hold the rows themselves.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from autograd import errors
from autograd.engine import Function
from autograd.introduction import introduce, require_composition
from autograd.sweep import Rules, local


class Domain(NamedTuple):
    """An interval an operand must lie in, and the words that say so in an error."""

    low: float
    high: float
    text: str


REALS = Domain(-math.inf, math.inf, "every real x")
FINITE = Domain(-math.inf, math.inf, "finite x")
POSITIVE = Domain(0.0, math.inf, "x > 0")
NOT_NEGATIVE = Domain(0.0, math.inf, "x >= 0")
ABOVE_MINUS_ONE = Domain(-1.0, math.inf, "x > -1")
FROM_ONE = Domain(1.0, math.inf, "x >= 1")
UNIT_CLOSED = Domain(-1.0, 1.0, "-1 <= x <= 1")
UNIT_OPEN = Domain(-1.0, 1.0, "-1 < x < 1")

# How tightly a formula binds: an operand that binds less is put in brackets.
SUM, PRODUCT, SIGN, POWER, CALL = range(1, 6)


class Primitive(NamedTuple):
    """One row of the table.

    `arity` is the number of operands, None where it is free. `partials` holds a rule for
    each operand, or one rule that returns them all. In `symbol` (Python notation) and
    `latex`, #1 #2 … stand for the operands, ## for all of them, separated by commas, #* for
    all but the last and #$ for the last. `numpy` is the name of the ufunc, if there is one;
    `composed` is the same function in terms of other rows, if anybody has written it so.
    `textbook` is the rule of one operand in the form that books have and explanations show,
    where that form loses digits: 1 - a² of tanh is 0 from x = 19 on.
    """

    name: str
    forward: Callable[..., float]
    partials: Rules
    symbol: str
    latex: str
    precedence: int
    domain: tuple[Domain, ...]
    numpy: str
    function: Function
    composed: Callable[..., Any] | None = None
    textbook: Callable[..., Any] | None = None

    @property
    def written(self) -> Rules:
        """The rules as people read them: `partials`, or what `textbook` says instead."""
        return (self.textbook,) if self.textbook else self.partials

    @property
    def arity(self) -> int | None:
        """The number of operands, None where it is free."""
        return len(self.partials) if isinstance(self.partials, tuple) else None

    def __call__(self, *operands: Any) -> Any:
        return self.function(*operands)

    def local(self, operands: Sequence[Any], out: Any, slots: Iterable[int]) -> list[Any]:
        """Return ∂out/∂operand for the operands at `slots`, as numbers or as nodes."""
        return local(self.partials, operands, out, slots)


PRIMITIVES: dict[str, Primitive] = {}


def primitive(
    name: str,
    forward: Callable[..., float],
    *partials: Callable[..., Any],
    many: bool = False,
    symbol: str = "",
    latex: str = "",
    precedence: int = CALL,
    domain: Domain | tuple[Domain, ...] = REALS,
    words: str = "",
    numpy: str = "",
    composed: Callable[..., Any] | None = None,
    textbook: Callable[..., Any] | None = None,
    doc: str = "",
) -> Function:
    """Add a row to the table and return its function.

    A new function of one or two operands becomes a method of `Value` too, which is how
    NumPy applies its own to arrays of objects, and is covered by the tests, which iterate the
    table. With `many`, the single rule returns every partial. A program runs a row that is
    `composed` of other rows as fast as those; one that is not moves the whole program to NumPy,
    where this row runs number by number, unless `numpy` names a ufunc.

    Raises TypeError without a partial, and ValueError where a row of your own is composed of
    others in a way that gives other numbers.

    >>> import math
    >>> from autograd import Value
    >>> from autograd.table import PRIMITIVES, primitive
    >>> cube = primitive("cube", lambda x: x * x * x, lambda x, out: 3 * x * x)
    >>> v = Value(2.0)
    >>> cube(v).backward()
    >>> v.grad
    12.0
    >>> del PRIMITIVES["cube"], Value.cube
    """
    rules = _rules(name, partials, many)
    domains = domain if isinstance(domain[0], Domain) else (domain,) * len(partials)
    operands = "(##)" if many or len(partials) > 1 else "(#1)"
    symbol = symbol or name + operands
    latex = latex or rf"\operatorname{{{name.replace('_', ' ')}}}" + operands
    function = Function(name, forward, rules, words or domains[0].text)
    texts, ways = (symbol, latex, precedence), (composed, textbook)
    module = sys._getframe(1).f_globals.get("__name__", "")
    function.lasting = module.startswith("autograd.")
    row = Primitive(name, forward, rules, *texts, domains, numpy, function, *ways)
    if composed and not function.lasting:  # whose rows have tests
        require_composition(row)
    introduce(row, module, doc, precedence == CALL)
    PRIMITIVES[name] = function.row = row
    return function


def _rules(name: str, partials: tuple[Callable[..., Any], ...], many: bool) -> Rules:
    """Return the rule for each operand, or the single one for many. Raises TypeError for none."""
    if not partials:
        raise errors.no_partials(name)
    return partials[0] if many else partials
