"""What each kind of derivative is, once the function has been called on its nodes.

A derivative is data here, a `Step` away from its function, so that whoever compiles functions can
take it apart (`steps_of`), and find the same numbers another way. Functions that do so are
`Compiled`: every derivative of one is compiled as well.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from types import FunctionType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from autograd import engine, modes
from autograd.derivatives.calls import Call, as_node, called
from autograd.derivatives.chain_rule import (
    Linear,
    as_number,
    as_operand,
    gradients,
    linear,
    tangents_of,
)
from autograd.derivatives.sparsity import compressed, entries, pattern
from autograd.derivatives.trees import blocks, leaves, like, packed, shape, size
from autograd.engine import Value
from autograd.reductions import total


class Step(NamedTuple):
    """One derivative of a function: its kind, a key of `KINDS`, and by which arguments."""

    kind: str
    argnums: Any = 0

    def of(self, call: Call) -> Any:
        """Return the derivative of a function that was called."""
        return KINDS[self.kind](call)


class Compiled(ABC):
    """A function whose derivatives are compiled, as `jit` makes them."""

    @abstractmethod
    def derived(self, step: Step) -> Compiled:
        """Return a derivative of it."""

    @abstractmethod
    def vjp(self, *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
        """Return what the function `vjp` does."""

    @abstractmethod
    def jvp(self, primals: Any, tangents: Any) -> tuple[Any, Any]:
        """Return what the function `jvp` does."""

    @abstractmethod
    def hvp(self, x: Any, v: Any) -> Any:
        """Return what the function `hvp` does."""


_steps: WeakKeyDictionary[FunctionType, tuple[Callable[..., Any], Step]] = WeakKeyDictionary()


def steps_of(f: Callable[..., Any]) -> tuple[Callable[..., Any], tuple[Step, ...]]:
    """Return the function that f is a derivative of, and the steps from there, innermost first.

    >>> from autograd import grad, jacobian, sin
    >>> steps_of(jacobian(grad(sin)))[1]
    (Step(kind='grad', argnums=0), Step(kind='jacobian', argnums=0))
    """
    found: tuple[Step, ...] = ()
    while isinstance(f, FunctionType) and f in _steps:
        f, step = _steps[f]
        found = (step, *found)
    return f, found


def derived(f: Callable[..., Any], step: Step) -> Callable[..., Any]:
    """Return a derivative of f, with its name, signature and text."""
    if isinstance(f, Compiled):
        return f.derived(step)

    find = _kept(f, step) if step.kind in KEPT else None

    @wraps(f)
    def derivative(*args: Any, **kwargs: Any) -> Any:
        return find(*args, **kwargs) if find else step.of(called(f, args, kwargs, step.argnums))

    name = getattr(f, "__name__", type(f).__name__)
    text = f"Return {step.kind}({name}) by argument {step.argnums}."
    text += f" {name}:\n\n{inspect.getdoc(f)}" if inspect.getdoc(f) else ""
    derivative.__name__ = derivative.__qualname__ = f"{step.kind}({name})"
    derivative.__doc__ = text
    _steps[derivative] = f, step  # type: ignore[index]
    return derivative


def _kept(f: Callable[..., Any], step: Step) -> Callable[..., Any] | None:
    """Return what keeps all that follows from a graph, where all steps are by the same arguments.

    It compiles, and is loaded when first needed.
    """
    base, chain = steps_of(f)
    chain = (*chain, step)
    if {x.argnums for x in chain} != {step.argnums}:
        return None
    found: Callable[..., Any] = import_module("autograd.program.jitting.kept").Kept(base, chain)
    return found


def _gradient(call: Call) -> Any:
    return call.adjoints(call.root)


def _value_and_gradient(call: Call) -> Any:
    return call.result(call.root), call.adjoints(call.root)


def _jacobian(call: Call) -> Any:
    outputs = [as_node(x) for x in leaves(call.outputs)]
    rows = jacobian_rows(outputs, leaves(call.inputs), call.nested)
    return nested_blocks(call.outputs, call.inputs, rows)


def _sparse_jacobian(call: Call) -> Any:
    return _sparse(call, symmetric=False)


def _sparse_hessian(call: Call) -> Any:
    return _sparse(call, symmetric=True)


def _sparse(call: Call, symmetric: bool) -> Any:
    """Return the Jacobian of a call as a sparse matrix, its leaves and arguments in a row each."""
    if call.nested:
        raise TypeError(
            "a sparse matrix holds numbers; it was asked for at a Value, or inside of another "
            "derivative. Leave out sparse=True there."
        )
    outputs, inputs = [as_node(x) for x in leaves(call.outputs)], leaves(call.inputs)
    through = forward_linear(outputs, inputs, nested=True)
    found = compressed(pattern(outputs, inputs, through), len(inputs), symmetric)
    with modes.differentiating():
        return found.matrix(entries(found, outputs, inputs, through))


KINDS: dict[str, Callable[[Call], Any]] = {
    "grad": _gradient,
    "value_and_grad": _value_and_gradient,
    "jacobian": _jacobian,
    "sparse_jacobian": _sparse_jacobian,
    "sparse_hessian": _sparse_hessian,
}

KEPT = "sparse_jacobian", "sparse_hessian"  # worth it: patterns and colourings take long to find


def jacobian_rows(outputs: list[Value], inputs: list[Value], nested: bool) -> list[list[Any]]:
    """Return ∂output/∂input, a row for each output, by the cheaper mode."""
    if not _forward_is_cheaper(outputs, len(inputs)):
        return [gradients(y, inputs, build_graph=nested) for y in outputs]
    through = forward_linear(outputs, inputs, nested)
    columns = [tangents_of(outputs, {x: 1.0}, through) for x in inputs]
    return [[as_node(x) if nested else x for x in row] for row in zip(*columns, strict=True)]


def forward_linear(outputs: list[Value], inputs: list[Value], nested: bool) -> Linear:
    """Return the local partials between inputs and outputs, as nodes if nested."""
    with modes.differentiating():
        return linear(as_node(total(outputs)), inputs, as_operand if nested else as_number)


def _forward_is_cheaper(outputs: list[Value], inputs: int) -> bool:
    """Return whether a sweep for each input visits fewer nodes than one for each output."""
    with modes.differentiating():
        allowed = inputs * (len(engine.topological(as_node(total(outputs)))) - 1)
    for output in outputs:
        allowed -= len(engine.topological(output))
        if allowed < 0:
            return True
    return False


def nested_blocks(outputs: Any, inputs: Any, rows: list[list[Any]]) -> Any:
    """Put the entries of a Jacobian into the structure of outputs, with inputs inside."""
    by_output, row = [], 0
    for y in blocks(outputs):
        by_input, column = [], 0
        for x in blocks(inputs):
            part = [r[column : column + size(x)] for r in rows[row : row + size(y)]]
            both = (*(shape(y) or ()), *(shape(x) or ()))
            scalar = shape(y) is None and shape(x) is None
            by_input.append(packed([e for r in part for e in r], None if scalar else both))
            column += size(x)
        by_output.append(like(inputs, by_input))
        row += size(y)
    return like(outputs, by_output)
