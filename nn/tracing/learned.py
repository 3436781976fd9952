"""The answer to `history.why(weight)`: text, HTML, a plot and arrays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Any

from autograd.explanation.numerals import counted, figure
from nn.tracing.plots import new_axes
from nn.tracing.trace import Trace
from nn.tracing.ways import way

SHOWN = 3  # parts of a line

Part = tuple[str, float]


class Learned:
    """Why a weight is what it became: its change in a training, divided.

    `examples` has the part of each example, (m,), `epochs` of each epoch, `classes` of each class
    (where the loss has any: a dict); `decay` is owed to weight decay, `earlier` to gradients from
    before this training that the optimiser's state still held, and `outside` to callbacks. The
    examples with these three add up to `change` = `after` - `before`, to rounding; and so do the
    epochs with `outside`.

    For SGD with or without momentum that is exact. Adam and RMSprop divide by a root of mean
    squares: the parts are those of the numerators, given these denominators.

    >>> from nn import MLP, fit
    >>> model = MLP(1, [1], seed=1)
    >>> history = fit(model, [[0], [1]], [1, 3], loss="half_squared_error", optimizer="sgd",
    ...               epochs=20, batch_size=None, progress=False, trace="layers.0.W[0][0]")
    >>> why = history.why("layers.0.W[0][0]")
    >>> bool(abs(why.examples.sum() - why.change) < 1e-12), bool(why.examples[0] == 0)  # x is 0
    (True, True)
    """

    def __init__(self, trace: Trace, weight: Any) -> None:
        import numpy as np

        k = trace.place(weight)
        found = way(trace, k)
        self.name, self.before, self.after, self.steps = trace.names[k], *found[:3]
        self.change, self.examples, self.epochs = found.change, found.examples, found.epochs
        self.decay, self.earlier, self.outside = found.decay, found.earlier, found.outside
        self.given, self.optimizer = found.given, repr(trace.optimizer)
        self.classes: dict[int, float] = {}
        if trace.labels is not None:
            for label in np.unique(trace.labels).tolist():
                self.classes[int(label)] = float(self.examples[trace.labels == label].sum())

    def lines(self) -> list[tuple[str, list[str]]]:
        """Return what the text and the HTML show: a heading, and its parts as text."""
        by = {
            "by class": [(str(label), part) for label, part in self.classes.items()],
            "by example": [(f"#{k}", part) for k, part in enumerate(self.examples.tolist())],
            "by epoch": [(str(k), part) for k, part in enumerate(self.epochs.tolist(), 1)],
        }
        lines = [(name, _shown(parts)) for name, parts in by.items() if parts]
        sums = [
            ("weight decay", self.decay),
            ("from before", self.earlier),
            ("between steps", self.outside),
        ]
        return lines + [(name, [_signed(number)]) for name, number in sums if number]

    def heading(self) -> str:
        """Return the whole change in a sentence."""
        ends = f"from {figure(self.before, 4)} to {figure(self.after, 4)}"
        steps = f"{counted(self.steps)} step{'' if self.steps == 1 else 's'}"
        change = figure(self.change, 4, signed=True)
        return f"{formula_name(self.name)} went {ends} in {steps}: {change}."

    def remark(self) -> str:
        """Return how the parts are meant where they are not exact, or nothing."""
        if not self.given:
            return ""
        return f"These are parts of the numerators of {self.optimizer}, given its denominators."

    def text(self) -> str:
        """Return the change, and its largest parts."""
        lines = [f"{name:<13} {'   '.join(parts)}" for name, parts in self.lines()]
        return "\n".join(filter(None, [self.heading(), *lines, self.remark()]))

    def html(self) -> str:
        """Return the same as a table."""
        rows = [
            f"<tr><th>{escape(name)}<td>{'<td>'.join(map(escape, parts))}"
            for name, parts in self.lines()
        ]
        remark = f"<p>{escape(self.remark())}</p>" if self.remark() else ""
        return f"<p>{escape(self.heading())}</p><table>{''.join(rows)}</table>{remark}"

    def plot(self, axes: Any = None) -> Any:
        """Return a Matplotlib figure of the change in each epoch, drawn on `axes` if given."""
        axes = axes or new_axes()
        axes.bar(range(1, len(self.epochs) + 1), self.epochs)
        axes.axhline(0.0, linewidth=0.8, color="gray")
        axes.set_xlabel("epoch")
        axes.set_ylabel(f"change of {formula_name(self.name)}")
        return axes.figure

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return self.html()


def formula_name(path: str) -> str:
    """Return the path of a weight as formulas have it: layers count from 1.

    >>> formula_name("layers.0.W[1][0]"), formula_name("layers.2.b[4]"), formula_name("slope")
    ('W1[1,0]', 'b3[4]', 'slope')
    """
    found = re.fullmatch(r"layers\.(\d+)\.([Wb])((?:\[\d+\])+)", path)
    if not found:
        return path
    return f"{found[2]}{int(found[1]) + 1}{found[3].replace('][', ',')}"


def _shown(parts: Sequence[Part]) -> list[str]:
    """Return the largest parts as text, and what all others are together."""
    order = sorted(parts, key=lambda part: -abs(part[1]))
    shown, rest = order[:SHOWN], order[SHOWN:]
    if len(rest) == 1:
        shown, rest = order, []
    texts = [f"{name}: {_signed(number)}" for name, number in shown]
    if rest:
        texts.append(f"… {counted(len(rest))} more: {_signed(sum(x for _, x in rest))}")
    return texts


def _signed(number: float) -> str:
    return figure(number, signed=True)
