"""Whatever tree of letters is written, it is read again, judged or refused: nothing else happens."""

from __future__ import annotations

import random
from xml.etree import ElementTree

import pytest

from nn.notes.conventions import Convention
from nn.notes.errors import Unreadable
from nn.notes.judging import Judge
from nn.notes.mathml import mathml
from nn.notes.syntax import (
    Applied,
    Constant,
    Derivative,
    Layer,
    Link,
    Minus,
    Norm,
    Number,
    Plus,
    Power,
    Product,
    Quantity,
    Quotient,
    Sum,
    Transpose,
)
from nn.notes.writing import Style, written

LETTERS = [("z", "z"), ("a", "a"), ("W", "W"), ("b", "b"), ("y", "y"), ("delta", "δ"), ("c", "C"), ("dz", "dz"), ("dW", "dW"), ("a", "x")]  # fmt: skip
LAYERS = [None, Layer("l"), Layer("l", -1), Layer("l", 1), Layer("L"), Layer("", 2), Layer("input")]
CONVENTIONS = [Convention(), Convention("source", "rows", True), Convention(leaving=True, first=1)]


def letter(rng: random.Random) -> Quantity:
    kind, name = rng.choice(LETTERS)
    if kind == "c":
        return Quantity(kind, name)
    units = tuple(rng.sample("ijk", 1 + kind.endswith("W"))) if rng.random() < 0.6 else ()
    layer = Layer("L") if kind == "y" else rng.choice(LAYERS)
    return Quantity(kind, name, layer, units, rng.choice(["", "", "i", "x"]))


def tree(rng: random.Random, depth: int):
    if depth == 0:
        return rng.choice(
            [letter(rng), letter(rng), letter(rng), Number(2.0), Constant("m"), Constant("η")]
        )

    def part():
        return tree(rng, depth - 1)

    return rng.choice([
        lambda: Product(part(), part(), rng.choice(["", "⊙", "·", "⊗", "@"])),
        lambda: Plus(part(), part()),
        lambda: Minus(part()),
        lambda: Sum(rng.choice(["i", "j", "k", "x", ""]), part()),
        lambda: Transpose(part()),
        lambda: Power(part(), Number(2.0)),
        lambda: Quotient(part(), part()),
        lambda: Applied(rng.choice(["g", "g'", "exp", "log", "softmax", "tanh", "diag"]), part()),
        lambda: Derivative(part(), letter(rng)),
        lambda: Derivative(letter(rng), letter(rng)),
        lambda: Norm(part()),
    ])()  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_any_formula_gets_an_outcome_or_a_reason(seed):
    rng, judge = random.Random(seed), Judge()
    for _ in range(60):
        relation = rng.choice(["=", "=", "←"])
        link = Link(
            rng.choice([letter(rng), tree(rng, 1)]), tree(rng, rng.choice([1, 2, 3])), relation
        )
        try:
            outcome = judge.outcome(link, rng.choice(CONVENTIONS), quick=True)
            assert outcome.holds or outcome.reason or outcome.left is not None
        except Unreadable as problem:
            assert str(problem)
        ElementTree.fromstring(mathml(link))
        assert written(link) and written(link, Style(True, "()"))
