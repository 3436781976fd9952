"""Why a formula that does not hold may yet be right: its letters may mean something else there.

"Fails" says that a formula is wrong whatever its letters may mean. Where that cannot be known it is
not understood; here are the reasons, from the form of a formula and from what stands around it.
"""

from __future__ import annotations

import re

from nn.notes import syntax
from nn.notes.definitions import is_definition
from nn.notes.mending import Mend
from nn.notes.syntax import Link

SPECIAL = re.compile(
    r"convol|pooling|recurren|\bLSTM|\bGRU|attention|residual|skip connection|batch.?norm"
    r"|Boltzmann|embedding|autoencod",
    re.IGNORECASE,
)
USUAL = frozenset("zZaAwWbBδCEJLxXyYŷ") | {"dz", "dZ", "da", "dA", "dW", "dw", "db", "net"}
OF_FUNCTIONS = frozenset("xXyYtTuv")
SMALL = (0.0, 0.5, 1.0, 2.0)  # what a derivative may be everywhere


def of_form(link: Link) -> str:
    """Return why a formula says nothing of every network, whatever its letters are, or ""."""
    left, right = syntax.quantities(link.left), syntax.quantities(link.right)
    if not left and not right:
        return "it is of numbers alone"
    if not (left and right) and not _is_rule(link):
        return "it gives something a value, in one network"
    if any(isinstance(f, syntax.Constant) and f.name != "η" for f in syntax.factors(link.left)):
        return "it says how many there are"
    if _is_of_functions(link):
        return "it is of functions in general"
    return ""


def _is_rule(link: Link) -> bool:
    """Return whether one side is a derivative, or a slope, and the other a number like 1."""
    sides = (link.left, link.right)
    number = next(side for side in sides if not syntax.quantities(side))
    derived = any(syntax.every(syntax.Derivative, side) for side in sides)
    known = not syntax.every(syntax.Number, number) or (
        isinstance(number, syntax.Number) and number.value in SMALL
    )
    return derived and known


def _is_of_functions(link: Link) -> bool:
    """Return whether this is y = f(x) or f(a) = a²: letters without layer, unit or weight."""
    letters = syntax.quantities(link)
    general = isinstance(link.left, syntax.Applied) or any(
        q.letter in OF_FUNCTIONS for q in letters
    )
    return (
        general
        and any(f.function.startswith("g") for f in syntax.every(syntax.Applied, link))
        and all(q.kind in "azyc" and not _has_place(q) for q in letters)
    )


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

    `known` are letters of formulas that hold; `strange` are those that a formula defines which does
    not hold, each with its line.
    """

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.defined: set[str] = set()
        self.strange: dict[str, int] = {}

    def holds(self, link: Link) -> None:
        """Take note of a formula that holds."""
        self.known |= {q.letter for q in syntax.quantities(link)}
        if isinstance(link.left, syntax.Quantity):
            self.defined.add(link.left.letter)

    def fails(self, link: Link, line: int, mend: Mend | None) -> None:
        """Take note of one that does not: as a definition with no slip it defines another thing."""
        far = mend is None or len(mend.changes) > 2
        if far and is_definition(link) and isinstance(link.left, syntax.Quantity):
            self.strange.setdefault(link.left.letter, line)

    def doubt(self, link: Link, line: int, mend: Mend | None) -> str:
        """Return why the letters of a formula that fails may mean something else, or ""."""
        letters = {q.letter: q for q in syntax.quantities(link)}
        for letter in letters:
            where = self.strange.get(letter, line)
            if where != line and letter not in self.defined:
                return f"{letter} may be something else, see line {where}"
        placed = any(_has_place(q) for q in letters.values())
        unknown = [q for q in letters if q not in self.known and not (placed and q in USUAL)]
        if unknown and (mend is None or len(mend.changes) > 1):
            return f"what is {unknown[0]} here? No small change makes it hold"
        if mend is None and not placed:
            return "no small change makes it hold, so its letters may mean something else"
        return ""
