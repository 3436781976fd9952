"""Data that fits: a table of examples beside a model, and targets beside a loss.

This is the one door for `fit`, `probe` and pictures of a batch; what is a table of numbers at
all is the matter of `arguments.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from nn.arguments import Array, several, table
from nn.losses import LOSSES, Loss, binary_cross_entropy, cross_entropy

Pair: TypeAlias = tuple[Array, Array]
APPLIES: dict[Loss, str] = {
    cross_entropy: "softmax",
    binary_cross_entropy: "sigmoid",
}  # by itself, to logits


def checked_pair(kind: str, model: Any, pair: Any, loss: Loss) -> Pair:
    """Return X and y as arrays, each target checked against the loss before any training.

    Raises ValueError for data that does not fit the model or the loss.
    """
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise ValueError(f"{kind}data must be a pair (X, y); got a {type(pair).__name__}.")
    X = table(f"{kind}X", pair[0], columns=getattr(model, "fan_in", None))
    y = table(f"{kind}y", pair[1], rows=len(X))
    fan_out, squashed = output_form(model, X[0])
    if APPLIES.get(loss) == squashed:
        raise ValueError(
            f"{loss.__name__} takes logits, for it applies {squashed} itself; "
            f"got {model!r}. Build the model with output='identity'."
        )
    require_targets(f"{kind}y", loss, fan_out, y.tolist())
    return X, y


def output_form(model: Any, x: Any) -> tuple[int, str]:
    """Run a model once; return how many outputs it has, and the function that made them all.

    >>> from autograd import sigmoid
    >>> from nn import Layer
    >>> output_form(Layer(2, 3, "sigmoid"), [0.5, 1.0])
    (3, 'sigmoid')
    """
    outputs = several(model(several(x)))
    functions = {getattr(a, "op", "") for a in outputs}
    return len(outputs), functions.pop() if len(functions) == 1 else ""


def require_targets(name: str, loss: Loss, fan_out: int, targets: Iterable[Any]) -> None:
    """Raise ValueError for the first target that a loss of this package does not take."""
    if loss not in LOSSES.values():
        return
    for k, target in enumerate(targets):
        try:
            loss([0.0] * fan_out, target)
        except ValueError as cause:
            raise ValueError(f"{name}[{k}] does not fit: {cause}") from None
