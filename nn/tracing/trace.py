"""What a training keeps of the weights that are asked about: every example's part, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from autograd import Value
from nn.arguments import Array, several
from nn.freezing import frozen

LARGEST = 2**29  # bytes that a trace may take


class Step(NamedTuple):
    """One step: its examples, (m,), ∂c/∂w of each, (m, weights), w before, and the scale of g."""

    rows: list[int]
    gradients: Array
    before: list[float]
    scale: float


class Trace:
    """The steps of one training as its traced weights saw them.

    `epochs` has the number of the step that each begins with, `labels` the classes of the m
    examples where there are any, and `after` the weights after the last step.
    """

    def __init__(
        self, model: Any, wanted: Any, optimizer: Any, m: int, labels: Array | None, dtype: str
    ) -> None:
        self.names, self.leaves = traced(model, wanted)
        self.optimizer, self.m, self.labels, self.dtype = optimizer, m, labels, dtype
        self.after = self.numbers()
        self.first = optimizer.steps  # done before this training
        states = dict(zip(optimizer.parameters, optimizer.state, strict=True))
        self.states = [states.get(leaf) for leaf in self.leaves]  # None: not the optimiser's
        self.steps: list[Step] = []
        self.epochs: list[int] = []
        self.still: list[set[int]] = []  # which weights were frozen in each epoch

    def require_room(self, epochs: int) -> None:
        """Raise ValueError where the parts of all examples would take more memory than is borne."""
        size = 8 * self.m * epochs * len(self.leaves)
        if size > LARGEST:
            raise ValueError(
                f"{len(self.leaves)} traced weights, {epochs} epochs and {self.m} examples take "
                f"{size / 2**20:.0f} MiB; at most {LARGEST >> 20} are allowed. Name fewer weights, "
                'as trace=["layers.0.W[1][0]"].'
            )

    @contextmanager
    def epoch(self) -> Iterator[None]:
        """Keep the steps of an epoch, all or, where it fails, none of them."""
        begun = len(self.steps)
        try:
            yield
        except BaseException:
            del self.steps[begun:]
            raise
        self.epochs.append(begun)
        still = frozen()
        self.still.append({k for k, leaf in enumerate(self.leaves) if leaf in still})
        self.after = self.numbers()

    def add(self, rows: Sequence[int], gradients: Array, before: list[float], scale: float) -> None:
        """Keep a step."""
        self.steps.append(Step(list(rows), gradients, before, scale))

    def recorder(self, batches: Sequence[Sequence[int]]) -> Callable[[Array, float], None]:
        """Return what keeps the steps of these batches, one a call.

        It takes the gradients and the weights side by side, (m, 2 weights), and the scale.
        """
        left, k = iter(batches), len(self.leaves)

        def record(columns: Array, scale: float) -> None:
            self.add(next(left), columns[:, :k].copy(), columns[0, k:].tolist(), scale)

        return record

    def numbers(self) -> list[float]:
        """Return the numbers of the traced weights, as they are now."""
        return [leaf.data for leaf in self.leaves]

    def place(self, weight: Any) -> int:
        """Return which of the traced weights is meant by a name, or a Value."""
        for k, (name, leaf) in enumerate(zip(self.names, self.leaves, strict=True)):
            if weight is leaf or (isinstance(weight, str) and weight == name):
                return k
        raise ValueError(
            f"this training traced {_listed(self.names)}; got {weight!r}. "
            "Name it in fit(…, trace=[…]) and train again."
        )


def traced(model: Any, wanted: Any) -> tuple[list[str], list[Value]]:
    """Return names and Values of the weights that `trace` asks for: True, names or Values."""
    known = dict(model.named_parameters())
    if wanted is True:
        return list(known), list(known.values())
    names = {leaf: name for name, leaf in known.items()}
    found: dict[str, Value] = {}
    for weight in several(wanted):
        name = names.get(weight, "") if weight.__class__ is Value else weight
        if not isinstance(name, str) or name not in known:
            raise ValueError(
                f"trace takes True, or names or Values of the parameters {_listed(list(known))}; "
                f"got {weight!r}."
            )
        found[name] = known[name]
    if not found:
        raise ValueError("trace takes True, or the names of one or more parameters; got none.")
    return list(found), list(found.values())


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names[:3])) + (f" … {names[-1]!r}" if len(names) > 3 else "")
