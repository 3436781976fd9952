"""Graphs at the edge of what a program is made for, and a network against its formulas."""

import numpy as np
import pytest

import autograd as ag
from autograd import Program, Value, dot, jit, logsumexp, mean, softmax, tanh, total
from tests.program.executors.test_networks import programs
from tests.program.reference import assert_follows, reference


def leaves(*numbers):
    return [Value(number) for number in numbers]


def tied():
    """Two layers of the same weights, the second with their transpose."""
    x, w = leaves(1.0, 2.0), leaves(0.3, -0.2, 0.5, 0.1)
    h = [tanh(w[0] * x[0] + w[1] * x[1]), tanh(w[2] * x[0] + w[3] * x[1])]
    k = [tanh(w[0] * h[0] + w[2] * h[1]), tanh(w[1] * h[0] + w[3] * h[1])]
    return (k[0] - k[1]) ** 2, x, w


def unreached():
    x, w = leaves(1.0, 2.0), leaves(0.3, -0.2)
    return tanh(w[0] * x[0]), x, w


def alone(which, reached):
    """A root that is itself a leaf: a parameter, an input or a constant."""
    x, w, k = leaves(1.0, 2.0, 3.0)
    return (w, x, k)[which], [x] * reached, [w]


def constants():
    x, w, k = leaves(1.0, 2.0, 3.0)
    return k * k + 1.0, [x], [w]


def folded():
    x, w, k = leaves(1.0, 2.0, 3.0)
    return (k * k + k) * x + k * w + 0.0 * x + 0.0, [x], [w]


def without_inputs():
    w = leaves(2.0, 3.0, 4.0)
    return dot(w, w) + ag.exp(w[0]), [], w


def without_parameters():
    x = leaves(2.0, 3.0, 4.0)
    return dot(x, x) + ag.exp(x[0]), x, []


def repeated():
    x, w = leaves(1.0, 2.0)
    return dot([x, w, x], [x, w, w]) + total([x, x, w]) + x * x * w, [x], [w]


def long_sum():
    x, w = leaves(1.0, 2.0)
    loss = x * w
    for k in range(80):
        loss = loss + (x * float(k) if k % 2 else w)
    return loss, [x], [w]


def shared_sum():
    """A sum that others use too is not absorbed."""
    x, w = leaves(1.0, 2.0)
    q = w * w + w
    return (q * x + q) * (q + 1.0) + q, [x], [w]


def powers():
    x, w = leaves(1.0, 2.0)
    return (x * x + 1.0) ** w + (w * w) ** x + 2.0**x + x**2 + x**3.0, [x], [w]


def rows_of_one():
    x, w = leaves(1.0, 2.0)
    rows = mean([x * w]) + total([w * x]) + dot([w], [x])
    return rows + softmax([x * w])[0] * x + logsumexp([x * w]), [x], [w]


def mixed_rows():
    """Rows whose members differ in what reaches them: lanes, parameters, neither."""
    x, w = leaves(1.0, 2.0)
    return softmax([x * w, w, 1.0, x])[2] * x + softmax([w, w * w, 1.0])[0], [x], [w]


EDGES = {
    "tied weights": tied,
    "an input and a parameter that the root does not reach": unreached,
    "a parameter": lambda: alone(0, 1),
    "a parameter, no inputs": lambda: alone(0, 0),
    "an input": lambda: alone(1, 1),
    "a constant": lambda: alone(2, 1),
    "computed from constants": constants,
    "constants inside": folded,
    "no inputs": without_inputs,
    "no parameters": without_parameters,
    "operands twice": repeated,
    "a long sum": long_sum,
    "a shared sum": shared_sum,
    "powers": powers,
    "rows of one": rows_of_one,
    "mixed rows": mixed_rows,
}


class Descent:
    def rule(self, w, g, state, step):
        return w - 0.01 * g, state


@pytest.mark.parametrize("graph", EDGES.values(), ids=EDGES)
def test_every_node_of_an_odd_graph_equals_the_engine(graph, monkeypatch):
    loss, inputs, parameters = graph()
    X = np.random.default_rng(0).normal(size=(7, len(inputs)))
    expected = reference(loss, inputs, X)
    ends = []
    for program in programs(loss, inputs, parameters, monkeypatch):
        for m in (7, 1, 2):
            assert_follows(program, expected, X[:m])
        assert repr(program.describe()) and program.describe().latex()
        if parameters:
            ends.append(program.train(X, Descent(), 3, 2))
    for end in ends:
        np.testing.assert_allclose(end, ends[0], rtol=1e-12)


