"""What a formula defines, and what of a convention it depends on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from nn.notes import syntax
from nn.notes.conventions import Convention
from nn.notes.updates import updated

OUTPUTS = (  # output function and loss, and where there is one unit alone
    ("", "", ""), ("", "half_squared_error", ""), ("", "squared_error", ""),
    ("", "mean_squared_error", ""), ("", "half_mean_squared_error", ""),
    ("sigmoid", "entropy", ""), ("sigmoid", "entropy", "output"),
    ("", "half_squared_error", "output"), ("", "squared_error", "output"),
    ("softmax", "softmax", ""), ("identity", "half_squared_error", ""),
    ("", "half_squared_error", "all"), ("", "squared_error", "all"), ("sigmoid", "entropy", "all"),
)  # fmt: skip


MEANINGS = ("example", "mean", "sum")


def is_definition(link: syntax.Link) -> bool:
    """Return whether a formula says what z, a, δ or the cost is."""
    left = link.left
    if not isinstance(left, syntax.Quantity) or link.relation == "shape":
        return False
    inside = syntax.nodes(link.right)
    derived = any(isinstance(n, syntax.Derivative) for n in inside)
    if left.kind == "delta" or left.kind.startswith("d"):
        return isinstance(link.right, syntax.Derivative) and left.kind != "dW"
    errors = any(isinstance(n, syntax.Quantity) and n.kind.startswith("d") for n in inside)
    return left.kind in ("z", "a", "c", "y") and not derived and not errors


def defines_activation(link: syntax.Link) -> bool:
    """Return whether a formula says what g is, of a variable alone."""
    left = link.left
    if not (
        isinstance(left, syntax.Applied) and left.function == "g" and syntax.kind(left.argument)
    ):
        return False
    applied = syntax.every(syntax.Applied, link.right)
    letters = syntax.quantities(link.right)
    alone = bool(letters) and all(q == left.argument for q in letters)
    return alone and not any(node.function.startswith("g") for node in applied)


def defines_cost(link: syntax.Link) -> bool:
    """Return whether a formula says what the cost is."""
    return is_definition(link) and isinstance(link.left, syntax.Quantity) and link.left.kind == "c"


def cost_letters(links: list[syntax.Link]) -> list[str]:
    """Return the letters of costs, each once."""
    return list(
        dict.fromkeys(q.letter for link in links for q in syntax.quantities(link) if q.kind == "c")
    )


def variants(link: syntax.Link, convention: Convention) -> Iterator[Convention]:
    """Yield the conventions that fit a formula: a definition of C fixes what C means."""
    yield convention
    if defines_cost(link) and isinstance(link.left, syntax.Quantity) and not mean_of_another(link):
        for meaning in MEANINGS:
            yield convention.with_(costs=_with(convention.costs, link.left.letter, meaning))


def at_output(link: syntax.Link, but: str = "") -> syntax.Link:
    """Return a formula with L for the letter of any layer but one."""
    stay = ("", "L", "input", but)
    return syntax.relayered(
        link, lambda layer: layer if layer.symbol in stay else replace(layer, symbol="L", said="")
    )


def _with(costs: tuple[tuple[str, str], ...], letter: str, meaning: str) -> Any:
    return tuple(sorted({**dict(costs), letter: meaning}.items()))


def possible_outputs(links: list[syntax.Link], text: str) -> list[tuple[str, str, str]]:
    """Return the output functions and losses that notes may mean.

    A linear output and a cross-entropy must be spoken of, where the notes say what their cost is,
    and single units must be all that they speak of.
    """
    defined = any(defines_cost(link) and not mean_of_another(link) for link in links)
    logs = "entropy" in text or "likelihood" in text or "log" in text
    linear = re.search(r"linear|identity|regress", text) or any(map(_is_linear, links))
    scalars = all(map(_of_scalars, links))
    return [
        (output, loss, one)
        for output, loss, one in OUTPUTS
        if (scalars or one != "all")
        and (not defined or output != "identity" or linear)
        and (not defined or loss not in ("entropy", "softmax") or logs)
    ]


def _of_scalars(link: syntax.Link) -> bool:
    """Return whether a formula may be one of a chain of single units: no index, ᵀ, ⊙ or norm."""
    inside = syntax.nodes(link)
    letters = [n for n in inside if isinstance(n, syntax.Quantity)]
    return not (
        any(isinstance(n, syntax.Transpose | syntax.Norm) for n in inside)
        or any(isinstance(n, syntax.Product) and n.sign in ("⊙", "@", "⊗") for n in inside)
        or any(isinstance(n, syntax.Sum) and not n.index for n in inside)
        or any((q.units and q.kind != "c") or q.letter in "AZX" for q in letters)
    )


def _is_linear(link: syntax.Link) -> bool:
    kinds = [getattr(side, "kind", "") for side in (link.left, link.right)]
    return sorted(kinds) == ["a", "z"] and any(
        q.layer and q.layer.symbol == "L" for q in syntax.quantities(link)
    )


def mean_of_another(link: syntax.Link) -> tuple[str, str] | None:
    """Return the letter of a cost that is defined from another one's, and what it then is."""
    if not defines_cost(link) or not isinstance(link.left, syntax.Quantity):
        return None
    sums = syntax.every(syntax.Sum, link.right)
    others = [q.letter for node in sums for q in syntax.quantities(node) if q.kind == "c"]
    if not others or link.left.letter in others:
        return None
    mean = syntax.Constant("m") in syntax.nodes(link.right)
    return link.left.letter, "mean" if mean else "sum"


