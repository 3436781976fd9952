"""Sparse derivatives of functions that are not compiled: what follows from a graph is kept.

The function itself is called each time, for what it reads besides its arguments may have changed.
Where the graph that it makes has the form of an earlier one, the pattern, its colouring and the
compiled sweeps are those found then, and only numbers are new.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from autograd.derivatives.calls import Call, as_node, called
from autograd.derivatives.trees import leaves, unflatten
from autograd.engine import Value, unwatched
from autograd.errors import DomainError
from autograd.modes import differentiating, observed
from autograd.program.jitting.forms import Form, computed, number_of
from autograd.program.jitting.structures import sweep_of
from autograd.program.jitting.sweeps import Sweep
from autograd.program.jitting.traces import Chain, Part
from autograd.program.lock import Lock
from autograd.rows.noise import is_noise

FORMS = 4  # that are kept for a function


class Kept:
    """A sparse derivative of a function: `chain` are the steps to it, by the same arguments."""

    def __init__(self, f: Callable[..., Any], chain: Chain) -> None:
        self.f, self.chain, self.refused = f, chain, False
        self._known: OrderedDict[Any, _Known] = OrderedDict()
        self._lock = Lock()

    def __call__(self, *args: Any, **named: Any) -> Any:
        call = called(self.f, args, named, self.chain[0].argnums)
        if call.nested or self.refused or observed():
            return self._node_by_node(call)
        outputs = [as_node(number_of(x)) if _is_plain(x) else x for x in leaves(call.outputs)]
        inputs, nodes = leaves(call.inputs), computed(outputs)
        if any(map(is_noise, nodes)):
            return self._node_by_node(call)
        form = Form(nodes, outputs, {*inputs}, inputs)
        try:
            with self._lock.held:
                found = self._of(form.key).matrix(form, call)
        except NotImplementedError as reason:
            self.refused = True
            warnings.warn(
                f"{self.chain[-1].kind} of {self.f!r} runs node by node, for it cannot be "
                f"compiled: {reason}",
                RuntimeWarning,
                stacklevel=3,
            )
            found = None
        return self._node_by_node(call) if found is None else found

    def _of(self, key: Any) -> _Known:
        """Return what is known of a form, which is now the one used last."""
        found = self._known.pop(key, None) or _Known(self.chain)
        self._known[key] = found
        if len(self._known) > FORMS:
            self._known.popitem(last=False)
        return found

    def _node_by_node(self, call: Call) -> Any:
        *inner, last = self.chain
        outputs = call.outputs
        with differentiating():
            for step in inner:
                outputs = step.of(Call(call.inputs, outputs, True))
        return last.of(call._replace(outputs=outputs))


class _Known:
    """The sweep of a form. Constants that were found to differ from call to call are its leaves."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.constants: list[float] = []
        self.free: set[int] = set()
        self.sweep: Sweep | None = None

    def matrix(self, form: Form, call: Call) -> Any:
        """Return the matrix at the numbers of a call; None where it is not finite, or not there."""
        first = self.sweep is None
        differ = {k for k, x in enumerate(form.constants) if first or x != self.constants[k]}
        if first or not differ <= self.free:
            free = self.free if first else self.free | differ
            fresh = sweep_of(_part(form, call, free), self.chain)
            self.sweep, self.constants, self.free = fresh, form.constants, free
        sweep: Any = self.sweep
        np = sweep.np
        numbers = [*map(unwatched, form.leaves), *(form.constants[k] for k in sorted(self.free))]
        try:
            found = sweep.one(np.array(numbers))[0] if not first or sweep.at_once else sweep.now()
        except (DomainError, ZeroDivisionError):
            return None
        return sweep.finished(found) if np.isfinite(found).all() else None


def _part(form: Form, call: Call, free: set[int]) -> Part:
    """Return the graph of a call on leaves of its own."""
    with differentiating():
        inner, extra, outputs = form.rebuilt(free)
    inputs = unflatten(call.inputs, inner[: len(leaves(call.inputs))])
    return Part([*inner, *extra], inputs, unflatten(call.outputs, outputs))


def _is_plain(x: Any) -> bool:
    """Return whether a result is a number that nothing can be derived from."""
    return x.__class__ is not Value or (not x.op and x.constant)
