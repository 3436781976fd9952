"""Why a derivative is what it is: the chain rule written out, symbols beside numbers.

∂output/∂x = Σ over the users u of x of ∂u/∂x · ∂output/∂u. Writing one such line for each
named node between x and the output sums over every path, however many there are, in a text
that is linear in the graph. The single paths, largest first, are in `paths.py`; formulas
come from `notation.py`, numbers from `numerals.py`.
"""

from __future__ import annotations

import math
from functools import cache, cached_property
from typing import NamedTuple

from autograd import errors, modes
from autograd.engine import Value, adjoints, topological
from autograd.explanation.notation import Notation, gathered
from autograd.explanation.paths import Edge, Paths
from autograd.explanation.wording import Wording, largest
from autograd.table import PRIMITIVES

LINEAR = frozenset({"add", "sub", "neg", "mul", "dot", "total", "mean"})


def _recurs(node: Value) -> bool:
    """Return whether a partial of a node is written with the node, as 1 - a² is of tanh."""
    if not node.op or node.op in LINEAR:
        return False
    return any(
        isinstance(x, Value) and not x.constant and _refers_to_result(node.op, slot)
        for slot, x in enumerate(node.operands)
    )


@cache
def _refers_to_result(op: str, slot: int) -> bool:
    """Return whether the rule for one operand of a primitive makes use of the result."""
    row = PRIMITIVES[op]
    if not isinstance(row.partials, tuple):
        return True
    *operands, out = (Value(0.5) for _ in range(len(row.partials) + 1))
    with modes.differentiating():
        try:
            partial = row.partials[slot](*operands, out)
        except ValueError:
            return True
    return isinstance(partial, Value) and out in topological(partial)


class Contribution(NamedTuple):
    """The way from one named node to the next, `above`, ∂output/∂above, and their product."""

    edges: tuple[Edge, ...]
    above: Value
    upstream: float
    value: float


class Step(NamedTuple):
    """∂output/∂node as the sum of its contributions."""

    node: Value
    adjoint: float
    contributions: tuple[Contribution, ...]


class Explanation:
    """∂output/∂wrt, and how the chain rule makes it; see `explain`.

    `value` is the derivative, `path_count` the exact number of paths from `wrt` to `output`,
    `terms` all of them, found one by one as they are asked for, largest |value| first: each
    has `.value`, `.partials` and `.nodes`.
    """

    def __init__(self, output: Value, wrt: Value, known: Explanation | None = None) -> None:
        self.output = output
        self.wrt = wrt
        self._order: list[Value] = known._order if known else topological(output)
        self.terms = Paths(output, wrt, self._order)
        self.notation: Notation = known.notation if known else self._notation()
        if known and not known.notation.name(wrt):
            self.notation = self._notation()
        named = self.notation.nodes
        self._stations = [node for node in named if node in self.terms.uses] or [wrt]
        self._adjoints = dict(zip(self._stations, adjoints(output, self._stations), strict=True))
        self.value = self._adjoints[wrt]
        self._wordings: dict[int | None, Wording] = {}

    def _notation(self) -> Notation:
        recurring = [node for node in self._order if _recurs(node)]
        return Notation(self.output, [self.wrt, *recurring], self._order)

    def by(self, wrt: Value) -> Explanation:
        """Return the explanation of the same output by another node: names are found once."""
        return Explanation(self.output, wrt, self)

    @property
    def path_count(self) -> int:
        """The number of paths from `wrt` to `output`, exactly."""
        return self.terms.count

    @cached_property
    def residual(self) -> float:
        """The largest relative difference between an adjoint and what its line adds up to.

        Each line holds by itself, so by induction from the output back the sum over all
        paths is the gradient. Rounding alone leaves some 1e-16.
        """
        worst = 0.0
        for step in map(self._step, self._stations):
            values = [contribution.value for contribution in step.contributions]
            scale = sum(map(abs, values))
            if scale and math.isfinite(scale):
                worst = max(worst, abs(math.fsum(values) - step.adjoint) / scale)
        return worst

    def steps(self, depth: int | None = None) -> list[Step]:
        """Return the lines of the chain rule from `wrt` on.

        With a `depth` there are at most so many of them, reached by the largest contributions.
        """
        if depth is None or len(self.between) <= depth:
            return [self._step(node) for node in self.between]
        queue = [self.wrt] * (depth > 0)
        found: dict[Value, Step] = {}
        for node in queue:
            if node is not self.output and node not in found:
                found[node] = self._step(node)
                if len(found) == depth:
                    break
                queue += [c.above for c in largest(found[node].contributions)[0]]
        return list(found.values())

    @property
    def between(self) -> list[Value]:
        """The named nodes from `wrt` on, the output left out: each has a line."""
        connected = self._stations if self.terms.nodes else []
        return [node for node in connected if node is not self.output]

    def _step(self, node: Value) -> Step:
        contributions = []
        for edge in self.terms.uses.get(node, ()):
            edges = [edge]
            while edges[-1].user not in self._adjoints:
                edges += self.terms.uses[edges[-1].user]
            above = edges[-1].user
            value = upstream = self._adjoints[above]
            for passed in reversed(edges):
                value *= passed.partial
            contributions.append(Contribution(tuple(edges), above, upstream, value))
        return Step(node, self._adjoints[node], tuple(contributions))

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
