"""Random functions of several numbers, for the engine and for numbers of 50 digits alike."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

import mpmath

import autograd as ag

ONE = {  # smooth everywhere, of a size that stays moderate
    "sin": (ag.sin, mpmath.sin),
    "cos": (ag.cos, mpmath.cos),
    "tanh": (ag.tanh, mpmath.tanh),
    "square": (lambda x: x**2.0, lambda x: x**2),
    "cube": (lambda x: x**3, lambda x: x**3),
    "softplus": (ag.softplus, lambda x: mpmath.log1p(mpmath.exp(x))),
    "reciprocal": (lambda x: 1.0 / (2.0 + x * x), lambda x: 1 / (2 + x * x)),
    "detached": (ag.detach, None),
    "negative": (lambda x: -x, lambda x: -x),
}
TWO = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / (3.0 + y * y),
    "scaled": lambda x, y: 0.5 * x - 1.5 * y,
    "nothing": lambda x, y: 0.0 * x + y,
}


class RandomFunction(NamedTuple):
    """Steps (name, operands), each of which makes another number, and which are returned."""

    inputs: int
    steps: tuple[tuple[str, tuple[int, ...]], ...]
    outputs: tuple[int, ...]

    def __call__(self, x: Any) -> list[Any]:
        return self.of(x, 0)

    def exactly(self, x: Any) -> list[Any]:
        """Return the same of numbers of mpmath."""
        return self.of(x, 1)

    def of(self, x: Any, which: int) -> list[Any]:
        numbers = list(x)
        for name, operands in self.steps:
            values = [numbers[k] for k in operands]
            rule = ONE[name][which] if name in ONE else TWO[name]
            numbers.append(rule(*values))
        return [numbers[k] for k in self.outputs]


def random_function(seed: int, detaches: bool = True) -> RandomFunction:
    """Return a function in which a number depends on few of the others."""
    rng = random.Random(seed)
    inputs = rng.randint(1, 9)
    near = rng.choice((2, 3, 100))  # how far back operands are looked for
    names = [name for name in (*ONE, *TWO) if detaches or name != "detached"]
    steps: list[tuple[str, tuple[int, ...]]] = []
    for k in range(rng.randint(1, 25)):
        name = rng.choice(names)
        everything = inputs + k
        low = 0 if rng.random() < 0.5 else max(0, everything - near)
        operands = tuple(rng.randrange(low, everything) for _ in range(1 if name in ONE else 2))
        steps.append((name, operands))
    count = rng.randint(1, 12)
    outputs = tuple(rng.randrange(inputs + len(steps)) for _ in range(count))
    return RandomFunction(inputs, tuple(steps), outputs)


def point(seed: int, count: int) -> list[float]:
    """Return numbers to differentiate at; some are 0."""
    rng = random.Random(seed)
    return [0.0 if rng.random() < 0.1 else rng.uniform(-1.2, 1.2) for _ in range(count)]
