"""Parts of a call: values without a backward pass, and derivatives by parameters and inputs."""

import numpy as np
import pytest

from autograd import AnomalyError, FrozenBranchError, Program, Value, dot, exp, recording, tanh
from tests.program.reference import EXECUTORS, WITH_TAPES, reference
from tests.program.zoo import run_as_tapes

X = np.array([[0.5, -1.0], [2.0, 0.25], [-0.3, 0.7]])


@pytest.fixture(params=WITH_TAPES)
def executor(request, monkeypatch):
    if request.param == "tape":
        run_as_tapes(monkeypatch)
    return "native" if request.param == "tape" else request.param


def graph():
    x, w = [Value(0.5, "x0"), Value(-1.0, "x1")], [Value(0.3, "w0"), Value(-0.8, "w1")]
    z = dot(w, x)
    return (tanh(z) + w[0]) ** 2, z, x, w


def test_forward_has_the_values_of_a_call(executor):
    loss, z, x, w = graph()
    program = Program(loss, inputs=x, parameters=w, executor=executor)
    found = program.forward(X, [z, loss, w[0]])
    program(X)
    assert (found == program.read_values([z, loss, w[0]])).all()
    assert found[:, 0] == pytest.approx(X @ [0.3, -0.8], rel=1e-14)
    assert program.forward(X[:1], [z]).shape == (1, 1)


def test_after_forward_there_are_no_adjoints_to_read(executor):
    loss, z, x, w = graph()
    program = Program(loss, inputs=x, parameters=w, executor=executor)
    program(X)
    program.forward(X, [z])
    with pytest.raises(RuntimeError, match=r"Call program\(X\) first"):
        program.adjoint(z)


def test_forward_refuses_what_a_call_refuses(executor):
    loss, z, x, w = graph()
    program = Program(loss, inputs=x, parameters=w, executor=executor)
    with pytest.raises(ValueError, match=r"\(m, 2\)"):
        program.forward(X[:, :1], [z])
    with pytest.raises(KeyError, match="not a node of this program"):
        program.forward(X, [Value(1.0)])
    big = Program(exp(z), inputs=x, parameters=w, executor=executor)
    with pytest.raises(AnomalyError):
        big.forward([[1e5, -1e5]], [big.loss])


@pytest.mark.parametrize("kind", EXECUTORS)
def test_forward_watches_branches(kind):
    x, w = Value(0.5, "x"), Value(2.0, "w")
    with recording():
        y = w * x if x > 0 else -w * x
    program = Program(y, inputs=[x], parameters=[w], executor=kind)
    assert program.forward([[3.0]], [y]).tolist() == [[6.0]]
    with pytest.raises(FrozenBranchError):
        program.forward([[-3.0]], [y])


def test_derivatives_are_those_of_the_engine(executor):
    loss, _, x, w = graph()
    program = Program(loss, inputs=x, parameters=w, executor=executor)
    C, gradient, by_inputs = program.derivatives([0.1, 0.9], X)
    for leaf, number in zip(w, (0.1, 0.9), strict=True):
        leaf.data = number
    found = reference(graph_at(x, w), x, X)
    place = [found.nodes.index(leaf) for leaf in (*w, *x)]
    assert pytest.approx(found.values[:, -1].mean(), rel=1e-13) == C
    assert gradient == pytest.approx(found.adjoints[:, place[:2]].mean(axis=0), rel=1e-12)
    assert by_inputs == pytest.approx(found.adjoints[:, place[2:]] / len(X), rel=1e-12)


def graph_at(x, w):
    return (tanh(dot(w, x)) + w[0]) ** 2
