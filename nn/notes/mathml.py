"""Trees as MathML, which browsers typeset without any library."""

from __future__ import annotations

from html import escape
from typing import Any

from nn.notes.syntax import (
    Applied,
    Constant,
    Derivative,
    Layer,
    Link,
    Minus,
    Node,
    Norm,
    Number,
    Plus,
    Power,
    Product,
    Quantity,
    Quotient,
    Sum,
    Transpose,
)


def mathml(tree: Any) -> str:
    """Return a formula as a MathML element.

    >>> mathml(Number(2.0))
    '<math><mn>2</mn></math>'
    """
    return f"<math>{_of(tree)}</math>"


def _of(node: Any) -> str:
    return str(RULES[type(node)](node))


def _row(*parts: str) -> str:
    return f"<mrow>{''.join(parts)}</mrow>"


def _sign(sign: str) -> str:
    return f"<mo>{escape(sign)}</mo>"


def _letter(text: str) -> str:
    return f"<mi>{escape(text)}</mi>"


def _bracketed(inner: str) -> str:
    return _row(_sign("("), inner, _sign(")"))


def _inside(node: Node, *loose: type) -> str:
    return _bracketed(_of(node)) if isinstance(node, loose) else _of(node)


def _layer(layer: Layer | None) -> str:
    if layer is None or layer.symbol == "input":
        return ""
    name = _letter(layer.symbol) if layer.symbol else f"<mn>{layer.offset}</mn>"
    if not layer.symbol or not layer.offset:
        return name
    return _row(name, _sign("+" if layer.offset > 0 else "−"), f"<mn>{abs(layer.offset)}</mn>")


def _scripted(base: str, below: str, above: str) -> str:
    if below and above:
        return f"<msubsup>{base}{below}{above}</msubsup>"
    if below:
        return f"<msub>{base}{below}</msub>"
    return f"<msup>{base}{above}</msup>" if above else base


def _quantity(q: Quantity) -> str:
    hidden = q.kind == "y" or (q.letter == "ŷ" and q.layer == Layer("L"))
    below = _row(*map(_letter, q.units)) if q.units else ""
    above = "" if hidden else _layer(q.layer)
    if q.example:
        mark = _bracketed(_letter(q.example))
        if q.kind == "c":
            return _scripted(_letter(q.letter), _letter(q.example), "")
        above = _row(above, mark) if above else mark
    return _scripted(_letter(q.letter), below, above)


def _applied(node: Applied) -> str:
    name = _letter(node.letter or node.function.rstrip("'"))
    prime = _sign("′" * node.function.count("'")) if node.function.endswith("'") else ""
    return _row(_scripted(name, _layer(node.layer), prime), _bracketed(_of(node.argument)))


def _derivative(node: Derivative) -> str:
    simple = isinstance(node.of, Quantity)
    above = _row(_sign("∂"), _of(node.of)) if simple else _sign("∂")
    fraction = f"<mfrac>{above}{_row(_sign('∂'), _of(node.by))}</mfrac>"
    return fraction if simple else _row(fraction, _bracketed(_of(node.of)))


def _sum(node: Sum) -> str:
    limit = _of(node.limit) if node.limit else ""
    sign = _sign("∑")
    if node.index and limit:
        sign = f"<munderover>{sign}{_letter(node.index)}{limit}</munderover>"
    elif node.index:
        sign = f"<munder>{sign}{_letter(node.index)}</munder>"
    return _row(sign, _inside(node.body, Plus, Minus))


def _product(node: Product) -> str:
    left = _inside(node.left, Plus, Minus, Sum)
    sign = _sign(node.sign) if node.sign else "<mspace width='.15em'></mspace>"
    return _row(left, sign, _inside(node.right, Plus, Minus))


def _plus(node: Plus) -> str:
    if isinstance(node.right, Minus):
        return _row(_of(node.left), _sign("−"), _inside(node.right.term, Plus, Minus))
    return _row(_of(node.left), _sign("+"), _of(node.right))


def _power(node: Power) -> str:
    return f"<msup>{_inside(node.base, Plus, Minus, Product, Quantity)}{_of(node.exponent)}</msup>"


def _transpose(node: Transpose) -> str:
    return f"<msup>{_bracketed(_of(node.of))}{_letter('T')}</msup>"


def _constant(node: Constant) -> str:
    return _scripted(_letter(node.name), _layer(node.layer), "")


RULES: dict[type, Any] = {
    Number: lambda node: f"<mn>{node.value:g}</mn>",
    Constant: _constant,
    Quantity: _quantity,
    Applied: _applied,
    Derivative: _derivative,
    Sum: _sum,
    Product: _product,
    Quotient: lambda node: f"<mfrac>{_of(node.above)}{_of(node.below)}</mfrac>",
    Plus: _plus,
    Minus: lambda node: _row(_sign("−"), _inside(node.term, Plus, Minus)),
    Power: _power,
    Transpose: _transpose,
    Norm: lambda node: _row(_sign("‖"), _of(node.of), _sign("‖")),
    Link: lambda node: _row(_of(node.left), _sign(node.relation), _of(node.right)),
}
