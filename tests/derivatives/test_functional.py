"""Derivatives of functions: forms, structures, nesting, and what is refused."""

import gc
import inspect
import math
import re
from collections import namedtuple
from copy import deepcopy
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

import autograd
from autograd import (
    StaleGraphError,
    Value,
    check_gradients,
    derivative,
    exp,
    grad,
    gradients,
    hessian,
    hvp,
    jacobian,
    jit,
    jvp,
    log,
    sin,
    sqrt,
    tanh,
    total,
    value_and_grad,
    vjp,
)
from autograd.derivatives import functional, kinds
from autograd.derivatives.trees import leaves, mapped, unflatten


def rosenbrock(x):
    return sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x))


# --- gradients of graphs -------------------------------------------------------------


def test_gradients_have_the_structure_asked_for_and_leave_grad_alone():
    x, y, z = Value(3.0), Value(2.0), Value(5.0)
    out = x * x * y
    assert gradients(out, [x, (y, {"z": z})]) == [12.0, (9.0, {"z": 0.0})]
    assert x.grad == y.grad == out.grad == 0.0


def test_gradients_of_the_root_and_of_computed_nodes():
    x = Value(3.0)
    y = x * x
    z = sin(y)
    assert gradients(z, [z, y, x]) == [1.0, math.cos(9.0), 6.0 * math.cos(9.0)]
    graph = gradients(z, [z, y, x], build_graph=True)
    assert [g.data for g in graph] == [1.0, math.cos(9.0), 6.0 * math.cos(9.0)]


def test_a_constant_has_gradient_zero():
    x = Value(3.0)
    y = x * 2.0
    assert gradients(y, list(y.parents)) == [2.0, 0.0]
    assert [g.data for g in gradients(y, list(y.parents), build_graph=True)] == [2.0, 0.0]


def test_both_sweeps_give_the_same_numbers_bit_for_bit():
    x, y = Value(0.7), Value(-1.3)
    out = tanh(x * y + exp(x)) / (y * y + 2.0) - sin(x) ** 3
    numbers = gradients(out, [x, y])
    assert [g.data for g in gradients(out, [x, y], build_graph=True)] == numbers


def test_a_built_gradient_can_be_differentiated_by_backward():
    x = Value(2.0)
    gradients(x**3, x, build_graph=True).backward()
    assert x.grad == 12.0


@pytest.mark.parametrize("build_graph", [False, True])
def test_a_leaf_changed_after_its_use_is_refused(build_graph):
    x = Value(2.0, "x")
    y = x * x
    x.data = 3.0
    with pytest.raises(StaleGraphError, match="'x'"):
        gradients(y, x, build_graph=build_graph)


@pytest.mark.parametrize("build_graph", [False, True])
def test_a_partial_that_does_not_exist_names_the_node(build_graph):
    x = Value(0.0, "x")
    y = sqrt(x)
    y.label = "root of x"
    with pytest.raises(ZeroDivisionError, match=r"sqrt .*'root of x'.*'x' = 0"):
        gradients(y, x, build_graph=build_graph)


@pytest.mark.parametrize("build_graph", [False, True])
def test_partials_that_are_not_asked_for_need_not_exist(build_graph):
    x, n = Value(-2.0), Value(3.0)
    y = x**n + sqrt(Value(0.0))  # neither ∂/∂n nor the derivative of √ at 0 exist
    by_x = gradients(y, x, build_graph=build_graph)
    assert (by_x.data if build_graph else by_x) == 12.0


def test_arguments_of_gradients_have_to_be_values():
    x = Value(1.0)
    with pytest.raises(TypeError, match=r"output must be a Value; got 3\.0"):
        gradients(3.0, x)
    with pytest.raises(TypeError, match=r"wrt must be a Value; got 2\.0"):
        gradients(x * 2, [x, 2.0])


# --- derivatives of functions --------------------------------------------------------


