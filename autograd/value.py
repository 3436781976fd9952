"""The node of a computation graph.

This is the readable truth; `c/value` is an optional accelerator that behaves alike,
message for message. A node keeps its number, the function that made it and the operands in
order, so nodes only ever point to older nodes: there are no cycles, and a graph is freed by
reference counting alone. What the functions are, with their local partials, is the subject
of `primitives.py`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from autograd import errors
from autograd.families import Family
from autograd.reals import compared, number
from autograd.sweep import (
    CONSTANT,
    Rule,
    Watcher,
    between,
    clock,
    order,
    partials,
    require_fresh,
    sweep,
)  # fmt: skip

_watcher: Watcher | None = None
_new = object.__new__


def watch(watcher: Watcher | None) -> None:
    """Tell `watcher` of nodes made, numbers looked at and sweeps begun; None ends it."""
    global _watcher
    _watcher = watcher


def _comparison(symbol: str) -> Any:
    """Return the method for `node symbol other`, of which a watcher hears."""

    def compare(self: Value, other: Any) -> Any:
        if other.__class__ is Value and symbol in ("==", "!="):
            return NotImplemented  # Python then compares identity
        verdict = compared(self._data, symbol, other._data if other.__class__ is Value else other)
        if _watcher is not None and verdict is not NotImplemented:
            _watcher.compared(self, other, symbol, verdict)
        return verdict

    return compare


class Value:
    """One number in a computation graph, and the derivative of a result by it.

    `Value(data, label="")` starts a leaf. Operators and functions of Values make new nodes
    which remember their operands, and `backward` walks them in reverse, adding up
    ∂root/∂node = Σ ∂root/∂user · ∂user/∂node.

    A number that is used as an operand becomes a constant: it appears in `.parents` as an
    unlabelled leaf whose data is fixed and whose gradient stays 0.

    >>> from autograd import Value
    >>> x = Value(3.0, "x")
    >>> (x * x + 1).backward()
    >>> x
    Value(data=3.0, grad=6.0, label='x')
    """

    __slots__ = (
        "__weakref__",
        "_data",
        "_function",
        "_grad",
        "_label",
        "_lent",
        "_stamp",
        "_x",
        "_y",
    )

    _data: float
    _grad: float
    _label: str
    _function: Rule | None  # None for a leaf
    _x: Any  # the first operand: a Value, or a float for a constant nobody has asked for
    _y: Any  # the second one; a node of many operands has the tuple of all of them in _x,
    # or in _x what it shares with others, a Family, and the last operand here
    _stamp: int  # leaf: the time of its last write; node: the time it was made
    _lent: bool  # set on an argument of a derivative or a recording, by engine.lend

    def __init__(self, data: Any, label: str = "") -> None:
        self._data = number(data)
        self._grad = 0.0
        self.label = label
        self._function = self._x = self._y = None
        self._stamp = 0

    def __init_subclass__(cls) -> None:
        raise errors.final("Value")

    @property
    def data(self) -> float:
        """The number; writable on leaves only."""
        if _watcher is not None:
            _watcher.looked(self)
        return self._data

    @data.setter
    def data(self, data: Any) -> None:
        if self._stamp == CONSTANT:
            raise errors.constant_is_fixed("data")
        if self._function is not None:
            raise errors.computed_data(self)
        self._data = number(data)
        clock.now += 1
        self._stamp = clock.now

    @property
    def grad(self) -> float:
        """∂root/∂self of the last backward pass; on a leaf, the sum over all passes."""
        return self._grad

    @grad.setter
    def grad(self, grad: Any) -> None:
        if self._stamp == CONSTANT:
            raise errors.constant_is_fixed("grad")
        self._grad = number(grad)

    @property
    def label(self) -> str:
        """The name shown in messages, formulas and pictures."""
        return self._label

    @label.setter
    def label(self, label: str) -> None:
        if not isinstance(label, str):
            raise errors.not_text(label)
        self._label = str(label)

    @property
    def op(self) -> str:
        """The name of the primitive that made this node; "" for a leaf."""
        return "" if self._function is None else self._function.name

    @property
    def constant(self) -> bool:
        """Whether this is a number that was used as an operand."""
        return self._stamp == CONSTANT

    @property
    def parents(self) -> tuple[Value, ...]:
        """The operands in order, repeated where an operand is; () for a leaf."""
        operands = self.operands
        if any(x.__class__ is float for x in operands):
            operands = tuple(map(constant, operands))
            if self._x.__class__ is Family:
                self._x.values, self._y = operands[:-1], operands[-1]
                return operands
            few = self._function is not None and self._function.arity in (1, 2)
            self._x, self._y = (*operands, None)[:2] if few else (operands, None)
        return operands

    @property
    def operands(self) -> tuple[Any, ...]:
        """The operands in order as they are kept: a constant may still be a plain float."""
        x, y = self._x, self._y
        if x.__class__ is tuple:
            return x
        if x.__class__ is Family:
            return (*x.values, y)
        return () if x is None else (x,) if y is None else (x, y)

    _family = property(lambda self: self._x if self._x.__class__ is Family else None)
    _index = property(lambda self: self._y if self._x.__class__ is Family else None)

    @property
    def partials(self) -> tuple[float, ...]:
        """∂self/∂parent for each parent, 0.0 for a constant."""
        if _watcher is not None and self._function is not None:
            _watcher.measured(self)
        return self._partials

    @property
    def _partials(self) -> tuple[float, ...]:
        if self._function is None:
            return ()
        if self._stamp < clock.now:
            require_fresh(self)
        operands = self.operands
        slots = [k for k, x in enumerate(operands) if x.__class__ is Value and x._stamp != CONSTANT]
        try:
            found = dict(zip(slots, partials(self, slots), strict=True))
        except (ValueError, ZeroDivisionError) as cause:
            raise errors.no_derivative(self, cause) from None
        return tuple([found.get(k, 0.0) for k in range(len(operands))])

    def backward(self, seed: float = 1.0) -> None:
        """Add seed · ∂self/∂leaf to the `.grad` of every leaf this node depends on.

        The `.grad` of computed nodes is set afresh by each call. Nothing is changed if an
        error is raised: StaleGraphError where a leaf was changed after its use,
        ZeroDivisionError or DomainError where a local partial does not exist; nor by Ctrl-C.

        >>> from autograd import Value
        >>> a = Value(2.0)
        >>> b = a + a
        >>> (b * b).backward()
        >>> a.grad, b.grad
        (16.0, 8.0)
        """
        seed = number(seed)
        if _watcher is not None:
            _watcher.sweeping(self, seed)
        nodes = order(self)
        totals = sweep(nodes, seed)
        own = [node for node in nodes if node._stamp != CONSTANT]
        grads = [totals[x] if x._function is not None else x._grad + totals[x] for x in own]
        deque(map(_write_grad, own, grads), maxlen=0)  # no signal is answered within a call

    __eq__, __ne__ = _comparison("=="), _comparison("!=")
    __lt__, __le__ = _comparison("<"), _comparison("<=")
    __gt__, __ge__ = _comparison(">"), _comparison(">=")
    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        verdict = self._data != 0.0
        if _watcher is not None:
            _watcher.compared(self, 0.0, "!=", verdict)
        return verdict

    def __float__(self) -> float:
        raise errors.would_lose_gradient("float")

    def __int__(self) -> int:
        raise errors.would_lose_gradient("int")

    def __complex__(self) -> complex:
        raise errors.would_lose_gradient("complex")

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def __repr__(self) -> str:
        label = f", label={self._label!r}" if self._label else ""
        return f"Value(data={self._data!r}, grad={self._grad!r}{label})"


Value.__module__ = "autograd"


_write_grad: Any = vars(Value)["_grad"].__set__


def topological(root: Value) -> list[Value]:
    """Return every node that `root` depends on, itself last, parents before children."""
    _require_value("root", root)
    return order(root)


def adjoints(root: Value, wrt: Sequence[Value]) -> list[float]:
    """Return ∂root/∂node for each node of `wrt`, 0.0 where root does not depend on it.

    No `.grad` is touched, and no local partial is asked for that does not lie between.
    """
    _require_value("output", root)
    for node in wrt:
        _require_value("wrt", node)
    totals = sweep(between(root, wrt), 1.0)
    return [0.0 if x._stamp == CONSTANT else totals.get(x, 0.0) for x in wrt]


def record(function: Rule, data: float, x: Any, y: Any = None) -> Value:
    """Return a new node: one or two operands, or a tuple of any number of them as x."""
    node = _new(Value)
    node._data = data
    node._grad = 0.0
    node._label = ""
    node._function = function
    node._x = x
    node._y = y
    node._stamp = clock.now
    return node if _watcher is None else _watcher.created(node)


def _require_value(name: str, thing: Any) -> None:
    if thing.__class__ is not Value:
        raise errors.not_a_value(name, thing)


def constant(operand: Any) -> Value:
    """Return a number as an operand: a leaf whose data is fixed and whose gradient stays 0."""
    if operand.__class__ is Value:
        node: Value = operand
        return node
    node = Value(operand)
    node._stamp = CONSTANT
    return node
