"""The picture of a model over a whole batch, whose data are checked as for training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nn.losses import loss_function
from nn.probing.probing import probe
from nn.training import checked_examples

if TYPE_CHECKING:
    from autograd.drawing import NetworkPicture


def batch_picture(model: Any, X: Any, y: Any, loss: Any) -> NetworkPicture:
    """Return the weights of `model` and the gradients summed over a batch, ready to be drawn.

    They are those of `probe(model, X, y, loss).picture()`, after the checks of data that `fit`
    makes. X is (m, n), and y (m,) or (m, k); `loss` is a name or a function of (outputs, target).

    Raises TypeError for another kind of model, ValueError for data that does not fit it.

    >>> from autograd import draw
    >>> from nn import MLP, batch_picture
    >>> picture = batch_picture(MLP(2, [3, 1]), [[1, 2], [0, 3]], [1, 0], "half_squared_error")
    >>> draw(picture)
    Drawing(layer, network 2→3→1)
    """
    c = loss_function(loss)
    X, y = checked_examples("", model, (X, y), c)
    return probe(model, X, y, loss).picture()
