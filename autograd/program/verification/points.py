"""Where a program is tried: a few points around the recorded one, on several numbers of lanes.

Leaves move by a tenth of their size, so that equal weights differ and no branch is left on the
way; a leaf that says which operand to take becomes any whole number that may be one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from autograd.program.compiler.accesses import Array
from autograd.program.compiler.pieces import PIECES
from autograd.program.compiler.recording import Recording

FAR = (0.1, 0.01, 0.0)  # how far to go, as a part of a number, and then in turn less far
MANY, FEW = 4, 2  # points
SMALL = 1 << 13  # nodes of a recording, up to which there are many
WIDEST = {"float64": 33, "float32": 65}  # lanes: the widest tile of a product, and one more
_INDEXED = {piece.name for piece in PIECES.values() if piece.indexed}
NUMBERS = 1 << 22  # with lanes, beyond which only few lanes are tried


@dataclass(frozen=True)
class Points:
    """`leaves` are the numbers of parameters and inputs, (leaves, points), in single precision too.

    Lane k of trial j is point `order[j + k]`.
    """

    leaves: Array
    order: Array


def around(recording: Recording, dtype: str) -> Iterator[Points]:
    """Yield points farther and nearer around what was recorded."""
    import numpy as np

    count = MANY if len(recording) <= SMALL else FEW
    n, own = recording.inputs.stop, recording.inputs.start
    numbers = np.array(recording.numbers[:n])
    far_most = abs(numbers) + (numbers == 0.0)
    fixed, indices = _whole(recording)
    far_most[fixed] = 0.0
    scattered = np.empty((n, count))
    scattered[:own] = _scattered(np, 0, own)[:, None]  # one in all lanes
    scattered[own:] = _scattered(np, own, (n - own) * count).reshape(-1, count)
    scattered *= far_most[:, None]
    order = np.abs(_scattered(np, 0, 2 * max(WIDEST.values())) * count).astype(int)
    order[: 2 * count] = np.tile(np.arange(count), 2)
    for far in FAR:
        leaves = numbers[:, None] + far * scattered
        for leaf, width in indices.items():
            if leaf >= own and far:
                leaves[leaf] = (numbers[leaf] + np.arange(count)) % width
        with np.errstate(over="ignore"):
            yield Points(leaves.astype(dtype).astype(float), order)


def _scattered(np: Any, first: int, count: int) -> Array:
    """Return numbers in (-1, 1) that look random, each its own."""
    k = np.arange(first + 1, first + count + 1, dtype=np.uint32)
    for factor in (0x9E3779B1, 0x85EBCA77):
        k *= np.uint32(factor)
        k ^= k >> 15
    return k * 2.0**-31 - 1.0


def _whole(recording: Recording) -> tuple[list[int], dict[int, int]]:
    """Return the leaves that whole numbers are made of, and those that are one, below what."""
    pending, indices, end = list[int](), dict[int, int](), recording.inputs.stop
    operations = recording.operations[end:]
    for name in _INDEXED.intersection(operations):
        pending += [end + k for k, own in enumerate(operations) if own == name]
    for at, node in enumerate(pending):
        *others, index = recording.operands[node]
        pending[at] = index
        if index < end:
            indices[index] = min(indices.get(index, len(others)), len(others))
    seen = set(pending)
    while pending:
        node = pending.pop()
        fresh = [x for x in recording.operands[node] if x not in seen]
        seen.update(fresh)
        pending += fresh
    return sorted(x for x in seen if x < end), indices
