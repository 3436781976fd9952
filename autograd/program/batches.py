"""The rows of each step of a training, a few steps at a time."""

from __future__ import annotations

from collections.abc import Iterator

STRIDE = 256  # steps between two looks at the keyboard


def batches_of(rows: int, steps: int, size: int) -> Iterator[tuple[list[int], int]]:
    """Yield first rows of consecutive batches of equal size, and that size.

    The last batch of a pass over the rows may be smaller; then the next pass begins.

    >>> list(batches_of(rows=5, steps=4, size=2))
    [([0, 2], 2), ([4], 1), ([0], 2)]
    """
    size = min(size, rows)
    whole, rest = divmod(rows, size)
    left = steps
    while left:
        take = min(left, whole if rest else max(whole, STRIDE) // whole * whole, STRIDE * whole)
        yield [(k % whole) * size for k in range(take)], size
        left -= take
        if rest and left:
            yield [whole * size], rest
            left -= 1
