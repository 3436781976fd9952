"""What would mend the slips that people make: for each row of the table of slips, changes.

A function yields, for a formula, every formula that one change of that kind makes of it, with words
for the change. A new kind of slip is one row of `autograd.explanation.slips` and one of `CHANGES`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from autograd.explanation.slips import NAMES
from nn.notes.changes import (
    Changed,
    Path,
    addends,
    ends,
    exchanged,
    instead,
    layers,
    letters,
    open_parts,
    orders,
    other_indices,
    terms,
    throughout,
    transposes,
    without_indices,
)
from nn.notes.conventions import Convention
from nn.notes.levels import placed, units_of
from nn.notes.syntax import (
    Applied,
    Constant,
    Derivative,
    Layer,
    Link,
    Minus,
    Node,
    Number,
    Plus,
    Product,
    Quantity,
    Quotient,
    Sum,
    Transpose,
    mapped,
    nodes,
    quantities,
    rebuilt,
)
from nn.notes.writing import Style, written


class Change(NamedTuple):
    """A formula after one change, and what was changed in words."""

    link: Link
    words: str
    slip: str = ""


def changes_of(
    link: Link, convention: Convention, style: Style, names: Sequence[str] = ()
) -> Iterator[Change]:
    """Yield every single change of a formula, each result once, likelier slips first."""
    seen = {link}
    for name in names or NAMES:
        for new, words in CHANGES[name](link, convention, style):
            if new not in seen and _is_whole(new):
                seen.add(new)
                yield Change(new, words, name)


def _is_whole(link: Link) -> bool:
    """Return whether every derivative is still by a letter."""
    return all(isinstance(n.by, Quantity) for n in nodes(link) if isinstance(n, Derivative))


def slopes(link: Link, convention: Convention, style: Style) -> Changed:
    """Yield g'(z) as a further factor, and in place of g(z), a or g'(a)."""
    for factor in _units_of(link, convention):
        slope = _slope(factor, link)
        for path, node in terms(link):
            sign = "" if factor.units else "⊙"
            words = f"{written(slope, style)} as a further factor: a forgotten slope"
            yield rebuilt(link, path, Product(node, slope, sign)), words
    for path, node in open_parts(link):
        if isinstance(node, Applied) and node.function in ("g", "g'"):
            other = "g'" if node.function == "g" else "g"
            new: Node = replace(node, function=other)
            yield rebuilt(link, path, new), instead(new, node, style) + ": g and g' confused"
        if isinstance(node, Quantity) and node.kind == "a" and node.layer != Layer("input"):
            new = _slope(node, link)
            yield rebuilt(link, path, new), instead(new, node, style) + ": a where g' belongs"


def _slope(q: Quantity, link: Link) -> Applied:
    applied = [n for n in nodes(link) if isinstance(n, Applied) and n.letter]
    letter = applied[0].letter if applied else "g"
    z = Quantity("z", "z", q.layer, q.units, q.example)
    known = [n for n in quantities(link) if n.kind == "z"]
    return Applied("g'", replace(z, letter=known[0].letter if known else "z"), None, letter)


def _units_of(link: Link, convention: Convention) -> list[Quantity]:
    """Return a unit, as the letter a, for each index and each layer of a formula."""
    whole = quantities(placed(link, convention))
    bare = not any(q.layer for q in quantities(link))
    found = [
        Quantity("a", "a", None if bare else layer, (unit,))
        for q in whole if q.layer
        for unit, layer in units_of(q, q.layer, convention) if not unit[1:]
    ]  # fmt: skip
    found += [
        Quantity("a", "a", q.layer, (), q.example)
        for q in whole if not q.units and q.kind not in ("c", "y") and q.layer
    ]  # fmt: skip
    return list(dict.fromkeys(found))


def variables(link: Link, convention: Convention, style: Style) -> Changed:
    """Yield z for a, and a for z."""
    for path, q in letters(link):
        if q.kind in ("a", "z") and q.letter in "azAZ":
            pair = {"a": "z", "z": "a", "A": "Z", "Z": "A"}
            new = replace(q, letter=pair[q.letter], kind=pair[q.kind])
            yield rebuilt(link, path, new), instead(new, q, style) + ": a and z confused"


def left_out(link: Link, convention: Convention, style: Style) -> Changed:
    """Yield a formula without one of its factors, or one of its sums."""
    for path, node in open_parts(link):
        if isinstance(node, Product):
            for kept, gone in ((node.left, node.right), (node.right, node.left)):
                if not quantities(gone):
                    continue  # a number, which has a row of its own
                yield (
                    rebuilt(link, path, kept),
                    f"without {written(gone, style)}: a factor too many",
                )
        if isinstance(node, Sum) and (not node.index or not _uses(node)):
            yield rebuilt(link, path, node.body), "without Σ"


def _uses(node: Sum) -> bool:
    return any(node.index in q.units for q in quantities(node.body))


def forgotten(link: Link, convention: Convention, style: Style) -> Changed:
    """Yield a further factor: an activation, a δ or a weight of the units in the formula."""
    units = _units_of(link, convention)
    for path, node in terms(link):
        for factor in _factors(units, convention):
            words = f"{written(factor, style)} as a further factor: a forgotten factor"
            yield rebuilt(link, path, Product(node, factor)), words
            if not any(q.units for q in quantities(factor)):
                yield rebuilt(link, path, Product(factor, node)), words


def _factors(units: list[Quantity], convention: Convention) -> Iterator[Node]:
    for unit in units:
        yield replace(unit, kind="a", letter="a")
        yield replace(unit, kind="delta", letter="δ")
        if not unit.units and unit.layer:
            below = unit.layer + -1
            yield Transpose(replace(unit, layer=below))
            yield replace(unit, layer=below)
            yield Quantity("W", "W", unit.layer)
            yield Transpose(Quantity("W", "W", unit.layer))
    for one in units:
        for two in units:
            if not one.units or not two.units or one.units == two.units:
                continue
            if one.layer is None or two.layer is None or two.layer == one.layer + 1:
                pair = (*one.units, *two.units)
                pair = pair if convention.order == "source" else pair[::-1]
                layer = two.layer + -int(convention.leaving) if two.layer else None
                yield Quantity("W", "W", layer, pair)


def signs(link: Link, convention: Convention, style: Style) -> Changed:
    """Yield a term with the other sign, or the whole right side."""
    for path, node in open_parts(link):
        if isinstance(node, Minus):
            yield rebuilt(link, path, node.term), "+ for −: a sign"
        if isinstance(node, Plus) and not isinstance(node.right, Minus):
            new = replace(node, right=Minus(node.right))
            yield rebuilt(link, path, new), "− for +: a sign"
    yield replace(link, right=Minus(link.right)), "−: a sign"


def numbers(link: Link, convention: Convention, style: Style) -> Changed:
    """Yield ½, 2, m or 1/m as a further factor, or a number less."""
    half, m = Number(0.5), Constant("m")
    for path, node in addends(("right",), link.right):
        for factor, words in (
            (half, "½"), (Number(2.0), "2"), (Quotient(Number(1.0), m), "1/m"), (m, "m"),
        ):  # fmt: skip
            yield rebuilt(link, path, Product(factor, node)), f"{words} as a further factor"
    for path, part in open_parts(link):
        if isinstance(part, Quotient) and isinstance(part.below, Constant | Product):
            yield rebuilt(link, path, part.above), f"without the division by {written(part.below)}"
        if isinstance(part, Product):
            for kept, gone in ((part.right, part.left), (part.left, part.right)):
                if not quantities(gone):
                    yield rebuilt(link, path, kept), f"without {written(gone, style)}"
        if part == Number(1.0):
            yield rebuilt(link, path, half), "½ for 1"


def examples(link: Link, convention: Convention, style: Style) -> Changed:
    """Yield Σ over the examples, or their mean, and one example's cost for that of all."""
    mean = Quotient(Number(1.0), Constant("m"))
    for path, node in addends(("right",), link.right):
        total, inner = Sum("x", node), _under(path, node)
        for place, body in inner:
            yield rebuilt(link, place, Sum("x", body)), "Σ over the examples"
        yield rebuilt(link, path, Product(mean, total)), "the mean over the examples, 1/m Σ_x"
        if not any(isinstance(n, Sum) for n in nodes(node)) and not _indexed(link):
            for place, body in inner:
                words = "Σ over all entries: a number, not an array"
                yield rebuilt(link, place, Sum("", body)), words
    if change := one_example(link, convention):
        yield change.link, change.words


