"""Letters with their scripts: which quantity, constant or function each is."""

from __future__ import annotations

import math
from dataclasses import replace

from nn.notes import syntax
from nn.notes.errors import Unreadable
from nn.notes.grammar import Expressions
from nn.notes.letters import COUNTS, FUNCTIONS, KINDS, NAMED, RATES, SIZES, STEPS
from nn.notes.scripts import Scripts, layer_of, subscript, superscript
from nn.notes.stream import balanced, matching
from nn.notes.tokens import Token

ENDS = {"x": ("a", "input"), "ŷ": ("a", "L"), "y": ("y", "L")}  # letters whose layer is known


class Letters(Expressions):
    """Reads a letter and what stands above, below and behind it; `Reader` reads all else."""

    def inner(self, tokens: list[Token]) -> syntax.Node:
        """Return the tree of what stands inside brackets."""
        reader = type(self)(tokens, self.habits, self.depth)
        reader.deeper()
        return reader.whole()

    def argument(self) -> list[Token]:
        """Return what stands in the brackets behind a function."""
        if self.peek().text not in ("(", "[", "{"):
            raise Unreadable("a function without its argument in brackets")
        close = matching(self.tokens, self.at)
        inner, self.at = self.tokens[self.at + 1 : close], close + 1
        return inner

    def derivative(self, of: syntax.Node, by: syntax.Node, operator: bool = False) -> syntax.Node:
        """Return ∂of/∂by; `operator` where ∂/∂by stands before what it is applied to."""
        transposed = isinstance(by, syntax.Transpose)
        by = by.of if isinstance(by, syntax.Transpose) else by
        if not isinstance(by, syntax.Quantity) or by.kind == "c":
            raise Unreadable("a derivative by something that is no letter of the network")
        found = syntax.Derivative(of, by, operator)
        return syntax.Transpose(found) if transposed else found

    def letter(self) -> syntax.Node:
        token = self.take()
        letter, after = token.text, self.peek()
        if letter in ("d", "Δ", "δ"[: self.habits.small]) and (
            after.text in KINDS or after.text == "{" or after.text == "net"
        ):
            return self._small_change(letter)
        if letter == "h" and self._is_hypothesis():
            return syntax.Quantity("a", "h", syntax.Layer("L"))
        if letter == "e" and after.text == "^":
            return self.raised(syntax.Number(math.e))
        if letter in self.habits.costs:
            return self.named(letter, "c")
        if letter == "𝟙":
            return self._ones()
        if letter == "λ" or letter in self.habits.decays:
            return syntax.Constant("λ")
        if letter in RATES and after.text not in ("_", "^"):
            return syntax.Constant("η")
        if letter in COUNTS and (after.text != "_"):
            return syntax.Constant("m")
        if letter in FUNCTIONS:
            return self._activation(letter)
        if letter == "Δ":
            return self.named("Δ", "delta")
        if letter not in KINDS:
            if letter in SIZES and after.text == "_":
                return self._size()
            raise Unreadable(f"what is {letter}?")
        return self.named(letter, KINDS[letter])

    def _is_hypothesis(self) -> bool:
        """Go past what stands behind the h of h_θ(x), the output; return whether it was one."""
        start = self.at
        if self.skip("_"):
            below = [t.text for t in self.group()]
            if below[0] in ("θ", "Θ", "W", "w") and self.peek().text == "(":
                self.argument()
                return True
        self.at = start
        return False

    def _small_change(self, letter: str) -> syntax.Node:
        """Return dW, or dC/dW on one line."""
        whole = self.factor()
        if self.peek().text == "/" and self.peek(1).text == letter:
            self.at += 2
            return self.derivative(whole, self.factor())
        if isinstance(whole, syntax.Transpose) and isinstance(whole.of, syntax.Quantity):
            return syntax.Transpose(self.changed(letter, whole.of))
        return self.changed(letter, whole)

    def changed(self, letter: str, of: syntax.Node) -> syntax.Node:
        """Return dW, of which no more is known than that it is ∂J by W."""
        if not isinstance(of, syntax.Quantity) or of.kind not in ("z", "a", "W", "b"):
            raise Unreadable(f"what is {letter} before something else than z, a, W or b?")
        return syntax.Quantity("d" + of.kind, letter + of.letter, of.layer, of.units, of.example)

    def _ones(self) -> syntax.Node:
        """Return a vector of ones, however long."""
        while self.skip("_"):
            self.group()
        if self.peek().text in ("(", "[", "{"):
            raise Unreadable("𝟙 of a condition")
        return self.raised(syntax.Ones())

    def _size(self) -> syntax.Node:
        scripts = self._scripts(False)
        if not scripts.numbered:
            raise Unreadable("a number of units without its layer")
        return syntax.Constant("n", scripts.numbered)

    def _scripts(self, function: bool) -> Scripts:
        scripts = Scripts()
        while True:
            if self.skip("'"):
                scripts.primes += 1
            elif self.skip("⊤"):
                scripts.transposed = True
            elif self.skip("^"):
                inner = self.group()
                square = [t.text for t in inner] == ["2"] and not self.habits.numbered
                if square and not function:
                    scripts.power = inner
                else:
                    superscript(inner, scripts, function, self.habits.layers)
            elif self.skip("_"):
                subscript(self.group(), scripts, self.habits.layers)
            elif not self._layer_in_brackets(scripts):
                return scripts

    def _layer_in_brackets(self, scripts: Scripts) -> bool:
        """Read W[l] and g[l](Z[l]), as programs write layers; return whether it was that."""
        before, here = self.peek(-1), self.peek()
        close = here.place == before.place + len(before.text)
        if here.text != "[" or scripts.layer or not close:
            return False
        end = matching(self.tokens, self.at)
        layer = layer_of([token.text for token in self.tokens[self.at + 1 : end]])
        if layer is None or (layer.symbol and layer.symbol not in self.habits.layers):
            return False
        scripts.layer, self.at = layer, end + 1
        return True

    def _activation(self, letter: str) -> syntax.Node:
        """Return g(z), g'(z), or the letter as a quantity where it is none."""
        start = self.at
        scripts = self._scripts(True)
        if not self.habits.units:
            scripts.layer = scripts.numbered
        if self.peek().text not in ("(", "[") and not scripts.primes and letter in KINDS:
            self.at = start
            return self.named(letter, KINDS[letter])
        return self.function("g" + "'" * scripts.primes, scripts, letter)

    def function(self, function: str, scripts: Scripts, letter: str = "") -> syntax.Node:
        if function.startswith("g'''"):
            raise Unreadable("a third derivative of the activation")
        power = 1.0
        while self.peek().text in ("^", "_", "'") and function not in ("g", "g'"):
            if self.take().text == "'":
                function += "'"
                continue
            inner = [t.text for t in self.group()]
            function += "'" * (inner == ["'"])
            power = float(inner[0]) if inner[0].isdecimal() and len(inner) == 1 else power
        if self.peek().text in ("(", "["):
            argument = self.argument()
            if any(t.text in (";", ",") and not deep for t, deep in balanced(argument)):
                raise Unreadable(f"what is {argument[-1].text}?")
            applied = self.raised(
                syntax.Applied(function, self.inner(argument), scripts.layer, letter)
            )
            return applied if power == 1.0 else syntax.Power(applied, syntax.Number(power))
        if function == "log":
            return syntax.Applied(function, self.factor(), None, "")
        if function in ("exp", "log") or (scripts.primes == 0 and not NAMED.get(function)):
            raise Unreadable(f"a function without its argument: {function}")
        z = syntax.Quantity("z", "z", scripts.layer, scripts.units)
        return syntax.Applied(function, z, scripts.layer, letter)

    def named(self, letter: str, kind: str) -> syntax.Node:
        """Return the quantity of a letter, transposed or squared where that is written."""
        scripts = self._scripts(False)
        transposed = scripts.transposed ^ bool(scripts.primes % 2)
        node = self._quantity(letter, kind, scripts)
        if kind == "c" and self.peek().text == "(" and not scripts.power:
            node = self._of_example(node, self.argument())
        elif kind in ("a", "y", "z") and [self.peek(k).text for k in range(3)] == ["(", "x", ")"]:
            self.at += 3
        elif self.peek().text in ("(", "[") and self.peek(1).text in STEPS:
            self._step(letter, kind)
        if scripts.power:
            node = syntax.Power(node, self.inner(scripts.power))
        return syntax.Transpose(node) if transposed else node

    def _step(self, letter: str, kind: str) -> None:
        """Go past the step of an update, w(t + 1); no other letter may change in time."""
        texts = [token.text for token in self.argument()]
        if texts[1:] and (texts[1] not in "+-" or len(texts) != 3):
            raise Unreadable(f"{letter} of '{''.join(texts)}'")
        if kind not in ("W", "b"):
            raise Unreadable(f"{letter} of {texts[0]}: a step in time is not read")

    def _of_example(self, cost: syntax.Node, argument: list[Token]) -> syntax.Node:
        """Return C(…; x, y) as one example's cost, and C(w, b) as the cost."""
        texts = [token.text for token in argument if token.text not in "{}"]
        marks = [texts[k + 1] for k, t in enumerate(texts[:-2]) if t == "(" and texts[k + 2] == ")"]
        own = ("x" in texts or "y" in texts) and ";" in texts
        name = marks[0] if marks and len(marks[0]) == 1 else "x" if own or texts == ["x"] else ""
        assert isinstance(cost, syntax.Quantity)
        return syntax.Quantity("c", cost.letter, None, (), cost.example or name)

    def _numbered(self, kind: str, scripts: Scripts) -> tuple[syntax.Layer | None, tuple[str, ...]]:
        """Return the layer and the units of a letter with numbers below: W_1, w_{12}, x_1."""
        digits = scripts.digits
        if kind == "W" and len(digits) == 1 and len(digits[0]) == 2:
            digits = tuple(digits[0])
        of_layer = len(digits) == 1 and not (scripts.layer or self.habits.units)
        if of_layer and kind in ("W", "b", "z", "a", "delta"):
            return scripts.numbered, scripts.units
        return scripts.layer, (*scripts.units, *digits)

    def _quantity(self, letter: str, kind: str, scripts: Scripts) -> syntax.Node:
        layer, units, example = scripts.layer, scripts.units, scripts.example
        if scripts.step and kind not in ("W", "b"):
            raise Unreadable(f"what is '{scripts.step}' at {letter}? A step in time is not read")
        if scripts.star and kind != "y":
            raise Unreadable(f"what is '*' above {letter}?")
        if kind == "c":
            if letter == "L" and scripts.units and "L" not in self.habits.costs:
                raise Unreadable("L with an index")
            marked = "x" if scripts.example else units[0] if len(units) == 1 else ""
            name = "_".join((letter, *scripts.digits, *scripts.words))
            return syntax.Quantity("c", name, None, (), marked)
        if kind == "y" and layer and not layer.symbol:
            raise Unreadable("a number as the name of an example")
        if scripts.digits:
            layer, units = self._numbered(kind, scripts)
        if scripts.words:
            raise Unreadable(f"what is '{scripts.words[0]}' below {letter}?")
        twice = len(set(units)) < len(units) and not all(map(str.isdecimal, units))
        if len(units) > (2 if kind == "W" else 1) or twice:
            raise Unreadable(f"{letter} with the indices {', '.join(units)}")
        if self.habits.bias_unit and "0" in units:  # x_0 = 1, so that w_j0 is a bias
            if kind in ("a", "x"):
                return syntax.Number(1.0)
            if kind == "W":
                kind, units = "b", tuple(unit for unit in units if unit != "0")
        if kind in ENDS:
            said = replace(layer, said=layer.name) if layer else None
            kind, layer = ENDS[kind][0], said or syntax.Layer(ENDS[kind][1])
        return syntax.Quantity(kind, letter, layer, units, example)
