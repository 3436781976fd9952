"""What makes nodes: differentiable functions, and the operators of `Value`.

The readable twin of the second half of `c/value`; `value.py` is that of the first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MethodType
from typing import Any

from autograd import errors
from autograd.families import Family
from autograd.reals import is_foreign, real
from autograd.sweep import Rules
from autograd.value import Value, record


class Function:
    """A differentiable function: floats give a float, anything with a Value a new node.

    `forward` takes the operands as floats. `partials` holds one rule for each operand, or
    is a single rule that returns them all where the number of operands is free; a rule
    takes the operands and the result, (*operands, out), and returns ∂out/∂operand. `domain`
    says in words where the function is defined.
    """

    __slots__ = ("__dict__", "arity", "domain", "forward", "name", "partials")

    name: str
    lasting: bool  # of the table, and never freed
    every: Callable[[Sequence[float]], list[float]]  # of functions whose nodes share operands:
    together: Callable[[Sequence[Any]], Any]  # all results, and all partials; see reductions.py

    def __init__(
        self, name: str, forward: Callable[..., float], partials: Rules, domain: str
    ) -> None:
        if hasattr(self, "name"):
            raise errors.made_already(self.name)
        self.name = name
        self.forward = forward
        self.partials = partials
        self.arity = len(partials) if isinstance(partials, tuple) else None
        self.domain = domain

    def __init_subclass__(cls) -> None:
        raise errors.final("Function")

    def __call__(self, *operands: Any) -> Any:
        if self.arity is not None and len(operands) != self.arity:
            raise errors.wrong_count(self.name, self.arity, len(operands))
        exact = tuple([x if x.__class__ is Value else self._number(x) for x in operands])
        numbers: list[Any] = [x._data if x.__class__ is Value else x for x in exact]
        try:
            data = self.forward(*numbers)
        except (ValueError, ZeroDivisionError) as cause:
            raise self._refusal(exact, cause) from None
        for operand in exact:
            if operand.__class__ is Value:
                few = self.arity in (1, 2)
                return record(self, data, *(exact if few else (exact,)))
        return data

    def __get__(self, node: Any, owner: Any = None) -> Any:
        return self if node is None else MethodType(self, node)

    def __repr__(self) -> str:
        return f"<function {self.name} of autograd>"

    def __reduce__(self) -> str:
        return self.name

    def _number(self, operand: Any) -> float:
        number = real(operand)
        if number is None:
            raise errors.bad_operand(self.name, operand)
        return number

    def _refusal(self, operands: tuple[Any, ...], cause: Exception) -> Exception:
        if isinstance(cause, ZeroDivisionError):
            return errors.division_by_zero(self.name, operands)
        return errors.outside_domain(self.name, self.domain, operands)


Function.__module__ = "autograd.primitives"


def share(function: Function, values: Sequence[Any]) -> list[Any]:
    """Return function(*values, k) for each k, as nodes that share their operands."""
    exact = tuple([x if x.__class__ is Value else function._number(x) for x in values])
    numbers: list[Any] = [x._data if x.__class__ is Value else x for x in exact]
    family = Family(exact)
    outs = enumerate(function.every(numbers))
    return [record(function, out, family, float(k)) for k, out in outs]


def install(function: Function, operator: str) -> None:
    """Make `function` the Python operator of that name, its reflected form included."""
    forward = function.forward

    def forwards(self: Value, other: Any) -> Any:
        if other.__class__ is not Value and other.__class__ is not float:
            other = _exact(function, other)
            if other is NotImplemented:
                return other
        number = other._data if other.__class__ is Value else other
        try:
            data = forward(self._data, number)
        except (ValueError, ZeroDivisionError) as cause:
            raise function._refusal((self, other), cause) from None
        return record(function, data, self, other)

    def reflected(self: Value, other: Any) -> Any:
        other = _exact(function, other)
        return other if other is NotImplemented else function(other, self)

    if function.arity == 1:
        setattr(Value, f"__{operator}__", lambda self: function(self))
    else:
        setattr(Value, f"__{operator}__", forwards)
        setattr(Value, f"__r{operator}__", reflected)


def _exact(function: Function, other: Any) -> Any:
    """Return an operand as a Value or a float, or NotImplemented if it may know better."""
    if other.__class__ is Value:
        return other
    number = real(other)
    if number is None:
        if is_foreign(other):
            return NotImplemented
        raise errors.bad_operand(function.name, other)
    return number
