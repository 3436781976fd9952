"""Nothing passes to some operands: what only they depend on is not differentiated at all."""

import math

import pytest

import autograd as ag
from autograd import Value, gradients, hessian, jacobian, jvp, sqrt
from autograd.table import PRIMITIVES, primitive


@pytest.fixture
def steep():
    """A row of one's own, with a partial that is infinite where it is 0."""
    yield primitive("steep", lambda x: x, lambda x, out: math.inf if x == 0.0 else 1.0)
    del PRIMITIVES["steep"], Value.steep


def chosen(x):
    return ag.take([x * x, x, 3.0], sqrt(x) + 1.0)


CASES = {  # functions of x, with their first two derivatives at 0
    "detach": (lambda x: ag.detach(sqrt(x)) + x * x + x, (1.0, 2.0)),
    "detach times": (lambda x: ag.detach(sqrt(x) + 2.0) * x, (2.0, 0.0)),
    "floor": (lambda x: ag.floor(sqrt(x)) + x, (1.0, 0.0)),
    "ceil": (lambda x: ag.ceil(sqrt(x)) + x, (1.0, 0.0)),
    "sign": (lambda x: ag.sign(sqrt(x)) * x + x, (1.0, 0.0)),
    "heaviside": (lambda x: ag.heaviside(x**0.5) + x**3.0, (0.0, 0.0)),
    "floordiv": (lambda x: sqrt(x) // (sqrt(x) + 2.0) + x, (1.0, 0.0)),
    "copysign": (lambda x: ag.copysign(x + 2.0, sqrt(x)), (1.0, 0.0)),
    "where": (lambda x: ag.where(sqrt(x), 7.0 * x, x * x - x), (-1.0, 2.0)),
    "take": (chosen, (1.0, 0.0)),
    "deep": (lambda x: ag.detach(2.0 * ag.tanh(sqrt(sqrt(x)) + x)) + x, (1.0, 0.0)),
    "dot": (lambda x: ag.detach(ag.dot([sqrt(x), x], [x, 2.0], sqrt(x))) + x, (1.0, 0.0)),
    "softmax": (lambda x: ag.detach(ag.softmax([sqrt(x), x, 1.0])[1]) + x, (1.0, 0.0)),
    "all of softmax": (lambda x: ag.detach(sum(ag.softmax([sqrt(x), x]))) + x, (1.0, 0.0)),
}


def slopes(f, x):
    """The gradient as `backward` has it, as `gradients` has it, and what lies between."""
    leaf = Value(x)
    y = f(leaf)
    y.backward()
    assert gradients(y, [leaf, y]) == [leaf.grad, 1.0]
    return leaf.grad


@pytest.mark.parametrize("name", CASES)
def test_the_derivative_is_that_of_what_is_left(name):
    f, (first, second) = CASES[name]
    assert slopes(f, 0.0) == first
    assert ag.grad(f)(0.0) == first
    assert ag.grad(ag.grad(f))(0.0) == second
    assert hessian(lambda v: f(v[0]) * v[1])([0.0, 2.0]) == [[2.0 * second, first], [first, 0.0]]
    assert hessian(lambda v: f(v[0]) * v[1], sparse=True)([0.0, 2.0]).toarray()[0, 1] == first
    assert jvp(f, (0.0,), (3.0,))[1] == 3.0 * first
    assert jvp(ag.grad(f), (0.0,), (3.0,))[1] == 3.0 * second
    assert ag.hvp(lambda v: f(v[0]), [0.0], [1.0]) == [second]
    rows = jacobian(lambda v: [f(v[0]), f(v[0]) * v[1], 1.0])([0.0, 2.0])
    assert rows == [[first, 0.0], [2.0 * first, f(0.0)], [0.0, 0.0]]


def test_no_infinity_comes_back_as_nan(steep):
    for g in (ag.detach, ag.floor, lambda y: ag.where(y, 1.0, 2.0)):
        for f in (steep, lambda x: ag.tanh(steep(x) + x), lambda x: ag.exp(800.0 + x)):
            assert slopes(lambda x, g=g, f=f: g(f(x)) + 2.0 * x, 0.0) == 2.0
            assert jvp(lambda x, g=g, f=f: g(f(x)) + 2.0 * x, (0.0,), (1.0,))[1] == 2.0


def test_not_even_0_times_an_infinity_passes_to_what_is_reached_otherwise(steep):
    x = Value(0.0)
    inner = x + 1.0
    y = inner * 2.0 + steep(ag.floor(inner) * 0.0)
    assert gradients(y, [x]) == [2.0]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: 0.0 * sqrt(x),
        lambda x: ag.where(0.0, sqrt(x), x),
        lambda x: ag.maximum(sqrt(x), 1.0),
        lambda x: (lambda s: ag.detach(s) + s)(sqrt(x)),
        lambda x: ag.where(sqrt(x), sqrt(x), x),
        lambda x: ag.take([sqrt(x), x], ag.detach(x)),
    ],
)
def test_an_adjoint_of_0_still_meets_the_error(f):
    x = Value(0.0, "x")
    y = f(x)
    before = x.grad
    for run in (y.backward, lambda: gradients(y, [x]), lambda: gradients(y, [x], build_graph=True)):
        with pytest.raises(ZeroDivisionError, match="sqrt has a value but no finite derivative"):
            run()
    assert x.grad == before


