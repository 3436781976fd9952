r"""Where formulas stand in a text: Markdown and LaTeX between their marks, plain text line by line.

Rows of a display are apart; what only lays them out (`\tag`, `\boxed`, `&`) is gone, and words
between formulas have become the separator `;`. Every row knows its line.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

DISPLAYS = (
    "equation align gather multline eqnarray displaymath math flalign alignat dmath IEEEeqnarray"
)
MARKS = {"$$": "$$", r"\[": r"\]", r"\(": r"\)", "$": "$", "```": "```"}
OPENING = re.compile(
    r"\$\$|(?<!\\)\$|\\\[|\\\(|```|\\begin\{(" + "|".join(DISPLAYS.split()) + r")(\*?)\}"
)
MACRO = re.compile(
    r"\\(?:re)?newcommand\*?\s*\{?\\([A-Za-z]+)\}?\s*(?:\[(\d)\])?\s*\{|\\def\s*\\([A-Za-z]+)((?:#\d)*)\s*\{"
)
DROPPED = re.compile(
    r"\\(?:tag|label|ref|eqref|hspace|vspace|color|cite|footnote|intertext|shortintertext)\*?\s*\{[^{}]*\}"
    r"|\\(?:left|right)\s*\.|\\(?:begin|end)\{[^{}]*\}(?:\[[a-z]\])?(?:\{[lcr| ]*\})?"
)
WORDS = re.compile(
    r"\\(?:text|textrm|textbf|textit|textsf|mbox|mathrm|operatorname)\*?\s*\{([^{}]*)\}"
)
KEPT_WORDS = re.compile(
    r"\s*(mean|net|softmax|sigmoid|relu|tanh|diag|exp|log|ln|max|prev|next|d|T|D)\s*", re.IGNORECASE
)
REMARK = re.compile(
    r"\(\s*(?:;|(?:from|by|for|using|see|since|eq|if|where|with|when|chain|as)\b)[^()]*(?:\([^()]*\)[^()]*)*\)",
    re.IGNORECASE,
)
NUMBERED = re.compile(r"(?:\s|;|\\quad)\(\s*\d+\s*[a-z]?\s*\)\s*$")
DEFINED = re.compile(
    r"\\(?:stackrel|overset|underset)\s*\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}\s*\{\s*(:?=)\s*\}"
)
LONGEST, MOST_MACROS = 20_000, 200


class Row(NamedTuple):
    """One row that may hold a formula: the line it is in, its text, and whether it is LaTeX."""

    line: int
    text: str
    latex: bool


PROGRAM = re.compile(r"(?:np|numpy|math|torch)\.(?=[a-z])|,\s*(?:axis|keepdims|dim)\s*=\s*\w+")


MATRIX = re.compile(
    r"\\begin\{([bpvBV]?matrix|smallmatrix|cases)\}.*?\\end\{\1\}"
    r"|\\left\[\s*\\begin\{(array)\}.*?\\end\{array\}",
    re.DOTALL,
)


NO_FORMULAS = re.compile(  # pictures, programs, comments
    r"\\begin\{(tikzpicture|lstlisting|verbatim|minted|figure)(\*?)\}.*?\\end\{\1\2\}"
    r"|\\(?:tikzstyle|includegraphics|usepackage|tikzset|pgfplotsset)\b[^\n]*|(?<=\n)[ \t]*%[^\n]*"
    r"|<svg.*?</svg>|(?<=\n)```mermaid.*?```",
    re.DOTALL,
)
QUOTED = re.compile(r"^[ ]{0,3}>[> ]*", re.MULTILINE)


def _blank(match: re.Match[str]) -> str:
    """Return a command for a matrix written out, which is not read, on as many lines."""
    return r"\matrix " + "\n" * match[0].count("\n")


def rows(text: str) -> list[Row]:
    """Return all rows of a text in which a formula may stand, in order."""
    text = NO_FORMULAS.sub(lambda match: "\n" * match[0].count("\n"), text)
    text = QUOTED.sub(lambda match: " " * len(match[0]), text)
    macros, text = _macros(MATRIX.sub(_blank, PROGRAM.sub("", text)))
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    found: list[Row] = []
    for start, end, latex in _areas(text):
        inner = text[start:end]
        split = _display_rows(inner) if latex else _lines(inner)
        for offset, row in split:
            clean = cleaned(_expanded(row, macros)) if latex else _untagged(row)
            if clean.strip():
                found.append(Row(bisect_right(starts, start + offset), clean, latex))
    return found


def _areas(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield where mathematics and plain text stand: start, end, and whether it is LaTeX."""
    at = plain = 0
    missing: set[str] = set()
    while match := OPENING.search(text, at):
        mark = match[0]
        close = MARKS.get(mark) or f"\\end{{{match[1]}{match[2]}}}"
        end = -1 if close in missing else text.find(close, match.end())
        if end < 0:
            missing.add(close)
        paragraph = text.find("\n\n", match.end(), end) if mark == "$" and end > 0 else -1
        if end < 0 or paragraph >= 0:
            at = match.end()
            continue
        yield plain, match.start(), False
        if mark == "```":
            first = text.find("\n", match.end(), end)
            if first >= 0 and not text[match.end() : first].strip():
                yield first, end, False
        else:
            yield match.end(), end, True
        at = plain = end + len(close)
    yield plain, len(text), False