def test_inner_and_outer_variables_are_not_confused():
    assert grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0) == 6.0
    assert jvp(lambda x: x * jvp(lambda y: x * y, (2.0,), (1.0,))[1], (3.0,), (1.0,))[1] == 6.0
    assert grad(lambda x: x * jvp(lambda y: x * y, (2.0,), (1.0,))[1])(3.0) == 6.0
    assert jvp(lambda x: x * grad(lambda y: x * y)(2.0), (3.0,), (1.0,))[1] == 6.0
    # one name, three variables: d/dx (x · d/dx (x · d/dx x²)) = d/dx (x · 4x) = 8x
    assert grad(lambda x: x * grad(lambda x: x * grad(lambda x: x * x)(x))(x))(2.0) == 16.0


@pytest.mark.parametrize("order", range(6))
def test_derivatives_of_any_order(order):
    cycle = (math.sin, math.cos, lambda x: -math.sin(x), lambda x: -math.cos(x))
    assert derivative(sin, order)(0.7) == pytest.approx(cycle[order % 4](0.7), rel=1e-14)
    assert derivative(lambda x: x**5, order)(2.0) == math.perm(5, order) * 2.0 ** (5 - order)


def test_argnums_choose_what_to_differentiate_by():
    def f(x, y, scale=1.0):
        return scale * x * x * y

    assert grad(f)(3.0, 2.0) == 12.0
    assert grad(f, 1)(3.0, 2.0, scale=10.0) == 90.0
    assert grad(f, (1, 0))(3.0, 2.0) == (9.0, 12.0)
    assert grad(f, -1)(3.0, 2.0) == 9.0
    assert hessian(f, (0, 1))(3.0, 2.0) == ((4.0, 6.0), (6.0, 0.0))
    with pytest.raises(TypeError, match="derivative is by argument 2; got 2"):
        grad(f, 2)(3.0, 2.0)


def test_keywords_of_any_name_pass_through():
    def f(x, *, f=1.0, args=2.0, chosen=3.0):
        return x * f * args * chosen

    assert grad(f)(1.0, f=5.0, args=7.0, chosen=11.0) == 385.0
    assert jacobian(f)(1.0, args=7.0) == 21.0


def test_results_have_the_structure_of_the_argument():
    Point = namedtuple("Point", "x y")
    tree = {"p": Point(1.0, 2.0), "w": [np.array([[3.0, 4.0]]), (5,)]}
    found = grad(lambda t: t["p"].x * t["p"].y + t["w"][0].sum() * t["w"][1][0])(tree)
    assert found["p"] == Point(2.0, 1.0)
    np.testing.assert_array_equal(found["w"][0], [[5.0, 5.0]])
    assert found["w"][0].dtype == float
    assert found["w"][1] == (7.0,)


def test_value_and_grad_of_an_array_are_a_float_and_a_float_array():
    x = np.array([-1.2, 1.0, 0.5])
    value, slope = value_and_grad(rosenbrock)(x)
    optimize = pytest.importorskip("scipy.optimize")
    assert type(value) is float
    assert slope.dtype == float
    assert value == pytest.approx(optimize.rosen(x), rel=1e-14)
    np.testing.assert_allclose(slope, optimize.rosen_der(x), rtol=1e-13)
    np.testing.assert_allclose(hessian(rosenbrock)(x), optimize.rosen_hess(x), rtol=1e-13)
    v = np.array([1.0, -2.0, 3.0])
    np.testing.assert_allclose(hvp(rosenbrock, x, v), optimize.rosen_hess_prod(x, v), rtol=1e-13)


def test_a_function_that_ignores_its_argument_has_gradient_zero():
    assert grad(lambda x: 3.0)(1.0) == 0.0
    assert value_and_grad(lambda x: 3)([1.0, 2.0]) == (3.0, [0.0, 0.0])
    assert derivative(lambda x: 2 * x, 3)(1.0) == 0.0
    assert jacobian(lambda x: [1.0, x])(2.0) == [0.0, 1.0]
    assert jvp(lambda x: 7.0, (1.0,), (1.0,)) == (7.0, 0.0)


