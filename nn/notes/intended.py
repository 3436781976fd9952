"""What a writer meant that a formula does not say: which layer is the last, what ∇C is by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nn.notes import syntax

OF_OUTPUTS = set("yYtTŷ")  # letters that belong to the last layer, whatever it is called


def with_last_layer(found: list[syntax.Link | None]) -> list[syntax.Link | None]:
    """Return formulas in which L is the last layer, where notes call it K, or L + 1."""
    links = [link for link in found if link]
    parts = [node for link in links for node in syntax.nodes(link)]
    written = [part.layer for part in parts if _says_its_layer(part)]
    capitals = sorted({layer.symbol for layer in written if layer.symbol.isupper()})
    if not capitals or (len(capitals) > 1 and "L" not in capitals):
        return found
    last = "L" if "L" in capitals else capitals[0]
    said = [layer for link in links for layer in syntax.layers(link.left)]
    beyond = max((layer.offset for layer in said if layer.symbol == last), default=0)
    beyond = max(beyond, 0)

    def named(layer: syntax.Layer) -> syntax.Layer:
        if layer.symbol != last:
            return layer
        return syntax.Layer("L", layer.offset - beyond, layer.name)

    if not beyond and last == "L":
        return found
    return [link and syntax.relayered(link, named, _says_its_layer) for link in found]


def _says_its_layer(node: Any) -> bool:
    """Return whether a layer is written; that of a target or an output is known without."""
    layer = getattr(node, "layer", None)
    return layer is not None and (getattr(node, "letter", "") not in OF_OUTPUTS or layer.said != "")


def has_both_ones(*sides: syntax.Node) -> bool:
    """Return whether 1 stands beside 1ᵀ, a vector."""
    parts = [part for side in sides for part in syntax.nodes(side)]
    factors = [
        f for part in parts if isinstance(part, syntax.Product) for f in syntax.factors(part)
    ]
    return syntax.Transpose(syntax.Ones()) in parts and syntax.Number(1.0) in factors


def by_the_left(link: syntax.Link) -> syntax.Link:
    """Return w ← w - η ∇C with ∂C/∂w for ∇C; of a δ it is ∂C/∂a."""
    left = link.left.of if isinstance(link.left, syntax.Transpose) else link.left
    if syntax.kind(left) not in ("W", "b", "delta", "dW", "db"):
        return link
    assert isinstance(left, syntax.Quantity)
    by = replace(left, kind=left.kind[-1], letter=left.letter[-1])
    if left.kind == "delta":
        by = replace(left, kind="a", letter="a")

    def named(node: Any) -> Any:
        bare = isinstance(node, syntax.Derivative) and node.by.letter == "∇"
        return replace(node, by=by) if bare else node

    return syntax.mapped(link, named)


def over_examples(link: syntax.Link) -> syntax.Link:
    """Return Σ_{i=1}^m dZ_i with i as the name of an example, where the other side has no index."""
    if any(q.units for q in syntax.quantities(link.left)):
        return link

    def own(node: Any) -> Any:
        if not isinstance(node, syntax.Sum) or node.limit != syntax.Constant("m"):
            return node
        letters = [
            q for q in syntax.quantities(node.body) if q.units == (node.index,) and not q.example
        ]
        if any(q.kind in ("y", "W", "b") for q in letters) or not letters:
            return node
        return replace(node, body=syntax.mapped(node.body, lambda part: (
            replace(part, units=(), example=node.index) if part in letters else part
        )))  # fmt: skip

    return syntax.mapped(link, own)


def of_a_variable(link: syntax.Link) -> syntax.Link:
    """Return σ(x) = 1/(1 + e^{-x}) with z for x, which is not the input there."""
    letters = syntax.quantities(link)
    alone = letters and all(q.letter == "x" and not q.units for q in letters)
    if not alone or not syntax.every(syntax.Applied, link):
        return link
    return syntax.mapped(
        link, lambda n: syntax.Quantity("z", "x") if isinstance(n, syntax.Quantity) else n
    )
