"""Neural networks of scalar units, on top of `autograd`: every z, a and δ can be asked for.

Everything public can be imported from here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nn.activations import ACTIVATIONS, Activation
from nn.initializers import INITIALIZERS
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

if TYPE_CHECKING:
    from nn.probing import Probe, probe

__all__ = [
    "ACTIVATIONS",
    "INITIALIZERS",
    "LOSSES",
    "MLP",
    "OPTIMIZERS",
    "SGD",
    "Activation",
    "Adam",
    "AdamW",
    "Layer",
    "Module",
    "Neuron",
    "Optimizer",
    "Probe",
    "RMSprop",
    "absolute_error",
    "binary_cross_entropy",
    "cosine",
    "cross_entropy",
    "exponential",
    "half_squared_error",
    "hinge",
    "huber",
    "linear",
    "mean_squared_error",
    "probe",
    "squared_error",
    "stepwise",
    "warmup",
]

_ROOM_OF = {"Probe": "probing", "probe": "probing"}


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'nn' has no attribute {name!r}")
    thing = getattr(import_module(f"nn.{_ROOM_OF[name]}"), name)
    globals()[name] = thing
    return thing


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOM_OF})
