"""What the nodes of a graph say at some points, and how much rounding may do to each number.

The witness shares nothing with the compiler of programs. It runs the columns of a recording
node by node, in C where it was built and knows every operation, else by the rows in Python. Where a
program differs, each point is run twice: as it is, and with every result off by a random part of a
small `noise`, far above rounding. How far the two are apart is the `doubt` about a number: what a
sum in another order may change, where numbers cancel, and what follows from that.
"""

from __future__ import annotations

import math
import sysconfig
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from autograd.engine import require_interface
from autograd.program.compiler.accesses import Array
from autograd.program.compiler.apart import FUNCTIONS
from autograd.program.compiler.recording import Recording
from autograd.program.memory import Spare
from autograd.program.verification.eager import PIECES, differentiable, evaluate, pull_back
from autograd.program.verification.points import (
    FAR,
    POINTS,
    POOL,
    Points,
    fill,
    indices,
    pool,
)
from autograd.program.verification.within import is_own
from autograd.table import PRIMITIVES

TABLES, NUMBER = Spare(), 8  # bytes of one in a table
LONGEST = 1 << 14  # operands in all, beyond which Python would take too long
EXACT = {
    "neg", "abs", "sign", "heaviside", "detach", "maximum", "minimum", "clip", "where", "relu",
    "broadcast", "argmax", "peak", "take", "floor", "ceil", "trunc", "rint", "floordiv", "copysign",
}  # fmt: skip


Told = tuple[Sequence[int], Array, Array, Array]  # who is active, values, adjoints, their room
Run = Callable[[float], Told | None]  # so far from the recorded point


class Precision(NamedTuple):
    """The noise of a type of number, 500 000 or 200 times its rounding, and where it ends."""

    noise: float
    smallest: float
    largest: float


PRECISIONS = {
    "float64": Precision(1e-10, 2.3e-308, 1e305),
    "float32": Precision(1e-5, 1.2e-38, 1e35),
}


class Account(NamedTuple):
    """What the witness says: tables (nodes, points), or twice as wide, the second half with noise.

    `active` tells which nodes a parameter or an input reaches: the others have no adjoint.
    """

    points: Points
    precision: Precision
    active: Sequence[int]
    values: Array
    adjoints: Array
    room: Array

    def release(self) -> None:
        """Let the next one have the room of the tables."""
        TABLES.give(self.room)

    def doubting(self, other: Account | None) -> Account:
        """Return the same with the larger doubt of both about each number, at the same points."""
        if other is None or other.values.shape != self.values.shape:
            return self
        return self._replace(
            values=_doubting(self.values, other.values),
            adjoints=_doubting(self.adjoints, other.adjoints),
        )


def _doubting(table: Array, other: Array) -> Array:
    import numpy as np

    half = table.shape[1] // 2
    said = table[:, :half]
    doubt = np.maximum(abs(table[:, half:] - said), abs(other[:, half:] - other[:, :half]))
    return np.hstack([said, said + doubt])


def account(recording: Recording, dtype: str, opinion: int | None = None) -> Account | None:
    """Return what the nodes of a recording say near its point.

    An opinion has doubts, by noise of its own; from the second on, numbered 1, it counts what is
    rounded within somebody's own rows. None where nodes say nothing: no point near it has finite
    numbers throughout, an operation is known to nobody, or it would take too long.
    """
    compiled = _compiled(recording, dtype, opinion)
    run = compiled or _interpreted(recording, dtype, opinion or 0)
    if run is None:
        return None
    ends = recording.inputs.start, recording.inputs.stop
    for far in FAR:
        found = run(far)
        if found is not None:
            return Account(Points(found[1], POINTS, *ends), PRECISIONS[dtype], *found)
    return None


@cache
def _extension() -> Any:
    """Return the compiled witness; None where it is not to be used."""
    if sysconfig.get_config_var("Py_GIL_DISABLED"):  # to load it would switch the lock on
        return None
    try:
        from autograd.program.verification import _witness
    except ImportError:
        return None
    require_interface(_witness)
    return _witness


def compiled(name: str) -> Any:
    """Return what the compiled witness has by a name, None where there is none."""
    return getattr(_extension(), name, None)