def test_vjp_and_jvp_agree_with_the_jacobian_of_a_vector_function():
    def f(x, y):
        return {"a": [x[0] * y, sin(x[1])], "b": exp(x[0] - y)}

    x, y = [0.3, -0.8], 1.7
    e = math.exp(0.3 - 1.7)
    value, pullback = vjp(f, x, y)
    assert value == {"a": [pytest.approx(0.51), math.sin(-0.8)], "b": pytest.approx(e)}
    by_x, by_y = pullback({"a": [1.0, 2.0], "b": -1.0})
    assert by_x == pytest.approx([1.7 - e, 2 * math.cos(-0.8)], rel=1e-14)
    assert by_y == pytest.approx(0.3 + e, rel=1e-14)
    _, tangent = jvp(f, (x, y), ([1.0, 2.0], -1.0))
    assert tangent["a"] == pytest.approx([1.7 - 0.3, 2 * math.cos(-0.8)], rel=1e-14)
    assert tangent["b"] == pytest.approx(2 * e, rel=1e-14)


def test_a_wrong_number_of_tangents_is_refused():
    with pytest.raises(ValueError, match="tangents must have 2 numbers; got 1"):
        jvp(lambda x: x[0], ([1.0, 2.0],), ([1.0],))
    with pytest.raises(ValueError, match="cotangent must have 1 numbers; got 2"):
        vjp(lambda x: x, 1.0)[1]([1.0, 2.0])


def test_jacobian_of_arrays_has_the_shape_of_outputs_and_inputs():
    matrix = np.arange(6.0).reshape(2, 3)
    found = jacobian(lambda x: matrix @ x)(np.ones(3))
    np.testing.assert_array_equal(found, matrix)
    cube = jacobian(lambda x: matrix * x)(np.ones((2, 3)))
    assert cube.shape == (2, 3, 2, 3)
    np.testing.assert_array_equal(cube.reshape(6, 6), np.diag(matrix.ravel()))


def test_jacobian_by_either_mode_is_the_same(monkeypatch):
    def f(x):
        z = [tanh(x[0] * k + x[1]) for k in range(4)]
        return [z[0] * z[1], z[2] + z[3], z[0] * z[3], exp(z[1]), z[2] / 3.0]

    modes = []
    plain = kinds._forward_is_cheaper
    for forward in (False, True):
        monkeypatch.setattr(kinds, "_forward_is_cheaper", lambda *_, f=forward: f)
        modes.append(np.array(jacobian(f)([0.3, 0.9])))
    np.testing.assert_allclose(modes[0], modes[1], rtol=1e-14)
    monkeypatch.setattr(kinds, "_forward_is_cheaper", plain)


def test_jacobian_chooses_the_mode_that_visits_fewer_nodes():
    x = [Value(float(k)) for k in range(20)]
    shared = x[0]
    for y in x[1:]:
        shared = tanh(shared * y)
    wide = [shared * k for k in range(30)]
    assert kinds._forward_is_cheaper(wide, 2)
    assert not kinds._forward_is_cheaper(wide[:2], 20)
    assert not kinds._forward_is_cheaper([sin(y) for y in x], 20)  # separate outputs


def test_a_derivative_at_a_value_is_a_value_that_depends_on_it():
    x = Value(2.0)
    slope = grad(lambda t: t**3)(x)
    slope.backward()
    assert (slope.data, x.grad) == (12.0, 12.0)
    row = jacobian(lambda t: [t * t, t])(x)
    assert [v.data for v in row] == [4.0, 1.0]
    assert gradients(row[0], x) == 2.0
    value, tangent = jvp(lambda t: t * t, (x,), (1.0,))
    assert (value.data, tangent.data) == (4.0, 4.0)
    assert gradients(tangent, x) == 2.0


def test_a_cotangent_may_be_differentiated():
    u = Value(3.0)
    _, pullback = vjp(lambda x: x * x, 5.0)
    (scaled,) = pullback(u)
    assert scaled.data == 30.0
    assert gradients(scaled, u) == 10.0


def test_mixed_nesting_of_modes():
    def f(x):
        return exp(sin(x) * x)

    third = derivative(f, 3)(0.4)
    forward = lambda g: lambda x: jvp(g, (x,), (1.0,))[1]
    assert forward(forward(forward(f)))(0.4) == pytest.approx(third, rel=1e-13)
    assert grad(forward(grad(f)))(0.4) == pytest.approx(third, rel=1e-13)
    assert jacobian(forward(forward(f)))(0.4) == pytest.approx(third, rel=1e-13)
    assert forward(jacobian(jacobian(f)))(0.4) == pytest.approx(third, rel=1e-13)


