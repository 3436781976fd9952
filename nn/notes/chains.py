"""Products of derivatives without indices: ∂C/∂a ∂a/∂z ∂z/∂W, by the chain rule; and all rules."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any, NamedTuple

from nn.arguments import Array
from nn.notes.context import Context
from nn.notes.derivatives import derivative, gradient, of_vector
from nn.notes.evaluation import BASIC
from nn.notes.syntax import Derivative, Node, Product, Quantity, Sum, factors
from nn.notes.tensors import Tensor
from nn.notes.worlds import Place


class Step(NamedTuple):
    """One factor of a chain: ∂of/∂by of every example, and what a cost in it means."""

    of: Place
    by: Place
    jacobian: Array
    meaning: str
    letter: Quantity


def chained(node: Product, at: Context) -> Tensor | None:
    """Return a product in which derivatives without indices follow one another, by the chain rule.

    They may be written from the cost downwards or upwards. None where there is no such chain.
    """
    steps = [step for step in (_step(factor, at) for factor in factors(node)) if step]
    if len(steps) < 2 or len(steps) < len(factors(node)):
        return None
    if steps[0].by != steps[1].of:
        steps.reverse()
    if any(one.by != two.of for one, two in itertools.pairwise(steps)):
        return None
    import numpy as np

    found = steps[0].jacobian
    for step in steps[1:]:
        found = np.einsum("xoi,xib->xob", found, step.jacobian)
    by = steps[-1].letter
    if steps[0].of[0] == "c":
        return gradient(found[:, 0], steps[0].meaning, by, at)
    return of_vector(found, by, at)


def _step(node: Node, at: Context) -> Step | None:
    """Return a factor as a step of a chain, or None where it is none."""
    if isinstance(node, Quantity) and node.kind in ("delta", "dz", "da") and not node.units:
        place = at.place(node)
        scale, meaning = float(at.convention.sign), "example"
        if node.kind != "delta":
            scale, meaning = 1.0, "mean" if at.convention.small else "example"
        return Step(("c", 0), place, scale * at.world.jacobian(("c", 0), place), meaning, node)
    if not isinstance(node, Derivative) or node.by.units or not isinstance(node.of, Quantity):
        return None
    if node.by.kind == "y":
        return None
    of, by = at.place(node.of), at.place(node.by)
    if node.of.units or of[0] not in ("c", "z", "a"):
        return None
    meaning = "example" if node.of.example else at.convention.cost(node.of.letter)
    meaning = meaning if of[0] == "c" else ""
    return Step(of, by, at.world.jacobian(of, by), meaning, node.by)


def _product_rule(node: Product, at: Context) -> Tensor:
    chain = chained(node, at)
    return BASIC[Product](node, at) if chain is None else chain


def _sum_rule(node: Sum, at: Context) -> Tensor:
    """Return a Σ; one without index of a derivative may be the derivative of the Σ."""
    if not node.index and isinstance(node.body, Derivative) and at.readings.bare == "everything":
        return derivative(replace(node.body, of=replace(node, body=node.body.of)), at)
    return BASIC[Sum](node, at)  # type: ignore[no-any-return]


RULES: dict[type, Any] = {
    **BASIC, Product: _product_rule, Sum: _sum_rule, Derivative: derivative
}  # fmt: skip
