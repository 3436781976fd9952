"""Matrices of many parts of few forms are those of the whole, whatever the parts are."""

import random
from itertools import pairwise

import numpy as np
import pytest

from autograd import NoiseStream, Value, exp, hessian, jacobian, jit, sin, where
from autograd.program.jitting.blocks import Blocks, families
from autograd.program.jitting.forms import Form, apart, computed
from tests.derivatives.random_functions import point, random_function


def many(part, wiring, numbers):
    """Return a function whose outputs are those of a part, of some inputs each, with a number."""

    def f(x):
        return [
            y * c + c if k % 3 else y * c  # every third part has another form
            for k, (own, c) in enumerate(zip(wiring, numbers, strict=True))
            for y in part([x[j] for j in own])
        ]

    return f


def random_parts(seed, parts=60):
    part, rng = random_function(seed), random.Random(seed)
    inputs = part.inputs + 5
    wiring = [rng.sample(range(inputs), part.inputs) for _ in range(parts)]
    numbers = [rng.uniform(0.5, 1.5) for _ in wiring]
    return many(part, wiring, numbers), inputs


def sweep_of(fast):
    """Return what answers for the only derivative that was asked for."""
    (structure,) = fast.store._structures.values()
    return structure.first.sweep(fast.chain)


def assert_equals(found, expected):
    expected = np.array(expected, float).reshape(found.shape)
    room = 1e-12 * abs(expected).max(initial=1.0)
    np.testing.assert_allclose(found.toarray(), expected, rtol=0, atol=room)
    assert found.has_canonical_format
    assert (np.diff(found.indptr) >= 0).all()
    for row in range(found.shape[0]):
        assert (np.diff(found.indices[found.indptr[row] : found.indptr[row + 1]]) > 0).all()


@pytest.mark.parametrize("group", range(10))
def test_random_parts_are_those_of_the_whole(group):
    in_blocks = 0
    for seed in range(10 * group, 10 * group + 10):
        f, inputs = random_parts(seed)
        fast = jacobian(jit(f), sparse=True)
        for k in range(2):
            x = point(seed + 1000 * k, inputs)
            assert_equals(fast(x), jacobian(f)(x))
        in_blocks += isinstance(sweep_of(fast), Blocks)
    assert in_blocks >= 8  # others return nothing but inputs, and the like


def test_a_pattern_of_parts_is_that_of_the_graph():
    """A factor that is 0 in some parts makes a form of its own."""
    numbers = [0.0 if k % 4 == 0 else 1.0 + k for k in range(64)]

    def f(x):
        return [a * c + sin(b) for a, b, c in zip(x, x[1:], numbers, strict=False)]

    x = point(0, 65)
    fast = jacobian(jit(f), sparse=True)
    found = fast(x)
    assert isinstance(sweep_of(fast), Blocks)
    assert found.nnz == 64 + 48
    assert_equals(found, jacobian(f)(x))


def test_exponents_shape_a_form_and_other_numbers_do_not():
    x = [Value(1.0), Value(2.0)]
    keys = [Form(computed([y]), [y], {*x}).key for y in (x[0] ** 2.0 + 3.0, x[1] ** 2.0 + 4.0)]
    assert keys[0] == keys[1]
    assert Form(computed([y := x[0] ** 3.0 + 3.0]), [y], {*x}).key != keys[0]
    assert Form(computed([y := x[0] ** 2.0 + 3.0]), [y], set()).key != keys[0]


def test_parts_have_leaves_alone_in_common():
    x = [Value(float(k)) for k in range(1, 5)]
    shared = x[0] * x[1]
    ys = [shared + x[2], sin(x[2]), exp(shared), sin(x[3]) * sin(x[2])]
    found = [[node.op for node in part] for part in apart(computed(ys))]
    assert found == [["mul", "add", "exp"], ["sin"], ["sin", "sin", "mul"]]


def test_decisions_of_a_part_are_watched():
    @jit
    def f(x):
        return [a * b if a < b else a / b for a, b in pairwise(x)]

    slow, fast = jacobian(f.eager), jacobian(f, sparse=True)
    for seed in range(6):
        x = [abs(a) + 0.1 for a in point(seed // 2, 40)]
        assert_equals(fast(x), slow(x))
    structure = next(iter(f.store._structures.values()))
    assert all(isinstance(way.sweep(fast.chain), Blocks) for way in structure.ways)


def test_weights_are_read_anew_in_each_part():
    w = [Value(2.0), Value(3.0)]
    fast = jacobian(jit(lambda x: [w[k % 2] * a * a for k, a in enumerate(x)]), sparse=True)
    x = np.array(point(1, 40))
    for scale in (1.0, 5.0):
        w[0].data = 2.0 * scale
        factors = np.where(np.arange(40) % 2, 3.0, 2.0 * scale)
        assert_equals(fast(x), np.diag(2.0 * factors * x))
    assert isinstance(sweep_of(fast), Blocks)


def test_rows_of_arguments_at_once():
    f, inputs = random_parts(4)
    fast = jacobian(jit(f), sparse=True)
    X = np.array([point(k, inputs) for k in range(5)])
    for found, x in zip(fast.map(X), X.tolist(), strict=True):
        assert_equals(found, jacobian(f)(x))
    assert isinstance(sweep_of(fast), Blocks)

    branching = jit(lambda x: [a * a if a > 0.3 else sin(a) for a in x])
    X = np.array([point(k // 2, 20) for k in range(6)])
    for found, x in zip(jacobian(branching, sparse=True).map(X), X.tolist(), strict=True):
        assert_equals(found, jacobian(branching.eager)(x))


def test_a_hessian_that_falls_apart():
    def f(x):
        return sum(sin(a) * k for k, a in enumerate(x, 1))

    x = point(3, 50)
    fast = hessian(jit(f), sparse=True)
    assert_equals(fast(x), np.diag(-np.arange(1, 51) * np.sin(x)))
    assert isinstance(sweep_of(fast), Blocks)


def test_outputs_that_are_inputs_or_numbers_or_come_twice():
    def f(x):
        squares = [a * a for a in x]
        return [x[0], 7.0, *squares, squares[0], x[1], 2.0]

    x = point(5, 30)
    fast = jacobian(jit(f), sparse=True)
    found = fast(x)
    assert found.nnz == 33
    assert_equals(found, jacobian(f)(x))
    assert isinstance(sweep_of(fast), Blocks)


def test_what_is_not_finite_is_as_node_by_node():
    fast = jacobian(jit(lambda x: [a**1.5 for a in x]), sparse=True)
    fast([1.0] * 20)
    with pytest.raises(ValueError, match="pow"):
        fast([1.0] * 19 + [-1.0])
    assert fast([4.0] * 20).data.tolist() == pytest.approx([3.0] * 20)


def test_few_or_different_or_random_parts_are_left_to_others():
    stream = NoiseStream(0)
    few = jit(lambda x: [a * a for a in x[:10]])
    different = jit(lambda x: [where(a, a ** (k + 2.0), 1.0) for k, a in enumerate(x)])
    chance = jit(lambda x: [a * a * stream.uniform()[0] for a in x])
    for f in (few, different, chance):
        fast = jacobian(f, sparse=True)
        fast([1.0] * 20)
        assert not isinstance(sweep_of(fast), Blocks)
        assert families(sweep_of(fast).trace, fast.chain) is None
