"""Optimisers: each is one scalar rule, applied to every parameter; `interface.py` says how."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from autograd import Value, heaviside, maximum, sqrt
from nn.arguments import named
from nn.arguments.hints import hinting
from nn.optimizers.interface import NUMBER, SHARE, Optimizer
from nn.optimizers.state import State

__all__ = ["OPTIMIZERS", "SGD", "Adagrad", "Adam", "AdamW", "RMSprop"]


@hinting
@dataclass(eq=False, repr=False, init=False)
class SGD(Optimizer):
    """Gradient descent: v ← μ v + g, then w ← w - lr v (Nesterov: w - lr (g + μ v)).

    With `dampening` τ it is v ← μ v + (1 - τ) g, but v ← g at the first step.
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
    dampening: float = field(default=0.0, metadata=NUMBER)

    def __init__(
        self, parameters: Sequence[Value] = (), lr: float | Callable[[Any], Any] = 0.01,
        momentum: float = 0.0, nesterov: bool = False, weight_decay: float = 0.0, *,
        dampening: float = 0.0, clip_value: float | None = None, clip_norm: float | None = None,
    ) -> None:  # fmt: skip
        self.momentum, self.nesterov, self.slots = momentum, nesterov, int(momentum != 0)
        self.dampening = dampening
        limits = {"clip_value": clip_value, "clip_norm": clip_norm}
        super().__init__(parameters, lr, weight_decay=weight_decay, **limits)
        if nesterov and not momentum:
            raise ValueError("nesterov needs a momentum above 0; got 0. Try momentum=0.9.")
        if dampening and (nesterov or not momentum):
            raise ValueError(
                f"dampening needs a momentum above 0, without nesterov; got dampening={dampening}, "
                f"momentum={momentum}, nesterov={nesterov}."
            )

    def rule(self, w: Any, g: Any, state: State, step: Any) -> tuple[Any, State]:
        """Return w - lr v and the velocity v."""
        g = self.penalized(w, g)
        if not self.momentum:
            return w - self.rate(step) * g, state
        v = self.momentum * state[0] + (g * self._share(step) if self.dampening else g)
        return w - self.rate(step) * (g + self.momentum * v if self.nesterov else v), (v,)

    def _share(self, step: Any) -> Any:
        """Return 1 at the first step, 1 - τ later."""
        return 1.0 - self.dampening * heaviside(step - 1.5)


@hinting
@dataclass(eq=False, repr=False)
class Adagrad(Optimizer):
    """Steps divided by the root of all squares so far: s ← s + g², w ← w - lr g/(√s + ε).

    With `lr_decay` λ the learning rate of step t is lr / (1 + (t - 1) λ); s starts at `start`.
    Source: Duchi, Hazan & Singer 2011; ε and λ as in PyTorch.

    >>> w = Value(1.0)
    >>> optimizer = Adagrad([w], lr=0.5)
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> w.data
    0.500000000025
    """

    lr_decay: float = field(default=0.0, metadata=NUMBER)
    start: float = field(default=0.0, metadata=NUMBER)
    epsilon: float = field(default=1e-10, metadata=NUMBER)

    slots = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self.state = [(self.start,) for _ in self.parameters]

    def rule(self, w: Any, g: Any, state: State, step: Any) -> tuple[Any, State]:
        """Return w - lr g/(√s + ε) and the sum of squares s."""
        g = self.penalized(w, g)
        s = state[0] + g * g
        rate = self.rate(step) / (1.0 + (step - 1) * self.lr_decay)
        return w - rate * (g / (sqrt(s) + self.epsilon)), (s,)


@hinting
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


@hinting
@dataclass(eq=False, repr=False)
class Moments(Optimizer):
    """What Adam and AdamW share: running means m of g and v of g², freed of their bias.

    With `amsgrad` the largest v so far is taken for v.
    Source of that: Reddi, Kale & Kumar 2018, algorithm 2; freed of its bias as in PyTorch.
    """

    lr: float | Callable[[Any], Any] = field(default=0.001, metadata=NUMBER)
    beta1: float = field(default=0.9, metadata=SHARE)
    beta2: float = field(default=0.999, metadata=SHARE)
    epsilon: float = field(default=1e-8, metadata=NUMBER)
    _: KW_ONLY
    amsgrad: bool = False

    def __post_init__(self) -> None:
        self.slots = 3 if self.amsgrad else 2
        super().__post_init__()

    def direction(self, g: Any, state: State, step: Any) -> tuple[Any, State]:
        """Return m̂/(√v̂ + ε) and the moments (m, v), with amsgrad the largest v as well."""
        m = self.beta1 * state[0] + (1.0 - self.beta1) * g
        v = self.beta2 * state[1] + (1.0 - self.beta2) * (g * g)
        largest = (maximum(state[2], v),) if self.amsgrad else ()
        m_hat = m / (1.0 - self.beta1**step)
        v_hat = (*largest, v)[0] / (1.0 - self.beta2**step)
        return m_hat / (sqrt(v_hat) + self.epsilon), (m, v, *largest)


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


@hinting
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


OPTIMIZERS = {"sgd": SGD, "rmsprop": RMSprop, "adagrad": Adagrad, "adam": Adam, "adamw": AdamW}


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
    return named("an optimiser", OPTIMIZERS, name, "OPTIMIZERS")(parameters, **options)  # type: ignore[no-any-return]
