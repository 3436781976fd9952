"""A call taken apart: its numbers, what is static about it, and what it shares with others."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import ref

from autograd.derivatives.calls import argument_names
from autograd.derivatives.trees import (
    CONTAINERS,
    blocks,
    is_array,
    is_flat,
    leaves,
    like,
    paths,
    shape,
    unflatten,
)
from autograd.engine import Value
from autograd.errors import received, short
from autograd.program.compiler.accesses import Array
from autograd.program.jitting.taking import taken
from autograd.reals import arrayed

TAKER = "a compiled function"
NOTHING: frozenset[int | str] = frozenset()
PLAIN = (int, float, str, bool, type(None))


@dataclass(slots=True, eq=False)
class Arguments:
    """The arguments of one call: `first` those bound to a method, `trees` all that hold numbers.

    `static` are positions and names of those that do not. `key` is what two calls share that
    are replayed by one program. `known` are the numbers of each of the trees, if known by now.
    """

    first: tuple[Any, ...]
    positional: tuple[Any, ...]
    named: Mapping[str, Any]
    static: frozenset[int | str]
    key: Any
    known: Sequence[Any]

    @property
    def trees(self) -> list[Any]:
        """The arguments that hold numbers, those with names last."""
        if not self.static:
            return [*self.positional, *self.named.values()]
        return [x for at, x in self.items() if at not in self.static]

    def items(self) -> Iterator[tuple[int | str, Any]]:
        """Yield the position or the name of each argument, with the argument."""
        yield from enumerate(self.positional)
        yield from self.named.items()

    def numbers(self) -> Array | None:
        """Return all numbers in a row, (numbers,); None where one of them is a Value."""
        import numpy as np

        parts = self.known
        if len(parts) == 1 and parts[0] is not None:
            return np.asarray(parts[0], float)
        if any(part is None for part in parts):
            parts = list(map(_numbers, self.trees))
        if any(part is None for part in parts):
            return None
        return np.concatenate(parts) if parts else np.empty(0)

    def as_values(self, numbers: Array) -> list[Any]:
        """Return the arguments without names, their numbers being Values."""
        nodes = unflatten(self.trees, map(Value, numbers.tolist()))
        fresh = iter(nodes)
        return [x if k in self.static else next(fresh) for k, x in enumerate(self.positional)]

    def labels(self, f: Callable[..., Any]) -> Iterator[str]:
        """Yield what errors call each number: `x`, `w[0]`, `p['a'][1, 2]`."""
        names = argument_names(f, len(self.first) + len(self.positional))[len(self.first) :]
        for at, tree in self.items():
            if at not in self.static:
                name = at if isinstance(at, str) else names[at] or f"argument {at}"
                yield from paths(name, tree)


class Signature:
    """Which arguments of a function are static: names, or positions counted from 0."""

    def __init__(self, f: Callable[..., Any], static: Any) -> None:
        chosen = (static,) if isinstance(static, int | str) else tuple(static)
        names = _names(f)
        for one in chosen:
            known = isinstance(one, int) or (isinstance(one, str) and (not names or one in names))
            if isinstance(one, bool) or not known:
                raise ValueError(
                    f"static names arguments of {short(f)}; got {one!r}. "
                    f"Choose among {', '.join(names) or 'their names'}."
                )
        at = {names.index(x) for x in chosen if x in names}
        at |= {k % len(names) for k in chosen if _within(k, names)}
        self.chosen = frozenset({*chosen, *at, *(names[k] for k in at)})

    def apart(self, first: tuple[Any, ...], args: tuple[Any, ...], named: Any) -> Arguments:
        """Take a call apart. Raises TypeError for what is neither static nor of numbers."""
        static = NOTHING
        if len(args) == 1 and not (named or first or self.chosen):  # as a rule
            structure, numbers = taken(args[0])
            if numbers is not None:
                return Arguments(first, args, named, static, ((structure,), 1, ()), (numbers,))
        if self.chosen:
            shift = len(first)
            here = (at for at in (*range(len(args)), *named) if self._is_static(at, shift))
            static = frozenset(here)
        key: list[Any] = [_bound_key(x) for x in first] if first else []
        known = []
        for at, tree in (*enumerate(args), *named.items()) if named else enumerate(args):
            if at in static:
                key.append(static_key(tree))
                continue
            structure, numbers = taken(tree)
            key.append(structure_of(tree) if numbers is None else structure)
            known.append(numbers)
        both = tuple(key), len(args), tuple(named)
        return Arguments(first, args, named, static, both, known)

    def _is_static(self, at: int | str, shift: int) -> bool:
        return (at + shift if isinstance(at, int) else at) in self.chosen


def _names(f: Callable[..., Any]) -> tuple[str, ...]:
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):  # a function written in C
        return ()
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
        return ()
    return tuple(p.name for p in parameters)


def _within(k: Any, names: Sequence[str]) -> bool:
    return isinstance(k, int) and -len(names) <= k < len(names)


def structure_of(tree: Any) -> Any:
    """Return what two arguments must share to be replayed by one program."""
    kind = tree.__class__
    if kind is float or kind is Value:
        return None
    if isinstance(tree, dict):
        return dict, tuple((key, structure_of(child)) for key, child in tree.items())
    if isinstance(tree, CONTAINERS):
        if is_flat(tree):
            return kind, len(tree)
        shapes = tuple(map(structure_of, tree))
        return kind, len(tree) if set(shapes) == {None} else shapes
    return shape(tree)


def _numbers(tree: Any) -> Any:
    """Return the numbers of an argument as a row; None where one of them is a Value."""
    if is_array(tree) and tree.dtype.kind == "f" and not hasattr(tree, "mask"):
        return tree.ravel()
    try:
        flat = leaves(tree, TAKER)
    except TypeError as cause:
        raise TypeError(
            f"{cause} An argument that holds no numbers is named by jit(f, static=...)."
        ) from None
    return None if Value in map(type, flat) else flat


class _Same:
    """Equal to nothing but the same object, which it does not keep alive."""

    def __init__(self, thing: Any) -> None:
        self.hash = id(thing)
        try:
            self.thing: Callable[[], Any] = ref(thing)
        except TypeError:
            self.thing = lambda: thing

    def __hash__(self) -> int:
        return self.hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Same):
            return False
        thing = self.thing()
        return thing is not None and thing is other.thing()


def static_key(thing: Any) -> Any:
    """Return what is equal for static arguments that are: numbers by type too, arrays by entry.

    Raises TypeError for what has no hash.
    """
    kind = type(thing)
    if isinstance(thing, dict):
        return kind, tuple((key, static_key(child)) for key, child in thing.items())
    if isinstance(thing, list | tuple):
        return kind, tuple(map(static_key, thing))
    if is_array(thing):
        return kind, thing.shape, str(thing.dtype), thing.tobytes()
    if kind is float:
        return kind, repr(thing)  # -0.0 is another number than 0.0, and NaN the same as itself
    hashed: Any = kind.__hash__
    if hashed is object.__hash__ and thing is not None:
        return _Same(thing)
    try:
        hash(thing)
    except TypeError:
        raise TypeError(
            f"a static argument has a hash, so that it can be found again; got {received(thing)}. "
            "Pass a tuple, a frozen dataclass or an object that is compared by identity."
        ) from None
    return kind, thing


def _bound_key(thing: Any) -> Any:
    """Return the key of the object of a method: itself, and the plain attributes it has now."""
    plain = getattr(thing, "__dict__", {}).items()
    return static_key(thing), tuple((k, static_key(x)) for k, x in plain if type(x) in PLAIN)


def rows_of(tree: Any) -> tuple[Sequence[Any], Array]:
    """Return the rows of an argument that is mapped over, and their numbers, (rows, numbers)."""
    import numpy as np

    tree = arrayed(tree)
    if (
        is_array(tree)
        and len(tree.shape)
        and tree.dtype.kind in "fiub"
        and not hasattr(tree, "mask")
    ):
        return tree, tree.reshape(len(tree), math.prod(tree.shape[1:])).astype(float)
    if not isinstance(tree, list | tuple) and not is_array(tree):
        raise TypeError(
            f"map takes arrays or lists, one row for each call of f; got {received(tree)}. "
            "Pass by name what is the same for all rows."
        )
    found = [_numbers(row) for row in tree]
    if any(row is None for row in found):
        raise TypeError("map takes rows of numbers; got Values among them. Call f on each row.")
    if len(set(map(structure_of, tree))) > 1:
        raise ValueError("map takes rows of one structure; got several. Map each kind by itself.")
    return tree, np.array(found, float).reshape(len(found), len(found[0]) if found else 0)


def with_arrays(args: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
    """Return arguments with NumPy's arrays for those of other libraries; None without any."""
    given = args, dict(named)
    known = like(given, map(arrayed, blocks(given)))
    same = all(x is y for x, y in zip(blocks(given), blocks(known), strict=True))
    return None if same else known


def number_of_rows(arguments: Iterable[Sequence[Any]]) -> int:
    """Return how many rows there are. Raises ValueError where arguments do not agree, or for 0."""
    counts = [len(rows) for rows in arguments]
    if len(set(counts)) != 1 or not counts[0]:
        raise ValueError(
            f"map takes arguments of one number of rows, 1 or more; got {counts}. "
            "Pass by name what is the same for all rows."
        )
    return counts[0]
