"""Training: batches of examples, one step of the optimiser for each, epoch after epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from autograd import AnomalyError, Program, Value, mean, recording, topological
from nn.arguments import count, named, several, table
from nn.history import History, accuracy
from nn.losses import LOSSES, Loss, binary_cross_entropy, cross_entropy, loss_function
from nn.optimizers import Optimizer, optimizer_for

if TYPE_CHECKING:
    from nn.arguments import Array

    Examples = tuple[Array, Array]

METRICS = {"accuracy": accuracy}
APPLIES: dict[Loss, str] = {
    cross_entropy: "softmax",
    binary_cross_entropy: "sigmoid",
}  # by itself, to logits


def fit(
    model: Any, X: Any, y: Any, *, loss: Any, optimizer: Any = "adam",
    epochs: int = 100, batch_size: int | None = 32, validation: tuple[Any, Any] | None = None,
    metrics: Sequence[Any] = (), callbacks: Iterable[Callable[[History, Any], Any]] = (),
    progress: bool = True, seed: int = 0, compiled: bool = True,
) -> History:  # fmt: skip
    """Train `model` on the rows of X, (m, n), and y, (m,) or (m, k); return the history.

    An epoch goes once through the examples, shuffled by `seed`, in batches (None: in one):
    each is one step of the optimiser down its mean loss C = (1/m) Σ c. `loss` and `optimizer`
    are names or objects. `validation` is an (X, y) pair to be measured after each epoch;
    `metrics` are names ("accuracy") or functions of the arrays (outputs, y), measured on both.
    After each epoch the callbacks are called with (history, model); one that returns True ends
    the training. Progress is shown where tqdm is installed.

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
    loss = loss_function(loss)
    optimizer = _optimizer(optimizer, model)
    sets = {"": checked_examples("", model, (X, y), loss)}
    if validation is not None:
        sets["val_"] = checked_examples("validation ", model, validation, loss)
    functions = {
        getattr(f, "__name__", str(f)): named("a metric", METRICS, f) for f in several(metrics)
    }
    epochs = count("epochs", epochs)
    batch_size = len(sets[""][0]) if batch_size is None else count("batch_size", batch_size)
    run = (Compiled if compiled else NodeByNode)(model, *sets[""], loss, optimizer)
    callbacks = [callbacks] if callable(callbacks) else list(callbacks)
    history, rng = History(), Random(seed)
    order = list(range(len(sets[""][0])))
    for _ in (bar := _progress(epochs, progress)):
        rng.shuffle(order)
        batches = [order[k : k + batch_size] for k in range(0, len(order), batch_size)]
        costs = run.epoch(batches)
        total = sum([cost * len(batch) for cost, batch in zip(costs, batches, strict=True)])
        history.add({"loss": total / len(order)} | _measured(run, sets, functions))
        if hasattr(bar, "set_postfix"):
            bar.set_postfix({name: f"{column[-1]:.4g}" for name, column in history.columns.items()})
        if sum([bool(callback(history, model)) for callback in callbacks]):
            break
    return history


class NodeByNode:
    """Takes a step by building the graph of a batch and walking it back."""

    def __init__(self, model: Any, X: Array, y: Array, loss: Loss, optimizer: Optimizer) -> None:
        self.model, self.loss, self.optimizer, self.X, self.y = model, loss, optimizer, X, y

    def epoch(self, batches: list[list[int]]) -> list[float]:
        """Take a step on the rows of each batch; return the mean loss before each."""
        return [self.step(batch) for batch in batches]

    def step(self, batch: list[int]) -> float:
        """Take a step on the rows of one batch; return their mean loss before it."""
        _, C = self.forward(self.X[batch], self.y[batch])
        self.optimizer.zero_grad()
        C.backward()
        self.optimizer.step()
        return C.data

    def measure(self, X: Array, y: Array) -> tuple[Array, float]:
        """Return the outputs for these examples, (m, fan_out), and their mean loss."""
        import numpy as np

        outputs, C = self.forward(X, y)
        return np.array([[a.data for a in several(row)] for row in outputs]), C.data

    def forward(self, X: Array, y: Array) -> tuple[list[Any], Value]:
        """Return the outputs for these examples and their mean loss, which must be finite."""
        outputs = [self.model(x) for x in X.tolist()]
        C: Value = mean([self.loss(a, t) for a, t in zip(outputs, y.tolist(), strict=True)])
        if not math.isfinite(C.data):
            raise _not_finite(C)
        return outputs, C