def test_more_than_one_output_is_refused_by_grad():
    with pytest.raises(TypeError, match=r"returns one number; got .* of type list.*jacobian"):
        grad(lambda x: [x, x])(1.0)


def test_what_is_not_a_number_is_refused():
    with pytest.raises(TypeError, match="got 'one' of type str"):
        grad(lambda x: x)(["one"])
    with pytest.raises(TypeError, match="complex"):
        grad(lambda x: x)(1j)


@pytest.mark.parametrize(
    ("argument", "name"),
    [
        (-1.0, "speed"),
        ([-1.0], "speed[0]"),
        ({"a": (1.0, [-1.0])}, "speed['a'][1][0]"),
        (np.array([1.0, -1.0]), "speed[1]"),
        (np.array([[1.0, -1.0]]), "speed[0, 1]"),
        (np.array(-1.0), "speed"),
        (Value(-1.0, "of its own"), "of its own"),
        (Value(-1.0), "speed"),
    ],
)
def test_an_error_names_the_argument_of_the_function(argument, name):
    def f(speed):
        return total([log(x) for x in leaves(speed)])

    for differentiated in (grad(f), hessian(f), lambda x: jvp(f, (x,), (x,))):
        with pytest.raises(ValueError, match=re.escape(f"node {name!r} = -1")):
            differentiated(argument)


def test_names_of_arguments_are_left_out_where_they_are_not_known():
    class Model:
        def loss(self, rate):
            return log(rate)

    def any_number(*rates):
        return log(rates[0])

    with pytest.raises(ValueError, match="node 'rate' = -1"):
        grad(Model().loss)(-1.0)
    for f in (any_number, log, partial(log)):
        with pytest.raises(ValueError, match="an unlabelled operand = -1"):
            grad(f)(-1.0)


def test_help_shows_the_text_of_the_function():
    def loss(w):
        """Return w²."""
        return w * w

    assert inspect.getdoc(grad(loss)).endswith("grad(loss) by argument 0. loss:\n\nReturn w².")
    assert hessian(loss).__name__ == "jacobian(grad(loss))"
    assert str(inspect.signature(value_and_grad(loss))) == "(w)"
    assert inspect.getdoc(jacobian(lambda x: x, 1)) == "Return jacobian(<lambda>) by argument 1."


@pytest.mark.parametrize("call", [lambda: jvp(sin, 3.0, (1.0,)), lambda: jvp(sin, (3.0,), 1.0)])
def test_primals_and_tangents_have_to_be_tuples(call):
    with pytest.raises(TypeError, match=r"must be a tuple.*got float.*jvp\(f, \(x,\), \(v,\)\)"):
        call()


@pytest.mark.parametrize("order", [-1, 1.5, "2"])
def test_an_order_that_is_no_count_is_refused(order):
    with pytest.raises(ValueError, match="order must be a whole number, 0 or more; got"):
        derivative(sin, order)


def test_an_array_of_no_dimensions_is_one_number():
    found = grad(lambda x: x.item() ** 2)(np.array(3.0))
    assert found.shape == ()
    assert found == 6.0
    assert grad(lambda x: np.array(x * x, dtype=object))(3.0) == 6.0


def test_log_of_a_norm_by_hand():
    def f(x):
        return log(x[0] * x[0] + x[1] * x[1])

    found = np.array(hessian(f)([1.0, 2.0]))
    np.testing.assert_allclose(found, np.array([[6.0, -8.0], [-8.0, -6.0]]) / 25, rtol=1e-14)


def test_thirty_thousand_nodes_deep():
    def f(x):
        for _ in range(30_000):
            x = x * 1.0001
        return x

    assert derivative(f, 1)(2.0) == pytest.approx(1.0001**30_000, rel=1e-11)
    assert jvp(f, (2.0,), (1.0,))[1] == pytest.approx(1.0001**30_000, rel=1e-11)
    assert derivative(f, 2)(2.0) == 0.0


