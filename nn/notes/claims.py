"""From rows of text to formulas: chains are split into their links, and each keeps its place.

Every link of a = b = c is held against the first letter of the network in the chain, so that a slip
in b does not fail c. A row that begins with = goes on with the formula before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from nn.notes import syntax
from nn.notes.atoms import Reader
from nn.notes.errors import Unreadable
from nn.notes.habits import DEEPEST, Habits, habits_of, headings
from nn.notes.intended import (
    by_the_left,
    has_both_ones,
    of_a_variable,
    over_examples,
    with_last_layer,
)
from nn.notes.passages import Row, rows
from nn.notes.stream import balanced
from nn.notes.tokens import Token, normal, tokens_of

RELATIONS, SEPARATORS = ("=", "←", "≈"), (";", ",", "⇒", ".", ":")
PROSE = re.compile(
    r"(?<![\\^_{A-Za-z'])[A-Za-z][a-z]{2,}(?![A-Za-z_^(])"
    r"|(?<![\\^_{A-Za-z])(?:is|as|by|of|in|to|so|or|we|it|if|an|at|on|be|for|and|the)(?![A-Za-z_^({'])"
)
NOT_PROSE_TEXT = """
alpha delta diag eta exp grad log max mean net partial phi relu sigma sigmoid softmax sum
tanh theta
"""
NOT_PROSE = frozenset(NOT_PROSE_TEXT.split())
NEAR = 12  # lines within which a row that begins with = goes on
RANGES = set("ijklmnpqrstℓLNMK")


@dataclass
class Claim:
    """One formula as it stands in a text: two sides, or the reason why it cannot be read.

    `sections` are the lines of the headings above it, that of the smallest section first.
    """

    line: int
    source: str
    link: syntax.Link | None = None
    problem: str = ""
    latex: bool = True
    shape: tuple[str, ...] = ()
    sections: tuple[int, ...] = (0,)


@dataclass
class _Head:
    """The side that later links of a chain are held against."""

    node: syntax.Node | None = None
    text: str = ""
    line: int = -100


def claims(text: str) -> tuple[list[Claim], Habits]:
    """Return the formulas of a text in order, and the habits of its writer."""
    habits = habits_of(text)
    found: list[Claim] = []
    head = _Head()
    for row in rows(text):
        above = re.findall(r"\^\s*\{?\s*[\[(]?\s*([a-z])\s*[-+]\s*\d", normal(row.text))
        own = replace(habits, layers=habits.layers | set(above))
        for part in _parts(row):
            try:
                tokens = tokens_of(part, row.latex)
            except Unreadable as problem:
                found.append(Claim(row.line, part.strip()[:80] + " …", problem=str(problem)))
                continue
            for segment in _segments(tokens):
                if segment[0].text in RELATIONS and _follows_words(part, row):
                    head = _Head()
                found += _links(segment, normal(part), row, own, head)
    marks = headings(text)
    for claim, link in zip(found, with_last_layer([c.link for c in found]), strict=True):
        claim.link = link
        above = [(line, level) for line, level in marks if line <= claim.line]
        claim.sections = tuple(
            max((line for line, level in above if level <= deepest), default=0)
            for deepest in range(DEEPEST, 0, -1)
        )
    return found, habits


def _follows_words(part: str, row: Row) -> bool:
    """Return whether what begins with = has words as its left side, so that it goes on nothing."""
    return part.lstrip().startswith(";") or not row.text.lstrip().startswith(part.lstrip()[:20])


def _parts(row: Row) -> list[str]:
    """Return a row cut at the words of a language, if it is plain text."""
    if row.latex:
        return [row.text]
    parts, start = [], 0
    for match in PROSE.finditer(row.text):
        word = match[0]
        if word.lower() in NOT_PROSE or row.text[match.end() : match.end() + 1] == "'":
            continue
        parts.append(row.text[start : match.start()])
        start = match.end()
    return [part for part in (*parts, row.text[start:]) if re.search("[=←≡≔∼]|<-", part)]


def _segments(tokens: list[Token]) -> list[list[Token]]:
    """Return the tokens between separators that stand outside all brackets."""
    segments: list[list[Token]] = [[]]
    for token, depth in balanced(tokens):
        if depth == 0 and token.text in SEPARATORS and token.kind == "sign":
            segments.append([])
        else:
            segments[-1].append(token)
    return [segment for segment in segments if segment]


def _links(tokens: list[Token], text: str, row: Row, habits: Habits, head: _Head) -> list[Claim]:
    """Return the links of one chain."""
    sides, relations = _sides(_with_arrow(tokens))
    if not relations or any(token.text == "∈" for token in sides[0]):
        return _shapes(tokens, text, row, habits)
    if not sides[0] and (row.line - head.line > NEAR or head.node is None):
        return []
    written = [_written(side, text) for side in sides]
    trees: list[syntax.Node | str] = [_tree(side, habits) for side in sides]
    if _is_range(sides, trees) or _names_entries(trees):
        return []
    if sides[0]:
        head.node, head.text = _head(trees, written)
    first, first_text = (trees[0], written[0]) if sides[0] else (head.node or "", head.text)
    head.line = row.line
    found = []
    for k, relation in enumerate(relations):
        left, left_text = (first, first_text) if k == 0 else (head.node or first, head.text)
        if isinstance(left, str) and k:
            left, left_text = head.node or first, head.text
        source = f"{left_text} {relation} {written[k + 1]}"
        found.append(_claim(left, trees[k + 1], relation, source, row))
    return found


def _claim(
    left: syntax.Node | str, right: syntax.Node | str, relation: str, source: str, row: Row
) -> Claim:
    claim = Claim(row.line, source, latex=row.latex)
    if relation == "≈":
        claim.problem = "≈ is no claim that could be checked"
    elif not isinstance(left, str) and not isinstance(right, str) and has_both_ones(left, right):
        claim.problem = "is 1 a number here, or a vector of ones?"
    elif left == right and not isinstance(left, syntax.Quantity | syntax.Number | str):
        claim.problem = "both sides are one, for want of a side before that can be read"
    elif isinstance(left, str) or isinstance(right, str):
        claim.problem = left if isinstance(left, str) else str(right)
    else:
        found = by_the_left(over_examples(of_a_variable(syntax.Link(left, right, relation))))
        if any(q.letter == "∇" for q in syntax.quantities(found)):
            claim.problem = "∇ without the letter to differentiate by"
        else:
            claim.link = found
    return claim


def _with_arrow(tokens: list[Token]) -> list[Token]:
    """Return the tokens of w → w' = w - η as those of w ← w - η."""
    outside = [(k, token) for k, (token, depth) in enumerate(balanced(tokens)) if not depth]
    arrow = next((k for k, token in outside if token.text == "→"), 0)
    equals = next((k for k, token in outside if token.text == "="), 0)
    if not 0 < arrow < equals:
        return tokens
    return [*tokens[:arrow], tokens[arrow]._replace(text="←"), *tokens[equals + 1 :]]


