"""The grammar of formulas: tokens become a tree, or an `Unreadable` that names what is in the way.

A side of a formula is a sum of products. Factors side by side bind closest, then · * × and @, then
⊙ and ⊗; a Σ takes all factors to its right. What a letter is stands in `atoms`.
"""

from __future__ import annotations

from dataclasses import replace

from nn.notes import syntax
from nn.notes.errors import Unreadable
from nn.notes.habits import Habits
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
        index, limit = "", None
        while self.peek().text in ("_", "^"):
            if self.take().text == "_":
                index = self._index(self.group())
            else:
                limit = self._limit(self.group())
        body = self.product()
        for one in reversed(index.split()[1:]):
            body = syntax.Sum(one, body)
        return syntax.Sum(index.split()[0] if index else "", body, limit)

    def _index(self, tokens: list[Token]) -> str:
        """Return the indices of a Σ: k of k = 1, x of x ∈ D, both of i, j."""
        texts = [t.text for t in tokens if t.text not in ("{", "}", "(", ")")]
        for stop in ("=", "∈", "≠", "≥", "≤", "<", ">"):
            texts = texts[: texts.index(stop)] if stop in texts else texts
        names = [t for t in texts if t != ","]
        if not names or len(names) > 3 or not all(len(n) == 1 and n.isalpha() for n in names):
            raise Unreadable(f"what does Σ run over: '{''.join(texts)}'?")
        return " ".join(names)

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
            elif self.peek().text == "_":
                raise Unreadable("an index below a bracket")
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


def half() -> syntax.Node:
    """Return ½."""
    return syntax.Number(0.5)
