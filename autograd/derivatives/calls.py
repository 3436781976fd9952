"""Functions called on fresh nodes, which is how they are differentiated.

Every call makes nodes of its own, so that nested derivatives never confuse their variables.
Results are floats, and Values where they take part in something larger: inside the function
of another derivative, or where any argument holds a Value.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd import errors, modes
from autograd.derivatives.chain_rule import as_number, gradients
from autograd.derivatives.trees import (
    CONTAINERS,
    copied,
    holds_values,
    leaves,
    mapped,
    paths,
    shape,
    unflatten,
)  # fmt: skip
from autograd.engine import Value, lend


class Call(NamedTuple):
    """A function called on fresh nodes."""

    inputs: Any  # the nodes, in the structure of the arguments as they were handed in
    outputs: Any
    nested: bool  # whether results take part in something larger

    @property
    def root(self) -> Value:
        """The output, which has to be one number."""
        output = self.outputs
        if shape(output) == ():
            output = output.item()
        if isinstance(output, CONTAINERS) or shape(output) is not None:
            raise TypeError(
                f"grad takes a function that returns one number; got {errors.received(output)}. "
                "Use jacobian or vjp for more outputs."
            )
        return as_node(leaves(output)[0])

    def result(self, tree: Any) -> Any:
        """Return Values as they are if nested, else as numbers."""
        return tree if self.nested else mapped(as_number, tree)

    def adjoints(self, root: Value) -> Any:
        """Return ∂root/∂inputs in the structure of the arguments."""
        return gradients(root, self.inputs, build_graph=self.nested)


def called(f: Callable[..., Any], args: Any, kwargs: dict[str, Any], chosen: Any) -> Call:
    """Call f with the chosen arguments (a position or several) replaced by fresh nodes.

    f gets containers of its own, whose change in place moves no leaf of the derivative.
    """
    positions = positions_of(chosen, len(args))
    fresh, own = list(args), list(args)
    names = argument_names(f, len(args))
    nested = modes.depth() > 0 or holds_values((args, kwargs))
    for k in positions:
        fresh[k] = _fresh(args[k], names[k])
        own[k] = copied(fresh[k])
    with modes.differentiating():
        outputs = f(*own, **kwargs)
    inputs = fresh[chosen] if positions == (chosen,) else tuple(fresh[k] for k in positions)
    return Call(inputs, outputs, nested)


def positions_of(chosen: Any, count: int) -> tuple[int, ...]:
    """Return `argnums`, a position or several, as a tuple, each one of `count` arguments."""
    alone = isinstance(chosen, int | str) or not hasattr(chosen, "__iter__")
    positions = (chosen,) if alone else tuple(chosen)
    for k in positions:
        if not hasattr(k, "__index__") or not -count <= k < count:
            raise TypeError(
                f"the derivative is by argument {k!r}; got {count} positional arguments. "
                "Pass it by position, or choose another one with argnums."
            )
    return positions


def argument_names(f: Callable[..., Any], count: int) -> Sequence[str]:
    """Return the names of so many positional arguments of f, "" where one is not known."""
    inner = inspect.unwrap(f)
    code = getattr(inner, "__code__", None)
    if code is None:
        return [""] * count
    names = code.co_varnames[inspect.ismethod(inner) : code.co_argcount]
    return [*names, *[""] * (count - len(names))]


def _fresh(tree: Any, name: str) -> Any:
    """Return nodes of their own that equal the leaves of a tree and depend on them.

    They have the labels of the leaves, or else the place in the argument of that name.
    """
    flat = leaves(tree)
    labels = paths(name, tree) if name else [""] * len(flat)
    return unflatten(tree, map(_node, flat, labels))


def _node(x: Any, label: str) -> Value:
    if x.__class__ is not Value:
        return lend(Value(x, label))
    node: Value = x * 1.0
    node.label = x.label or label
    return lend(node)


def as_node(x: Any) -> Value:
    """Return a Value as it is, a number as a leaf."""
    return x if x.__class__ is Value else Value(x)
