"""Where a program is tried: a few points around the recorded one, on several numbers of lanes.

Leaves move by a tenth of their size, so that equal weights differ and no branch is left on the
way; a leaf that says which operand to take becomes any whole number that may be one.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from autograd.program.compiler.accesses import Array
from autograd.program.compiler.pieces import PIECES
from autograd.program.compiler.recording import Recording

FAR = (0.1, 0.01, 0.0)  # how far to go, as a part of a number, and then in turn less far
POINTS = 2  # as many as the vectors of the witness hold
WIDEST = {"float64": 33, "float32": 65}  # lanes: the widest tile of a product, and one more
VECTOR = {"float64": 9, "float32": 17}  # the widest vector, and one more: a tape has no tiles
LONG = 1 << 12  # nodes of a tape, from which on two lanes, one after another, stand for three
_INDEXED = {piece.name for piece in PIECES.values() if piece.indexed}
POOL = 16381  # random numbers; a prime, so that no row of weights meets them in step
NUMBERS = 1 << 22  # with lanes, beyond which only few lanes are tried


class Points(NamedTuple):
    """Where the first columns of a table of values were filled in: parameters, then inputs."""

    values: Array
    width: int  # how many columns
    own: int
    end: int

    @property
    def parameters(self) -> Array:
        """The numbers of the parameters, (parameters,)."""
        return self.values[: self.own, 0]

    @property
    def inputs(self) -> Array:
        """The numbers of the inputs, (inputs, points)."""
        return self.values[self.own : self.end, : self.width]


def fill(recording: Recording, widths: Array | None, values: Array, far: float, dtype: str) -> None:
    """Write the numbers of all leaves, so far from those recorded, to a table of values.

    The caller lets numbers overflow that single precision does not hold.
    """
    import numpy as np

    own, end, count = recording.inputs.start, recording.inputs.stop, values.shape[1] // 2
    recorded = np.array(recording.numbers)[:, None]
    leaves, moved = recorded[:end], np.empty((end, count))
    parts = _scattered(own + (end - own) * count)
    moved[:own], moved[own:] = parts[:own, None], parts[own:].reshape(-1, count)
    moved = leaves + far * (moved * np.where(leaves == 0.0, 1.0, np.abs(leaves)))
    if widths is not None and far:
        wide = widths[:, None]
        turned = (leaves + np.arange(count)) % np.maximum(wide, 1)
        moved = np.where(wide > 0, turned, np.where(wide < 0, leaves, moved))
    values[:] = recorded.astype(dtype)
    values[:end, :count] = values[:end, count:] = moved.astype(dtype)


@cache
def order(count: int) -> Array:
    """Return which of so many points is in each lane: those from `k` on in the trial `k`."""
    import numpy as np

    found = np.abs(_scattered(2 * max(WIDEST.values())) * count).astype(int)
    found[: 2 * count] = np.tile(np.arange(count), 2)
    return found


@cache
def pool() -> Array:
    """Return numbers in (-1, 1) that look random, each its own; nobody changes them."""
    import numpy as np

    k = np.arange(1, POOL + 1, dtype=np.uint32)
    for factor in (0x9E3779B1, 0x85EBCA77):
        k *= np.uint32(factor)
        k ^= k >> 15
    return k * 2.0**-31 - 1.0


def _scattered(count: int) -> Array:
    """Return so many of them, from the first on again where they are too few."""
    import numpy as np

    return pool()[:count] if count <= POOL else np.resize(pool(), count)


def indices(recording: Recording) -> Array | None:
    """Return for each leaf of how many an index is one, -1 where an index is made of it, 0 else.

    None where nothing is an index.
    """
    import numpy as np

    pending = np.flatnonzero(recording.table(_INDEXED.__contains__, bool)).tolist()
    if not pending:
        return None
    end = recording.inputs.stop
    widths = np.zeros(end, np.int64)
    for at, node in enumerate(pending):
        *others, index = recording.operands[node]
        pending[at] = index
        if recording.inputs.start <= index < end:
            widths[index] = min(widths[index] or len(others), len(others))
    seen = set(pending)
    while pending:
        node = pending.pop()
        fresh = [x for x in recording.operands[node] if x not in seen]
        seen.update(fresh)
        pending += fresh
    fixed = [x for x in seen if x < end and not widths[x]]
    widths[fixed] = -1
    return widths
