"""What the nodes of a graph say at some points, and how much rounding may do to each number.

The witness shares nothing with the compiler of programs. It runs the columns of a recording
node by node, in C where it was built and knows every operation, else by the rows in Python. Each
point is run twice: as it is, and with every result off by a random part of a small `noise`, far
above rounding. How far the two are apart is the `doubt` about a number: what a sum in another
order may change, where numbers cancel, and what follows from that.
"""

from __future__ import annotations

import math
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from autograd.engine import require_interface
from autograd.program.compiler.accesses import Array
from autograd.program.compiler.recording import Recording
from autograd.program.verification.eager import PIECES, differentiable, evaluate, pull_back
from autograd.program.verification.points import FEW, MANY, POOL, SMALL, Points, around, pool
from autograd.program.verification.within import is_own
from autograd.table import PRIMITIVES

LONGEST = 1 << 14  # operands in all, beyond which Python would take too long
EXACT = {
    "neg", "abs", "sign", "heaviside", "detach", "maximum", "minimum", "clip", "where", "relu",
    "broadcast", "argmax", "peak", "take", "floor", "ceil", "trunc", "rint", "floordiv", "copysign",
}  # fmt: skip


Run = Callable[[Array, Array, "Precision"], Sequence[int] | None]


@dataclass(frozen=True)
class Precision:
    """The noise of a type of number, 500 000 or 200 times its rounding, and where it ends."""

    noise: float
    smallest: float
    largest: float


PRECISIONS = {
    "float64": Precision(1e-10, 2.3e-308, 1e305),
    "float32": Precision(1e-5, 1.2e-38, 1e35),
}


@dataclass(frozen=True)
class Account:
    """What the witness says: tables (nodes, 2·points), the second half of them with noise.

    `active` tells which nodes a parameter or an input reaches: the others have no adjoint.
    """

    points: Points
    active: Sequence[int]
    values: Array
    adjoints: Array
    precision: Precision

    def doubting(self, other: Account) -> Account:
        """Return the same with the larger doubt of both about each number, at the same points."""
        return replace(
            self,
            values=_doubting(self.values, other.values),
            adjoints=_doubting(self.adjoints, other.adjoints),
        )


def _doubting(table: Array, other: Array) -> Array:
    import numpy as np

    half = table.shape[1] // 2
    said = table[:, :half]
    doubt = np.maximum(abs(table[:, half:] - said), abs(other[:, half:] - other[:, :half]))
    return np.hstack([said, said + doubt])


def account(recording: Recording, dtype: str, opinion: int = 0) -> Account | None:
    """Return what the nodes of a recording say near its point.

    A second or third opinion has noise of its own, and counts what is rounded within somebody's
    own rows. None where they say nothing: no point near it
    has finite numbers throughout, an operation is known to nobody, or it would take too long.
    """
    compiled = _compiled(recording, opinion)
    run = compiled or _interpreted(recording, opinion)
    if run is None:
        return None
    import numpy as np

    count = MANY if compiled and len(recording) <= SMALL else FEW
    with np.errstate(all="ignore"):  # what is not finite says nothing
        for points in around(recording, dtype, count):
            tables = _tables(recording, points, dtype)
            active = run(*tables, PRECISIONS[dtype])
            if active is not None:
                return Account(points, active, *tables, PRECISIONS[dtype])
    return None


def _tables(recording: Recording, points: Points, dtype: str) -> tuple[Array, Array]:
    """Return tables of values, with the leaves filled in, and of adjoints."""
    import numpy as np

    own, end, half = recording.inputs.start, recording.inputs.stop, points.count
    values = np.empty((len(recording), 2 * half))
    values[end:] = np.array(recording.numbers[end:]).astype(dtype, copy=False)[:, None]
    values[:own] = points.parameters[:, None]
    values[own:end, :half] = values[own:end, half:] = points.inputs
    return values, np.zeros_like(values)


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


@cache
def codes() -> dict[str, int] | None:
    """Return the numbers of the operations that C knows; None where it is not to be used."""
    compiled = _extension()
    return compiled and {name: k for k, name in enumerate(compiled.operations)}


def compiled_comparison() -> Any:
    """Return the comparison in C, None where there is none."""
    compiled = _extension()
    return compiled and compiled.compare


def _compiled(recording: Recording, opinion: int) -> Run | None:
    """Return the run in C, where all operations of a recording are known there."""
    compiled, known = _extension(), codes()
    if compiled is None or known is None or any(map(is_own, recording.rows.values())):
        return None
    own, leaf = recording.inputs.stop, len(known)
    every = (leaf if not name else known.get(name, leaf + 1) for name in recording.operations[own:])
    operations = bytes([leaf]) * own + bytes(every)
    if leaf + 1 in operations:  # a piece that is new
        return None
    columns = operations, recording.kinds, recording.flat, recording.starts

    def run(values: Array, adjoints: Array, precision: Precision) -> Sequence[int] | None:
        import numpy as np

        spoiled, active = np.zeros(values.shape[1]), bytearray(len(values))
        tables = active, values, adjoints, spoiled
        limits = precision.noise, precision.smallest, precision.largest
        compiled.run(*columns, *tables, recording.root, len(spoiled) // 2, *limits, opinion)
        return active if not spoiled.any() else None

    return run


def _interpreted(recording: Recording, opinion: int = 0) -> Run | None:
    """Return the run in Python, for small recordings of operations that have a row."""
    known = {"", *PRIMITIVES, *PIECES}
    if len(recording.flat) > LONGEST or not known.issuperset(recording.operations):
        return None
    needed = differentiable(recording)

    def run(values: Array, adjoints: Array, precision: Precision) -> Sequence[int] | None:
        import numpy as np

        noise = _Noise(precision, values.shape[1], opinion)
        within = opinion > 0  # it takes long: only where there is a doubt
        evaluate(recording, values, noise, within)
        adjoints[:] = pull_back(recording, values, needed, noise, within)
        finite = np.isfinite(values).all() and np.isfinite(adjoints).all()
        return needed if finite else None

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
