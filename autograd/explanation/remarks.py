"""What is special about a derivative, in a sentence: zero, cancelled, or not a number."""

from __future__ import annotations

import math

from autograd.engine import Value, topological
from autograd.explanation.chain import Chain
from autograd.explanation.numerals import figure

CANCELLED = 1e-9  # of the terms: below, a sum is called cancelled


def remarks(why: Chain) -> list[str]:
    """Return the sentences that a plain derivative does not need; [] for most."""
    start, end = (why.notation.formula(node).text for node in (why.wrt, why.output))
    if why.wrt.constant:
        return [f"{start} is a constant: nothing is differentiated by it."]
    if why.wrt is why.output:
        return [f"The output is {start} itself."]
    if not why.terms.nodes and why.wrt in topological(why.output):
        return [f"Nothing passes from {start} to {end}: operands on every way are held constant."]
    if not why.terms.nodes:
        return [f"{end} does not depend on {start}: no path leads from {start} to {end}."]
    if not math.isfinite(why.value):
        return [_origin(why)]
    if why.value == 0.0 and why.terms[0].value == 0.0:
        return [_zero_factor(why)]
    return _cancelled(why)


def _cancelled(why: Chain) -> list[str]:
    """Return where contributions cancel, if they do."""
    for step in why.steps(None if why.value == 0.0 else 1):
        values = [c.value for c in step.contributions if c.value]
        if values and abs(step.adjoint) <= CANCELLED * math.fsum(map(abs, values)):
            numbers = ", ".join(map(figure, sorted(values, key=abs, reverse=True)[:4]))
            numbers += ", …" * (len(values) > 4)
            what = "cancel exactly" if step.adjoint == 0.0 else "cancel but for rounding"
            return [f"The contributions {numbers} of the users of {_name(why, step.node)} {what}."]
    return []


def _zero_factor(why: Chain) -> str:
    """Return which partial makes even the largest path zero."""
    term = why.terms[0]
    for node, user, partial in zip(term.nodes, term.nodes[1:], term.partials, strict=False):
        if partial == 0.0:
            below, above = _name(why, node), _name(why, user)
            return (
                f"Every path holds a factor 0, as ∂{above}/∂{below} = 0 "
                f"where {below} = {figure(node.data)}."
            )
    return "The product of the partials is smaller than any float but 0."


def _origin(why: Chain) -> str:
    """Return where a derivative that is not finite comes from."""
    for node in topological(why.output):
        if not math.isfinite(node.data) and math.isnan(node.data) >= math.isnan(why.value):
            made = f" = {why.notation.definition(node).text}" if node.op else ""
            return f"{figure(node.data)} comes first from {_name(why, node)}{made}."
    for node in why.terms.nodes:
        for edge in why.terms.uses[node]:
            if not math.isfinite(edge.partial):
                below, above = _name(why, node), _name(why, edge.user)
                return (
                    f"{figure(edge.partial)} comes first from ∂{above}/∂{below} "
                    f"where {below} = {figure(node.data)}."
                )
    return "Every number and every partial is finite, but their products are too large for a float."


def _name(why: Chain, node: Value) -> str:
    text = why.notation.formula(node).text
    return text if why.notation.name(node) else f"({text})"
