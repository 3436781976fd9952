"""What a formula is once it is read: a tree of quantities, operations and sums.

Every node is immutable, so that a change makes a new tree; `rebuilt` and `occurrences` are the only
ways in and out of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar


@dataclass(frozen=True)
class Layer:
    """The number of a layer: l + 1, L - 1, or a plain number where the symbol is empty."""

    symbol: str
    offset: int = 0
    said: str = field(default="", compare=False)  # as its writer calls it, where that differs

    def __add__(self, steps: int) -> Layer:
        return replace(self, offset=self.offset + steps, said="")

    @property
    def name(self) -> str:
        """How it is written."""
        offset = f"{self.offset:+d}" if self.symbol and self.offset else ""
        return self.said or (self.symbol or str(self.offset)) + offset


@dataclass(frozen=True)
class Node:
    """Any part of a formula."""


@dataclass(frozen=True)
class Number(Node):
    """A number as written."""

    value: float


@dataclass(frozen=True)
class Constant(Node):
    """η, the count m of examples, or the size n of a layer."""

    name: str
    layer: Layer | None = None


@dataclass(frozen=True)
class Quantity(Node):
    """A letter of the network: kind z, a, W, b, y, delta or c; `d` before it is ∂J by that array.

    `layer` is None where none is written, `units` are the indices, `example` what names one.
    """

    kind: str
    letter: str
    layer: Layer | None = None
    units: tuple[str, ...] = ()
    example: str = ""


@dataclass(frozen=True)
class Applied(Node):
    """A function of an expression: the activation g, its slope g', or one with a name."""

    function: str
    argument: Node
    layer: Layer | None = None
    letter: str = "g"


@dataclass(frozen=True)
class Derivative(Node):
    """∂ of an expression by a quantity."""

    of: Node
    by: Quantity
    operator: bool = field(default=False, compare=False)  # ∂/∂z before what it is applied to


@dataclass(frozen=True)
class Sum(Node):
    """Σ over an index ("" where none is written), with its upper limit if one is."""

    index: str
    body: Node
    limit: Constant | None = None


@dataclass(frozen=True)
class Product(Node):
    """Two factors and the sign between them: "" side by side, · * × ⊙ ⊗ @."""

    left: Node
    right: Node
    sign: str = ""


@dataclass(frozen=True)
class Quotient(Node):
    """One expression over another."""

    above: Node
    below: Node


@dataclass(frozen=True)
class Plus(Node):
    """A sum of two terms."""

    left: Node
    right: Node


@dataclass(frozen=True)
class Minus(Node):
    """The negative of a term."""

    term: Node


@dataclass(frozen=True)
class Power(Node):
    """An expression to a power, entry by entry."""

    base: Node
    exponent: Node


@dataclass(frozen=True)
class Transpose(Node):
    """Rows for columns."""

    of: Node


@dataclass(frozen=True)
class Norm(Node):
    """‖v‖, the root of the sum of squares."""

    of: Node


@dataclass(frozen=True)
class Entry(Node):
    """One unit of a whole vector, (W a)_j, or one entry of a matrix."""

    of: Node
    units: tuple[str, ...]


@dataclass(frozen=True)
class Ones(Node):
    """A vector of ones, as long as it must be: b 𝟙ᵀ, 𝟙ᵀ v."""


@dataclass(frozen=True)
class Link:
    """Two sides that a relation joins; `relation` is "=" or "←"."""

    left: Node
    right: Node
    relation: str = "="


PARTS: dict[type, tuple[str, ...]] = {  # the fields of a node that are nodes themselves
    Applied: ("argument",), Derivative: ("of", "by"), Sum: ("body",), Product: ("left", "right"),
    Quotient: ("above", "below"), Plus: ("left", "right"), Minus: ("term",),
    Power: ("base", "exponent"), Transpose: ("of",), Norm: ("of",), Entry: ("of",),
    Link: ("left", "right"),
}  # fmt: skip
Kind = TypeVar("Kind", bound=Node)
Tree = TypeVar("Tree")


def occurrences(node: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    """Return every part of a link or node with the names that lead to it, outermost first."""
    found: list[tuple[tuple[str, ...], Any]] = []
    for name in PARTS.get(node.__class__, ()):
        part = getattr(node, name)
        found.append(((*path, name), part))
        found += occurrences(part, (*path, name))
    return found


def rebuilt(node: Tree, path: tuple[str, ...], new: Node) -> Tree:
    """Return a tree with the part at a path replaced."""
    if not path:
        return new  # type: ignore[return-value]
    return replace(node, **{path[0]: rebuilt(getattr(node, path[0]), path[1:], new)})  # type: ignore[type-var]


def mapped(node: Tree, change: Callable[[Any], Any]) -> Tree:
    """Return a tree with `change` made to every node, the innermost first."""
    new = {}
    for name in PARTS.get(node.__class__, ()):
        part = getattr(node, name)
        changed = mapped(part, change)
        if changed is not part:
            new[name] = changed
    return change(replace(node, **new) if new else node)  # type: ignore[type-var, no-any-return]


def nodes(tree: Any) -> list[Any]:
    """Return all parts of a tree, itself first."""
    found: list[Any] = []
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if node.__class__ is not Link:
            found.append(node)
        waiting += [getattr(node, name) for name in PARTS.get(node.__class__, ())[::-1]]
    return found


def every(kind: type[Kind], tree: Any) -> list[Kind]:
    """Return all parts of one class, the tree itself included, in the order of writing."""
    return [node for node in nodes(tree) if isinstance(node, kind)]


def quantities(tree: Any) -> list[Quantity]:
    """Return all quantities, in the order in which they are written."""
    return every(Quantity, tree)


def with_unit(tree: Tree, old: str, new: str) -> Tree:
    """Return a tree with another name for an index, also where it names an example."""

    def changed(part: Any) -> Any:
        if not isinstance(part, Quantity | Entry):
            return part
        units = tuple(new if unit == old else unit for unit in part.units)
        if isinstance(part, Quantity) and part.example == old:
            part = replace(part, example=new)
        return replace(part, units=units)

    return mapped(tree, changed)


def moves(node: Any) -> bool:
    """Return whether a node has a layer that may be another; targets are at the output."""
    return getattr(node, "layer", None) is not None and kind(node) != "y"


def relayered(
    tree: Tree, change: Callable[[Layer], Layer], where: Callable[[Any], bool] = moves
) -> Tree:
    """Return a tree with `change` made to the layer of every node `where` that may be."""

    def moved(node: Any) -> Any:
        if isinstance(node, Sum) and node.limit:
            return replace(node, limit=moved(node.limit))
        return replace(node, layer=change(node.layer)) if where(node) else node

    return mapped(tree, moved)


def layers(tree: Any) -> list[Layer]:
    """Return the layers of all letters and functions of a tree that say one."""
    found = (getattr(node, "layer", None) for node in nodes(tree))
    return [layer for layer in found if layer]


def kind(node: Any) -> str:
    """Return the kind of a quantity, "" for anything else."""
    return node.kind if isinstance(node, Quantity) else ""


def factors(node: Node) -> list[Node]:
    """Return the factors of a product from left to right."""
    if isinstance(node, Product):
        return [*factors(node.left), *factors(node.right)]
    return [node]
