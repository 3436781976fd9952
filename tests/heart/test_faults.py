"""Faults that were found by trying, a kind a row: the case reported first, then others of its kind.

Each member is what a user would write and what it must give; numbers are Python's, or worked out by
hand beside them.
"""

import copy
import math
import weakref
from fractions import Fraction

import numpy as np
import pytest

import autograd
from autograd import (
    Value,
    check_gradients,
    compare,
    detach,
    exp,
    expression,
    grad,
    gradients,
    hessian,
    jacobian,
    jit,
    no_grad,
    sin,
    take,
    vjp,
)


def passes(f, *args):
    check_gradients(f, *args)
    return True


def labelled(*labels):
    return expression(sum((Value(1.0, label) for label in labels), 0.0)).text()


def generator_lends_nothing():
    def waits():
        with no_grad():
            yield

    x, waiting = Value(2.0), waits()
    next(waiting)
    return (x * x).op


def hinted(hand, autodiff):
    ratio = np.array(autodiff) / np.array(hand)
    return "g' is missing" in compare(hand, autodiff, slope=ratio).hints[0]


def slope_of(step, x, far=1e300):
    return grad(lambda v: (step(v) * far) * far + v)(x)


def under_no_grad(x):
    with no_grad():
        c = x * 2.0
    return c * x


def in_place(a):
    a[1] = 2.0 * a[0]
    return a[0] + a[1] ** 2


def twice(f, *points):
    compiled = jit(f)
    return [compiled(*point) for point in points]


