"""Every derivative of a compiled function is that of the function, and runs compiled."""

import copy
import math
import pickle
from fractions import Fraction

import numpy as np
import pytest

from autograd import (
    AnomalyError,
    DomainError,
    Value,
    atan2,
    derivative,
    detect_anomaly,
    dot,
    erf,
    exp,
    grad,
    gradients,
    hessian,
    hvp,
    jacobian,
    jit,
    jvp,
    log,
    logsumexp,
    no_grad,
    sin,
    tanh,
    total,
    value_and_grad,
    vjp,
)
from autograd.derivatives.trees import leaves
from autograd.program.jitting import structures

X = [0.3, -0.7, 1.1]


def energy(x):
    return sin(x[0] * x[1]) + exp(x[2]) * x[0] ** 3 + tanh(x[1] - x[2]) * x[2]


def by_name(p):
    return dot(p["w"], p["x"]) * exp(p["b"]) + p["w"][0] ** 2


def two(x, y):
    return x[0] * y * y + exp(x[1] * y)


def many(x):
    return {"a": [x[0] * x[1], exp(x[2])], "b": sin(x[0]) * x[2], "c": 2.0}


def of_array(x):
    return np.tanh(x @ np.arange(6.0).reshape(3, 2)).sum() ** 2


def to_array(x):
    return np.sin(x) * x[::-1] * x[0]


MATRIX = np.array([[0.3, -0.2, 0.5], [0.9, 0.1, -0.4]])
CASES = {
    "grad": (grad, energy, (X,)),
    "value_and_grad": (value_and_grad, energy, (X,)),
    "jacobian of one": (jacobian, energy, (X,)),
    "hessian": (hessian, energy, (X,)),
    "jacobian of a tree": (jacobian, many, (X,)),
    "by name": (value_and_grad, by_name, ({"w": X, "x": [1.0, 2.0, 3.0], "b": 0.2},)),
    "hessian by name": (hessian, by_name, ({"w": X, "x": [1.0, 2.0, 3.0], "b": 0.2},)),
    "second argument": (lambda f: grad(f, 1), two, (X, 0.4)),
    "both arguments": (lambda f: value_and_grad(f, (0, 1)), two, (X, 0.4)),
    "last argument": (lambda f: grad(f, -1), two, (X, 0.4)),
    "hessian by both": (lambda f: hessian(f, [0, 1]), two, (X, 0.4)),
    "mixed": (lambda f: jacobian(grad(f, 1), 0), two, (X, 0.4)),
    "an array": (value_and_grad, of_array, (MATRIX,)),
    "hessian by an array": (hessian, of_array, (MATRIX,)),
    "array to array": (jacobian, to_array, (np.array(X),)),
    "third order": (lambda f: jacobian(hessian(f)), energy, (X,)),
    "gradient of a norm": (
        lambda f: grad(lambda x: total([a * a for a in leaves(grad(f)(x))])), energy, (X,)
    ),
    "derivative": (lambda f: derivative(f, 3), lambda t: sin(t) * exp(t), (0.7,)),
    "none": (lambda f: derivative(f, 0), lambda t: sin(t) * exp(t), (0.7,)),
}  # fmt: skip


def assert_close(found, expected):
    assert type(found) is type(expected)
    found, expected = np.array(leaves(found)), np.array(leaves(expected))
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12 * abs(expected).max())


def moved(x, by):
    if isinstance(x, dict):
        return {key: moved(child, by) for key, child in x.items()}
    return [moved(child, by) for child in x] if isinstance(x, list) else x + by


