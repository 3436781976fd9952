"""Backpropagation through a network, derived unit by unit from plain numbers.

The formulas are ∂C/∂W_ij = a_i δ_j, ∂C/∂b_j = δ_j and δ_j = g'(z_j) Σ_k W_jk δ_k, at the output
δ_j = g'(z_j) ∂c/∂a_j. Each line has the formula with its indices and with its numbers. A layer
is any object with `W` [i][j], `slope` = g'(z), `delta`, `a` and `activation`, the last one with
`da` = ∂c/∂a as well: nothing here knows how they were computed, so that pages, pictures and
probes say the same. Layers are numbered from 1, and a0 is the input.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd import modes
from autograd.engine import Value
from autograd.explanation.chain import WIDEST, largest_of
from autograd.explanation.notation import Notation, latex_name
from autograd.explanation.numerals import arithmetic, latex_of
from autograd.table import PRIMITIVES

GENERAL = {
    "W": "∂C/∂W_ij = a_i·δ_j",
    "b": "∂C/∂b_j = δ_j",
    "a": "∂c/∂a_i = Σ_k W_ik·δ_k",
    "δ": "δ_j = g'(z_j)·Σ_k W_jk·δ_k",
    "output": "δ_j = g'(z_j)·∂c/∂a_j",
}
NAME = r"[A-Za-zγβδ]\u0302?\d*(?:_[a-z]+)?(?:\[[a-z\d, ]+\])*"
GREEK = {ord("γ"): "gamma", ord("β"): "beta", ord("δ"): "delta"}
TOKEN = re.compile(
    rf"∂({NAME})/∂({NAME})|Σ_([a-z])|\b({NAME})(?![A-Za-z])|([a-z]{{2,}}(?: [a-z]{{2,}})*)"
)


class Line(NamedTuple):
    """`subject = formula`, and the numbers: front · Σ Π terms = value."""

    subject: str
    formula: str
    value: float
    terms: Sequence[Sequence[float]]
    front: Sequence[float] = ()
    symbols: str = ""  # the formula in LaTeX, where it is not made of the names used here

    @property
    def numbers(self) -> str:
        """The formula in numbers, with `≈` where digits were left out."""
        return arithmetic(self.value, self.terms, self.front)

    def text(self) -> str:
        """Return the line as text.

        >>> print(Line("∂C/∂b1[0]", "δ1[0]", 0.5, [[0.5]]).text())
        ∂C/∂b1[0] = δ1[0] = 0.5
        """
        return f"{self.subject} = {self.formula} {self.numbers}"

    def steps(self) -> list[str]:
        """Return the formula, the numbers put in and the result, as far as they differ."""
        return [f"{self.subject} = {self.formula}", *re.split(r" (?=[=≈] )", self.numbers)]

    def latex(self) -> str:
        """Return the line in LaTeX."""
        symbols = self.symbols or formula_latex(self.formula)
        return f"{formula_latex(self.subject)} = {symbols} {latex_of(self.numbers)}"


class Network:
    """The numbers of a network, and its derivations.

    `inputs` are those of the first layer. Layers are `numbered`, W1[1,0], unless there is
    but one: that is written W[1,0], and its input x.
    """

    def __init__(self, inputs: Any, layers: Sequence[Any], numbered: bool | None = None) -> None:
        self.inputs = inputs
        self.layers = layers
        self.numbered = len(layers) > 1 if numbered is None else numbered

    def name(self, letter: str, layer: int, *index: int) -> str:
        """Return a name as formulas write it: W1[1,0]; layer 0 is the input."""
        number = str(layer) if self.numbered else ""
        letter = letter if self.numbered or layer else "x"
        return f"{letter}{number}[{','.join(map(str, index))}]" if index else f"{letter}{number}"

    def a(self, layer: int) -> Any:
        """Return what layer number `layer` hands on; layer 0 is the input."""
        return self.inputs if layer == 0 else self.layers[layer - 1].a

    def weight(self, layer: int, i: int, j: int) -> list[Line]:
        """Return the derivation of ∂C/∂W_ij of layer number `layer`, down to the loss.

        >>> from types import SimpleNamespace as Layer
        >>> hidden = Layer(W=[[1.0], [2.0]], a=[0.5], slope=[0.75], delta=[-1.5], activation="")
        >>> last = Layer(W=[[2.0]], a=[1.0], slope=[1.0], delta=[-1.0], da=[-1.0], activation="")
        >>> for line in Network([3.0, -1.0], [hidden, last]).weight(1, 0, 0):
        ...     print(line.text())
        ∂C/∂W1[0,0] = a0[0]·δ1[0] = 3·(−1.5) = −4.5
        δ1[0] = g'(z1[0])·Σ_k W2[0,k]·δ2[k] = 0.75·(2·(−1)) = −1.5
        δ2[0] = g'(z2[0])·∂c/∂a2[0] = 1·(−1) = −1
        """
        return [self.weight_line(layer, i, j), *self.deltas(layer, [j])]

    def weight_line(self, layer: int, i: int, j: int) -> Line:
        """Return the line ∂C/∂W_ij = a_i δ_j."""
        a_i, delta_j = float(self.a(layer - 1)[i]), float(self.layers[layer - 1].delta[j])
        subject = "∂C/∂" + self.name("W", layer, i, j)
        formula = f"{self.name('a', layer - 1, i)}·{self.name('δ', layer, j)}"
        return Line(subject, formula, a_i * delta_j, [[a_i, delta_j]])

    def bias(self, layer: int, j: int) -> list[Line]:
        """Return the derivation of ∂C/∂b_j of layer number `layer`."""
        delta_j = float(self.layers[layer - 1].delta[j])
        subject, formula = "∂C/∂" + self.name("b", layer, j), self.name("δ", layer, j)
        return [Line(subject, formula, delta_j, [[delta_j]]), *self.deltas(layer, [j])]

    def activation(self, layer: int, i: int) -> list[Line]:
        """Return the derivation of ∂c/∂a_i; of layer 0, how sensitive c is to an input."""
        line, used = self._by_activation(layer, i)
        return [line, *self.deltas(layer + 1, used)]

    def deltas(self, layer: int, units: Sequence[int]) -> list[Line]:
        """Return the lines of δ for some units, then for the units above that they use."""
        lines = []
        while units and layer <= len(self.layers):
            above: dict[int, None] = {}
            for j in units:
                found, used = self.unit(layer, j)
                lines += found
                above.update(dict.fromkeys(used))
            layer, units = layer + 1, sorted(above)
        return list({line.subject: line for line in lines}.values())

    def _by_activation(self, layer: int, i: int) -> tuple[Line, list[int]]:
        """Return ∂c/∂a_i = Σ_k W_ik δ_k, and the units k with the largest terms."""
        above = self.layers[layer]
        terms = [[float(w), float(d)] for w, d in zip(above.W[i], above.delta, strict=True)]
        written, used = largest(terms)
        name = self.name("a", layer, i)
        formula = f"Σ_k {self.name('W', layer + 1)}[{i},k]·{self.name('δ', layer + 1)}[k]"
        if len(terms) > WIDEST:
            formula += f" [the largest {WIDEST}, and the sum of {len(terms) - WIDEST} more]"
        return Line(f"∂c/∂{name}", formula, sum(w * d for w, d in terms), written), used

    def unit(self, layer: int, j: int) -> tuple[list[Line], list[int]]:
        """Return the lines of g'(z_j) and δ_j, and the units of the next layer they use."""
        here = self.layers[layer - 1]
        if hasattr(here.slope[j], "__len__"):
            return self._delta_of_softmax(layer, j)
        subject, slope = self.name("δ", layer, j), f"g'({self.name('z', layer, j)})"
        delta, steep = float(here.delta[j]), float(here.slope[j])
        lines = self._slope(layer, j, slope)
        if layer < len(self.layers):
            line, used = self._by_activation(layer, j)
            formula = f"{slope}·{line.formula}"
            return [*lines, Line(subject, formula, delta, line.terms, [steep])], used
        formula = f"{slope}·∂c/∂{self.name('a', layer, j)}"
        known = getattr(here, "da", None) is not None
        terms = [[steep, float(here.da[j])]] if known else [[delta]]
        return [*lines, Line(subject, formula, delta, terms)], []

    def _delta_of_softmax(self, layer: int, j: int) -> tuple[list[Line], list[int]]:
        """Return the lines of δ_j where every output depends on every z."""
        here = self.layers[layer - 1]
        a, z = self.name("a", layer), self.name("z", layer, j)
        terms = [[float(s), float(d)] for s, d in zip(here.slope[j], here.da, strict=True)]
        formula = f"Σ_k ∂{a}[k]/∂{z}·∂c/∂{a}[k]"
        written, used = largest(terms)
        line = Line(self.name("δ", layer, j), formula, float(here.delta[j]), written)
        if layer == len(self.layers):
            return [line], []
        found = [self._by_activation(layer, k) for k in used]
        return [line, *(upper for upper, _ in found)], sorted({k for _, ks in found for k in ks})

    def _slope(self, layer: int, j: int, subject: str) -> list[Line]:
        """Return the line of g'(z_j) in the words of the table, where g is in it."""
        here = self.layers[layer - 1]
        row = PRIMITIVES.get(here.activation)
        if row is None or row.arity != 1:
            return []
        z, a = (Value(0.5, self.name(letter, layer, j)) for letter in "za")
        with modes.differentiating():
            formula = row.written[0](z, a)  # type: ignore[index]
        text, latex = (Notation(formula).definition(formula, way).text for way in (False, True))
        return [Line(subject, text, float(here.slope[j]), [[float(here.slope[j])]], (), latex)]


