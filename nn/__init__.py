"""Neural networks of scalar units, on top of `autograd`: every z, a and δ can be asked for.

Everything public can be imported from here.

>>> import numpy as np
>>> from nn import MLP, Adam, fit, probe
>>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [-1, 1, 1, -1]  # exclusive or
>>> model = MLP(2, [4, 1], activation="tanh", seed=0)
>>> adam = Adam(model.parameters(), lr=0.1)
>>> history = fit(model, X, y, loss="hinge", optimizer=adam, epochs=60, progress=False)
>>> np.sign(model.predict(X)[:, 0])
array([-1.,  1.,  1., -1.])
>>> probe(model, X[1], y[1], "hinge").layers[0].delta.shape
(4,)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nn.activations import ACTIVATIONS, Activation, identity
from nn.checkpoint import load, save
from nn.history import EarlyStopping, History, accuracy
from nn.initializers import (
    INITIALIZERS,
    he_normal,
    he_uniform,
    lecun_normal,
    lecun_uniform,
    seed,
    uniform,
    xavier_normal,
    xavier_uniform,
    zeros,
)
from nn.layers import MLP, Layer, Neuron
from nn.losses import (
    LOSSES,
    absolute_error,
    binary_cross_entropy,
    cross_entropy,
    half_squared_error,
    hinge,
    huber,
    mean_squared_error,
    squared_error,
)
from nn.module import Module
from nn.optimizers import OPTIMIZERS, SGD, Adam, AdamW, Optimizer, RMSprop
from nn.schedules import cosine, exponential, linear, stepwise, warmup
from nn.training import fit

if TYPE_CHECKING:
    from nn.probing.picture import batch_picture
    from nn.probing.probing import Probe, probe

__all__ = [
    "ACTIVATIONS", "INITIALIZERS", "LOSSES", "MLP", "OPTIMIZERS", "SGD", "Activation", "Adam",
    "AdamW", "EarlyStopping", "History", "Layer", "Module", "Neuron", "Optimizer", "Probe",
    "RMSprop", "absolute_error", "accuracy", "batch_picture", "binary_cross_entropy", "cosine",
    "cross_entropy", "exponential", "fit", "half_squared_error", "he_normal", "he_uniform",
    "hinge", "huber", "identity", "lecun_normal", "lecun_uniform", "linear", "load",
    "mean_squared_error", "probe", "save", "seed", "squared_error", "stepwise", "uniform", "warmup",
    "xavier_normal", "xavier_uniform", "zeros",
]  # fmt: skip

_ROOM_OF = dict.fromkeys(("Probe", "batch_picture", "probe"), "probing")


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'nn' has no attribute {name!r}")
    return getattr(import_module(f"nn.{_ROOM_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOM_OF})
