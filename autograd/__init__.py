"""A scalar autodiff engine that answers why.

A `Value` records the operations it goes through; walking the graph in reverse applies the
chain rule. Everything public can be imported from here; what is not needed at once is loaded
on first use.
"""

from __future__ import annotations

from importlib import import_module
from itertools import chain
from typing import TYPE_CHECKING, Any

from autograd.engine import Value as Value
from autograd.engine import implementation as implementation
from autograd.errors import *
from autograd.hints import missing
from autograd.primitives import *
from autograd.primitives import abs as abs
from autograd.reductions import *
from autograd.rows import *

if TYPE_CHECKING:
    from autograd.derivatives import *
    from autograd.drawing import *
    from autograd.explanation import *
    from autograd.graph import *
    from autograd.modes import *
    from autograd.program import *

__version__ = "0.1.0"

_ROOMS = {  # what is loaded on first use
    "derivatives": (
        "check_gradients", "derivative", "grad", "gradients", "hessian", "hvp", "jacobian", "jvp",
        "value_and_grad", "vjp",
    ),
    "drawing": (
        "Drawing", "LayerPicture", "NetworkPicture", "Page", "draw", "step_through", "widget",
    ),
    "explanation": ("Explanation", "compare", "explain", "expression"),
    "graph": ("depth", "leaves", "op_counts", "topological"),
    "modes": ("detect_anomaly", "no_grad"),
    "program": ("Program", "jit", "recording"),
}  # fmt: skip
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}
_HERE = [
    import_module(f"autograd.{room}").__all__
    for room in (
        "errors", "primitives", "reductions", "rows.activations", "rows.inverses", "rows.noise",
        "rows.normal", "rows.rounding", "rows.scales", "rows.shares",
    )
]  # fmt: skip

__all__ = sorted(["Value", "implementation", *chain(_ROOM_OF, *_HERE)])


if not TYPE_CHECKING:  # who would take every name for a public one

    def __getattr__(name: str) -> Any:
        if name not in _ROOM_OF:
            raise AttributeError(missing("module 'autograd'", name))
        thing = getattr(import_module(f"autograd.{_ROOM_OF[name]}"), name)
        globals()[name] = thing
        return thing


def load_ipython_extension(shell: Any) -> None:
    """Make `%%why` known to a notebook: `%load_ext autograd`."""
    import_module("autograd.command.magic").register(shell)


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOM_OF})