def test_the_adjoints_of_a_network_are_its_deltas(monkeypatch):
    """δ₂ = (a₂ - y)/1, δ₁ = (δ₂ W₂ᵀ) ⊙ (1 - a₁²), dW = Aᵀ δ / m, in NumPy by hand."""
    rng = np.random.default_rng(0)
    W1, b1, W2, b2 = (rng.normal(size=shape) for shape in ((3, 5), 5, (5, 2), 2))
    X, Y = rng.normal(size=(33, 3)), rng.normal(size=(33, 2))
    w1, w2 = ([[Value(w) for w in row] for row in W] for W in (W1, W2))
    v1, v2 = ([Value(b) for b in row] for row in (b1, b2))
    x, y = leaves(*X[0]), leaves(*Y[0])
    z1 = [dot([row[j] for row in w1], x, v1[j]) for j in range(5)]
    a1 = [tanh(z) for z in z1]
    z2 = [sum((w2[i][j] * a1[i] for i in range(5)), v2[j]) for j in range(2)]
    loss = 0.5 * sum((a - t) ** 2 for a, t in zip(z2, y, strict=True))
    parameters = [leaf for row in (*w1, v1, *w2, v2) for leaf in row]
    A1 = np.tanh(X @ W1 + b1)
    delta2 = A1 @ W2 + b2 - Y
    delta1 = delta2 @ W2.T * (1 - A1**2)
    for program in programs(loss, [*x, *y], parameters, monkeypatch):
        cost, gradient = program(np.hstack([X, Y]))
        assert cost == pytest.approx(0.5 * (delta2**2).sum() / 33, rel=1e-13)
        np.testing.assert_allclose(program.read_values(a1), A1, rtol=1e-13)
        np.testing.assert_allclose(program.read_adjoints(z2), delta2, rtol=1e-11)
        np.testing.assert_allclose(program.read_adjoints(z1), delta1, rtol=1e-11)
        np.testing.assert_allclose(program.read_adjoints(x), delta1 @ W1.T, rtol=1e-11)
        by_hand = [X.T @ delta1, delta1.sum(0), A1.T @ delta2, delta2.sum(0)]
        flat = np.concatenate([part.ravel() for part in by_hand]) / 33
        np.testing.assert_allclose(gradient, flat, rtol=1e-11, atol=1e-14)


def test_several_outputs_with_branches_are_those_of_the_function():
    def parts(x, scale):
        largest = x[0] if x[0] > x[1] else x[1]
        return {"largest": largest * scale, "all": [(a * scale, largest) for a in x], "n": 2}

    fast = jit(parts)
    for x, scale in (([1.0, 3.0], 2.0), ([-1.0, 0.5], -3.0), ([3.0, 1.0], 2.0), ([2.0, 1.0], 4.0)):
        assert fast(x, scale) == parts(x, scale)


def test_a_program_may_be_made_of_another_programs_graph():
    """The hidden layer of a graph is the root of a program of its own."""
    x, w = leaves(1.0, 2.0)
    z = x * w
    loss = tanh(z) ** 2
    whole = Program(loss, inputs=[x], parameters=[w])
    part = Program(z, inputs=[x], parameters=[w])
    assert whole([[0.5], [2.0]])[0] == pytest.approx((np.tanh([1.0, 4.0]) ** 2).mean(), rel=1e-14)
    assert part([[0.5], [2.0]])[0] == 2.5
    assert whole.value(z).tolist() == part.value(z).tolist() == [1.0, 4.0]


def test_nodes_that_the_loss_does_not_use_can_be_read_all_the_same(monkeypatch):
    """Two outputs of one layer, of which the loss takes the first: ∂c/∂(the second) = 0."""
    x, w = leaves(0.5, -1.0), leaves(0.3, 0.7, -0.2, 0.4)
    first, second = tanh(dot(w[:2], x)), tanh(dot(w[2:], x))
    X = np.random.default_rng(0).normal(size=(5, 2))
    for program in programs(first * first, x, w, monkeypatch, also=[second, x[0]]):
        _, gradient = program(X)
        np.testing.assert_allclose(program.value(second), np.tanh(X @ [-0.2, 0.4]), rtol=1e-14)
        np.testing.assert_allclose(program.value(first), np.tanh(X @ [0.3, 0.7]), rtol=1e-14)
        assert (program.adjoint(second) == 0.0).all() and (gradient[2:] == 0.0).all()
    with pytest.raises(KeyError, match="neither its loss uses it nor `also` names it"):
        program.value(w[0] * 2.0)


@pytest.mark.parametrize("n", [1, 2])
def test_the_sign_of_a_zero_survives_a_product(n, monkeypatch):
    """0·(-1) is -0, and atan2(-0, -1) = -π, where atan2(0, -1) = π; for one node or several."""
    p, q = leaves(*[0.0] * n), Value(-1.0)
    loss = total([ag.atan2(x * q, q) for x in p]) if n > 1 else ag.atan2(p[0] * q, q)
    assert loss.data == -n * np.pi
    for program in programs(loss, [], [*p, q], monkeypatch):
        assert program([[]])[0] == -n * np.pi
    for program in programs(loss, [q], p, monkeypatch):
        assert program([[-1.0]])[0] == program([[-1.0], [-2.0]])[0] == -n * np.pi