def _lines(text: str) -> list[tuple[int, str]]:
    """Return the lines of plain text with an = or ← in them; a line cut by mathematics is prose."""
    found, offset = [], 0
    lines = text.split("\n")
    for k, line in enumerate(lines):
        if re.search("[=←≡≔]|<-", line) and "://" not in line:
            inside = (
                k not in (0, len(lines) - 1) or len(lines) == 1 or line.strip() == line.strip("#")
            )
            if inside:
                found.append((offset + len(line) - len(line.lstrip()), line))
        offset += len(line) + 1
    return found


def _untagged(line: str) -> str:
    """Return a line of plain text without Markdown's and HTML's marks."""
    line = re.sub(
        r"<(sup|sub)>([^<>]*)</\1>",
        lambda m: ("^" if m[1] == "sup" else "_") + "{" + m[2] + "}",
        line,
    )
    line = re.sub(r"^\s*(?:[-*+>#]+|\d+[.)])\s+", "", line)
    line = re.sub(r"(?<![A-Za-z\])])__|__(?![A-Za-z{(])", " ", line)
    line = re.sub(r"\s#+\s", " ; ", line)
    line = REMARK.sub(";", line.replace("`", " ").replace("**", " "))
    return re.sub(r"(?<=\s)\|(?=\s)|^\||\|$", ";", NUMBERED.sub("", line))


def _display_rows(text: str) -> list[tuple[int, str]]:
    """Return the rows of a display, each with where it starts."""
    found, start = [], 0
    for match in re.finditer(r"\\\\(?:\[[^\]\[]{0,12}\])?|\\newline|\\cr\b", text):
        found.append((start, text[start : match.start()]))
        start = match.end()
    found.append((start, text[start:]))
    return [(at + len(row) - len(row.lstrip()), row) for at, row in found]


def cleaned(row: str) -> str:
    r"""Return a row of LaTeX without what lays it out; words between formulas become `;`.

    >>> cleaned(r"\boxed{a = b} \tag{1}").strip()
    'a = b'
    """
    row = re.sub(r"(?<!\\)%.*", "", row)
    for _ in range(2):  # \underset{…}{\overset{…}{=}}
        row = DEFINED.sub(r" \1 ", DROPPED.sub(" ", row))
    row = re.sub(r"\\textcolor\s*\{[^{}]*\}", "", row)
    row = WORDS.sub(_word, row)
    row = unwrapped(row, r"\boxed")
    if r"\left\{" not in row:
        row = row.replace(r"\right\}", ";")
    row = re.sub(r"\\(?:left|right|[bB]igg?[lr]?)(?![A-Za-z])", "", row)
    return NUMBERED.sub("", REMARK.sub(";", row).replace("~", " "))


def _word(match: re.Match[str]) -> str:
    """Return what a word in a formula means: a function, a script, or the end of the formula."""
    inner, before = match[1], match.string[: match.start()].rstrip()
    if before.endswith(("_", "^", "_{", "^{")):
        return "{" + inner.strip() + "}"
    if KEPT_WORDS.fullmatch(inner) or match[0].startswith((r"\mathrm", r"\operatorname")):
        return f" {inner.strip()} " if len(inner.strip()) > 1 else "{" + inner.strip() + "}"
    return " ; "


def unwrapped(row: str, command: str) -> str:
    """Return a row without a command and the braces of its argument."""
    for _ in range(20):
        at = row.find(command)
        if at < 0:
            break
        opening = row.find("{", at)
        close = _closing(row, opening)
        if opening < 0 or close < 0:
            return row.replace(command, " ")
        row = row[:at] + " " + row[opening + 1 : close] + " " + row[close + 1 :]
    return row


def _closing(text: str, opening: int) -> int:
    depth = 0
    for k in range(max(opening, 0), len(text)):
        depth += (text[k] == "{") - (text[k] == "}")
        if depth == 0:
            return k
    return -1


def _macros(text: str) -> tuple[dict[str, tuple[int, str]], str]:
    """Return the macros that a text defines, and the text with their definitions blank."""
    found: dict[str, tuple[int, str]] = {}
    for match in list(MACRO.finditer(text))[:MOST_MACROS]:
        close = _closing(text[: match.end() + 2000], match.end() - 1)
        if close < 0:
            continue
        count = int(match[2] or 0) if match[1] else (match[4] or "").count("#")
        found[match[1] or match[3]] = (count, text[match.end() : close])
        blank = re.sub(r"[^\n]", " ", text[match.start() : close + 1])
        text = text[: match.start()] + blank + text[close + 1 :]
    return found, text


def _expanded(row: str, macros: dict[str, tuple[int, str]]) -> str:
    """Return a row with the macros of the text put in; one that calls itself is left standing."""
    for _ in range(MOST_MACROS if macros else 0):
        called = re.search(r"\\(" + "|".join(map(re.escape, macros)) + r")(?![A-Za-z])", row)
        if not called or len(row) > LONGEST:
            break
        count, body = macros[called[1]]
        at = called.end()
        for k in range(1, count + 1):
            argument, at = _argument(row, at)
            body = body.replace(f"#{k}", argument)
        row = row[: called.start()] + " " + body + " " + row[at:]
    return row


def _argument(row: str, at: int) -> tuple[str, int]:
    while at < len(row) and row[at].isspace():
        at += 1
    if command := re.compile(r"\\(?:[A-Za-z]+|.)").match(row, at):
        return command[0], command.end()
    close = _closing(row, at) if row[at : at + 1] == "{" else -1
    if close > 0:
        return row[at + 1 : close], close + 1
    return row[at : at + 1], at + 1
