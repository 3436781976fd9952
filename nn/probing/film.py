"""A training as a film: the network after each epoch, in one live page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from autograd.files import destination
from nn.arguments import Array
from nn.data import checked_pair
from nn.losses import loss_function
from nn.probing.examples import examples_of, layers_of
from nn.probing.picture import live_graph, network_picture
from nn.probing.run import Run

MOST_FRAMES = 120
MOST_NUMBERS = 60_000  # in all frames together: half a megabyte
MOST_EXAMPLES = 200  # that the page carries, and computes with
MOST_TRACED, MOST_SHOWN = 64, 8  # weights whose way is told, and examples for each


class Film:
    """A callback that keeps the network after each epoch; at the end it writes the page.

    Of a long training, or a large network, every second epoch is kept, then every fourth, and so
    on; the last one always. Each frame has ‖∂C/∂W‖ of every layer and how many of its units are
    dead, a unit being dead if its g'(z) is 0 for all examples. The page is that of
    `step_through` over the first examples, in which an epoch is chosen; of weights that `fit`
    traces it tells the examples that moved them. `fit(…, record=path)` is a short way to have one.

    Raises TypeError for a model that is no Neuron, Layer or MLP, and at once what writing to
    `path` would at the end: FileNotFoundError where its folder is not there.
    """

    def __init__(self, path: str | Path, model: Any, X: Array, y: Array, loss: Any) -> None:
        layers_of(model)
        X, y = checked_pair("", model, (X, y), loss_function(loss))
        self.path, self.loss = destination(path), loss
        self.X, self.y = X[:MOST_EXAMPLES], y[:MOST_EXAMPLES]
        self.most = max(2, min(MOST_FRAMES, MOST_NUMBERS // len(model.parameters())))
        self.frames: list[dict[str, Any]] = []
        self.every, self.epoch = 1, 0
        self.columns: dict[str, list[float]] = {"loss": []}
        self.history: Any = None
        self._keep(model)

    def __call__(self, history: Any, model: Any) -> None:
        """Keep an epoch."""
        self.history, self.columns, self.epoch = history, history.columns, len(history)
        if self.epoch % self.every == 0:
            self._keep(model)
        if len(self.frames) > self.most:
            self.every *= 2
            self.frames = [one for one in self.frames if one["epoch"] % self.every == 0]

    def finish(self, model: Any) -> None:
        """Write the page; `fit` calls this when the training has ended."""
        self.frames = [one for one in self.frames if one["epoch"] < self.epoch]
        self.run = self._keep(model)
        from autograd import step_through

        step_through(self, self.path)

    def picture(self) -> Any:
        """Return the network at the end, as pages take it."""
        return network_picture(self.run)

    @property
    def root(self) -> Any:
        """The cost at the end."""
        return self.run.root

    def live_graph(self) -> dict[str, Any] | None:
        """Return what the page computes, and the frames."""
        live = live_graph(self.run)
        film = {"columns": self.columns, "frames": self.frames, "moved": self._moved()}
        return live and {**live, "film": film}

    def _moved(self) -> dict[str, Any]:
        """Return of each traced weight what moved it: the largest parts, by example."""
        trace = getattr(self.history, "trace", None)
        if trace is None:
            return {}
        labels = {p: p.label for p in self.run.examples.parameters_in_order}
        moved = {}
        for path, weight in zip(trace.names[:MOST_TRACED], trace.leaves, strict=False):
            try:
                why = self.history.why(path)
            except ValueError:  # the rule of this optimiser cannot be divided
                return {}
            parts = why.examples.tolist()
            order = sorted(range(len(parts)), key=lambda k: -abs(parts[k]))
            moved[labels.get(weight) or path] = {
                "change": why.change,
                "examples": [[k, parts[k]] for k in order[:MOST_SHOWN]],
                "rest": [len(order[MOST_SHOWN:]), sum(parts[k] for k in order[MOST_SHOWN:])],
                "remark": why.remark(),
            }
        return moved

    def _keep(self, model: Any) -> Run:
        run = Run(examples_of(model, self.X, self.y, self.loss))
        numbers = [f"{p.data:.9g}" for p in run.examples.parameters_in_order]
        norms = [float((layer.dW**2).sum() ** 0.5) for layer in run.layers]
        dead = [_dead(layer.slope) for layer in run.layers]
        frame = {"epoch": self.epoch, "parameters": numbers, "norms": norms, "dead": dead}
        self.frames.append(frame)
        return run


def _dead(slope: Array) -> int:
    """Return how many units have a slope of 0 at every example; 0 for a softmax."""
    return int((slope == 0.0).all(axis=0).sum()) if slope.ndim == 2 else 0