class Compiled:
    """Takes a step by replaying the graph of one example over the rows of a batch."""

    def __init__(self, model: Any, X: Array, y: Array, loss: Loss, optimizer: Optimizer) -> None:
        import numpy as np

        self.program, self.outputs = recorded(model, X, y, loss, optimizer.parameters)
        self.optimizer, self.rows = optimizer, np.column_stack([X, y])

    def epoch(self, batches: list[list[int]]) -> list[float]:
        """Take a step on the rows of each batch; return the mean loss before each.

        An epoch that fails is gone through again step by step, to end before the step that did.
        """
        optimizer, w = self.optimizer, self.optimizer.parameters
        before = [leaf.data for leaf in w], optimizer.state, optimizer.steps
        rows = self.rows[[k for batch in batches for k in batch]]
        self.program.load_parameters()  # a callback may have changed them
        try:
            costs = self.program.train(rows, optimizer, len(batches), len(batches[0]))
            self.program.store_parameters()
            if all(map(math.isfinite, [leaf.data for leaf in w])):
                return [float(C) for C in costs]
        except KeyboardInterrupt:
            self.program.store_parameters()
            raise
        except Exception:  # whatever it is, the steps below meet it again
            pass
        numbers, optimizer.state, optimizer.steps = before
        for leaf, number in zip(w, numbers, strict=True):
            leaf.data = number
        self.program.load_parameters()
        return [self.step(batch) for batch in batches]

    def step(self, batch: list[int]) -> float:
        """Take a step on the rows of one batch; return their mean loss before it."""
        C, gradient = self.program(self.rows[batch])
        self.optimizer.update(gradient.tolist())
        self.program.load_parameters()
        return C

    def measure(self, X: Array, y: Array) -> tuple[Array, float]:
        """Return the outputs for these examples, (m, fan_out), and their mean loss."""
        import numpy as np

        C, _ = self.program(np.column_stack([X, y]))
        return self.program.read_values(self.outputs), C


def recorded(
    model: Any, X: Array, y: Array, loss: Loss, parameters: Sequence[Value]
) -> tuple[Program, list[Value]]:
    """Return the loss of one example as a program of rows (x, y), and the outputs of the model."""
    import numpy as np

    inputs = [Value(x, f"x[{i}]") for i, x in enumerate(X[0])]
    targets = [Value(t, f"y[{j}]") for j, t in enumerate(np.atleast_1d(y[0]))]
    with recording():
        outputs = model(inputs)
        c = loss(outputs, targets if y.ndim == 2 else targets[0])
    if not getattr(c, "op", ""):
        raise ValueError(
            f"the loss must depend on the parameters of the model; got {c!r}, which nothing "
            "computed. Train outside of no_grad(), and compute with the Values themselves."
        )
    nodes = [a if a.__class__ is Value else Value(a) for a in several(outputs)]
    leaves = [*inputs, *targets]
    return Program(c, inputs=leaves, parameters=parameters, also=nodes), nodes


def _optimizer(name: Any, model: Any) -> Optimizer:
    parameters = model.parameters()
    optimizer = optimizer_for(name, parameters)
    if not set(optimizer.parameters) <= set(parameters):
        raise ValueError(f"{optimizer!r} must hold parameters of the model, and holds others.")
    return optimizer


def checked_examples(kind: str, model: Any, pair: Any, loss: Loss) -> Examples:
    """Return X and y as arrays, each target checked against the loss before any training."""
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise ValueError(f"{kind}data must be a pair (X, y); got a {type(pair).__name__}.")
    X = table(f"{kind}X", pair[0], columns=getattr(model, "fan_in", None))
    y = table(f"{kind}y", pair[1], rows=len(X))
    last = getattr(model, "layers", [model])[-1]
    if APPLIES.get(loss, "") == str(getattr(last, "activation", None)):
        raise ValueError(
            f"{loss.__name__} takes logits, for it applies {last.activation} itself; "
            f"got {model!r}. Build the model with output='identity'."
        )
    for k, target in enumerate(y.tolist() if loss in LOSSES.values() else ()):
        try:
            loss([Value(0.0)] * getattr(last, "fan_out", y[0].size), target)
        except ValueError as cause:
            raise ValueError(f"{kind}y[{k}] does not fit: {cause}") from None
    return X, y


def _measured(run: Any, sets: dict[str, Examples], functions: dict[str, Any]) -> dict[str, float]:
    """Return the metrics on every set, and the loss on the one not trained on."""
    record: dict[str, float] = {}
    for prefix, (X, y) in sets.items():
        if prefix or functions:
            outputs, C = run.measure(X, y)
            record |= {"val_loss": C} if prefix else {}
            record |= {prefix + name: float(f(outputs, y)) for name, f in functions.items()}
    return record


def _not_finite(cost: Value) -> AnomalyError:
    """Return the error that names the first node of a graph that is not finite."""
    bad = next(node for node in topological(cost) if not math.isfinite(node.data))
    operands = [f"{x.label or x.op or 'constant'} = {x.data:g}" for x in bad.parents[:4]]
    operands += ["…"] * (len(bad.parents) > 4)
    name = f"{bad.op}({', '.join(operands)})" if bad.op else f"leaf {bad.label!r}"
    return AnomalyError(
        f"the mean loss of a batch is {cost.data}: the first node that is not finite is "
        f"{name} = {bad.data}. The parameters are as before this step; lower the learning "
        "rate, clip the gradients, or scale the data."
    )


def _progress(epochs: int, wanted: bool) -> Any:
    """Return the epochs to iterate over, with a progress bar where tqdm is installed."""
    if not wanted:
        return range(epochs)
    try:
        from tqdm.auto import trange
    except ImportError:
        return range(epochs)
    return trange(epochs, desc="epochs")
