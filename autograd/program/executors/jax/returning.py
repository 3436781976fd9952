"""`from_jax`: arrays that JAX trained, back in the Values of a program's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from autograd.engine import write
from autograd.program.executors.jax.function import Recorded, places_of
from autograd.reals import readable


class Written(Recorded, Protocol):
    """What a `Program` is asked for here."""

    def load_parameters(self) -> None:
        """Take the numbers of the parameters from their Values."""


def from_jax(program: Written, parameters: Mapping[str, Any]) -> None:
    """Set the program's parameters, and their Values, to arrays as `to_jax` names and shapes them.

    What JAX trained is in the model again: predict, probe, explain, save. Arrays may be of any
    library, and on any devices. Raises ValueError, with nothing changed, for other names or shapes.

    >>> from autograd import Program, Value
    >>> x, w, b = Value(0.0, "x"), Value(2.0, "w"), Value(0.5, "b")
    >>> program = Program(w * x + b, inputs=[x], parameters=[w, b])
    >>> program.from_jax({"θ1": [3.0], "θ2": [-1.0]})
    >>> w, b
    (Value(data=3.0, grad=0.0, label='w'), Value(data=-1.0, grad=0.0, label='b'))
    """
    import numpy as np

    places = places_of(program.recording)
    if set(parameters) != set(places):
        raise ValueError(
            f"parameters are a dict of {', '.join(places) or 'nothing'}, as to_jax returned them; "
            f"found {', '.join(map(str, parameters)) or 'nothing'}."
        )
    numbers = np.empty(len(program.parameters))
    for name, where in places.items():
        array = np.asarray(readable(parameters[name]), float)
        if array.shape != where.shape:
            raise ValueError(f"{name}: expected shape {where.shape}, found {array.shape}.")
        numbers[where] = array
    write(tuple(program.parameters), numbers)
    program.load_parameters()
