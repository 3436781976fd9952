"""Whether a formula holds: both sides on several networks, over every layer, unit and example.

A formula holds where it does on all networks that have its layers. What it leaves open (`Readings`)
may be read so that it holds, but on all networks alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any, NamedTuple

from nn.notes import syntax
from nn.notes.chains import RULES
from nn.notes.context import Context, Readings
from nn.notes.conventions import Convention
from nn.notes.errors import Meaningless, OutOfRange, Unreadable
from nn.notes.evaluation import evaluated
from nn.notes.levels import placed, units_of, unplaced
from nn.notes.tensors import EXAMPLES, Tensor, difference
from nn.notes.updates import true_step, updated
from nn.notes.worlds import SHAPES, Widths, World, Worlds

ROUNDING = 1e-10  # of the largest number on the way
KNOWN = {"", "L", "input"}  # layers that are no letter for any
SCOUTS = (0, 3)  # networks that show most slips, asked first
MOST_READINGS = 24


class Outcome(NamedTuple):
    """What was found: whether it held, at how many networks, else where and how far it fails."""

    holds: bool
    networks: int = 0
    where: tuple[tuple[str, int], ...] = ()
    left: float | None = None
    right: float | None = None
    distance: float = 0.0
    reason: str = ""


class Judge:
    """Evaluates formulas on the networks of one check; what it found is kept."""

    def __init__(self, worlds: Worlds | None = None, given: World | None = None) -> None:
        self.worlds, self.given = worlds or Worlds(), given
        self.asked = 0
        self._kept: dict[object, Outcome] = {}

    def outcome(self, link: syntax.Link, convention: Convention, quick: bool = False) -> Outcome:
        """Return how a formula does under a convention; `quick` on two networks alone.

        Raises Unreadable for a formula that has no number.
        """
        key = link, convention, quick
        if key not in self._kept:
            self.asked += 1
            self._kept[key] = self._found(link, convention, quick)
        return self._kept[key]

    def holds(self, link: syntax.Link, convention: Convention) -> bool:
        """Return whether a formula holds on all networks: on two of them first."""
        try:
            quick = self.outcome(link, convention, quick=True).holds
            return quick and self.outcome(link, convention).holds
        except Unreadable:
            return False

    def _found(self, link: syntax.Link, convention: Convention, quick: bool) -> Outcome:
        first = None
        trees = dict.fromkeys([link, leftward(link), operating(link)])
        ways = [(each, r) for each in trees for r in readings_of(each)]
        if len({layer.symbol for layer in syntax.layers(link)} - KNOWN) == 2:
            ways += [
                (link, Readings(within=way, apart=apart)) for way in "≤≥" for apart in range(3)
            ]
        for tree, readings in ways:
            found = self._under(tree, convention, readings, quick)
            if found.holds:
                return found
            if first is None or (first.left is None and found.left is not None):
                first = found
        assert first is not None
        return first

    def _under(
        self, link: syntax.Link, convention: Convention, readings: Readings, quick: bool
    ) -> Outcome:
        depth = 1 if _is_one_layer(link, convention.setting.one) else self._depth(link, convention)
        link = placed(link, convention, readings.lowered)
        held = 0
        for world in self._networks(convention, depth, quick, _widths(link, convention)):
            failure, seen = on_network(link, world, convention, readings)
            if failure:
                return failure
            held += seen
        if not held:
            return Outcome(False, reason="no network has its layers")
        return Outcome(True, held, reason=_scope(link, readings))

    def _depth(self, link: syntax.Link, convention: Convention) -> int | None:
        """Return how many layers a network must have for a formula of numbered layers."""
        last = convention.depth
        if not last or last <= convention.first or not _numbered(link):
            return None
        return last - convention.first

    def _networks(
        self, convention: Convention, depth: int | None, quick: bool, widths: Widths
    ) -> Iterator[World]:
        if self.given:
            yield self.given
            return
        for number in SCOUTS if quick else range(len(SHAPES)):
            yield self.worlds.world(number, convention.setting, depth, widths)


def _scope(link: syntax.Link, readings: Readings) -> str:
    """Return for which of its layers a formula was held, if not for all."""
    if not readings.within:
        return ""
    first, second = sorted({layer.symbol for layer in syntax.layers(link)} - KNOWN)
    by = f" - {readings.apart}" if readings.apart else ""
    if readings.within == "≤":
        return f"where {first} ≤ {second}{by}"
    return f"where {second} ≤ {first}{by}"


def _widths(link: syntax.Link, convention: Convention) -> Widths:
    """Return how many units layers must have where a formula writes out z_1 = w_11 x_1 + w_12 x_2.

    A layer of which it names several units has those, any other one more.
    """
    named: dict[syntax.Layer, set[int]] = {}
    for q in syntax.quantities(link):
        for unit, layer in units_of(q, q.layer, convention) if q.layer else ():
            if unit.isdecimal():
                from_input = layer.symbol == ""
                level = replace(layer, offset=layer.offset - convention.first * from_input)
                named.setdefault(level, set()).add(int(unit) + convention.zero)
    return tuple(
        (level.symbol, level.offset, max(units) + (len(units) == 1))
        for level, units in named.items()
    )


def _is_one_layer(link: syntax.Link, one: str) -> bool:
    """Return whether weights without a layer lead from the input to a target at once."""
    letters = syntax.quantities(link)
    weights = [q for q in letters if q.kind.endswith("W")]
    ends = {q.layer for q in letters if q.kind in ("a", "y") and q.layer}
    return (
                bool(weights)
        and all(q.layer is None and len(q.units) < 2 for q in weights)
        and syntax.Layer("input") in ends
        and (syntax.Layer("L") in ends or (one != "" and all(q.units for q in weights)))

    )  # fmt: skip


def leftward(link: syntax.Link) -> syntax.Link:
    """Return A ⊙ B C read from left to right, as (A ⊙ B) C."""

    def turned(node: Any) -> Any:
        if (
            isinstance(node, syntax.Product)
            and node.sign == "⊙"
            and isinstance(node.right, syntax.Product)
        ):
            inner = node.right
            return syntax.Product(
                turned(syntax.Product(node.left, inner.left, "⊙")), inner.right, inner.sign
            )
        return node

    return syntax.mapped(link, turned)


def operating(link: syntax.Link) -> syntax.Link:
    """Return ∂/∂w of all factors that stand to its right, side by side."""

    def gathered(node: Any) -> Any:
        left = getattr(node, "left", None)
        if not isinstance(node, syntax.Product) or not isinstance(left, syntax.Derivative):
            return node
        if node.sign or not left.operator:
            return node
        return replace(left, of=syntax.Product(left.of, node.right))

    return syntax.mapped(link, gathered)


def _numbered(link: syntax.Link) -> bool:
    return any(layer.symbol == "" for layer in syntax.layers(link))


def readings_of(link: syntax.Link) -> list[Readings]:
    """Return the ways in which what a formula leaves open can be read, the usual one first."""
    tree = syntax.nodes(link)
    bare: tuple[str, ...] = ("everything",)
    if any(isinstance(node, syntax.Sum) and not node.index for node in tree):
        bare = ("units", "everything", "examples")
    lone: tuple[str, ...] = ("unit",)
    if any(
        isinstance(n, syntax.Derivative) and not n.by.units and getattr(n.of, "kind", "") != "c"
        for n in tree
    ):  # fmt: skip
        lone = ("unit", "flipped")
    strips = any(q.kind.endswith("W") and len(q.units) == 1 for q in syntax.quantities(link))
    lowered = [frozenset[int]()]
    free = [q for _, q in unplaced(link) if not q.units]
    if any(not q.units for q in free):
        lowered = list(_shifts([q for _, q in unplaced(link)]))
    every = product(bare, lone, (False, True)[: 1 + strips], lowered)
    return [Readings(*each) for each in every][:MOST_READINGS]


def _shifts(free: list[syntax.Quantity]) -> Iterator[frozenset[int]]:
    """Yield which of the letters without layers may be meant of the layer below or above."""
    lower = [k for k, q in enumerate(free) if q.kind.endswith("a") and not q.units]
    upper = [k for k, q in enumerate(free) if k and q.kind in ("W", "delta", "dz") and not q.units]
    yield frozenset()
    for k in lower:
        yield frozenset({k})
    if len(lower) > 1:
        yield frozenset(lower)
    if len(upper) > 1:
        yield frozenset(upper)


def on_network(
    link: syntax.Link, world: World, convention: Convention, readings: Readings
) -> tuple[Outcome | None, int]:
    """Return the first failure on one network or None, and 1 if it has the layers for it."""
    free = frozenset(unit for q in syntax.quantities(link.left) for unit in q.units)
    symbols, seen = sorted({layer.symbol for layer in syntax.layers(link)} - KNOWN), 0
    for numbers in product(range(world.depth + 2), repeat=min(len(symbols), 2)):
        if readings.within:
            lower, upper = numbers if readings.within == "≤" else numbers[::-1]
            if lower + readings.apart > upper:
                continue
        layers = dict(zip(symbols, numbers, strict=False))
        at = Context(world, convention, layers, RULES, readings, free)
        where = tuple((name, n + convention.first) for name, n in layers.items())
        try:
            failure = compared(link, at)
        except OutOfRange:
            continue
        except Meaningless as problem:
            return Outcome(False, 0, where, reason=str(problem), distance=float("inf")), 1
        except KeyError as problem:
            raise Unreadable(f"what is {problem.args[0]}?") from None
        if not readings.within or sides(link, at)[0].array.any():
            seen = 1  # where the layers are restricted, 0 = 0 tells nothing
        if failure:
            return failure._replace(where=where + failure.where), 1
    return None, seen


def compared(link: syntax.Link, at: Context) -> Outcome | None:
    """Return where the two sides differ by more than rounding, or None."""
    import numpy as np

    left, right = sides(link, at)
    largest = max(at.size, 1e-300)
    apart = np.abs(left.array - right.array)
    wrong = ~(apart <= ROUNDING * largest)
    if not wrong.any():
        return None
    place = tuple(int(k) for k in np.argwhere(wrong)[0])
    seen = [
        pair for pair in zip(left.axes, place, strict=True) if pair[0] != EXAMPLES or at.world.m > 1
    ]
    names = tuple(
        (axis if axis != EXAMPLES else "example", k)
        for axis, k in sorted(seen, key=lambda pair: pair[0] == EXAMPLES)
    )
    scale = max(float(np.abs(left.array).max()), float(np.abs(right.array).max()), 1e-300)
    return Outcome(
        False, 0, names, float(left.array[place]), float(right.array[place]),
        float(apart.max()) / scale,
    )  # fmt: skip


def sides(link: syntax.Link, at: Context) -> tuple[Tensor, Tensor]:
    """Return both sides on the same axes; of an update, the step and the one that is right."""
    if step := updated(link):
        taken = evaluated(step, at)
        return true_step(link, taken, at)
    left, right = evaluated(link.left, at), evaluated(link.right, at)
    constant = isinstance(link.right, syntax.Number) or (
        isinstance(link.right, syntax.Constant) and link.right.name == "m"
    )
    return difference(left, right, constant)
