"""Trees as formulas again: a walk over the tree that `Style` makes plain text or LaTeX.

What a part looks like is left to a few methods, so that `mathml` is another face of the same walk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nn.notes import syntax

LATEX = {
    "δ": r"\delta", "σ": r"\sigma", "φ": r"\varphi", "ψ": r"\psi", "η": r"\eta", "θ": r"\theta",
    "Θ": r"\Theta", "Δ": r"\Delta ", "ŷ": r"\hat{y}", "·": r" \cdot ", "⊙": r" \odot ",
    "⊗": r" \otimes ", "×": r" \times ", "∂": r"\partial ", "Σ": r"\sum", "←": r"\leftarrow",
    "ℓ": r"\ell", "½": r"\tfrac{1}{2}", "λ": r"\lambda", "‖": r"\|",
    "∇": r"\nabla ", "𝟙": r"\mathbf{1}",
}  # fmt: skip
SUM, PRODUCT, FACTOR, ATOM = range(4)  # how closely a part binds


@dataclass(frozen=True)
class Style:
    """LaTeX or plain text, and the brackets around the number of a layer: "", "()" or "[]"."""

    latex: bool = False
    brackets: str = ""


def style_of(source: str, latex: bool) -> Style:
    """Return how a formula writes the numbers of its layers."""
    for brackets in ("()", "[]"):
        if f"^{{{brackets[0]}" in source or f"^{brackets[0]}" in source:
            return Style(latex, brackets)
    return Style(latex)


def written(node: Any, style: Style = Style()) -> str:
    """Return a tree or a link as it would be written.

    >>> from nn.notes.syntax import Layer, Number, Product, Quantity
    >>> written(Product(Quantity("a", "a", Layer("l", -1), ("i",)), Number(2.0)))
    'a_i^{l-1} 2'
    """
    return " ".join(Walk(style)(node).split())


class Walk:
    """Writes every kind of node; the methods above the first rule are what a face may change."""

    gap = ""  # between factors side by side

    def __init__(self, style: Style) -> None:
        self.style = style

    def sign(self, sign: str) -> str:
        """Return a sign."""
        return LATEX.get(sign, sign) if self.style.latex else sign

    def letter(self, text: str) -> str:
        """Return a letter, or a few."""
        return "".join(map(self.sign, text))

    def number(self, text: str) -> str:
        """Return a number."""
        return self.sign("½") if text == "0.5" and not self.style.latex else text

    def row(self, *parts: str) -> str:
        """Return parts side by side."""
        return " ".join(parts)

    def tight(self, *parts: str) -> str:
        """Return parts without space between them."""
        return "".join(parts)

    def over(self, above: str, below: str) -> str:
        """Return a fraction."""
        return rf"\frac{{{above}}}{{{below}}}" if self.style.latex else f"{above}/{below}"

    def scripted(self, base: str, below: str = "", above: str = "") -> str:
        """Return a base with what stands below and above it."""
        long = len(below) > 1 and self.style.latex
        below = f"_{{{below}}}" if long else f"_{below}" if below else ""
        above = f"^{{{above}}}" if len(above) > 1 else f"^{above}" if above else ""
        return base + below + above

    def example(self, name: str) -> str:
        """Return the name of an example as it stands above a letter."""
        return f"({name})" if name and name != "x" else ""

    def function(self, name: str, layer: str, primes: str) -> str:
        """Return the name of a function with the number of its layer and its primes."""
        if self.style.latex and len(name) > 1 and name[0] != "\\":
            name = f"\\{name}"
        return name + (f"_{{{layer.strip('()[]')}}}" if layer else "") + primes

    def layer(self, layer: syntax.Layer | None) -> str:
        """Return the number of a layer as it stands above a letter."""
        if layer is None or layer.symbol == "input":
            return ""
        return f"{self.style.brackets[:1]}{layer.name}{self.style.brackets[1:]}"

    def __call__(self, node: Any) -> str:
        return str(getattr(self, f"_{type(node).__name__.lower()}")(node))

    def bracketed(self, inner: str) -> str:
        """Return what stands in brackets."""
        return self.tight(self.sign("("), inner, self.sign(")"))

    def inside(self, node: syntax.Node, level: int) -> str:
        """Return a part, in brackets where it binds less closely than what is around it."""
        return self.bracketed(self(node)) if _level(node) < level else self(node)

    def _link(self, link: syntax.Link) -> str:
        return self.row(self(link.left), self.sign(link.relation), self(link.right))

    def _number(self, node: syntax.Number) -> str:
        return self.number(f"{node.value:g}")

    def _constant(self, node: syntax.Constant) -> str:
        layer = self.layer(node.layer) if node.name == "n" else ""
        return self.function(self.letter(node.name), layer, "")

    def _quantity(self, q: syntax.Quantity) -> str:
        letter = q.letter if q.letter == "net" else self.letter(q.letter)
        if q.kind == "c":
            return self.scripted(letter, q.example)
        hidden = q.kind == "y" or (q.letter == "ŷ" and q.layer == syntax.Layer("L"))
        parts = [self.layer(None if hidden else q.layer), self.example(q.example)]
        above = self.tight(*filter(None, parts)) if any(parts) else ""
        return self.scripted(letter, "".join(q.units), above)

    def _applied(self, node: syntax.Applied) -> str:
        name = self.letter(node.letter) if node.letter else node.function.rstrip("'")
        layer = self.layer(node.layer) if node.letter else ""
        primes = "'" * node.function.count("'")
        return self.tight(self.function(name, layer, primes), self.bracketed(self(node.argument)))

    def _derivative(self, node: syntax.Derivative) -> str:
        by, sign = self(node.by), self.sign("∂")
        if isinstance(node.of, syntax.Quantity):
            return self.over(self.tight(sign, self(node.of)), self.tight(sign, by))
        of = self.bracketed(self(node.of))
        return self.row(self.over(sign, self.tight(sign, by)), of)

    def _sum(self, node: syntax.Sum) -> str:
        limit = self(node.limit) if node.limit and node.index else ""
        sign = self.scripted(self.sign("Σ"), node.index, limit)
        return self.row(sign, self.inside(node.body, PRODUCT))

    def _product(self, node: syntax.Product) -> str:
        left = node.left
        looser = isinstance(left, syntax.Product) and _binds(left.sign) < _binds(node.sign)
        level = ATOM + 1 if looser or _ends_in_sum(left) else PRODUCT
        sign = self.sign(node.sign) if node.sign else self.gap
        return self.row(self.inside(left, level), sign, self.inside(node.right, FACTOR))

    def _quotient(self, node: syntax.Quotient) -> str:
        if self.style.latex:
            return self.over(self(node.above), self(node.below))
        return self.bracketed(
            self.over(self.inside(node.above, FACTOR), self.inside(node.below, ATOM))
        )

    def _plus(self, node: syntax.Plus) -> str:
        right, sign = node.right, "+"
        if isinstance(right, syntax.Minus):
            right, sign = right.term, "-"
        return self.row(self(node.left), self.sign(sign), self.inside(right, PRODUCT))

    def _minus(self, node: syntax.Minus) -> str:
        return self.tight(self.sign("-"), self.inside(node.term, PRODUCT))

    def _power(self, node: syntax.Power) -> str:
        norm = isinstance(node.base, syntax.Norm)
        base = self(node.base) if norm else self.bracketed(self(node.base))
        return self.scripted(base, "", self(node.exponent))

    def _norm(self, node: syntax.Norm) -> str:
        return self.tight(self.sign("‖"), self(node.of), self.sign("‖"))

    def _entry(self, node: syntax.Entry) -> str:
        return self.scripted(self.bracketed(self(node.of)), "".join(node.units))

    def _ones(self, node: syntax.Ones) -> str:
        return self.sign("𝟙")

    def _transpose(self, node: syntax.Transpose) -> str:
        q = node.of
        bare = isinstance(q, syntax.Quantity) and not q.units and not q.layer
        return self.scripted(self(q) if bare else self.bracketed(self(q)), "", "T")


def _binds(sign: str) -> int:
    return 2 if sign == "" else 1 if sign in "·*×@" else 0


def _level(node: syntax.Node) -> int:
    if isinstance(node, syntax.Plus | syntax.Minus):
        return SUM
    if isinstance(node, syntax.Product | syntax.Sum):
        return PRODUCT
    if isinstance(node, syntax.Derivative) and not isinstance(node.of, syntax.Quantity):
        return PRODUCT
    return FACTOR if isinstance(node, syntax.Derivative | syntax.Quotient) else ATOM


def _ends_in_sum(node: syntax.Node) -> bool:
    while isinstance(node, syntax.Product):
        node = node.right
    return isinstance(node, syntax.Sum)