def test_derivatives_leave_no_cyclic_garbage():
    def f(tree):
        return exp(tree["a"][0] * tree["b"]) + tree["a"][1]

    point = {"a": [0.3, 1.0], "b": 0.7}

    def everything():
        value_and_grad(f)(point)
        hessian(f)(point)
        jvp(f, (point,), (point,))
        vjp(f, point)[1](1.0)
        hvp(f, point, point)
        jacobian(lambda x: np.tanh(x))(np.ones(3))
        derivative(tanh, 3)(0.5)
        x = Value(1.0)
        gradients(x * x, {"x": x}, build_graph=True)

    everything()
    gc.collect()
    gc.disable()
    try:
        everything()
        assert gc.collect() == 0
    finally:
        gc.enable()


# --- arguments changed in place ------------------------------------------------------


def overwrite(a):
    """Return x + 4 x² for the point (x, y), by way of y ← 2 x: its gradient is (1 + 8 x, 0)."""
    a[1] = 2.0 * a[0]
    return a[0] + a[1] ** 2


def overwrite_inner(p):
    """Return the same, of a list in a dict."""
    return overwrite(p["a"])


def forget(a):
    """Return 2 x y for the point (x, y), and leave one number of the container."""
    first, second = a[0], a.pop(1)
    a[0] = first * second
    return a[0] * 2.0


def remember(p):
    """Return x² y for the point (x, y), and leave a container with another number in it."""
    p[2] = p[0] * p[0]
    return p[2] * p[1]


IN_PLACE = {
    "list": (overwrite, [1.0, 2.0], [9.0, 0.0], [[8.0, 0.0], [0.0, 0.0]]),
    "array": (overwrite, np.array([1.0, 2.0]), np.array([9.0, 0.0]), np.diag([8.0, 0.0])),
    "dict": (
        overwrite,
        {0: 1.0, 1: 2.0},
        {0: 9.0, 1: 0.0},
        {0: {0: 8.0, 1: 0.0}, 1: {0: 0.0, 1: 0.0}},
    ),
    "list in a dict": (
        overwrite_inner,
        {"a": [1.0, 2.0]},
        {"a": [9.0, 0.0]},
        {"a": [{"a": [8.0, 0.0]}, {"a": [0.0, 0.0]}]},
    ),
    "array in a dict": (
        overwrite_inner,
        {"a": np.array([1.0, 2.0])},
        {"a": np.array([9.0, 0.0])},
        {"a": {"a": np.diag([8.0, 0.0])}},
    ),
    "shorter list": (forget, [1.0, 2.0], [4.0, 2.0], [[0.0, 2.0], [2.0, 0.0]]),
    "smaller dict": (
        forget,
        {0: 1.0, 1: 2.0},
        {0: 4.0, 1: 2.0},
        {0: {0: 0.0, 1: 2.0}, 1: {0: 2.0, 1: 0.0}},
    ),
    "larger dict": (
        remember,
        {0: 1.0, 1: 2.0},
        {0: 4.0, 1: 1.0},
        {0: {0: 4.0, 1: 2.0}, 1: {0: 2.0, 1: 0.0}},
    ),
}
in_place = pytest.mark.parametrize(
    ("f", "point", "gradient", "second"), IN_PLACE.values(), ids=IN_PLACE
)


@in_place
def test_derivatives_are_by_what_was_handed_in_not_by_what_f_left_there(f, point, gradient, second):
    before, value = deepcopy(point), f(deepcopy(point))
    np.testing.assert_equal(grad(f)(point), gradient)
    np.testing.assert_equal(value_and_grad(f)(point), (value, gradient))
    np.testing.assert_equal(jacobian(f)(point), gradient)
    np.testing.assert_equal(hessian(f)(point), second)
    np.testing.assert_equal(vjp(f, point)[0], value)
    np.testing.assert_equal(vjp(f, point)[1](1.0), (gradient,))
    np.testing.assert_equal(point, before)


@in_place
def test_tangents_are_of_what_was_handed_in_not_of_what_f_left_there(f, point, gradient, second):
    direction = unflatten(point, [1.0, 10.0])
    x, y = leaves(gradient)
    xx, xy, yx, yy = leaves(second)
    assert jvp(f, (point,), (direction,)) == (f(deepcopy(point)), x + 10.0 * y)
    product = hvp(f, point, direction)
    np.testing.assert_equal(product, unflatten(point, [xx + 10.0 * xy, yx + 10.0 * yy]))


