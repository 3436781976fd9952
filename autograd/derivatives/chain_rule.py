"""The chain rule over a graph, forwards and backwards, with numbers or with nodes.

`gradients` is the one sweep everything else is built on. Local partials come from the rows of
the table. With numbers backwards, the engine has its own
sweep (`engine.adjoints`); what is here serves forward mode and graphs of derivatives.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any

from autograd import engine, errors, modes
from autograd.derivatives.trees import is_flat, leaves, unflatten
from autograd.engine import Value
from autograd.families import members
from autograd.reductions import total
from autograd.sweep import passing, stops
from autograd.table import PRIMITIVES

# The derivative of a graph as a sparse linear map: for each node that depends on the inputs,
# parents first, its operands that do, with ∂node/∂operand. There are sums among the nodes that
# are in no graph: see `shared_partials`.
Linear = list[tuple[Any, list[tuple[Any, Any]]]]


def gradients(output: Value, wrt: Any, *, build_graph: bool = False) -> Any:
    """Return ∂output/∂x for each Value x of the nested structure `wrt`, in that structure.

    No `.grad` is touched. With `build_graph` the results are Values that can be
    differentiated again. A constant, or a node `output` does not depend on, gets 0.

    Raises StaleGraphError where a leaf was changed after its use, and ZeroDivisionError or
    DomainError where a local partial between `wrt` and `output` does not exist.

    >>> from autograd import Value, gradients
    >>> x, y = Value(3.0), Value(2.0)
    >>> gradients(x * x * y, {"x": x, "y": y})
    {'x': 12.0, 'y': 9.0}
    >>> by_x = gradients(x * x * y, x, build_graph=True)
    >>> gradients(by_x, [x, y])
    [4.0, 6.0]
    """
    if output.__class__ is not Value:
        raise errors.not_a_value("output", output)
    modes.sweeping(output, as_numbers=not build_graph)
    sweep = graph_adjoints if build_graph else engine.adjoints
    if is_flat(wrt):
        return wrt.__class__(sweep(output, wrt))
    return unflatten(wrt, sweep(output, leaves(wrt)))


def graph_adjoints(root: Value, wrt: Sequence[Value]) -> list[Value]:
    """Return ∂root/∂x for each x of `wrt` as nodes: the chain rule backwards."""
    engine.adjoints(root, wrt)  # raises where a leaf is stale
    totals: dict[Value, Any] = {root: 1.0}
    for node, pairs in reversed(linear(root, wrt, as_operand)):
        if node in totals:
            for operand, partial in pairs:
                if is_zero(partial):
                    continue
                term = _product(partial, totals[node])
                totals[operand] = totals[operand] + term if operand in totals else term
    zero = 0.0
    found = (zero if x.constant else totals.get(x, zero) for x in wrt)
    return [x if x.__class__ is Value else Value(x) for x in found]


def linear(root: Value, wrt: Iterable[Value], read: Callable[[Any], Any]) -> Linear:
    """Return the local partials between `wrt` and `root`; `read` gives operands to rules."""
    reached = {x for x in wrt if not x.constant}
    found: Linear = []
    order = passed_to(engine.topological(root))
    families = members(order)
    for node in order:
        family = families.get(engine.family(node), ())
        if len(family) > 1:
            if node is family[0] and not reached.isdisjoint(node.operands):
                found += shared_partials(family, reached, read)
                reached.update(family)
        elif not reached.isdisjoint(node.operands):
            found.append((node, local_partials(node, reached, read)))
            reached.add(node)
    return found


def passed_to(order: Sequence[Value]) -> Sequence[Value]:
    """Return those nodes of an order that an adjoint of the last one reaches.

    On each way to the others nothing passes to an operand: they are not differentiated.
    """
    rules = {op: PRIMITIVES[op].partials for op in {node.op for node in order} if op}
    if not any(map(stops, rules.values())):
        return order
    found, families = {order[-1]}, {None}
    for node in reversed(order):
        family = engine.family(node)
        if node in found and node.op and (family is None or family not in families):
            families.add(family)
            found.update(passing(rules[node.op], node.operands))
    return [node for node in order if node in found]


def shared_partials(
    nodes: list[Value], wanted: Container[Any], read: Callable[[Any], Any]
) -> Linear:
    """Return the partials of nodes that share their operands, by way of sums: n instead of n².

    The tangents are ȯᵢ = ownᵢ ẋᵢ + factorᵢ (Σ shareₖ ẋₖ before i + Σ shareₖ ẋₖ behind i); each of
    these sums is the one before it and a term, under a name of its own.
    """
    *values, _ = nodes[0].operands
    own, factors, shares = PRIMITIVES[nodes[0].op].function.together([*map(read, values)])
    direct = zip(values, own, strict=True)
    pairs: list[list[Any]] = [[(x, partial)] if x in wanted else [] for x, partial in direct]
    found: list[Any] = []
    for places in (range(len(values)), reversed(range(len(values)))):
        terms: list[Any] = []
        for k in places:
            if terms:
                found.append((sum_so_far := object(), terms))
                pairs[k].append((sum_so_far, factors[k]))
                terms = [(sum_so_far, 1.0)]
            if values[k] in wanted:
                terms = [*terms, (values[k], shares[k])]
    return found + [(node, pairs[int(as_number(engine.index_of(node)))]) for node in nodes]


def local_partials(node: Value, wanted: Container[Any], read: Callable[[Any], Any]) -> list[Any]:
    """Return (operand, ∂node/∂operand) for the wanted operands of a node."""
    operands = node.operands
    slots = [k for k, x in enumerate(operands) if x in wanted]
    try:
        found = PRIMITIVES[node.op].local([*map(read, operands)], read(node), slots)
    except (ValueError, ZeroDivisionError) as cause:
        raise errors.no_derivative(node, cause) from None
    return [(operands[k], partial) for k, partial in zip(slots, found, strict=True)]


def as_operand(x: Any) -> Any:
    """Return what a rule takes to give a graph: Values, and floats for constants."""
    return x.data if x.__class__ is Value and x.constant else x


def as_number(x: Any) -> Any:
    """Return what a rule takes to give a number."""
    return x.data if x.__class__ is Value else x


def is_zero(partial: Any) -> bool:
    """Return whether nothing can flow along a partial: it is 0 whatever the leaves are."""
    return partial.__class__ is float and partial == 0.0


def _product(partial: Any, factor: Any) -> Any:
    """Return partial · factor, without a node where either is known to be 1, or the first -1."""
    if factor.__class__ is float and factor == 1.0:
        return partial
    if partial.__class__ is float and partial in (1.0, -1.0):
        return factor if partial == 1.0 else -factor
    return factor * partial


def tangents_of(outputs: Sequence[Value], seeds: dict[Value, Any], through: Linear) -> list[Any]:
    """Return the tangents of the outputs, given those of inputs: the chain rule forwards."""
    tangents = dict(seeds)
    for node, pairs in through:
        terms = [
            _product(partial, tangents[x])
            for x, partial in pairs
            if x in tangents and not is_zero(partial)
        ]
        if terms:
            tangents[node] = terms[0] if len(terms) == 1 else total(terms)
    return [tangents.get(x, 0.0) for x in outputs]
