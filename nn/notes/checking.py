"""From a text to its report: read, choose a convention, judge every formula, mend what fails."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from nn.notes.alternatives import of_whole
from nn.notes.choosing import Chooser, letterings
from nn.notes.claims import Claim, claims
from nn.notes.definitions import defines_activation, is_definition, reduced, variants
from nn.notes.doubts import Known, of_form, of_text
from nn.notes.errors import Unreadable
from nn.notes.findings import Finding, remarks
from nn.notes.judging import Judge, Outcome
from nn.notes.meanings import Meanings
from nn.notes.mending import Mend, mended
from nn.notes.report import Report
from nn.notes.shapes import real_shape, shape_holds
from nn.notes.syntax import Constant, Link, Quantity, nodes, quantities
from nn.notes.writing import style_of, written

ENDINGS = (".md", ".tex", ".txt", ".markdown", ".rst")
MOST_FORMULAS = 300


def check_notes(text_or_path: Any, *, progress: bool = False) -> Report:
    r"""Return for every formula of some notes whether it holds, and what would mend it.

    `text_or_path` is a Path, a name ending in .md, .tex or .txt, or the text itself: Markdown,
    LaTeX or plain. Both sides are evaluated on random networks, over every layer, unit and
    example; truth is the engine's. The convention (which index of W comes first, columns or rows,
    what C is) is the one under which most definitions hold. `progress` shows a bar, where tqdm is
    installed: wrong formulas take longest, for what would mend them is searched.

    Raises FileNotFoundError for a file that is not there.

    >>> from nn import check_notes
    >>> report = check_notes("z_j = Σ_i a_i W_ij + b_j\n∂C/∂W_ij = a_j δ_i")
    >>> [formula.verdict for formula in report.formulas], bool(report)
    (['defines', 'fails'], False)
    >>> report.formulas[1].hints[0]
    'holds as a_i δ_j: i and j exchanged on the right: indices exchanged'
    """
    name, text = _source(text_or_path)
    found, _ = claims(text)
    return Checker(found[:MOST_FORMULAS], found[MOST_FORMULAS:], text).report(name, progress)


def _shown(found: list[Claim], wanted: bool) -> Any:
    """Return the formulas to iterate over, with a progress bar where that is wanted and can be."""
    if not wanted:
        return found
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return found
    return tqdm(found, desc="formulas", leave=False)


def _source(text_or_path: Any) -> tuple[str, str]:
    """Return a name for the notes, and their text."""
    if isinstance(text_or_path, str) and not (
        text_or_path.endswith(ENDINGS) and "\n" not in text_or_path
    ):
        return "", text_or_path
    path = Path(text_or_path)
    return path.name, path.read_bytes().decode("utf-8", errors="replace")


class Checker:
    """Judges the formulas of one text under one convention."""

    def __init__(self, found: list[Claim], rest: list[Claim], text: str) -> None:
        self.rest, self.text = rest, text.splitlines()
        self.judge = Judge()
        best = -1
        for letters, read in letterings(found):
            chooser = Chooser(read, self.judge, text)
            convention = chooser.convention()
            if (score := chooser.score(convention)) > best:
                best, self.claims = score, read
                self.convention = convention.with_(letters=letters)
                self.chooser = chooser
        self.meanings = Meanings(self.chooser, self.convention, self.judge)
        self.known: dict[int, Known] = defaultdict(Known)

    def report(self, name: str, progress: bool = False) -> Report:
        """Return the report of all formulas."""
        found = [self.judged(claim) for claim in _shown(self.claims, progress)]
        links = [claim.link for claim in self.claims if claim.link]
        rest = [
            Finding(c.line, c.source, "not understood", reason=f"past {MOST_FORMULAS} formulas")
            for c in self.rest
        ]
        return Report(name, [each() for each in found] + rest, self.convention, links)

    def finding(self, claim: Claim) -> Finding:
        """Return the verdict on one formula."""
        return self.judged(claim)()

    def judged(self, claim: Claim) -> Callable[[], Finding]:
        """Return what gives the verdict on a formula, once all others are known.

        Whether one that does not hold fails depends on what others say of its letters.
        """
        try:
            if claim.link is None:
                raise Unreadable(claim.problem)
            if claim.shape:
                return partial(self._shape, claim)
            outcome, link, hints = self._outcome(claim)
            if outcome.holds:
                self.known[claim.sections[0]].holds(claim.link)
                return partial(self._good, claim, link, outcome, hints)
            if doubt := of_form(claim.link) or of_text(self._words(claim)):
                raise Unreadable(doubt)
            missing = outcome.reason.startswith("no network")
            others = [*self.meanings.of_sections(claim), self.convention]
            if Constant("λ") in nodes(link):
                others = [convention for convention, _ in self.meanings.with_terms()]
            if not others:
                raise Unreadable("what is λ here? No line that is understood adds it to a cost")
            convention = others[0]
            style = style_of(claim.source, False)
            mend = mended(link, convention, style, self.judge, missing)
            for whole, _ in of_whole(link) if mend is None else ():
                mend = mended(whole, convention, style, self.judge, missing)
            self.known[claim.sections[0]].fails(link, claim.line, mend)
            return partial(self._bad, claim, link, outcome, mend)
        except Unreadable as problem:
            return partial(Finding, claim.line, claim.source, "not understood", reason=str(problem))

    def _words(self, claim: Claim) -> str:
        """Return the section in which a formula stands."""
        start = claim.sections[0]
        after = [each.sections[0] for each in self.claims if each.sections[0] > start]
        return "\n".join(self.text[max(start - 1, 0) : min(after, default=len(self.text) + 1) - 1])

    def _shape(self, claim: Claim) -> Finding:
        try:
            if shape_holds(claim, self.convention, self.judge.worlds):
                return Finding(claim.line, claim.source, "holds", link=claim.link)
        except Unreadable as problem:
            return Finding(claim.line, claim.source, "not understood", reason=str(problem))
        units = isinstance(claim.link, Link) and any(q.units for q in quantities(claim.link))
        if doubt := of_text(self._words(claim)) or "the shape of one unit" * units:
            return Finding(claim.line, claim.source, "not understood", reason=doubt)
        reason = real_shape(claim, self.convention, self.judge.worlds)
        return Finding(
            claim.line, claim.source, "fails", distance=float("inf"), hints=(reason,),
            reason=f"another shape: {reason}", link=claim.link, slips=("shape",),
        )  # fmt: skip

    def _outcome(self, claim: Claim) -> tuple[Outcome, Link, list[str]]:
        """Return how a formula does, and under which further assumption where it needs one."""
        first, link = None, claim.link
        assert link is not None
        for each in variants(link, self.convention):
            outcome = self.judge.outcome(link, reduced(each, link), quick=True)
            if outcome.holds:
                outcome = self.judge.outcome(link, reduced(each, link))
            if outcome.holds:
                return outcome, link, []
            first = first or outcome
        assert first is not None
        if defines_activation(link):
            return Outcome(True), link, []
        for other, convention, words in self.meanings.of(claim):
            for each in variants(other, convention):
                if self.judge.holds(other, reduced(each, other)):
                    return self.judge.outcome(other, reduced(each, other)), other, [words]
        return first, link, []

    def _good(self, claim: Claim, link: Link, outcome: Outcome, hints: list[str]) -> Finding:
        defines = (
            is_definition(link)
            or defines_activation(link)
            or (isinstance(link.left, Quantity) and link.left == link.right)
        )
        return Finding(
            claim.line, claim.source, "defines" if defines else "holds", networks=outcome.networks,
            hints=(
                *hints, *filter(None, [outcome.reason]),
                *remarks(link, self.convention, style_of(claim.source, False)),
            ),
            link=link,
        )  # fmt: skip

    def _doubt(self, claim: Claim, link: Link, outcome: Outcome, mend: Mend | None) -> str:
        if mend is None and outcome.left is None:
            return f"{outcome.reason}, and no small change makes it hold"
        everywhere = set().union(*(known.letters for known in self.known.values()))
        return self.known[claim.sections[0]].doubt(link, claim.line, mend, everywhere)

    def _bad(self, claim: Claim, link: Link, outcome: Outcome, mend: Mend | None) -> Finding:
        if doubt := self._doubt(claim, link, outcome, mend):
            return Finding(claim.line, claim.source, "not understood", reason=doubt, link=link)
        style = style_of(claim.source, False)
        hints: tuple[str, ...] = ()
        if mend:
            words = "; ".join(dict.fromkeys(change.words for change in mend.changes))
            same = mend.link.left == link.left
            formula = written(mend.link.right if same else mend.link, style)
            hints = (f"holds as {formula}: {words}",)
        hints += tuple(_of_meaning(link))
        where = {name: k for name, k in outcome.where if name not in ("rows", "columns")}
        return Finding(
            claim.line, claim.source, "fails", where, outcome.left, outcome.right,
            outcome.distance or float("inf"), hints, outcome.reason, link=link,
            corrected=mend.link if mend else None, slips=mend.slips if mend else (),
        )  # fmt: skip


def _of_meaning(link: Link) -> list[str]:
    """Return why some formulas cannot hold, whatever is changed in them."""
    left = link.left
    layers = {q.layer.symbol for q in quantities(link) if q.layer and q.kind != "y"}
    meets = any(q.kind == "y" for q in quantities(link.right))
    if meets and isinstance(left, Quantity) and left.kind == "c" and "l" in layers:
        return ["there is one cost, at the output: the target meets layer L alone"]
    return []
