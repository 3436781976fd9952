"""What a training run reports, epoch by epoch, and what may be decided from it."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from autograd.files import write
from autograd.text import printed
from nn.arguments import Array
from nn.arguments.hints import hinting
from nn.tracing import Learned, Trace
from nn.tracing.plots import new_axes

FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # what spreadsheets take a text for that starts so
LAST = 10  # epochs that a notebook shows
MODES = {"loss": "min", "accuracy": "max"}  # which way a column gets better


class History:
    """The numbers of each epoch: `.loss`, and `.val_loss`, `.accuracy`, … where asked for.

    >>> history = History()
    >>> history.add({"loss": 0.5})
    >>> history.add({"loss": 0.25})
    >>> history.loss, history
    ([0.5, 0.25], History(2 epochs, loss 0.5 → 0.25))
    >>> print(history.to_csv(), end="")
    epoch,loss
    1,0.5
    2,0.25
    """

    def __init__(self, trace: Trace | None = None) -> None:
        self.columns: dict[str, list[float]] = {"loss": []}
        self.trace = trace  # of the weights that `why` can be asked about

    def __getattr__(self, name: str) -> list[float]:
        columns: dict[str, list[float]] = self.__dict__.get("columns", {})
        if name not in columns:
            raise AttributeError(f"a history has {', '.join(columns)} here; it has no {name!r}.")
        return columns[name]

    def __len__(self) -> int:
        return len(self.loss)

    @printed
    def __repr__(self) -> str:
        ends = [f"{k} {v[0]:.3g} → {v[-1]:.3g}" for k, v in self.columns.items() if v]
        return f"History({', '.join([f'{len(self)} epochs', *ends])})"

    def add(self, record: dict[str, float]) -> None:
        """Append the numbers of one more epoch."""
        for name, number in record.items():
            self.columns.setdefault(name, []).append(number)

    def why(self, weight: Any) -> Learned:
        """Return why a weight, of those that `fit(…, trace=…)` named, is what it became.

        Raises ValueError for another one, and for an optimiser whose rule cannot be divided.
        """
        if self.trace is None:
            raise ValueError(
                f"nothing was kept of {weight!r} in this training. Name it: "
                'fit(…, trace=["layers.0.W[1][0]"]); True keeps all.'
            )
        return Learned(self.trace, weight)

    def _rows(self, first: int = 0) -> list[tuple[Any, ...]]:
        """Return epoch and numbers of each epoch after so many."""
        columns = [numbers[first:] for numbers in self.columns.values()]
        return [(k, *row) for k, row in enumerate(zip(*columns, strict=True), first + 1)]

    def to_csv(self, path: str | Path | None = None) -> str:
        """Return a table with one row for each epoch; write it to `path` where one is given.

        A name that a spreadsheet would compute has a quote before it.
        """
        table = io.StringIO()
        names = [f"'{name}" if name.startswith(FORMULAS) else name for name in self.columns]
        rows = [("epoch", *names), *self._rows()]
        csv.writer(table, lineterminator="\n").writerows(rows)
        if path is not None:
            write(path, table.getvalue())
        return table.getvalue()

    def _repr_html_(self) -> str:
        rows = [[f"{x:.6g}" for x in row] for row in self._rows(max(0, len(self) - LAST))]
        lines = ["<td>".join(["<tr>", *row]) for row in (("epoch", *self.columns), *rows)]
        return f"<table>{''.join(lines)}</table>"

    def plot(self, axes: Any = None) -> Any:
        """Return a Matplotlib figure of every column by epoch, drawn on `axes` if given.

        Where pyplot is in use the figure is one of its own, which `pyplot.show()` shows.
        """
        axes = axes or new_axes()
        for name, numbers in self.columns.items():
            axes.plot(range(1, len(numbers) + 1), numbers, label=name)
        axes.set_xlabel("epoch")
        axes.legend(frameon=False)
        return axes.figure


@hinting
class EarlyStopping:
    """A callback that ends training once `column` has not got better for `patience` epochs.

    Better is less ("min") or more ("max"); "auto" knows it of losses and accuracies. However
    the training ends, the model is then put back to where the column was best.

    >>> EarlyStopping(patience=5).column
    'val_loss'
    >>> EarlyStopping(column="val_accuracy").mode
    'max'
    """

    def __init__(self, patience: int = 10, column: str = "val_loss", mode: str = "auto") -> None:
        known = MODES.get(column.removeprefix("val_"))
        if mode not in ("auto", "min", "max") or (mode == "auto" and known is None):
            raise ValueError(
                f"mode is 'min' or 'max' ('auto' for {', '.join(MODES)}); got {mode!r} for "
                f"{column!r}. Say which way the column gets better."
            )
        self.patience, self.column = patience, column
        self.mode = known if mode == "auto" else mode
        self.state: dict[str, Array] = {}

    def __call__(self, history: History, model: Any) -> bool:
        """Return whether to stop."""
        numbers = getattr(history, self.column)
        best = (min if self.mode == "min" else max)(numbers)
        since = len(numbers) - 1 - numbers.index(best)
        if since == 0:
            self.state = model.state_dict()
        return bool(since >= self.patience)

    def finish(self, model: Any) -> None:
        """Put the best parameters back; `fit` calls this when the training has ended."""
        if self.state:  # not where no epoch was whole
            model.load_state_dict(self.state)
            self.state = {}


def accuracy(outputs: Array, y: Array, threshold: float = 0.0) -> float:
    """Return the share of examples whose class is right.

    The class is the largest of several outputs, for labels 0 … n-1 or rows with the largest
    number at the class; of a single one, whether it is above the threshold (0 for a logit or a
    score, ½ for a probability; `fit` knows which), for labels from 0 to 1, or -1 and 1.

    >>> import numpy as np
    >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
    0.5
    """
    if outputs.shape[1] == 1:
        return float(((outputs[:, 0] > threshold) == (y.reshape(-1) > 0.5)).mean())
    classes = y.argmax(axis=1) if y.shape == outputs.shape else y.reshape(-1)
    return float((outputs.argmax(axis=1) == classes).mean())