def largest(terms: list[list[float]]) -> tuple[list[list[float]], list[int]]:
    """Return the largest products, the others as one number; and which they are."""
    products = [math.prod(term) for term in terms]
    kept, rest = largest_of(products)
    return [terms[k] for k in kept] + [[sum(products[k] for k in rest)]] * bool(rest), kept


def formula_latex(formula: str) -> str:
    r"""Return a formula of this module in LaTeX.

    >>> print(formula_latex("∂C/∂W1[1,0] = a0[1]·δ1[0]"))
    \frac{\partial C}{\partial W_{1}[1,0]} = a_{0}[1] \cdot \delta_{1}[0]
    >>> print(formula_latex("x̂_j·γ1[2]"))
    \hat{x}_{j} \cdot \gamma_{1}[2]
    """
    return latex_of(TOKEN.sub(_token, formula))


def _token(match: re.Match[str]) -> str:
    above, below, index, name, word = match.groups()
    if above:
        return rf"\frac{{\partial {_name(above)}}}{{\partial {_name(below)}}}"
    return rf"\sum_{{{index}}}" if index else _name(name) if name else rf"\text{{ {word} }}"


def _name(name: str) -> str:
    letter, subscript, rest = re.fullmatch(r"(.\u0302?\d*)(?:_([a-z]+))?(.*)", name).groups()  # type: ignore[union-attr]
    latex = latex_name(letter.replace("\u0302", "").translate(GREEK) + rest)
    if "\u0302" in letter:  # x̂
        latex = rf"\hat{{{latex[0]}}}{latex[1:]}"
    return f"{latex}_{{{subscript}}}" if subscript else latex
