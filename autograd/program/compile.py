"""`jit`: record a function of numbers once for each structure of its arguments, then replay."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import update_wrapper
from typing import Any

from autograd import structure
from autograd.engine import Value
from autograd.errors import short
from autograd.modes import differentiating
from autograd.program.guards import recording
from autograd.program.program import Program
from autograd.reductions import total

CACHE = 32


def jit(f: Callable[..., Any], cache: int = CACHE) -> Jit:
    """Return `f` compiled: the first call of a structure records, later ones replay.

    `f` takes nested lists, tuples, dicts or arrays of numbers and returns one number or
    several. Called with a Value anywhere, it runs node by node, so that no gradient is
    lost. `jit(f).value_and_grad(*args)` gives the value and its gradient.

    Decisions that Python takes inside `f` are guarded: FrozenBranchError where a later
    call would decide otherwise. At most `cache` structures are kept.

    >>> from autograd import jit
    >>> energy = jit(lambda v: 0.5 * sum(a * a for a in v))
    >>> energy([3.0, 4.0])
    12.5
    >>> energy.value_and_grad([6.0, 8.0])
    (50.0, [6.0, 8.0])
    """
    return Jit(f, cache)


class Jit:
    """A function with its programs, one for each structure of arguments."""

    def __init__(self, f: Callable[..., Any], cache: int) -> None:
        if not callable(f):
            raise TypeError(f"jit takes a function; got {short(f)} of type {type(f).__name__}.")
        self.f, self.cache = f, cache
        self._programs: OrderedDict[Any, _Compiled] = OrderedDict()
        self._lock = threading.Lock()
        update_wrapper(self, f)

    def __call__(self, *args: Any) -> Any:
        """Return f(*args) as numbers, in the structure that f returns."""
        if any(leaf.__class__ is Value for leaf in structure.leaves(args)):
            return self.f(*args)
        return self._compiled(args).values(structure.leaves(args))

    def value_and_grad(self, *args: Any, argnums: Any = 0) -> tuple[Any, Any]:
        """Return (f(*args), ∂f/∂argument); `argnums` is one position or several."""
        positions = argnums if isinstance(argnums, tuple | list) else (argnums,)
        flat = [x.data if x.__class__ is Value else x for x in structure.leaves(args)]
        value, gradient = self._compiled(args).value_and_gradient(flat)
        every = structure.unflatten(args, gradient)
        if isinstance(argnums, tuple | list):
            return value, tuple(every[k] for k in positions)
        return value, every[argnums]

    def _compiled(self, args: Any) -> _Compiled:
        key = _shape(args)
        with self._lock:
            known = self._programs.get(key)
            if known is None:
                known = self._programs[key] = _Compiled(self.f, args)
                if len(self._programs) > self.cache:
                    self._programs.popitem(last=False)
            self._programs.move_to_end(key)
            return known


class _Compiled:
    """The program of a function for one structure of arguments; each number is a parameter."""

    def __init__(self, f: Callable[..., Any], args: Any) -> None:
        numbers = [x.data if x.__class__ is Value else x for x in structure.leaves(args)]
        leaves = [Value(x) for x in numbers]
        with differentiating(), recording():
            self.result = f(*structure.unflatten(args, leaves))
        self.outputs = structure.leaves(self.result)
        nodes = [x for x in self.outputs if x.__class__ is Value]
        self.program = None
        if nodes:
            root = nodes[0] if len(self.outputs) == 1 else total(nodes)
            self.program = Program(root, inputs=(), parameters=leaves)

    def values(self, numbers: list[float]) -> Any:
        """Return the outputs for these numbers."""
        if self.program is None:
            return self.result
        found = iter(
            self.program.outputs(numbers, [x for x in self.outputs if isinstance(x, Value)])
        )
        flat = [next(found) if isinstance(x, Value) else x for x in self.outputs]
        return structure.unflatten(self.result, flat)

    def value_and_gradient(self, numbers: list[float]) -> tuple[float, list[float]]:
        if len(self.outputs) != 1:
            raise TypeError(
                f"value_and_grad needs a function of one result; got {len(self.outputs)}. "
                "Return one number, for instance their sum."
            )
        if self.program is None:
            return self.outputs[0], [0.0] * len(numbers)
        return self.program.at(numbers)


def _shape(tree: Any) -> Any:
    """Return what two arguments must share to be replayed by one program."""
    if isinstance(tree, list | tuple):
        return type(tree), tuple(map(_shape, tree))
    if isinstance(tree, Mapping):
        return dict, tuple((key, _shape(child)) for key, child in tree.items())
    return structure.shape(tree)
