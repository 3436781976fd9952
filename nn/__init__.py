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
from itertools import chain
from typing import TYPE_CHECKING, Any

from autograd.hints import missing
from nn.activations import *
from nn.arguments.hints import ELSEWHERE
from nn.checkpoint import *
from nn.initializers import *
from nn.layers import *
from nn.losses import *
from nn.module import *
from nn.optimizers import *
from nn.training import *

if TYPE_CHECKING:
    from nn.exercises import *
    from nn.interop import *
    from nn.notes import *
    from nn.probing import *

_ROOMS = {  # what is loaded on first use
    "exercises": ("Exercise", "exercise"),
    "interop": ("export_onnx", "from_torch", "import_onnx", "to_torch"),
    "notes": ("Report", "Verdict", "check_notes"),
    "probing": ("Film", "Probe", "batch_picture", "probe"),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}
_HERE = (
    "activations", "checkpoint", "initializers", "layers.dense", "layers.dropout",
    "layers.normalization", "losses", "module", "optimizers.interface", "optimizers.rules",
    "optimizers.schedules", "training",
)  # fmt: skip

__all__ = sorted(chain(_ROOM_OF, *(import_module(f"nn.{room}").__all__ for room in _HERE)))


if not TYPE_CHECKING:  # who would take every name for a public one

    def __getattr__(name: str) -> Any:
        if name == "estimators":  # whose import takes scikit-learn
            return import_module("nn.estimators")
        if name not in _ROOM_OF:
            raise AttributeError(missing("module 'nn'", name, ELSEWHERE))
        return getattr(import_module(f"nn.{_ROOM_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOM_OF})
