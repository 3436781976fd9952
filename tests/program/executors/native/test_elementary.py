"""The executor's own exp and tanh are within two units in the last place."""

import math

import mpmath
import numpy as np
import pytest

import autograd as ag
from autograd import Program, Value
from autograd.program.executors import native

built = pytest.mark.skipif(not native.available(), reason="the extension is not built")


def replayed(function, X, dtype):
    x = Value(0.5)
    program = Program(function(x), inputs=[x], parameters=[], dtype=dtype, executor="native")
    program._machine.forward(X[:, None])
    address = program._machine.placement.address
    return program._machine.memory.room.values[True][address[program.recording.root]]


def points(dtype, limit):
    rng = np.random.default_rng(0)
    wide = rng.uniform(-limit, limit, 1500)
    near = rng.normal(size=500) * 10.0 ** rng.uniform(-8, 0, 500)
    inside = rng.uniform(-3, 3, 6000)
    return np.concatenate([wide, near, inside, [0.0, 1.0, -1.0]]).astype(dtype)


@built
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ["exp", "tanh", "sigmoid"])
def test_within_two_units_in_the_last_place(name, dtype):
    limit = {"exp": 700 if dtype == "float64" else 86, "tanh": 21, "sigmoid": 80}[name]
    X = points(dtype, limit)
    exact = {
        "exp": mpmath.exp, "tanh": mpmath.tanh, "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    }[name]  # fmt: skip
    with mpmath.workdps(40):
        truth = [exact(mpmath.mpf(float(x))) for x in X]
        found = replayed(getattr(ag, name), X, dtype)
        rounded = np.array([float(t) for t in truth]).astype(dtype)
        errors = [
            abs(mpmath.mpf(float(y)) - t) / mpmath.mpf(float(np.spacing(abs(r))))
            for y, t, r in zip(found, truth, rounded, strict=True)
        ]
    assert max(errors) < 2


@built
def test_the_ends_of_the_range():
    big = np.array([710.0, 1e9, math.inf, -746.0, -math.inf, -745.0, math.nan])
    np.testing.assert_array_equal(
        replayed(ag.exp, big, "float64"),
        [math.inf, math.inf, math.inf, 0.0, 0.0, 5e-324, math.nan],
    )
    np.testing.assert_array_equal(
        replayed(ag.tanh, np.array([1e300, -math.inf, math.nan, -0.0]), "float64"),
        [1.0, -1.0, math.nan, -0.0],
    )


@built
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 1.0])
@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_slopes_far_out_keep_their_digits_among_others(name, share, dtype):
    """tanh' x = 1 / cosh² x, sigmoid' x = 1 / (4 cosh² x/2), for a few numbers or many."""
    rng = np.random.default_rng(5)
    X = rng.uniform(-0.5, 0.5, 700)
    X[rng.uniform(size=700) < share] *= 30
    X[17] = math.nan
    X = X.astype(dtype)
    x = Value(0.5)
    root = getattr(ag, name)(x)
    program = Program(root, inputs=[x], parameters=[], dtype=dtype, executor="native")
    program._machine.forward(X[:, None])
    program._machine.executor.backward()
    program._machine.executor.remaining()
    found = program._machine.memory.room.adjoints[True][0]
    wide = X.astype(float)
    truth = 1 / np.cosh(wide) ** 2 if name == "tanh" else 0.25 / np.cosh(wide / 2) ** 2
    near = 1e-13 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(found, truth, rtol=near)
