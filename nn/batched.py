"""The picture of a model over a whole batch, by one replay of a compiled program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nn.losses import loss_function
from nn.probed_layers import units_of
from nn.probing import layers_of, loss_name
from nn.training import checked_examples, recorded

if TYPE_CHECKING:
    from autograd.drawing import NetworkPicture


def batch_picture(model: Any, X: Any, y: Any, loss: Any) -> NetworkPicture:
    """Return the weights of `model` and the gradients summed over a batch, ready to be drawn.

    They are those of `probe(model, X, y, loss).picture()`, but no graph of the batch is built:
    the loss of one example is recorded, and replayed over the rows of X, (m, n), and y, (m,) or
    (m, k). `loss` is a name or a function of (outputs, target).

    Raises TypeError for another kind of model, ValueError for data that does not fit it.

    >>> from autograd import draw
    >>> from nn import MLP, batch_picture
    >>> picture = batch_picture(MLP(2, [3, 1]), [[1, 2], [0, 3]], [1, 0], "half_squared_error")
    >>> draw(picture)
    Drawing(layer, network 2→3→1)
    """
    import numpy as np

    from autograd.drawing import LayerPicture, NetworkPicture

    layers, c = layers_of(model), loss_function(loss)
    X, y = checked_examples("", model, (X, y), c)
    parameters = model.parameters()
    C, gradient = recorded(model, X, y, c, parameters)[0](np.column_stack([X, y]))
    summed = dict(zip(parameters, (len(X) * gradient).tolist(), strict=True))
    drawn = []
    for layer in layers:
        units = units_of(layer)
        W, b = list(zip(*[unit.w for unit in units], strict=True)), [unit.b for unit in units]
        numbers = {"W": [[w.data for w in row] for row in W], "b": [w.data for w in b]}
        sums = {"dW": [[summed[w] for w in row] for row in W], "db": [summed[w] for w in b]}
        drawn.append(LayerPicture(**numbers, **sums, activation=layer.activation.name))
    return NetworkPicture(None, drawn, C, loss_name(loss), len(X))
