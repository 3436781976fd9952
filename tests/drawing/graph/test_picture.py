"""The expression picture: boxes, edges, and what is written on them."""

import math
from collections import defaultdict

import pytest

from autograd import Value, dot, exp, log_softmax, sqrt, tanh, total
from autograd.drawing.graph.reading import read
from autograd.drawing.graph.walks import walk


def picture(*roots, **options):
    return read(roots, walk(roots, 10_000), **options)


def box(drawn, name):
    return next(b for b in drawn.boxes if b.name == name)


def formula():
    w, b, x, y = Value(-1.2, "w"), Value(0.3, "b"), Value(0.5, "x"), Value(0.8, "y")
    error = tanh(w * x + b) - y
    return error**2 + 0.1 * w**2, [x, y], [w, b]


def test_contributions_into_a_node_add_up_to_its_gradient():
    root, _, _ = formula()
    root.backward()
    drawn = picture(root)
    received = defaultdict(float)
    for edge in drawn.edges:
        received[edge.source] += edge.flow or 0.0
    for b in drawn.boxes:
        if b.kind != "constant" and not b.root:
            assert received[b.key] == pytest.approx(b.grad, rel=1e-12)


def test_local_partials_are_those_of_the_engine():
    x, y = Value(2.0, "x"), Value(5.0, "y")
    drawn = picture(x * y)
    assert [(e.local, e.flow) for e in drawn.edges] == [(5.0, None), (2.0, None)]


def test_every_operand_has_its_own_edge():
    a = Value(3.0, "a")
    drawn = picture(a + a)
    assert [(e.source, e.target) for e in drawn.edges] == [(0, 1), (0, 1)]


def test_a_chain_of_additions_is_one_sum():
    values = [Value(float(k), f"v{k}") for k in range(5)]
    drawn = picture(sum(values))
    assert [b.symbol for b in drawn.boxes if b.symbol] == ["Σ"]
    assert [drawn.boxes[e.source].name for e in drawn.edges] == ["v0", "v1", "v2", "v3", "v4"]


def test_a_labelled_or_shared_addition_stays_a_box():
    a, b, c = Value(1.0, "a"), Value(2.0, "b"), Value(3.0, "c")
    s = a + b
    s.label = "s"
    assert [x.symbol for x in picture(s + c).boxes if x.symbol] == ["+", "+"]
    t = a + b
    assert [x.symbol for x in picture(t + (t + c)).boxes if x.symbol] == ["+", "Σ"]


def test_a_sum_of_a_long_chain_is_read_without_recursion():
    node = Value(0.0)
    for _ in range(20_000):
        node = node + Value(1.0)
    drawn = picture_of_any_size(node)
    assert sum(b.symbol == "Σ" for b in drawn.boxes) == 1


def picture_of_any_size(root):
    return read([root], walk([root], 10**6))


@pytest.mark.parametrize(
    ("make", "symbol", "name"),
    [
        (lambda x, y: x * y, "×", "x·y"),
        (lambda x, y: x - y, "−", "x − y"),
        (lambda x, y: x / y, "÷", "x/y"),
        (lambda x, y: -x, "−", "−x"),
        (lambda x, y: x**2, "(·)²", "x²"),
        (lambda x, y: x**-1, "(·)⁻¹", "x⁻¹"),
        (lambda x, y: x**0.5, "(·)^0.5", "x^0.5"),
        (lambda x, y: x**y, "xⁿ", "x^y"),
        (lambda x, y: (x + y) * x, "×", "(x + y)·x"),
        (lambda x, y: x - (y - x), "−", "x − (y − x)"),
        (lambda x, y: (x * y) ** 2, "(·)²", "(x·y)²"),
        (lambda x, y: abs(x), "|x|", "abs(x)"),
        (lambda x, y: exp(x + y), "exp", "exp(x + y)"),
        (lambda x, y: dot((x,), (y,), x), "Σwx+b", "dot(x, y, x)"),
        (lambda x, y: dot((x,), (y,)), "Σwx", "dot(x, y)"),
        (lambda x, y: log_softmax([x, y])[1], "log softmax[1]", "n2"),
        (lambda x, y: x * -2.5, "×", "x·(−2.5)"),
        (lambda x, y: x - (x - y), "−", "x − (x − y)"),
        (lambda x, y: (x - y) / (x * y), "÷", "(x − y)/(x·y)"),
        (lambda x, y: (-x) ** 2, "(·)²", "(−x)²"),
        (lambda x, y: x + 2.5, "+", "x + 2.5"),
    ],
)
def test_a_node_shows_its_symbol_and_its_short_formula(make, symbol, name):
    last = picture(make(Value(1.5, "x"), Value(2.0, "y"))).boxes[-1]
    assert (last.symbol, last.name) == (symbol, name)


def test_a_constant_has_no_gradient_and_no_label_on_its_edge():
    x = Value(2.0, "x")
    y = 0.1 * x
    y.backward()
    drawn = picture(y)
    constant = box(drawn, "0.1")
    assert (constant.kind, constant.grad) == ("constant", None)
    assert [e.label for e in drawn.edges if e.source == constant.key] == [""]


def test_gradients_are_unknown_before_a_backward_pass():
    x = Value(2.0, "x")
    assert {b.grad for b in picture(x * x).boxes} == {None}


def test_fan_out_shows_local_and_contribution():
    w, x = Value(-1.2, "w"), Value(0.5, "x")
    y = w * x + w**2
    y.backward()
    assert [e.label for e in picture(y).edges][:3] == ["×0.5 ⇒ +0.5", "×−1.2", "×−2.4 ⇒ −2.4"]


def test_leaves_are_tinted_by_their_part():
    root, inputs, parameters = formula()
    drawn = picture(root, inputs=inputs, parameters=parameters)
    assert {b.name: b.kind for b in drawn.boxes if b.kind != "node"} == {
        "x": "input", "y": "input", "w": "parameter", "b": "parameter", "0.1": "constant",
    }  # fmt: skip


def test_a_partial_that_does_not_exist_is_left_out():
    x = Value(0.0, "x")
    (edge,) = picture(sqrt(x)).edges
    assert (edge.local, edge.label) == (None, "")


def test_a_stale_graph_can_still_be_drawn():
    x = Value(1.0, "x")
    y = x * x
    x.data = 2.0
    assert {e.local for e in picture(y).edges} == {None}


def test_a_leaf_that_accumulated_two_passes_says_so():
    x = Value(2.0, "x")
    y = x * x
    y.backward()
    assert not picture(y).notes
    y.backward()
    assert picture(y).notes == ("grad of x is not from this pass alone",)


def test_nan_and_infinity_are_written_as_such():
    x = Value(math.inf, "x")
    y = x - x
    y.backward()
    drawn = picture(y)
    assert math.isnan(drawn.boxes[-1].data)


def test_the_walk_stops_at_its_limit():
    x = Value(1.0)
    for _ in range(100):
        x = x * x
    assert walk([x], 100) is None
    assert len(walk([x], 101)) == 101


def test_constants_count_towards_the_limit():
    assert walk([total([Value(1.0), *range(100)])], 101) is None
