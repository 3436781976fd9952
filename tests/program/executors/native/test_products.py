"""Matrix products of the native executor: every shape, every instruction set, and training."""

from itertools import pairwise

import numpy as np
import pytest

import nn
from autograd import Program, Value, dot, tanh
from autograd.errors import AnomalyError
from autograd.program.executors import native
from tests.program.reference import printed_on

pytestmark = pytest.mark.skipif(not native.available(), reason="the extension is not built")

SHAPES = [  # outputs, inputs, examples: around the edges of tiles, strips and panels
    (1, 2, 1), (2, 3, 2), (3, 2, 7), (5, 9, 4), (6, 17, 8), (7, 8, 9), (13, 33, 16), (16, 2, 100),
    (17, 24, 33), (10, 129, 5), (129, 10, 3), (24, 40, 130), (61, 67, 31), (3, 300, 40),
    (70, 64, 1), (131, 520, 9),
]  # fmt: skip


def layer(outputs, inputs, dtype):
    """c = Σ_j s_j (Σ_i w_ji x_i + b_j)², as a program of W, b and s."""
    x = [Value(0.0) for _ in range(inputs)]
    w = [[Value(0.0) for _ in x] for _ in range(outputs)]
    b, s = ([Value(0.0) for _ in range(outputs)] for _ in range(2))
    z = [dot(row, x, bias) for row, bias in zip(w, b, strict=True)]
    loss = dot(s, [a * a for a in z])
    parameters = [a for row in w for a in row] + b + s
    return Program(loss, inputs=x, parameters=parameters, dtype=dtype, executor="native"), x, z


def check_layer(outputs, inputs, m, dtype):
    """∂C/∂W = mean of 2 s z xᵀ, δ_i = Σ_j 2 s_j z_j w_ji for the inputs: NumPy in float64."""
    rng = np.random.default_rng(outputs + inputs + m)
    program, x, z = layer(outputs, inputs, dtype)
    W, b, s = rng.normal(size=(outputs, inputs)), rng.normal(size=outputs), rng.normal(size=outputs)
    X = rng.normal(size=(m, inputs))
    W, b, s, X = (array.astype(dtype).astype(float) for array in (W, b, s, X))
    for leaf, number in zip(program.parameters, [*W.ravel(), *b, *s], strict=True):
        leaf.data = float(number)
    program.load_parameters()
    cost, gradient = program(X)
    Z = X @ W.T + b
    D = 2 * s * Z
    expected = [*(D.T @ X / m).ravel(), *D.mean(axis=0), *(Z * Z).mean(axis=0)]
    near = 1e-12 if dtype == "float64" else 1e-4
    scale = float(np.abs(expected).max())
    np.testing.assert_allclose(cost, (s * Z * Z).sum(axis=1).mean(), rtol=near, atol=near * scale)
    np.testing.assert_allclose(gradient, expected, rtol=near, atol=near * scale)
    np.testing.assert_allclose(program.read_values(z), Z, rtol=near, atol=near * np.abs(Z).max())
    found = program.read_adjoints(x)
    np.testing.assert_allclose(found, D @ W, rtol=near, atol=near * np.abs(D @ W).max())


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape(shape, dtype):
    check_layer(*shape, dtype)


@pytest.mark.parametrize("tile", ["v3", "v2", "plain"])
def test_every_instruction_set(tile):
    code = (
        "from tests.program.executors.native.test_products import SHAPES, check_layer\n"
        "from autograd.program.executors.native import _replay\n"
        "for shape in SHAPES:\n"
        "    for dtype in ('float64', 'float32'):\n"
        "        check_layer(*shape, dtype)\n"
        "print(_replay.tile)"
    )
    found = printed_on(tile, code).strip()
    assert found in {tile, "v2", "plain"}  # no better one than was asked for


OPTIMIZERS = {
    "sgd": lambda p, **k: nn.SGD(p, lr=0.05, **k),
    "momentum": lambda p, **k: nn.SGD(p, lr=0.05, momentum=0.9, nesterov=True, **k),
    "adam": lambda p, **k: nn.Adam(p, lr=0.01, **k),
}


def network(sizes):
    """A program of large layers and its data, with a constant seed."""
    rng = np.random.default_rng(1)
    x = a = [Value(0.0) for _ in range(sizes[0])]
    parameters = []
    for fan_in, fan_out in pairwise(sizes):
        w = rng.normal(size=(fan_out, fan_in)) / fan_in**0.5
        rows = [[Value(float(number)) for number in row] for row in w]
        biases = [Value(0.1) for _ in rows]
        a = [tanh(dot(row, a, bias)) for row, bias in zip(rows, biases, strict=True)]
        parameters += [p for row in rows for p in row] + biases
    loss = sum((z - 0.3) ** 2 for z in a)
    program = Program(loss, inputs=x, parameters=parameters, executor="native")
    return program, rng.normal(size=(40, sizes[0]))