@pytest.mark.parametrize(("of", "f", "point"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("order", ["of a compiled function", "compiled"])
def test_it_is_that_of_the_function(of, f, point, order):
    fast = of(jit(f)) if order == "of a compiled function" else jit(of(f))
    for by in (0.0, 0.0, 0.31, -0.2):
        there = [moved(x, by) for x in point]
        found, expected = fast(*there), of(f)(*there)
        assert_close(found, expected)
        assert_same_shape(found, expected)


def assert_same_shape(found, expected):
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key, child in expected.items():
            assert_same_shape(found[key], child)
    elif isinstance(expected, list | tuple):
        for a, b in zip(found, expected, strict=True):
            assert_same_shape(a, b)
    assert type(found) is type(expected)
    assert np.shape(found) == np.shape(expected) if isinstance(expected, np.ndarray) else True


@pytest.mark.parametrize("kind", [grad, value_and_grad, jacobian, hessian])
def test_a_function_is_called_once_for_all_its_derivatives(kind):
    calls = []

    def f(x):
        calls.append(1)
        return energy(x)

    fast = jit(f)
    for _ in range(3):
        fast(X), kind(fast)(X), fast.hessian(X), fast.value_and_grad(X), fast.jacobian(X)
    assert len(calls) == 1


def test_methods_are_the_functions_of_the_same_name():
    fast = jit(two)
    assert fast.value_and_grad(X, 0.4, argnums=(0, 1)) == value_and_grad(fast, (0, 1))(X, 0.4)
    assert fast.jacobian(X, 0.4, argnums=1) == jacobian(fast, 1)(X, 0.4)
    assert fast.hessian(X, 0.4) == hessian(fast)(X, 0.4)
    along = [1.0, -2.0, 0.5]
    assert jit(energy).hvp(X, along) == hvp(jit(energy), X, along)


@pytest.mark.parametrize("x", [X, [0.1, 0.2, 0.3]])
def test_products_with_vectors_are_those_of_the_function(x):
    fast, v, u = jit(energy), [1.0, -2.0, 0.5], {"a": [1.0, -2.0], "b": 0.5, "c": 3.0}
    for _ in range(2):
        assert_close(hvp(fast, x, v), hvp(energy, x, v))
        assert_close(jvp(fast, (x,), (v,)), jvp(energy, (x,), (v,)))
        assert_close(jvp(jit(many), (x,), (v,)), jvp(many, (x,), (v,)))
        value, pullback = vjp(jit(many), x)
        expected, other = vjp(many, x)
        assert_close(value, expected)
        assert_close(pullback(u), other(u))
        assert_close(jit(lambda x: hvp(energy, x, v))(x), hvp(energy, x, v))
    with pytest.raises(ValueError, match="cotangent must have 4 numbers; got 1"):
        pullback(1.0)
    with pytest.raises(ValueError, match="tangents must have 3 numbers; got 1"):
        jvp(fast, (x,), (1.0,))


def test_products_are_compiled_too(monkeypatch):
    calls = []

    def f(x):
        calls.append(1)
        return energy(x)

    fast = jit(f)
    for x in (X, [0.1, 0.2, 0.3], [1.0, 1.0, 1.0]):
        hvp(fast, x, x), jvp(fast, (x,), (x,)), vjp(fast, x)[1](1.0)
    assert len(calls) == 4  # once for each of the three, and for the value


def test_a_derivative_at_a_value_goes_node_by_node():
    x = Value(2.0)
    slope = grad(jit(lambda t: t**3))(x)
    assert gradients(slope, x) == 12.0
    assert grad(lambda x: x * grad(jit(lambda y: x * y))(2.0))(3.0) == 6.0
    u = Value(3.0)
    row = vjp(jit(lambda x: x * x), 5.0)[1](u)[0]
    assert gradients(row, u) == 10.0
    assert gradients(hvp(jit(lambda t: t**3), x, 1.0), x) == 6.0


def test_a_variable_that_a_compiled_function_holds_keeps_its_gradient():
    def outer(w):
        inner = jit(lambda x: w * x)
        return inner(2.0) + grad(inner)(5.0) * w

    assert grad(outer)(3.0) == 2.0 + 2.0 * 3.0
    assert jit(outer).value_and_grad(3.0) == (15.0, 8.0)


def test_derivatives_that_nobody_asked_for_need_not_exist():
    assert jit(lambda x, n: x**n).value_and_grad(-3.0, 2) == (9.0, -6.0)
    fast = jit(lambda x, n: x**n)
    for _ in range(2):
        assert fast(-3.0, 2) == 9.0
        assert grad(fast)(-3.0, 2) == -6.0
        with pytest.raises(DomainError):
            grad(fast, 1)(-3.0, 2)
    assert grad(fast, 1)(3.0, 2) == pytest.approx(9.0 * math.log(3.0), rel=1e-15)


def test_it_returns_what_node_by_node_is_infinite():
    fast = jit(lambda x: exp(x[0]) * x[1])
    slow = value_and_grad(lambda x: exp(x[0]) * x[1])
    for x in ([1.0, 2.0], [800.0, 2.0], [1.0, 3.0], [800.0, -1.0], [math.inf, 1.0], [1.0, 1.0]):
        (value, gradient), expected = fast.value_and_grad(x), slow(x)
        np.testing.assert_allclose([value, *gradient], [expected[0], *expected[1]], rtol=1e-15)
        assert fast(x) == value
    assert math.isnan(jit(lambda x: abs(x))(math.nan))
    logarithm = jit(log)
    assert logarithm(1.0) == 0.0
    for _ in range(2):
        with pytest.raises(DomainError, match="log is defined for x > 0"):
            logarithm(-1.0)
        with pytest.raises(DomainError):
            grad(logarithm)(-1.0)
    inverse = jit(lambda x: 1.0 / x)
    assert inverse(2.0) == 0.5
    with pytest.raises(ZeroDivisionError):
        inverse(0.0)


def test_a_derivative_that_is_not_there_where_it_was_recorded_is_found_elsewhere():
    fast = jit(lambda x: x**0.5 * x)
    assert fast(0.0) == 0.0
    with pytest.raises((DomainError, ZeroDivisionError)):
        hessian(fast)(0.0)
    for _ in range(3):
        assert hessian(fast)(4.0) == pytest.approx(0.375, rel=1e-15)  # 3/4 x^-1/2
        assert grad(fast)(4.0) == pytest.approx(3.0, rel=1e-15)


def test_a_weight_that_changed_counts_in_derivatives_of_any_order():
    w = Value(2.0)
    fast = jit(lambda x: w * x**3)
    for number in (2.0, 5.0, -1.0, 3.0):
        w.data = number
        assert fast(1.0) == number
        assert hessian(fast)(2.0) == 12.0 * number
        assert grad(fast)(2.0) == 12.0 * number
        assert hvp(fast, 2.0, 10.0) == 120.0 * number
        assert hessian(fast).map([1.0, 2.0]).tolist() == [6.0 * number, 12.0 * number]


def test_what_cannot_be_compiled_says_so_once_and_runs_as_before():
    def peeking(x):
        return x * x * round(x.data)

    fast = jit(peeking)
    with pytest.warns(
        RuntimeWarning, match=r"node by node.*test_derivatives\.py:\d+: .data"
    ) as said:
        assert [grad(fast)(3.0) for _ in range(3)] == [18.0] * 3
        assert hessian(fast)(3.0) == 6.0
    assert len(said) == 1


def test_a_primitive_that_no_program_holds_runs_node_by_node():
    from autograd.table import PRIMITIVES, primitive

    odd = primitive(
        "odd", lambda *x: sum(x) ** 2, lambda *x: [2.0 * total(x[:-1])] * (len(x) - 1), many=True
    )
    try:
        fast = jit(lambda x: odd(*x))
        with pytest.warns(RuntimeWarning, match="cannot be compiled.*'odd'") as said:
            for _ in range(2):
                assert fast([1.0, 2.0]) == 9.0
                assert fast.value_and_grad([1.0, 2.0]) == (9.0, [6.0, 6.0])
        assert len(said) == 1
    finally:
        del PRIMITIVES["odd"]


def test_under_no_grad_a_compiled_function_stays_compiled():
    calls = []

    def f(x):
        calls.append(1)
        return x * x

    fast = jit(f)
    with no_grad():
        assert [fast(3.0), grad(fast)(3.0), hessian(fast)(3.0), hessian(fast)(4.0)] == [
            9.0,
            6.0,
            2.0,
            2.0,
        ]
    assert len(calls) == 1


# --- rows ------------------------------------------------------------------------------------


def stack(results):
    first = results[0]
    if isinstance(first, dict):
        return {key: stack([r[key] for r in results]) for key in first}
    if isinstance(first, tuple):
        return tuple(stack([r[k] for r in results]) for k in range(len(first)))
    return np.array(results)


def assert_rows(found, expected):
    if isinstance(expected, dict):
        for key, child in expected.items():
            assert_rows(found[key], child)
    elif isinstance(expected, tuple):
        for a, b in zip(found, expected, strict=True):
            assert_rows(a, b)
    else:
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


KINDS = [lambda f: f, grad, value_and_grad, jacobian, hessian]


@pytest.mark.parametrize("kind", KINDS, ids=["f", "grad", "value_and_grad", "jacobian", "hessian"])
@pytest.mark.parametrize("rows", [1, 3, 300])
def test_map_stacks_the_results_of_rows(kind, rows):
    f, X = energy, np.random.default_rng(0).normal(size=(rows, 3))
    fast = kind(jit(f))
    few = X[:7].tolist()
    expected = stack([kind(f)(x) for x in few])
    for table in (X, X, X.tolist()):
        found = fast.map(table)
        part = tuple(x[:7] for x in found) if isinstance(found, tuple) else found[:7]
        assert_rows(part, expected)


def test_map_takes_several_arguments_trees_branches_and_what_is_shared():
    def f(x, y, scale=1.0):
        return {"a": [x[0] * y, x[1]], "b": scale * x[1] if y > 0 else exp(x[0])}

    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(50, 2)), rng.normal(size=50)
    fast = jit(f)
    for scale in (2.0, 3.0):
        expected = stack(
            [f(x, t, scale=scale) for x, t in zip(X.tolist(), y.tolist(), strict=True)]
        )
        assert_rows(fast.map(X, y, scale=scale), expected)
    found = jacobian(fast, 0).map(X, y, scale=3.0)
    each = [jacobian(f)(x, t, scale=3.0) for x, t in zip(X.tolist(), y.tolist(), strict=True)]
    assert_rows(found, stack(each))
    many_rows = jit(lambda x: logsumexp([x, 2 * x, atan2(x, 1.0)]) * erf(x) if x > 0 else x)
    t = rng.normal(size=1000)
    expected = [float(many_rows(x)) for x in t.tolist()]
    np.testing.assert_allclose(many_rows.map(t), expected, rtol=1e-12)


def test_map_has_the_results_that_are_not_finite_as_node_by_node():
    fast = jit(lambda x: exp(x[0]) * x[1])
    X = np.array([[1.0, 2.0], [800.0, 1.0], [3.0, 1.0]])
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(fast.map(X), np.exp(X[:, 0]) * X[:, 1], rtol=1e-15)
    with pytest.raises(DomainError):
        jit(log).map(np.array([1.0, -1.0]))


REFUSED = {
    "no rows": (lambda f: f.map(np.ones((0, 2))), ValueError, "1 or more; got \\[0\\]"),
    "a number": (lambda f: f.map(3.0), TypeError, "map takes arrays or lists"),
    "ragged": (lambda f: f.map([[1.0], [1.0, 2.0]]), ValueError, "rows of one structure"),
    "unequal": (lambda f: f.map([1.0], [1.0, 2.0]), ValueError, r"got \[1, 2\]"),
    "Values": (lambda f: f.map([Value(1.0)]), TypeError, "rows of numbers; got Values"),
}


@pytest.mark.parametrize(("call", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_rows_that_cannot_be_mapped_are_refused_in_words(call, error, words):
    with pytest.raises(error, match=words):
        call(jit(lambda *x: x))


# --- functions as people write them ----------------------------------------------------------


class Model:
    def __init__(self, w, power=1):
        self.w, self.power = Value(w), power

    @jit
    def predict(self, x):
        return self.w * x**self.power

    @jit(static=("n", "mode"))
    def repeated(self, x, n, mode=None):
        for _ in range(n):
            x = self.w * x
        return exp(x) if mode == "exp" else x


@jit(static="n", cache=4)
def power(x, n):
    """Return xⁿ."""
    return x**n


def test_a_method_is_compiled_for_each_object_with_the_weights_it_has_now():
    a, b = Model(2.0), Model(5.0, power=2)
    assert [a.predict(3.0), b.predict(3.0), a.predict(4.0)] == [6.0, 45.0, 8.0]
    a.w.data = 10.0
    assert [a.predict(3.0), a.predict.value_and_grad(3.0)] == [30.0, (30.0, 10.0)]
    assert grad(b.predict)(3.0) == 30.0 and hessian(b.predict)(3.0) == 10.0
    assert hvp(b.predict, 3.0, 2.0) == 20.0 and vjp(a.predict, 3.0)[1](2.0) == (20.0,)
    assert a.predict.map([1.0, 2.0]).tolist() == [10.0, 20.0]
    a.power = 3
    assert a.predict(2.0) == 80.0
    x = Value(2.0)
    assert gradients(a.predict(x), [x, a.w]) == [120.0, 8.0]
    assert Model.predict(b, 2.0) == 20.0
    assert [a.repeated(1.0, 2), a.repeated(1.0, 3), a.repeated(0.0, 1, mode="exp")] == [
        100.0,
        1000.0,
        1.0,
    ]


def test_static_arguments_are_told_apart_by_type_and_identity():
    kinds = []

    def f(x, what):
        kinds.append(what)
        return x

    fast = jit(f, static="what")
    objects = [object(), object()]
    options = [1, 1.0, True, "1", None, (1, 2), [1, 2], {"a": 1}, *objects, np.arange(2), math.nan]
    for _ in range(3):
        for what in options:
            fast(2.0, what)
            fast(2.0, what=what)
    assert len(kinds) == 2 * len(options)
    with pytest.raises(TypeError, match=r"static argument has a hash.*got \{1\}"):
        fast(1.0, {1})
    with pytest.raises(TypeError, match="argument 1, which is static"):
        grad(fast, 1)(1.0, 2)
    with pytest.raises(ValueError, match=r"static names arguments.*got 'y'.*x, what"):
        jit(f, static="y")
    assert jit(f, static=1)(3.0, None) == jit(f, static=(-1,))(3.0, "a") == 3.0


def test_whoever_counts_by_a_number_is_told_of_static_arguments():
    def repeated(x, n):
        return sum(x for _ in range(n))

    with pytest.raises(TypeError, match="as an integer") as refused:
        jit(repeated)(2.0, 3)
    assert "jit(f, static=...)" in refused.value.__notes__[0]
    assert jit(repeated, static="n")(2.0, 3) == 6.0


def test_a_compiled_function_looks_like_the_function():
    assert (power.__name__, power.__doc__, repr(power)) == ("power", "Return xⁿ.", "jit(power)")
    assert grad(power).__name__ == "grad(power)" == jit(grad(power.__wrapped__)).__name__
    assert repr(hessian(power)) == "jit(jacobian(grad(power)))"
    assert jit(power) is power


def test_compiled_functions_copy_and_pickle():
    assert power(3.0, 2) == 9.0
    assert pickle.loads(pickle.dumps(power)) is power
    assert copy.deepcopy(power) is power
    bound = pickle.loads(pickle.dumps(Model(3.0).predict))
    assert bound(2.0) == 6.0
    other = pickle.loads(pickle.dumps(grad(power)))
    assert other(3.0, 3) == 27.0
    tangent = copy.deepcopy(jit(math_free := lambda x: x * x))
    assert tangent(3.0) == math_free(3.0)


def test_an_object_that_is_gone_is_not_kept_alive():
    from weakref import ref

    model = Model(2.0)
    assert model.predict(3.0) == 6.0
    assert hvp(model.predict, 3.0, 1.0) == 0.0 and vjp(model.predict, 3.0)[1](1.0) == (2.0,)
    assert jvp(model.predict, (3.0,), (1.0,)) == (6.0, 2.0)
    gone = ref(model)
    del model
    assert gone() is None


def test_structures_and_ways_are_few(monkeypatch):
    monkeypatch.setattr(structures, "BRANCHES", 4)
    fast = jit(lambda x: sum(a if a > 0 else -a for a in x))
    with pytest.warns(RuntimeWarning, match="took 4 branches"):
        X = np.random.default_rng(0).normal(size=(200, 5))
        np.testing.assert_allclose(fast.map(X), abs(X).sum(axis=1), rtol=1e-14)


def test_numbers_inside_another_derivative_stay_numbers_unless_a_variable_is_held():
    calls = []

    def cube(x):
        calls.append(1)
        return x.tanh() * x**2

    fast = jit(cube)
    for x in (1.0, 2.0, 3.0):
        assert grad(lambda y: y * fast(2.0))(x) == pytest.approx(4.0 * math.tanh(2.0), rel=1e-15)
        assert isinstance(jit(lambda y: y * round(fast(2.0)))(x), float)
    assert len(calls) == 1
    w = Value(3.0)
    with_weight = jit(lambda x: w * x.tanh())
    assert grad(lambda y: y * with_weight(2.0))(1.0) == pytest.approx(
        3.0 * math.tanh(2.0), rel=1e-15
    )
    assert with_weight(2.0) == pytest.approx(3.0 * math.tanh(2.0), rel=1e-15)


def test_an_anomaly_is_detected_in_a_compiled_function():
    fast = jit(lambda x: exp(x) * 2.0)
    assert fast(1.0) == pytest.approx(2.0 * math.e, rel=1e-15)
    with detect_anomaly():
        assert fast(0.0) == 2.0
        with pytest.raises(AnomalyError, match="exp made inf"):
            fast(800.0)


@pytest.mark.parametrize(
    ("limit", "below", "above"),
    [(Fraction(1, 3), 0.25, 0.5), (2**53 + 1, 2.0**53, 2.0**53 + 2), (10**400, 1e300, math.inf)],
)
def test_a_decision_by_a_number_that_no_float_is_is_exact(limit, below, above):
    calls = []

    def f(x):
        calls.append(1)
        return -x if x < limit else x

    fast = jit(f)
    for _ in range(3):
        assert (fast(below), fast(above)) == (-below, above)
    assert len(calls) == 2 if math.isfinite(above) else len(calls) > 2
