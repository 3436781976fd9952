"""The operations that exist only inside programs, one row each: a second, small table.

A recording takes functions of many operands apart into these and primitives: softmax is
e^(x - max x) over its sum. A piece is differentiated, written and drawn as its row says. What
it computes is `composed` of primitives, or is known by name to each executor: to NumPy in
`operations` (elementwise) or `rows`, to C as `native` or `row`, to tapes in `writer`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from autograd.primitives import exp, heaviside, log1p, square
from autograd.table import REALS, Domain


@dataclass(frozen=True, eq=False)
class Piece:
    """One row. An elementwise piece has an `arity`; others take a whole row of operands.

    `partials` holds ∂out/∂operand for each operand, numbers or rules like those of the table, or
    one number for all operands of a row;
    where the operand that receives the adjoint depends on an index, `back` is the piece that
    carries it there. `padding` says what fills up a row that is shorter than others: its
    `first` operand again or a `zero`; without it all rows of a group have one length.
    """

    name: str
    symbol: str = ""
    latex: str = ""
    arity: int | None = None
    partials: tuple[float | Callable[..., Any], ...] = ()
    composed: Callable[..., Any] | None = None
    native: str = ""  # the name of the step in C, where it is another
    row: int | None = None  # the number of the row operation in C
    padding: str = ""
    indexed: bool = False  # the last operand says which of the others is meant
    back: str = ""
    pulls: tuple[str, tuple[str | int, ...]] | None = (
        None  # a pullback: of which row, what it reads
    )

    @property
    def differentiable(self) -> bool:
        return bool(self.partials or self.back)

    @property
    def domain(self) -> tuple[Domain, ...]:
        return (REALS,) * (self.arity or 0)


def _twice_cosh(exponential: Any) -> Any:
    return exponential + 1.0 / exponential


PLAIN = Piece("", partials=(1.0,))  # what a primitive is, where a piece is asked for

_ROWS = (
    # x - max x, and 0 at the maximum, which may be infinite
    Piece("shifted", "#1 - #2", "#1 - #2", 2, (1.0, -1.0), native="gap"),
    # a number that is the same for all examples, in the lanes of another
    Piece("broadcast", "#1", "#1", 2, (1.0, 0.0), lambda x, like: x),
    Piece("increment", "#1 + 1", "#1 + 1", 1, (1.0,), lambda x: x + 1.0),
    # R = Σ e - 1 as log(e / Σ e) wants it, e = exp u being one of them: what e gets through R it
    # gives back, to the bit, and u gets through N = R - (e - 1), the others. N / Σ e is then no
    # difference of rounded numbers where e is the 1 that R leaves out
    Piece("rest_of_share", "#3", "#3", 3, (lambda u, e, rest, out: (e - 1.0) - rest, -1.0, 1.0),
          lambda u, e, rest: rest),
    # log(e / Σ e) of u, of R in that sense, and of R itself
    Piece("log_share", "#1 - log1p(#3)", r"#1 - \operatorname{log1p}(#3)", 3,
          (0.0, lambda u, told, rest, out: -1.0 / (1.0 + rest), 0.0),
          lambda u, told, rest: u - log1p(rest)),
    # which operand is the largest
    Piece("argmax", "argmax(#1)", r"\operatorname{argmax} #1", row=0, padding="first"),
    # Σ e - 1 of numbers up to 1, one of which is 1: the small ones keep their digits
    Piece("sum_minus_one", "sum(#1) - 1", r"\textstyle\sum #1 - 1",
          partials=(1.0,), row=1, padding="zero"),
    Piece("take", "take(#1, #2)", r"\operatorname{take}(#1, #2)",
          row=2, indexed=True, back="scatter"),
    Piece("scatter", row=3, indexed=True),
    # the largest operand itself, held constant
    Piece("peak", "max(#1)", r"\max #1", row=4, padding="first"),
    # pullbacks that have a step of their own in C, for speed: 1 - out² and 1 - out need no
    # exponential as long as they have the digits
    Piece("tanh_pullback", "sech(#1)**2*#3", r"\operatorname{sech}(#1)^2 #3", 3,
          composed=lambda x, out, adjoint: square(2.0 / _twice_cosh(exp(x))) * adjoint,
          pulls=("tanh", (0, "out"))),
    Piece("sigmoid_pullback", "sigmoid(#1)*sigmoid(-#1)*#3", r"\sigma(#1) \sigma(-#1) #3", 3,
          composed=lambda x, out, adjoint: out / (1.0 + exp(x)) * adjoint,
          pulls=("sigmoid", (0, "out"))),
    Piece("relu_pullback", "heaviside(#1)*#2", "H(#1) #2", 2,
          composed=lambda x, adjoint: heaviside(x) * adjoint, pulls=("relu", (0,))),
)  # fmt: skip
PIECES = {piece.name: piece for piece in _ROWS}
