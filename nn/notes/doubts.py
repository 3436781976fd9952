"""Why a formula that does not hold may yet be right: its letters may mean something else there.

"Fails" says that a formula is wrong whatever its letters may mean. Where that cannot be known it is
not understood; here are the reasons, from the form of a formula and from what stands around it.
"""

from __future__ import annotations

import re

from nn.notes import syntax
from nn.notes.definitions import defines_cost, is_definition
from nn.notes.mending import Mend
from nn.notes.syntax import Link
from nn.notes.updates import updated

SPECIAL = re.compile(
    r"convol|pooling|recurren|(?-i:\bLSTM|\bGRU)|(?<!pay )(?<!special )attention(?! to| that)"
    r"|residual|skip connection|batch.?norm|Boltzmann|embedding|autoencod",
    re.IGNORECASE,
)
USUAL = frozenset("zZaAwWbBδCEJLxXyYŷ") | frozenset(
    ["dz", "dZ", "da", "dA", "dW", "dw", "db", "∇W", "∇w", "∇b", "net"]
)
OF_FUNCTIONS = frozenset("xXyYtTuv")
SMALL = (0.0, 1.0)  # what a derivative may be everywhere


def of_form(link: Link) -> str:
    """Return why a formula says nothing of every network, whatever its letters are, or ""."""
    left, right = syntax.quantities(link.left), syntax.quantities(link.right)
    if not left and not right:
        return "it is of numbers alone"
    if not (left and right) and not _is_rule(link):
        return "it gives something a value, in one network"
    if _is_name(link):
        return "it gives a letter another name"
    if syntax.kind(link.left) in ("W", "b") and not updated(link):
        return "it says what a parameter is"
    rates = [c for c in syntax.every(syntax.Constant, link) if c.name == "η"]
    if rates and not updated(link) and not syntax.kind(link.left).startswith("d"):
        return "what is a rate here?"
    if _telescopes(link):
        return "it is the chain rule of any functions"
    if any(isinstance(f, syntax.Constant) and f.name != "η" for f in syntax.factors(link.left)):
        return "it says how many there are"
    if _is_of_functions(link):
        return "it is of functions in general"
    return ""


def _is_rule(link: Link) -> bool:
    """Return whether one side is a derivative, or a slope, and the other a number like 1."""
    sides = (link.left, link.right)
    number = next(side for side in sides if not syntax.quantities(side))
    derived = any(isinstance(side, syntax.Derivative) and syntax.kind(side.of) for side in sides)
    known = not syntax.every(syntax.Number, number) or (
        isinstance(number, syntax.Number) and number.value in SMALL
    )
    return derived and known


def _is_of_functions(link: Link) -> bool:
    """Return whether this is y = f(x) or f(a) = a²: letters without layer, unit or weight."""
    letters, left = syntax.quantities(link), link.left
    if isinstance(left, syntax.Applied) and syntax.kind(left.argument) != "z":
        return not any(map(_has_place, syntax.quantities(left)))
    return (
        any(q.letter in OF_FUNCTIONS and q.kind != "z" for q in letters)
        and any(f.function.startswith("g") for f in syntax.every(syntax.Applied, link))
        and all(q.kind in "azyc" and not _has_place(q) for q in letters)
    )


def _is_name(link: Link) -> bool:
    """Return whether one letter is another, or that transposed."""
    right = link.right.of if isinstance(link.right, syntax.Transpose) else link.right
    alike = syntax.kind(link.left) == syntax.kind(right) != ""
    return alike and not any(
        _has_place(q) and q.letter not in "xXyYtT" for q in syntax.quantities(link)
    )


