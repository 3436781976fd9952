"""Other formulas that one may stand for, each with words for how it is read."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from nn.notes import syntax
from nn.notes.choosing import OUTS, relettered
from nn.notes.syntax import Layer, Link

ENDS = (Layer("input"), Layer("L"))


def of_all_weights(node: Any) -> Any:
    """Return Σ_w w² for ‖w‖² where w has no layer."""
    if isinstance(node, syntax.Power) and isinstance(node.base, syntax.Norm):
        q = node.base.of
        if isinstance(q, syntax.Quantity) and q.kind == "W" and not q.layer:
            return syntax.Sum(q.letter, syntax.Power(q, node.exponent))
    return node


def is_whole(node: syntax.Node) -> bool:
    """Return whether every derivative is still by a letter."""
    return all(
        isinstance(part.by, syntax.Quantity) for part in syntax.every(syntax.Derivative, node)
    )


def is_softmax(link: Link) -> bool:
    """Return whether a formula writes a softmax out, as e^z over a Σ of them."""
    below = [node.below for node in syntax.every(syntax.Quotient, link)]
    return any(
        syntax.every(syntax.Power, sum_)
        for part in below
        for sum_ in syntax.every(syntax.Sum, part)
    )


def is_bare(link: Link) -> bool:
    """Return whether no letter but the cost says which layer or unit it is of."""
    return not any(is_placed(q) for q in syntax.quantities(link) if q.kind != "c")


def is_placed(q: syntax.Quantity) -> bool:
    """Return whether a letter says its layer or unit; inputs and outputs need not."""
    return bool(q.units) or not (q.layer is None or (q.layer in ENDS and q.letter in "xXyYŷtT"))


def counts_outputs(link: Link) -> bool:
    """Return whether a formula has an index for the units of the output, which are several then."""
    return any(q.units and Layer("L") in (q.layer,) for q in syntax.quantities(link))


def of_other_logs(link: Link) -> Iterator[tuple[Link, str]]:
    """Yield a formula with log₂ for the log of letters."""

    def binary(node: Any) -> Any:
        log = isinstance(node, syntax.Applied) and node.function == "log"
        if not log or not syntax.quantities(node):
            return node
        return syntax.Quotient(node, syntax.Number(math.log(2.0)))

    if (other := syntax.mapped(link, binary)) != link:
        yield other, "reading log as the logarithm to base 2"


def of_whole(link: Link) -> Iterator[tuple[Link, str]]:
    """Yield δ = … for δ_j = …, where nothing on the right has an index."""
    left = link.left
    if (
        isinstance(left, syntax.Quantity)
        and len(left.units) == 1
        and not any(q.units for q in syntax.quantities(link.right))
    ):
        yield replace(link, left=replace(left, units=())), f"reading {left.letter} as all its units"


def of_examples(link: Link) -> Iterator[tuple[Link, str]]:
    """Yield a formula in which x_i is the i-th example, where i is the index of nothing else."""
    letters = syntax.quantities(link)
    units = {unit for q in letters for unit in q.units}
    if len(units) == 1 and any(not q.units for q in letters if q.kind != "c"):
        [name] = units

        def own(node: Any) -> Any:
            indexed = isinstance(node, syntax.Quantity) and node.units
            return replace(node, units=(), example=name) if indexed else node

        if not any(q.kind.endswith(("W", "b")) and q.units for q in letters):
            yield syntax.mapped(link, own), f"reading {name} as the number of an example"


def of_outputs(link: Link) -> Iterator[tuple[Link, str]]:
    """Yield a formula in which y is what the network gives, where it says what y is."""
    primed = syntax.mapped(link, _output)
    if primed != link:
        yield primed, "reading y' as the output"
    said = link.left.of if isinstance(link.left, syntax.Derivative) else link.left
    if isinstance(said, syntax.Quantity) and said.kind == "y":
        yield relettered(link, out=OUTS[1]), f"reading {said.letter} as the output"


def _output(node: Any) -> Any:
    """Return ŷ for y', which is first read as yᵀ."""
    turned = isinstance(node, syntax.Transpose) and syntax.kind(node.of) == "y"
    return syntax.Quantity("a", "ŷ", Layer("L")) if turned else node
