"""What a whole text tells: how its writer uses signs and numbers, and where its sections start."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from nn.notes.tokens import normal

HEADING = re.compile(
    r"^(#{1,6})\s|^\\((?:sub)*(?:section|chapter|paragraph))\b"
    r"|^\S.*\n(={3,}|-{3,}|~{3,}|\^{3,})[ ]*$",
    re.MULTILINE,
)
MARKS = (
    "# chapter =",
    "## section -",
    "### subsection ~",
    "#### subsubsection ^",
    "##### paragraph",
)
LEVELS = {name: level for level, names in enumerate(MARKS, 1) for name in names.split()}
DEEPEST = len(MARKS)
COSTS = {"λ": r"(?:\\lambda|λ)", **{c: c for c in "LFQR"}}
DIFFERENTIATED = (  # ∂C over ∂w
    r"(?:\\partial|\\delta|∂)\s*(?:\\[a-z]+\s*\{?\s*|\{\s*)*C\b[^=\n]{0,25}?"
    r"(?:\}\s*\{|/)\s*(?:\\partial|\\delta|∂)\s*(?:\\[a-z]+\s*\{?\s*)*\{?[WwbzZ]"
)
DECAYS = {"α": r"(?:\\alpha|α)", "ε": r"(?:\\(?:var)?epsilon|ε|ϵ)"}  # rates, as a rule
PENALTY = r"[^=+\n]{0,16}?[Ww]\W{0,4}\^\s*\{?\s*(?:2|T\b|\\top)"  # … w^2, … w^T w, … ‖w‖^2


TOLD = {  # what tells of a habit, by the name of its field
    "numbered": r"\^\s*\{?\s*[\[(]\s*\d|\^\s*\{?\s*[013-9]",
    "convolution": r"convol|kernel|\bCNN|stride|pooling|\bfilter",
    "small": r"(?:\\delta|δ)\s*[WwAZbB]\b[^=\n]{0,12}(?:=|\\equiv)\s*\\?(?:d?frac|∂)",
    "units": r"[wWθ]_\{?\d\s*,?\s*\d|(?<![a-z])x_\{?1|w_\{?1\}?\s*x",
    "bias_unit": r"[xazo]_\{?0\}?(?:\^\S{1,9})?\s*=\s*1\b",
}


@dataclass
class Habits:
    """What a whole text tells about its signs.

    The letters of `layers`; whether layers are `numbered`, so that ^2 is one; whether it is about
    `convolution`; whether δW is a `small` change,
    as dW is; whether numbers below letters are `units`; whether a `bias_unit` is 1, x_0 = 1; which
    unusual letters are `costs`, for they are differentiated by weights; which letters of rates
    are `decays`, for they stand before the squares of weights.
    """

    layers: set[str] = field(default_factory=set)
    numbered: bool = False
    convolution: bool = False
    small: bool = False
    units: bool = False
    bias_unit: bool = False
    costs: frozenset[str] = frozenset()
    decays: frozenset[str] = frozenset()


def headings(text: str) -> list[tuple[int, int]]:
    """Return the lines with headings of Markdown, LaTeX or reStructuredText, and their levels."""
    return [
        (text.count("\n", 0, match.start()) + 1, LEVELS.get(match[1] or match[2] or match[3][0], 1))
        for match in HEADING.finditer(text)
    ]


def habits_of(text: str) -> Habits:
    """Return what a whole text tells about how its formulas are written."""
    text = normal(text)
    below = re.findall(r"[_]\{?([a-zℓ])\s*[-+]\s*\d\}?", text)
    costs = (c for c, name in COSTS.items() if re.search(DIFFERENTIATED.replace("C", name), text))
    decays = (c for c, name in DECAYS.items() if re.search(name + PENALTY, text))
    told = {name: bool(re.search(pattern, text)) for name, pattern in TOLD.items()}
    return Habits({*below, "l", "ℓ", "L"}, costs=frozenset(costs), decays=frozenset(decays), **told)
