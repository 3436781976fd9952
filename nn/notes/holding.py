"""One formula on the numbers of one probe: `probe(…).holds("∂C/∂W_ij = a_i δ_j")`."""

from __future__ import annotations

from html import escape
from typing import Any

from autograd.text import Text, printed
from nn.notes.claims import claims
from nn.notes.conventions import Convention
from nn.notes.definitions import cost_letters, reduced, variants
from nn.notes.errors import Unreadable
from nn.notes.findings import Finding
from nn.notes.judging import Judge
from nn.notes.mending import mended
from nn.notes.syntax import Link
from nn.notes.worlds import World
from nn.notes.writing import Style, written

ONE_EXAMPLE = "cℓe"  # letters of the loss of one example; all others are the cost


class Verdict:
    """Whether a formula holds on the numbers of a probe; true if it does.

    Where it fails, `where` maps the layer and the indices of the first failure to their numbers,
    `left` and `right` are the two sides there, `distance` the largest difference relative to the
    larger side, and `hints`
    say under which smallest change it would hold, `slips` name its kind in the table of slips.
    """

    def __init__(self, finding: Finding) -> None:
        self.where, self.left, self.right = finding.where, finding.left, finding.right
        self.distance, self.hints = finding.distance, finding.hints
        self.slips = finding.slips
        self._finding = finding

    def __bool__(self) -> bool:
        return bool(self._finding)

    def text(self) -> str:
        """Return the formula, how it does, and the hints."""
        words = "holds" if self else self._finding.words()
        lines = [f"{self._finding.formula}   {words}", *(f"  {hint}" for hint in self.hints)]
        return Text("\n".join(lines))

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.text())}</pre>"

    __repr__ = __str__ = printed(text)


def verdict(world: World, batch: bool, formula: Any) -> Verdict:
    """Return how a formula does on one network, in this library's own convention.

    W_ij leads from i to j, vectors are rows, layers count from 1 and a^0 is the input; over a batch
    C is the mean and c one example's. Raises ValueError for what cannot be read.
    """
    if not isinstance(formula, str):
        raise TypeError(f"holds takes a formula as text; got {formula!r}. Write 'δ_j = ∂c/∂z_j'.")
    found, _ = claims(formula)
    if len(found) != 1 or found[0].link is None or found[0].shape:
        problem = found[0].problem if len(found) == 1 else f"there are {len(found)} formulas in it"
        raise ValueError(
            f"holds takes one formula, two sides and a sign between them; of {formula!r} "
            f"{problem or 'a shape is said'}. Write it as 'δ_j = ∂c/∂z_j'; check_notes takes more."
        )
    link, judge = found[0].link, Judge(given=world)
    convention = _own_convention(link, batch)
    try:
        outcomes = [judge.outcome(link, reduced(v, link)) for v in variants(link, convention)]
    except Unreadable as problem:
        raise ValueError(f"{formula!r} cannot be evaluated here: {problem}.") from problem
    outcome = next((o for o in outcomes if o.holds), outcomes[0])
    hints: tuple[str, ...] = ()
    mend = None if outcome.holds else mended(link, convention, Style(), judge)
    if mend:
        words = "; ".join(dict.fromkeys(change.words for change in mend.changes))
        hints = (f"holds as {written(mend.link)}: {words}",)
    where = {name: k for name, k in outcome.where if name not in ("rows", "columns")}
    return Verdict(
        Finding(
            1, formula, "holds" if outcome.holds else "fails", where, outcome.left, outcome.right,
            outcome.distance if outcome.holds or outcome.distance else float("inf"), hints,
            outcome.reason, link=link, slips=mend.slips if mend else (),
        )
    )  # fmt: skip


def _own_convention(link: Link, batch: bool) -> Convention:
    costs = tuple(
        (letter, "mean" if batch and letter not in ONE_EXAMPLE else "example")
        for letter in sorted(cost_letters([link]))
    )
    return Convention("source", "rows", costs=costs, batch=batch, small=False)
