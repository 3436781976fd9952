"""Which layer a letter without a number belongs to: its indices tell.

An index runs over the units of one layer. A W_ij from i to j puts j one layer above i, a letter
with a number fixes the layer of its indices, and one whose indices are fixed gets their layer.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from nn.notes import syntax
from nn.notes.conventions import Convention

HERE = syntax.Layer("l")
ABOVE = {("z", "a"), ("z", "z"), ("a", "a")}  # ∂z_k/∂a_j is not 0 where k is one layer above j


def placed(
    link: syntax.Link, convention: Convention, lowered: frozenset[int] = frozenset()
) -> syntax.Link:
    """Return a formula in which every quantity has a layer, and no index is bound twice.

    `lowered` are the numbers of those without indices and layers that belong to the layer below
    (of an activation) or above (of a weight or a δ).
    """
    link = _apart(syntax.mapped(link, _untransposed))
    anchors: dict[str, syntax.Layer] = {}
    pairs = _neighbours(link)
    while True:
        for q in syntax.quantities(link):
            if q.layer:
                for unit, layer in units_of(q, q.layer, convention):
                    if not unit.isdecimal():
                        anchors.setdefault(unit, layer)
        for upper, lower in pairs:
            if lower in anchors:
                anchors.setdefault(upper, anchors[lower] + 1)
            elif upper in anchors:
                anchors.setdefault(lower, anchors[upper] + -1)
        new = _with_known_layers(link, anchors, convention)
        if new is None:
            break
        link = new
    return _without_indices(link, lowered, convention)


def _untransposed(node: Any) -> Any:
    """Return (Wᵀ)_kj as W_jk."""
    if (
        isinstance(node, syntax.Transpose)
        and isinstance(node.of, syntax.Quantity)
        and len(node.of.units) == (2 if node.of.kind.endswith("W") else 1)
    ):
        return replace(node.of, units=node.of.units[::-1])
    return node


def units_of(
    q: syntax.Quantity, layer: syntax.Layer, convention: Convention
) -> list[tuple[str, syntax.Layer]]:
    """Return the indices of a quantity of some layer, each with the layer of its units."""
    entered = layer + (convention.leaving and q.kind[-1] in "Wb")
    if len(q.units) == 1 and q.kind.endswith("W") and convention.setting.one:
        return [(q.units[0], entered + -1)]
    if len(q.units) == 1 or not q.kind.endswith("W"):
        return [(unit, entered) for unit in q.units]
    levels = (entered, entered + -1) if convention.order == "target" else (entered + -1, entered)
    return list(zip(q.units, levels, strict=False))


def _neighbours(link: syntax.Link) -> list[tuple[str, str]]:
    """Return pairs of indices, the first of the layer above: k and j of ∂z_k/∂a_j."""
    found = []
    for node in syntax.nodes(link):
        if isinstance(node, syntax.Derivative) and isinstance(node.of, syntax.Quantity):
            of, by = node.of, node.by
            apart = len(of.units) == len(by.units) == 1 and of.units != by.units
            if apart and of.layer is by.layer is None and (of.kind, by.kind) in ABOVE:
                found.append((of.units[0], by.units[0]))
    return found


def _with_known_layers(
    link: syntax.Link, anchors: dict[str, syntax.Layer], convention: Convention
) -> syntax.Link | None:
    """Return the formula with one more layer written, or None where all indices have told."""
    bare = [
        (path, q) for path, q in syntax.occurrences(link)
        if isinstance(q, syntax.Quantity) and q.units and q.layer is None
    ]  # fmt: skip
    for path, q in bare:
        for unit, level in units_of(q, HERE, convention):
            if unit in anchors:
                at = anchors[unit]
                layer = syntax.Layer(at.symbol, at.offset - (level.offset - HERE.offset))
                return syntax.rebuilt(link, path, replace(q, layer=layer))
    if not bare:
        return None
    path, q = bare[0]
    every = syntax.quantities(link)
    alike = [p.layer for p in every if p.layer and p.kind == q.kind]
    inputs = [p.units for p in every if p.layer == syntax.Layer("input")]
    if any(all(map(str.isdecimal, units)) for units in inputs):  # x, or x_1, tells no index's layer
        alike = [syntax.Layer("input", 1)]
    return syntax.rebuilt(link, path, replace(q, layer=alike[0] if alike else HERE))


def _apart(link: syntax.Link) -> syntax.Link:
    """Return the formula with a name of its own for every index under a Σ."""
    bound = Counter(
        node.index for node in syntax.nodes(link) if isinstance(node, syntax.Sum) and node.index
    )
    used = Counter(unit for q in syntax.quantities(link) for unit in q.units)
    fresh = iter(range(1000))

    def renamed(node: Any) -> Any:
        if not isinstance(node, syntax.Sum) or not node.index:
            return node
        if any(q.example == node.index for q in syntax.quantities(node.body)):
            return node  # a sum over examples, whatever else has that letter
        inside = Counter(unit for q in syntax.quantities(node.body) for unit in q.units)
        if bound[node.index] < 2 and inside[node.index] == used[node.index]:
            return node
        name = f"{node.index}{next(fresh)}"
        return replace(node, index=name, body=syntax.with_unit(node.body, node.index, name))

    return syntax.mapped(link, renamed)


def _without_indices(
    link: syntax.Link, lowered: frozenset[int], convention: Convention
) -> syntax.Link:
    """Return the formula with the layer of the others for all that tells none."""
    here = _here(link)
    for number, (path, q) in enumerate(unplaced(link)):
        steps = (-1 if q.kind.endswith("a") else 1) if number in lowered else 0
        steps -= convention.leaving and q.kind[-1] in "Wb"
        link = syntax.rebuilt(link, path, replace(q, layer=here + steps))
    return link


def _here(link: syntax.Link) -> syntax.Layer:
    """Return the layer that a formula is about: a target or a softmax stands at the output."""
    known = [
        q.layer for q in syntax.quantities(link) if q.layer and q.layer != syntax.Layer("input")
    ]
    whole = any(
        isinstance(n, syntax.Applied) and n.function == "softmax" for n in syntax.nodes(link)
    )
    if known:
        alike = {layer.symbol for layer in known} == {known[0].symbol}
        defines = syntax.kind(link.left) in ("z", "a") and getattr(link.left, "layer", 0) is None
        return max(known, key=lambda layer: layer.offset) if alike and defines else known[0]
    if whole:
        return syntax.Layer("L")
    return syntax.Layer("input", 1) if any(q.layer for q in syntax.quantities(link)) else HERE


def unplaced(link: syntax.Link) -> list[tuple[tuple[str, ...], syntax.Quantity]]:
    """Return the quantities without layer and indices, but for the cost, in order."""
    return [
        (path, q) for path, q in syntax.occurrences(link)
        if isinstance(q, syntax.Quantity) and q.layer is None and q.kind != "c"
    ]  # fmt: skip
