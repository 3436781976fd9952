"""An exercise takes right answers, also rounded ones, and tells what is wrong with others."""

import numpy as np
import pytest

from nn import MLP, Layer, exercise, probe

X, Y = [1.0, -2.0], [0.5]


@pytest.fixture
def model():
    return MLP(2, [3, 2, 1], "tanh", "sigmoid", seed=1)


def test_everything_is_asked_for_from_the_last_layer_to_the_first(model):
    task = exercise(model, X, Y)
    assert task.asked == [f"{name}{k}" for k in (3, 2, 1) for name in ("delta", "dW", "db")]
    assert "derive: delta3, dW3, db3, delta2" in task.text()
    assert "a0 = [1.0, -2.0]" in repr(task)


def test_the_formulas_of_the_course_are_right_answers(model):
    task, p = exercise(model, X, Y), probe(model, X, Y, "half_squared_error")
    answers = {}
    for layer in p.layers:
        above = p.layers[layer.number] if layer.number < 3 else None
        da = above.W @ above.delta if above else layer.a - Y
        g = layer.a * (1 - layer.a) if layer.activation == "sigmoid" else 1 - layer.a**2
        answers[f"delta{layer.number}"] = (g * da).tolist()
        answers[f"dW{layer.number}"] = np.outer(layer.inputs, g * da)
        answers[f"db{layer.number}"] = g * da
    assert task.check(answers)


@pytest.mark.parametrize("digits", ["three digits", "four places"])
def test_rounded_answers_are_right(model, digits):
    task = exercise(model, X, Y)
    rounded = {
        name: np.vectorize(lambda x: float(f"{x:.3g}"))(exact)
        if digits == "three digits" else exact.round(4)
        for name, exact in task.solution.items()
    }  # fmt: skip
    assert task.check(rounded)


def test_what_is_not_answered_is_open(model):
    answer = exercise(model, X, Y).check()
    assert not answer
    assert {verdict.verdict for verdict in answer.verdicts} == {"open"}


@pytest.mark.parametrize(
    ("slip", "name", "hint"),
    [
        (lambda p: -p.layers[2].delta, "delta3", "a sign"),
        (lambda p: 2 * p.layers[2].delta, "delta3", "a factor ½ is missing"),
        (lambda p: (p.layers[1].W @ p.layers[1].delta).round(6), "delta1", "g' is missing"),
        (lambda p: p.layers[1].dW.T, "dW2", "must have one shape; got (2, 3) and (3, 2)"),
        (lambda p: "many", "dW2", "must be a real number"),
        (lambda p: p.layers[0].db + 1, "db1", "the rule is ∂C/∂b1[j] = δ1[j]"),
        (lambda p: p.layers[0].dW + 1, "dW1", "the rule is ∂C/∂W1[i,j] = a0[i] · δ1[j]"),
        (lambda p: p.layers[0].delta + 1, "delta1", "δ1[j] = g'(z1[j]) · Σ_k W2[j,k] δ2[k]"),
        (lambda p: p.layers[2].delta + 1, "delta3", "δ3[j] = g'(z3[j]) · ∂c/∂a3[j]"),
    ],
)
def test_a_slip_gets_a_hint(model, slip, name, hint):
    found = exercise(model, X, Y).check({name: slip(probe(model, X, Y, "half_squared_error"))})
    assert found[name].verdict == "wrong"
    assert any(hint in line for line in found[name].hints), found[name].hints
    assert hint in repr(found)


def test_another_loss_another_layer_and_no_target():
    layer = Layer(2, 3, "softmax")
    task = exercise(layer, X)
    assert task.asked == ["delta1", "dW1", "db1"]
    assert task.check(task.solution)
    logits = MLP(2, [3], seed=0)
    assert exercise(logits, X, 1, "cross_entropy").text().startswith("MLP(2 → 3, identity")


def test_what_is_not_asked_for_and_batches_are_refused(model):
    with pytest.raises(ValueError, match=r"asked for are delta3.*got 'delta4'"):
        exercise(model, X, Y).check(delta4=[1.0])
    with pytest.raises(ValueError, match="one example; got a batch of 2"):
        exercise(model, [X, X], [Y, Y])


def test_gradients_of_each_example_are_arrays(model):
    rows, targets = np.random.default_rng(0).normal(size=(4, 2)), [[0.1], [0.2], [0.3], [0.4]]
    batch = probe(model, rows, targets, "half_squared_error")
    for k, layer in enumerate(batch.layers):
        each = layer.per_example_dW
        assert each.shape == (4, *layer.W.shape)
        assert each.mean(axis=0) == pytest.approx(layer.dW, rel=1e-13)
        for x, y, found in zip(rows, targets, each, strict=True):
            alone = probe(model, x, y, "half_squared_error").layers[k]
            assert found == pytest.approx(alone.dW, rel=1e-13)
            assert (alone.per_example_dW[0] == alone.dW).all()
