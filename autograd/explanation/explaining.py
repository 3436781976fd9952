"""Why a derivative is what it is: the chain rule written out, symbols beside numbers.

The steps come from `chain.py`, the single paths, largest first, from `paths.py`; `wording.py`
puts them into text, LaTeX and HTML.
"""

from __future__ import annotations

from autograd import errors
from autograd.engine import Value
from autograd.explanation.chain import Chain
from autograd.explanation.notation import gathered
from autograd.explanation.wording import Wording


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
        return self._wording(depth).text(terms)

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

    __repr__ = __str__ = text
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