@in_place
def test_a_point_of_values_changed_in_place_depends_on_what_was_handed_in(
    f, point, gradient, second
):
    nodes = mapped(Value, point)
    before = leaves(nodes)
    found = grad(f)(nodes)
    assert all(x is y for x, y in zip(leaves(nodes), before, strict=True))
    np.testing.assert_equal(mapped(lambda x: x.data, found), gradient)
    rows = [gradients(entry, before) for entry in leaves(found)]
    assert [x for row in rows for x in row] == leaves(second)


def test_each_of_several_arguments_may_be_changed_in_place():
    def f(a, b):
        a[0], b[0] = b[0], 3.0 * a[0]
        return a[0] * b[0] * b[1]  # 3 a b₀ b₁

    assert grad(f, (0, 1))([2.0], [5.0, 7.0]) == ([105.0], [42.0, 30.0])
    assert grad(f, (1, 0))([2.0], [5.0, 7.0]) == ([42.0, 30.0], [105.0])
    assert vjp(f, [2.0], [5.0, 7.0])[1](1.0) == ([105.0], [42.0, 30.0])


def test_an_array_multiplied_in_place():
    def f(x):
        x *= x
        return x

    np.testing.assert_equal(jacobian(f)(np.array([3.0, 5.0])), np.diag([6.0, 10.0]))
    np.testing.assert_equal(vjp(f, np.array([3.0, 5.0]))[1](np.ones(2)), ([6.0, 10.0],))
    value, tangent = jvp(f, (np.array([3.0, 5.0]),), (np.array([1.0, 10.0]),))
    np.testing.assert_equal((value, tangent), ([9.0, 25.0], [6.0, 100.0]))


def test_an_array_of_no_dimensions_multiplied_in_place():
    def f(x):
        x *= x
        return x.item() * 2.0

    assert [derivative(f, order)(np.array(3.0)) for order in (1, 2)] == [12.0, 4.0]


def test_gradients_of_a_function_that_changes_its_argument_are_checked():
    check_gradients(overwrite, [1.0, 2.0])
    check_gradients(forget, {0: 1.0, 1: 2.0})


def test_everything_is_exported():
    for name in (*functional.__all__, "no_grad", "detect_anomaly"):
        assert name in autograd.__all__
        assert getattr(autograd, name).__doc__


W = 3.0  # of f(x, w) = x² w: ∂f/∂x = 2 x w = 12 at x = 2, and ∂/∂w of its square is 8 x² w = 96
WITH_W = {
    "by position": (lambda f: grad(f), lambda w: (w,)),
    "in a list": (lambda f: grad(lambda x, ws: f(x, ws[0])), lambda w: ([w, "text"],)),
    "in a dict": (lambda f: grad(lambda x, p: f(x, p["w"])), lambda w: ({"w": w},)),
    "in an array": (lambda f: grad(lambda x, p: f(x, p[0])), lambda w: (np.array([w]),)),
    "jacobian": (lambda f: jacobian(f), lambda w: (w,)),
    "value_and_grad": (lambda f: lambda *args: value_and_grad(f)(*args)[1], lambda w: (w,)),
    "jit": (lambda f: grad(jit(f)), lambda w: (w,)),
}


@pytest.mark.parametrize("way", WITH_W)
def test_a_derivative_depends_on_the_values_in_its_other_arguments(way):
    derivative_of, others = WITH_W[way]
    w = Value(W)
    slope = derivative_of(lambda x, w: x * x * w)(2.0, *others(w))
    assert slope.data == 12.0
    assert gradients(slope * slope, w) == 96.0


def test_a_derivative_depends_on_the_values_among_its_keywords():
    w = Value(W)
    slope = grad(lambda x, *, w: x * x * w)(2.0, w=w)
    assert gradients(slope * slope, w) == 96.0
    assert jvp(lambda x, w: x * x * w, (2.0, w), (1.0, 0.0))[1].data == 12.0
    assert grad(lambda x, *, w: x * x * w)(2.0, w=W) == 12.0
