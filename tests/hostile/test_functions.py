"""Functions and arguments that nobody should write: compiled as node by node, or an error alike."""

import contextlib
import math
import warnings
from functools import partial

import numpy as np
import pytest

from autograd import Value, exp, grad, hessian, hvp, jacobian, jit, jvp, log, value_and_grad, vjp


class Mean(Exception):
    """What a function raises in the middle."""


def changes_its_argument(x):
    x[0] = x[0] * 2.0
    x[-1] = x[0]
    return [x[0] * x[1], x[-1] + 1.0]


def raises_in_the_middle(x):
    if x[0] > 2.0:
        raise Mean
    return [x[0] * x[1], x[1]]


def returns_its_argument(x):
    return x


def returns_a_generator(x):
    return (a * a for a in x)


def returns_text(x):
    return [x[0] * x[1], "x"]


def returns_nothing(x):
    return None


def returns_itself(x):
    found = [x[0]]
    found.append(found)
    return found


def calls_compiled_functions(x):
    inner = jit(lambda y: y[0] * y[1])
    return [inner(x), grad(inner)(x)[0] * x[1]]


def prunes_its_sparse_result(x):
    return [float(jacobian(lambda y: [y[0] ** 2], sparse=True)([3.0])[0, 0]) * x[0], x[1]]


def loops_over_everything(x):
    total = 0.0
    for a in x:
        for b in x:
            total = total + a * b
    return [total] * 40


def is_a_long_chain(x):
    y = x[0]
    for _ in range(3000):
        y = y * 0.999 + x[1] * 1e-3
    return [y]


def is_constant(x):
    return [1.0, Value(2.0), 3]


def leaves_the_numbers(x):
    return [exp(x[0] * 800.0), log(x[1])]


def divides_by_zero(x):
    return [x[0] / (x[1] - x[1]), x[1]]


FUNCTIONS = [
    changes_its_argument, raises_in_the_middle, returns_its_argument, returns_a_generator,
    returns_text, returns_nothing, calls_compiled_functions,
    prunes_its_sparse_result, loops_over_everything, is_a_long_chain, is_constant,
    leaves_the_numbers, divides_by_zero,
]  # fmt: skip
POINTS = [
    [1.0, 0.5], np.array([1.0, 0.5]), np.array([1, 2]), np.array([2.0, 9.0, 0.5])[::-2],
    [3.0, 0.25], [True, 2], [1.0, -1.0], [math.inf, 1.0], [math.nan, 1.0], [0.0, -0.0],
    [5e-324, 1e308], [10**400, 1.0], ["1", 2.0], [None, 1.0], [1j, 1.0], [], 3.0,
    np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 2.0], object),
    np.ma.masked_array([1.0, 2.0], [False, True]), {"a": 1.0}, [[1.0, 2.0], [3.0]],
]  # fmt: skip


def scalar(f):
    def loss(x):
        return sum(f(x), start=0.0)

    return loss


def along(x):
    return np.ones(np.shape(x)).tolist()


def pushed(f, x):
    return jvp(f, (x,), (along(x),))


def curved(f, x):
    return hvp(f, x, along(x)) if len(x) else []


QUESTIONS = {
    "value_and_grad": lambda f, lift: value_and_grad(lift(scalar(f))),
    "jacobian": lambda f, lift: jacobian(lift(f)),
    "hessian": lambda f, lift: hessian(lift(scalar(f))),
    "jvp": lambda f, lift: partial(pushed, lift(f)),
    "vjp": lambda f, lift: lambda x: vjp(lift(f), x)[0],
    "hvp": lambda f, lift: partial(curved, lift(scalar(f))),
}
SPARSE = {
    "jacobian": lambda f, lift: jacobian(lift(f), sparse=True),
    "hessian": lambda f, lift: hessian(lift(scalar(f)), sparse=True),
}


def outcome(ask, x):
    """Return the numbers of an answer, or the kind of the error."""
    try:
        with np.errstate(all="ignore"):
            found = ask(x.copy() if hasattr(x, "copy") else x)
            found = found.toarray() if hasattr(found, "toarray") else found
            return "numbers", flat(found)
    except RecursionError:
        raise
    except Exception as error:
        kinds = (Mean, TypeError, ZeroDivisionError, ValueError, ArithmeticError, LookupError)
        return next(kind for kind in (*kinds, Exception) if isinstance(error, kind)), []


def flat(x):
    if isinstance(x, dict):
        x = list(x.values())
    if isinstance(x, list | tuple) or np.ndim(x):
        return [number for child in x for number in flat(child)]
    return [x.data if x.__class__ is Value else float(x)]


def assert_alike(found, expected):
    assert found[0] == expected[0]
    scale = max((abs(a) for a in expected[1] if math.isfinite(a)), default=1.0)
    assert found[1] == pytest.approx(expected[1], rel=1e-12, abs=1e-12 * scale, nan_ok=True)


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_compiled_is_as_node_by_node(f, name):
    fast, slow = (QUESTIONS[name](f, lift) for lift in (jit, lambda f: f))
    if name == "hessian" and f is is_a_long_chain:
        return  # minutes node by node
    for x in POINTS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # that it runs node by node
            expected = outcome(slow, x)
            for _ in range(2):
                assert_alike(outcome(fast, x), expected)


@pytest.mark.parametrize("name", SPARSE)
@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_sparse_is_dense(f, name):
    """Compiled, and with what is kept of a plain function."""
    if name == "hessian" and f is is_a_long_chain:
        return
    ways = [SPARSE[name](f, jit), SPARSE[name](f, lambda f: f)]
    dense = QUESTIONS[name](f, lambda f: f)
    for x in POINTS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            expected = outcome(dense, x)
            for ask in ways * 2:
                assert_alike(outcome(ask, x), expected)


def test_what_is_in_its_own_result_is_refused_and_forgotten():
    for ask in (jit(returns_itself), jacobian(returns_itself, sparse=True)):
        with contextlib.suppress(RecursionError, ValueError, TypeError):
            ask([1.0])
    fast = jit(lambda x: x[0] * 2.0)
    assert fast([1.0]) == 2.0
