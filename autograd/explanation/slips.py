"""The slips that people make in a derivation: one table, for numbers and for formulas.

A row has the name of a kind of slip and, where numbers show it, a function that says so of the
entries that are wrong. `compare` and the check of an exercise ask these; the notes on networks give
the rows, by name, the changes of a formula that mend such a slip.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from autograd.explanation.numerals import figure

Index = tuple[int, ...]
Numbers = Mapping[Index, float]


class Wrong(NamedTuple):
    """A result by hand and autodiff's where they differ: all numbers, and the places of wrong ones.

    `slope` are the numbers g'(z_j) of units, {} if none were given; `tolerance` is relative.
    """

    places: Sequence[Index]
    hand: Numbers
    autodiff: Numbers
    slope: Numbers
    tolerance: float

    def near(self, x: float, y: float) -> bool:
        """Return whether two numbers are one, to the tolerance."""
        return math.isclose(x, y, rel_tol=max(self.tolerance, 1e-9))

    def factors(self) -> dict[Index, float]:
        """Return autodiff/hand of the wrong entries, {} where hand has a 0."""
        if any(self.hand[place] == 0.0 for place in self.places):
            return {}
        return {place: self.autodiff[place] / self.hand[place] for place in self.places}

    def ratio(self) -> float:
        """Return hand/autodiff where it is one number for all wrong entries, else 0."""
        factors = list(self.factors().values()) or [0.0]
        same = factors[0] and all(self.near(factor, factors[0]) for factor in factors)
        return 1.0 / factors[0] if same else 0.0

    def times(self, ratio: float, reason: str) -> str:
        """Return the words for hand = ratio · autodiff."""
        where = "" if len(self.places) == len(self.hand) else " where it is wrong"
        return f"hand is {figure(ratio)} times autodiff{where}: {reason}."


class Slip(NamedTuple):
    """A kind of slip: its name, and the words where wrong numbers show it, "" where they do not."""

    name: str
    seen: Callable[[Wrong], str] = lambda wrong: ""


def transposed(wrong: Wrong) -> str:
    """Say that i and j are exchanged."""
    last = max(wrong.hand, default=())
    square = len(last) == 2 and last[0] == last[1]
    if square and all(wrong.near(x, wrong.autodiff[at[::-1]]) for at, x in wrong.hand.items()):
        return "hand is the transpose of autodiff: i and j are exchanged."
    return ""


def flat(wrong: Wrong) -> str:
    """Say that g' is missing: for certain where slopes are given, else from how factors vary."""
    own = len(next(iter(wrong.slope), ()))
    if wrong.slope:
        slopes = [
            wrong.slope.get((*at[: own - 1], *at[-1:]) if own else (), math.nan)
            for at in wrong.places
        ]
        pairs = zip(wrong.places, slopes, strict=True)
        if all(wrong.near(wrong.hand[at] * g, wrong.autodiff[at]) for at, g in pairs):
            return "autodiff is g'(z_j) times hand: the factor g' is missing."
    return "" if wrong.ratio() else _along(wrong, -1, "j", "g'(z_j)")


def smaller(wrong: Wrong) -> str:
    """Say that all is smaller, as if it had a further slope."""
    factors = wrong.factors().values()
    if len(factors) > 1 and not wrong.ratio() and all(0.0 <= f < 1.0 for f in factors):
        return "autodiff is smaller everywhere, as if a factor g'(z_j) were missing: pass slope=."
    return ""


def negative(wrong: Wrong) -> str:
    """Say that the sign is wrong."""
    return wrong.times(-1.0, "a sign") if wrong.near(wrong.ratio(), -1.0) else ""


def numeric(wrong: Wrong) -> str:
    """Say that a number is missing as a factor."""
    ratio = wrong.ratio()
    for known, reason in ((2.0, "a factor ½ is missing, or 1/m"), (0.5, "a factor 2 is missing")):
        if wrong.near(ratio, known):
            return wrong.times(known, reason)
    return wrong.times(ratio, "a constant factor") if ratio else ""


def averaged(wrong: Wrong) -> str:
    """Say that 1/m or Σ over the examples is missing, or there once too often."""
    ratio = wrong.ratio()
    whole = round(ratio if abs(ratio) > 1 else 1 / ratio) if ratio else 0
    if whole > 2 and wrong.near(ratio, whole):
        return wrong.times(whole, "1/m of the mean is missing")
    if whole > 2 and wrong.near(ratio, 1 / whole):
        reason = "divided by m once too often, or examples are missing from a sum"
        return wrong.times(ratio, reason)
    return ""


def unfed(wrong: Wrong) -> str:
    """Say that the activation a_i is missing."""
    return "" if wrong.ratio() else _along(wrong, 0, "i", "a_i")


def _along(wrong: Wrong, axis: int, name: str, meaning: str) -> str:
    """Say that factors depend on one index alone."""
    lines: dict[int, list[float]] = {}
    for at, factor in wrong.factors().items():
        lines.setdefault(at[axis] if at else 0, []).append(factor)
    many = lines and all(len(line) > 1 for line in lines.values())
    if not many or not all(wrong.near(x, line[0]) for line in lines.values() for x in line):
        return ""
    numbers = ", ".join(figure(line[0]) for line in list(lines.values())[:4]) + ", …" * (
        len(lines) > 4
    )
    return f"autodiff/hand depends on {name} alone ({numbers}): a factor {meaning} may be missing."


SLIPS = (  # likelier ones first
    Slip("indices exchanged", transposed),
    Slip("another index"),
    Slip("transpose"),
    Slip("order of factors"),
    Slip("slope", flat),
    Slip("layer"),
    Slip("L for l"),
    Slip("a factor too many"),
    Slip("sign", negative),
    Slip("examples", averaged),
    Slip("number", numeric),
    Slip("entry by entry"),
    Slip("a for z"),
    Slip("indices exchanged throughout"),
    Slip("a factor forgotten", unfed),
    Slip("slope", smaller),
)
NAMES = tuple(dict.fromkeys(slip.name for slip in SLIPS))


def seen(wrong: Wrong) -> tuple[str, str]:
    """Return the name of the first slip that the numbers show, and its words; "" for none."""
    return next(((slip.name, words) for slip in SLIPS if (words := slip.seen(wrong))), ("", ""))