def _indexed(link: Link) -> bool:
    return any(q.units for q in quantities(link))


def _under(path: Path, node: Node) -> list[tuple[Path, Node]]:
    """Return a term, and what stands in it behind numbers."""
    found = [(path, node)]
    while isinstance(node, Product) and not quantities(node.left):
        path, node = (*path, "right"), node.right
        found.append((path, node))
    while isinstance(node, Product):
        path, node = (*path, "left"), node.left
        if isinstance(node, Product) and not quantities(node.left):
            found.append(((*path, "right"), node.right))
    return found[::-1]


def one_example(link: Link, convention: Convention) -> Change | None:
    """Return a formula of the mean cost as one of a single example's."""
    letter = next((q.letter for q in quantities(link) if q.kind == "c" and not q.example), "")
    meaning = convention.cost(letter)
    if not letter or meaning == "example":
        return None

    def own(node: Any) -> Any:
        return replace(node, example="x") if getattr(node, "kind", "") == "c" else node

    words = f"one example's cost for {letter}, which is the {meaning} over the examples"
    return Change(mapped(link, own), words, "examples")


def products(link: Link, convention: Convention, style: Style) -> Changed:
    """Yield ⊙ for a matrix product, and a matrix product for ⊙."""
    for path, node in open_parts(link):
        if isinstance(node, Product) and without_indices(node):
            if node.sign == "⊙":
                yield rebuilt(link, path, replace(node, sign="@")), "a matrix product for ⊙"
            else:
                yield rebuilt(link, path, replace(node, sign="⊙")), "⊙ for the matrix product"


CHANGES = {  # by the names of the table
    "indices exchanged": exchanged,
    "another index": other_indices,
    "transpose": transposes,
    "order of factors": orders,
    "slope": slopes,
    "layer": layers,
    "L for l": ends,
    "a factor too many": left_out,
    "sign": signs,
    "examples": examples,
    "number": numbers,
    "entry by entry": products,
    "a for z": variables,
    "indices exchanged throughout": throughout,
    "a factor forgotten": forgotten,
}
