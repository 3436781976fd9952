"""Generators of random numbers that may be moved while a graph is recorded.

What Python draws then is frozen: every replay would have it again. Looked at are the generators
of `random` and `numpy.random` that everybody shares, and those that a function or a model holds:
its attributes, closures, defaults, and the globals that its code names. One that is made while
recording, or is kept elsewhere, cannot be seen.
"""

from __future__ import annotations

import random
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any

from autograd.engine import Value
from autograd.errors import FrozenBranchError

UNUSED = 623  # where NumPy's generator stands as it is loaded
MOST = 2000  # things that are looked into
OURS = ("autograd", "nn")
PLAIN = {Value, float, int, str, bool, bytes, type(None)}

State = Callable[[], Any]


def generators(things: Iterable[tuple[str, Any]]) -> dict[str, State]:
    """Return what tells the states of all generators, by what to call them.

    >>> list(generators([("rng", random.Random(3))]))
    ['the generator of random', 'the generator of numpy.random', 'the generator rng']
    """
    found: dict[str, State] = {
        "the generator of random": random.getstate,
        "the generator of numpy.random": _state_of_numpy,
    }
    return found | {f"the generator {name}": _state(x) for name, x in _held(things)}


def frozen_randomness(name: str) -> FrozenBranchError:
    """Return the error for random numbers that were drawn while recording."""
    return FrozenBranchError(
        f"{name} was moved while recording; what it gave would be the same in "
        "every replay. Draw from NoiseStream(seed) or use nn.Dropout(p), which a program draws "
        "anew; or draw before, and hand the numbers in. (Where it was moved after the recording, "
        "make the program inside of it.)"
    )


def is_generator(x: Any) -> bool:
    """Return whether something is a generator of random numbers of Python or NumPy."""
    numpy = sys.modules.get("numpy.random")
    return isinstance(x, random.Random) or (
        numpy is not None and isinstance(x, numpy.Generator | numpy.RandomState)
    )


def _state_of_numpy() -> Any:
    numpy = sys.modules.get("numpy.random")  # who drew from it has loaded it
    state = numpy.get_state(legacy=False) if numpy else {"state": {"pos": UNUSED}}
    return None if state["state"].get("pos") == UNUSED else _comparable(state)


def _state(generator: Any) -> State:
    if isinstance(generator, random.Random):
        return generator.getstate
    if hasattr(generator, "bit_generator"):
        return lambda: _comparable(generator.bit_generator.state)
    return lambda: _comparable(generator.get_state(legacy=False))


def _comparable(state: Any) -> Any:
    """Return nested dicts with bytes in the place of arrays."""
    if isinstance(state, dict):
        return {name: _comparable(part) for name, part in state.items()}
    return state.tobytes() if hasattr(state, "tobytes") else state


def _held(things: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Yield the generators that things hold, with their names."""
    seen: set[int] = set()
    queue = deque(things)
    while queue and len(seen) < MOST:
        name, x = queue.popleft()
        if x.__class__ in PLAIN or id(x) in seen:
            continue
        seen.add(id(x))
        if is_generator(x):
            yield name, x
        else:
            queue.extend(_parts(x))


def _parts(x: Any) -> Iterable[tuple[str, Any]]:
    """Return what may be reached from a thing, with names."""
    if isinstance(x, FunctionType):
        return _of_function(x) if x.__module__.split(".")[0] not in OURS else ()
    if isinstance(x, MethodType):
        return ("", x.__self__), ("", x.__func__)
    if isinstance(x, partial):
        return [("", x.func), *[("", y) for y in x.args], *x.keywords.items()]
    if isinstance(x, list | tuple | dict):
        items = x.items() if isinstance(x, dict) else enumerate(x)
        return [(str(k), y) for k, y in items if y.__class__ not in PLAIN]
    if isinstance(x, type | ModuleType) or not hasattr(x, "__dict__"):
        return ()
    kind = type(x)
    ours = kind.__module__.split(".")[0] in OURS
    return [*vars(x).items(), *(() if ours else vars(kind).items())]


def _of_function(f: FunctionType) -> Iterator[tuple[str, Any]]:
    code, own = f.__code__, f.__globals__
    for name, cell in zip(code.co_freevars, f.__closure__ or (), strict=True):
        if cell != CellType():  # which a name has that is not bound yet
            yield name, cell.cell_contents
    yield from ((name, own[name]) for name in code.co_names if name in own)
    given = code.co_varnames[: code.co_argcount][::-1]
    yield from zip(given, (f.__defaults__ or ())[::-1], strict=False)
    yield from (f.__kwdefaults__ or {}).items()
