"""What people hold: a formula, and why a derivative is what it is, symbols beside numbers.

Formulas come from `notation.py`; the steps of an explanation from `chain.py`, its single paths,
largest first, from `paths.py`; `wording.py` puts them into text, LaTeX and HTML.
"""

from __future__ import annotations

from typing import Any

from autograd import errors
from autograd.engine import Value, topological
from autograd.explanation.chain import Chain
from autograd.explanation.notation import Notation, gathered
from autograd.explanation.wording import Wording
from autograd.text import Text, printed


class Explanation(Chain):
    """∂output/∂wrt, and how the chain rule makes it; see `explain`.

    `value` is the derivative, `path_count` the exact number of paths from `wrt` to `output`,
    `terms` all of them, found one by one as they are asked for, largest |value| first: each
    has `.value`, `.partials` and `.nodes`.
    """

    def __init__(self, output: Value, wrt: Value, known: Chain | None = None) -> None:
        super().__init__(output, wrt, known)
        self._wordings: dict[int | None, Wording] = {}

    def by(self, wrt: Value) -> Explanation:
        """Return the explanation of the same output by another node: names are found once."""
        return Explanation(self.output, wrt, self)

    def text(self, depth: int | None = 30, terms: int = 5) -> str:
        """Return the explanation as text: numbers, formulas, the chain rule, the paths.

        At most `depth` lines of the chain rule and `terms` single paths are written, and
        what was left out is said. `depth=None` writes every line.
        """
        return Text(self._wording(depth).text(terms))

    def latex(self, depth: int | None = 30) -> str:
        r"""Return formulas and chain rule in LaTeX, one a line, with \\ between the lines."""
        return self._wording(depth).latex()

    def html(self, depth: int | None = 30, terms: int = 5) -> str:
        """Return the explanation as a fragment of HTML, without scripts or links."""
        return self._wording(depth).html(terms)

    def rows(self, depth: int | None = None, latex: bool = False) -> list[tuple[str, str, str]]:
        """Return the chain rule as (∂output/∂node, symbols, numbers), a row a line."""
        return self._wording(depth).chain(latex)

    def formulas(self, depth: int | None = None, latex: bool = False) -> list[str]:
        """Return `name = formula = number` for the names that the rows mention."""
        return self._wording(depth).definitions(latex)

    def _wording(self, depth: int | None) -> Wording:
        if depth not in self._wordings:
            self._wordings[depth] = Wording(self, depth)
        return self._wordings[depth]

    __repr__ = __str__ = printed(text)
    _repr_html_ = html

    def _repr_latex_(self) -> str:
        return gathered(self.latex())


def explain(output: Value, wrt: Value) -> Explanation:
    """Return why ∂output/∂wrt is what it is: formulas, numbers and every path.

    `wrt` may be a leaf or any node below the output. No `.grad` is touched. Raises
    StaleGraphError where a leaf was changed after its use, and ZeroDivisionError or
    DomainError where a local partial on the way does not exist.

    >>> from autograd import Value, explain, tanh
    >>> w, x = Value(0.5, "w"), Value(-1.2, "x")
    >>> h = tanh(w * x); h.label = "h"
    >>> loss = h * h + w; loss.label = "loss"
    >>> print(explain(loss, w).text(terms=1))
    ∂loss/∂w ≈ 1.92, the sum over 3 paths from w to loss.
    at w = 0.5, x = −1.2
       h = tanh(w*x) ≈ −0.537
       loss = h*h + w ≈ 0.788
    ∂loss/∂w = x·(1 - h*h)·∂loss/∂h + 1 ≈ (−1.2)·0.7116·(−1.074) + 1 ≈ 1.92
    ∂loss/∂h = h + h ≈ −0.537 + (−0.537) ≈ −1.07
    largest paths:
       w → loss   = 1
       … 2 more, together ≈ 0.917
    """
    for name, node in (("output", output), ("wrt", wrt)):
        if node.__class__ is not Value:
            raise errors.not_a_value(name, node)
    return Explanation(output, wrt)


class Expression:
    """The formula of a node; see `expression`."""

    def __init__(self, value: Value) -> None:
        self._notation = Notation(value)

    def _lines(self, latex: bool) -> list[str]:
        notation, root = self._notation, self._notation.root
        lines = [
            f"{notation.name(node, latex)} = {notation.definition(node, latex).text}"
            for node in reversed(notation.nodes)
            if node.op and (node is not root or node.label)
        ]
        return lines if root.op and root.label else [notation.definition(root, latex).text, *lines]

    def text(self) -> str:
        """Return the formula in Python notation, then a line for each named part of it."""
        formula, *parts = self._lines(latex=False)
        words = [" where ", *[" " * 7] * len(parts)]
        return Text("\n".join([formula, *map(str.__add__, words, parts)]))

    def latex(self) -> str:
        r"""Return the formulas in LaTeX, one a line, with \\ between the lines."""
        return " \\\\\n".join(self._lines(latex=True))

    def sympy(self) -> Any:
        """Return the whole formula as an expression of SymPy, a real symbol for each leaf's name.

        `detach(x)` is refused: a formula cannot say that no gradient passes. Raises ValueError for
        one that is too large written out, ImportError without SymPy.

        >>> import pytest; sympy = pytest.importorskip("sympy")
        >>> from autograd import Value, exp
        >>> a, b = Value(2.0, "a"), Value(0.5, "b")
        >>> formula = expression(exp(a * b) + 3 * a).sympy()
        >>> formula.diff(sympy.Symbol("a", real=True))
        b*exp(a*b) + 3
        """
        from autograd.explanation.symbolic import symbolic

        return symbolic(self._notation, topological(self._notation.root))

    def _repr_latex_(self) -> str:
        return gathered(self.latex())

    __repr__ = printed(text)


def expression(value: Value) -> Expression:
    r"""Return the formula that computed `value`, with `.text()`, `.latex()` and `.sympy()`.

    The text is Python notation with the fewest brackets that keep the order of the
    operations. Labelled, shared and long parts are named, and defined in lines of their
    own. Raises TypeError for anything but a Value.

    >>> from autograd import Value, expression, tanh
    >>> a, b, c = Value(2.0, "a"), Value(-3.0, "b"), Value(10.0, "c")
    >>> expression((a + b) * c - a / (b * c))
    (a + b)*c - a/(b*c)
    >>> u = a * b
    >>> expression(u + tanh(u))
    u1 + tanh(u1)
     where u1 = a*b
    >>> print(expression(tanh(a / b) ** 2).latex())
    \tanh(\frac{a}{b})^{2}
    """
    if value.__class__ is not Value:
        raise errors.not_a_value("the argument of expression", value)
    return Expression(value)
