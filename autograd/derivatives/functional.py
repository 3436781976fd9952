"""Derivatives of functions, nested to any order.

Arguments are numbers, Values, or nested lists, tuples, dicts and NumPy arrays of them, and
results have the same structure. How a function is called for it, and when its results are
Values, is the subject of `calls.py`; what is then made of its graph, that of `kinds.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd import modes
from autograd.derivatives.calls import as_node, called
from autograd.derivatives.chain_rule import gradients, tangents_of
from autograd.derivatives.kinds import Compiled, Step, derived, forward_linear
from autograd.derivatives.trees import leaves, unflatten
from autograd.engine import Value
from autograd.reductions import dot

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


def value_and_grad(f: Callable[..., Any], argnums: Any = 0) -> Callable[..., Any]:
    """Return a function that gives (f, ∂f/∂argument), with one evaluation of f.

    `argnums` is the position of the argument to differentiate by, or several positions,
    which give a tuple of gradients. f returns one number. The result plugs into
    `scipy.optimize.minimize(..., jac=True)`.

    >>> from autograd import value_and_grad
    >>> value_and_grad(lambda p: p["a"] * p["b"])({"a": 2.0, "b": 5.0})
    (10.0, {'a': 5.0, 'b': 2.0})
    """
    return derived(f, Step("value_and_grad", _hashable(argnums)))


def grad(f: Callable[..., Any], argnums: Any = 0) -> Callable[..., Any]:
    """Return the function ∂f/∂argument; `argnums` as for `value_and_grad`.

    >>> from autograd import grad, sin
    >>> grad(sin)(0.0)
    1.0
    >>> grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0)
    6.0
    """
    return derived(f, Step("grad", _hashable(argnums)))


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
    if isinstance(f, Compiled):
        return f.vjp(*primals)
    call = called(f, primals, {}, range(len(primals)))
    outputs = [as_node(x) for x in leaves(call.outputs)]

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        weights = matching("cotangent", cotangent, outputs)
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
    if isinstance(f, Compiled):
        return f.jvp(primals, tangents)
    for name, arguments in (("primals", primals), ("tangents", tangents)):
        if not isinstance(arguments, list | tuple):
            raise TypeError(
                f"{name} must be a tuple, one entry for each argument of f; "
                f"got {type(arguments).__name__}. Write jvp(f, (x,), (v,)) for a single one."
            )
    directions = matching("tangents", tangents, leaves(tuple(primals)))
    call = called(f, tuple(primals), {}, range(len(primals)))
    nested = call.nested or any(x.__class__ is Value for x in directions)
    call = call._replace(nested=nested)
    outputs = [as_node(x) for x in leaves(call.outputs)]
    inputs = leaves(call.inputs)
    seeds = dict(zip(inputs, directions, strict=True))
    found = tangents_of(outputs, seeds, forward_linear(outputs, inputs, nested))
    if nested:
        found = [as_node(x) for x in found]
    return call.result(call.outputs), call.result(unflatten(call.outputs, found))


def jacobian(
    f: Callable[..., Any], argnums: Any = 0, *, sparse: bool = False
) -> Callable[..., Any]:
    """Return the function ∂f/∂argument for an f of any outputs, by the cheaper mode.

    The result has the structure of f's result, with the structure of the argument in place
    of each number; an array by an array gives one array of shape outputs + inputs.

    With `sparse` it is a `scipy.sparse.csr_array`, (outputs, inputs), both flat. Its pattern is
    that of the graph; columns, or rows, that have no row in common are found by one sweep.

    >>> from autograd import jacobian
    >>> jacobian(lambda x: [x[0] * x[1], x[0] + x[1]])([3.0, 4.0])
    [[4.0, 3.0], [1.0, 1.0]]
    >>> cubes = jacobian(lambda x: [a**3 for a in x], sparse=True)([1.0, 2.0, 3.0])
    >>> cubes.nnz, cubes.toarray().tolist()
    (3, [[3.0, 0.0, 0.0], [0.0, 12.0, 0.0], [0.0, 0.0, 27.0]])
    """
    return derived(f, Step("sparse_jacobian" if sparse else "jacobian", _hashable(argnums)))


def hessian(f: Callable[..., Any], argnums: Any = 0, *, sparse: bool = False) -> Callable[..., Any]:
    """Return the function ∂²f/∂argument², structured as the Jacobian of the gradient.

    With `sparse` it is a `scipy.sparse.csr_array`, (inputs, inputs), by a star colouring of the
    graph's pattern.

    >>> from autograd import hessian
    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 4.0])
    [[8.0, 6.0], [6.0, 0.0]]
    """
    step = Step("sparse_hessian" if sparse else "jacobian", _hashable(argnums))
    return derived(grad(f, argnums), step)


def hvp(f: Callable[..., Any], x: Any, v: Any) -> Any:
    """Return the product of the Hessian of f at x with v, without forming the Hessian.

    >>> from autograd import hvp
    >>> hvp(lambda x: x[0] ** 2 * x[1], [3.0, 4.0], [1.0, 0.0])
    [8.0, 6.0]
    """
    return f.hvp(x, v) if isinstance(f, Compiled) else vjp(grad(f), x)[1](v)[0]


def matching(name: str, tree: Any, others: Sequence[Any]) -> list[Any]:
    """Return the leaves of a tangent or cotangent, as many as there must be."""
    found = leaves(tree)
    if len(found) != len(others):
        raise ValueError(f"{name} must have {len(others)} numbers; got {len(found)}.")
    return found


def _hashable(argnums: Any) -> Any:
    """Return positions as they are, several of them as a tuple."""
    return (
        argnums
        if isinstance(argnums, int | str) or not hasattr(argnums, "__iter__")
        else (tuple(argnums))
    )