def _telescopes(link: Link) -> bool:
    """Return whether this is ∂C/∂w = Σ_i ∂C/∂z_i ∂z_i/∂w, which needs no network."""
    whole, body = link.left, link.right
    while isinstance(body, syntax.Sum):
        body = body.body
    steps = syntax.factors(body)
    if not isinstance(whole, syntax.Derivative) or len(steps) < 2:
        return False
    ends = [(s.of, s.by) for s in steps if isinstance(s, syntax.Derivative)]
    inner = [by for _, by in ends[:-1]]
    summed = {s.index for s in syntax.every(syntax.Sum, link.right)}
    return (
        len(ends) == len(steps) and (ends[0][0], ends[-1][1]) == (whole.of, whole.by)
        and all(by == of for by, (of, _) in zip(inner, ends[1:], strict=True))
        and not any(_own_place(q, summed | set(whole.by.units)) for q in inner)
    )  # fmt: skip


def _is_of_bare_derivatives(link: Link) -> bool:
    """Return whether this is ∂L/∂x = ∂L/∂z ∂z/∂x: derivatives alone, none by a parameter."""
    parts = [*syntax.factors(link.left), *syntax.factors(link.right)]
    parts = [part.of if isinstance(part, syntax.Transpose) else part for part in parts]
    parts = [part for part in parts if not isinstance(part, syntax.Ones)]
    return all(isinstance(p, syntax.Derivative) and p.by.kind not in ("W", "b") for p in parts)


def _own_place(q: syntax.Quantity, named: set[str]) -> bool:
    """Return whether a letter has a layer or an index other than those that are named."""
    layer = {q.layer.name} if q.layer else set()
    return bool(layer - named or set(q.units) - named)


def _has_place(q: syntax.Quantity) -> bool:
    """Return whether a letter says where in a network it stands."""
    given = q.layer and (q.letter not in "xXyYtTŷhO" or q.layer.symbol == "")
    return bool(given or q.units or q.example)


def of_text(words: str) -> str:
    """Return which other kind of network the words around a formula are about, or ""."""
    found = SPECIAL.search(words)
    return f"it stands in notes on other layers: '{found[0]}'" if found else ""


class Known:
    """What the letters of one section are known to mean, from formulas that hold and that do not.

    `letters` are those of formulas that hold; `strange` are those that a formula defines which does
    not hold, each with its line.
    """

    def __init__(self) -> None:
        self.letters: set[str] = set()
        self.defined: set[str] = set()
        self.strange: dict[str, int] = {}

    def holds(self, link: Link) -> None:
        """Take note of a formula that holds."""
        self.letters |= {q.letter for q in syntax.quantities(link)}
        if isinstance(link.left, syntax.Quantity):
            self.defined.add(link.left.letter)

    def fails(self, link: Link, line: int, mend: Mend | None) -> None:
        """Take note of one that does not: as a definition with no slip it defines another thing."""
        far = mend is None or len(mend.changes) > 2
        if far and is_definition(link) and isinstance(link.left, syntax.Quantity):
            self.strange.setdefault(link.left.letter, line)

    def doubt(self, link: Link, line: int, mend: Mend | None, everywhere: set[str]) -> str:
        """Return why the letters of a formula that fails may mean something else, or "".

        A single slip in letters of networks is one. Where more would have to be changed the letters
        must be known from formulas that hold, in this section or `everywhere` else.
        """
        letters = {q.letter: q for q in syntax.quantities(link)}
        many = mend is None or (len(mend.changes) > 1 and not defines_cost(link))
        if is_definition(link) and many:
            return "no single change makes it hold, so it may define something else"
        if mend and defines_cost(link) and set(mend.slips) == {"number"}:
            return "it may be another cost"
        for letter in letters:
            where = self.strange.get(letter, line)
            if where != line and letter not in self.defined:
                return f"{letter} may be something else, see line {where}"
        placed = any(_has_place(q) for q in letters.values())
        unknown = [q for q in letters if q not in self.letters and not (placed and q in USUAL)]
        if mend is None:
            unknown = [q for q in letters if q not in everywhere]
        if unknown and (mend is None or len(mend.changes) > 1):
            return f"what is {unknown[0]} here? No small change makes it hold"
        if not placed and _is_of_bare_derivatives(link):
            return "it is of any functions, for no letter of a network is in it"
        if mend is None and not placed:
            return "no small change makes it hold, so its letters may mean something else"
        return ""
