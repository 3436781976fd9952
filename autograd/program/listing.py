"""What a `Program.listing` is: a program's forward instructions, in words that anyone can run.

Numbers lie in one row of slots, and each instruction says which slots it fills from which others;
`to_jax` computes the same. `spelling` writes a listing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

Array = Any  # numpy.ndarray of whole numbers: slots


class Apply(NamedTuple):
    """slots[result] ← operation(slots[operand], …), entry by entry.

    `result` is an array of slots. An operand is an array of slots, or a float that stands for
    itself; operands are broadcast to the shape of the result, as NumPy does it. The operation is
    a function of `autograd` by its name ("tanh", "maximum", "where"; "add" "sub" "mul" "div" "neg"
    "pow" are the operators), or "copy", x itself, "shifted", x - y with 0 where they are equal, or
    "rest_of_share" of x, y, z, which is z, or "log_share" of them, which is x - log1p(z).
    """

    operation: str
    result: Array
    operands: tuple[Any, ...]


class Product(NamedTuple):
    """slots[result] ← slots[left] · slots[right] + slots[start]: matrices, (m, n) = (m, k)·(k, n).

    `start` is broadcast to (m, n), or None where nothing is added.
    """

    result: Array
    left: Array
    right: Array
    start: Array | None


class Reduce(NamedTuple):
    """slots[result[n]] ← operation(slots[rows[n, 0]], slots[rows[n, 1]], …).

    The operation is "total", the sum; "sum_minus_one", the sum less 1; "peak", the largest, which
    is a constant to derivatives; "argmax", the place of the largest in its row, from 0; or "take",
    the number at the place slots[chosen[n]] of its row. Slots of -1 fill up a row, and are passed
    over; a take of one of them is NaN, and so is one of a place that is not there.
    """

    operation: str
    result: Array
    rows: Array
    chosen: Array | None = None


class Loop(NamedTuple):
    """The instructions of `body`, run `times` times, in order.

    Their results and operands are single slots. Each time every slot has moved on: those of
    body[k] by steps[k], (result, operands …).
    """

    times: int
    body: list[Apply]
    steps: list[tuple[int, ...]]


Written: TypeAlias = Apply | Product | Reduce | Loop


@dataclass(frozen=True)
class Listing:
    """The forward instructions of a program: how one example's cost follows from its leaves.

    Take `size` slots. Write the parameters, in their order, to `slots[parameters[k]]` and an
    example's row of X to `slots[inputs[k]]`, what is drawn anew behind it; a slot of -1 is used by
    nobody. Write `constants`, (slot, number). Run the `instructions` in order; the cost c is then
    `slots[root]`, and a program's C the mean of c over the examples. A slot may be written again.

    Code that is matrices has `Apply`, `Product` and `Reduce`, of many numbers each; serial code
    `Apply` of single slots, and `Loop` for what repeats in time.
    """

    size: int
    parameters: list[int]
    inputs: list[int]
    constants: list[tuple[int, float]]
    root: int
    instructions: Sequence[Written]

    def __repr__(self) -> str:
        return f"Listing({self.size} slots, {len(self.instructions)} instructions)"

    def text(self) -> str:
        """Return a line for each instruction, the slots of an array as their shape and range."""
        return "\n".join(line for this in self.instructions for line in _lines(this))


def _lines(this: Any) -> Iterator[str]:
    if isinstance(this, Loop):
        yield f"{this.times} times, slots moving on:"
        for line, steps in zip(this.body, this.steps, strict=True):
            yield f"  {next(_lines(line))}   by {', '.join(map(str, steps))}"
    elif isinstance(this, Product):
        start = "" if this.start is None else f" + {_shown(this.start)}"
        yield f"product: {_shown(this.result)} ← {_shown(this.left)} · {_shown(this.right)}{start}"
    elif isinstance(this, Reduce):
        chosen = "" if this.chosen is None else f" at {_shown(this.chosen)}"
        yield f"{this.operation}: {_shown(this.result)} ← {_shown(this.rows)}{chosen}"
    else:
        operands = ", ".join(map(_shown, this.operands))
        yield f"{this.operation}: {_shown(this.result)} ← {operands}"


def _shown(slots: Any) -> str:
    """Return an array of slots as its shape, and the first and the last of them."""
    if isinstance(slots, float):
        return f"{slots:g}"
    if not hasattr(slots, "shape"):
        return f"{slots}"
    first, last = slots.ravel()[[0, -1]]
    return f"{slots.shape} {first}" + (f"…{last}" if slots.size > 1 else "")
