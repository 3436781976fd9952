"""Data that fits: a table of examples beside a model, and targets beside a loss.

This is the one door for `fit`, `probe` and pictures of a batch; what is a table of numbers at
all is the matter of `arguments/`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from nn.arguments import Array, flat, floats, listed, several, table
from nn.arguments.sequences import examples
from nn.losses import LOSSES, Loss, binary_cross_entropy, counted, cross_entropy, plain
from nn.modes import in_mode

Pair: TypeAlias = tuple[Any, Array]  # a table or `Sequences`, and targets
APPLIES: dict[Loss, str] = {
    cross_entropy: "softmax",
    binary_cross_entropy: "sigmoid",
}  # by itself, to logits


def checked_pair(kind: str, model: Any, pair: Any, loss: Loss) -> Pair:
    """Return X and y as arrays, each target checked against the loss before any training.

    Examples that the loss ignores are left out. Raises ValueError for data that does not fit the
    model or the loss.
    """
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise ValueError(f"{kind}data must be a pair (X, y); got a {type(pair).__name__}.")
    X = examples(f"{kind}X", pair[0], columns=getattr(model, "fan_in", None))
    y = table(f"{kind}y", pair[1], rows=len(X))
    kept = counted(loss, y.tolist())
    X, y = (X, y) if kept is None else (X[kept], y[kept])
    fan_out, squashed = output_form(model, X[[0]].tolist()[0])
    if APPLIES.get(plain(loss)) == squashed:
        raise ValueError(
            f"{plain(loss).__name__} takes logits, for it applies {squashed} itself; "
            f"got {model!r}. Build the model with output='identity'."
        )
    require_targets(f"{kind}y", loss, fan_out, y.tolist())
    return X, y


def counted_weights(loss: Loss, y: Any, sample_weight: Any) -> Any:
    """Return the weights of the examples that a loss counts, of one for each in y."""
    kept = None if sample_weight is None else counted(loss, listed("y", y))
    if kept is None:
        return sample_weight
    return table("sample_weight", sample_weight, rows=len(y), columns=1)[kept]


def example_weights(y: Array, sample_weight: Any, class_weight: Any) -> Array | None:
    """Return how much each example counts, the product of both; None where all count 1.

    `class_weight` has a number for some of the labels, 1 for the others, or for all and some that
    are not in y; or is "balanced": m examples of n classes then weigh m/n for each class. Raises
    ValueError for what does not fit y.

    >>> import numpy as np
    >>> example_weights(np.array([0, 1, 1, 1]), None, "balanced").round(3).tolist()
    [2.0, 0.667, 0.667, 0.667]
    """
    import numpy as np

    m, weights = len(y), None
    if sample_weight is not None:
        weights = table("sample_weight", sample_weight, rows=m, columns=1).reshape(m)
    if class_weight is not None:
        labels = y.argmax(axis=1) if y.size > m else y.reshape(m)
        names, places, counts = np.unique(labels, return_inverse=True, return_counts=True)
        given = {} if class_weight == "balanced" else class_weight
        found = set(names.tolist())
        if not isinstance(given, Mapping) or not (given.keys() <= found or given.keys() >= found):
            raise ValueError(
                f"class_weight is 'balanced', or has numbers for {names.tolist()}, found in y; "
                f"got {class_weight!r}."
            )
        of_class = floats("class_weight", [given.get(name, 1.0) for name in names])
        of_class *= m / len(names) / counts if class_weight == "balanced" else 1.0
        weights = of_class[places] * (1.0 if weights is None else weights)
    if weights is not None and (weights < 0.0).any():
        raise ValueError(f"an example weighs 0 or more; got {weights.min():g}.")
    return weights


def weighted(
    loss: Loss, sets: dict[str, Pair], weights: Array | None
) -> tuple[Loss, dict[str, Array]]:
    """Return the loss and the targets of each set.

    With weights w that is w c, of targets with w as one more column; sets with a name have w = 1.
    """
    import numpy as np

    if weights is None:
        return loss, {name: y for name, (_, y) in sets.items()}
    single = sets[""][1].ndim == 1

    def heavy(outputs: Any, target: Any) -> Any:
        *y, w = target
        return w * loss(outputs, y[0] if single else y)

    columns = {name: np.ones(len(y)) if name else weights for name, (_, y) in sets.items()}
    return heavy, {name: np.column_stack([y, columns[name]]) for name, (_, y) in sets.items()}


def probabilities(outputs: Array, squashed: str) -> Array:
    """Return outputs, (m, n), that a function made as the probabilities of n classes, or 0 and 1.

    >>> import numpy as np
    >>> probabilities(np.array([[0.0]]), "dot"), probabilities(np.array([[0.25]]), "sigmoid")
    (array([[0.5, 0.5]]), array([[0.75, 0.25]]))
    """
    import numpy as np

    n = outputs.shape[1]
    if squashed in ("softmax", "sigmoid"):
        return outputs if n > 1 else np.hstack([1.0 - outputs, outputs])
    logits = outputs if n > 1 else np.hstack([0.0 * outputs, outputs])
    exps = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exps / exps.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]


def output_form(model: Any, x: Any) -> tuple[int, str]:
    """Run a model once; return how many outputs it has, and the function that made them all.

    >>> from autograd import sigmoid
    >>> from nn import Layer
    >>> output_form(Layer(2, 3, "sigmoid"), [0.5, 1.0])
    (3, 'sigmoid')
    """
    with in_mode(training=False):
        outputs = flat(model(several(x)))
    return len(outputs), function_of(outputs)


def function_of(outputs: Iterable[Any]) -> str:
    """Return the name of the function that made all these nodes, "" where there is none."""
    functions = {getattr(a, "op", "") for a in outputs}
    return functions.pop() if len(functions) == 1 else ""


def require_targets(name: str, loss: Loss, fan_out: int, targets: Iterable[Any]) -> None:
    """Raise ValueError for the first target that a loss of this package does not take."""
    if plain(loss) not in LOSSES.values():
        return
    for k, target in enumerate(targets):
        try:
            loss([0.0] * fan_out, target)
        except ValueError as cause:
            raise ValueError(f"{name}[{k}] does not fit: {cause}") from None
