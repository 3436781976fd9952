"""Where a formula is evaluated: network, convention, layers; and how a letter becomes an array.

A letter with indices is an array with the names of its indices as axes, one without indices a
matrix: a column or a row of one example, or of all of them side by side.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nn.notes.conventions import Convention
from nn.notes.errors import Unreadable
from nn.notes.syntax import Layer, Quantity
from nn.notes.tensors import COLUMNS, EXAMPLES, ROWS, Tensor
from nn.notes.worlds import Place, World

ETA = 0.37  # a rate that no other number of a formula is likely to be


@dataclass(frozen=True)
class Readings:
    """What one formula leaves open: a Σ or ∂z/∂a without index, letters without layers."""

    bare: str = "everything"
    lone: str = "unit"
    lowered: frozenset[int] = frozenset()


@dataclass
class Context:
    """Where a formula is evaluated: network, convention, the numbers of layers l and so on."""

    world: World
    convention: Convention
    layers: dict[str, int]
    rules: dict[type, Any]
    readings: Readings = Readings()
    free: frozenset[str] = frozenset()
    single: bool = False
    size: float = field(default=0.0)

    def number(self, layer: Layer | None, shift: int = 0) -> int:
        """Return the number of a layer, the input being 0."""
        if layer is None:
            raise Unreadable("a letter without its layer")
        if layer.symbol == "L":
            return self.world.depth + layer.offset + shift
        if layer.symbol in ("", "input"):
            first = self.convention.first if layer.symbol == "" else 0
            return layer.offset - first + shift
        return self.layers[layer.symbol] + layer.offset + shift

    def place(self, q: Quantity) -> Place:
        """Return what a letter is in the network."""
        kind = {"delta": "z"}.get(q.kind, q.kind[-1])
        if kind == "c":
            return "c", 0
        place = kind, self.number(q.layer, int(self.convention.leaving and kind in "Wb"))
        self.world.require(place)
        return place

    def noted(self, term: Tensor) -> Tensor:
        """Return a result after keeping how large it is: that is what rounding goes by."""
        import numpy as np

        largest = float(np.abs(term.array).max(initial=0.0))
        if largest == largest and largest < float("inf"):
            self.size = max(self.size, largest)
        return term


def framed(array: Any, kind: str, q: Quantity, at: Context) -> Tensor:
    """Return the numbers of a letter with the axes of its indices, or as a matrix.

    `array` is (source, target) of a W and (units,) of the others, with the examples first if it
    has any.
    """
    rank = 2 if kind == "W" else 1
    examples = (EXAMPLES,) * (array.ndim > rank)
    if kind == "W":
        axes = ("source", "target")
        ordered = axes if at.convention.order == "source" else axes[::-1]
        term = Tensor(array, (*examples, *axes))
        names = q.units or (ROWS, COLUMNS)
        if len(names) != 2:
            raise Unreadable(f"{q.letter} with one index")
        return term.renamed(**dict(zip(ordered, names, strict=True)))
    if q.units:
        return Tensor(array, (*examples, *q.units))
    return vector(Tensor(array, (*examples, "units")), at, bool(q.example))


def vector(term: Tensor, at: Context, single: bool) -> Tensor:
    """Return a column or a row, or the matrix of all examples where the notes mean that."""
    across, along = (COLUMNS, ROWS) if at.convention.vectors == "columns" else (ROWS, COLUMNS)
    term = term.renamed(units=along)
    if at.convention.batch and not (single or at.single) and EXAMPLES in term.axes:
        return term.renamed(examples=across)
    return Tensor(term.array[..., None], (*term.axes, across))
