"""Random numbers as a function of a stream, a call and an example: known values, statistics.

Bounds are those of the normal approximation at five standard deviations: a right generator misses
one of them about once in two million tries, and everything here is seeded.
"""

import copy
import math
import pickle

import numpy as np
import pytest

from autograd import (
    DomainError,
    NoiseStream,
    Value,
    at_call,
    check_gradients,
    expression,
    gradients,
    no_grad,
    uniform_noise,
)
from autograd.rows.noise import drawn, is_noise, split

# The first outputs from the seed 1234567, as published with splitmix64 on Rosetta Code.
PUBLISHED = [
    6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431,
    16408922859458223821,
]  # fmt: skip


def numbers(nodes):
    return [node.data for node in nodes]


def test_the_generator_gives_the_published_numbers():
    assert [split(1234567, k) for k in range(5)] == PUBLISHED
    assert split(1234567, np.arange(5, dtype=np.uint64)).tolist() == PUBLISHED


def test_arrays_and_whole_numbers_are_drawn_alike():
    streams = np.array([0, 1, 2**53 - 1, 2**64 - 1], np.uint64)
    for call in (0, 1, 2**40):
        lanes = drawn(streams, np.uint64(call) + np.zeros(4, np.uint64), np.full(4, 9, np.uint64))
        assert lanes.tolist() == [drawn(int(s), call, 9) for s in streams]


N = 1 << 16


def grid(along):
    """N numbers along streams, calls or examples, the other two being 0."""
    place = [np.zeros(N, np.uint64) for _ in range(3)]
    place[along] = np.arange(N, dtype=np.uint64)
    return drawn(*place)


@pytest.mark.parametrize("along", range(3))
def test_numbers_are_uniform_and_independent_along_each_of_the_three(along):
    """Mean 1/2 ± 5/√(12N), variance 1/12 ± 5/√(180N), χ² of 256 cells 255 ± 5√510."""
    u = grid(along)
    assert ((u >= 0) & (u < 1)).all()
    assert abs(u.mean() - 0.5) < 5 / math.sqrt(12 * N)
    assert abs(u.var() - 1 / 12) < 5 / math.sqrt(180 * N)
    counts = np.bincount((u * 256).astype(int), minlength=256)
    chi_squared = ((counts - N / 256) ** 2).sum() / (N / 256)
    assert abs(chi_squared - 255) < 5 * math.sqrt(510)
    for lag in (1, 2, 3, 64):  # the sample correlation of independent numbers ~ N(0, 1/N)
        r = np.corrcoef(u[:-lag], u[lag:])[0, 1]
        assert abs(r) < 5 / math.sqrt(N), lag


def test_the_three_directions_are_independent_of_each_other():
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert abs(np.corrcoef(grid(a)[1:], grid(b)[1:])[0, 1]) < 5 / math.sqrt(N)


def test_every_bit_is_as_often_one_as_zero():
    bits = (drawn(np.arange(N, dtype=np.uint64), 0, 0) * 2.0**53).astype(np.uint64)
    for k in range(53):
        ones = int(((bits >> np.uint64(k)) & np.uint64(1)).sum())
        assert abs(ones - N / 2) < 5 * math.sqrt(N) / 2, k


def test_a_stream_goes_on_and_streams_of_one_seed_are_the_same():
    first, second = NoiseStream(3), NoiseStream(3)
    once = numbers(first.uniform(4))
    assert once == numbers(second.uniform(4))
    assert set(once).isdisjoint(numbers(first.uniform(4)))
    assert set(once).isdisjoint(numbers(NoiseStream(4).uniform(4)))
    assert set(once).isdisjoint(numbers(first.uniform(5)))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_of_a_stream_goes_on_from_where_it_was(copied):
    stream = NoiseStream(3)
    stream.uniform(2)
    twin = copied(stream)
    assert numbers(twin.uniform(2)) == numbers(stream.uniform(2))
    assert repr(twin) == "NoiseStream(seed=3)"


def test_a_call_has_its_own_numbers_which_come_again():
    stream = NoiseStream(3)
    with at_call(5, example=2):
        first, again = numbers(stream.uniform(2)), numbers(stream.uniform(2))
    stream.uniform(2)
    with at_call(5, example=2):
        assert numbers(stream.uniform(2)) == first
        with at_call(6, example=2):
            assert set(numbers(stream.uniform(2))).isdisjoint(first)
        assert numbers(stream.uniform(2)) == again
    with at_call(5, example=3):
        assert set(numbers(stream.uniform(2))).isdisjoint([*first, *again])


def test_a_number_is_a_node_without_a_derivative_that_can_be_written_down():
    u = NoiseStream(3).uniform()[0]
    assert is_noise(u)
    assert all(x.constant for x in u.parents)
    stream, call, example = (x.data for x in u.parents)
    assert uniform_noise(stream, call, example) == u.data
    assert expression(u).text() == f"uniform_noise({int(stream)}, 0, 0)"
    x = Value(2.0)
    assert gradients(x * u, x) == u.data
    assert not is_noise(uniform_noise(x, 0.0, 0.0))


def test_nothing_is_recorded_where_nothing_shall_be():
    with no_grad():
        u = NoiseStream(3).uniform()[0]
    assert (u.op, u.data) == ("", NoiseStream(3).uniform()[0].data)


def test_gradients_are_checked_at_one_draw():
    stream = NoiseStream(3)
    check_gradients(lambda x, w: x * x * stream.uniform()[0] + w * stream.uniform()[0], 1.3, 0.4)


def test_a_seed_is_a_whole_number():
    assert numbers(NoiseStream(-1).uniform()) == numbers(NoiseStream(2**64 - 1).uniform())
    for seed in (0.5, "3", None):
        with pytest.raises(ValueError, match="seed must be a whole number"):
            NoiseStream(seed)
    with pytest.raises(DomainError, match="uniform_noise is defined for finite x"):
        uniform_noise(math.nan, 0.0, 0.0)
