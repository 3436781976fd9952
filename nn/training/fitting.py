"""Training: batches of examples, one step of the optimiser for each, epoch after epoch."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from time import monotonic
from typing import Any

from nn.arguments import Array, count, named, several
from nn.arguments.hints import hinting
from nn.arguments.sequences import Sequences
from nn.data import Pair, checked_pair, counted_weights, example_weights, output_form, weighted
from nn.losses import binary_cross_entropy, cross_entropy, hinge, loss_function, plain
from nn.optimizers import Optimizer, optimizer_for
from nn.tracing import Trace
from nn.training.history import History, accuracy
from nn.training.minimizers import method_of, minimizer
from nn.training.shapes import by_shape
from nn.training.steps import Batches, NodeByNode, Steps

METRICS = {"accuracy": accuracy}
MOMENT = 0.05  # seconds
CLASSIFY = (binary_cross_entropy, cross_entropy, hinge)


@hinting
def fit(
    model: Any, X: Any, y: Any, *, loss: Any, optimizer: Any = "adam", lr: Any = None,
    epochs: int = 100, batch_size: int | None = 32, validation: tuple[Any, Any] | None = None,
    metrics: Sequence[Any] = (), callbacks: Iterable[Callable[[History, Any], Any]] = (),
    sample_weight: Any = None, class_weight: Any = None, dtype: str = "float64", seed: int = 0,
    progress: bool = True, compiled: bool = True, trace: Any = None, record: Any = None,
) -> History:  # fmt: skip
    """Train `model` on the rows of X, (m, n), and y, (m,) or (m, k); return the history.

    A model of one's own, without `fan_in`, may also take rows of different lengths, and tables in
    the place of rows: then each shape has a program, and the examples of a batch one shape.

    An epoch goes once through the examples in batches (None: in one): each is one step of the
    optimiser down its mean loss C = (1/m) Σ c. They are shuffled by `seed` and the steps that
    the optimiser has done: a further call with it goes on. `loss` is a name or a function,
    `optimizer` an object, a class (`Adam`) or a name, whose learning rate is `lr`: by default
    0.01 with a name, and 0.1 with "sgd". "lbfgs" and "lm" (Levenberg-Marquardt, for losses of
    squares) are SciPy's: an epoch is one of their iterations over all examples, and they end where
    they find no better point. `validation` is an (X, y) pair to be measured after each
    epoch; `metrics` are names ("accuracy") or functions of the arrays (outputs, y), measured on
    both. After each epoch the callbacks are called with (history, model); one that returns True
    ends the training. At the end, however it comes, `finish(model)` is called of those that have
    it. Progress is shown where tqdm is installed.

    With weights C = (1/m) Σ w c: `sample_weight` has one number for each example, `class_weight`
    one for each label ({0: 1, 1: 5}), or "balanced"; w is their product. Validation is unweighted.

    `compiled` records the graph of one example and replays it, in `dtype`: a model that branches on
    its numbers raises FrozenBranchError where an example would go another way, and one that draws
    from the generators of `random` or `numpy.random` raises it at once. `Dropout` draws anew in
    each step. `compiled=False` runs the model itself on every example, node by node.

    `trace` names weights ("layers.0.W[1][0]", or Values; True: all) that `history.why` can then be
    asked about: every example's part of their gradients is kept, 8 bytes an example and epoch.

    `record` names a file, "run.html": a live page of the network that goes from epoch to epoch, as
    `Film` makes it.

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
    method = method_of(optimizer, lr, trace)
    loss, optimizer = loss_function(loss), _optimizer("sgd" if method else optimizer, lr, model)
    sample_weight = counted_weights(loss, y, sample_weight)
    sets = _sets(model, (X, y), validation, loss)
    X, y = sets[""]
    callbacks = [*_callbacks(callbacks), *_film(record, model, X, y, loss)]
    functions = _functions(metrics, model, X[[0]].tolist()[0])
    epochs = count("epochs", epochs)
    size = len(X) if batch_size is None else count("batch_size", batch_size)
    history = History(_trace(trace, model, optimizer, _classes(y, loss), epochs, len(X), dtype))
    weights = example_weights(y, sample_weight, class_weight)
    heavy, targets = weighted(loss, sets, weights)
    steps = steps_for(compiled, dtype)(model, X, targets[""], heavy, optimizer, history.trace)
    with Run(model, steps, history, sets, targets, functions, callbacks) as run:
        bar = _progress(epochs, progress)
        if method:
            found = minimizer(method, model, sets[""], loss, weights)
            found(steps, optimizer.parameters, partial(run.reached, bar), epochs).run()
        else:
            run.through(bar, lambda: batches_of(X, size, seed, optimizer.steps))
    return history


def _sets(model: Any, pair: Any, validation: Any, loss: Any) -> dict[str, Pair]:
    """Return the checked data by the prefix of its columns."""
    sets = {"": checked_pair("", model, pair, loss)}
    if validation is not None:
        sets["val_"] = checked_pair("validation ", model, validation, loss)
    return sets