@cache
def _codes(names: tuple[str, ...], known: tuple[str, ...]) -> tuple[bytes, list[int]]:
    """Return the numbers that C has for operations, a leaf's being the last one.

    The second result are the places of those that it does not know; functions that are taken apart
    are in no recording.
    """
    number = {name: k for k, name in enumerate(known)} | {"": len(known)}
    found = [number.get(name, len(known) + 1) for name in names]
    unknown = {*names} - {*number, *FUNCTIONS}
    return bytes(found), [k for k, name in enumerate(names) if name in unknown]


def _compiled(recording: Recording, dtype: str, opinion: int | None) -> Run | None:
    """Return the run in C, where all operations of a recording are known there."""
    extension = _extension()
    if extension is None or any(map(is_own, recording.rows.values())):
        return None
    table, unknown = _codes(tuple(recording.columns.names), extension.operations)
    if unknown and {*unknown} & {*recording.codes.tolist()}:  # a piece that is new
        return None
    widths = indices(recording) if recording.apart else None
    columns = recording.codes, recording.kinds, recording.flat, recording.starts, recording.numbers
    leaves, precision = (pool(), b"" if widths is None else widths), PRECISIONS[dtype]
    ends = recording.inputs.start, recording.inputs.stop, recording.root
    noise, wide = (0.0, 1) if opinion is None else (precision.noise, 2)
    limits = dtype == "float32", noise, precision.smallest, precision.largest, opinion or 0

    def run(far: float) -> Told | None:
        import numpy as np

        width = wide * POINTS
        room = TABLES.take(2 * len(recording) * width * NUMBER)
        active = extension.run(table, *columns, *leaves, room, *ends, far, *limits)
        if active is None:
            return None
        tables = np.ndarray((2, len(active), width), float, room)
        return active, tables[0], tables[1], room

    return run


def _interpreted(recording: Recording, dtype: str, opinion: int) -> Run | None:
    """Return the run in Python, for small recordings of operations that have a row."""
    known = {"", *PRIMITIVES, *PIECES}
    if len(recording.flat) > LONGEST or not known.issuperset(recording.operations):
        return None
    needed, widths = differentiable(recording), indices(recording)

    def run(far: float) -> Told | None:
        import numpy as np

        with np.errstate(all="ignore"):  # what is not finite says nothing
            values = np.empty((len(recording), 2 * POINTS))
            fill(recording, widths, values, far, dtype)
            noise = _Noise(PRECISIONS[dtype], 2 * POINTS, opinion)
            within = opinion > 0  # it takes long: only where there is a doubt
            evaluate(recording, values, noise, within)
            adjoints = pull_back(recording, values, needed, noise, within)
            finite = np.isfinite(values).all() and np.isfinite(adjoints).all()
        return (bytes(needed), values, adjoints, b"") if finite else None

    return run


class _Noise:
    """Lets the second half of the columns be off, each time by other random parts of a scale."""

    def __init__(self, precision: Precision, width: int, opinion: int) -> None:
        import numpy as np

        self.np, self.precision, self.half, self.at = np, precision, width // 2, 1009 * opinion
        self.pool = pool()

    def __call__(self, numbers: Array, scale: Array, operation: str) -> Array:
        """Return numbers with noise: infinite where their type ends, exact where not rounded."""
        if operation in EXACT:
            return numbers
        np, noisy = self.np, numbers[..., self.half :]
        self.at = (self.at + 7919) % (POOL - noisy.size) if noisy.size < POOL else 0
        eta = np.resize(self.pool[self.at :], noisy.shape)
        scale = np.broadcast_to(scale, numbers.shape)[..., self.half :]
        moved = noisy + (self.precision.noise * abs(scale) + self.precision.smallest) * eta
        moved = np.where(noisy == 0.0, np.copysign(0.0, eta), moved)
        moved = np.where((noisy == 1.0) & (operation == "exp"), 1.0, moved)  # that of 0
        moved[abs(moved) > self.precision.largest] = math.inf
        return np.concatenate([numbers[..., : self.half], moved], axis=-1)
