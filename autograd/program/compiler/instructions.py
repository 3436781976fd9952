"""The instructions of a program.

There are three: `Map` applies an elementwise expression over a strided (or indexed)
iteration space and stores or adds the result, dimensions that the destination lacks being
summed; `Contraction` is a matrix product; `Row` is a piece over rows: the largest, a
sum less one, one that an index takes. Every number is a lane: where lanes meet in a
shared adjoint they are summed and divided by their count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from autograd.program.compiler.accesses import Access, Array
from autograd.program.compiler.steps import Expression

STORE, ADD = "store", "add"


class Map(NamedTuple):
    """destination ←/+= expression(sources) over `sizes` (and the lanes)."""

    sizes: tuple[int, ...]
    lanes: bool
    expression: Expression
    sources: tuple[Access, ...]
    destination: Access
    mode: str
    needed: bool = True  # by the gradient; otherwise only by a reader of adjoints


class Contraction(NamedTuple):
    """destination[m, n] ←/+= start[m] + Σ_k left[m, k] · right[n, k], in each lane.

    Where the destination has no lanes, they are summed. `start` is a bias.
    """

    sizes: tuple[int, int, int]
    lanes: bool
    left: Access
    right: Access
    destination: Access
    mode: str
    needed: bool = True
    start: Access | None = None


class Row(NamedTuple):
    """destination[n] ← operation(sources[n, :]), or the scatter of its adjoint back.

    `index` is a matrix of addresses, negative ones to be passed over; `chosen` holds the
    index operand of a `take`.
    """

    operation: str
    lanes: bool
    index: Array
    sources_lanes: bool
    destination: Access
    chosen: Access | None = None
    needed: bool = True


Instruction = Map | Contraction | Row


@dataclass
class Instructions:
    """All instructions: forward, then backward in the order they run."""

    forward: list[Instruction] = field(default_factory=list)
    backward: list[Instruction] = field(default_factory=list)
