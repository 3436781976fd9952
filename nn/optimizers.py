"""Optimisers: each is one scalar rule, (w, g, state, step) → (w, state), for every parameter.

A rule is written with autograd's operations and never branches on a number, so it means
the same applied to floats, parameter by parameter, as recorded as a graph and replayed.
`step` counts from 1; `state` is a tuple of as many numbers as `slots`, 0 at first.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

from autograd import AnomalyError, Value, clip, sqrt
from nn.names import named
from nn.schedules import Schedule

State = tuple[Any, ...]


class Optimizer(ABC):
    """What optimisers share; a subclass gives `rule`, and `slots` if it keeps state.

    `lr` is a number or a function of the step. `clip_value` limits each gradient to
    [-c, c]; `clip_norm` scales all gradients so that the norm of them together is at most c;
    then `weight_decay` · w is added to each (an L2 penalty; AdamW decouples it).

    >>> class SignDescent(Optimizer):
    ...     def rule(self, w, g, state, step):
    ...         return w - self.lr(step) * g.sign(), state
    """

    slots = 0

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float | Schedule,
        *,
        weight_decay: float = 0.0,
        clip_value: float | None = None,
        clip_norm: float | None = None,
    ) -> None:
        self.parameters = _leaves(parameters)
        self.schedule = lr if callable(lr) else _not_negative("lr", lr)
        self.weight_decay = _not_negative("weight_decay", weight_decay)
        self.clip_value = _limit("clip_value", clip_value)
        self.clip_norm = _limit("clip_norm", clip_norm)
        self.state: list[State] = [(0.0,) * self.slots for _ in self.parameters]
        self.steps = 0

    @abstractmethod
    def rule(self, w: Any, g: Any, state: State, step: Any) -> tuple[Any, State]:
        """Return the new w and the new state of one parameter, given its gradient g."""

    def lr(self, step: Any) -> Any:
        """Return the learning rate of a step, counted from 1."""
        return self.schedule(step) if callable(self.schedule) else self.schedule

    def clipped(self, g: Any) -> Any:
        """Return a gradient limited by `clip_value`."""
        return g if self.clip_value is None else clip(g, -self.clip_value, self.clip_value)

    def decayed(self, w: Any, g: Any) -> Any:
        """Return a gradient limited by `clip_value`, plus that of the penalty."""
        g = self.clipped(g)
        return g + self.weight_decay * w if self.weight_decay else g

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
        step, scale = self.steps + 1, self._scale(gradients)
        results = [
            self.rule(w.data, g * scale, state, step)
            for w, g, state in zip(self.parameters, gradients, self.state, strict=True)
        ]
        for (w, _), parameter, g in zip(results, self.parameters, gradients, strict=True):
            if not math.isfinite(w):
                raise AnomalyError(
                    f"step {step} would make parameter {parameter.label!r} {w} (it is "
                    f"{parameter.data:g}, its gradient {g:g}). Nothing was changed; "
                    "lower the learning rate, or clip the gradients."
                )
        for parameter, (w, _) in zip(self.parameters, results, strict=True):
            parameter.data = w
        self.state = [state for _, state in results]
        self.steps = step

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.parameters)} parameters, lr={self.schedule})"

    def _scale(self, gradients: Sequence[float]) -> float:
        if self.clip_norm is None:
            return 1.0
        norm = math.hypot(*gradients)
        return self.clip_norm / norm if norm > self.clip_norm else 1.0


class SGD(Optimizer):
    """Gradient descent: v ← μ v + g, then w ← w - lr v (Nesterov: w - lr (g + μ v)).

    Sources: Polyak 1964; Nesterov's form as in Sutskever et al. 2013, eq. 3-4, in the
    variables of PyTorch (v starts at 0, lr outside of it).

    >>> w = Value(1.0)
    >>> optimizer = SGD([w], lr=0.1)
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> w.data
    0.8
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float | Schedule = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **options: Any,
    ) -> None:
        self.momentum, self.nesterov = _fraction("momentum", momentum), nesterov
        if nesterov and not momentum:
            raise ValueError("nesterov needs momentum > 0; got 0. Try momentum=0.9.")
        self.slots = 1 if momentum else 0
        super().__init__(parameters, lr, **options)

    def rule(self, w: Any, g: Any, state: State, step: Any) -> tuple[Any, State]:
        """Return w - lr v and the velocity v."""
        g = self.decayed(w, g)
        if not self.momentum:
            return w - self.lr(step) * g, state
        v = self.momentum * state[0] + g
        direction = g + self.momentum * v if self.nesterov else v
        return w - self.lr(step) * direction, (v,)


class RMSprop(Optimizer):
    """Steps divided by a running root mean square: s ← α s + (1-α) g², w ← w - lr g/(√s + ε).

    Source: Tieleman & Hinton 2012, lecture 6.5; ε as in PyTorch.

    >>> RMSprop([Value(1.0)])
    RMSprop(1 parameters, lr=0.01)
    """

    slots = 1

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float | Schedule = 0.01,
        alpha: float = 0.99,
        epsilon: float = 1e-8,
        **options: Any,
    ) -> None:
        self.alpha, self.epsilon = _fraction("alpha", alpha), _not_negative("epsilon", epsilon)
        super().__init__(parameters, lr, **options)

    def rule(self, w: Any, g: Any, state: State, step: Any) -> tuple[Any, State]:
        """Return w - lr g/(√s + ε) and the running mean square s."""
        g = self.decayed(w, g)
        s = self.alpha * state[0] + (1.0 - self.alpha) * (g * g)
        return w - self.lr(step) * (g / (sqrt(s) + self.epsilon)), (s,)