def last_number(links: list[syntax.Link], always: bool = False) -> int | None:
    """Return the largest number of a layer that is written, unless the last one is called L."""
    if not always and any(q.layer and q.layer.symbol == "L" for q in _placed_by_hand(links)):
        return None
    numbers = [layer.offset for link in links for layer in syntax.layers(link) if not layer.symbol]
    return max(numbers, default=None)


def _placed_by_hand(links: list[syntax.Link]) -> list[syntax.Quantity]:
    """Return the letters but for targets and outputs, which belong to layer L unasked."""
    return [
        q for link in links for q in syntax.quantities(link) if q.kind != "y" and q.letter != "ŷ"
    ]


def reduced(convention: Convention, link: syntax.Link) -> Convention:
    """Return a convention without what a formula does not depend on, so that it is kept once."""
    letters = syntax.quantities(link)
    kinds = {q.kind for q in letters}
    own = {q.letter for q in letters if q.kind == "c"}
    changes: dict[str, Any] = {"letters": ""}
    if not updated(link):
        changes["terms"] = tuple(pair for pair in convention.terms if pair[0] in own)
    weights = any(kind.endswith(("W", "b")) for kind in kinds)
    if not any(kind.endswith("W") for kind in kinds):
        changes["order"] = "target"
    if not weights:
        changes["leaving"] = False
    if all(q.units for q in letters if q.kind != "c"):
        changes |= {"vectors": "columns", "numerator": True, "outer": True}
        named = [q.letter for q in letters if q.kind == "c"]
        if all(letter in dict(convention.costs) for letter in named) and not (kinds & set(CHANGES)):
            changes["batch"] = False
    if not any(isinstance(n, syntax.Product) and n.sign == "⊗" for n in syntax.nodes(link)):
        changes["outer"] = True
    if "delta" not in kinds:
        changes["sign"] = 1
    if not kinds & set(CHANGES):
        changes |= {"small": True, "steps": False}
        if not updated(link):
            changes["costs"] = tuple(pair for pair in convention.costs if pair[0] in own)
    if all(layer.symbol for layer in syntax.layers(link)):
        changes |= {"first": 0, "depth": None}
    return convention.with_(**changes)


CHANGES = ("dz", "da", "dW", "db")
