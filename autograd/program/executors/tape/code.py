"""The code of a tape: its stretches, what may wait in a register, what takes one jump.

An operation is four words: what it does in the lowest byte of the first and its result in the
rest, then its operands a, b, c. As it runs, an operation that reads what the one before left
behind has a form of its own (`add_x`, `accumulate_last`), and so have pairs (`mul__add_x`).
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any, NamedTuple

from autograd.program.compiler.accesses import unique
from autograd.program.compiler.pieces import PIECES
from autograd.program.executors.tape.loops import Array, Stretch, stretches
from autograd.table import PRIMITIVES

GIVES = ("accumulate", "subtract", "multiply_accumulate")  # a result receives a term
ALONE = {*(row.name for row in PRIMITIVES.values() if row.arity == 1), "copy"}  # of one operand
LATE = (  # these use their last word
    *(name for name, row in PRIMITIVES.items() if row.arity == 3),
    *(name for name, row in PIECES.items() if row.arity == 3),
    "sine_and_cosine",
    "sine_and_cosine_x",
)
NARROW = 1 << 16  # between numbers that are counted in a table
WORDS, SLOTS = 6, 2  # 32-bit words of an operation as it runs; the place of its code comes first


class Form(NamedTuple):
    """A tape as it runs: stretches of its operations, of a loop the first time.

    Stretch k begins at `firsts[k]` of `rows`, (operations, 4) words. `table` has a row for each:
    length, times, by how much its slots move on from one time to the next, and how many words move
    otherwise: rows of `mends`, (word, by how much more).
    """

    rows: Array
    firsts: Array
    mends: Array
    table: Array


class Tape:
    """Operations cut into stretches: for one lane (`alone`) and for many together (`wide`)."""

    def __init__(self, words: Any, codes: dict[str, int]) -> None:
        import numpy as np

        code = turned(np.array(words, np.uint32).reshape(-1, 4), codes)
        self.stretches = stretches(code)
        self._plain = code, codes
        pieces = hurried(code, codes, self.stretches)
        fast = paired(pieces, codes, [x.first + x.length - 1 for x in self.stretches])
        self.alone = formed(code, pieces, fast, self.stretches, codes)

    @cached_property
    def wide(self) -> Form:
        """The form for many lanes together."""
        code, codes = self._plain
        return formed(code, code, code, self.stretches, codes)

    def loops(self, nodes: int) -> list[tuple[int, int]]:
        """Return how often each loop runs, and how many of the first slots one time computes."""
        import numpy as np

        found, (code, _) = [], self._plain
        for first, length, times in self.stretches:
            if times > 1:
                results = unique(np, code[first : first + length, 0] >> 8)
                found.append((times, int((results < nodes).sum())))
        return found


def formed(
    code: Array, pieces: Array, fast: Array, cuts: list[Stretch], codes: dict[str, int]
) -> Form:
    """Return the form of a tape whose operations became `pieces` and then perhaps pairs."""
    import numpy as np

    table, mends, uses = [], [np.zeros((0, 2), np.int32)], _used(tuple(codes))
    for x in cuts:
        shift, mend = 0, mends[0]
        if x.times > 1:
            shift, mend = moves(code, uses[pieces[x.first : x.first + x.length, 0] & 255], x)
        table.append((x.length, x.times, shift, len(mend)))
        mends.append(mend)
    firsts = np.array([x.first for x in cuts], dtype=np.int64)
    places = np.array(table, dtype=np.int64).reshape(-1, 4)
    return Form(fast, firsts, np.concatenate(mends), places)


@cache
def _used(names: tuple[str, ...]) -> Array:
    """Return which words each of these operations uses, (operations, 4)."""
    import numpy as np

    return np.array(list(map(used, names)))


def used(name: str) -> tuple[bool, bool, bool, bool]:
    """Return which words an operation uses: its result, a, b, c."""
    alone = name in ALONE or name.startswith("sine") or name.endswith(("_y", "_last", "_again"))
    given = name.endswith("_x") or name.startswith(("accumulate", "subtract"))
    return True, not given, not alone, name in LATE


def moves(code: Array, reads: Array, loop: Stretch) -> tuple[int, Array]:
    """Return by how much most slots of a loop move, and what to add to the others.

    `reads` says which words the operations of one time use.
    """
    import numpy as np

    first, second, third = (loop.first + k * loop.length for k in range(3))
    growth = (code[second:third] - code[first:second]).view(np.int32)
    growth[:, 0] >>= 8
    places = reads.ravel().nonzero()[0]
    found = growth.ravel()[places]
    shift = _commonest(found)
    others = (found != shift).nonzero()[0]
    places = places[others]
    mends = np.empty((len(places), 2), np.int32)
    mends[:, 0] = places + (places >> 2) * (WORDS - 4) + SLOTS  # of four words in so many
    mends[:, 1] = found[others] - shift
    return shift, mends


def _commonest(numbers: Array) -> int:
    """Return the number that comes most often, of several the least."""
    import numpy as np

    least = int(numbers.min())
    if int(numbers.max()) - least < NARROW:
        return least + int(np.bincount(numbers - least).argmax())
    found, counts = np.unique(numbers, return_counts=True)
    return int(found[counts.argmax()])


def turned(code: Array, codes: dict[str, int]) -> Array:
    """Let the first operand be the result of the operation before, where the order is free."""
    import numpy as np

    free = np.isin(code[1:, 0] & 255, [codes["add"], codes["mul"]])
    turn = 1 + np.flatnonzero(free & (code[1:, 2] == code[:-1, 0] >> 8))
    code[turn, 1:3] = code[turn, 2:0:-1]
    return code


def repeated(slots: Array, before: Array, cuts: list[Stretch]) -> Array:
    """Return where a slot is that of the operation before: in a loop, the first two times."""
    import numpy as np

    same = np.append(False, slots[1:] == before[:-1])
    for first, length, times in cuts:
        if times > 1:
            same[first : first + length] &= same[first + length : first + 2 * length]
        same[first] = False
    return same


def hurried(code: Array, codes: dict[str, int], cuts: list[Stretch]) -> Array:
    """Return the tape with operations that read what the one before left in a register."""
    import numpy as np

    def become(name: str, suffix: str, where: Array) -> None:
        if f"{name}{suffix}" in codes:
            operations[(kinds == codes[name]) & where] = codes[f"{name}{suffix}"]

    kinds, results, (a, b) = code[:, 0] & 255, code[:, 0] >> 8, code[:, 1:3].T
    operations, names = kinds.copy(), list(codes)
    gives = np.isin(kinds, [k for name, k in codes.items() if name.startswith(GIVES)])
    sums, x, y = (repeated(slots, results, cuts) for slots in (results, a, b))
    again = repeated(b, b, cuts) & np.append(False, gives[:-1])
    for name in (names[k] for k in np.unique(kinds)):
        if name.startswith(GIVES):
            become(name, "_sum", sums)
            become(name, "_last", y)
            become(name, "_again", again)
        else:
            become(name, "_y", y)
            become(name, "_x", x)
    return np.column_stack([operations | results << 8, code[:, 1:]]).astype(np.uint32)


def paired(code: Array, codes: dict[str, int], ends: list[int]) -> Array:
    """Return the tape with two operations under one code where there is one for both.

    The second keeps its words: only its own code is skipped.
    """
    import numpy as np

    table = np.zeros((256, 256), np.uint32)
    for name, both in codes.items():
        first, _, second = name.partition("__")
        if second:
            table[codes[first], codes[second]] = both
    kinds = code[:, 0] & 255
    both = np.zeros_like(kinds)
    both[:-1] = table[kinds[:-1], kinds[1:]]
    both[ends] = 0
    alone = np.flatnonzero(np.append(0, both) == 0)  # every other one of a run in between
    place = np.arange(len(both)) - alone[np.searchsorted(alone, np.arange(len(both)), "right") - 1]
    chosen = (both > 0) & (place % 2 == 0)
    out = code.copy()
    out[chosen, 0] += both[chosen] - kinds[chosen]
    return out
