"""The reverse sweep: the chain rule over a graph, operands before users, then back.

A node has `_function` (None for a leaf), `operands`, `_data` and `_stamp`; an operand that is
no node is a float. Nothing here makes nodes, so that this module stands below them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from autograd import errors
from autograd.families import Family, members, push_together

CONSTANT = -1  # the stamp of a number that was used as an operand


Rules = tuple[Callable[..., Any], ...] | Callable[..., Sequence[Any]]  # one each, or one for all


class Rule(Protocol):
    """What made a node: its name, and the rules of its local partials."""

    name: str
    arity: int | None
    partials: Rules
    together: Any


class Watcher(Protocol):
    """What thread modes are told; nobody is asked while no mode is in use."""

    def created(self, node: Any) -> Any: ...
    def looked(self, node: Any) -> None: ...
    def measured(self, root: Any) -> None: ...
    def compared(self, node: Any, other: Any, symbol: str, verdict: bool) -> None: ...
    def sweeping(self, root: Any, seed: float) -> None: ...


def flat(*operands_and_out: Any) -> float:
    """Return 0.0: the rule of an operand to which nothing passes, not even 0 · an infinity.

    What only such operands depend on is not differentiated at all.
    """
    return 0.0


indexed: list[Rules] = []  # single rules whose last operand is an index: nothing passes to it


class Clock:
    """The time of the last write to any leaf."""

    now = 0


clock = Clock()


def order(root: Any) -> list[Any]:
    """Return every node that `root` depends on, itself last, parents before children."""
    found: list[Any] = []
    seen: set[Any] = set()
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        if node is None:  # the operands of the next one are in place
            found.append(stack.pop())
        elif node not in seen and node.__class__ is not float:
            seen.add(node)
            if node._y is not None:
                stack += (node, None, node._y, node._x)
            elif node.__class__ is Family:
                stack += node.values[::-1]
            elif node._x is not None:
                stack += (node, None, *node.operands[::-1])
            else:
                found.append(node)
    return found


def between(root: Any, wrt: Iterable[Any]) -> list[Any]:
    """Return the nodes that root depends on and that depend on `wrt`, parents first."""
    reached = set(wrt)
    families: dict[Family, bool] = {}  # whether any of the operands is reached
    found = []
    for node in order(root):
        family = node._x
        if family.__class__ is not Family:
            depends = not reached.isdisjoint(node.operands)
        else:
            depends = families.setdefault(family, not reached.isdisjoint(family.values))
        if node in reached or depends:
            reached.add(node)
            found.append(node)
    return found


def sweep(nodes: list[Any], seed: float) -> dict[Any, float]:
    """Apply the chain rule to nodes in reverse; the seed goes to the last one.

    The adjoints are kept apart from the nodes until all is well. Operands outside of
    `nodes`, constants among them, are passed over.
    """
    totals: dict[Any, float] = {node: 0.0 for node in nodes if node._stamp != CONSTANT}
    if nodes:
        totals[nodes[-1]] = seed
    for node in reversed(nodes):
        if node._stamp < clock.now and node._function is not None:
            require_fresh(node)
    nodes, families = _reached(nodes), dict[Family, list[Any]]()
    try:
        for node in reversed(nodes):
            function = node._function
            if function is None:
                continue
            if function.arity != 2:
                if node._x.__class__ is Family and not families:
                    families = members(nodes)
                _push(node, totals, families)
                continue
            x, y, out = node._x, node._y, node._data  # the usual case, written out for speed
            a = x if x.__class__ is float else x._data
            b = y if y.__class__ is float else y._data
            adjoint = totals[node]
            by_x, by_y = function.partials
            if x in totals and by_x is not flat:
                totals[x] += adjoint * by_x(a, b, out)
            if y in totals and by_y is not flat:
                totals[y] += adjoint * by_y(a, b, out)
    except (ValueError, ZeroDivisionError) as cause:
        raise errors.no_derivative(node, cause) from None
    return totals


def _reached(nodes: list[Any]) -> list[Any]:
    """Return those of the nodes that an adjoint of the last one reaches: usually all of them."""
    stopping = {f for f in {node._function for node in nodes} if f and stops(f.partials)}
    if not stopping:
        return nodes
    found: set[Any] = {nodes[-1]}
    for node in reversed(nodes):
        x = node._x
        if node not in found or (x.__class__ is Family and x in found):
            continue
        if node._function in stopping and x.__class__ is not Family:
            found.update(passing(node._function.partials, node.operands))
        elif x.__class__ is Family:
            found.update((x, *x.values))
        else:
            found.update(x if x.__class__ is tuple else (x, node._y))
    return [node for node in nodes if node in found]


def _push(node: Any, totals: dict[Any, float], families: dict[Family, list[Any]]) -> None:
    """Add adjoint · ∂node/∂operand to the total of each operand that has one.

    A node of a family waits for the first of them, unless it is alone.
    """
    if node._x.__class__ is Family and len(families[node._x]) > 1:
        if node is families[node._x][0]:
            push_together(families[node._x], totals)
        return
    operands = node.operands
    rules = node._function.partials
    slots = [k for k in passing(rules, range(len(operands))) if operands[k] in totals]
    adjoint = totals[node]
    for k, partial in zip(slots, partials(node, slots), strict=True):
        totals[operands[k]] += adjoint * partial


def stops(rules: Rules) -> bool:
    """Return whether there is an operand to which nothing passes."""
    return flat in rules if isinstance(rules, tuple) else rules in indexed


def passing(rules: Rules, operands: Any) -> Any:
    """Return the operands, or what is given for each of them, to which anything passes."""
    if isinstance(rules, tuple):
        return [x for x, rule in zip(operands, rules, strict=True) if rule is not flat]
    return operands[:-1] if stops(rules) else operands


def partials(node: Any, slots: Sequence[int]) -> list[float]:
    """Return ∂node/∂operand as numbers for the operands at `slots`."""
    numbers = [x if x.__class__ is float else x._data for x in node.operands]
    return local(node._function.partials, numbers, node._data, slots)


def local(rules: Rules, operands: Sequence[Any], out: Any, slots: Iterable[int]) -> list[Any]:
    """Return ∂out/∂operand for the operands at `slots`; the rules of no others are asked."""
    if isinstance(rules, tuple):
        return [rules[k](*operands, out) for k in slots]
    every = rules(*operands, out)
    if len(every) != len(operands):
        raise ValueError
    return [every[k] for k in slots]


def require_fresh(node: Any) -> None:
    """Raise StaleGraphError if a leaf was written after this node had used it."""
    if node._x.__class__ is Family and node._x.is_fresh(node._stamp, clock.now):
        return  # nobody writes to an index, which is a constant
    for operand in node.operands:
        is_leaf = operand.__class__ is not float and operand._function is None
        if is_leaf and operand._stamp > node._stamp:
            raise errors.stale(operand, node)
