"""Which convention a text follows: the one under which most of its definitions hold.

Fields are decided in groups, the others being as they were: first what a weight's indices and a
letter without indices mean, then the numbers of layers, the cost, the activation, and the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

from nn.notes.claims import Claim
from nn.notes.conventions import Convention
from nn.notes.definitions import (
    CHANGES,
    MEANINGS,
    at_output,
    cost_letters,
    defines_cost,
    is_definition,
    last_number,
    mean_of_another,
    possible_outputs,
    reduced,
    variants,
)
from nn.notes.errors import Unreadable
from nn.notes.judging import Judge
from nn.notes.shapes import shape_holds
from nn.notes.syntax import (
    Applied,
    Derivative,
    Layer,
    Link,
    Quantity,
    Transpose,
    every,
    kind,
    mapped,
    quantities,
)

DEFINITION, OTHER = 4, 1  # what a formula counts
SPECIAL_ACTIVATIONS = ("", "sigmoid", "tanh")


class Chooser:
    """Tries conventions on the formulas of one text."""

    def __init__(self, claims: list[Claim], judge: Judge, text: str = "") -> None:
        self.claims = [claim for claim in claims if claim.link]
        self.links = [claim.link for claim in self.claims if claim.link]
        self.judge, self.text = judge, text
        self.kinds = {q.kind for link in self.links for q in quantities(link)}
        weights = [q for link in self.links for q in quantities(link) if q.kind.endswith("W")]
        self.single = any(len(q.units) == 1 for q in weights) and all(
            len(q.units) < 2 for q in weights
        )
        self.outputs = possible_outputs(self.links, text.lower())
        self.letters = cost_letters(self.links)
        self.fixed = dict(filter(None, (mean_of_another(link) for link in self.links)))

    def convention(self, first: Convention | None = None) -> Convention:
        """Return the convention under which most definitions hold, then most formulas.

        Notes that may be about a chain of single units are tried as such, too. It is sought from
        `first` on, that of a whole text for one section.
        """
        if first:
            return self._climbed(first)
        first = Convention(depth=last_number(self.links), costs=tuple(sorted(self.fixed.items())))
        found = self._climbed(first)
        if any(one == "all" for _, _, one in self.outputs):
            other = self._climbed(first.with_(one="all"))
            found = max(found, other, key=self.score)
        return found

    def _climbed(self, found: Convention) -> Convention:
        for _ in range(2):
            before = found
            for group in self._groups():
                found = self._best(found, group(found))
            if found == before:
                break
        return found

    def _groups(self) -> list[Any]:
        groups = [self.frames, _numbers, self._costs, self._outputs, _activations, _details]
        if not self.kinds & {"W", "dW"}:
            groups.remove(_numbers)
        return groups

    def _may_be_batches(self) -> bool:
        """Return whether anything tells that letters without indices are all examples at once."""
        letters = [q for link in self.links for q in quantities(link)]
        shapes = any("m" in claim.shape for claim in self.claims)
        return shapes or any(q.letter in "AZXY" or q.kind in CHANGES for q in letters)

    def frames(self, now: Convention) -> list[Convention]:
        """Return what the indices of a weight and letters without indices may mean."""
        return [
            now.with_(order=order, vectors=vectors, batch=batch, small=small, costs=costs)
            for batch in (False, True)[: 1 + self._may_be_batches()]
            for small in self._smalls(now)
            for costs in self._alike(now)
            for vectors, order in (
                ("columns", "target"), ("columns", "source"), ("rows", "source"), ("rows", "target")
            )
        ]  # fmt: skip

    def _alike(self, now: Convention) -> list[Any]:
        """Return the meanings of the cost's letters as they are, and all of one kind."""
        every = [tuple(sorted({**dict.fromkeys(self.letters, meaning), **self.fixed}.items()))
                 for meaning in MEANINGS[:2]]  # fmt: skip
        return list(dict.fromkeys([now.costs, *(every if self.letters else [])]))

    def second(self, first: Convention) -> Convention | None:
        """Return a second convention of notes that write everything twice, in two ways.

        It must make a definition of z hold, and something else besides, that fail under the first.
        """
        best, most = None, 1
        for other in self.frames(first):
            gained = [
                link
                for claim, link in zip(self.claims, self.links, strict=True)
                if not claim.shape and self._holds(claim, link, other)
                and not self._holds(claim, link, first)
            ]  # fmt: skip
            kinds = {getattr(link.left, "kind", "") for link in gained if is_definition(link)}
            if "z" in kinds and len(gained) > most:
                best, most = other, len(gained)
        return best

    def supports(self, convention: Convention) -> bool:
        """Return whether any formula of whole vectors, with layers, holds in a convention."""
        return any(
            self._holds(claim, link, convention)
            for claim, link in zip(self.claims, self.links, strict=True)
            if any(q.kind.endswith("W") and q.layer and not q.units for q in quantities(link))
        )

    def _outputs(self, now: Convention) -> Iterator[Convention]:
        for output, loss, one in self.outputs:
            if one == "output" and not self.single:
                continue  # said of a single formula, where it needs it
            for small, batch in product(self._smalls(now), {now.batch, self._may_be_batches()}):
                yield now.with_(output=output, loss=loss, one=one, small=small, batch=batch)

    def _smalls(self, now: Convention) -> tuple[bool, ...]:
        """Return whether dz may be of the mean cost, as it is first; where any is written."""
        return (now.small, not now.small) if self.kinds & set(CHANGES) else (now.small,)

    def _costs(self, now: Convention) -> Iterator[Convention]:
        """Yield what the letters of the cost may mean; one that is a mean of another is one."""
        for chosen in product(MEANINGS, repeat=min(len(self.letters), 3)):
            meanings = dict(zip(self.letters, chosen, strict=False))
            if all(meanings.get(letter, means) == means for letter, means in self.fixed.items()):
                yield now.with_(costs=tuple(sorted(meanings.items())))

    def _best(self, now: Convention, candidates: Iterator[Convention]) -> Convention:
        best, most = now, self.score(now)
        for candidate in candidates:
            score = self.score(candidate)
            if score > most:
                best, most = candidate, score
        return best

    def definitions(self, convention: Convention) -> int:
        """Return how many definitions hold."""
        return sum(
            is_definition(link) and self._holds(claim, link, convention)
            for claim, link in zip(self.claims, self.links, strict=True)
        )

    def failing(self, convention: Convention) -> int:
        """Return how many formulas do not hold."""
        pairs = zip(self.claims, self.links, strict=True)
        return sum(not self._holds(claim, link, convention) for claim, link in pairs)

    def missed(self, held: int) -> bool:
        """Return whether more is defined than the definitions that hold."""
        return sum(map(is_definition, self.links)) > held

    def score(self, convention: Convention) -> int:
        """Return how much holds in a convention, definitions above all."""
        return sum(
            DEFINITION if is_definition(link) else OTHER
            for claim, link in zip(self.claims, self.links, strict=True)
            if self._holds(claim, link, convention)
        )

    def _holds(self, claim: Claim, link: Link, convention: Convention) -> bool:
        try:
            if claim.shape:
                return shape_holds(claim, convention, self.judge.worlds)
            forms = [link, at_output(link)] if defines_cost(link) else [link]
            return any(
                self.judge.outcome(form, reduced(each, form), quick=True).holds
                for form in forms
                for each in variants(form, convention)
            )
        except Unreadable:
            return False


