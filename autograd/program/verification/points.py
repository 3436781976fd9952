"""Where a program is tried: a few points around the recorded one, on several numbers of lanes.

Leaves move by a tenth of their size, so that equal weights differ and no branch is left on the
way; a leaf that says which operand to take becomes any whole number that may be one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from autograd.program.compiler.accesses import Array
from autograd.program.compiler.pieces import PIECES
from autograd.program.compiler.recording import Recording

FAR = (0.1, 0.01, 0.0)  # how far to go, as a part of a number, and then in turn less far
MANY, FEW = 4, 2  # points
SMALL = 1 << 13  # nodes of a recording, up to which there are many
WIDEST = {"float64": 33, "float32": 65}  # lanes: the widest tile of a product, and one more
_INDEXED = {piece.name for piece in PIECES.values() if piece.indexed}
POOL = 16381  # random numbers; a prime, so that no row of weights meets them in step
NUMBERS = 1 << 22  # with lanes, beyond which only few lanes are tried


@dataclass(frozen=True)
class Points:
    """Numbers that the type at hand holds: (parameters,) and (inputs, points)."""

    parameters: Array
    inputs: Array

    @property
    def count(self) -> int:
        return int(self.inputs.shape[1])


def around(recording: Recording, dtype: str, count: int) -> Iterator[Points]:
    """Yield so many points, farther and nearer around what was recorded.

    The caller lets numbers overflow that single precision does not hold.
    """
    import numpy as np

    own, end = recording.inputs.start, recording.inputs.stop
    numbers = np.array(recording.numbers[:end])
    size = np.abs(numbers)
    size[size == 0.0] = 1.0
    fixed, indices = _whole(recording)
    if fixed:
        size[fixed] = 0.0
    parts, inputs = _scattered(own + (end - own) * count), numbers[own:, None]
    sizes = size[own:, None] * parts[own:].reshape(-1, count)
    size[:own] *= parts[:own]
    for far in FAR:
        moved = inputs + far * sizes
        for leaf, width in indices.items() if far else ():
            moved[leaf - own] = (numbers[leaf] + np.arange(count)) % width
        own_numbers = far * size[:own]
        own_numbers += numbers[:own]
        ends = own_numbers, moved
        yield Points(*(x.astype(dtype, copy=False).astype(float, copy=False) for x in ends))


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


def _whole(recording: Recording) -> tuple[list[int], dict[int, int]]:
    """Return the leaves that indices are made of, and the inputs that are one, of how many."""
    pending, indices, end = list[int](), dict[int, int](), recording.inputs.stop
    operations = recording.operations[end:]
    for name in _INDEXED.intersection(operations):
        pending += [end + k for k, own in enumerate(operations) if own == name]
    for at, node in enumerate(pending):
        *others, index = recording.operands[node]
        pending[at] = index
        if recording.inputs.start <= index < end:
            indices[index] = min(indices.get(index, len(others)), len(others))
    seen = set(pending)
    while pending:
        node = pending.pop()
        fresh = [x for x in recording.operands[node] if x not in seen]
        seen.update(fresh)
        pending += fresh
    return sorted(x for x in seen if x < end), indices
