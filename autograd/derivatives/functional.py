"""Derivatives of functions, nested to any order.

Arguments are numbers, Values, or nested lists, tuples, dicts and NumPy arrays of them, and
results have the same structure. How a function is called for it, and when its results are
Values, is the subject of `calls.py`; the sweeps over its graph are that of `sweeps.py`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from autograd import engine, modes
from autograd.derivatives.calls import as_node, called
from autograd.derivatives.chain_rule import (
    Linear,
    as_number,
    as_operand,
    gradients,
    linear,
    tangents_of,
)
from autograd.derivatives.trees import blocks, leaves, like, packed, shape, size, unflatten
from autograd.engine import Value
from autograd.reductions import dot, total

__all__ = [
    "derivative",
    "grad",
    "gradients",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "value_and_grad",
    "vjp",
]


_F = Callable[..., Any]


def _presented(kind: str, f: Callable[..., Any], argnums: Any) -> Callable[[_F], _F]:
    """Return a decorator that gives a derivative of f its name, signature and text."""
    name = getattr(f, "__name__", type(f).__name__)
    text = f"Return {kind}({name}) by argument {argnums}."
    text += f" {name}:\n\n{inspect.getdoc(f)}" if inspect.getdoc(f) else ""

    def decorate(derivative: _F) -> _F:
        derivative = wraps(f)(derivative)
        derivative.__name__ = derivative.__qualname__ = f"{kind}({name})"
        derivative.__doc__ = text
        return derivative

    return decorate


def value_and_grad(f: Callable[..., Any], argnums: Any = 0) -> Callable[..., Any]:
    """Return a function that gives (f, ∂f/∂argument), with one evaluation of f.

    `argnums` is the position of the argument to differentiate by, or several positions,
    which give a tuple of gradients. f returns one number. The result plugs into
    `scipy.optimize.minimize(..., jac=True)`.

    >>> from autograd import value_and_grad
    >>> value_and_grad(lambda p: p["a"] * p["b"])({"a": 2.0, "b": 5.0})
    (10.0, {'a': 5.0, 'b': 2.0})
    """

    @_presented("value_and_grad", f, argnums)
    def value_and_gradient(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        call = called(f, args, kwargs, argnums)
        return call.result(call.root), call.adjoints(call.root)

    return value_and_gradient


def grad(f: Callable[..., Any], argnums: Any = 0) -> Callable[..., Any]:
    """Return the function ∂f/∂argument; `argnums` as for `value_and_grad`.

    >>> from autograd import grad, sin
    >>> grad(sin)(0.0)
    1.0
    >>> grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0)
    6.0
    """
    both = value_and_grad(f, argnums)

    @_presented("grad", f, argnums)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def derivative(f: Callable[[Any], Any], order: int = 1) -> Callable[[Any], Any]:
    """Return the derivative of f of the given order, a function of one number.

    >>> from autograd import derivative
    >>> derivative(lambda x: x**3, order=2)(5.0)
    30.0
    """
    if not hasattr(order, "__index__") or order < 0:
        raise ValueError(f"order must be a whole number, 0 or more; got {order!r}.")
    for _ in range(order):
        f = grad(f)
    return f


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """Return (f(*primals), pullback): reverse mode, one sweep for each pullback.

    The pullback takes a cotangent u of the structure of f's result and returns uᵀJ as a
    tuple, one entry for each primal.

    >>> from autograd import vjp
    >>> value, pullback = vjp(lambda x: [x[0] * x[1], x[0]], [3.0, 4.0])
    >>> value, pullback([1.0, 10.0])
    ([12.0, 3.0], ([14.0, 3.0],))
    """
    call = called(f, primals, {}, range(len(primals)))
    outputs = [as_node(x) for x in leaves(call.outputs)]

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        weights = _matching("cotangent", cotangent, outputs)
        nested = call.nested or any(x.__class__ is Value for x in weights)
        with modes.differentiating():
            root = dot(outputs, weights)
        return call._replace(nested=nested).adjoints(root)  # type: ignore[no-any-return]

    return call.result(call.outputs), pullback


def jvp(f: Callable[..., Any], primals: Any, tangents: Any) -> tuple[Any, Any]:
    """Return (f(*primals), J · tangents): forward mode, one sweep, from the same partials.

    `tangents` has the structure of `primals`, a tuple of f's arguments.

    >>> from autograd import jvp
    >>> jvp(lambda x, y: x * y, (3.0, 4.0), (1.0, 10.0))
    (12.0, 34.0)
    """
    for name, arguments in (("primals", primals), ("tangents", tangents)):
        if not isinstance(arguments, list | tuple):
            raise TypeError(
                f"{name} must be a tuple, one entry for each argument of f; "
                f"got {type(arguments).__name__}. Write jvp(f, (x,), (v,)) for a single one."
            )
    directions = _matching("tangents", tangents, leaves(tuple(primals)))
    call = called(f, tuple(primals), {}, range(len(primals)))
    nested = call.nested or any(x.__class__ is Value for x in directions)
    call = call._replace(nested=nested)
    outputs = [as_node(x) for x in leaves(call.outputs)]
    inputs = leaves(call.inputs)
    seeds = dict(zip(inputs, directions, strict=True))
    found = tangents_of(outputs, seeds, _forward_linear(outputs, inputs, nested))
    if nested:
        found = [as_node(x) for x in found]
    return call.result(call.outputs), call.result(unflatten(call.outputs, found))


def _forward_linear(outputs: list[Value], inputs: list[Value], nested: bool) -> Linear:
    with modes.differentiating():
        return linear(as_node(total(outputs)), inputs, as_operand if nested else as_number)


def jacobian(f: Callable[..., Any], argnums: Any = 0) -> Callable[..., Any]:
    """Return the function ∂f/∂argument for an f of any outputs, by the cheaper mode.

    The result has the structure of f's result, with the structure of the argument in place
    of each number; an array by an array gives one array of shape outputs + inputs.

    >>> from autograd import jacobian
    >>> jacobian(lambda x: [x[0] * x[1], x[0] + x[1]])([3.0, 4.0])
    [[4.0, 3.0], [1.0, 1.0]]
    """

    @_presented("jacobian", f, argnums)
    def matrix(*args: Any, **kwargs: Any) -> Any:
        call = called(f, args, kwargs, argnums)
        outputs = [as_node(x) for x in leaves(call.outputs)]
        rows = _jacobian_rows(outputs, leaves(call.inputs), call.nested)
        return _nested_blocks(call.outputs, call.inputs, rows)

    return matrix


def _jacobian_rows(outputs: list[Value], inputs: list[Value], nested: bool) -> list[list[Any]]:
    if not _forward_is_cheaper(outputs, len(inputs)):
        return [gradients(y, inputs, build_graph=nested) for y in outputs]
    through = _forward_linear(outputs, inputs, nested)
    columns = [tangents_of(outputs, {x: 1.0}, through) for x in inputs]
    return [[as_node(x) if nested else x for x in row] for row in zip(*columns, strict=True)]


def _forward_is_cheaper(outputs: list[Value], inputs: int) -> bool:
    """Return whether a sweep for each input visits fewer nodes than one for each output."""
    with modes.differentiating():
        allowed = inputs * (len(engine.topological(as_node(total(outputs)))) - 1)
    for output in outputs:
        allowed -= len(engine.topological(output))
        if allowed < 0:
            return True
    return False


def _nested_blocks(outputs: Any, inputs: Any, rows: list[list[Any]]) -> Any:
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


def hessian(f: Callable[..., Any], argnums: Any = 0) -> Callable[..., Any]:
    """Return the function ∂²f/∂argument², structured as the Jacobian of the gradient.

    >>> from autograd import hessian
    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 4.0])
    [[8.0, 6.0], [6.0, 0.0]]
    """
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Callable[..., Any], x: Any, v: Any) -> Any:
    """Return the product of the Hessian of f at x with v, without forming the Hessian.

    >>> from autograd import hvp
    >>> hvp(lambda x: x[0] ** 2 * x[1], [3.0, 4.0], [1.0, 0.0])
    [8.0, 6.0]
    """
    return vjp(grad(f), x)[1](v)[0]


def _matching(name: str, tree: Any, others: Sequence[Any]) -> list[Any]:
    """Return the leaves of a tangent or cotangent, as many as there must be."""
    found = leaves(tree)
    if len(found) != len(others):
        raise ValueError(f"{name} must have {len(others)} numbers; got {len(found)}.")
    return found