FAULTS = {
    "what leaves a recording": [  # 2 x · x with the slope 2 x, at 3 and then at 4
        (lambda: twice(under_no_grad, (3.0,), (4.0,)), [18.0, 32.0]),
        (lambda: jit(under_no_grad).value_and_grad(4.0), (32.0, 8.0)),
        (lambda: twice(lambda x: detach(x) * x, (3.0,), (4.0,)), [9.0, 16.0]),
        (lambda: twice(lambda x: x if under_no_grad(x) > 20 else -x, (3.0,), (4.0,)), [-3.0, 4.0]),
    ],
    "equal to a number": [
        (lambda: twice(lambda x, k: x if k == 1 else x * x, (3.0, 1), (3.0, 2)), [3.0, 9.0]),
        (lambda: twice(lambda x, k: x if k != 1 else x * x, (3.0, 1), (3.0, 2)), [9.0, 3.0]),
        (lambda: twice(lambda x, k: x if k in (1, 2) else -x, (3.0, 2), (3.0, 5)), [3.0, -3.0]),
        (lambda: (np.array([Value(1.0), Value(2.0)]) == 1.0).tolist(), [True, False]),
    ],
    "copies of an argument": [
        (lambda: grad(lambda v: copy.deepcopy(v)[0] ** 2)([3.0]), [6.0]),
        (lambda: grad(lambda v: copy.copy(v[0]) ** 2)([3.0]), [6.0]),
        (lambda: grad(lambda v: copy.deepcopy({"a": v})["a"][0] ** 2)([3.0]), [6.0]),
        (lambda: jit(lambda v: copy.deepcopy(v)[0] ** 2).value_and_grad([3.0]), (9.0, [6.0])),
    ],
    "arguments changed in place": [  # a₀ + 4 a₀², whatever a₁ was
        (lambda: grad(in_place)([1.0, 2.0]), [9.0, 0.0]),
        (lambda: jacobian(in_place)([1.0, 2.0]), [9.0, 0.0]),
        (lambda: jit(in_place).value_and_grad([1.0, 2.0]), (5.0, [9.0, 0.0])),
        (lambda: vjp(in_place, [1.0, 2.0])[1](1.0), ([9.0, 0.0],)),
        (lambda: hessian(in_place)([1.0, 2.0]), [[8.0, 0.0], [0.0, 0.0]]),
    ],
    "what NumPy and Python ask of a number": [
        (lambda: np.exp2(np.array([Value(3.0)]))[0].data, 8.0),
        (lambda: np.cbrt(np.array([Value(-8.0)]))[0].data, -2.0),
        (lambda: (Value(-7.0) % 3).data, 2.0),
        (lambda: [v.data for v in divmod(Value(7.0), 2)], [3.0, 1.0]),
        (lambda: round(Value(2.5)).data, 2.0),
        (lambda: math.floor(Value(-0.5)).data, -1.0),
        (lambda: (+Value(3.0)).data, 3.0),
        (lambda: np.isfinite(Value(math.inf)), False),
        (lambda: np.logaddexp(Value(0.0), 0.0).data, math.log(2.0)),
        (lambda: np.round(np.array([Value(0.123)]), 1)[0].data, 0.1),
    ],
    "right derivatives accused": [
        (lambda: passes(lambda r: 8.99e9 * 1.6e-19**2 / r**2, 1e-10), True),
        (lambda: passes(lambda r: 1.0 / r**6 - 1.0 / r**12, 1e-3), True),
        (lambda: passes(lambda t: exp(-t / 1e-9), 1e-9), True),
        (lambda: passes(lambda k: sin(k * 1e-7), 3e7), True),
    ],
    "whole floats are indices": [
        (lambda: take([4.0, 5.0], 1.0), 5.0),
        (lambda: take([4.0, 5.0], np.float32(0.0)), 4.0),
        (lambda: take(np.array([4.0, 5.0]), np.array([1.0])[0]), 5.0),
        (lambda: take([[1.0], [2.0]], 1.0), [2.0]),
    ],
    "slopes of a batch": [
        (lambda: hinted([[1.0, 2.0], [3.0, 4.0]], [[0.5, 0.2], [0.3, 2.0]]), True),
        (lambda: hinted([[1.0, 2.0]], [[0.5, 0.2]]), True),
        (lambda: hinted([[[1.0, 2.0]], [[3.0, 4.0]]], [[[0.5, 0.2]], [[0.3, 2.0]]]), True),
        (lambda: hinted(np.array([[1.0], [3.0]]), np.array([[0.5], [0.3]])), True),
        (lambda: hinted([1.0, 2.0], [0.5, 0.2]), True),
    ],
    "names of Python's own": [
        (lambda: "abs" in autograd.__all__, False),
        (lambda: "round" in autograd.__all__ or "pow" in autograd.__all__, False),
        (lambda: autograd.abs(Value(-3.0)).data, 3.0),
    ],
    "comparisons with any number": [
        (lambda: Value(1.0) == 10**400, False),
        (lambda: Value(1.0) < 10**400, True),
        (lambda: Value(2.0**53) == 2**53 + 1, False),
        (lambda: Value(0.1) == Fraction(1, 10), False),
        (lambda: Value(1.0) == 1 + 0j, True),
        (lambda: 10**400 in (Value(1.0), 2), False),
    ],
    "nothing is not a number": [
        (lambda: slope_of(detach, 2.0), 1.0),
        (lambda: slope_of(autograd.sign, 2.0), 1.0),
        (lambda: slope_of(autograd.floor, 2.5), 1.0),
        (lambda: gradients(autograd.copysign(1.0, x := Value(2.0)) * 1e300 * 1e300 + x, x), 1.0),
    ],
    "two labels are two names": [
        (lambda: labelled("w_in", "win"), "0 + w_in + win"),
        (lambda: labelled("a_b", "ab"), "0 + a_b + ab"),
        (lambda: labelled("x_", "x"), "0 + x_ + x_2"),
    ],
    "weak references": [
        (lambda: weakref.ref(x := Value(1.0))() is x, True),
        (lambda: weakref.ref(Value(1.0) * 2.0)(), None),
        (lambda: len(weakref.WeakSet([Value(1.0)])), 0),
        (lambda: weakref.ref(Value(4.0))(), None),
    ],
    "a generator that waits": [(generator_lends_nothing, "mul")],
}


@pytest.mark.parametrize(
    ("ask", "right"),
    [pytest.param(*member, id=f"{kind} {k}") for kind, members in FAULTS.items()
     for k, member in enumerate(members)],
)  # fmt: skip
def test_a_fault_that_was_found_stays_away(ask, right):
    assert ask() == right
