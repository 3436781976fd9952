"""Identities of calculus on random programs, and their chain rule against an oracle.

A program is a list of steps, each a primitive applied to earlier numbers, so that any directed
acyclic graph may come out. The oracle runs the same steps on dual numbers of 40 digits.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

import autograd
from autograd import Value, derivative, gradients, hessian, hvp, jacobian, jvp, vjp

repeatably = settings(derandomize=True, max_examples=60, deadline=None)

DIGITS = 40
CALLS = ("sin", "cos", "tanh", "atan", "sigmoid", "softplus", "asinh", "erf")
OPERATORS = ("+", "-", "*", "/")


@dataclass
class Dual:
    """primal + tangent·ε with ε² = 0."""

    primal: mpf
    tangent: mpf

    def __add__(self, other):
        return Dual(self.primal + other.primal, self.tangent + other.tangent)

    def __sub__(self, other):
        return Dual(self.primal - other.primal, self.tangent - other.tangent)

    def __mul__(self, other):
        return Dual(
            self.primal * other.primal,
            self.tangent * other.primal + self.primal * other.tangent,
        )

    def __truediv__(self, other):
        quotient = self.primal / other.primal
        return Dual(quotient, (self.tangent - quotient * other.tangent) / other.primal)


EXACT = {
    "sin": (mp.sin, mp.cos),
    "cos": (mp.cos, lambda x: -mp.sin(x)),
    "tanh": (mp.tanh, lambda x: mp.sech(x) ** 2),
    "atan": (mp.atan, lambda x: 1 / (1 + x * x)),
    "sigmoid": (lambda x: 1 / (1 + mp.exp(-x)), lambda x: 1 / (2 + mp.exp(x) + mp.exp(-x))),
    "softplus": (lambda x: mp.log1p(mp.exp(x)), lambda x: 1 / (1 + mp.exp(-x))),
    "asinh": (mp.asinh, lambda x: 1 / mp.sqrt(1 + x * x)),
    "erf": (mp.erf, lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x)),
}


def exact_call(name, x):
    function, slope = EXACT[name]
    if isinstance(x, Dual):
        return Dual(function(x.primal), slope(x.primal) * x.tangent)
    return function(x)


def own_call(name, x):
    return getattr(autograd, name)(x)


def run(program, inputs, call=own_call):
    """Return all the numbers of a program; a divisor y is replaced by a number above 1."""
    numbers = list(inputs)
    for op, i, j in program:
        x, y = numbers[i % len(numbers)], numbers[j % len(numbers)]
        if op == "+":
            numbers.append(x + y)
        elif op == "-":
            numbers.append(x - y)
        elif op == "*":
            numbers.append(call("tanh", x) * y)
        elif op == "/":
            y = call("sigmoid", y)
            numbers.append(x / (y + y / y))
        else:
            numbers.append(call(op, x))
    return numbers


indices = st.integers(0, 30)
steps = st.tuples(st.sampled_from(CALLS + OPERATORS), indices, indices)
programs = st.lists(steps, min_size=1, max_size=12)
points = st.lists(st.floats(-2.0, 2.0).map(lambda x: round(x, 6)), min_size=3, max_size=3)


def one(program):
    return lambda x: run(program, x)[-1]


def many(program):
    return lambda x: run(program, x)[-3:]


def close(found, expected, tolerance=1e-10):
    found, expected = np.array(found, dtype=float), np.array(expected, dtype=float)
    scale = max(1.0, np.abs(expected).max(initial=0.0))
    return np.abs(found - expected).max(initial=0.0) <= tolerance * scale


@repeatably
@given(programs, points)
def test_the_gradient_of_a_random_graph_is_that_of_dual_numbers(program, point):
    leaves = [Value(x) for x in point]
    output = run(program, leaves)[-1]
    with mp.workdps(DIGITS):
        exact = [
            run(program, [Dual(mpf(x), mpf(i == k)) for i, x in enumerate(point)], exact_call)[-1]
            for k in range(len(point))
        ]
    assert close(output.data, exact[0].primal, 1e-12)
    assert close(gradients(output, leaves), [e.tangent for e in exact])
    output.backward()
    assert [x.grad for x in leaves] == gradients(output, leaves)


@repeatably
@given(programs, points, indices)
def test_a_gradient_does_not_depend_on_what_else_is_asked_for(program, point, chosen):
    leaves = [Value(x) for x in point]
    numbers = run(program, leaves)
    output, node = numbers[-1], numbers[chosen % len(numbers)]
    output.backward()
    everything = gradients(output, numbers)
    for x, adjoint in zip(numbers, everything, strict=True):
        assert gradients(output, x) == adjoint
    for x in autograd.topological(output):
        assert gradients(output, x) == x.grad
    assert gradients(output, [node, leaves[0]]) == [gradients(output, node), leaves[0].grad]
    assert gradients(output, node, build_graph=True).data == gradients(output, node)


@repeatably
@given(programs, points)
def test_every_order_agrees_with_differences_of_forty_digits(program, point):
    def line(x):
        return run(program, [x, x + point[0], x * point[1]])[-1]

    def exact_line(x):
        return run(program, [x, x + mpf(point[0]), x * mpf(point[1])], exact_call)[-1]

    for order in (1, 2, 3):
        with mp.workdps(DIGITS):
            expected = mp.diff(exact_line, mpf(point[2]), order)
        assert close(derivative(line, order)(point[2]), expected, 1e-9)


@repeatably
@given(programs, points, points, points)
def test_forward_and_reverse_mode_are_adjoint(program, point, v, u):
    f = many(program)
    value, pullback = vjp(f, point)
    u = u[: len(value)]
    _, Jv = jvp(f, (point,), (v,))
    (uJ,) = pullback(u)
    forward, reverse = np.dot(u, Jv), np.dot(uJ, v)
    assert close(forward, reverse)
    matrix = jacobian(f)(point)
    assert close(np.array(matrix) @ v, Jv)
    assert close(u @ np.array(matrix), uJ)


@repeatably
@given(programs, points, points)
def test_hessians_are_symmetric_and_multiply_vectors(program, point, v):
    matrix = np.array(hessian(one(program))(point))
    assert close(matrix, matrix.T)
    assert close(hvp(one(program), point, v), matrix @ v)


@repeatably
@given(programs, programs, points, st.floats(-3, 3), st.floats(-3, 3))
def test_the_gradient_is_linear(first, second, point, a, b):
    f, g = one(first), one(second)
    combined = autograd.grad(lambda x: a * f(x) + b * g(x))(point)
    apart = np.multiply(a, autograd.grad(f)(point)) + np.multiply(b, autograd.grad(g)(point))
    assert close(combined, apart)


@repeatably
@given(programs, programs, points)
def test_the_jacobian_of_a_composition_is_the_product(first, second, point):
    def inner(x):
        return run(first, x)[-3:]

    def outer(y):
        return run(second, y)[-2:]

    middle = [float(y) for y in vjp(inner, point)[0]]
    whole = jacobian(lambda x: outer(inner(x)))(point)
    assert close(whole, np.array(jacobian(outer)(middle)) @ np.array(jacobian(inner)(point)))


@repeatably
@given(programs, points)
def test_the_product_rule(program, point):
    f, g = one(program), one(program[::-1])
    product = autograd.grad(lambda x: f(x) * g(x))(point)
    (fx, df), (gx, dg) = (autograd.value_and_grad(h)(point) for h in (f, g))
    assert close(product, np.multiply(gx, df) + np.multiply(fx, dg))


@repeatably
@given(programs, points)
def test_the_order_of_differentiation_does_not_matter(program, point):
    f = one(program)

    def by(*order):
        def whole(x, y):
            return f([x, y, point[2]])

        for k in order:
            whole = autograd.grad(whole, k)
        return whole(point[0], point[1])

    assert close(by(0, 1), by(1, 0))
    assert close(by(0, 0, 1), by(1, 0, 0), 1e-9)


@repeatably
@given(programs, points)
def test_a_random_program_passes_its_own_check(program, point):
    autograd.check_gradients(one(program[:6]), point, order=1)


def test_the_oracle_is_not_ours():
    with mp.workdps(DIGITS):
        x = Dual(mpf(0.5), mpf(1))
        assert exact_call("tanh", x).tangent == pytest.approx(mp.diff(mp.tanh, mpf(0.5)), rel=1e-15)
