"""What every model has in common: named parameters, their state, and predictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from autograd import Value
from nn.data import floats, several, table

if TYPE_CHECKING:
    from nn.data import Array


class Module:
    """Something with parameters: the leaf Values found in its attributes, and in theirs.

    Parameters are named by their path, `layers.0.W[1][2]`, in the order of the attributes;
    one that is reached twice is named once. A subclass sets attributes in `__init__` and
    defines `__call__`, from one example to a Value or a list of them.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(1.0)
    ...     def __call__(self, inputs):
    ...         return self.slope * inputs[0] + self.offset
    >>> line = Line()
    >>> line([3.0]).data, line.named_parameters()[0]
    (7.0, ('slope', Value(data=2.0, grad=0.0)))
    >>> line
    Line(2 parameters)
    """

    def __call__(self, inputs: Any) -> Any:
        """Return the outputs for one example."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(inputs).")

    def parameters(self) -> list[Value]:
        """Return every parameter, each once."""
        return [value for _, value in self.named_parameters()]

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Return every parameter with its name, each once."""
        names: dict[Value, str] = {}
        for path, tensor in self._tensors().items():
            for index, value in _entries(tensor):
                names.setdefault(value, path + "".join(f"[{k}]" for k in index))
        return [(name, value) for value, name in names.items()]

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def state_dict(self) -> dict[str, Array]:
        """Return the numbers of the parameters as arrays: path → copy, `layers.0.W` (2, 16)."""
        import numpy as np

        return {path: np.array(_numbers(tensor)) for path, tensor in self._tensors().items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set the parameters from what `state_dict` returned; nested lists will do for arrays.

        Raises ValueError, with nothing changed, where a path or a shape differs.
        """
        expected = self.state_dict()
        if state.keys() != expected.keys():
            raise ValueError(
                f"the state must have the paths of {self!r}: expected {', '.join(expected)}; "
                f"found {', '.join(map(str, state)) or 'none'}."
            )
        arrays = {path: floats(path, numbers) for path, numbers in state.items()}
        for path, array in arrays.items():
            if array.shape != expected[path].shape:
                raise ValueError(
                    f"{path}: expected shape {expected[path].shape}, found {array.shape}."
                )
        for path, tensor in self._tensors().items():
            for index, value in _entries(tensor):
                value.data = arrays[path][index]

    def predict(self, X: Any) -> Array:
        """Return the outputs for the rows of X, (m, n), as an array (m, fan_out).

        The numbers are those of calling the model row by row, to the bit.
        Raises ValueError for another shape, and for NaN or infinity in X.

        >>> from nn import MLP
        >>> MLP(2, [1], initializer="zeros").predict([[1, 2], [3, 4]])
        array([[0.],
               [0.]])
        """
        import numpy as np

        rows = table("X", X, columns=getattr(self, "fan_in", None)).tolist()
        return np.array([_numbers(several(self(row))) for row in rows], dtype=float)

    def __repr__(self) -> str:
        number = len(self.parameters())
        parts = [*self._summary(), f"{number} parameter{'' if number == 1 else 's'}"]
        return f"{type(self).__name__}({', '.join(parts)})"

    def _summary(self) -> list[str]:
        """Return what the repr says before the number of parameters."""
        return []

    def _tensors(self) -> dict[str, Any]:
        """Return path → Value, or nested sequences of Values, those that hold something new."""
        seen: set[Value] = set()
        found = {}
        for path, tensor in _search("", self, set()):
            members = {value for _, value in _entries(tensor)}
            if not members <= seen:
                seen |= members
                found[path] = tensor
        return found


def _search(path: str, thing: Any, visited: set[int]) -> Iterator[tuple[str, Any]]:
    """Yield the Values below `thing` with their paths, sequences of nothing but Values as one."""
    parts: Any = ()
    if _is_tensor(thing):
        yield path, thing
    elif isinstance(thing, Module) and id(thing) not in visited:
        visited.add(id(thing))
        parts = vars(thing).items()
    elif isinstance(thing, Mapping):
        parts = thing.items()
    elif isinstance(thing, list | tuple):
        parts = enumerate(thing)
    for name, part in parts:
        yield from _search(f"{path}.{name}" if path else str(name), part, visited)


def _is_tensor(thing: Any) -> bool:
    if isinstance(thing, list | tuple):
        return bool(thing) and all(map(_is_tensor, thing))
    return thing.__class__ is Value and not thing.op and not thing.constant


def _entries(tensor: Any, index: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Value]]:
    """Yield each Value of nested sequences with its index."""
    if isinstance(tensor, list | tuple):
        for k, part in enumerate(tensor):
            yield from _entries(part, (*index, k))
    else:
        yield index, tensor


def _numbers(tensor: Any) -> Any:
    return list(map(_numbers, tensor)) if isinstance(tensor, list | tuple) else tensor.data
