"""What every model has in common: named parameters, their state, and predictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from html import escape
from itertools import product
from typing import TYPE_CHECKING, Any, Self

from autograd import Value
from autograd.hints import missing
from autograd.text import printed
from nn.arguments import Array, floats
from nn.arguments.hints import ELSEWHERE, FREEZE
from nn.arguments.sequences import examples
from nn.data import probabilities
from nn.freezing import freeze, frozen, unfreeze
from nn.modes import mode_in_force
from nn.predicting.forward import node_by_node, outputs_of, squash_of
from nn.tensors import Tensor, is_numbers, nested, tensor_of

__all__ = ["Module"]


class Module:
    """Something with parameters: the leaf Values found in its attributes, and in theirs.

    Parameters are named by their path, `layers.0.W[1][2]`, in the order of the attributes;
    one that is reached twice is named once, and attributes that begin with an underscore are
    left out. Modules, mappings, sequences and NumPy arrays of objects are looked into. A subclass
    sets attributes in `__init__` and defines `__call__`, from one example to a Value or a list
    of them.

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

    fan_out: int  # of those that tell it

    def __call__(self, inputs: Any) -> Any:
        """Return the outputs for one example."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(inputs).")

    def parameters(self) -> list[Value]:
        """Return every parameter, each once."""
        return list(dict.fromkeys(leaf for tensor in self._tensors() for leaf in tensor.leaves))

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Return every parameter with its name, each once."""
        names: dict[Value, str] = {}
        for path, shape, leaves in self._tensors():
            for index, leaf in zip(product(*map(range, shape)), leaves, strict=True):
                names.setdefault(leaf, path + "".join(f"[{k}]" for k in index))
        return [(name, leaf) for leaf, name in names.items()]

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def freeze(self) -> None:
        """Let optimisers pass over every parameter of this module, until `unfreeze`.

        Gradients are there as before, for `backward` and for `probe`.

        >>> from nn import MLP, SGD
        >>> model = MLP(2, [3, 1])
        >>> model.layers[0].freeze()
        >>> before = model.state_dict()
        >>> SGD(model.parameters(), lr=1.0).update([1.0] * 13)
        >>> [bool((model.state_dict()[path] == W).all()) for path, W in before.items()]
        [True, True, False, False]
        """
        freeze(self.parameters())

    def unfreeze(self) -> None:
        """Let optimisers change the parameters of this module again."""
        unfreeze(self.parameters())

    def train(self, mode: bool = True) -> Self:
        """Let this module and all below it train, as they do at first; return the module.

        What `Dropout` does depends on it when a model is called. `fit` trains in any case, and
        `predict` and `probe` do not.
        """
        for module in modules(self, hidden=True):
            flag = vars(module).setdefault("_training", Value(1.0, "training"))
            flag.data = float(mode)
        return self

    def eval(self) -> Self:
        """Let this module and all below it no longer train, until `train`; return the module.

        >>> from nn import MLP
        >>> model = MLP(2, [8, 1], dropout=0.5)
        >>> x, predicted = [1.0, 2.0], model.predict([[1.0, 2.0]])[0, 0]
        >>> bool(model.eval()(x)[0].data == predicted)
        True
        """
        return self.train(False)

    @property
    def training(self) -> bool:
        """Whether the module trains; `train` and `eval` set it."""
        if mode := mode_in_force():
            mode.asked = True
            return mode.training
        return bool(vars(self).setdefault("_training", Value(1.0, "training")))

    @training.setter
    def training(self, mode: bool) -> None:
        raise AttributeError(f"write {'train' if mode else 'eval'}(), which reaches all modules.")

    def state_dict(self) -> dict[str, Array]:
        """Return the numbers of the parameters as arrays: path → copy, `layers.0.W` (2, 16)."""
        import numpy as np

        return {
            path: np.array([leaf.data for leaf in leaves]).reshape(shape)
            for path, shape, leaves in self._tensors()
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set the parameters from what `state_dict` returned; nested lists will do for arrays.

        Raises ValueError, with nothing changed, where a path or a shape differs.
        """
        tensors = self._tensors()
        paths = [tensor.path for tensor in tensors]
        if set(state) != set(paths):
            raise ValueError(
                f"the state must have the paths of {self!r}: expected {', '.join(paths)}; "
                f"found {', '.join(map(str, state)) or 'none'}."
            )
        arrays = {path: floats(path, numbers) for path, numbers in state.items()}
        for path, shape, _ in tensors:
            if arrays[path].shape != shape:
                raise ValueError(f"{path}: expected shape {shape}, found {arrays[path].shape}.")
        for path, _, leaves in tensors:
            for leaf, number in zip(leaves, arrays[path].ravel().tolist(), strict=True):
                leaf.data = number

    def predict(self, X: Any, *, exact: bool = False) -> Array:
        """Return the outputs for the rows of X, (m, n), as an array (m, fan_out).

        Once some hundred rows were asked for they run compiled, where that can be: the numbers are
        those of calling the model row by row up to rounding, for sums are added up in another
        order (n terms to n ε of their sizes, ε = 2⁻⁵³). `exact` calls it, and has them to the bit.
        A model without `fan_in` may also take rows of different lengths, and tables in the place
        of rows. Raises ValueError for another shape, and for NaN or infinity in X.

        >>> from nn import MLP
        >>> MLP(2, [1], initializer="zeros").predict([[1, 2], [3, 4]])
        array([[0.],
               [0.]])
        """
        return self._outputs(self._examples(X), exact)

    def predict_proba(self, X: Any, *, exact: bool = False) -> Array:
        """Return the probability of each of `classes` for the rows of X, as an array.

        The outputs are taken for logits: softmax of several, σ of a single one, that of class 1;
        those of a softmax or a sigmoid are probabilities already. They are those of `predict`.

        >>> from nn import MLP
        >>> MLP(2, [1], initializer="zeros").predict_proba([[1, 2]])
        array([[0.5, 0.5]])
        """
        rows = self._examples(X)
        return probabilities(self._outputs(rows, exact), squash_of(self, rows))

    def _examples(self, X: Any) -> Any:
        return examples("X", X, columns=getattr(self, "fan_in", None))

    def _outputs(self, rows: Any, exact: bool) -> Array:
        """Return the outputs for a table or `Sequences`."""
        if exact:
            return node_by_node(self, rows)
        return outputs_of(self, partial(modules, self, hidden=True), rows)

    @property
    def classes(self) -> list[int]:
        """The classes in the order of `predict_proba`: 0 … n-1; of a single output 0 and 1."""
        return list(range(max(self.fan_out, 2)))

    if not TYPE_CHECKING:  # who would take every name for an attribute

        def __getattr__(self, name: str) -> Any:
            raise AttributeError(missing(f"{type(self).__name__!r} object", name, ELSEWHERE))

    def __setattr__(self, name: str, value: Any) -> None:
        if ELSEWHERE.get(name) is FREEZE:
            raise AttributeError(f"{name} changes nothing here; {FREEZE}.")
        held = vars(self).get(name)
        if held is not None and (tensor := tensor_of(held)) and is_numbers(value):
            raise AttributeError(
                f"{name} holds parameters, which stay; set their numbers by load_state_dict, "
                f"or one by one: {name}{'[0]' * len(tensor[0])}.data = 0.5."
            )
        super().__setattr__(name, value)

    def __getstate__(self) -> dict[str, Any]:
        still = frozen()
        return {**vars(self), "_frozen": [p for p in self.parameters() if p in still]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        freeze(state.pop("_frozen", ()))
        vars(self).update(state)

    @printed
    def __repr__(self) -> str:
        number = len(self.parameters())
        parts = [*self._summary(), f"{number} parameter{'' if number == 1 else 's'}"]
        return f"{type(self).__name__}({', '.join(parts)})"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the parameters, array by array."""
        rows = [("parameter", "shape", "count")]
        for path, shape, leaves in self._tensors():
            rows.append((path, "×".join(map(str, shape)) or "scalar", str(len(leaves))))
        lines = ["<td>".join(["<tr>", *map(escape, row)]) for row in rows]
        return f"<table><caption>{escape(repr(self))}</caption>{''.join(lines)}</table>"

    def _summary(self) -> list[str]:
        """Return what the repr says before the number of parameters."""
        return []

    def _parts(self) -> dict[str, Any]:
        """Return the attributes in which parameters are looked for."""
        return {name: part for name, part in vars(self).items() if name[0] != "_"}

    def _tensors(self) -> list[Tensor]:
        """Return the tensors below this module that hold something new, in order."""
        seen: set[Value] = set()
        found = []
        for tensor in _search("", self, set()):
            if isinstance(tensor, Tensor) and not seen.issuperset(tensor.leaves):
                seen.update(tensor.leaves)
                found.append(tensor)
        return found


def modules(model: Module, hidden: bool = False) -> list[Module]:
    """Return a module and all that are below it, in the order of the attributes.

    With `hidden` that is also what no parameters are looked for in.
    """
    return [thing for thing in _search("", model, set(), hidden) if isinstance(thing, Module)]


def _search(
    path: str, thing: Any, visited: set[int], hidden: bool = False
) -> Iterator[Tensor | Module]:
    """Yield `thing` and what is below it, sequences of nothing but Values as one."""
    parts: Any = ()
    thing = nested(thing)
    if tensor := tensor_of(thing):
        yield Tensor(path, *tensor)
    elif isinstance(thing, Module) and id(thing) not in visited:
        visited.add(id(thing))
        yield thing
        parts = (vars(thing) if hidden else thing._parts()).items()
    elif isinstance(thing, Mapping):
        parts = thing.items()
    elif isinstance(thing, list | tuple):
        parts = enumerate(thing)
    for name, part in parts:
        yield from _search(f"{path}.{name}" if path else str(name), part, visited, hidden)
