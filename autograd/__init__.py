"""A scalar autodiff engine that answers why.

A `Value` records the operations it goes through; walking the graph in reverse applies the
chain rule. Everything public can be imported from here; what is not needed at once is loaded
on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from autograd.engine import Value, implementation
from autograd.errors import (
    AnomalyError,
    AutogradError,
    DomainError,
    FrozenBranchError,
    GradientError,
    StaleGraphError,
)
from autograd.activations import (
    elu, gelu, leaky_relu, relu, sigmoid, silu, softplus, softsign,
)  # fmt: skip
from autograd.primitives import (
    abs, acos, acosh, asin, asinh, atan, atan2, atanh, clip, cos, cosh, direction, erf, erfc,
    exp, expm1, heaviside, hypot, log, log1p, log2, log10, maximum, minimum, sign, sin, sinh,
    sqrt, tan, tanh, where,
)  # fmt: skip
from autograd.reductions import dot, log_softmax, logsumexp, mean, softmax, take, total

if TYPE_CHECKING:
    from autograd.derivatives.check import check_gradients
    from autograd.drawing import Drawing, LayerPicture, NetworkPicture, Page, draw, step_through
    from autograd.explanation import Explanation, compare, explain, expression
    from autograd.derivatives.functional import (
        derivative,
        grad,
        gradients,
        hessian,
        hvp,
        jacobian,
        jvp,
        value_and_grad,
        vjp,
    )
    from autograd.graph import depth, leaves, op_counts, topological
    from autograd.modes import detect_anomaly, no_grad
    from autograd.program import Program, jit, recording

__version__ = "0.1.0"

__all__ = [
    "AnomalyError", "AutogradError", "DomainError", "Drawing", "Explanation",
    "FrozenBranchError", "GradientError", "LayerPicture", "NetworkPicture", "Page", "Program",
    "StaleGraphError", "Value", "abs", "acos", "acosh", "asin", "asinh", "atan", "atan2",
    "atanh", "check_gradients", "clip", "compare", "cos", "cosh", "depth", "derivative",
    "detect_anomaly", "direction", "dot", "draw", "elu", "erf", "erfc", "exp", "explain",
    "expm1", "expression", "gelu", "grad", "gradients", "heaviside", "hessian", "hvp", "hypot",
    "implementation", "jacobian", "jit", "jvp", "leaky_relu", "leaves", "log", "log1p", "log2",
    "log10", "log_softmax", "logsumexp", "maximum", "mean", "minimum", "no_grad", "op_counts",
    "recording", "relu", "sigmoid", "sign", "silu", "sin", "sinh", "softmax", "softplus",
    "softsign", "sqrt", "step_through", "take", "tan", "tanh", "topological", "total",
    "value_and_grad", "vjp", "where",
]  # fmt: skip

_ROOMS = {
    "derivatives.check": ("check_gradients",),
    "explanation": ("Explanation", "compare", "explain", "expression"),
    "derivatives.functional": (
        "derivative",
        "grad",
        "gradients",
        "hessian",
        "hvp",
        "jacobian",
        "jvp",
        "value_and_grad",
        "vjp",
    ),
    "drawing": ("Drawing", "LayerPicture", "NetworkPicture", "Page", "draw", "step_through"),
    "graph": ("depth", "leaves", "op_counts", "topological"),
    "modes": ("detect_anomaly", "no_grad"),
    "program": ("Program", "jit", "recording"),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'autograd' has no attribute {name!r}")
    thing = getattr(import_module(f"autograd.{_ROOM_OF[name]}"), name)
    globals()[name] = thing
    return thing


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOM_OF})
