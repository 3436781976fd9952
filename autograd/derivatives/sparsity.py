"""Which entries of a Jacobian or Hessian can be other than 0, and how few sweeps give them all.

The pattern is exact for a graph: entry (i, j) is in it where a path of partials that are not
constantly 0 leads from input j to output i. Columns that share no row are found by one forward
sweep, rows that share no column by one backward sweep, and a colouring says which go together:
greedy, at distance 2. A Hessian needs fewer colours, for each entry stands in it twice: a star
colouring, from which one of both can be read.

Source: Gebremedhin, Manne & Pothen, What color is your Jacobian?, SIAM Review 47 (2005),
algorithms 3.1 and 4.2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from autograd.derivatives.chain_rule import Linear, gradients, is_zero, tangents_of
from autograd.engine import Value, unwatched
from autograd.reductions import total

Array = Any  # numpy.ndarray; NumPy is imported on use
Masks = list[int]  # a set of columns for each row: bit j is column j


def pattern(outputs: Sequence[Value], inputs: Sequence[Value], through: Linear) -> Masks:
    """Return the columns of each row, as bits of a number.

    `through` has partials as nodes, so that one which is a number is so everywhere. A set of
    columns is dropped after its last use, so that a long sum stays affordable.

    >>> from autograd.derivatives.kinds import forward_linear
    >>> x = [Value(1.0), Value(2.0), Value(3.0)]
    >>> y = [x[0] * x[2], x[1] + 1.0]
    >>> [bin(row) for row in pattern(y, x, forward_linear(y, x, nested=True))]
    ['0b101', '0b10']
    """
    masks = {x: 1 << k for k, x in enumerate(inputs) if not x.constant}
    uses = Counter(x for _, pairs in through for x, _ in pairs)
    uses.update(outputs)
    for node, pairs in through:
        found = 0
        for x, partial in pairs:
            if not is_zero(partial):
                found |= masks.get(x, 0)
            uses[x] -= 1
            if not uses[x]:
                masks.pop(x, None)
        if found:
            masks[node] = found
    return [masks.get(y, 0) for y in outputs]


def coloured(masks: Masks, count: int) -> list[int]:
    """Return a colour for each column, so that no row has two columns of one colour.

    >>> coloured([0b011, 0b110], 3)
    [0, 1, 0]
    """
    rows = transposed(masks, count)
    return _fewest(lambda order: _coloured(rows, len(masks), order), rows)


def _coloured(rows: list[list[int]], count: int, order: Iterable[int]) -> list[int]:
    taken, colours = [0] * count, [0] * len(rows)
    for column in order:
        forbidden = 0
        for row in rows[column]:
            forbidden |= taken[row]
        free = ~forbidden & (forbidden + 1)
        for row in rows[column]:
            taken[row] |= free
        colours[column] = free.bit_length() - 1
    return colours


def star_coloured(masks: Masks) -> list[int]:
    """Return a colour for each column of a symmetric matrix.

    Neighbours differ, and each entry is alone of its colour in its row, or its mirror image is.

    >>> star_coloured([0b1111, 0b0011, 0b0101, 0b1001])  # an arrow
    [0, 1, 1, 1]
    """
    neighbours = [[j for j in row if j != i] for i, row in enumerate(map(bits, masks))]
    return _fewest(lambda order: _star_coloured(neighbours, order), neighbours)


def _star_coloured(neighbours: list[list[int]], order: Iterable[int]) -> list[int]:
    around, colours = [0] * len(neighbours), [-1] * len(neighbours)
    for v in order:
        forbidden = 0
        for w in neighbours[v]:
            colour = colours[w]
            forbidden |= around[w] if colour < 0 else 1 << colour | around[w] & (1 << colour) - 1
        free = ~forbidden & (forbidden + 1)
        for w in neighbours[v]:
            around[w] |= free
        colours[v] = free.bit_length() - 1
    return colours


def _fewest(paint: Callable[[Iterable[int]], list[int]], edges: list[list[int]]) -> list[int]:
    """Return the better of two colourings: in order, and those with most edges first."""
    by_degree = sorted(range(len(edges)), key=lambda k: -len(edges[k]))
    return min((paint(range(len(edges))), paint(by_degree)), key=lambda x: max(x, default=0))


def bits(mask: int) -> list[int]:
    """Return which bits of a number are set, ascending."""
    if mask.bit_count() < 8:
        found = []
        while mask:
            found.append((mask & -mask).bit_length() - 1)
            mask &= mask - 1
        return found
    import numpy as np

    octets = np.frombuffer(mask.to_bytes((mask.bit_length() + 7) // 8, "little"), np.uint8)
    return list(np.flatnonzero(np.unpackbits(octets, bitorder="little")).tolist())


def transposed(masks: Masks, count: int) -> list[list[int]]:
    """Return the rows of each column."""
    rows: list[list[int]] = [[] for _ in range(count)]
    for i, mask in enumerate(masks):
        for j in bits(mask):
            rows[j].append(i)
    return rows


class Compression(NamedTuple):
    """A sparse matrix by few sweeps, in the order of its entries row by row.

    `colours` has one for each column (`forward`) or row: a sweep goes along the sum of those of
    one colour. Entry k is number `place[k]` of the result of sweep `sweep[k]`. `columns` and
    `starts` are the `indices` and `indptr` of `scipy.sparse`.
    """

    shape: tuple[int, int]
    forward: bool
    colours: list[int]
    sweep: Array
    place: Array
    columns: Array
    starts: Array

    @property
    def sweeps(self) -> int:
        """The number of sweeps."""
        return max(self.colours, default=-1) + 1

    def directions(self) -> Array:
        """Return what each sweep goes along, (sweeps, columns or rows), of ones and zeros."""
        import numpy as np

        found = np.zeros((self.sweeps, len(self.colours)))
        found[self.colours, np.arange(len(self.colours))] = 1.0
        return found

    def matrix(self, entries: Array) -> Any:
        """Return the matrix with these entries, a `scipy.sparse.csr_array`."""
        return rows_of_entries(entries, self.columns, self.starts, self.shape)


def rows_of_entries(entries: Array, columns: Array, starts: Array, shape: tuple[int, int]) -> Any:
    """Return a `scipy.sparse.csr_array` of entries row by row, those of row i from starts[i] on."""
    try:
        from scipy.sparse import csr_array
    except ImportError:
        raise ImportError("sparse=True needs SciPy: pip install scipy") from None
    found = csr_array((entries, columns.copy(), starts.copy()), shape=shape, copy=False)
    found.has_canonical_format = True
    return found


def compressed(masks: Masks, columns: int, symmetric: bool = False) -> Compression:
    """Return the fewest sweeps for a pattern: forward, or backward where that takes fewer."""
    import numpy as np

    rows, indices = [], []
    for i, mask in enumerate(masks):
        found = bits(mask)
        rows += [i] * len(found)
        indices += found
    row, column = np.array(rows, np.int32), np.array(indices, np.int32)
    starts = np.searchsorted(row, np.arange(len(masks) + 1)).astype(np.int32)
    shape = len(masks), columns
    if symmetric:
        colours = star_coloured(masks)
        sweep, place = _mirrored(row, column, np.array(colours, np.int32))
        return Compression(shape, True, colours, sweep, place, column, starts)
    colours, by_column = coloured(masks, columns), transposed(masks, columns)
    if max(colours, default=0) >= max(map(len, by_column), default=0):  # rows may do with fewer
        other = coloured(_masks(by_column), len(masks))
        if max(other, default=0) < max(colours, default=0):
            sweep = np.array(other, np.int32)[row]
            return Compression(shape, False, other, sweep, column, column, starts)
    sweep = np.array(colours, np.int32)[column]
    return Compression(shape, True, colours, sweep, row, column, starts)


def _masks(rows: list[list[int]]) -> Masks:
    return [sum(1 << i for i in found) for found in rows]


def _mirrored(row: Array, column: Array, colours: Array) -> tuple[Array, Array]:
    """Return the sweep and the place of each entry: its own, or those of its mirror image.

    Its own do where no other entry of its row has the colour of its column.
    """
    import numpy as np

    width = int(colours.max(initial=0)) + 1
    key = row.astype(np.int64) * width + colours[column]
    _, inverse, count = np.unique(key, return_inverse=True, return_counts=True)
    alone = count[inverse] == 1
    return np.where(alone, colours[column], colours[row]), np.where(alone, row, column)


def entries(
    compression: Compression, outputs: Sequence[Value], inputs: Sequence[Value], through: Linear
) -> Array:
    """Return the entries of a matrix, by sweeps with numbers at the point of the graph."""
    import numpy as np

    sweeps: list[list[float]] = []
    if compression.forward:
        numbers = [(y, [(x, _number(partial)) for x, partial in pairs]) for y, pairs in through]
        for colour in range(compression.sweeps):
            seeds = _of_colour(inputs, compression.colours, colour)
            sweeps.append(tangents_of(outputs, dict.fromkeys(seeds, 1.0), numbers))
    else:
        for colour in range(compression.sweeps):
            root = total(_of_colour(outputs, compression.colours, colour))
            sweeps.append(gradients(root, list(inputs)))
    table = np.array(sweeps, float).reshape(compression.sweeps, -1)
    found: Array = table[compression.sweep, compression.place]
    return found


def _of_colour(nodes: Sequence[Value], colours: list[int], colour: int) -> list[Value]:
    return [x for x, own in zip(nodes, colours, strict=True) if own == colour]


def _number(partial: Any) -> float:
    return float(unwatched(partial) if partial.__class__ is Value else partial)
