"""What is probed: a model's layers, the examples they are given, and the loss of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autograd import Value, total
from nn.layers import MLP, Layer, Neuron
from nn.losses import loss_function

if TYPE_CHECKING:
    from nn.probing.formulas import Array


@dataclass(frozen=True, eq=False)
class Examples:
    """A model's layers, the rows given to them, a target for each, and the loss c by its name."""

    model: Any
    layers: Sequence[Layer | Neuron]
    rows: Sequence[Any]
    targets: Sequence[Any]
    loss: Callable[..., Any]
    cost: str
    batch: bool

    @property
    def parameters(self) -> list[Value]:
        """The parameters of all layers, each once."""
        units = [unit for layer in self.layers for unit in units_of(layer)]
        return list(dict.fromkeys([p for unit in units for p in (*unit.w, unit.b)]))


def examples_of(model: Any, x: Any, y: Any, loss: Any) -> Examples:
    """Return one example, or a batch, that fits the model; without y and loss c is Σ a_j.

    Raises TypeError for another kind of model, ValueError for data that does not fit it.
    """
    layers = layers_of(model)
    rows, batch = _rows(x, layers[0])
    targets = _targets(y, loss, len(rows), batch)
    c = sum_of_outputs if loss is None else loss_function(loss)
    return Examples(model, layers, rows, targets, c, loss_name(loss), batch)


def loss_name(loss: Any) -> str:
    """Return what to call a loss that was given by name, as a function, or not at all."""
    if loss is None or isinstance(loss, str):
        return loss or "sum of outputs"
    name = str(getattr(loss, "__name__", "loss"))
    return name if name.isidentifier() else "loss"  # a lambda has no name of its own


def sum_of_outputs(outputs: Any, target: Any) -> Any:
    """Return Σ a_j: the loss of a probe that was given none."""
    return total(outputs)


def layers_of(model: Any) -> Sequence[Layer | Neuron]:
    """Return the layers of an MLP, or the one Layer or Neuron. Raises TypeError for others."""
    if isinstance(model, MLP):
        return model.layers
    if isinstance(model, Layer | Neuron):
        return [model]
    raise TypeError(
        f"expected a Neuron, a Layer or an MLP; got {type(model).__name__}. "
        "For any other graph, use autograd.explain or autograd.gradients."
    )


def units_of(layer: Layer | Neuron) -> Sequence[Neuron]:
    """Return the neurons of a layer, or the one neuron."""
    return layer.neurons if isinstance(layer, Layer) else [layer]


def parameters_of(layer: Layer | Neuron) -> tuple[list[list[Value]], list[Value]]:
    """Return W, indexed [i][j], and b of a layer."""
    units = units_of(layer)
    W = zip(*[unit.w for unit in units], strict=True)
    return list(map(list, W)), [unit.b for unit in units]


def matrix(rows: Sequence[Sequence[Value]]) -> Array:
    """Return the numbers of rows of Values."""
    import numpy as np

    return np.array([[node.data for node in row] for row in rows])


def _rows(x: Any, first: Layer | Neuron) -> tuple[list[Any], bool]:
    """Return the examples, and whether they came as a batch."""
    x = list(x) if getattr(x, "ndim", 0) > 1 and len(x) else getattr(x, "tolist", lambda: x)()
    batch = isinstance(x, list | tuple) and len(x) > 0 and hasattr(x[0], "__len__")
    rows = _copied(x) if batch else [x]
    for row in rows:
        known = isinstance(row, list | tuple) or hasattr(row, "tolist")
        if not known or len(row) != first.fan_in:
            raise ValueError(
                f"probe takes one example or a batch of them, {first.fan_in} inputs in each; "
                f"got {row!r}. Check the width of the data, and its nesting."
            )
    return rows, batch


def _targets(y: Any, loss: Any, m: int, batch: bool) -> list[Any]:
    if (y is None) != (loss is None):
        raise ValueError(
            f"probe takes y and loss together, or neither; got y={y!r} and loss={loss!r}. "
            "With neither, c is the sum of the outputs."
        )
    if y is None or not batch:
        return [y] * m
    if len(y) != m:
        raise ValueError(f"probe takes one target for each example; got {len(y)} for {m}.")
    return _copied(y)


def _copied(rows: Any) -> list[Any]:
    """Return rows that stay as they are when the caller's array is written to."""
    return [row.copy() if hasattr(row, "copy") else row for row in rows]
