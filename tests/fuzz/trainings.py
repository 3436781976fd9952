"""Hunt for trainings that go otherwise compiled than node by node.

python -m tests.fuzz.trainings --seconds 600 --seed 0
python -m tests.fuzz.trainings --only 1060            one training again

Each is a random network, loss, optimiser and set of options of `fit`, run both ways: they must
end at the same parameters with the same history, and the parts that `history.why` gives each
example must be the same, and add up.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from dataclasses import dataclass, field
from random import Random
from time import monotonic
from typing import Any

import numpy as np

import nn

ACTIVATIONS = sorted(set(nn.ACTIVATIONS) - {"softmax"})
LOSSES = ("half_squared_error", "squared_error", "mean_squared_error", "absolute_error", "huber",
          "cross_entropy", "binary_cross_entropy", "hinge")  # fmt: skip
OPTIMIZERS = {
    "SGD": lambda p: nn.SGD(p, lr=0.1),
    "momentum": lambda p: nn.SGD(p, lr=0.05, momentum=0.9),
    "nesterov": lambda p: nn.SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
    "clipped norm": lambda p: nn.SGD(p, lr=0.1, clip_norm=0.5),
    "clipped values": lambda p: nn.SGD(p, lr=0.1, clip_value=0.1),
    "RMSprop": lambda p: nn.RMSprop(p, lr=0.01),
    "Adagrad": lambda p: nn.Adagrad(p, lr=0.05),
    "Adam": lambda p: nn.Adam(p, lr=0.01),
    "AdamW": lambda p: nn.AdamW(p, lr=nn.cosine(0.05, 0.001, 20), clip_norm=1.0),
}
WEIGHTS = 4  # that are asked why they are as they are
ROOM = 1e-9  # of the largest number: some hundred steps of rounding


class Net(nn.Module):
    """A network with what an MLP does not have: a layer used twice, norms, masks inside."""

    def __init__(self, sizes, activation, dropout, twice, norm):
        n, h, k = sizes
        self.first, self.last = nn.Layer(n, h, activation), nn.Layer(h, k, "identity")
        self.norm = nn.LayerNorm(h) if norm else None
        self.again = nn.Layer(h, h, activation) if twice else None
        self.dropout = nn.Dropout(dropout)

    def __call__(self, x):
        hidden = self.first(x)
        if self.norm:
            hidden = self.norm(hidden)
        if self.again:
            hidden = self.again(self.again(hidden))
        return self.last(self.dropout(hidden))


@dataclass
class Training:
    """What a seed stands for."""

    seed: int
    sizes: tuple[int, int, int]
    activation: str
    dropout: float
    own: tuple[bool, bool] | None  # of a Net: a layer twice, a norm; None for an MLP
    loss: str
    optimizer: str
    frozen: bool
    parts: int  # calls of fit, one behind the other
    X: Any = field(repr=False)
    y: Any = field(repr=False)
    options: dict[str, Any] = field(repr=False)

    def model(self):
        nn.seed(self.seed)
        if self.own:
            model = Net(self.sizes, self.activation, self.dropout, *self.own)
            first = model.first
        else:
            n, h, k = self.sizes
            dropout = {"dropout": self.dropout} if self.dropout else {}
            model = nn.MLP(n, [h, k], activation=self.activation, seed=self.seed, **dropout)
            first = model.layers[0]
        if self.frozen:
            first.freeze()
        return model

    def run(self, compiled):
        """Train; return the model, its optimiser, and the history of each call."""
        model = self.model()
        optimizer = OPTIMIZERS[self.optimizer](model.parameters())
        options = {"loss": self.loss, "optimizer": optimizer, "progress": False} | self.options
        nn.seed(self.seed + 1)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = [nn.fit(model, self.X, self.y, compiled=compiled, **options)
                     for _ in range(self.parts)]  # fmt: skip
        return model, optimizer, found


def drawn(seed):
    """Return the training of a seed."""
    r, rng = Random(seed), np.random.default_rng(seed)
    n, h, m = r.randint(1, 5), r.randint(1, 7), r.randint(1, 25)
    loss = r.choice(LOSSES)
    k = {"cross_entropy": r.randint(2, 4), "binary_cross_entropy": 1, "hinge": 1}.get(
        loss, r.randint(1, 3)
    )
    y = {
        "cross_entropy": rng.integers(0, k, m), "binary_cross_entropy": rng.integers(0, 2, m),
        "hinge": rng.choice([-1, 1], m),
    }.get(loss, rng.normal(size=(m, k)))  # fmt: skip
    X = rng.normal(size=(m, n))
    options = {
        "epochs": r.randint(1, 4), "batch_size": r.choice([None, 1, 4, 8, 32]), "seed": seed,
        "trace": r.choice([None, True]),
    }  # fmt: skip
    if r.random() < 0.3:
        options["validation"] = X[: m // 2 + 1], y[: m // 2 + 1]
    if r.random() < 0.3:
        options["sample_weight"] = rng.uniform(0.0, 2.0, m)
    if loss == "cross_entropy" and r.random() < 0.3:
        options["class_weight"] = r.choice(["balanced", {j: 1.0 + j for j in range(k)}])
    if loss in ("cross_entropy", "binary_cross_entropy") and r.random() < 0.3:
        options["metrics"] = ["accuracy"]
    own = r.choice([None, (r.random() < 0.4, r.random() < 0.4)])
    dropout, frozen, parts = r.choice([0.0, 0.0, 0.3]), r.random() < 0.2, r.choice([1, 1, 2])
    return Training(
        seed, (n, h, k), r.choice(ACTIVATIONS), dropout, own, loss,
        r.choice(sorted(OPTIMIZERS)), frozen, parts, X, y, options,
    )  # fmt: skip


def trained_otherwise(training):
    """Return in what the two ways of a training differ; None if in nothing."""
    ways = [training.run(compiled) for compiled in (True, False)]
    told = [_told(*way) for way in ways]
    for (name, fast), (_, slow) in zip(*told, strict=True):
        fast, slow = np.array(fast, float), np.array(slow, float)
        room = ROOM * (1.0 + abs(slow).max(initial=0.0))
        if fast.shape != slow.shape or not (abs(fast - slow) <= room).all():
            return f"{name}: compiled {fast.tolist()}, node by node {slow.tolist()}"
    return next(filter(None, (_incomplete(*way) for way in ways)), None)


def _told(model, optimizer, histories):
    """Return by name all numbers that both ways must agree about."""
    yield "parameters", [p.data for p in model.parameters()]
    yield "state", [x for state in optimizer.state for x in state]
    for part, history in enumerate(histories):
        for name, column in history.columns.items():
            yield f"{name} of call {part}", column
        if history.trace:
            for path in _asked(model):
                yield f"why {path} of call {part}", history.why(path).examples


def _asked(model):
    """Return some weights of all layers."""
    paths = [path for path, _ in model.named_parameters()]
    return paths[:: len(paths) // WEIGHTS + 1]


def _incomplete(model, _, histories):
    """Return which weight's parts do not add up to the way it went."""
    for part, history in enumerate(histories):
        for path in _asked(model) if history.trace else ():
            why = history.why(path)
            parts = np.array([*why.examples, why.decay, why.earlier, why.outside])
            if abs(parts.sum() - why.change) > ROOM * (abs(parts).sum() + abs(why.before)):
                return f"{path} of call {part}: parts {parts.tolist()}, in all {why.change}"
    return None


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.trainings", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="one training, by its seed")
    options = parser.parse_args()
    seed, end, found = options.seed if options.only is None else options.only, monotonic(), 0
    end += options.seconds if options.only is None else 0.0
    first = seed
    while True:
        training = drawn(seed)
        wrong = trained_otherwise(training)
        if wrong:
            found += 1
            print(f"{training}\n  {wrong}", flush=True)
        seed += 1
        if monotonic() >= end:
            break
    print(f"{seed - first - found} of {seed - first} trainings are the same both ways")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