@dataclass
class Run:
    """What happens at the end of each epoch: numbers are kept and shown, callbacks called."""

    model: Any
    steps: Steps
    history: History
    sets: dict[str, Pair]
    targets: dict[str, Array]
    functions: dict[str, Any]
    callbacks: list[Any]

    def ended(self, record: dict[str, float], bar: Any) -> bool:
        """Keep the numbers of an epoch; return whether a callback ends the training.

        The callbacks see the numbers of the last step.
        """
        measured = _measured(self.steps, self.sets, self.targets, self.functions)
        self.history.add(record | measured)
        _show(bar, self.history)
        if self.callbacks:
            self.steps.settle()
        return sum([bool(callback(self.history, self.model)) for callback in self.callbacks]) > 0

    def through(self, bar: Any, batches_now: Callable[[], Batches]) -> None:
        """Go through the epochs, up to one whose callbacks end the training."""
        watched = self.callbacks or self.functions or self.steps.trace or len(self.sets) > 1
        if not watched:
            first = batches_now()
            if isinstance(first[0], range):  # which every epoch takes
                self._at_once(bar, first)
                return
        for _ in bar:
            costs = self.steps.epoch(batches := batches_now())
            if self.ended(_record(costs, batches), bar):
                break

    def _at_once(self, bar: Any, batches: Batches) -> None:
        """Go through the epochs, as many at a time as take a moment, for nobody looks at each."""
        left, portion = len(bar), 1
        while left:
            start, count = monotonic(), min(portion, left)
            for costs in self.steps.epochs(batches, count):
                self.history.add(_record(costs, batches))
            _show(bar, self.history)
            if hasattr(bar, "update"):
                bar.update(count)
            left -= count
            portion *= 2 if monotonic() - start < MOMENT else 1
        if hasattr(bar, "close"):
            bar.close()

    def reached(self, bar: Any, cost: float) -> bool:
        """Do that for an iteration of a method that counts them by itself."""
        if hasattr(bar, "update"):
            bar.update()
        return self.ended({"loss": cost}, bar)

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *cause: object) -> None:
        """Settle all numbers, and tell the callbacks of the end."""
        self.steps.settle()
        for callback in [c for c in self.callbacks if hasattr(c, "finish")]:
            callback.finish(self.model)


def steps_for(compiled: bool, dtype: str) -> Callable[..., Steps]:
    """Return what makes the steps of a training of (model, X, y, loss, optimizer)."""
    if compiled:
        return partial(by_shape, dtype=dtype)
    if dtype != "float64":
        raise ValueError(f"node by node every number is a float64; got dtype={dtype!r}.")
    return NodeByNode


def _film(record: Any, *training: Any) -> list[Any]:
    """Return the callback that records a training, if it is to be recorded."""
    if record is None:
        return []
    from nn.probing.film import Film  # which loads all that draws

    return [Film(record, *training)]


def _trace(
    wanted: Any, model: Any, optimizer: Optimizer, classes: Array | None, epochs: int, m: int,
    dtype: str,
) -> Trace | None:  # fmt: skip
    """Return what keeps each example's part of the gradients of the weights that are wanted."""
    if wanted is None or wanted is False:
        return None
    trace = Trace(model, wanted, optimizer, m, classes, dtype)
    trace.require_room(epochs)
    return trace


def _classes(y: Array, loss: Any) -> Array | None:
    """Return the class of each example where the loss is one of classes."""
    if plain(loss) not in CLASSIFY:
        return None
    return y.argmax(axis=1) if y.size > len(y) else y.reshape(-1)


def _record(costs: list[float], batches: Batches) -> dict[str, float]:
    """Return the mean loss of the examples of an epoch, from those of its batches."""
    sizes = list(map(len, batches))
    return {"loss": sum(map(operator.mul, costs, sizes)) / sum(sizes)}


def _show(bar: Any, history: History) -> None:
    if hasattr(bar, "set_postfix"):
        bar.set_postfix({name: f"{column[-1]:.4g}" for name, column in history.columns.items()})


def batches_of(X: Any, size: int, seed: int, done: int) -> Batches:
    """Return the rows of each batch of one epoch, in the order that follows the steps done.

    The examples of a batch have one shape: where there are several, batches follow in any order.
    One batch of all has them as they are, for their order changes nothing but the last digits.
    """
    if size >= len(X) and not isinstance(X, Sequences):
        return [range(len(X))]
    order, rng = list(range(len(X))), Random(f"{seed}, {done}")
    rng.shuffle(order)
    if not isinstance(X, Sequences):
        return [order[k : k + size] for k in range(0, len(order), size)]
    groups = [[order[k] for k in places] for places in X[order].by_shape().values()]
    batches = [group[k : k + size] for group in groups for k in range(0, len(group), size)]
    rng.shuffle(batches)
    return batches


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


def _optimizer(name: Any, lr: Any, model: Any) -> Optimizer:
    parameters = model.parameters()
    optimizer = optimizer_for(name, parameters, lr)
    if not set(optimizer.parameters) <= set(parameters):
        raise ValueError(f"{optimizer!r} must hold parameters of the model, and holds others.")
    return optimizer


def _measured(
    steps: Steps, sets: dict[str, Pair], targets: dict[str, Array], functions: dict[str, Any]
) -> dict[str, float]:
    """Return the metrics on every set, and the loss on the one not trained on."""
    record: dict[str, float] = {}
    if functions:  # which may look at the model
        steps.settle()
    for prefix, (X, y) in sets.items():
        if prefix or functions:
            outputs, C = steps.measure(X, targets[prefix])
            record |= {"val_loss": C} if prefix else {}
            record |= {prefix + name: float(f(outputs, y)) for name, f in functions.items()}
    return record


def _progress(epochs: int, wanted: bool) -> Any:
    """Return the epochs to iterate over, with a progress bar where tqdm is installed."""
    if not wanted:
        return range(epochs)
    try:
        with warnings.catch_warnings():  # about widgets that a notebook does not have
            warnings.simplefilter("ignore")
            from tqdm.auto import trange
    except ImportError:
        return range(epochs)
    return trange(epochs, desc="epochs")
