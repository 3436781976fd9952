"""How an explanation is put into words: text, LaTeX and HTML from the same rows.

A row of the chain rule is (∂f/∂x, symbols, numbers). Definitions go with it for the names it
mentions. What is special about a derivative, that it is zero, not a number, or cancels, is
said in a sentence by `remarks.py`.
"""

from __future__ import annotations

import math
import re
from html import escape
from textwrap import wrap
from typing import Any

from autograd import modes
from autograd.derivatives.chain_rule import as_operand
from autograd.engine import Value
from autograd.explanation.chain import WIDEST, Chain, Contribution, Step, largest
from autograd.explanation.notation import Piece
from autograd.explanation.numerals import arithmetic, counted, figure, is_exact, latex_of, shown
from autograd.explanation.paths import Edge, Term, local_partials
from autograd.explanation.remarks import remarks
from autograd.table import CALL, PRIMITIVES, PRODUCT

WIDTH = 96


class Wording:
    """An explanation in words, with at most `depth` lines of the chain rule."""

    def __init__(self, why: Chain, depth: int | None) -> None:
        self.why = why
        self.depth = math.inf if depth is None else depth
        self.widest = None if depth is None else WIDEST
        self.steps = why.steps(depth)
        self.given, self.defined = self._glossary()

    def text(self, terms: int) -> str:
        """Return headline, remarks, formulas, chain rule and largest paths as text."""
        blocks = [
            [self.headline(), *remarks(self.why)],
            _wrapped("at " + self.numbers()) if self.given else [],
            ["   " + line for line in self.definitions()],
            [line for row in self.chain() for line in _folded(row)],
            self.left_out(),
            self.paths(terms),
        ]
        return "\n".join("\n".join(lines) for lines in blocks if lines)

    def latex(self) -> str:
        r"""Return headline, formulas and chain rule as lines of LaTeX, joined by \\."""
        rows = self.chain(latex=True)
        lines = [f"{name} = {symbols} {numbers}" for name, symbols, numbers in rows]
        if not rows:
            lines = [f"{self.derivative(self.why.wrt, True)} {latex_of(shown(self.why.value))}"]
        lines += [rf"\text{{{line}}}" for line in self.left_out()]
        return " \\\\\n".join([*self.definitions(latex=True), *lines])

    def html(self, terms: int) -> str:
        """Return what the text says, with the chain rule as a table."""
        rows = self.chain()
        cells = [
            [f'<td style="white-space:nowrap"><code>{escape(name)}</code></td>', *map(_cell, rest)]
            for name, *rest in rows
        ]
        blocks = ["\n".join([self.numbers(), *self.definitions()]), "\n".join(self.paths(terms))]
        given, paths = (f"<pre>{escape(block)}</pre>" if block else "" for block in blocks)
        inner = "".join(f"<tr>{''.join(row)}</tr>" for row in cells)
        table = f"<table>{inner}</table>" if rows else ""
        rest = "".join(f"<p>{escape(line)}</p>" for line in self.left_out())
        first = " ".join([self.headline(), *remarks(self.why)])
        return f"<div><p>{escape(first)}</p>{given}{table}{rest}{paths}</div>"

    def name(self, node: Value, latex: bool = False) -> str:
        """Return the name of a node, or the number of a constant."""
        return self.why.notation.formula(node, latex).text

    def derivative(self, node: Value, latex: bool = False) -> str:
        """Return ∂output/∂node."""
        above, below = self.name(self.why.output, latex), self.name(node, latex)
        return rf"\frac{{\partial {above}}}{{\partial {below}}}" if latex else f"∂{above}/∂{below}"

    def headline(self) -> str:
        """Return the derivative, and how many paths it sums."""
        why, paths = self.why, ""
        if why.terms.nodes and why.wrt is not why.output:
            number = f"the sum over {counted(why.path_count)} paths"
            number = "along the only path" if why.path_count == 1 else number
            paths = f", {number} from {self.name(why.wrt)} to {self.name(why.output)}"
        return f"{self.derivative(why.wrt)} {shown(why.value)}{paths}."

    def numbers(self) -> str:
        """Return the names whose numbers are given."""
        most = len(self.given) if self.widest is None else 3 * self.widest
        more = len(self.given) - most
        numbers = [f"{self.name(node)} {shown(node.data)}" for node in self.given[:most]]
        return ", ".join(numbers + [f"… and {more} more"] * (more > 0))

    def definitions(self, latex: bool = False) -> list[str]:
        """Return `name = formula = number` for the names that are written out."""
        lines = []
        for node in self.defined:
            formula = self.why.notation.definition(node, latex, self.widest).text
            number = latex_of(shown(node.data)) if latex else shown(node.data)
            lines.append(f"{self.name(node, latex)} = {formula} {number}")
        return lines

    def chain(self, latex: bool = False) -> list[tuple[str, str, str]]:
        """Return (∂f/∂node, symbols, numbers) for each line of the chain rule."""
        return [self._row(step, latex) for step in self.steps]

    def _row(self, step: Step, latex: bool) -> tuple[str, str, str]:
        """Return one line; of many contributions the largest are written, the rest summed."""
        written, rest = largest(step.contributions)
        symbols: list[str] = []
        numbers = []
        for contribution in written:
            product, factors = self._product(contribution, latex, leading=not symbols)
            symbols.append(product)
            numbers.append(factors)
        if rest:
            more = f"({len(rest)} more)"
            symbols.append(rf"\text{{{more}}}" if latex else more)
            numbers.append([sum(c.value for c in rest)])
        line, symbolic = arithmetic(step.adjoint, numbers), " + ".join(symbols)
        line = latex_of(line) if latex else line
        numeric = line.removeprefix(f"= {symbolic}").strip()
        return self.derivative(step.node, latex), symbolic, numeric

    def _product(
        self, contribution: Contribution, latex: bool, leading: bool
    ) -> tuple[str, list[float]]:
        """Return local · local · … · ∂f/∂above in symbols and in numbers, without ones."""
        symbols: list[str] = []
        numbers = []
        for edge in contribution.edges:
            local = self._local(edge)
            if local.__class__ is float and local == 1.0:
                continue
            piece = _figure(local, latex) or self.why.notation.formula(local, latex, self.widest)
            symbols.append(piece.at(PRODUCT, leading and not symbols))
            numbers.append(edge.partial)
        if contribution.above is not self.why.output:
            symbols.append(self.derivative(contribution.above, latex))
            numbers.append(contribution.upstream)
        return (r" \cdot " if latex else "·").join(symbols) or "1", numbers or [1.0]

    def _local(self, edge: Edge) -> Any:
        """Return ∂user/∂operand as a formula, a Value, or as a float where it is a number."""
        rules = PRIMITIVES[edge.user.op].written
        point = (*map(as_operand, edge.user.operands), edge.user)
        with modes.differentiating():
            try:
                return (
                    rules[edge.slot](*point)
                    if isinstance(rules, tuple)
                    else rules(*point)[edge.slot]
                )
            except (ValueError, ZeroDivisionError):
                return edge.partial

    def left_out(self) -> list[str]:
        """Return what the limit on the lines left out, in a sentence."""
        more = len(self.why.between) - len(self.steps)
        if not more:
            return []
        lines = "lines are" if more > 1 else "line is"
        return [f"… {counted(more)} further {lines} left out; depth=None writes them all."]

    def paths(self, terms: int) -> list[str]:
        """Return the largest paths, with the products of their partials."""
        why = self.why
        if why.path_count < 2 or not terms:
            return []
        found = why.terms[:terms]
        lines = [f"   {self._trail(term)}   {_partials(term)}" for term in found]
        rest = why.path_count - len(found)
        if rest:
            together = why.value - sum(term.value for term in found)
            lines.append(f"   … {counted(rest)} more, together {shown(together)}")
        return ["largest paths:", *lines]

    def _trail(self, term: Term) -> str:
        """Return a path as the named nodes on it, the middle of a long one left out."""
        names = [self.name(node) for node in term.nodes if self.why.notation.name(node)]
        if len(names) > 2 * WIDEST:
            more = f"… {len(names) - WIDEST} nodes …"
            names = [*names[: WIDEST // 2], more, *names[-WIDEST // 2 :]]
        return " → ".join(names)

    def _glossary(self) -> tuple[list[Value], list[Value]]:
        """Return the nodes that are given by a number, and those that are written out."""
        notation = self.why.notation
        queue = [x for step in self.steps for x in self._mentioned(step)]
        met: dict[Value, bool] = {}
        room = 2 * self.depth
        for node in queue:
            if node not in met:
                inner = node in self.why.terms.uses and node is not self.why.wrt
                met[node] = bool(node.op) and room > 0 and (inner or not node.label)
                room -= met[node]
                inside = notation.mentioned(node, inside=True) if met[node] else []
                queue += inside if self.widest is None or len(inside) <= 2 * self.widest else []
        for node, written_out in met.items():
            if written_out:
                local_partials(node, ())  # raises where a number shown is no longer its operands'
        return [x for x in met if not met[x]], [x for x in notation.nodes if met.get(x)]

    def _mentioned(self, step: Step) -> list[Value]:
        found = [step.node]
        for contribution in largest(step.contributions)[0]:
            for edge in contribution.edges:
                found += self.why.notation.mentioned(self._local(edge))
            found.append(contribution.above)
        return found


def _cell(text: str) -> str:
    return f"<td><code>{escape(text)}</code></td>"


def _wrapped(text: str) -> list[str]:
    """Return a list of `name = number` as lines, broken at commas only."""
    bound = re.sub(r"(?<!,) ", "\xa0", text)
    lines = wrap(bound, WIDTH, subsequent_indent="   ", break_on_hyphens=False)
    return [line.replace("\xa0", " ") for line in lines]


def _folded(row: tuple[str, str, str]) -> list[str]:
    """Return a row as one line, or the numbers under the symbols if it is long."""
    name, symbols, numbers = row
    line = f"{name} = {symbols} {numbers}".rstrip()
    return [line] if len(line) <= WIDTH else [f"{name} = {symbols}", f"{' ' * len(name)} {numbers}"]


def _figure(local: Any, latex: bool) -> Piece | None:
    """Return a local partial that is a short number or a whole part, such as 1/3."""
    if local.__class__ is Value or not math.isfinite(local):
        return None
    if is_exact(local):
        return Piece(latex_of(figure(local)) if latex else figure(local), CALL)
    if (1.0 / local).is_integer():
        whole = figure(1.0 / local)
        return Piece(rf"\frac{{1}}{{{whole}}}" if latex else f"1/{whole}", PRODUCT)
    return None


def _partials(term: Term) -> str:
    """Return the product of a path in numbers, of a long one the result alone."""
    factors = [partial for partial in term.partials if partial != 1.0]
    if len(factors) > WIDEST:
        return f"{len(factors)} partials {shown(term.value).replace('=', '≈')}"
    return arithmetic(term.value, [factors or [1.0]])
