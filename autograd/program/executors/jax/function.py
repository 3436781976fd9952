"""`to_jax`: a program as a pure function of its parameters and of the rows of X."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from autograd.engine import Value, unwatched
from autograd.program.compiler.instructions import Instruction
from autograd.program.compiler.layout import Layout
from autograd.program.compiler.recording import CONSTANT, INPUT, Recording
from autograd.program.executors.jax.buffers import Buffer, taken
from autograd.program.executors.jax.layers import layers
from autograd.program.executors.jax.matrices import run
from autograd.program.executors.jax.serial import serial
from autograd.program.plans import PLANS, matrices

Array = Any
Example = Callable[[Sequence[Array], Array], Array]  # (arrays of parameters, one row of X) → c


class Recorded(Protocol):
    """What a `Program` is asked for here."""

    @property
    def recording(self) -> Recording:
        """The graph as columns."""

    @property
    def parameters(self) -> Sequence[Value]:
        """The leaves that the gradient is by."""


def to_jax(program: Recorded) -> tuple[Callable[[Any, Any], Any], dict[str, Array]]:
    """Return (function, parameters): a pure function(parameters, X) → C, X (m, inputs), of JAX.

    `parameters` is a dict of one array a layer, W1 (inputs, outputs), b1 (outputs,) …, with the
    numbers that the parameters' Values have now. Those of no layer are in vectors θ1 …, and so are
    all of a program that repeats in time, which becomes a `lax.scan`.

    jit, grad, vmap, jax.export and sharding over devices apply; derivatives of any order follow
    the table. Numbers have the type of the arguments: JAX rounds to float32 unless
    jax_enable_x64 is set. Branches stay as they were recorded, for guards are not looked at.
    Raises ImportError without JAX, NotImplementedError for a primitive that JAX cannot compute.

    >>> import pytest; jax = pytest.importorskip("jax")
    >>> from autograd import Program, Value
    >>> x, w, b = Value(0.0, "x"), Value(2.0, "w"), Value(0.5, "b")
    >>> function, parameters = Program(w * x + b, inputs=[x], parameters=[w, b]).to_jax()
    >>> {name: array.tolist() for name, array in parameters.items()}
    {'θ1': [2.0], 'θ2': [0.5]}
    >>> float(jax.jit(function)(parameters, [[1.0], [3.0]]))
    4.5
    """
    try:
        import jax
        import jax.numpy as jnp
    except ImportError:
        raise ImportError("to_jax needs JAX: pip install jax") from None
    import numpy as np

    recording = program.recording.alone()  # no 0 · an infinity comes back from what is beside
    layout, instructions = PLANS.find(recording).made(matrices)
    in_time = serial(recording, len(instructions.forward))
    numbers = _places(recording, layout, in_time is not None)
    known = np.array(list(map(unwatched, program.parameters)))
    columns = len(recording.inputs)
    example = in_time or _by_matrices(recording, layout, instructions.forward, numbers)

    def function(parameters: Any, X: Any) -> Any:
        """Return the mean cost over the rows of X, (m, inputs)."""
        X = jnp.asarray(X)
        if X.ndim != 2 or X.shape[1] != columns:
            raise ValueError(f"X holds one row an example: (m, {columns}); got shape {X.shape}.")
        arrays = [jnp.asarray(parameters[name]) for name in numbers]
        dtype = jnp.result_type(*arrays, X)
        arrays = [array.astype(dtype) for array in arrays]
        return jax.vmap(example, (None, 0))(arrays, X.astype(dtype)).mean()

    return function, {name: known[places] for name, places in numbers.items()}


def places_of(recording: Recording) -> dict[str, Array]:
    """Return arrays of the numbers of parameters, 0 …, by the names that `to_jax` gives them."""
    recording = recording.alone()
    layout, instructions = PLANS.find(recording).made(matrices)
    return _places(recording, layout, serial(recording, len(instructions.forward)) is not None)


def _places(recording: Recording, layout: Layout, in_time: bool) -> dict[str, Array]:
    import numpy as np

    return {"θ1": np.arange(len(recording.parameters))} if in_time else layers(layout)


def _by_matrices(
    recording: Recording, layout: Layout, forward: Sequence[Instruction], numbers: dict[str, Array]
) -> Example:
    """Return one example's cost by the forward instructions; `numbers` are those of parameters."""
    import numpy as np

    kinds = np.frombuffer(recording.kinds, np.uint8)
    places = {kind: layout.address[kinds == kind] for kind in (CONSTANT, INPUT)}
    constants = np.array(recording.numbers)[kinds == CONSTANT]
    parameters = [layout.address[x] for x in numbers.values()]
    root, lanes = int(layout.address[recording.root]), bool(recording.lanes[recording.root])

    nodes = np.flatnonzero(recording.reached == 0)
    lanes_of = np.frombuffer(recording.lanes, bool)[nodes].tolist()
    held = {*zip(lanes_of, layout.address[nodes].tolist(), strict=True)}

    def example(weights: Sequence[Array], x: Array) -> Array:
        import jax.numpy as jnp

        shared, own = Buffer(x.dtype), Buffer(x.dtype)
        for where, array in zip(parameters, weights, strict=True):
            _enter(shared, where, array)
        _enter(shared, places[CONSTANT], jnp.asarray(constants, x.dtype))
        _enter(own, places[INPUT], x)
        run(forward, (shared, own), held)
        return (shared, own)[lanes].read(np.array([root]))[0]

    return example


def _enter(buffer: Buffer, places: Array, numbers: Array) -> None:
    """Store leaves in the order of their addresses; some have none, where nothing reads them."""
    import numpy as np

    if places.ndim == 2 and places.shape[0] > 1 and places[0, 0] + 1 == places[1, 0]:
        places, numbers = places.T, numbers.T
    flat = places.ravel()
    there = np.flatnonzero(flat >= 0)
    order = there[np.argsort(flat[there], kind="stable")]
    if len(order):
        buffer.store(flat[order], taken(numbers.reshape(-1), order))
