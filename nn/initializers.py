"""First weights: each initializer draws a (fan_in, fan_out) matrix, W[i][j] from input i.

A good scale keeps the variance of the activations (forwards) and of δ (backwards) about
the same from layer to layer; which one does so depends on the activation function.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

from nn.arguments import by_name

__all__ = [
    "INITIALIZERS", "he_normal", "he_uniform", "lecun_normal", "lecun_uniform", "seed", "uniform",
    "xavier_normal", "xavier_uniform", "zeros",
]  # fmt: skip

Matrix = list[list[float]]
Initializer = Callable[[int, int, Random], Matrix]
STREAM = Random(0)  # of the weights of models that were given no seed


def seed(number: int) -> None:
    """Start the stream anew from which models draw that are given no seed of their own.

    Without it the stream starts the same in every process.

    >>> from nn import Layer
    >>> seed(3)
    >>> first, second = Layer(1, 1), Layer(1, 1)
    >>> first.W[0][0].data == second.W[0][0].data
    False
    >>> seed(3)
    >>> first.W[0][0].data == Layer(1, 1).W[0][0].data
    True
    """
    STREAM.seed(number)


def zeros(fan_in: int, fan_out: int, rng: Random) -> Matrix:
    """Return a matrix of zeros; the units of a hidden layer would all stay equal.

    >>> zeros(2, 3, Random(0))
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    return _drawn(fan_in, fan_out, float)


def uniform(fan_in: int, fan_out: int, rng: Random) -> Matrix:
    """Draw each weight ~ U(-1, 1), as micrograd does, whatever the fan-in.

    >>> uniform(1, 2, Random(0))
    [[0.68884370305..., 0.51590880588...]]
    """
    return _uniform(1.0, fan_in, fan_out, rng)


def xavier_uniform(fan_in: int, fan_out: int, rng: Random) -> Matrix:
    """Draw a (fan_in, fan_out) weight matrix that keeps Var[a] near Var[input].

    Each weight ~ U(-r, r) with r = √(6 / (fan_in + fan_out)).
    Source: Glorot & Bengio 2010, eq. 16.

    >>> max(abs(w) for w in xavier_uniform(2, 4, Random(0))[0]) < 1.0
    True
    """
    return _uniform(6.0 / (fan_in + fan_out), fan_in, fan_out, rng)


def xavier_normal(fan_in: int, fan_out: int, rng: Random) -> Matrix:
    """Draw each weight ~ N(0, 2 / (fan_in + fan_out)).

    Source: Glorot & Bengio 2010, eq. 12.

    >>> len(xavier_normal(2, 3, Random(0)))
    2
    """
    return _drawn(fan_in, fan_out, rng.gauss, 0.0, math.sqrt(2.0 / (fan_in + fan_out)))


def he_uniform(fan_in: int, fan_out: int, rng: Random) -> Matrix:
    """Draw each weight ~ U(-r, r) with r = √(6 / fan_in), for relu and its relatives.

    Source: He et al. 2015, eq. 10 (the variance 2 / fan_in, drawn uniformly).

    >>> max(abs(w) for w in he_uniform(6, 4, Random(0))[0]) < 1.0
    True
    """
    return _uniform(6.0 / fan_in, fan_in, fan_out, rng)


def he_normal(fan_in: int, fan_out: int, rng: Random) -> Matrix:
    """Draw each weight ~ N(0, 2 / fan_in), for relu and its relatives.

    Source: He et al. 2015, eq. 10.

    >>> len(he_normal(2, 3, Random(0))[0])
    3
    """
    return _drawn(fan_in, fan_out, rng.gauss, 0.0, math.sqrt(2.0 / fan_in))


def lecun_uniform(fan_in: int, fan_out: int, rng: Random) -> Matrix:
    """Draw each weight ~ U(-r, r) with r = √(3 / fan_in).

    Source: LeCun et al. 1998, Efficient BackProp, eq. 16 (the variance 1 / fan_in).

    >>> max(abs(w) for w in lecun_uniform(3, 4, Random(0))[0]) < 1.0
    True
    """
    return _uniform(3.0 / fan_in, fan_in, fan_out, rng)


def lecun_normal(fan_in: int, fan_out: int, rng: Random) -> Matrix:
    """Draw each weight ~ N(0, 1 / fan_in).

    Source: LeCun et al. 1998, Efficient BackProp, eq. 16.

    >>> len(lecun_normal(2, 3, Random(0)))
    2
    """
    return _drawn(fan_in, fan_out, rng.gauss, 0.0, math.sqrt(1.0 / fan_in))


INITIALIZERS: dict[str, Initializer] = by_name(
    zeros, uniform, xavier_uniform, xavier_normal, he_uniform, he_normal, lecun_uniform,
    lecun_normal,
)  # fmt: skip


def _uniform(r_squared: float, fan_in: int, fan_out: int, rng: Random) -> Matrix:
    r = math.sqrt(r_squared)
    return _drawn(fan_in, fan_out, rng.uniform, -r, r)


def _drawn(fan_in: int, fan_out: int, draw: Callable[..., float], *about: float) -> Matrix:
    return [[draw(*about) for _ in range(fan_out)] for _ in range(fan_in)]
