"""`jit`: record a function of numbers once for each structure of its arguments, then replay."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import update_wrapper
from typing import Any

from autograd.derivatives.calls import argument_names, as_node, positions_of
from autograd.derivatives.trees import CONTAINERS, is_flat, leaves, paths, shape, unflatten
from autograd.engine import Value, lend, topological
from autograd.errors import number, received, short
from autograd.modes import active, differentiating
from autograd.program.arguments import count
from autograd.program.guards import Decisions, under
from autograd.program.lock import Lock
from autograd.program.program import Program
from autograd.reductions import total

CACHE = 32


def jit(f: Callable[..., Any], cache: int = CACHE) -> Jit:
    """Return `f` compiled: the first call of a structure records, later ones replay.

    `f` takes nested lists, tuples, dicts or arrays of numbers and returns one number or
    several. Called with a Value anywhere, it runs node by node, so that no gradient is
    lost. `jit(f).value_and_grad(*args)` gives the value and its gradient. Values that `f`
    holds by itself, such as the weights of a model, count with the numbers they have at the
    time of the call; plain numbers are those of the recording.

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
            raise TypeError(f"jit takes a function; got {received(f)}.")
        self.f, self.cache = f, count("cache", cache, 1)
        self._programs: OrderedDict[Any, _Compiled] = OrderedDict()
        self._lock = Lock()
        update_wrapper(self, f)

    def __repr__(self) -> str:
        return f"jit({getattr(self.f, '__qualname__', short(self.f))})"

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Return f(*args, **named) as numbers, in the structure that f returns."""
        flat = leaves((args, named) if named else args, "a compiled function")
        if any(leaf.__class__ is Value for leaf in flat):
            return self.f(*args, **named)
        return self._compiled(args, named).values(flat)

    def value_and_grad(self, *args: Any, argnums: Any = 0, **named: Any) -> tuple[Any, Any]:
        """Return (f(*args), ∂f/∂argument); `argnums` is one position or several."""
        positions = positions_of(argnums, len(args))
        tree = (args, named) if named else args
        flat = [number(x) for x in leaves(tree, "a compiled function")]
        value, gradient = self._compiled(args, named).value_and_gradient(flat)
        every = unflatten(tree, gradient)
        every = every[0] if named else every
        if positions == (argnums,):
            return value, every[argnums]
        return value, tuple(every[k] for k in positions)

    def _compiled(self, args: Any, named: Any) -> _Compiled:
        """Return the program for arguments of this structure, recorded where it is new.

        Recording holds no lock: f may call any compiled function, itself included.
        """
        key = _shape(args), _shape(named) if named else None
        with self._lock.held:
            known = self._programs.get(key)
            if known is not None:
                self._programs.move_to_end(key)
                return known
        fresh = _Compiled(self.f, args, named)
        with self._lock.held:
            self._programs[key] = fresh
            if len(self._programs) > self.cache:
                self._programs.popitem(last=False)
        return fresh


class _Compiled:
    """The program of a function for one structure of arguments; each number is a parameter.

    So are the leaves that the function holds by itself, such as the weights of a model, whose
    numbers are read again for each call.
    """

    def __init__(self, f: Callable[..., Any], args: Any, named: Any) -> None:
        labelled = zip(leaves((args, named)), _labels(f, args, named), strict=True)
        nodes = [lend(Value(number(x), label)) for x, label in labelled]
        fresh, fresh_named = unflatten((args, named), nodes)
        decisions = Decisions()
        with differentiating(), active(decisions):
            self.result = f(*fresh, **fresh_named)
        self.outputs = _outputs(self.result)
        self.nodes = [x for x in self.outputs if x.__class__ is Value]
        root = as_node(self.outputs[0] if len(self.outputs) == 1 else total([*self.nodes, 0.0]))
        compared = [x for guard in decisions.guards for x in guard.operands]
        self.held = _leaves_below([root, *compared], set(nodes))
        with under(decisions):
            self.program = Program(root, inputs=(), parameters=[*nodes, *self.held])

    def values(self, numbers: list[float]) -> Any:
        """Return the outputs for these numbers."""
        found = iter(self.program.outputs(self._with_held(numbers), self.nodes))
        flat = [next(found) if isinstance(x, Value) else x for x in self.outputs]
        return unflatten(self.result, flat)

    def value_and_gradient(self, numbers: list[float]) -> tuple[float, list[float]]:
        if isinstance(self.result, CONTAINERS) or shape(self.result):
            raise TypeError(
                f"value_and_grad needs a function that returns one number; got {len(self.outputs)} "
                f"in a {type(self.result).__name__}. Return their sum, for instance."
            )
        value, gradient = self.program.at(self._with_held(numbers))
        return value, gradient[: len(numbers)]

    def _with_held(self, numbers: list[float]) -> list[float]:
        return [*numbers, *[x.data for x in self.held]] if self.held else numbers


def _outputs(result: Any) -> list[Any]:
    try:
        return leaves(result)
    except TypeError:
        raise TypeError(
            "a compiled function returns a number, or nested lists, tuples, dicts and arrays of "
            f"numbers; got {short(result)}. Return nothing else."
        ) from None


def _leaves_below(roots: Iterable[Value], known: set[Value]) -> list[Value]:
    """Return the leaves below these nodes that are not known yet, each once."""
    below = dict.fromkeys(x for root in roots for x in topological(root) if not x.op)
    return [x for x in below if not x.constant and x not in known]


def _labels(f: Callable[..., Any], args: Any, named: Mapping[str, Any]) -> Iterator[str]:
    """Yield what errors call each number: `x`, `w[0]`, `p['a'][1, 2]`."""
    names = argument_names(f, len(args))
    for k, (name, argument) in enumerate([*zip(names, args, strict=False), *named.items()]):
        yield from paths(name or f"argument {k}", argument)


def _shape(tree: Any) -> Any:
    """Return what two arguments must share to be replayed by one program."""
    kind = tree.__class__
    if kind is float or kind is Value:
        return None
    if isinstance(tree, dict):
        return dict, tuple((key, _shape(child)) for key, child in tree.items())
    if isinstance(tree, CONTAINERS):
        if is_flat(tree):
            return kind, len(tree)
        shapes = tuple(map(_shape, tree))
        return kind, len(tree) if set(shapes) == {None} else shapes
    return shape(tree)