def _numbers(now: Convention) -> Iterator[Convention]:
    for leaving in (False, True):
        for first in (0, 1):
            yield now.with_(leaving=leaving, first=first)


def _activations(now: Convention) -> Iterator[Convention]:
    for activation in SPECIAL_ACTIVATIONS:
        yield now.with_(activation=activation)


def _details(now: Convention) -> Iterator[Convention]:
    for sign in (1, -1):
        for small in (True, False):
            for steps in (False, True):
                yield now.with_(sign=sign, small=small, steps=steps)
    yield now.with_(outer=False)
    yield now.with_(numerator=False)


def letterings(claims: list[Claim]) -> Iterator[tuple[str, list[Claim]]]:
    """Yield what the letters of notes may be, in words, and the formulas read so.

    Some call the weighted input a and the activation z; where t is a target, y may be the output of
    the network, or of any unit.
    """
    links = [claim.link for claim in claims if claim.link]
    letters = {q.letter for link in links for q in quantities(link)}
    turned = any(_is_turned(link) for link in links)
    outputs, last = [""], Layer("L")
    above = {q.layer for link in links for q in quantities(link) if q.letter in "yY" and q.layer}
    if above - {last}:
        outputs += OUTS[1:2]
    elif letters & set("yY"):
        outputs += [*OUTS[1:3]] * bool(letters & set("tT")) + [OUTS[3]] * ("ŷ" in letters)
    across = any(_is_data(n.of) for link in links for n in every(Transpose, link))
    for swap, out, data in product(
        (False, True)[: 1 + turned], outputs, (False, True)[: 1 + across]
    ):
        words = ["a is the weighted input, z the activation"] * swap + [f"y is {out}"] * bool(out)
        words += ["X and Y lie across"] * data
        read = [
            replace(claim, link=relettered(claim.link, swap, out, data)) if claim.link else claim
            for claim in claims
        ]
        yield ", ".join(words), read


def _is_data(node: Any) -> bool:
    """Return whether this is X or Y, all inputs or targets at once."""
    return isinstance(node, Quantity) and node.letter in "XYT" and not node.units


OUTS = ("", "the output", "the output of any unit", "the output and ŷ the target")


def _is_turned(link: Link) -> bool:
    """Return whether this is z = g(a)."""
    inside = [q for node in every(Applied, link.right) for q in quantities(node)]
    return kind(link.left) == "z" and any(q.letter in "aA" for q in inside)


def relettered(link: Link, swap: bool = False, out: str = "", across: bool = False) -> Link:
    """Return a formula with a and z exchanged, or with y for the output, as one of OUTS says.

    `across` puts Xᵀ for X, and X for Xᵀ.
    """

    def turned(node: Any) -> Any:
        if isinstance(node, Derivative) and isinstance(node.by, Transpose):
            return Transpose(replace(node, by=node.by.of))  # type: ignore[arg-type]
        if isinstance(node, Transpose):
            return node.of.of if isinstance(node.of, Transpose) and _is_data(node.of.of) else node
        return Transpose(node) if _is_data(node) else node

    if across:
        link = mapped(link, turned)

    def changed(node: Any) -> Any:
        if swap and kind(node)[-1:] in ("a", "z") and node.letter[-1] in "aAzZ":
            return replace(node, kind=node.kind.translate(str.maketrans("az", "za")))
        if out and kind(node) == "y" and node.letter not in "tT":
            return replace(node, kind="a", layer=node.layer if out in OUTS[1::2] else None)
        if out == OUTS[3] and getattr(node, "letter", "") == "ŷ":
            return replace(node, kind="y")
        return node

    return mapped(link, changed)
