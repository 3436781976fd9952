"""Optimisers: each is one scalar rule, (w, g, state, step) → (w, state), for every parameter.

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

from autograd import AnomalyError, Value, clip, errors, sqrt
from nn.arguments import named
from nn.keeper import Keeper, State
from nn.module import FROZEN

__all__ = ["OPTIMIZERS", "SGD", "Adam", "AdamW", "Optimizer", "RMSprop"]

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
        pairs = zip(self.parameters, gradients, strict=True)
        gradients = [0.0 if p in FROZEN else g for p, g in pairs]
        step, scale = self.steps + 1, self.scale(gradients)
        results = [
            (p.data, state) if p in FROZEN else self._ruled(p.data, scale * g, state, step)
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
        if not FROZEN or FROZEN.isdisjoint(self.parameters):
            yield self
            return
        part, states = copy(self), dict(zip(self.parameters, self.state, strict=True))
        part.parameters = tuple([p for p in self.parameters if p not in FROZEN])
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
        """Return by what to multiply gradients so that `clip_norm` bounds the norm of all."""
        norm = 0.0 if self.clip_norm is None else math.hypot(*gradients)
        return 1.0 if self.clip_norm is None or norm <= self.clip_norm else self.clip_norm / norm


@dataclass(eq=False, repr=False, init=False)
class SGD(Optimizer):
    """Gradient descent: v ← μ v + g, then w ← w - lr v (Nesterov: w - lr (g + μ v)).

    Sources: Polyak 1964; Nesterov's form from Sutskever et al. 2013, eq. 3-4, in the
    variables of PyTorch (v starts at 0 and does not contain lr).

    >>> w = Value(1.0)
    >>> optimizer = SGD([w], lr=0.1)
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> w.data
    0.8
    """

    momentum: float = field(default=0.0, metadata=SHARE)
    nesterov: bool = False

    def __init__(
        self, parameters: Sequence[Value] = (), lr: float | Callable[[Any], Any] = 0.01,
        momentum: float = 0.0, nesterov: bool = False, weight_decay: float = 0.0, *,
        clip_value: float | None = None, clip_norm: float | None = None,
    ) -> None:  # fmt: skip
        self.momentum, self.nesterov, self.slots = momentum, nesterov, int(momentum != 0)
        limits = {"clip_value": clip_value, "clip_norm": clip_norm}
        super().__init__(parameters, lr, weight_decay=weight_decay, **limits)
        if nesterov and not momentum:
            raise ValueError("nesterov needs a momentum above 0; got 0. Try momentum=0.9.")

    def rule(self, w: Any, g: Any, state: State, step: Any) -> tuple[Any, State]:
        """Return w - lr v and the velocity v."""
        g = self.penalized(w, g)
        if not self.momentum:
            return w - self.rate(step) * g, state
        v = self.momentum * state[0] + g
        return w - self.rate(step) * (g + self.momentum * v if self.nesterov else v), (v,)


@dataclass(eq=False, repr=False)
class RMSprop(Optimizer):
    """Steps divided by a running root mean square: s ← α s + (1-α) g², w ← w - lr g/(√s + ε).

    Source: Tieleman & Hinton 2012, lecture 6.5; ε as in PyTorch.

    >>> RMSprop([Value(1.0), Value(2.0)])
    RMSprop(2 parameters, lr=0.01)
    """

    alpha: float = field(default=0.99, metadata=SHARE)
    epsilon: float = field(default=1e-8, metadata=NUMBER)

    slots = 1

    def rule(self, w: Any, g: Any, state: State, step: Any) -> tuple[Any, State]:
        """Return w - lr g/(√s + ε) and the running mean square s."""
        g = self.penalized(w, g)
        s = self.alpha * state[0] + (1.0 - self.alpha) * (g * g)
        return w - self.rate(step) * (g / (sqrt(s) + self.epsilon)), (s,)


@dataclass(eq=False, repr=False)
class Moments(Optimizer):
    """What Adam and AdamW share: running means m of g and v of g², freed of their bias."""

    lr: float | Callable[[Any], Any] = field(default=0.001, metadata=NUMBER)
    beta1: float = field(default=0.9, metadata=SHARE)
    beta2: float = field(default=0.999, metadata=SHARE)
    epsilon: float = field(default=1e-8, metadata=NUMBER)

    slots = 2

    def direction(self, g: Any, state: State, step: Any) -> tuple[Any, State]:
        """Return m̂/(√v̂ + ε) and the moments (m, v)."""
        m = self.beta1 * state[0] + (1.0 - self.beta1) * g
        v = self.beta2 * state[1] + (1.0 - self.beta2) * (g * g)
        m_hat = m / (1.0 - self.beta1**step)
        v_hat = v / (1.0 - self.beta2**step)
        return m_hat / (sqrt(v_hat) + self.epsilon), (m, v)


class Adam(Moments):
    """Adaptive moments: w ← w - lr m̂/(√v̂ + ε).

    Source: Kingma & Ba 2015, algorithm 1.

    >>> w = Value(1.0)
    >>> optimizer = Adam([w], lr=0.1)
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> f"{w:.6f}"
    '0.900000'
    """

    def rule(self, w: Any, g: Any, state: State, step: Any) -> tuple[Any, State]:
        """Return w - lr m̂/(√v̂ + ε) and the moments (m, v)."""
        direction, state = self.direction(self.penalized(w, g), state, step)
        return w - self.rate(step) * direction, state


@dataclass(eq=False, repr=False)
class AdamW(Moments):
    """Adam with decoupled weight decay λ: w ← w - lr (m̂/(√v̂ + ε) + λ w).

    Source: Loshchilov & Hutter 2019, algorithm 2 (the schedule multiplies both terms).

    >>> AdamW([Value(1.0)]).weight_decay
    0.01
    """

    _: KW_ONLY
    weight_decay: float = field(default=0.01, metadata=NUMBER)

    def rule(self, w: Any, g: Any, state: State, step: Any) -> tuple[Any, State]:
        """Return w - lr (m̂/(√v̂ + ε) + λ w) and the moments (m, v)."""
        direction, state = self.direction(self.clipped(g), state, step)
        return w - self.rate(step) * (direction + self.weight_decay * w), state


OPTIMIZERS = {"sgd": SGD, "rmsprop": RMSprop, "adam": Adam, "adamw": AdamW}


def optimizer_for(name: Any, parameters: Iterable[Value], lr: Any = None) -> Optimizer:
    """Return an optimiser of these parameters by name or class; an object as it is.

    Without `lr` a name ("adam", "Adam") means 0.01, and 0.1 of "sgd"; a class has its own.
    Raises ValueError for an unknown name, listing the known ones, and for `lr` beside an object.

    >>> optimizer_for("adam", [Value(1.0), Value(2.0)]), optimizer_for(Adam, [Value(1.0)], lr=0.5)
    (Adam(2 parameters, lr=0.01), Adam(1 parameters, lr=0.5))
    """
    if isinstance(name, Optimizer):
        if lr is not None:
            raise ValueError(f"{name!r} has its own lr; got lr={lr} beside it. Set optimizer.lr.")
        return name
    if isinstance(name, str):
        name, lr = name.lower(), lr or (0.1 if name.lower() == "sgd" else 0.01)
    options = {} if lr is None else {"lr": lr}
    return named("an optimiser", OPTIMIZERS, name)(parameters, **options)  # type: ignore[no-any-return]


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
