"""Sums of unequal length: no group of them may be taken for a matrix that it only looks like."""

from random import Random

import numpy as np
import pytest

from autograd import Program, Value, cos, dot, gradients, sin, tanh, total
from tests.program.executors.test_networks import programs

SHAPES = {
    "words": lambda w, s, b, bag: sin(sum((w[k] * s[0] for k in bag), b)),
    "two factors": lambda w, s, b, bag: sin(sum((w[k] * s[k % len(s)] for k in bag), b)),
    "dot": lambda w, s, b, bag: tanh(dot([w[k] for k in bag], [s[0] for _ in bag], b)),
    "shared leaves": lambda w, s, b, bag: cos(sum((w[k] * w[bag[0]] for k in bag), b)),
    "stencil": lambda w, s, b, bag: sin(
        sum((w[k] * s[(k + j) % len(s)] for j, k in enumerate(bag)), b)
    ),
    "terms too": lambda w, s, b, bag: sin(sum((w[k] * s[0] + w[k] for k in bag), b)),
}


def leaves(rng, n):
    return [Value(rng.uniform(-0.9, 0.9)) for _ in range(n)]


def check(loss, inputs, parameters, rows, monkeypatch):
    """Cost and gradient of every way to run a program are the means of the engine's."""
    costs, found = [], []
    for row in rows:
        for leaf, number in zip(inputs, row, strict=True):
            leaf.data = number
        again = loss()
        costs.append(again.data)
        found.append(gradients(again, parameters))
    expected = np.mean(found, axis=0)
    for program in programs(again, inputs, parameters, monkeypatch):
        cost, gradient = program(np.array(rows))
        assert cost == pytest.approx(np.mean(costs), rel=1e-12, abs=1e-12)
        np.testing.assert_allclose(gradient, expected, rtol=1e-11, atol=1e-12)


def test_a_bag_of_two_words_and_one_of_four_are_no_matrix_of_three():
    """2 + 4 products fill two rows of three; by hand: sin(.1 + .27) + sin(.1 − .09)."""
    w, s, b = [Value(0.7), Value(-0.4)], Value(0.9), Value(0.1)
    bags = [[0, 1], [1, 0, 1, 1]]
    loss = total([sin(sum((w[k] * s for k in bag), b)) for bag in bags])
    for executor in ("numpy", "auto"):
        program = Program(loss, inputs=[], parameters=[*w, s, b], executor=executor)
        cost, gradient = program(np.empty((1, 0)))
        first, second = 0.1 + 0.9 * (0.7 - 0.4), 0.1 + 0.9 * (0.7 - 3 * 0.4)
        assert cost == pytest.approx(np.sin(first) + np.sin(second), rel=1e-14)
        c, d = np.cos(first), np.cos(second)
        by_hand = [0.9 * (c + d), 0.9 * (c + 3 * d), 0.3 * c - 0.5 * d, c + d]
        np.testing.assert_allclose(gradient, by_hand, rtol=1e-14)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("inputs", [0, 1, 3])
def test_random_bags(shape, inputs, monkeypatch):
    rng = Random(f"{shape} {inputs}")
    for _ in range(12):
        w, s = leaves(rng, rng.randint(2, 5)), leaves(rng, rng.randint(max(1, inputs), 4))
        b = Value(0.1)
        lengths = [rng.randint(1, 6) for _ in range(rng.randint(2, 6))]
        bags = [[rng.randrange(len(w)) for _ in range(n)] for n in lengths]
        rows = [[rng.uniform(-1, 1) for _ in range(inputs)] for _ in range(rng.randint(1, 3))]

        def loss(w=w, s=s, b=b, bags=bags):
            return total([SHAPES[shape](w, s, b, bag) for bag in bags])

        check(loss, s[:inputs], [*w, *s[inputs:], b], rows, monkeypatch)
