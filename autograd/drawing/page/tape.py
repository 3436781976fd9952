"""A graph as a tape: what the page needs to compute all of it anew when a number is changed.

The nodes stand in the order they were computed, each with its rule and its operands; their numbers
and gradients are the engine's, to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from autograd.derivatives.chain_rule import passed_to
from autograd.drawing.colours import clean
from autograd.drawing.page.literals import entry
from autograd.drawing.page.rules import Rules
from autograd.drawing.subject import Subject
from autograd.engine import Value, adjoints, topological
from autograd.table import PRIMITIVES

MOST = 20_000  # nodes and constants; the page computes them 30 times a second up to 2 500


class Tape(NamedTuple):
    """The tape as JSON, the script of its rules, and the number of each node."""

    data: dict[str, Any]
    script: str
    places: dict[Any, int]


def tape_of(subject: Subject, limit: int = MOST) -> Tape | None:
    """Return the tape of a subject's one root; None where there is none, or it is too long."""
    order = _order(subject.roots[0], limit) if subject.roots else None
    if order is None:
        return None
    rules = Rules()
    places, nodes, numbers = _laid_out(order, rules)
    gradient = zip(order, adjoints(order[-1], order), strict=True)
    grads = [0.0] * len(nodes)
    for node, adjoint in gradient:
        grads[places[node]] = adjoint
    if subject.network is not None and subject.network.samples > 1:
        _put_means(subject, places, numbers, grads)
    reached = {*passed_to(order)}
    stuck = [x for x in order if x.op and rules.index(x.op, len(x.operands)) < 0]
    data = {
        "nodes": nodes,
        "data": list(map(entry, numbers)),
        "grads": list(map(entry, grads)),
        "root": places[order[-1]],
        "indexed": [places[x] for x in order if x.op and "#$" in _symbol(x.op)],
        "frozen": sorted({x.op for x in stuck}),
        "partials": {places[x]: list(map(entry, _partials(x))) for x in stuck},
        "unreached": [places[x] for x in order if x not in reached],
        **_leaves(subject, order, places),
        **_examples(subject, places),
    }
    return Tape(data, rules.script(), places)


def _partials(node: Value) -> Sequence[float]:
    """Return the local partials; NaN where there are none, for no adjoint reaches the node."""
    try:
        return node.partials
    except (ArithmeticError, ValueError):
        return (math.nan,) * len(node.operands)


def _laid_out(
    order: Sequence[Value], rules: Rules
) -> tuple[dict[Any, int], list[Any], list[float]]:
    """Return the place of each node; rule and operands, or 0, at each place; its number."""
    places: dict[Any, int] = {}
    nodes: list[Any] = []
    numbers: list[float] = []
    for node in order:
        operands = [_place(x, places, nodes, numbers) for x in node.operands]
        places[node] = len(nodes)
        nodes.append([rules.index(node.op, len(operands)), *operands] if node.op else 0)
        numbers.append(node.data)
    return places, nodes, numbers


def _put_means(
    subject: Subject, places: dict[Any, int], numbers: list[float], grads: list[float]
) -> None:
    """Put what a picture has over all examples in place of the numbers of the first."""
    network = subject.network
    if network is None:
        return
    parameters = iter(subject.options.get("parameters", ()))
    found: list[tuple[Value, float, float]] = [(subject.roots[0], network.cost or 0.0, 1.0)]
    for units, layer in zip(subject.units, network.layers, strict=True):
        for W, dW in zip((*layer.W, layer.b), (*layer.dW, layer.db), strict=True):
            found += [(next(parameters), w, dw) for w, dw in zip(W, dW, strict=True)]
        for (z, a), *known in zip(units, layer.z, layer.a, layer.delta, strict=True):
            found += [(z, known[0], known[2]), (a, known[1], 0.0)]
    inputs = subject.options.get("inputs", ())
    found += [(x, mean, 0.0) for x, mean in zip(inputs, network.inputs, strict=False)]
    for node, number, grad in found:
        if node in places:
            numbers[places[node]], grads[places[node]] = number, grad


def _symbol(op: str) -> str:
    return PRIMITIVES[op].symbol if op in PRIMITIVES else ""


def _order(root: Value, limit: int) -> list[Value] | None:
    """Return the nodes below a root, parents first; None if there are more than `limit`."""
    seen, queue = {root}, [root]
    for node in queue:
        for operand in node.operands:
            if operand.__class__ is Value and operand not in seen:
                seen.add(operand)
                queue.append(operand)
        if len(seen) > limit:
            return None
    return [node for node in topological(root) if not node.constant]


def _place(operand: Any, places: dict[Any, int], nodes: list[Any], numbers: list[float]) -> int:
    """Return the number of an operand; a constant gets one of its own."""
    if operand.__class__ is Value and not operand.constant:
        return places[operand]
    nodes.append(0)
    numbers.append(operand if operand.__class__ is float else operand.data)
    return len(nodes) - 1


def _leaves(subject: Subject, order: Sequence[Value], places: dict[Any, int]) -> dict[str, Any]:
    """Return the names of leaves and root, which leaves learn, and which are inputs."""
    leaves = [node for node in order if not node.op]
    inputs = set(subject.options.get("inputs", ()))
    learn = set(subject.options.get("parameters", ()) or leaves) - inputs - set(subject.held)
    names: dict[str, int] = {}
    known = subject.options.get("names", {})
    for node in [*leaves, subject.roots[0]]:
        label = known.get(node) or node.label
        if label or node.op:
            name_place(names, clean(label, 200) if label else "C", places[node])
    return {
        "names": names,
        "learn": [places[node] for node in leaves if node in learn],
    }


def name_place(names: dict[str, int], name: str, place: int) -> None:
    """Give a place a name of its own: the second x is `x (2)`."""
    free, count = name, 2
    while free in names:
        free, count = f"{name} ({count})", count + 1
    names[free] = place


def _examples(subject: Subject, places: dict[Any, int]) -> dict[str, Any]:
    """Return the leaves that differ from example to example, and their numbers in each."""
    if subject.examples is None:
        return {}
    leaves, rows = subject.examples
    used = [k for k, leaf in enumerate(leaves) if leaf in places]
    return {
        "varying": [places[leaves[k]] for k in used],
        "rows": [[entry(float(row[k])) for k in used] for row in rows],
    }


def edges_of(edges: Iterable[Any]) -> list[list[Any]]:
    """Return the arrows of a picture: source, target, the engine's local partial, the slot."""
    return [[edge.source, edge.target, entry(edge.local), edge.slot] for edge in edges]
