"""The report on some notes: as text, as a page with formulas typeset, and for tools."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from html import escape

from autograd.text import Text, aligned, printed
from nn.notes.atoms import Reader
from nn.notes.conventions import Convention, setting_words
from nn.notes.errors import Unreadable
from nn.notes.findings import Finding
from nn.notes.habits import Habits
from nn.notes.mathml import mathml
from nn.notes.syntax import Link, quantities
from nn.notes.tokens import tokens_of

COLOURS = {  # of text on a light ground and on a dark one
    "holds": ("#0B6B43", "#5AD19A"), "fails": ("#B3261E", "#FF9C94"),
    "unread": ("#57606A", "#B4BCC6"), "text": ("#1F2328", "#E6E8EB"),
    "page": ("#FFFFFF", "#16181D"),
}  # fmt: skip
CLASSES = {"defines": "holds", "not understood": "unread"}  # of verdicts not called as their class
# a letter with what is above or below it, perhaps in brackets
SCRIPTED = re.compile(r"\((\w_\w+)\)|[^\s:;,]*[^\s:;,_^][_^][^\s:;,]+")


def _colour(name: str, part: str = "color") -> str:
    light, dark = COLOURS[name]
    return f"{part}: {light}; {part}: light-dark({light}, {dark})"


STYLE = """<style>
.notes table {border-collapse: collapse; text-align: left}
.notes tr {border-bottom: 1px solid #8884; vertical-align: baseline}
.notes td, .notes th {padding: .5em 1em .5em 0; text-align: left}
.notes math {math-style: normal}
.notes td:nth-child(2) {max-width: 40em; overflow-x: auto}
.notes small {display: block; margin-top: .3em; font-size: .9em}
@media (max-width: 640px) {
  .notes tr:first-child {display: none}
  .notes td {display: block; padding: .2em 0; overflow-x: auto; overflow-y: hidden}
}
""" + "\n".join(
    f".notes .{name} {{{_colour(name)}}}" for name in ("holds", "fails", "unread")
) + "\n</style>"  # fmt: skip
PAGE = f"{_colour('text')}; {_colour('page', 'background')}; " + (
    "max-width: 70em; margin: 2em auto; padding: 0 1em; font: 16px/1.5 system-ui, sans-serif"
)
WIDEST = 72


class Report:
    """The verdicts on some notes: `formulas` in order, and the `convention` they were read in.

    It is true where nothing fails.
    """

    def __init__(
        self, name: str, formulas: list[Finding], convention: Convention, links: list[Link]
    ) -> None:
        self.name, self.formulas = name, formulas
        self.reading = convention
        self.convention = convention_words(convention, links)

    def __bool__(self) -> bool:
        return all(self.formulas)

    @property
    def title(self) -> str:
        """What was read: how many formulas, in which convention."""
        count = len(self.formulas)
        name = f"{self.name}: " if self.name else ""
        told = f" {self.convention}" if self.convention and count else ""
        return f"{name}{count} formula{'s' * (count != 1)}.{told}"

    @property
    def total(self) -> str:
        """How many hold, fail and were not understood."""
        count = Counter("holds" if f.verdict == "defines" else f.verdict for f in self.formulas)
        hold, fail, rest = (count[name] for name in ("holds", "fails", "not understood"))
        return (
            f"{hold} hold{'s' * (hold == 1)}, {fail} fail{'s' * (fail == 1)}, {rest} not understood"
        )

    def text(self) -> str:
        """Return a line for each formula, hints below those that need them, and the counts."""
        rows = [(str(f.line), _cut(f.formula), f.words()) for f in self.formulas]
        lines = [self.title]
        for line, finding in zip(
            aligned(rows, right=[0]) if rows else [], self.formulas, strict=True
        ):
            lines.append(line)
            lines += [f"      {hint}" for hint in finding.hints]
        return Text("\n".join([*lines, self.total]))

    def json(self) -> str:
        """Return the same for tools, as a JSON object."""
        record = {
            "name": self.name, "convention": self.convention, "holds": bool(self),
            "formulas": [finding.record() for finding in self.formulas],
        }  # fmt: skip
        return Text(json.dumps(record, ensure_ascii=False, indent=1))

    def html(self) -> str:
        """Return a page with every formula typeset beside its verdict; it needs no network."""
        title = escape(self.name or "Notes")
        return (
            '<!doctype html>\n<html lang="en" style="color-scheme: light dark"><head>'
            '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>{title}</title></head>\n"
            f'<body style="{PAGE}">{self._repr_html_()}</body></html>\n'
        )

    def _repr_html_(self) -> str:
        rows = "\n".join(map(_row, self.formulas))
        return (
            f"{STYLE}\n<div class='notes'><p>{typeset(self.title)}</p>\n<table>\n"
            f"<tr><th>line</th><th>formula</th><th>verdict</th></tr>\n{rows}\n</table>\n"
            f"<p>{escape(self.total)}</p></div>"
        )

    __repr__ = __str__ = printed(text)


def _cut(text: str) -> str:
    return text if len(text) <= WIDEST else text[: WIDEST - 2] + " …"


def _row(finding: Finding) -> str:
    link, hints = finding.link, [typeset(hint) for hint in finding.hints]
    formula = f"<code>{escape(finding.source)}</code>"
    if link and link.relation != "shape":
        formula = mathml(link)
    if finding.corrected:  # typeset, with the words that follow it in the first hint
        words = typeset(finding.hints[0].partition(": ")[2])
        hints[0] = f"holds as {mathml(finding.corrected)}: {words}"
    below = "".join(f"<small>{hint}</small>" for hint in hints)
    name = CLASSES.get(finding.verdict, finding.verdict)
    verdict = f"<span class='{name}'>{typeset(finding.words())}</span>"
    return f"<tr><td>{finding.line}</td><td>{formula}</td><td>{verdict}{below}</td></tr>"


def typeset(words: str) -> str:
    """Return words with every letter that has scripts, w_ij^{(l)}, as a formula.

    >>> typeset("without W_ij")[:16]
    'without <math><m'
    """

    def formula(match: re.Match[str]) -> str:
        inner = match[1] or match[0]
        try:
            tree = Reader(tokens_of(html.unescape(inner), False), Habits()).whole()
        except Unreadable:
            return match[0]
        return match[0].replace(inner, mathml(tree))

    return SCRIPTED.sub(formula, escape(words, quote=False))


def convention_words(convention: Convention, links: list[Link]) -> str:
    """Return the conventions of notes in words: those that their formulas depend on."""
    letters = [q for link in links for q in quantities(link)]
    words = []
    weight = next((q.letter for q in letters if q.kind == "W"), "")
    if weight:
        order = "_kj" if convention.order == "target" else "_ij"
        words.append(f"{weight} is {convention.order} first ({weight}{order})")
    if convention.leaving and weight:
        words.append(f"{weight}^l leads from layer l to l+1")
    if any(q.layer and q.layer.symbol in ("", "L") for q in letters):
        after = "layer 1 is the first after the input"
        words.append(after if convention.first == 0 else "layer 1 is the input")
    if any(not q.units and q.kind not in ("c", "y") for q in letters):
        words.append(convention.vectors + " of all examples" * convention.batch)
    words += _cost_words(convention, {q.letter for q in letters if q.kind == "c"})
    if convention.letters:
        words.append(convention.letters)
    if convention.sign < 0:
        words.append("δ is −∂c/∂z")
    return ", ".join(words) + "." if words else ""


def _cost_words(convention: Convention, letters: set[str]) -> list[str]:
    meanings = {"mean": "the mean over the examples", "sum": "the sum over the examples"}
    words = [
        f"{letter} is {meanings[meaning]}"
        for letter, meaning in convention.costs
        if letter in letters and meaning in meanings
    ]
    setting = convention.setting
    if setting.loss:
        words.append(setting_words(setting))
    elif setting.activation:
        words.append(f"the activation is {setting.activation}")
    return words
