"""Trees as formulas again, in plain text or LaTeX, with layers in the brackets of the notes."""

from __future__ import annotations

from typing import Any, NamedTuple

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

LATEX = {
    "δ": r"\delta", "σ": r"\sigma", "φ": r"\varphi", "ψ": r"\psi", "η": r"\eta", "θ": r"\theta",
    "Θ": r"\Theta", "Δ": r"\Delta ", "ŷ": r"\hat{y}", "·": r" \cdot ", "⊙": r" \odot ",
    "⊗": r" \otimes ", "×": r" \times ", "∂": r"\partial ", "Σ": r"\sum", "←": r"\leftarrow",
    "ℓ": r"\ell", "½": r"\tfrac{1}{2}",
}  # fmt: skip
SUM, PRODUCT, FACTOR, ATOM = range(4)  # how closely a part binds


class Style(NamedTuple):
    """LaTeX or plain text, and the brackets around the number of a layer: "", "()" or "[]"."""

    latex: bool = False
    brackets: str = ""


def style_of(source: str, latex: bool) -> Style:
    """Return how a formula writes the numbers of its layers."""
    for brackets in ("()", "[]"):
        if f"^{{{brackets[0]}" in source or f"^{brackets[0]}" in source:
            return Style(latex, brackets)
    return Style(latex)


def written(node: Any, style: Style = Style()) -> str:  # noqa: B008  (immutable)
    """Return a tree or a link as it would be written.

    >>> written(Product(Quantity("a", "a", Layer("l", -1), ("i",)), Number(2.0)))
    'a_i^{l-1} 2'
    """
    text = _Writer(style)(node)
    return " ".join(text.split())


class _Writer:
    def __init__(self, style: Style) -> None:
        self.style = style

    def __call__(self, node: Any) -> str:
        if isinstance(node, Link):
            return f"{self(node.left)} {self.sign(node.relation)} {self(node.right)}"
        return str(getattr(self, f"_{type(node).__name__.lower()}")(node))

    def sign(self, sign: str) -> str:
        """Return a sign or letter in the style."""
        return LATEX.get(sign, sign) if self.style.latex else sign

    def inside(self, node: Node, level: int) -> str:
        """Return a part, in brackets where it binds less closely than what is around it."""
        text = self(node)
        return f"({text})" if _level(node) < level else text

    def layer(self, layer: Layer | None) -> str:
        """Return the number of a layer as it stands above a letter, without its braces."""
        if layer is None or layer.symbol == "input":
            return ""
        offset = f"{layer.offset:+d}" if layer.symbol and layer.offset else ""
        text = (layer.symbol or str(layer.offset)) + offset
        return f"{self.style.brackets[:1]}{text}{self.style.brackets[1:]}"

    def above(self, text: str) -> str:
        """Return text as a superscript."""
        return f"^{{{text}}}" if len(text) > 1 else f"^{text}" if text else ""

    def below(self, text: str) -> str:
        """Return text as a subscript."""
        if not text:
            return ""
        return f"_{{{text}}}" if len(text) > 1 and self.style.latex else f"_{text}"

    def _number(self, node: Number) -> str:
        return "½" if node.value == 0.5 and not self.style.latex else f"{node.value:g}"

    def _constant(self, node: Constant) -> str:
        return self.sign(node.name) + (self.below_layer(node.layer) if node.name == "n" else "")

    def below_layer(self, layer: Layer | None) -> str:
        """Return the number of a layer as a subscript."""
        return f"_{{{self.layer(layer).strip('()[]')}}}"

    def _quantity(self, q: Quantity) -> str:
        letter = "".join(map(self.sign, q.letter)) if q.letter != "net" else "net"
        layer = self.layer(q.layer)
        if q.kind == "y" or (q.letter == "ŷ" and q.layer == Layer("L")):
            layer = ""
        if q.kind == "c":
            return letter + self.below(q.example)
        example = f"({q.example})" if q.example and q.example != "x" else ""
        return letter + self.below("".join(q.units)) + self.above(layer + example)

    def _applied(self, node: Applied) -> str:
        name = node.letter or node.function.rstrip("'")
        name = self.sign(name)
        name = f"\\{name}" if self.style.latex and len(name) > 1 and name[0] != "\\" else name
        prime = "'" * node.function.count("'")
        below = self.below_layer(node.layer) if node.layer and node.letter else ""
        return f"{name}{below}{prime}({self(node.argument)})"

    def _derivative(self, node: Derivative) -> str:
        by = self(node.by)
        simple = isinstance(node.of, Quantity)
        of = self(node.of) if simple else ""
        if self.style.latex:
            text = rf"\frac{{\partial {of}}}{{\partial {by}}}"
        else:
            text = f"∂{of}/∂{by}"
        return text if simple else f"{text} ({self(node.of)})"

    def _sum(self, node: Sum) -> str:
        limit = self.above(self(node.limit)) if node.limit and node.index else ""
        return f"{self.sign('Σ')}{self.below(node.index)}{limit} {self.inside(node.body, PRODUCT)}"

    def _product(self, node: Product) -> str:
        left, right = self.inside(node.left, PRODUCT), self.inside(node.right, FACTOR)
        if isinstance(node.left, Product) and _binds(node.left.sign) < _binds(node.sign):
            left = f"({left})"
        if isinstance(node.left, Sum) or _ends_in_sum(node.left):
            left = f"({left})"
        if isinstance(node.right, Product):
            right = f"({right})" if _binds(node.right.sign) <= _binds(node.sign) else right
        sign = f" {self.sign(node.sign)} " if node.sign else " "
        return f"{left}{sign}{right}"

    def _quotient(self, node: Quotient) -> str:
        if self.style.latex:
            return rf"\frac{{{self(node.above)}}}{{{self(node.below)}}}"
        return f"({self.inside(node.above, FACTOR)}/{self.inside(node.below, ATOM)})"

    def _plus(self, node: Plus) -> str:
        if isinstance(node.right, Minus):
            return f"{self(node.left)} - {self.inside(node.right.term, PRODUCT)}"
        return f"{self(node.left)} + {self.inside(node.right, PRODUCT)}"

    def _minus(self, node: Minus) -> str:
        return f"-{self.inside(node.term, PRODUCT)}"

    def _power(self, node: Power) -> str:
        base = self(node.base)
        base = base if isinstance(node.base, Norm) else f"({base})"
        return base + self.above(self(node.exponent))

    def _norm(self, node: Norm) -> str:
        bar = r"\|" if self.style.latex else "‖"
        return f"{bar}{self(node.of)}{bar}"

    def _transpose(self, node: Transpose) -> str:
        if isinstance(node.of, Quantity) and not node.of.units and not node.of.layer:
            return f"{self(node.of)}^T"
        return f"({self(node.of)})^T"


def _binds(sign: str) -> int:
    return 2 if sign == "" else 1 if sign in "·*×@" else 0


def _level(node: Node) -> int:
    if isinstance(node, Plus | Minus):
        return SUM
    if isinstance(node, Product | Sum):
        return PRODUCT
    if isinstance(node, Derivative) and not isinstance(node.of, Quantity):
        return PRODUCT
    return FACTOR if isinstance(node, Derivative | Quotient) else ATOM


def _ends_in_sum(node: Node) -> bool:
    while isinstance(node, Product):
        node = node.right
    return isinstance(node, Sum)