def test_computed_nodes_that_are_not_reached_have_a_gradient_of_0():
    x = Value(4.0)
    root = sqrt(x)
    y = ag.detach(root) * x
    root.backward()
    y.backward()
    assert (root.grad, x.grad) == (0.0, 2.25)
    assert gradients(y, [root, x]) == [0.0, 2.0]


def test_what_changed_is_stale_wherever_it_was_used():
    x = Value(1.0)
    y = ag.detach(x * x) + x
    x.data = 2.0
    for run in (y.backward, lambda: gradients(y, [x])):
        with pytest.raises(ag.StaleGraphError):
            run()


def test_what_shares_an_operand_with_others_is_reached():
    """Each second operand here is used by nobody else, and each first one by a later node."""
    x, y = Value(2.0), Value(3.0)
    a, b = x * x, y * y
    root = (a * b + a) * ag.where(a, 1.0, 2.0)
    assert gradients(root, [x, y, a, b]) == [40.0, 24.0, 10.0, 4.0]
    assert gradients(ag.dot([a, 1.0], [b, y], a) + ag.sign(a) + a, [x, y]) == [44.0, 25.0]


def test_of_a_family_some_are_reached():
    values = [Value(0.3), Value(-0.2), Value(0.9)]
    a, b, c = ag.softmax(values)
    expected = gradients(ag.softmax(values)[2] * 3.0, values)
    for y in (ag.detach(a) + c * 3.0, ag.detach(a * b) + c * 3.0, ag.sign(b) + c * 3.0):
        assert gradients(y, values) == pytest.approx(expected, rel=1e-15)
        for leaf in values:
            leaf.grad = 0.0
        y.backward()
        y.backward()  # a family forgets the walk before
        assert [leaf.grad / 2.0 for leaf in values] == pytest.approx(expected, rel=1e-15)
    both = a * 2.0 + c * 3.0
    expected = gradients(both, values)
    assert gradients(ag.detach(b) + both, values) == pytest.approx(expected, rel=1e-15)


def test_of_a_large_family_operands_are_looked_at_once():
    values = [Value(k / 3000.0) for k in range(3000)]
    shares = ag.softmax(values)
    y = ag.total(shares[1:]) + ag.detach(shares[0])
    before = values[1].grad
    y.backward()
    assert abs(values[1].grad - before) < 1e-6


def test_a_mode_that_looks_for_anomalies_finds_none_there():
    x = Value(0.0)
    with ag.detect_anomaly():
        (ag.detach(sqrt(x)) + x).backward()
        (ag.take([x, x], sqrt(x)) + x).backward()
    assert x.grad == 3.0


def test_rules_that_run_meanwhile_may_sweep_themselves(steep):
    """A rule is asked while no node is in use, and families are met again then."""
    other = Value(0.5)

    def by_another(x, out):
        (ag.detach(sqrt(other)) * other).backward()
        return 2.0

    nested = primitive("nested", lambda x: 2.0 * x, by_another)
    try:
        x = [Value(0.0), Value(1.0)]
        first, second = ag.softmax(x)
        y = nested(second * 2.0) + ag.detach(first + sqrt(x[0]))
        y.backward()
        share = second.data * first.data
        assert [leaf.grad for leaf in x] == pytest.approx([-4.0 * share, 4.0 * share])
        assert other.grad == math.sqrt(0.5)
    finally:
        del PRIMITIVES["nested"], Value.nested
