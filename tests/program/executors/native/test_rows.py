"""What an index takes from a row, and gives back to it, is what NumPy's own indices do."""

import numpy as np
import pytest

from autograd import DomainError, Program, Value, logsumexp, softmax, total
from autograd.reductions import take
from tests.program.reference import printed_on

WIDTHS, LANES = (1, 2, 3, 7, 16, 17, 33, 70), (1, 2, 7, 8, 16, 31, 255, 300)  # on both sides of
# what is met in vectors, and of what a step of an instruction takes at once


def check_row(width, lanes, dtype):
    """Hold w · x[k] to NumPy: values, ∂/∂w = mean of x[k], and ∂/∂x = w at k, 0 elsewhere."""
    rng = np.random.default_rng(100 * width + lanes)
    X = np.column_stack([rng.normal(size=(lanes, width)), rng.integers(0, width, lanes)])
    X = X.astype(dtype).astype(float)
    x, k, w = [Value(0.5) for _ in range(width)], Value(0.0), Value(3.0)
    program = Program(
        w * take([1.0 * v for v in x], k), inputs=[*x, k], parameters=[w], dtype=dtype,
        executor="native",
    )  # fmt: skip
    cost, gradient = program(X)
    taken = np.arange(lanes), X[:, -1].astype(int)
    close = 1e-14 if dtype == "float64" else 1e-6
    scale = np.abs(X[taken]).mean()
    np.testing.assert_allclose([cost, gradient[0]], X[taken].mean() * np.array([3.0, 1.0]),
                               rtol=0.0, atol=3.0 * close * scale)  # fmt: skip
    given = np.zeros((lanes, width))
    given[taken] = 3.0
    found = np.column_stack([np.broadcast_to(program.adjoint(v), lanes) for v in x])
    np.testing.assert_array_equal(found, given)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("width", WIDTHS)
def test_rows_of_every_width(width, dtype):
    for lanes in LANES:
        check_row(width, lanes, dtype)


@pytest.mark.parametrize("tile", ["v3", "v2", "plain"])
def test_rows_on_every_instruction_set(tile):
    code = (
        "from tests.program.executors.native.test_rows import WIDTHS, LANES, check_row\n"
        "for width in WIDTHS:\n"
        "    for lanes in LANES:\n"
        "        check_row(width, lanes, 'float64')\n"
        "        check_row(width, lanes, 'float32')\n"
    )
    printed_on(tile, code)


@pytest.mark.parametrize("width", WIDTHS)
def test_an_index_that_names_nothing_is_told(width):
    x, k = [Value(0.5) for _ in range(width)], Value(0.0)
    loss = total([take([1.0 * v for v in x], k), 1.0])
    program = Program(loss, inputs=[*x, k], parameters=[], executor="native")
    X = np.zeros((40, width + 1))
    for beyond in (float(width), -1.0, 0.5):
        X[17, -1] = beyond
        with pytest.raises(DomainError, match="take is defined"):
            program(X)


ROWS = [
    [0.5, 0.5, -1.0, 0.5], [-2.0, 3.0, 3.0, 1.0], [0.0, -0.0, 0.0, -0.0], [700.0, -700.0, 1.0, 2.0],
    [1e300, -1e300, 1e300, 0.0], [-np.inf, 1.0, 2.0, 2.0], [np.inf, 1.0, 2.0, -np.inf],
    [1.0, np.nan, 3.0, 2.0], [-np.inf] * 4,
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_of_one_lane_has_the_bits_of_one_of_many(row):
    """The largest of a row, the first that is, and the sum of its exponentials but one."""
    x = [Value(0.1 * k) for k in range(len(row))]
    for loss in (logsumexp([2.0 * v for v in x]), *softmax([1.0 * v for v in x])):
        program = Program(loss, inputs=x, parameters=[], executor="native")
        machine, found = program._machine, []
        for lanes in (1, 3):
            machine.forward(np.array([row] * lanes))
            values = machine.memory.room.values[True]
            found.append(values[machine.placement.address[program.recording.root]][0])
        np.testing.assert_array_equal(*found)
