"""A small network computed by hand on floats, for pictures to be made of."""

import math
import random
from itertools import pairwise

from autograd.drawing import LayerPicture, NetworkPicture


def network(sizes, *, seed=1, x=None, gradients=True, samples=1):
    """Return the picture of a tanh network with C = ½Σ(a − ½)²."""
    rng = random.Random(seed)
    a = inputs = list(x or [rng.uniform(-1, 1) for _ in range(sizes[0])])
    forward = []
    for n, m in pairwise(sizes):
        W = [[rng.uniform(-1, 1) for _ in range(m)] for _ in range(n)]
        b = [rng.uniform(-0.2, 0.2) for _ in range(m)]
        z = [sum(a[i] * W[i][j] for i in range(n)) + b[j] for j in range(m)]
        forward.append((a, W, b, z, [math.tanh(t) for t in z]))
        a = forward[-1][-1]
    cost = sum((t - 0.5) ** 2 for t in a) / 2
    above = [t - 0.5 for t in a]
    layers = []
    for before, W, b, z, a in reversed(forward):
        slope = [1 - t * t for t in a]
        delta = [s * t for s, t in zip(slope, above, strict=True)]
        da = above
        dW = [[s * d for d in delta] for s in before]
        above = [sum(w * d for w, d in zip(row, delta, strict=True)) for row in W]
        known = (
            {"delta": delta, "dW": dW, "db": delta, "slope": slope, "da": da} if gradients else {}
        )
        layers.append(LayerPicture(W=W, b=b, z=z, a=a, activation="tanh", **known))
    return NetworkPicture(
        inputs, layers[::-1], cost=cost, loss="half_squared_error", samples=samples
    )
