"""What was found of one formula, and what of it deserves a remark though it holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from autograd.explanation.numerals import figure
from nn.notes.conventions import Convention
from nn.notes.levels import placed
from nn.notes.syntax import Derivative, Link, Node, Plus, Quantity, Sum, nodes, quantities
from nn.notes.writing import Style, written

MEANINGLESS = float("inf")


@dataclass(frozen=True)
class Finding:
    """One formula of a text and its verdict: "holds", "defines", "fails" or "not understood".

    `line` and `source` say where and how it stands; `where` maps the layer and the indices of the
    first failure to their numbers, `left` and `right` are the two sides there, and `distance` is
    the largest difference relative to the larger side (inf where shapes give it no meaning).
    `reason` says why it has none, or what was not understood; `hints` what would make it hold.
    """

    line: int
    source: str
    verdict: str
    where: dict[str, int] = field(default_factory=dict)
    left: float | None = None
    right: float | None = None
    distance: float = 0.0
    hints: tuple[str, ...] = ()
    reason: str = ""
    networks: int = 0
    link: Link | None = None
    corrected: Link | None = None
    slips: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.verdict != "fails"

    @property
    def formula(self) -> str:
        """The formula in plain text, or as written where it was not understood."""
        if self.link is None or self.link.relation == "shape":
            return self.source
        return written(self.link, Style())

    def words(self) -> str:
        """Return the verdict with its numbers, in a line."""
        if self.verdict == "not understood":
            return f"not understood: {self.reason}"
        if self.verdict == "defines" and self.link:
            at = f", held at {self.networks} networks" if self.networks else ""
            return f"defines {written(_bare(self.link.left), Style())}{at}"
        if self.verdict != "fails":
            return self.verdict
        if self.left is None or self.right is None:
            return f"has no meaning: {self.reason}"
        at = ", ".join(f"{name} = {k}" for name, k in self.where.items())
        return (
            f"fails{' at ' * bool(at)}{at}: {figure(self.right)}, {self._truth} {figure(self.left)}"
        )

    @property
    def _truth(self) -> str:
        pure = self.link is not None and isinstance(self.link.left, Quantity | Derivative)
        return "autodiff" if pure else "the left side"

    def record(self) -> dict[str, Any]:
        """Return what is public as numbers and text that JSON can hold."""
        return {
            "line": self.line, "source": self.source, "verdict": self.verdict, "where": self.where,
            "left": self.left, "right": self.right,
            "distance": None if self.distance == MEANINGLESS else self.distance,
            "reason": self.reason, "hints": list(self.hints), "networks": self.networks,
        }  # fmt: skip


def _bare(node: Node) -> Node:
    """Return a letter without its scripts."""
    if isinstance(node, Quantity):
        return Quantity(node.kind, node.letter)
    return node


def remarks(link: Link, convention: Convention, style: Style) -> list[str]:
    """Return what is written wrongly though it changes no number: limits and scopes of Σ."""
    whole = placed(link, convention)
    return [*_limits(whole, convention, style), *_scopes(whole, style)]


def _limits(link: Link, convention: Convention, style: Style) -> list[str]:
    """Return upper limits that are the size of another layer than that of the index."""
    found = []
    for node in nodes(link):
        if not isinstance(node, Sum) or node.limit is None or node.limit.layer is None:
            continue
        said = node.limit.layer
        for q in quantities(node.body):
            if node.index in q.units and q.layer and not q.kind.endswith("W"):
                real = q.layer + (convention.leaving and q.kind == "b")
                if real.symbol == said.symbol and real != said:
                    name = node.index.rstrip("0123456789")
                    found.append(
                        f"the sum over {name} runs over the units of layer {real.name}, not "
                        f"{said.name}: its upper limit is n_{{{real.name}}}"
                    )
                break
    return found


def _scopes(link: Link, style: Style) -> list[str]:
    """Return terms under a Σ that do not have its index."""
    found = []
    for node in nodes(link):
        if isinstance(node, Sum) and node.index and isinstance(node.body, Plus):
            for term in (node.body.left, node.body.right):
                used = any(node.index in q.units or q.example for q in quantities(term))
                indexed = any(q.units for q in quantities(term))
                if (
                    indexed
                    and not used
                    and any(node.index in q.units for q in quantities(node.body))
                ):
                    name = node.index.rstrip("0123456789")
                    found.append(f"{written(term, style)} stands under the sum over {name}")
    return found