class Adam(Optimizer):
    """Adaptive moments: w ← w - lr m̂/(√v̂ + ε), with m, v running means of g and g².

    Source: Kingma & Ba 2015, algorithm 1.

    >>> w = Value(1.0)
    >>> optimizer = Adam([w], lr=0.1)
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> f"{w:.6f}"
    '0.900000'
    """

    slots = 2

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float | Schedule = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        **options: Any,
    ) -> None:
        self.moments = _Moments(*betas, epsilon)
        super().__init__(parameters, lr, **options)

    def rule(self, w: Any, g: Any, state: State, step: Any) -> tuple[Any, State]:
        """Return w - lr m̂/(√v̂ + ε) and the moments (m, v)."""
        direction, state = self.moments(self.decayed(w, g), state, step)
        return w - self.lr(step) * direction, state


class AdamW(Optimizer):
    """Adam with decoupled weight decay λ: w ← w - lr (m̂/(√v̂ + ε) + λ w).

    Source: Loshchilov & Hutter 2019, algorithm 2 (the schedule multiplies both terms).

    >>> AdamW([Value(1.0)]).weight_decay
    0.01
    """

    slots = 2

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float | Schedule = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        **options: Any,
    ) -> None:
        self.moments = _Moments(*betas, epsilon)
        super().__init__(parameters, lr, weight_decay=weight_decay, **options)

    def rule(self, w: Any, g: Any, state: State, step: Any) -> tuple[Any, State]:
        """Return w - lr (m̂/(√v̂ + ε) + λ w) and the moments (m, v)."""
        direction, state = self.moments(self.clipped(g), state, step)
        return w - self.lr(step) * (direction + self.weight_decay * w), state


OPTIMIZERS: dict[str, Any] = {"sgd": SGD, "rmsprop": RMSprop, "adam": Adam, "adamw": AdamW}


def optimizer_for(name: Any, parameters: Iterable[Value]) -> Optimizer:
    """Return an optimiser of that name with its defaults; an object is returned as it is.

    Raises ValueError for an unknown name, listing the known ones.

    >>> optimizer_for("sgd", [Value(1.0)])
    SGD(1 parameters, lr=0.01)
    """
    if isinstance(name, Optimizer):
        return name
    made = named("an optimiser", OPTIMIZERS, name, "an object such as Adam(model.parameters())")
    return made(parameters)  # type: ignore[no-any-return]


class _Moments:
    """The direction m̂/(√v̂ + ε) that Adam and AdamW share."""

    def __init__(self, beta1: float, beta2: float, epsilon: float) -> None:
        self.beta1, self.beta2 = _fraction("beta1", beta1), _fraction("beta2", beta2)
        self.epsilon = _not_negative("epsilon", epsilon)

    def __call__(self, g: Any, state: State, step: Any) -> tuple[Any, State]:
        m, v = state
        m = self.beta1 * m + (1.0 - self.beta1) * g
        v = self.beta2 * v + (1.0 - self.beta2) * (g * g)
        m_hat = m / (1.0 - self.beta1**step)
        v_hat = v / (1.0 - self.beta2**step)
        return m_hat / (sqrt(v_hat) + self.epsilon), (m, v)


def _leaves(parameters: Iterable[Value]) -> tuple[Value, ...]:
    """Return the parameters as a tuple of distinct leaves, at least one."""
    parameters = tuple(parameters)
    if not parameters:
        raise ValueError("an optimiser needs at least one parameter; got none.")
    for k, parameter in enumerate(parameters):
        if parameter.__class__ is not Value:
            raise TypeError(
                f"parameters must be Values; parameters[{k}] is of type "
                f"{type(parameter).__name__}. Pass model.parameters()."
            )
        if parameter.op or parameter.constant:
            raise ValueError(
                f"parameters must be leaves; parameters[{k}] was computed by {parameter.op!r} "
                "or is a constant. Pass the Values that it was computed from."
            )
    if len(set(parameters)) < len(parameters):
        raise ValueError("each parameter may be given once; one of them is repeated.")
    return parameters


def _not_negative(name: str, number: Any) -> float:
    if not (isinstance(number, int | float) and 0.0 <= number < math.inf):
        raise ValueError(f"{name} must be a finite number >= 0; got {number!r}.")
    return float(number)


def _fraction(name: str, number: Any) -> float:
    if not (isinstance(number, int | float) and 0.0 <= number < 1.0):
        raise ValueError(f"{name} must lie in 0 <= {name} < 1; got {number!r}.")
    return float(number)


def _limit(name: str, number: Any) -> float | None:
    if number is not None and not (isinstance(number, int | float) and 0.0 < number < math.inf):
        raise ValueError(f"{name} must be a finite number > 0, or None; got {number!r}.")
    return None if number is None else float(number)
