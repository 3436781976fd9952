"""Many leaves read and written in one call are leaves read and written one by one."""

import numpy as np
import pytest

from autograd import StaleGraphError, Value, recording, tanh
from autograd.engine import floats, read, write


def leaves(n):
    return tuple(Value(0.5 * k, f"w{k}") for k in range(n))


@pytest.mark.parametrize("n", [0, 1, 7])
def test_numbers_go_out_and_come_back(n):
    w, numbers = leaves(n), np.full(n, np.nan)
    read(w, numbers)
    assert numbers.tolist() == [leaf.data for leaf in w]
    write(w, numbers - 3.0)
    assert [leaf.data for leaf in w] == [0.5 * k - 3.0 for k in range(n)]


def test_a_graph_is_stale_after_its_leaf_was_written():
    w = leaves(3)
    out = tanh(w[1])
    write(w, np.zeros(3))
    with pytest.raises(StaleGraphError, match="w1"):
        out.backward()
    tanh(w[1]).backward()
    assert w[1].grad == 1.0


def test_a_recording_is_not_told():
    w, numbers = leaves(2), np.zeros(2)
    with recording():
        read(w, numbers)
    assert numbers.tolist() == [0.0, 0.5]


@pytest.mark.parametrize("wrong", [tanh(Value(0.1)), (Value(0.1) * 2.0).parents[1]])
def test_a_refusal_changes_none_of_them(wrong):
    w = leaves(2)
    with pytest.raises(AttributeError) as alone:
        wrong.data = 1.0
    with pytest.raises(AttributeError) as together:
        write((*w, wrong), np.ones(3))
    assert str(together.value) == str(alone.value)
    assert [leaf.data for leaf in w] == [0.0, 0.5]


def test_as_many_numbers_as_leaves():
    for numbers in (np.zeros(2), np.zeros(4)):
        with pytest.raises(ValueError):
            write(leaves(3), numbers)
        with pytest.raises(ValueError):
            read(leaves(3), numbers)


@pytest.mark.parametrize("kind", [list, tuple])
def test_plain_numbers_go_to_an_array(kind):
    numbers = np.full(4, np.nan)
    assert floats(kind([1.0, -2, 2**53, -0.0]), numbers)
    assert numbers.tolist() == [1.0, -2.0, 2.0**53, 0.0] and np.signbit(numbers[3])


class Special(float):
    """A number that may do anything when it is asked."""


@pytest.mark.parametrize(
    "wrong", [True, 2**53 + 1, Special(1.0), Value(1.0), None, np.float64(1.0)]
)
def test_other_numbers_do_not(wrong):
    assert not floats([1.0, wrong], np.empty(2))


@pytest.mark.parametrize("wrong", [{1.0: 2}, "ab", np.ones(2), range(2), [1.0], [1.0, 2.0, 3.0]])
def test_nor_do_other_sequences(wrong):
    assert not floats(wrong, np.empty(2))
