"""Trees as MathML, which browsers typeset without any library."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from nn.notes import syntax
from nn.notes.writing import Style, Walk

SIGNS = {"Σ": "∑", "-": "−", "'": "′"}


def mathml(tree: Any) -> str:
    """Return a formula as a MathML element.

    >>> from nn.notes.syntax import Number
    >>> mathml(Number(2.0))
    '<math><mn>2</mn></math>'
    """
    return f"<math>{_Elements(Style())(tree)}</math>"


class _Elements(Walk):
    """The walk of plain text with elements for its parts."""

    gap = "<mspace width='.15em'></mspace>"

    def sign(self, sign: str) -> str:
        return f"<mo>{escape(SIGNS.get(sign, sign))}</mo>"

    def letter(self, text: str) -> str:
        name, _, number = text.partition("_")
        return self.scripted(f"<mi>{escape(name)}</mi>", number)

    def number(self, text: str) -> str:
        return f"<mn>{text}</mn>"

    def row(self, *parts: str) -> str:
        return f"<mrow>{''.join(parts)}</mrow>"

    tight = row

    def over(self, above: str, below: str) -> str:
        return f"<mfrac>{above}{below}</mfrac>"

    def scripted(self, base: str, below: str = "", above: str = "") -> str:
        """Return an element with scripts; text below or above is letters."""
        low, high = (
            text if not text or text.startswith("<") else self.row(*map(self.letter, text))
            for text in (below, above)
        )
        names = ("munder", "mover") if base == self.sign("Σ") else ("msub", "msup")
        if low and high:
            both = names[0] + names[1][1:]
            return f"<{both}>{base}{low}{high}</{both}>"
        name = names[0] if low else names[1]
        return f"<{name}>{base}{low}{high}</{name}>" if low or high else base

    def function(self, name: str, layer: str, primes: str) -> str:
        base = name if name.startswith("<") else self.letter(name)
        return self.scripted(base, layer, self.sign("′" * len(primes)) if primes else "")

    def example(self, name: str) -> str:
        return self.bracketed(self.letter(name)) if name and name != "x" else ""

    def layer(self, layer: syntax.Layer | None) -> str:
        if layer is None or layer.symbol == "input":
            return ""
        parts = re.findall(r"\d+|.", layer.name)
        return self.row(*map(self.part, parts)) if len(parts) > 1 else self.part(parts[0])

    def part(self, text: str) -> str:
        """Return a number, a letter or a sign."""
        face = self.number if text.isdecimal() else self.letter if text.isalpha() else self.sign
        return face(text)

    def _quotient(self, node: syntax.Quotient) -> str:
        return self.over(self(node.above), self(node.below))