def _sides(tokens: list[Token]) -> tuple[list[list[Token]], list[str]]:
    """Return what stands between relations, and the relations; a → and what follows is left out."""
    sides: list[list[Token]] = [[]]
    relations: list[str] = []
    for token, depth in balanced(tokens):
        if depth == 0 and token.text in RELATIONS:
            sides.append([])
            relations.append(token.text)
        elif depth == 0 and token.text in ("→", "∈") and relations:
            break
        else:
            sides[-1].append(token)
    return sides, relations


def _written(tokens: list[Token], text: str) -> str:
    if not tokens:
        return ""
    last = tokens[-1]
    end = last.place + len(last.text)
    if last.kind in ("command", "word") or (last.place < len(text) and text[last.place] == "\\"):
        command = re.match(r"\\?[A-Za-z]+\*?|\\.", text[last.place :])
        end = last.place + (command.end() if command else 1)
    return re.sub(r"\s+", " ", text[tokens[0].place : end].replace("&", "")).strip()


def _tree(tokens: list[Token], habits: Habits) -> syntax.Node | str:
    """Return the tree of one side, or why there is none."""
    if not tokens:
        return "one side is empty, or words"
    try:
        return Reader(tokens, habits).whole()
    except Unreadable as problem:
        return str(problem)


def _head(trees: list[syntax.Node | str], written: list[str]) -> tuple[syntax.Node | None, str]:
    for wanted in ((syntax.Quantity, syntax.Derivative), (syntax.Node,)):
        for tree, text in zip(trees, written, strict=True):
            if isinstance(tree, wanted):
                return tree, text
    return None, ""


def _is_range(sides: list[list[Token]], trees: list[syntax.Node | str]) -> bool:
    """Return whether this says what an index runs over, or how large something is."""
    first = [token.text for token in sides[0]]
    if isinstance(trees[0], syntax.Constant):
        return True
    numbers = isinstance(trees[-1], str) or not any(
        token.text in "∂Σ" for side in sides[1:] for token in side
    )
    return len(first) == 1 and first[0] in RANGES - {"L"} and numbers


def _names_entries(trees: list[syntax.Node | str]) -> bool:
    """Return whether this says how the entries of a letter are called: W = (W_ij)."""
    if len(trees) != 2 or not all(isinstance(tree, syntax.Quantity) for tree in trees):
        return False
    left, right = trees
    assert isinstance(left, syntax.Quantity) and isinstance(right, syntax.Quantity)
    same = (left.kind, left.layer) == (right.kind, right.layer)
    return same and bool(left.units) != bool(right.units)


def _shapes(tokens: list[Token], text: str, row: Row, habits: Habits) -> list[Claim]:
    """Return what is said of a letter's shape: W ∈ R^{n×m}, or dW → (n, m)."""
    at = next((k for k, t in enumerate(tokens) if t.text in ("∈", "→")), 0)
    letter, rest = tokens[:at], [t.text for t in tokens[at + 1 :]]
    if not letter or not rest:
        return []
    tree = _tree(letter, habits)
    parts = _dimensions(rest, tokens[at + 1 :], habits)
    if not isinstance(tree, syntax.Quantity) or len(parts) != 2:
        return []
    claim = Claim(row.line, _written(tokens, text), latex=row.latex)
    claim.link, claim.shape = syntax.Link(tree, tree, "shape"), tuple(parts)
    return [claim]


def _dimensions(texts: list[str], tokens: list[Token], habits: Habits) -> list[str]:
    """Return the two sizes of a shape as text."""
    if texts[0] in ("R", "ℝ") and "^" in texts:
        texts = list(texts[texts.index("^") + 1 :])
        joined = "".join(texts).strip("{}")
        return joined.split("×")
    if "→" in texts:
        return _dimensions(texts[texts.index("→") + 1 :], tokens, habits)
    if texts[0] == "(" and texts[-1] == ")" and "-" not in texts[:2]:
        return "".join(texts[1:-1]).split(",")
    return []
