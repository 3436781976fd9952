"""What every model has in common: named parameters, their state, and a short description."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from autograd import Value


class Module:
    """Something with parameters: the leaf Values found in its attributes, and in theirs.

    Parameters are named by their path, `layers.0.W[1][2]`, in the order of the attributes;
    one that is reached twice is named once. A subclass sets attributes in `__init__` and
    defines `__call__`.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(1.0)
    ...     def __call__(self, x):
    ...         return self.slope * x + self.offset
    >>> line = Line()
    >>> line(3.0).data, line.state_dict()
    (7.0, {'slope': 2.0, 'offset': 1.0})
    >>> line
    Line(2 parameters)
    """

    def parameters(self) -> list[Value]:
        """Return every parameter, each once."""
        return [value for _, value in self.named_parameters()]

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Return every parameter with its name, each once."""
        named: dict[Value, str] = {}
        for path, tensor in self._tensors():
            for name, value in _entries(path, tensor):
                named.setdefault(value, name)
        return [(name, value) for value, name in named.items()]

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def state_dict(self) -> dict[str, Any]:
        """Return the numbers of the parameters: path → float, or nested lists of floats."""
        return {path: _numbers(tensor) for path, tensor in self._tensors()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set the parameters from what `state_dict` returned; arrays will do for lists.

        Raises ValueError, with nothing changed, where a path or a shape differs.
        """
        tensors = dict(self._tensors())
        if set(state) != set(tensors):
            raise ValueError(
                f"the state must have exactly the paths of {self!r}: expected "
                f"{', '.join(sorted(tensors))}; found {', '.join(sorted(state)) or 'none'}."
            )
        new: list[tuple[Value, float]] = []
        for path, tensor in tensors.items():
            numbers = getattr(state[path], "tolist", lambda path=path: state[path])()
            expected, found = _shape(tensor), _shape(numbers)
            if expected != found:
                raise ValueError(f"{path}: expected shape {expected}, found {found} in the state.")
            values = [value for _, value in _entries(path, tensor)]
            floats = [Value(number).data for _, number in _entries(path, numbers)]
            new += zip(values, floats, strict=True)
        for value, number in new:
            value.data = number

    def __repr__(self) -> str:
        count = len(self.parameters())
        parts = [*self._summary(), f"{count} parameter{'' if count == 1 else 's'}"]
        return f"{type(self).__name__}({', '.join(parts)})"

    def _summary(self) -> list[str]:
        """Return what the repr says before the number of parameters."""
        return []

    def _tensors(self) -> list[tuple[str, Any]]:
        """Return (path, Value or nested sequences of Values), those that hold something new."""
        seen: set[int] = set()
        found = []
        for path, tensor in _search("", self, {id(self)}):
            members = {id(value) for _, value in _entries(path, tensor)}
            if not members <= seen:
                seen |= members
                found.append((path, tensor))
        return found


def _search(path: str, thing: Any, visited: set[int]) -> Iterator[tuple[str, Any]]:
    """Yield the Values below `thing`, sequences of nothing but Values as one."""
    if _is_tensor(thing):
        yield path, thing
        return
    if isinstance(thing, Module):
        parts = list(vars(thing).items())
    elif isinstance(thing, Mapping):
        parts = list(thing.items())
    elif isinstance(thing, list | tuple):
        parts = [(str(k), part) for k, part in enumerate(thing)]
    else:
        return
    for name, part in parts:
        if not isinstance(part, Module) or id(part) not in visited:
            visited.add(id(part))
            yield from _search(f"{path}.{name}" if path else str(name), part, visited)


def _is_tensor(thing: Any) -> bool:
    if isinstance(thing, list | tuple):
        return bool(thing) and all(map(_is_tensor, thing))
    return thing.__class__ is Value and not thing.op and not thing.constant


def _entries(path: str, tensor: Any) -> Iterator[tuple[str, Any]]:
    """Yield each number or Value of nested sequences with its name, `path[1][2]`."""
    if isinstance(tensor, list | tuple):
        for k, part in enumerate(tensor):
            yield from _entries(f"{path}[{k}]", part)
    else:
        yield path, tensor


def _numbers(tensor: Any) -> Any:
    return list(map(_numbers, tensor)) if isinstance(tensor, list | tuple) else tensor.data


def _shape(tensor: Any) -> tuple[int, ...] | str:
    """Return the lengths of nested sequences, () for a number, or 'ragged'."""
    if not isinstance(tensor, list | tuple):
        return ()
    inner = {_shape(part) for part in tensor}
    if len(inner) > 1 or "ragged" in inner:
        return "ragged"
    below = inner.pop() if inner else ()
    return (len(tensor), *below) if not isinstance(below, str) else below
