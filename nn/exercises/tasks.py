"""Exercises: a network with its numbers, what to derive by hand, and hints where it is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, NamedTuple

from autograd import compare
from autograd.reals import arrayed
from nn.arguments import Array
from nn.probing import Probe, probe
from nn.probing.examples import loss_name

__all__ = ["Exercise", "exercise"]

ASKED = {  # in the order of the backward pass, with the formula that a right answer follows
    "delta": "δ{l}[j] = g'(z{l}[j]) · {above}",
    "dW": "∂C/∂W{l}[i,j] = a{below}[i] · δ{l}[j]",
    "db": "∂C/∂b{l}[j] = δ{l}[j]",
}
PLACES = 4  # behind the point of what is given


class Verdict(NamedTuple):
    """One quantity that was asked for: its name, "right", "wrong" or "open", and what helps."""

    name: str
    verdict: str
    hints: tuple[str, ...] = ()
    slip: str = ""


class Answer:
    """What `Exercise.check` found: a Verdict for each quantity. It is true where all are right."""

    def __init__(self, verdicts: list[Verdict]) -> None:
        self.verdicts = verdicts

    def __bool__(self) -> bool:
        return all(verdict.verdict == "right" for verdict in self.verdicts)

    def __getitem__(self, name: str) -> Verdict:
        return {verdict.name: verdict for verdict in self.verdicts}[name]

    def __repr__(self) -> str:
        lines = []
        for name, verdict, hints, _ in self.verdicts:
            lines += [f"{name:7} {verdict}", *[f"        hint: {hint}" for hint in hints]]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"


class Exercise:
    """A backward pass to work out by hand, made by `exercise`.

    Its text gives every number of the forward pass and names what is asked for, from the last layer
    to the first: delta2, dW2, db2, delta1 …; `check` takes the answers, and `solution` has them.
    """

    def __init__(self, found: Probe, loss: str) -> None:
        self._probe, self._loss = found, loss
        self.asked = [f"{name}{layer.number}" for layer in reversed(found.layers) for name in ASKED]

    @property
    def solution(self) -> dict[str, Array]:
        """Every quantity that is asked for, by name: what autodiff finds."""
        found = {
            f"{name}{layer.number}": getattr(layer, name)
            for layer in self._probe.layers
            for name in ASKED
        }
        return {name: found[name] for name in self.asked}

    def check(self, answers: Mapping[str, Any] | None = None, /, **more: Any) -> Answer:
        """Return what is right, wrong with a hint, or open; three digits or four places do.

        Answers are given by name, nested lists or arrays: check({"delta2": [0.3]}) or
        check(delta2=[0.3]). Raises ValueError for a name that was not asked for.
        """
        given = {**(answers or {}), **more}
        for name in given.keys() - set(self.asked):
            raise ValueError(f"asked for are {', '.join(self.asked)}; got {name!r}.")
        return Answer([self._verdict(name, given.get(name)) for name in self.asked])

    def _verdict(self, name: str, hand: Any) -> Verdict:
        if hand is None:
            return Verdict(name, "open")
        kind, layer = name.rstrip("0123456789"), self._layer(name)
        slope = layer.slope if layer.slope.shape == layer.delta.shape else None
        try:
            hand = _unrounded(hand, self.solution[name])
            found = compare(hand, self.solution[name], slope=slope, tolerance=5e-3)
        except (TypeError, ValueError) as cause:  # another shape, or no numbers
            return Verdict(name, "wrong", (str(cause),))
        if found:
            return Verdict(name, "right")
        hints = (*found.hints, f"the rule is {self._rule(kind, layer)}")
        return Verdict(name, "wrong", hints, found.slip)

    def _layer(self, name: str) -> Any:
        number = int(name[len(name.rstrip("0123456789")) :])
        return self._probe.layers[number - 1]

    def _rule(self, kind: str, layer: Any) -> str:
        number = layer.number
        last = number == len(self._probe.layers)
        above = "∂c/∂a{l}[j]" if last else f"Σ_k W{number + 1}[j,k] δ{number + 1}[k]"
        rule = ASKED[kind].replace("{above}", above)
        return rule.replace("{below}", str(number - 1)).replace("{l}", str(number))

    def text(self) -> str:
        """Return what is given and what is asked for."""
        lines = [f"{self._probe.model!r}, c = {self._loss}", "given:"]
        for layer in self._probe.layers:
            before = layer.number - 1
            shown = {f"a{before}": layer.inputs, f"W{layer.number}": layer.W}
            shown |= {f"b{layer.number}": layer.b, f"z{layer.number}": layer.z}
            lines += [f"  {name} = {array.round(PLACES).tolist()}" for name, array in shown.items()]
            lines += [f"  a{layer.number} = {layer.activation}(z{layer.number})"]
        last = self._probe.layers[-1]
        lines += [f"  a{last.number} = {last.a.round(PLACES).tolist()}"]
        lines += [f"  ∂c/∂a{last.number} = {last.da.round(PLACES).tolist()}"]
        return "\n".join([*lines, f"derive: {', '.join(self.asked)}"])

    __repr__ = __str__ = text

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.text())}</pre>"


def _unrounded(hand: Any, exact: Array) -> Any:
    """Return an answer with exact numbers where it has them to the four places that are given."""
    import numpy as np

    numbers = np.asarray(arrayed(hand))
    if numbers.shape != exact.shape or numbers.dtype.kind not in "fiu":
        return hand
    return np.where(numbers == exact.round(PLACES), exact, numbers)


def exercise(model: Any, x: Any, y: Any = None, loss: Any = None) -> Exercise:
    """Return the backward pass of a model at one example as an exercise; see `Exercise`.

    Without `loss` it is half the squared error, ½ Σ (a - y)²; without `y`, c is the sum of the
    outputs. Raises TypeError for another kind of model, ValueError for data that does not fit it
    and for a batch.

    >>> from nn import MLP, exercise
    >>> task = exercise(MLP(2, [2, 1], "tanh", seed=1), [1.0, -2.0], [0.5])
    >>> task.asked
    ['delta2', 'dW2', 'db2', 'delta1', 'dW1', 'db1']
    >>> task.check(delta2=-task.solution["delta2"])["delta2"].hints[0]
    'hand is −1 times autodiff: a sign.'
    """
    loss = "half_squared_error" if loss is None and y is not None else loss
    found = probe(model, x, y, loss)
    if found.batch:
        raise ValueError(f"an exercise is about one example; got a batch of {found.m}. Pass one.")
    return Exercise(found, loss_name(loss))
