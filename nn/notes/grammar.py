"""The grammar of formulas: tokens become a tree, or an `Unreadable` that names what is in the way.

A side of a formula is a sum of products. Factors side by side bind closest, then · * × and @, then
⊙ and ⊗; a Σ takes all factors to its right. What a letter is stands in `atoms`.
"""

from __future__ import annotations

from dataclasses import replace

from nn.notes import syntax
from nn.notes.errors import Unreadable
from nn.notes.habits import Habits
from nn.notes.scripts import Scripts, subscript
from nn.notes.stream import Stream
from nn.notes.tokens import Token

ENDS = set("+-)]},;=…") | {"→", "⇒", "←", "∈", "≈", ""}
ENTRYWISE, TIMES = set("⊙⊗"), set("·*×@")


class Expressions(Stream):
    """Sums, products and powers; `Reader` in `atoms` reads the factors."""

    def __init__(self, tokens: list[Token], habits: Habits, depth: int = 0) -> None:
        super().__init__(tokens)
        self.habits, self.depth = habits, depth

    def factor(self) -> syntax.Node:
        """Return the next factor, with its powers and transposes."""
        raise NotImplementedError

    def expression(self) -> syntax.Node:
        """Return a sum of terms."""
        self.deeper()
        total: syntax.Node | None = None
        while total is None or self.peek().text in ("+", "-"):
            negative = self._negative()
            term = self.product()
            term = syntax.Minus(term) if negative else term
            total = term if total is None else syntax.Plus(total, term)
        self.depth -= 1
        return total

    def _negative(self) -> bool:
        negative = False
        while self.peek().text in ("+", "-"):
            negative ^= self.take().text == "-"
        return negative

    def product(self) -> syntax.Node:
        """Return a product, whose factors may be joined by any sign."""
        return self._joined(ENTRYWISE, self._times)

    def _times(self) -> syntax.Node:
        return self._joined(TIMES, self._beside)

    def _joined(self, signs: set[str], inner: object) -> syntax.Node:
        left: syntax.Node = inner()  # type: ignore[operator]
        while self.peek().text in signs:
            sign = self.take().text
            if sign == "*" and self.habits.convolution:
                raise Unreadable("'*' in notes on convolution")
            left = syntax.Product(left, inner(), sign)  # type: ignore[operator]
        return left

    def _beside(self) -> syntax.Node:
        """Return factors that stand side by side, or over one another."""
        left = self.factor()
        while True:
            if self.skip("/"):
                left = syntax.Quotient(left, self._below())
            elif self.peek().text in ENDS | ENTRYWISE | TIMES or self.peek().kind == "end":
                return left
            else:
                right = self.factor()
                if isinstance(left, syntax.Number) and isinstance(right, syntax.Number):
                    raise Unreadable("numbers side by side")
                left = syntax.Product(left, right)

    def _below(self) -> syntax.Node:
        """Return what stands behind a stroke: one factor, or 2m where nothing is between."""
        number, beside = self.peek(), self.peek(1)
        below = self.factor()
        close = beside.kind == "letter" and beside.place == number.place + len(number.text)
        return syntax.Product(below, self.factor()) if number.kind == "number" and close else below

    def sum(self) -> syntax.Node:
        """Return Σ with all factors to its right."""
        names, but, limit = [""], "", None
        while self.peek().text in ("_", "^"):
            if self.take().text == "_":
                names, but = self._indices(self.group())
            else:
                limit = self._limit(self.group())
        body = self.product()
        for one in reversed(names[1:]):
            body = syntax.Sum(one, body)
        whole = syntax.Sum(names[0], body, limit)
        return whole if not but else syntax.Plus(
            whole, syntax.Minus(syntax.with_unit(body, names[0], but))
        )  # fmt: skip

    def _indices(self, tokens: list[Token]) -> tuple[list[str], str]:
        """Return the indices of a Σ, k of k = 1, x of x ∈ D, both of i, j; and j of k ≠ j."""
        texts = [t.text for t in tokens if t.text not in ("{", "}", "(", ")", ";")]
        signs = [k for k, t in enumerate(texts) if t in "=∈≠≥≤<>"]
        names = [t for t in texts[: min(signs, default=None)] if t != ","]
        unequal = [texts[k + 1] for k in signs if texts[k] == "≠" and k + 1 < len(texts)]
        bounds = [texts[k + 1 : k + 2] for k in signs if texts[k] in "=≥≤<>"]
        strange = any(b and b[0].isalpha() and texts[0] not in "xl" for b in bounds)
        if not names or len(names) > 3 or not all(len(n) == 1 and n.isalpha() for n in names):
            strange = True
        if strange or len(unequal) > 1 or (unequal and len(names) > 1):
            raise Unreadable(f"what does Σ run over: '{''.join(texts)}'?")
        return names, "".join(unequal)

    def _limit(self, tokens: list[Token]) -> syntax.Constant | None:
        """Return an upper limit that is a size, or None for one that is not known."""
        try:
            reader = type(self)(tokens, self.habits, self.depth)
            limit = reader.factor()
        except Unreadable:
            return None
        return limit if isinstance(limit, syntax.Constant) and reader.peek().kind == "end" else None

    def raised(self, base: syntax.Node) -> syntax.Node:
        """Return an expression in brackets with the power or transpose behind it."""
        while True:
            if isinstance(base, syntax.Applied) and base.function == "g" and self.skip("'"):
                base = replace(base, function="g'")  # (g(z))' is a slope
            elif self.skip("'", "⊤"):
                base = syntax.Transpose(base)
            elif self.peek().text == "^":
                self.take()
                inner = self.group()
                prime = [t.text for t in inner] == ["'"]
                if prime and isinstance(base, syntax.Applied) and base.function == "g":
                    base = replace(base, function="g'")
                elif prime or [t.text for t in inner] in (["T"], ["⊤"]):
                    base = syntax.Transpose(base)
                else:
                    base = syntax.Power(base, type(self)(inner, self.habits, self.depth).whole())
            elif self.skip("_"):
                base = _entry(base, self.group(), self.habits.layers)
            else:
                return base

    def whole(self) -> syntax.Node:
        """Return the tree of all tokens. Raises Unreadable if some are left over."""
        if not self.tokens:
            raise Unreadable("one side is empty")
        tree = self.expression()
        if self.peek().kind != "end":
            raise Unreadable(f"'{self.peek().text}' is not understood here")
        return tree


def _entry(base: syntax.Node, below: list[Token], layers: set[str]) -> syntax.Node:
    """Return (W a)_j, one unit of what stands in brackets; of a lone letter that letter's."""
    scripts = Scripts()
    subscript(below, scripts, layers)
    units = (*scripts.units, *scripts.digits)
    if not 1 <= len(units) <= 2 or scripts.words or scripts.layer:
        raise Unreadable("an index below a bracket")
    inner = base.of if isinstance(base, syntax.Transpose) else base
    if isinstance(inner, syntax.Quantity) and not inner.units:
        named = replace(inner, units=units)
        return syntax.Transpose(named) if inner is not base and len(units) == 2 else named
    return syntax.Entry(base, units)


def half() -> syntax.Node:
    """Return ½."""
    return syntax.Number(0.5)
