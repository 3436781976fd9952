"""Training: batches of examples, one step of the optimiser for each, epoch after epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from random import Random
from typing import Any

from nn.arguments import count, named, several
from nn.data import Pair, checked_pair, output_form
from nn.history import History, accuracy
from nn.losses import loss_function
from nn.optimizers import Optimizer, optimizer_for
from nn.steps import Compiled, NodeByNode, Steps

__all__ = ["fit"]

METRICS = {"accuracy": accuracy}


def fit(
    model: Any, X: Any, y: Any, *, loss: Any, optimizer: Any = "adam",
    epochs: int = 100, batch_size: int | None = 32, validation: tuple[Any, Any] | None = None,
    metrics: Sequence[Any] = (), callbacks: Iterable[Callable[[History, Any], Any]] = (),
    progress: bool = True, seed: int = 0, compiled: bool = True,
) -> History:  # fmt: skip
    """Train `model` on the rows of X, (m, n), and y, (m,) or (m, k); return the history.

    An epoch goes once through the examples in batches (None: in one): each is one step of the
    optimiser down its mean loss C = (1/m) Σ c. They are shuffled by `seed` and the steps that
    the optimiser has done: a further call with it goes on. `loss` and `optimizer`
    are names or objects. `validation` is an (X, y) pair to be measured after each epoch;
    `metrics` are names ("accuracy") or functions of the arrays (outputs, y), measured on both.
    After each epoch the callbacks are called with (history, model); one that returns True ends
    the training. At the end `finish(model)` is called of those that have it. Progress is shown
    where tqdm is installed.

    `compiled` records the graph of one example and replays it: a model that branches on its
    numbers raises FrozenBranchError where an example would go another way, and random numbers
    are drawn once. `compiled=False` runs the model itself on every example, node by node.

    A cost that is not finite raises AnomalyError, which names the first node that is not;
    the parameters are then as before the failing step. Data that does not fit the model or
    the loss raises ValueError before the first step.

    >>> from nn import MLP, SGD
    >>> model = MLP(1, [1], seed=1)
    >>> history = fit(model, [[0], [1], [2]], [1, 3, 5], loss="half_squared_error",
    ...               optimizer=SGD(model.parameters(), lr=0.3), epochs=200, progress=False)
    >>> model.predict([[10]]).round(6)
    array([[21.]])
    """
    loss, callbacks = loss_function(loss), _callbacks(callbacks)
    optimizer = _optimizer(optimizer, model)
    sets = {"": checked_pair("", model, (X, y), loss)}
    if validation is not None:
        sets["val_"] = checked_pair("validation ", model, validation, loss)
    X, y = sets[""]
    functions = _functions(metrics, model, X[0])
    epochs = count("epochs", epochs)
    size = len(X) if batch_size is None else count("batch_size", batch_size)
    steps = (Compiled if compiled else NodeByNode)(model, X, y, loss, optimizer)
    history = History()
    for _ in (bar := _progress(epochs, progress)):
        batches = _batches(len(X), size, seed, optimizer.steps)
        costs = steps.epoch(batches)
        total = sum([cost * len(batch) for cost, batch in zip(costs, batches, strict=True)])
        history.add({"loss": total / len(X)} | _measured(steps, sets, functions))
        if hasattr(bar, "set_postfix"):
            bar.set_postfix({name: f"{column[-1]:.4g}" for name, column in history.columns.items()})
        if sum([bool(callback(history, model)) for callback in callbacks]):
            break
    for callback in callbacks:
        if hasattr(callback, "finish"):
            callback.finish(model)
    return history


def _batches(m: int, size: int, seed: int, done: int) -> list[list[int]]:
    """Return the rows of each batch of one epoch, in the order that follows the steps done."""
    order = list(range(m))
    Random(f"{seed}, {done}").shuffle(order)
    return [order[k : k + size] for k in range(0, m, size)]


def _callbacks(given: Any) -> list[Any]:
    """Return one callback, or several, as a list. Raises ValueError for a class."""
    callbacks = [given] if callable(given) else list(given)
    for callback in callbacks:
        if isinstance(callback, type):
            name = callback.__name__
            raise ValueError(f"a callback is an object; got the class {name}. Write {name}().")
    return callbacks


def _functions(metrics: Any, model: Any, x: Any) -> dict[str, Any]:
    """Return the metrics by name; accuracy takes outputs of a sigmoid for probabilities."""
    functions = {
        getattr(f, "__name__", str(f)): named("a metric", METRICS, f) for f in several(metrics)
    }
    if accuracy in functions.values() and output_form(model, x) == (1, "sigmoid"):
        functions["accuracy"] = partial(accuracy, threshold=0.5)
    return functions


def _optimizer(name: Any, model: Any) -> Optimizer:
    parameters = model.parameters()
    optimizer = optimizer_for(name, parameters)
    if not set(optimizer.parameters) <= set(parameters):
        raise ValueError(f"{optimizer!r} must hold parameters of the model, and holds others.")
    return optimizer


def _measured(steps: Steps, sets: dict[str, Pair], functions: dict[str, Any]) -> dict[str, float]:
    """Return the metrics on every set, and the loss on the one not trained on."""
    record: dict[str, float] = {}
    for prefix, (X, y) in sets.items():
        if prefix or functions:
            outputs, C = steps.measure(X, y)
            record |= {"val_loss": C} if prefix else {}
            record |= {prefix + name: float(f(outputs, y)) for name, f in functions.items()}
    return record


def _progress(epochs: int, wanted: bool) -> Any:
    """Return the epochs to iterate over, with a progress bar where tqdm is installed."""
    if not wanted:
        return range(epochs)
    try:
        from tqdm.auto import trange
    except ImportError:
        return range(epochs)
    return trange(epochs, desc="epochs")
