"""What an optimiser is: one scalar rule, (w, g, state, step) → (w, state), for every parameter.

A rule is written with autograd's operations and never branches on a number, so it means
the same applied to floats, parameter by parameter, as recorded in a graph and replayed.
`step` counts from 1; `state` is a tuple of as many numbers as `slots`, 0 at first.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import KW_ONLY, dataclass, field, fields
from numbers import Real
from typing import Any

from autograd import AnomalyError, Value, clip, errors
from nn.freezing import frozen
from nn.optimizers.state import Keeper, State

__all__ = ["Optimizer"]

NUMBER, SHARE = {"below": math.inf}, {"below": 1.0}  # 0 <= field < below


@dataclass(eq=False, repr=False)
class Optimizer(Keeper, ABC):
    """What optimisers share; a subclass gives `rule`, and `slots` if it keeps state.

    `lr` is a number or a function of the step. `clip_norm` scales all gradients so that
    the norm of them together is at most c; `clip_value` limits each to [-c, c]; then
    `weight_decay` · w is added to each, an L2 penalty (AdamW decouples it).

    >>> from autograd import sign
    >>> class SignDescent(Optimizer):
    ...     def rule(self, w, g, state, step):
    ...         return w - self.rate(step) * sign(g), state
    >>> w = Value(1.0)
    >>> SignDescent([w], lr=0.5).update([-3.0])
    >>> w.data
    1.5
    """

    parameters: Sequence[Value] = ()
    lr: float | Callable[[Any], Any] = field(default=0.01, metadata=NUMBER)
    _: KW_ONLY
    weight_decay: float = field(default=0.0, metadata=NUMBER)
    clip_value: float | None = field(default=None, metadata=NUMBER)
    clip_norm: float | None = field(default=None, metadata=NUMBER)

    slots = 0

    def __post_init__(self) -> None:
        self.parameters = _leaves(self.parameters)
        self.kept: Any = [(0.0,) * self.slots for _ in self.parameters]
        self.steps = 0
        for name, below in ((x.name, x.metadata.get("below")) for x in fields(self)):
            number = getattr(self, name)
            if below is None or number is None or (name == "lr" and callable(number)):
                continue
            if not isinstance(number, Real) or not 0.0 <= float(number) < below:
                raise ValueError(f"{name} must lie in 0 <= {name} < {below:g}; got {number!r}.")

    @abstractmethod
    def rule(self, w: Any, g: Any, state: State, step: Any) -> tuple[Any, State]:
        """Return the new w and the new state of one parameter, given its gradient g."""

    def rate(self, step: Any) -> Any:
        """Return the learning rate of a step, counted from 1."""
        return self.lr(step) if callable(self.lr) else self.lr

    def clipped(self, g: Any) -> Any:
        """Return a gradient limited by `clip_value`."""
        return g if self.clip_value is None else clip(g, -self.clip_value, self.clip_value)

    def penalized(self, w: Any, g: Any) -> Any:
        """Return a gradient limited by `clip_value`, plus that of the penalty."""
        return self.clipped(g) + self.weight_decay * w if self.weight_decay else self.clipped(g)

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for parameter in self.parameters:
            parameter.grad = 0.0

    def step(self) -> None:
        """Apply the rule to every parameter with the gradient in its `.grad`."""
        self.update([parameter.grad for parameter in self.parameters])

    def update(self, gradients: Sequence[float]) -> None:
        """Apply the rule to every parameter with these gradients.

        Raises AnomalyError, with nothing changed, where a number would not be finite.
        """
        still, step, scale = frozen(), self.steps + 1, self.scale(gradients)
        results = [
            (p.data, state) if p in still else self._ruled(p.data, scale * g, state, step)
            for p, g, state in zip(self.parameters, gradients, self.state, strict=True)
        ]
        for (w, state), parameter, g in zip(results, self.parameters, gradients, strict=True):
            if not all(map(math.isfinite, (w, *state))):
                raise AnomalyError(
                    f"step {step} would make parameter {parameter.label!r} {w} (it is "
                    f"{parameter.data:g}, its gradient {g:g}). Nothing was changed; "
                    "lower the learning rate, or clip the gradients."
                )
        for parameter, (w, _) in zip(self.parameters, results, strict=True):
            parameter.data = w
        self.state, self.steps = [state for _, state in results], step

    @contextmanager
    def awake(self) -> Iterator[Optimizer]:
        """Hand out this optimiser for the parameters that are not frozen; keep its steps."""
        still = frozen()
        if not still or still.isdisjoint(self.parameters):
            yield self
            return
        part, states = copy(self), dict(zip(self.parameters, self.state, strict=True))
        part.parameters = tuple([p for p in self.parameters if p not in still])
        part.state = [states[p] for p in part.parameters]
        try:
            yield part
        finally:
            states |= zip(part.parameters, part.state, strict=True)
            self.state, self.steps = list(states.values()), part.steps

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.parameters)} parameters, lr={self.lr})"

    def _ruled(self, *numbers: Any) -> tuple[Any, State]:
        """Return what the rule says, which must be (w, state) in numbers."""
        match outcome := self.rule(*numbers):
            case (w, (*kept,)) if len(kept) == self.slots:
                if all(isinstance(x, Real) for x in (w, *kept)):
                    return w, tuple(kept)
        raise errors.no_rule(self.slots, outcome)

    def scale(self, gradients: Sequence[float]) -> float:
        """Return by what to multiply gradients so that `clip_norm` bounds the norm of all.

        What is frozen does not count.
        """
        if self.clip_norm is None:
            return 1.0
        pairs, still = zip(self.parameters, gradients, strict=True), frozen()
        norm = math.hypot(*[g for p, g in pairs if p not in still])
        return 1.0 if norm <= self.clip_norm else self.clip_norm / norm


def _leaves(parameters: Iterable[Value]) -> tuple[Value, ...]:
    """Return the parameters as a tuple of distinct leaves, at least one."""
    if hasattr(parameters, "parameters"):
        raise ValueError(f"parameters must be leaves; got {parameters!r}. Add .parameters() to it.")
    parameters = tuple(parameters)
    for leaf in parameters:
        if leaf.__class__ is not Value or leaf.op or leaf.constant:
            raise ValueError(f"parameters must be leaves; got {leaf!r}. Pass model.parameters().")
    if not parameters or len(set(parameters)) < len(parameters):
        raise ValueError(
            f"an optimiser takes at least one parameter, and each once; got {len(parameters)}, "
            f"of which {len(set(parameters))} are different. Pass model.parameters() first."
        )
    return parameters
