"""One matrix product at a time, on strides that a network seldom has, beside sums written out."""

from itertools import product
from random import Random

import numpy as np
import pytest

from autograd.program.compiler.accesses import Access
from autograd.program.compiler.instructions import ADD, STORE, Contraction, Instructions
from autograd.program.executors import native
from autograd.program.executors.interface import Ends
from autograd.program.executors.native.executor import NativeExecutor
from autograd.program.executors.numpy.executor import NumpyExecutor
from autograd.program.memory import Memory
from tests.program.reference import printed_on

LANES = [*product((False, True), repeat=3)]  # of left, right and destination
SIZES = [(1, 3, 2), (3, 1, 2), (2, 2, 3), (1, 1, 4), (4, 5, 2), (1, 9, 3), (7, 2, 5), (3, 17, 9)]
COUNTS = (1, 2, 3, 4, 5, 8, 17)
ORDERS = [(False, False), (True, False), (False, True), (True, True)]  # left or right turned


def contraction(sizes, lanes, turned, gap, mode):
    """A product of matrices whose rows, or columns where turned, lie `gap` apart."""
    m, n, k = sizes
    shapes = [(m, k), (n, k), (m, n)]
    found = []
    for side, (rows, columns) in enumerate(shapes):
        over = side < 2 and turned[side]
        strides = (1, rows + gap) if over else (columns + gap, 1)
        found.append(Access(lanes[side], False, 400 * side, strides))
    return Contraction(sizes, any(lanes), *found, mode)


def check(executor, this, m, seed):
    """destination ←/+= Σ_k left[m, k] right[n, k], the mean over lanes that it lacks."""
    memory = Memory((1200, 1200), "float64")
    run = executor(Instructions([this]), memory, Ends(np.zeros(0, int), 0, False, 0))
    run.resize(m)
    values = memory.room.values
    rng = np.random.default_rng(seed)
    for numbers in values:
        numbers[...] = rng.integers(-9, 9, numbers.shape)  # sums of whole numbers are exact
    before = [numbers.copy() for numbers in values]

    def table(access, rows, columns):
        """The addresses of a matrix."""
        row, column = access.strides
        return access.offset + row * np.arange(rows)[:, None] + column * np.arange(columns)

    def read(access, rows, columns):
        found = before[access.lanes][table(access, rows, columns)]
        return found if access.lanes else found[..., None] * np.ones(m)

    expected = [numbers.copy() for numbers in before]
    rows, columns, depth = this.sizes
    target = this.destination
    pair = read(this.left, rows, depth), read(this.right, columns, depth)
    found = sum(pair[0][:, None, k] * pair[1][None, :, k] for k in range(depth))
    found, at = found if target.lanes else found.mean(-1), table(target, rows, columns)
    expected[target.lanes][at] = found + (before[target.lanes][at] if this.mode == ADD else 0)
    run.forward()
    for actual, wanted in zip(values, expected, strict=True):
        np.testing.assert_allclose(actual, wanted, rtol=0, atol=1e-11, err_msg=f"{this}, m = {m}")


def check_all(executor):
    rng = Random(1)
    for sizes, lanes, turned in product(SIZES, LANES, ORDERS):
        if not lanes[2] or lanes[0] or lanes[1]:
            for m in COUNTS:
                gap, mode = rng.choice((0, 1, 2, 5)), rng.choice((STORE, ADD))
                check(
                    executor,
                    contraction(sizes, lanes, turned, gap, mode),
                    m,
                    rng.randrange(1 << 30),
                )


def test_every_layout_of_a_product_in_numpy():
    check_all(NumpyExecutor)


@pytest.mark.skipif(not native.available(), reason="the extension is not built")
@pytest.mark.parametrize("tile", ["v4", "v3", "v2", "plain"])
def test_every_layout_of_a_product_in_each_instruction_set(tile):
    code = (
        "from tests.program.executors.test_contractions import NativeExecutor, check_all\n"
        "check_all(NativeExecutor)"
    )
    printed_on(tile, code)


def test_a_factor_without_lanes_whose_ends_look_consecutive():
    """Summed over two lanes, a column of stride 3 stands at 0, 0, 3, 3: its ends are 3 apart."""
    this = contraction((1, 3, 2), (True, False, False), (False, True), 0, STORE)
    assert this.right.strides == (1, 3)
    for executor in (NumpyExecutor, NativeExecutor)[: 1 + native.available()]:
        check(executor, this, 2, 0)
