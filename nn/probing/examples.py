"""What is probed: a model's layers, the examples they are given, and the loss of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd import Value, total
from nn.arguments import Array, listed, table
from nn.data import require_targets
from nn.layers.dense import MLP, Layer, Neuron
from nn.losses import LOSSES, counted, loss_function
from nn.probing.normalization import parameters_of_norm


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
        return list(dict.fromkeys(p for layer in self.layers for p in layer.parameters()))

    @property
    def parameters_in_order(self) -> list[Value]:
        """The weights and biases as pictures have them: of each layer W by rows, then b.

        Those of normalisations follow behind.
        """
        found = []
        for W, b in map(parameters_of, self.layers):
            found += [w for row in (*W, b) for w in row]
        return found + [p for layer in self.layers for p in parameters_of_norm(layer)]

    def tables(self) -> tuple[Array, Array] | None:
        """Return X, (m, fan_in), and y, (m,) or (m, k), where all in them are finite numbers.

        y is (m, 0) where the loss takes no target.
        """
        import numpy as np

        m, untold = len(self.rows), self.targets[0] is None
        try:
            X = table("X", self.rows)
            return X, np.empty((m, 0)) if untold else table("y", self.targets, rows=m)
        except ValueError:  # Values, text, an index that is no number, infinities
            return None


def examples_of(model: Any, x: Any, y: Any, loss: Any) -> Examples:
    """Return one example, or a batch, that fits the model; without y and loss c is Σ a_j.

    Raises TypeError for another kind of model, ValueError for data that does not fit it.
    """
    layers = layers_of(model)
    rows, batch = _rows(listed("x", x), layers[0].fan_in)
    targets = _targets(y, loss, len(rows), batch)
    c = sum_of_outputs if loss is None else loss_function(loss)
    kept = counted(c, targets) if batch else None
    if kept is not None:
        rows, targets = ([column[k] for k in kept] for column in (rows, targets))
    require_targets("y", c, layers[-1].fan_out, targets if batch else ())
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


def _rows(x: Any, fan_in: int) -> tuple[list[Any], bool]:
    """Return the examples, and whether they came as a batch."""
    batch = isinstance(x, list | tuple) and len(x) > 0 and hasattr(x[0], "__len__")
    rows = [listed("x", row) for row in x] if batch else [x]
    for row in rows:
        if not isinstance(row, list | tuple) or len(row) != fan_in:
            raise ValueError(
                f"probe takes one example or a batch of them, {fan_in} inputs in each; "
                f"got {row!r}. Check the width of the data, and its nesting."
            )
    return [list(row) for row in rows], batch


def _targets(y: Any, loss: Any, m: int, batch: bool) -> list[Any]:
    """Return a target for each example, as the loss takes it: a number, a list, or anything."""
    import numpy as np

    if (y is None) != (loss is None):
        raise ValueError(
            f"probe takes y and loss together, or neither; got y={y!r} and loss={loss!r}. "
            "With neither, c is the sum of the outputs."
        )
    if loss in LOSSES or loss in LOSSES.values():
        y = listed("y", y)
    if y is None or not batch:
        return [y] * m
    y = np.asarray(y) if hasattr(y, "__array__") else y
    if len(y) != m:
        raise ValueError(f"probe takes one target for each example; got {len(y)} for {m}.")
    return [row.copy() if hasattr(row, "copy") else row for row in y]  # y may be written to
