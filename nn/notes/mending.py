"""The smallest change under which a formula that fails would hold: one of the slips, or two."""

from __future__ import annotations

from autograd.explanation.slips import NAMES
from nn.notes import syntax
from nn.notes.changes import in_layer
from nn.notes.conventions import Convention
from nn.notes.definitions import reduced
from nn.notes.judging import Judge
from nn.notes.slips import Change, changes_of, one_example
from nn.notes.syntax import Link
from nn.notes.writing import Style

MOST_PAIRS, MOST_TRIED = 10_000, 3_000  # of one formula
MOST_ASKED = 30_000  # of one text: beyond it single changes alone are tried
TOGETHER = ("order of factors", "slope", "layer")
RANKS = {name: rank for rank, name in enumerate(NAMES)}


class Mend:
    """What would make a formula hold: the changes, and the formula after them."""

    def __init__(self, link: Link, changes: tuple[Change, ...]) -> None:
        self.link, self.changes = link, changes

    @property
    def slips(self) -> tuple[str, ...]:
        """The kinds of slips."""
        return tuple(change.slip for change in self.changes)


def mended(
    link: Link, convention: Convention, style: Style, judge: Judge, missing: bool = False
) -> Mend | None:
    """Return the first single change, else the first pair, that makes a formula hold everywhere.

    Two changes are asked beside any others: that the cost of one example was meant, and, where
    layers are `missing`, that L stands for l.
    """
    starts = _starts(link, convention, missing)
    for start, before in starts:
        if before and judge.holds(start, reduced(convention, start)):
            return Mend(start, before)
    for search in (_single, _pair, _triple):
        for start, before in starts:
            if search is not _single and judge.asked > MOST_ASKED:
                return None
            if found := search(start, convention, style, judge):
                return Mend(found.link, (*before, *found.changes))
    return None


def _helps(link: Link, convention: Convention, judge: Judge) -> bool:
    """Return whether a changed formula holds, and says something."""
    return not _trivial(link) and judge.holds(link, reduced(convention, link))


def _trivial(link: Link) -> bool:
    """Return whether a formula says no more than that something is itself, or of numbers."""
    left, right = (
        [f for f in syntax.factors(side) if syntax.quantities(f)]
        for side in (link.left, link.right)
    )
    return link.relation == "=" and (not left or (len(left) == 1 and left[0] in right))


def _starts(
    link: Link, convention: Convention, missing: bool
) -> list[tuple[Link, tuple[Change, ...]]]:
    starts: list[tuple[Link, tuple[Change, ...]]] = [(link, ())]
    if missing:
        changed = in_layer(link, "L", "l")
        starts = [(changed, (Change(changed, "l for L: for any layer", "L for l"),))]
    for start, before in list(starts):
        if own := one_example(start, convention):
            starts.append((own.link, (*before, own)))
    return starts


def _single(link: Link, convention: Convention, style: Style, judge: Judge) -> Mend | None:
    for change in changes_of(link, convention, style):
        if _helps(change.link, convention, judge):
            return Mend(change.link, (change,))
    return None


def _pair(link: Link, convention: Convention, style: Style, judge: Judge) -> Mend | None:
    singles = list(changes_of(link, convention, style))
    seen = {link, *(change.link for change in singles)}
    pairs: list[tuple[int, int, Change, Change]] = []
    for first in singles:
        for second in changes_of(first.link, convention, style):
            if second.link not in seen and len(pairs) < MOST_PAIRS:
                seen.add(second.link)
                rank = RANKS[first.slip] + RANKS[second.slip]
                pairs.append((rank, len(pairs), first, second))
    for _, _, first, second in sorted(pairs, key=lambda pair: pair[:2])[:MOST_TRIED]:
        if {first.slip, second.slip} == {"a factor too many", "a factor forgotten"}:
            continue  # any formula at all can be had like that
        if _helps(second.link, convention, judge):
            return Mend(second.link, (first, second))
    return None


def _triple(link: Link, convention: Convention, style: Style, judge: Judge) -> Mend | None:
    """Return three changes of the kinds that come together where matrices are multiplied."""
    seen = {link}
    formulas: list[tuple[Link, tuple[Change, ...]]] = [(link, ())]
    for _ in range(3):
        new = []
        for start, before in formulas:
            if len(seen) >= MOST_TRIED:
                break
            for change in changes_of(start, convention, style, TOGETHER):
                if change.link not in seen and len(seen) < MOST_TRIED:
                    seen.add(change.link)
                    new.append((change.link, (*before, change)))
        formulas = new
    for found, changes in formulas:
        if _helps(found, convention, judge):
            return Mend(found, changes)
    return None
