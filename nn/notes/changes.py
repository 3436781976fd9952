"""Parts of a formula that a slip may be in, and changes of its indices, transposes, layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from nn.notes import syntax
from nn.notes.conventions import Convention
from nn.notes.writing import Style, written

Path = tuple[str, ...]
Changed = Iterator[tuple[syntax.Link, str]]  # formulas, each with words for its change


def open_parts(link: syntax.Link) -> list[tuple[Path, syntax.Node]]:
    """Return the parts of a formula that may be changed: a lone letter on the left is meant."""
    pure = isinstance(link.left, syntax.Quantity | syntax.Derivative)
    return [pair for pair in syntax.occurrences(link) if not (pure and pair[0][0] == "left")]


def letters(link: syntax.Link) -> list[tuple[Path, syntax.Quantity]]:
    """Return the quantities that may be changed."""
    return [(path, q) for path, q in open_parts(link) if isinstance(q, syntax.Quantity)]


def terms(link: syntax.Link) -> list[tuple[Path, syntax.Node]]:
    """Return what is added up on the right, and what stands under each Σ."""
    found = [(path, node) for path, node in syntax.occurrences(link) if path[-1] == "body"]
    whole = [(("right",), link.right)] if isinstance(link.right, syntax.Plus | syntax.Minus) else []
    return [*found, *whole, *addends(("right",), link.right)]


def addends(path: Path, node: syntax.Node) -> Iterator[tuple[Path, syntax.Node]]:
    """Yield the terms that are added up, each with where it stands."""
    if isinstance(node, syntax.Plus):
        yield from addends((*path, "left"), node.left)
        yield from addends((*path, "right"), node.right)
    elif isinstance(node, syntax.Minus):
        yield from addends((*path, "term"), node.term)
    else:
        yield path, node


def exchanged(link: syntax.Link, convention: Convention, style: Style) -> Changed:
    """Yield W_ij for W_ji."""
    for path, q in letters(link):
        if len(q.units) == 2:
            new = replace(q, units=q.units[::-1])
            yield syntax.rebuilt(link, path, new), instead(new, q, style) + ": indices exchanged"


def other_indices(link: syntax.Link, convention: Convention, style: Style) -> Changed:
    """Yield one index for another, in one letter or wherever the letter has it."""
    names = list(dict.fromkeys(unit for q in syntax.quantities(link) for unit in q.units))
    for path, q in letters(link):
        for k, old in enumerate(q.units):
            for name in names:
                if name not in q.units:
                    new = replace(q, units=(*q.units[:k], name, *q.units[k + 1 :]))
                    words = instead(new, q, style) + f": {name} for {old}"
                    yield syntax.rebuilt(link, path, new), words
                    yield replace(link, right=_with(link.right, q, new)), words


def throughout(link: syntax.Link, convention: Convention, style: Style) -> Changed:
    """Yield two indices exchanged on the whole right side."""
    names = list(dict.fromkeys(unit for q in syntax.quantities(link) for unit in q.units))
    free = [unit for unit in names if not any(_binds(n, unit) for n in syntax.nodes(link))]
    for k, one in enumerate(free):
        for two in free[k + 1 :]:
            new = _renamed(link.right, {one: two, two: one})
            words = f"{one} and {two} exchanged on the right: indices exchanged"
            yield replace(link, right=new), words


def _with(node: syntax.Node, old: syntax.Node, new: syntax.Node) -> syntax.Node:
    return syntax.mapped(node, lambda part: new if part == old else part)


def _binds(node: syntax.Node, unit: str) -> bool:
    return isinstance(node, syntax.Sum) and node.index == unit


def _renamed(node: syntax.Node, names: dict[str, str]) -> syntax.Node:
    def change(part: Any) -> Any:
        if isinstance(part, syntax.Quantity):
            return replace(part, units=tuple(names.get(u, u) for u in part.units))
        return part

    return syntax.mapped(node, change)


def instead(new: syntax.Node, old: syntax.Node, style: Style) -> str:
    """Return the words "new for old"."""
    return f"{written(new, style)} for {written(old, style)}"


def transposes(link: syntax.Link, convention: Convention, style: Style) -> Changed:
    """Yield a matrix transposed, or no longer."""
    for path, node in open_parts(link):
        if isinstance(node, syntax.Transpose):
            yield syntax.rebuilt(link, path, node.of), f"{written(node.of, style)} not transposed"
            continue
        bare = (
            isinstance(node, syntax.Quantity)
            and not node.units
            and node.kind not in ("c", "y", "b")
        )
        if bare and path[-1] != "of":
            yield (
                syntax.rebuilt(link, path, syntax.Transpose(node)),
                f"{written(node, style)} transposed",
            )


def orders(link: syntax.Link, convention: Convention, style: Style) -> Changed:
    """Yield two factors the other way round, as they stand or with one of them transposed."""
    for path, node in open_parts(link):
        if isinstance(node, syntax.Product) and without_indices(node):
            left, right = node.left, node.right
            for first, second, words in (
                (right, left, ""), (right, _turned(left), ", the second transposed"),
                (_turned(right), left, ", the first transposed"),
                (_turned(right), _turned(left), ", both transposed"),
            ):  # fmt: skip
                turned = syntax.Product(first, second, node.sign)
                yield syntax.rebuilt(link, path, turned), f"the factors the other way round{words}"
            if isinstance(left, syntax.Product):  # the last of three to the front
                for first, words in ((right, ""), (_turned(right), " and transposed")):
                    inner = syntax.Product(
                        syntax.Product(first, left.left, node.sign), left.right, left.sign
                    )
                    words = f"{written(right, style)} at the front{words}"
                    yield syntax.rebuilt(link, path, inner), words


def without_indices(node: syntax.Product) -> bool:
    """Return whether a product is one of matrices."""
    return all(not q.units for q in syntax.quantities(node))


def _turned(node: syntax.Node) -> syntax.Node:
    return node.of if isinstance(node, syntax.Transpose) else syntax.Transpose(node)


def layers(link: syntax.Link, convention: Convention, style: Style) -> Changed:
    """Yield a letter of the layer above or below, and an activation of it."""
    for path, q in letters(link):
        if q.layer and q.layer.symbol != "input" and q.kind != "y":
            for step in (1, -1):
                new = replace(q, layer=q.layer + step)
                yield syntax.rebuilt(link, path, new), instead(new, q, style) + ": another layer"


def ends(link: syntax.Link, convention: Convention, style: Style) -> Changed:
    """Yield L for l everywhere and l for L, and both in one letter alone."""
    for old, new, words in (
        ("l", "L", "at the output alone"), ("L", "l", "for any layer"),
    ):  # fmt: skip
        changed = in_layer(link, old, new)
        if changed != link:
            yield changed, f"{new} for {old}: {words}"
    for path, q in letters(link):
        if q.layer and q.layer.symbol in ("l", "L") and q.kind != "y":
            other = replace(q.layer, symbol="L" if q.layer.symbol == "l" else "l", said="")
            new_q = replace(q, layer=other)
            yield syntax.rebuilt(link, path, new_q), instead(new_q, q, style) + ": L and l"


def in_layer(link: syntax.Link, old: str, new: str) -> syntax.Link:
    """Return a formula with L for l in every layer, or the reverse."""
    return syntax.relayered(
        link, lambda layer: replace(layer, symbol=new, said="") if layer.symbol == old else layer
    )
