"""A derivative worked out by hand beside the one of autodiff, entry by entry.

Where they differ, the pattern of the differences is held against the slips people make: a
sign, a factor 2 or 1/m, a transposed index, a forgotten g'(z_j).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any, NamedTuple

from autograd import errors
from autograd.engine import Value
from autograd.explanation.slips import Wrong, seen
from autograd.reals import arrayed, real
from autograd.text import Text, aligned, printed

VERDICTS = ("exact", "close", "wrong")
MOST_ENTRIES = 20  # printed; wrong ones first
EXACT_ZERO = 1e-13  # of the largest entry: the rounding of a sum that cancels

Index = tuple[int, ...]


class Entry(NamedTuple):
    """One pair of numbers: both, and "exact" (to the bit), "close" or "wrong"."""

    place: Index
    hand: float
    autodiff: float
    verdict: str


class Comparison:
    """What `compare` found: `entries`, the worst `verdict` of them all, and `hints`.

    `slip` is the kind of slip that the hints tell of, by its name in `slips.SLIPS`, or "".

    It is true where nothing is wrong, so that `assert compare(hand, autodiff)` is a test.
    """

    def __init__(self, entries: Sequence[Entry], hints: Sequence[str], slip: str = "") -> None:
        self.entries = entries
        self.hints, self.slip = hints, slip
        found = {entry.verdict for entry in entries}
        self.verdict = max(found, key=VERDICTS.index, default="exact")

    def __bool__(self) -> bool:
        return self.verdict != "wrong"

    def text(self) -> str:
        """Return the counts, the hints and the entries, the wrong ones first."""
        count = {v: sum(entry.verdict == v for entry in self.entries) for v in VERDICTS}
        lines = [", ".join(f"{n} {v}" for v, n in count.items() if n) or "nothing to compare"]
        lines += [f"hint: {hint}" for hint in self.hints]
        ordered = sorted(self.entries, key=lambda entry: -VERDICTS.index(entry.verdict))
        rows = [
            ("", "".join(f"[{k}]" for k in entry.place) or "value",
             f"hand {entry.hand: .15g}", f"autodiff {entry.autodiff: .15g}", entry.verdict)
            for entry in ordered[:MOST_ENTRIES]
        ]  # fmt: skip
        lines += aligned(rows)
        if len(ordered) > MOST_ENTRIES:
            lines.append(f"  … and {len(ordered) - MOST_ENTRIES} more")
        return Text("\n".join(lines))

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.text())}</pre>"

    __repr__ = __str__ = printed(text)


def compare(hand: Any, autodiff: Any, *, slope: Any = None, tolerance: float = 1e-9) -> Comparison:
    """Return how a result worked out by hand agrees with autodiff, entry by entry.

    Both are numbers, Values (their `.data` counts), nested lists or arrays of one shape.
    Entries are exact (the same float), close (to the relative `tolerance`) or wrong, and
    wrong ones get a hint where their pattern is that of a known slip. With `slope`, the
    numbers g'(z_j) of the units, or of each example's, a forgotten g' is recognised for certain.

    Raises ValueError, with a hint, where the shapes differ.

    >>> from autograd import compare
    >>> compare([[1.0, 2.0], [3.0, 4.0]], [[1.0, 3.0], [2.0, 4.0]]).hints
    ['hand is the transpose of autodiff: i and j are exchanged.']
    >>> compare(-6.0, 6.0)
    1 wrong
    hint: hand is −1 times autodiff: a sign.
      value  hand -6  autodiff  6  wrong
    """
    left, right = dict(_numbers(hand)), dict(_numbers(autodiff))
    if left.keys() != right.keys():
        raise _shape_error(_shape(left), _shape(right))
    scale = max(map(abs, right.values()), default=0.0)
    entries = [
        Entry(index, x, right[index], _verdict(x, right[index], tolerance, scale))
        for index, x in left.items()
    ]
    wrong = [entry for entry in entries if entry.verdict == "wrong"]
    if not wrong:
        return Comparison(entries, [])
    slopes = {} if slope is None else dict(_numbers(slope))
    name, words = seen(Wrong([e.place for e in wrong], left, right, slopes, tolerance))
    finite = all(math.isfinite(x) for entry in wrong for x in entry[1:3])
    if not finite and name != "indices exchanged":
        name, words = "", "a number is not finite: explain() tells where it comes from."
    return Comparison(entries, [words] if words else [], name)


def _numbers(tree: Any, index: Index = ()) -> Iterator[tuple[Index, float]]:
    if tree.__class__ is Value:
        tree = tree.data
    tree = arrayed(tree)
    if hasattr(tree, "tolist"):
        tree = tree.tolist()
    if isinstance(tree, list | tuple):
        for k, child in enumerate(tree):
            yield from _numbers(child, (*index, k))
        return
    number = tree.data if tree.__class__ is Value else real(tree)
    if number is None:
        raise errors.not_a_number(tree)
    yield index, number


def _verdict(x: float, y: float, tolerance: float, scale: float) -> str:
    if x == y or (math.isnan(x) and math.isnan(y)):
        return "exact"
    close = math.isclose(x, y, rel_tol=tolerance, abs_tol=EXACT_ZERO * scale)
    return "close" if close else "wrong"


def _shape(numbers: dict[Index, float]) -> tuple[int, ...]:
    """Return the shape of a nested structure, from the indices of its entries."""
    last = max(numbers, default=())
    return tuple(k + 1 for k in last)


def _shape_error(hand: tuple[int, ...], autodiff: tuple[int, ...]) -> Exception:
    way_out = "Compare what has the same indices."
    if hand == autodiff:
        way_out = "One of them is ragged: give every row the same length."
    elif hand == autodiff[::-1]:
        way_out = "One is the transpose of the other: here W[i][j] goes from input i to unit j."
    elif math.prod(hand) == math.prod(autodiff):
        way_out = "They have as many entries: drop or add an axis of length 1."
    return ValueError(
        f"hand and autodiff must have one shape; got {hand} and {autodiff}. {way_out}"
    )
