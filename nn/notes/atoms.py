"""The factors of a formula: letters with their scripts, functions, fractions, derivatives."""

from __future__ import annotations

import re

from nn.notes import syntax
from nn.notes.errors import Unreadable
from nn.notes.grammar import ENDS, ENTRYWISE, TIMES, half
from nn.notes.letterforms import Letters
from nn.notes.letters import NAMED
from nn.notes.scripts import Scripts
from nn.notes.stream import balanced, matching
from nn.notes.tokens import Token

DIFFERENTIALS = ("∂", "d")
BESIDE = re.compile(r"[XxAaWwZz]d[ZzAaWw]|d[ZzAa][AaXxWw]|[yt]log")  # letters side by side
SLOPED = set("σgfφψ")


def _is_strokes(above: list[Token], below: list[Token]) -> bool:
    """Return whether δ is written for ∂ in a fraction: δC over δw, and not δ_i over δ_j."""
    bare = [side[0].text == "δ" and [t.text for t in side[1:2]] not in (["_"], ["^"])
            for side in (above, below)]  # fmt: skip
    return all(bare) and len(below) > 1


class Reader(Letters):
    """Reads every kind of factor; `whole()` is the tree of all tokens."""

    def factor(self) -> syntax.Node:
        """Return the next factor, with its powers and transposes."""
        token = self.peek()
        if token.kind == "number":
            self.take()
            number = self.raised(syntax.Number(float(token.text)))
            one = number == syntax.Transpose(syntax.Number(1.0))
            return syntax.Transpose(syntax.Ones()) if one else number
        if token.text == "½":
            self.take()
            return half()
        if token.text in ("(", "[", "{"):
            return self._bracket()
        for texts, read in (
            (("Σ",), self.sum), (("‖",), self._norm), (("|",), self._bars), (("∇",), self._nabla)
        ):  # fmt: skip
            if token.text in texts:
                self.take()
                return read()
        if token.text == "∂":
            return self._stroke()
        if token.kind in ("word", "command"):
            return self._word()
        if token.kind == "letter":
            return self.letter()
        raise Unreadable(f"'{token.text}' is not understood here" if token.text else "it ends here")

    def _bracket(self) -> syntax.Node:
        opening = self.peek().text
        close = matching(self.tokens, self.at)
        content = self.tokens[self.at + 1 : close]
        while opening == "{" and content and content[0].text == "{":
            if matching(content, 0) < len(content) - 1:
                break
            content = content[1:-1]
        if opening == "{" and content and content[0].kind in ("letter", "word", "command"):
            depth = self.depth
            self.tokens = [*self.tokens[: self.at], *content, *self.tokens[close + 1 :]]
            if not any(t.text in "+-Σ" for t in content) and not any(
                t.kind == "command" for t in content
            ):
                return self.factor()
            self.tokens = [
                *self.tokens[: self.at], Token("sign", "{", -1), *content, Token("sign", "}", -1),
                *self.tokens[self.at + len(content) :],
            ]  # fmt: skip
            self.depth = depth
        self.at = close + 1
        if any(t.text in (",", ";") and not depth for t, depth in balanced(content)):
            raise Unreadable("a list in brackets")
        return self.raised(self.inner(content))

    def _norm(self) -> syntax.Node:
        ends = [k for k in range(self.at, len(self.tokens)) if self.tokens[k].text == "‖"]
        if not ends:
            raise Unreadable("'‖' is not closed")
        inner = self.inner(self.tokens[self.at : ends[0]])
        self.at = ends[0] + 1
        while self.skip("_"):
            self.group()
        return self.raised(syntax.Norm(inner))

    def _bars(self) -> syntax.Node:
        ends = [k for k in range(self.at, len(self.tokens)) if self.tokens[k].text == "|"]
        inside = self.tokens[self.at : ends[0]] if ends else []
        if "".join(t.text for t in inside if t.text not in "{}") not in ("D", "B", "S"):
            raise Unreadable("bars that are not |D|, the number of examples")
        self.at = ends[0] + 1
        return syntax.Constant("m")

    def _nabla(self) -> syntax.Node:
        """Return ∇_a C as ∂C/∂a."""
        if not self.skip("_"):
            of = self.factor()
            if syntax.kind(of) in ("W", "b"):
                return self.changed("∇", of)
            return syntax.Derivative(of, syntax.Quantity("", "∇"))
        by = self.inner(self.group())
        return self.derivative(self.factor(), by)

    def _stroke(self) -> syntax.Node:
        """Return ∂C/∂a as it is written on one line; `/` between the two."""
        self.take()
        if self.skip("_"):  # ∂_a C
            by = self.inner(self.group())
            return self.derivative(self.factor(), by)
        of = None if self.peek().text == "/" else self.factor()
        self.need("/")
        brackets = self.skip("(")
        if not self.skip(*DIFFERENTIALS):
            raise Unreadable("'∂' expected below")
        by = self.factor()
        if brackets:
            self.need(")")
        return self.derivative(self.factor() if of is None else of, by)

    def _word(self) -> syntax.Node:
        token = self.take()
        name = token.text.lower()
        if name in ("frac", "dfrac", "tfrac", "cfrac"):
            return self.raised(self._fraction(self._digit(), self._digit()))
        if name in ("hat", "widehat"):
            inner = self.group()
            if [t.text for t in inner if t.text not in "{}"] not in (["y"], ["Y"]):
                raise Unreadable("a hat on something else than y")
            return self.named("ŷ", "ŷ")
        if name == "net":
            return self.named("net", "z")
        if name in NAMED:
            return self.function(NAMED[name], Scripts())
        if name == "sum" and self.peek().text in ("_", "^"):
            return self.sum()
        if name in ("mean", "avg", "sum"):
            body = self.inner(self.argument())
            mean = syntax.Product(
                syntax.Quotient(syntax.Number(1.0), syntax.Constant("m")), syntax.Sum("", body)
            )
            return mean if name != "sum" else syntax.Sum("", body)
        if name in ("diag", "dot", "multiply", "max", "sqrt"):
            return self._of_programs(name)
        if name in ("underbrace", "overbrace"):
            return self._braced()
        if token.kind == "word" and BESIDE.fullmatch(token.text):
            return self._beside_letters(token)
        written_out = token.text == "matrix"
        raise Unreadable("a matrix written out" if written_out else f"what is '{token.text}'?")

    def _beside_letters(self, token: Token) -> syntax.Node:
        """Return the first of letters side by side, which are put back one by one."""
        split = re.findall("log|.", token.text)
        letters = [Token("word" if t == "log" else "letter", t, token.place) for t in split]
        self.tokens = [*self.tokens[: self.at], *letters, *self.tokens[self.at :]]
        return self.factor()

    def _braced(self) -> syntax.Node:
        """Return what a brace is drawn under, without what is written at the brace."""
        inner = self.group()
        while self.skip("_", "^"):
            self.group()
        return self.inner(inner)

    def _of_programs(self, name: str) -> syntax.Node:
        if name == "diag":
            return syntax.Applied("diag", self.inner(self.argument()), None, "")
        if name == "sqrt":
            return syntax.Power(self.inner(self.group()), syntax.Number(0.5))
        if name == "max":
            return self._max()
        return self._two_factors("@" if name == "dot" else "⊙")

    def _two_factors(self, sign: str) -> syntax.Node:
        """Return dot(A, B) or multiply(A, B), as programs write products."""
        argument = self.argument()
        commas = [k for k, (t, deep) in enumerate(balanced(argument)) if t.text == "," and not deep]
        if len(commas) != 1:
            raise Unreadable("a product of other than two factors")
        at = commas[0]
        product = syntax.Product(self.inner(argument[:at]), self.inner(argument[at + 1 :]), sign)
        return self.raised(product)

    def _digit(self) -> list[Token]:
        """Return an argument of a command: without braces one digit, so that \\frac12 is a half."""
        token = self.peek()
        if token.kind == "number" and len(token.text) > 1:
            rest = Token("number", token.text[1:], token.place + 1)
            self.tokens = [*self.tokens[: self.at], rest, *self.tokens[self.at + 1 :]]
            return [Token("number", token.text[0], token.place)]
        return self.group()

    def _max(self) -> syntax.Node:
        argument = self.argument()
        if [t.text for t in argument[:2]] != ["0", ","]:
            raise Unreadable("a maximum that is not max(0, z)")
        return syntax.Applied("relu", self.inner(argument[2:]), None, "")

    def _fraction(self, above: list[Token], below: list[Token]) -> syntax.Node:
        signs = {side[0].text for side in (above, below) if side}
        both = len(above) > 0 < len(below) and not (len(above) == 1 and len(below) == 1)
        if both and (signs <= set(DIFFERENTIALS) or _is_strokes(above, below)):
            if len(above) > 1 and above[1].text == "^":
                return self._second(above, below)
            by = self.inner(below[1:])
            if len(above) == 1:
                return self.derivative(self._operand(), by, True)
            if len(above) == 2 and above[1].text in SLOPED and syntax.kind(by) == "z":
                return syntax.Applied("g'", by, None, above[1].text)  # ∂σ/∂z
            return self.derivative(self.inner(above[1:]), by)
        return syntax.Quotient(self.inner(above), self.inner(below))

    def _second(self, above: list[Token], below: list[Token]) -> syntax.Node:
        """Return ∂²C/∂z_i∂z_j and ∂²C/∂z_i² as the derivative of a derivative."""
        rest = above[2 + 2 * (above[2].text == "{") + 1 :] if len(above) > 2 else []
        if "".join(t.text for t in above[1 : len(above) - len(rest)]) not in ("^2", "^{2}"):
            raise Unreadable("a derivative of a higher order")
        starts = [k for k, t in enumerate(below) if t.text in DIFFERENTIALS]
        parts = [below[k + 1 : end] for k, end in zip(starts, [*starts[1:], None], strict=True)]
        letters = [self.inner(part) for part in parts]
        if len(letters) == 1 and isinstance(letters[0], syntax.Power):
            letters = [letters[0].base] * 2
        if len(letters) != 2:
            raise Unreadable("a second derivative by other than two letters")
        of = self.inner(rest) if rest else self._operand()
        return self.derivative(self.derivative(of, letters[1]), letters[0])

    def _operand(self) -> syntax.Node:
        """Return what ∂/∂z before it is applied to: a factor, with the numbers before it."""
        of = self.factor()
        while (
            not syntax.quantities(of) and self.peek().kind != "end" and self.peek().text not in ENDS
        ):
            sign = self.take().text if self.peek().text in ENTRYWISE | TIMES else ""
            of = syntax.Product(of, self.factor(), sign)
        return of
