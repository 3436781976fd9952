"""Random numbers in graphs, as a function of where they stand: a stream, a call, an example.

There is no generator that moves on. A number is a hash of three whole numbers, so that a graph can
be run again, node by node or as a program, with the same numbers, or with those of another call.
A program draws anew in every replay; nothing random is frozen into it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from autograd.engine import Value, constant
from autograd.modes.blocks import Block, Stack
from autograd.table import FINITE, primitive

__all__ = ["NoiseStream", "at_call", "uniform_noise"]

WORD = 2**64 - 1
GAMMA = 0x9E3779B97F4A7C15


def split(state: Any, k: Any) -> Any:
    """Return output k, counted from 0, of the generator SplitMix64 that starts at `state`.

    Whole numbers and NumPy arrays of 64 bits give the same.
    Source: Steele, Lea & Flood 2014; the constants of Vigna's splitmix64.c.

    >>> hex(split(0, 0)), hex(split(0, 1))
    ('0xe220a8397b1dcdaf', '0x6e789e6aa1b965f4')
    """
    z = state + ((k + 1) * GAMMA & WORD) & WORD
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & WORD
    z = (z ^ z >> 27) * 0x94D049BB133111EB & WORD
    return z ^ z >> 31


def drawn(stream: Any, call: Any, example: Any) -> Any:
    """Return the number in 0 <= u < 1 of whole numbers, or of arrays of 64 bits: 53 random bits."""
    return (split(split(stream, call), example) >> 11) * 2.0**-53


uniform_noise = primitive(
    "uniform_noise", lambda *place: drawn(*map(int, place)),
    *[lambda stream, call, example, out: 0.0] * 3,
    domain=FINITE, latex=r"U_{#1}(#2, #3)",
    doc="Return a number in 0 <= u < 1, a hash of three whole numbers; see `NoiseStream`.",
)  # fmt: skip


def is_noise(node: Value) -> bool:
    """Whether a node was drawn from a stream, so that a program draws it anew."""
    return node.op == "uniform_noise" and all(
        x.constant for x in node.operands if x.__class__ is Value
    )


class _Place(NamedTuple):
    """A call and an example, and how often streams were asked there."""

    call: int
    example: int
    uses: dict[tuple[int, int], int]


_places = Stack("noise")


def at_call(call: int, example: int = 0) -> Block:
    """Let every stream draw the numbers of this call and example inside the block.

    In there the same things asked in the same order give the same numbers; a program that is
    called draws those of this call.

    >>> stream = NoiseStream(seed=3)
    >>> with at_call(7):
    ...     first = stream.uniform()
    >>> with at_call(7):
    ...     again = stream.uniform()
    >>> first[0].data == again[0].data
    True
    """
    return Block(_places, lambda: _Place(call, example, {}))


def call_in_force() -> int | None:
    """Return the call of the innermost block of `at_call`, None outside."""
    places = _places.subjects()
    return places[-1].call if places else None


class NoiseStream:
    """A source of random numbers for graphs, which a program draws anew in every replay.

    `uniform(n)` makes n nodes, each uniform in 0 <= u < 1. A node is `uniform_noise` of a number of
    its own that follows from `seed`, of the call, and of the example. By itself a stream counts
    its calls; where it stands in a program the replays are counted on from there, and example
    k of a replay is k further.

    >>> from autograd import Program, Value
    >>> x = Value(1.0, "x")
    >>> program = Program(x * NoiseStream(seed=3).uniform()[0], inputs=[x], parameters=[])
    >>> [round(program([[1.0], [1.0]])[0], 3) for _ in range(2)]
    [0.575, 0.627]
    """

    def __init__(self, seed: int) -> None:
        if not hasattr(seed, "__index__"):
            raise ValueError(f"seed must be a whole number; got {seed!r}.")
        self.seed = int(seed)
        self.calls: dict[int, int] = {}  # by the number of numbers

    def __repr__(self) -> str:
        return f"NoiseStream(seed={self.seed})"

    def uniform(self, n: int = 1) -> list[Value]:
        """Return n nodes, independent of each other and of all that was drawn before."""
        use, call, example = self._place(n)
        key = split(split(self.seed & WORD, n), use)
        streams = [float(split(key, j) >> 11) for j in range(n)]
        return [uniform_noise(constant(x), float(call), float(example)) for x in streams]

    def _place(self, n: int) -> tuple[int, int, int]:
        """Return how often n numbers were drawn at this call before, the call, the example."""
        places = _places.subjects()
        if not places:
            call = self.calls[n] = self.calls.get(n, -1) + 1
            return 0, call, 0
        place: _Place = places[-1]
        use = place.uses[self.seed, n] = place.uses.get((self.seed, n), -1) + 1
        return use, place.call, place.example
