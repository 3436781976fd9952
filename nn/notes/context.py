"""Where a formula is evaluated: network, convention, layers; and how a letter becomes an array.

A letter with indices is an array with the names of its indices as axes, one without indices a
matrix: a column or a row of one example, or of all of them side by side.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nn.notes.conventions import Convention
from nn.notes.errors import OutOfRange, Unreadable
from nn.notes.syntax import Layer, Quantity
from nn.notes.tensors import COLUMNS, EXAMPLES, ROWS, Tensor, summed, transposed
from nn.notes.worlds import Place, World

LAMBDA = 0.23
ETA = 0.37  # a rate that no other number of a formula is likely to be


@dataclass(frozen=True)
class Readings:
    """What one formula leaves open: a Σ or ∂z/∂a without index, letters without layers.

    `row` if w_j is a row; `within` is "≤" or "≥" if of two layers one is never above the other,
    and always `apart` from it.
    """

    bare: str = "everything"
    lone: str = "unit"
    row: bool = False
    lowered: frozenset[int] = frozenset()
    within: str = ""
    apart: int = 0


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
    axes = ("source", "target") if kind == "W" else ("unit",)
    term = Tensor(array, ((EXAMPLES,) * (array.ndim > len(axes)) + axes))
    if kind == "W" or q.units:
        return labelled(term, kind, q, at)
    return vector(term.renamed(unit="units"), at, bool(q.example))


def labelled(term: Tensor, kind: str, q: Quantity, at: Context) -> Tensor:
    """Return a term with the indices of a letter in place of the axes source, target and unit."""
    if kind != "W":
        return named(term, {"unit": q.units[0]}, at)
    if len(q.units) != 1:
        ordered = ("source", "target") if at.convention.order == "source" else ("target", "source")
        return named(term, dict(zip(ordered, q.units or (ROWS, COLUMNS), strict=True)), at)
    if at.convention.setting.one and term.size("target") == 1:  # w_i of a single unit
        return named(summed(term, "target"), {"source": q.units[0]}, at)
    term = named(term, {"target": q.units[0]}, at)
    column = Tensor(term.array[..., None], (*term.axes, COLUMNS)).renamed(source=ROWS)
    return transposed(column) if at.readings.row else column


def named(term: Tensor, names: dict[str, str], at: Context) -> Tensor:
    """Return a term with names for its axes; a number is the one unit that is meant."""
    import numpy as np

    for axis, name in names.items():
        if not name.isdecimal():
            term = term.renamed(**{axis: name})
            continue
        unit = int(name) - (not at.convention.zero)
        if not 0 <= unit < term.size(axis):
            raise OutOfRange(f"unit {name}")
        rest = tuple(each for each in term.axes if each != axis)
        term = Tensor(np.take(term.array, unit, axis=term.axes.index(axis)), rest)
    return term


def vector(term: Tensor, at: Context, single: bool) -> Tensor:
    """Return a column or a row, or the matrix of all examples where the notes mean that."""
    across, along = (COLUMNS, ROWS) if at.convention.vectors == "columns" else (ROWS, COLUMNS)
    term = term.renamed(units=along)
    if at.convention.batch and not (single or at.single) and EXAMPLES in term.axes:
        return term.renamed(examples=across)
    return Tensor(term.array[..., None], (*term.axes, across))
