"""Other meanings that the letters of one formula may have, each with words for it.

A formula that fails as the notes are read as a whole may stand at the output, in a section with a
convention of its own, be about another cost, or use a letter that was given a meaning nearby.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from nn.notes import syntax
from nn.notes.alternatives import (
    counts_outputs,
    is_bare,
    is_placed,
    is_softmax,
    is_whole,
    of_all_weights,
    of_examples,
    of_other_logs,
    of_outputs,
    of_whole,
)
from nn.notes.choosing import SPECIAL_ACTIVATIONS, Chooser
from nn.notes.claims import Claim
from nn.notes.conventions import Convention, setting_words
from nn.notes.definitions import (
    at_output,
    defines_cost,
    is_definition,
    last_number,
    mean_of_another,
    reduced,
    variants,
)
from nn.notes.judging import Judge
from nn.notes.levels import placed
from nn.notes.syntax import Layer, Link
from nn.notes.worlds import Setting

Meaning = tuple[Link, Convention, str]
SEVERAL = 2  # formulas that are no single slip
SQUARES = ("", "half_squared_error", "squared_error")
ONE_LOGISTIC = Setting("sigmoid", "sigmoid", "entropy", "output")


class Meanings:
    """What else the formulas of one text may mean, beside what its convention says."""

    def __init__(self, chooser: Chooser, convention: Convention, judge: Judge) -> None:
        self.chooser, self.convention, self.judge = chooser, convention, judge
        self.loose = not chooser.supports(convention)
        self.frames = chooser.frames(convention)
        self._own: dict[tuple[int, ...], Convention | None] = {}
        self._others: dict[int, Convention] | None = None
        self.second = chooser.second(convention)
        self.settled = {
            (claim.sections, link.left.letter)
            for claim, link in zip(chooser.claims, chooser.links, strict=True)
            if defines_cost(link) and isinstance(link.left, syntax.Quantity)
            and self._at(link, convention.setting)
        }  # fmt: skip
        self.settings = self._settings()

    def of(self, claim: Claim) -> Iterator[Meaning]:
        """Yield formulas and conventions that one may stand for, with words for each."""
        link = claim.link
        assert link is not None
        if (last := at_output(link, "l")) != link:
            yield last, self.convention, "at the output: its layer is called so here"
        for own in self.of_sections(claim):
            yield link, own, "in the convention of its section"
        for start, own in self._of_other_sections().items():
            yield link, own, f"in the convention of line {start}"
        for convention, words in self.with_terms():
            yield link, convention, words
        for base in (self.convention, *self.of_sections(claim)):
            for convention, words in self._assumptions(claim, link, base):
                yield link, convention, words
        yield from self._at_the_output(claim, link)
        outputs = (*of_outputs(link), *of_outputs(last), *of_other_logs(link), *of_whole(link))
        for other, words in (*self._local(claim), *outputs, *of_examples(link)):
            yield other, self.convention, words
            if defines_cost(other):
                for convention, more in self._assumptions(claim, other, self.convention):
                    yield other, convention, f"{words}, {more}"
            for convention, _ in self._of_one_layer(other):
                yield other, convention, words
        for convention, words in self._of_one_layer(link):
            yield link, convention, words

    def _at_the_output(self, claim: Claim, link: Link) -> Iterator[Meaning]:
        """Yield a formula of a softmax with its letters at the output, where they say no layer."""
        functions = [node.function for node in syntax.every(syntax.Applied, link)]
        if not (is_softmax(link) or "softmax" in functions):
            return
        last = syntax.mapped(link, lambda node: (
            replace(node, layer=Layer("L"))
            if isinstance(node, syntax.Quantity) and node.kind != "c" and node.layer is None
            else node
        ))  # fmt: skip
        for convention, words in self._assumptions(claim, last, self.convention):
            yield last, convention, words

    def with_terms(self) -> Iterator[tuple[Convention, str]]:
        """Yield conventions in which a cost has a term for the size of the weights, with λ."""
        for claim in self.chooser.claims:
            link = claim.link
            if link and defines_cost(link) and syntax.Constant("λ") in syntax.nodes(link.right):
                letters = [q.letter for q in syntax.quantities(link) if q.kind == "c"]
                if letters[0] in letters[1:]:  # as in J̃ = J + …, where a hat is no letter
                    continue
                tree = placed(syntax.mapped(link, of_all_weights), self.convention).right
                for meaning in ("example", "mean"):
                    costs = {**dict(self.convention.costs), **dict.fromkeys(letters, meaning)}
                    yield (
                        self.convention.with_(
                            costs=tuple(sorted(costs.items())), terms=((letters[0], tree),)
                        ),
                        f"with the term that line {claim.line} adds to {letters[0]}",
                    )

    def of_sections(self, claim: Claim) -> list[Convention]:
        """Return the conventions of the sections in which a formula stands, the smallest first.

        One that numbers its layers may be about a network whose last layer has the last number.
        """
        found = []
        for k, start in enumerate(claim.sections):
            inside = [each for each in self.chooser.claims if each.sections[k] == start]
            if own := self._own_of(claim, k):
                found.append(own)
            links = [each.link for each in inside if each.link]
            if (last := last_number(links, True)) not in (None, self.convention.depth):
                found.append(self.convention.with_(depth=last))
        return list(dict.fromkeys(found))

    def _of_other_sections(self) -> dict[int, Convention]:
        """Return all conventions of sections, each with the line where its section starts."""
        if self._others is None:
            starts = {claim.sections[0]: claim for claim in self.chooser.claims}
            found = {self._own_of(claim, 0): start for start, claim in starts.items()}
            self._others = {start: own for own, start in found.items() if own}
        return self._others

    def _own_of(self, claim: Claim, k: int) -> Convention | None:
        """Return the convention of the k-th smallest section in which a formula stands."""
        inside = [each for each in self.chooser.claims if each.sections[k] == claim.sections[k]]
        lines = tuple(id(each) for each in inside)
        if lines not in self._own:
            self._own[lines] = self._of_section(inside)
        return self._own[lines]

    def _of_section(self, claims: list[Claim]) -> Convention | None:
        """Return the convention of a section, where more of its definitions hold than otherwise.

        Or several other formulas more: one might be a slip.
        """
        own = Chooser(claims, self.judge, self.chooser.text)
        before, score = own.definitions(self.convention), own.score(self.convention)
        if len(claims) == len(self.chooser.claims):
            return None
        if not own.missed(before) and own.failing(self.convention) < SEVERAL:
            return None
        numbered = self.convention.with_(depth=last_number(own.links, True))
        found = [own.convention(first) for first in dict.fromkeys((self.convention, numbered))]
        other = max(found, key=own.score)
        more = own.definitions(other) > before or own.score(other) >= score + SEVERAL
        return other if more else None

    def _settings(self) -> list[Setting]:
        """Return the other costs and activations under which a formula may hold.

        Where the notes define the cost they are those that they define, if they define several.
        """
        links, now = self.chooser.links, self.convention.setting
        defined = [link for link in links if defines_cost(link) and not mean_of_another(link)]
        every = [
            Setting(activation, output, loss, one)
            for output, loss, one in self.chooser.outputs
            for activation in SPECIAL_ACTIVATIONS
            if now.activation in ("", activation)
        ]
        return [s for s in every if s != now and s.one in (now.one, "output") and (
            not defined or (s.loss, s.output) == (now.loss, now.output)
            or (s.loss and any(self._at(link, s) for link in defined))
        )]  # fmt: skip

    def _at(self, link: Link, setting: Setting) -> bool:
        convention = replace(self.convention, setting=setting)
        return any(self.judge.holds(link, reduced(v, link)) for v in variants(link, convention))

    def _assumptions(
        self, claim: Claim, link: Link, base: Convention
    ) -> list[tuple[Convention, str]]:
        """Return other conventions that one formula may be read in, with words for them."""
        others = self.frames if self.loose and is_bare(link) else [self.second]
        found = [
            (other, f"with vectors as {other.vectors} and W {other.order} first")
            for other in others
            if other
        ]
        framed = list(found)
        functions = {node.function for node in syntax.every(syntax.Applied, link)}
        costs = [q for q in syntax.quantities(link) if q.kind == "c"]
        settled = any((claim.sections, q.letter) in self.settled for q in costs)
        for setting in self._settings_for(link, functions):
            several = settled or counts_outputs(link)
            if setting.one == "output" and several and not (defines_cost(link) and is_bare(link)):
                continue
            other = replace(base, setting=setting)
            found.append((other, f"where {setting_words(setting)}"))
            if setting.unbiased or functions & {"softmax", "relu", "tanh", "sigmoid"}:
                found += [(replace(frame, setting=setting), words) for frame, words in framed]
        named = [q.letter for q in costs if not q.example]
        examples = {q.example for q in syntax.quantities(link)} - {""}
        sums = syntax.every(syntax.Sum, link)
        if named and any(n.limit == syntax.Constant("m") or n.index in examples for n in sums):
            means = {**dict(self.convention.costs), named[0]: "mean"}
            other = self.convention.with_(costs=tuple(sorted(means.items())))
            found.append((other, f"where {named[0]} is the mean over the examples"))
        return found

    def _settings_for(self, link: Link, functions: set[str]) -> list[Setting]:
        """Return the costs and activations that one formula may be about."""
        letters = [q for q in syntax.quantities(link) if q.kind != "c"]
        settings = self.settings
        if "relu" in functions:
            settings = [Setting("relu")]
        elif functions and all(q.kind == "z" and not q.layer and not q.units for q in letters):
            settings = [Setting(name) for name in (*SPECIAL_ACTIVATIONS[1:], "relu")]
        kinds = {q.kind for q in letters}
        if is_definition(link) and "W" in kinds and "b" not in kinds:
            now = self.convention.setting
            settings = [*settings, now._replace(unbiased=True)]
        if functions == {"exp"} and {q.kind for q in letters} <= {"a", "z"}:
            settings = [*settings, *(Setting(name) for name in SPECIAL_ACTIVATIONS[1:])]
        if functions & {"exp"} or is_softmax(link):
            settings = [*settings, Setting("", "softmax", "softmax")]
        if is_definition(link) and "W" in kinds and not functions and syntax.kind(link.left) == "a":
            linear = Setting("identity", "identity")
            settings = [*settings, linear, linear._replace(unbiased="b" not in kinds)]
        return settings

    def _of_one_layer(self, link: Link) -> Iterator[tuple[Convention, str]]:
        """Yield conventions of one unit or layer, for a formula without layers and indices."""
        if not is_bare(link) or not any(q.kind.endswith("W") for q in syntax.quantities(link)):
            return
        for output, loss in product(("", "sigmoid", "identity"), SQUARES):
            for setting in (Setting(output, output, loss, "output"), ONE_LOGISTIC):
                for frame in self.frames:
                    words = f"of one layer with one unit, W {frame.order} first"
                    yield replace(frame, setting=setting), words

    def _local(self, claim: Claim) -> Iterator[tuple[Link, str]]:
        """Yield a formula with what its section says that a letter is, put in for the letter."""
        assert claim.link is not None
        new, words = claim.link, []
        for other in self.chooser.claims:
            definition = other.link
            if (
                other.sections[0] != claim.sections[0]
                or other is claim
                or not definition
                or other.shape
            ):
                continue
            name, meaning = definition.left, definition.right
            if (
                not isinstance(name, syntax.Quantity)
                or is_placed(name)
                or definition.relation != "="
            ):
                continue
            if definition == claim.link or name in syntax.nodes(meaning) or self._holds(definition):
                continue
            changed = syntax.mapped(new.right, lambda n: meaning if n == name else n)  # noqa: B023
            if changed != new.right and is_whole(changed):
                new = replace(new, right=changed)
                words.append(f"{name.letter} as line {other.line} says")
        if words:
            yield new, "reading " + " and ".join(words)

    def _holds(self, link: Link) -> bool:
        return self.judge.holds(link, reduced(self.convention, link))
