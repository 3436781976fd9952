"""From a text to its report: read, choose a convention, judge every formula, mend what fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from nn.notes.choosing import SPECIAL_ACTIVATIONS, Chooser
from nn.notes.claims import Claim, claims
from nn.notes.conventions import Convention, setting_words
from nn.notes.definitions import (
    at_output,
    defines_activation,
    defines_cost,
    is_definition,
    mean_of_another,
    reduced,
    variants,
)
from nn.notes.errors import Unreadable
from nn.notes.findings import Finding, remarks
from nn.notes.judging import Judge, Outcome
from nn.notes.mending import mended
from nn.notes.report import Report
from nn.notes.shapes import real_shape, shape_holds
from nn.notes.syntax import Applied, Constant, Layer, Link, Quantity, Sum, nodes, quantities
from nn.notes.worlds import Setting
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
        self.claims, self.rest = found, rest
        self.judge = Judge()
        chooser = Chooser(found, self.judge, text)
        self.convention = chooser.convention()
        self.loose = not chooser.supports(self.convention)
        self.second = chooser.second(self.convention)
        self.frames = chooser.frames(self.convention)
        self.biased = {
            q.letter for link in chooser.links if any(p.kind == "b" for p in quantities(link.right))
            for q in quantities(link.right) if q.kind == "W"
        }  # fmt: skip
        self.settled = {
            q.letter for q in (link.left for link in chooser.links if defines_cost(link))
            if isinstance(q, Quantity) and self._defined_as(q.letter, chooser.links)
        }  # fmt: skip
        self.settings = self._settings(chooser)

    def report(self, name: str, progress: bool = False) -> Report:
        """Return the report of all formulas."""
        found: list[Finding] = []
        known: dict[object, Finding] = {}
        for claim in _shown(self.claims, progress):
            key = claim.link, claim.shape, claim.problem, claim.source
            known[key] = known.get(key) or self.finding(claim)
            found.append(replace(known[key], line=claim.line))
        found += [
            Finding(c.line, c.source, "not understood", reason=f"past {MOST_FORMULAS} formulas")
            for c in self.rest
        ]
        links = [claim.link for claim in self.claims if claim.link]
        return Report(name, found, self.convention, links)

    def _settings(self, chooser: Chooser) -> list[Setting]:
        """Return the other costs and activations under which a formula may hold.

        Where the notes define the cost they are those that they define, if they define several.
        """
        links, now = chooser.links, self.convention.setting
        defined = [link for link in links if defines_cost(link) and not mean_of_another(link)]
        every = [
            Setting(activation, output, loss, one)
            for output, loss, one in chooser.outputs
            for activation in SPECIAL_ACTIVATIONS
            if now.activation in ("", activation)
        ]
        return [s for s in every if s != now and s.one in (now.one, "output") and (
            not defined or (s.loss, s.output) == (now.loss, now.output)
            or (s.loss and any(self._at(link, s) for link in defined))
        )]  # fmt: skip

    def _defined_as(self, letter: str, links: list[Link]) -> bool:
        """Return whether a definition of a cost holds as the notes are read."""
        return any(
            self._at(link, self.convention.setting)
            for link in links
            if defines_cost(link) and isinstance(link.left, Quantity) and link.left.letter == letter
        )

    def _at(self, link: Link, setting: Setting) -> bool:
        convention = replace(self.convention, setting=setting)
        return any(self.judge.holds(link, reduced(v, link)) for v in variants(link, convention))

    def finding(self, claim: Claim) -> Finding:
        """Return the verdict on one formula."""
        if claim.link is None:
            return Finding(claim.line, claim.source, "not understood", reason=claim.problem)
        if claim.shape:
            return self._shape(claim)
        try:
            outcome, hints = self._outcome(claim.link)
        except Unreadable as problem:
            return Finding(claim.line, claim.source, "not understood", reason=str(problem))
        if outcome.holds:
            return self._good(claim, claim.link, outcome, hints)
        return self._bad(claim, claim.link, outcome)

    def _shape(self, claim: Claim) -> Finding:
        try:
            if shape_holds(claim, self.convention, self.judge.worlds):
                return Finding(claim.line, claim.source, "holds", link=claim.link)
        except Unreadable as problem:
            return Finding(claim.line, claim.source, "not understood", reason=str(problem))
        reason = real_shape(claim, self.convention, self.judge.worlds)
        return Finding(
            claim.line, claim.source, "fails", distance=float("inf"), hints=(reason,),
            reason=f"another shape: {reason}", link=claim.link, slips=("shape",),
        )  # fmt: skip

    def _outcome(self, link: Link) -> tuple[Outcome, list[str]]:
        """Return how a formula does, and under which further assumption where it needs one."""
        first = None
        for each in variants(link, self.convention):
            outcome = self.judge.outcome(link, reduced(each, link), quick=True)
            if outcome.holds:
                outcome = self.judge.outcome(link, reduced(each, link))
            if outcome.holds:
                return outcome, []
            first = first or outcome
        assert first is not None
        last = at_output(link, "l")
        if last != link and self.judge.holds(last, reduced(self.convention, last)):
            outcome = self.judge.outcome(last, reduced(self.convention, last))
            return outcome, ["at the output: its layer is called so here"]
        if defines_activation(link):
            return Outcome(True), []
        for assumed, words in self._assumptions(link):
            for each in variants(link, assumed):
                if self.judge.holds(link, reduced(each, link)):
                    return self.judge.outcome(link, reduced(each, link)), [words]
        return first, []

    def _assumptions(self, link: Link) -> list[tuple[Convention, str]]:
        """Return other conventions that one formula may be read in, with words for them."""
        found = []
        letters = [q for q in quantities(link) if q.kind != "c"]
        inner = (Layer("input"), Layer("L"))
        bare = all((q.layer is None or q.layer in inner) and not q.units for q in letters)
        others = self.frames if bare and self.loose else [self.second] if self.second else []
        for other in others:
            words = f"with vectors as {other.vectors} and W {other.order} first"
            found.append((other, words))
        n = len(found)
        functions = {n.function for n in nodes(link) if isinstance(n, Applied)}
        settled = any(q.kind == "c" and q.letter in self.settled for q in quantities(link))
        for setting in self._settings_for(link, functions):
            if settled and setting.one == "output":
                continue
            other = replace(self.convention, setting=setting)
            found.append((other, f"where {setting_words(setting)}"))
            if setting.unbiased or functions & {"softmax", "relu", "tanh", "sigmoid"}:
                found += [(replace(frame, setting=setting), words) for frame, words in found[:n]]
        named = [q.letter for q in quantities(link) if q.kind == "c" and not q.example]
        if named and any(isinstance(n, Sum) and n.limit == Constant("m") for n in nodes(link)):
            costs = {**dict(self.convention.costs), named[0]: "mean"}
            other = self.convention.with_(costs=tuple(sorted(costs.items())))
            found.append((other, f"where {named[0]} is the mean over the examples"))
        return found

    def _settings_for(self, link: Link, functions: set[str]) -> list[Setting]:
        """Return the costs and activations that one formula may be about."""
        letters = [q for q in quantities(link) if q.kind != "c"]
        settings = self.settings
        if "relu" in functions:
            settings = [Setting("relu")]
        elif functions and all(q.kind == "z" and not q.layer and not q.units for q in letters):
            settings = [Setting(name) for name in (*SPECIAL_ACTIVATIONS[1:], "relu")]
        if self._lacks_bias(link):
            settings = [*settings, self.convention.setting._replace(unbiased=True)]
        return settings

    def _lacks_bias(self, link: Link) -> bool:
        """Return whether a formula says what z or a is without the bias that others do not have."""
        weights = {q.letter for q in quantities(link.right) if q.kind == "W"}
        return is_definition(link) and bool(weights) and not weights & self.biased

    def _good(self, claim: Claim, link: Link, outcome: Outcome, hints: list[str]) -> Finding:
        defines = (
            is_definition(link)
            or defines_activation(link)
            or (isinstance(link.left, Quantity) and link.left == link.right)
        )
        return Finding(
            claim.line, claim.source, "defines" if defines else "holds", networks=outcome.networks,
            hints=(*hints, *remarks(link, self.convention, style_of(claim.source, False))),
            link=link,
        )  # fmt: skip

    def _bad(self, claim: Claim, link: Link, outcome: Outcome) -> Finding:
        style = style_of(claim.source, False)
        missing = outcome.reason.startswith("no network")
        mend = mended(link, self.convention, style, self.judge, missing)
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