@pytest.mark.parametrize("sizes", [(70, 40, 3), (90, 64, 48), (33, 65, 2, 70)])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_updating_block_by_block_gives_the_same_bits(name, sizes):
    """A gradient that is never stored trains like one that is (clipping needs it whole)."""
    costs, numbers = [], []
    for clip in ({}, {"clip_norm": 1e300}):
        program, X = network(sizes)
        optimizer = OPTIMIZERS[name](program.parameters, **clip)
        costs.append(program.train(X, optimizer, 7, batch_size=16))
        program.store_parameters()
        numbers.append(([p.data for p in program.parameters], optimizer.state))
    if name == "sgd":  # plain descent adds the product to the parameters, rounded once
        np.testing.assert_allclose(numbers[0][0], numbers[1][0], rtol=1e-13, atol=1e-14)
    else:
        assert numbers[0] == numbers[1]
    np.testing.assert_allclose(*costs, rtol=1e-13)  # the mean over examples is taken elsewhere


def test_a_gradient_that_overflows_leaves_the_parameters_of_the_step_before():
    """c = 1e200 Σ w x: ∂c/∂w = 1e200 x overflows for x = 1e200, though the cost does not."""
    n = 60
    x = [Value(0.0) for _ in range(n)]
    w = [[Value(1e-300) for _ in x] for _ in range(n)]
    loss = 1e200 * sum(dot(row, x) for row in w)
    program = Program(loss, inputs=x, parameters=[a for row in w for a in row], executor="native")
    X = np.full((5, n), 1e-220)
    X[3, 7] = 1e200

    def trained(rows):
        program.load_parameters()
        program.train(X[:rows], nn.SGD(program.parameters, lr=1e-290), rows, batch_size=1)

    trained(3)
    expected = program._machine.memory.room.values[False][: n * n].copy()
    with pytest.raises(AnomalyError, match="inf"):
        trained(5)
    np.testing.assert_array_equal(program._machine.memory.room.values[False][: n * n], expected)
    assert expected.std() == 0.0 and expected[0] != 1e-300  # it had learned


@pytest.mark.parametrize("order", ["as read", "reversed", "two exchanged"])
@pytest.mark.parametrize("shape", [(33, 40, 16), (70, 24, 33), (3, 5, 7)])
def test_examples_read_as_they_came_give_the_bits_of_their_lanes(shape, order):
    """The gradient of a first layer reads rows of X while they are at hand, else their copies."""
    outputs, inputs, m = shape
    rng = np.random.default_rng(3)
    x = [Value(0.0) for _ in range(inputs)]
    w = [[Value(float(number)) for number in row] for row in rng.normal(size=(outputs, inputs))]
    given = {"as read": x, "reversed": x[::-1], "two exchanged": [x[1], x[0], *x[2:]]}[order]
    loss = sum(tanh(dot(row, x)) for row in w)
    parameters = [a for row in w for a in row]
    program = Program(loss, inputs=given, parameters=parameters, executor="native")
    executor, X = program._machine.executor, rng.normal(size=(m, inputs))
    _, gradient = program(X)
    executor.load(X)
    executor.forward()
    executor.backward()
    by_lanes = program._machine.memory.room.adjoints[False][program._machine.places]
    np.testing.assert_array_equal(gradient, by_lanes)
    W = np.array([[a.data for a in row] for row in w])
    columns = X[:, [given.index(leaf) for leaf in x]]
    slopes = (1 - np.tanh(columns @ W.T) ** 2).T @ columns / m
    np.testing.assert_allclose(gradient, slopes.ravel(), rtol=1e-9, atol=1e-11)


def test_the_costs_of_a_training_are_those_of_its_batches():
    """Rows are lent batch by batch: each is read anew."""
    program, X = network((70, 40, 3))
    optimizer = nn.SGD(program.parameters, lr=0.05)
    costs = program.train(X, optimizer, 7, batch_size=16)
    again, _ = network((70, 40, 3))
    for k, cost in enumerate(costs):
        at = 16 * (k % 3)
        found, gradient = again(X[at : at + 16])  # the third has eight
        np.testing.assert_allclose(cost, found, rtol=1e-12)
        for p, slope in zip(again.parameters, gradient, strict=True):
            p.data -= 0.05 * float(slope)
        again.load_parameters()
