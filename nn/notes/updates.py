"""Steps of gradient descent, w ← w - η ∂C/∂w: which formula is one, and which step is right."""

from __future__ import annotations

from dataclasses import replace

from nn.notes import syntax
from nn.notes.context import ETA, Context
from nn.notes.evaluation import evaluated
from nn.notes.tensors import EXAMPLES, Tensor, difference


def updated(link: syntax.Link) -> syntax.Node | None:
    """Return what is added to a parameter in w ← w + …, or None where it is no update.

    With "=" it is one where the parameter stands on both sides and a rate beside it.
    """
    rate = any(n.name == "η" for n in syntax.every(syntax.Constant, link.right))
    left = _bare(link.left)
    if not isinstance(left, syntax.Quantity) or left.kind not in ("W", "b"):
        return None
    if not isinstance(link.right, syntax.Plus) or not (rate or link.relation == "←"):
        return None
    terms = _terms(link.right)
    rest = [term for term in terms if term != link.left]
    if len(rest) == len(terms) and rate and link.left in syntax.nodes(link.right):
        return syntax.Plus(link.right, syntax.Minus(link.left))  # w ← (1 - ηλ) w - …
    if len(rest) != len(terms) - 1 or not rest:
        return None
    total = rest[0]
    for term in rest[1:]:
        total = syntax.Plus(total, term)
    return total


def _bare(node: syntax.Node) -> syntax.Node:
    return node.of if isinstance(node, syntax.Transpose) else node


def _terms(node: syntax.Node) -> list[syntax.Node]:
    if isinstance(node, syntax.Plus):
        return [*_terms(node.left), *_terms(node.right)]
    return [node]


def true_step(link: syntax.Link, taken: Tensor, at: Context) -> tuple[Tensor, Tensor]:
    """Return a step beside -η times the derivative: of the mean cost, or of one example's."""
    parameter = _bare(link.left)
    assert isinstance(parameter, syntax.Quantity)
    meaning = "mean"
    if any(kind == "sum" for _, kind in at.convention.costs):
        meaning = "sum"
    if EXAMPLES in taken.axes:
        meaning = "example"
    letter = "C"
    costs: tuple[tuple[str, str], ...] = ((letter, meaning),)
    if at.convention.terms:
        letter, costs = at.convention.terms[0][0], at.convention.costs

    truth = replace(at, convention=at.convention.with_(costs=costs))
    by: syntax.Node = syntax.Derivative(syntax.Quantity("c", letter), parameter)
    slope = evaluated(syntax.Transpose(by) if parameter != link.left else by, truth)
    return difference(Tensor(-ETA * slope.array, slope.axes), taken, False)
