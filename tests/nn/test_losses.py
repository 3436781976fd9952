"""Losses and activations against formulas written by hand with NumPy and SciPy."""

import math
from functools import partial
from itertools import product

import numpy as np
import pytest
from mpmath import mp, mpf
from scipy import special

import nn
from autograd import Program, Value, gradients
from nn.losses import loss_function

RESIDUAL_LOSSES = {
    "half_squared_error": (lambda r: 0.5 * np.sum(r**2), lambda r: r),
    "squared_error": (lambda r: np.sum(r**2), lambda r: 2 * r),
    "mean_squared_error": (lambda r: np.mean(r**2), lambda r: 2 * r / r.size),
    "absolute_error": (lambda r: np.sum(np.abs(r)), np.sign),
    "huber": (
        lambda r: np.sum(np.where(np.abs(r) <= 1, 0.5 * r**2, np.abs(r) - 0.5)),
        lambda r: np.clip(r, -1, 1),
    ),
}


def value_and_derivatives(loss, outputs, target):
    leaves = [Value(a) for a in outputs]
    c = loss(leaves, target)
    c.backward()
    return c.data, [leaf.grad for leaf in leaves]


@pytest.mark.parametrize("name", RESIDUAL_LOSSES)
@pytest.mark.parametrize("n", [1, 2, 7])
def test_losses_of_residuals_are_their_formulas(name, n):
    rng = np.random.default_rng(n)
    a, y = 2 * rng.normal(size=n), rng.normal(size=n)
    formula, derivative = RESIDUAL_LOSSES[name]
    c, gradient = value_and_derivatives(nn.LOSSES[name], a, list(y))
    assert c == pytest.approx(formula(a - y), rel=1e-14)
    np.testing.assert_allclose(gradient, derivative(a - y), rtol=1e-14)


@pytest.mark.parametrize("name", RESIDUAL_LOSSES)
@pytest.mark.parametrize("output", [1e160, -1e300, 3e-200, 0.7])
def test_a_loss_of_floats_is_that_of_values_overflow_included(name, output):
    loss = nn.LOSSES[name]
    assert loss([output], [0.3]) == loss([Value(output)], [0.3]).data


def test_huber_is_continuous_with_its_derivative_at_the_threshold():
    for r in (1.0, -1.0, 0.0):
        c, gradient = value_and_derivatives(nn.huber, [r], [0.0])
        assert (c, gradient) == (0.5 * r * r, [r])


def test_huber_takes_a_threshold():
    assert nn.huber([5.0], [0.0], threshold=2.0) == 2.0 * (5.0 - 1.0)


@pytest.mark.parametrize("scale", [1.0, 30.0, 1e4])
def test_cross_entropy_is_minus_the_log_of_the_softmax(scale):
    logits = scale * np.random.default_rng(1).normal(size=5)
    for target in range(5):
        c, gradient = value_and_derivatives(nn.cross_entropy, logits, target)
        expected = special.softmax(logits) - np.eye(5)[target]
        assert c == pytest.approx(-special.log_softmax(logits)[target], rel=1e-13, abs=1e-11)
        np.testing.assert_allclose(gradient, expected, rtol=1e-11, atol=1e-15)


def test_cross_entropy_survives_logits_of_any_size():
    assert nn.cross_entropy([1e300, -1e300], 0) == 0.0
    assert nn.cross_entropy([1e300, 0.0], 1) == 1e300


def test_cross_entropy_with_a_class_that_is_a_node_is_the_same():
    logits = [Value(0.3), Value(-1.2), Value(2.0)]
    assert nn.cross_entropy(logits, Value(2)).data == nn.cross_entropy(logits, 2).data


@pytest.mark.parametrize("z", [-800.0, -3.0, 0.0, 0.5, 40.0, 800.0])
@pytest.mark.parametrize("y", [0, 1])
def test_binary_cross_entropy_is_minus_the_log_likelihood_of_the_logit(z, y):
    c, (slope,) = value_and_derivatives(nn.binary_cross_entropy, [z], y)
    assert c == pytest.approx(-special.log_expit(z if y else -z), rel=1e-14)
    assert slope == pytest.approx(-special.expit(-z) if y else special.expit(z), rel=1e-14)


@pytest.mark.parametrize("s", [-2.0, 0.25, 3.0])
@pytest.mark.parametrize("y", [-1, 1])
def test_hinge_is_the_margin_that_is_missing(s, y):
    c, (slope,) = value_and_derivatives(nn.hinge, [s], y)
    assert c == max(0.0, 1.0 - y * s)
    assert slope == (-y if 1.0 - y * s > 0 else 0.0)


def test_a_single_value_is_an_output_list_of_one():
    s = Value(0.25)
    assert nn.hinge(s, 1).data == nn.hinge([s], [1.0]).data == 0.75
    assert nn.binary_cross_entropy(s, 1).data == nn.binary_cross_entropy([s], 1).data
    assert nn.squared_error(s, 1.0).data == 0.75**2


def test_labels_may_be_nodes_and_are_then_not_checked():
    assert nn.hinge(Value(2.0), Value(0.5)).data == 0.0
    assert nn.squared_error([Value(2.0)], [Value(0.5)]).data == 2.25


@pytest.mark.parametrize(
    ("loss", "outputs", "target", "words"),
    [
        (nn.cross_entropy, [0.0, 0.0], 2, "class from 0 to 1.*got 2"),
        (nn.cross_entropy, [0.0, 0.0], -1, "got -1"),
        (nn.cross_entropy, [0.0, 0.0], 0.5, "got 0.5"),
        (nn.cross_entropy, [0.0, 0.0], math.nan, "got nan"),
        (nn.cross_entropy, [0.0, 0.0], [0, 1, 0], "one target; got 3"),
        (nn.cross_entropy, [0.0, 0.0], [0.5, 0.2], r"add up to 1; got \[0.5, 0.2\]"),
        (nn.cross_entropy, [0.0, 0.0], [1.5, -0.5], "add up to 1"),
        (nn.cross_entropy, [0.0, 0.0], [math.nan, 1.0], "add up to 1"),
        (nn.binary_cross_entropy, 0.0, -1, "0 or 1, or a probability between them; got -1"),
        (nn.binary_cross_entropy, [0.0, 1.0], 1, "one output; got 2"),
        (nn.hinge, 0.0, 0, "-1 or 1; got 0"),
        (nn.hinge, 0.0, math.nan, "got nan"),
        (nn.squared_error, [0.0, 1.0], [1.0], "got 2 outputs and 1 targets"),
        (nn.squared_error, [0.0], [math.inf], r"finite; got \[inf\]"),
    ],
)
def test_a_target_that_does_not_fit_is_refused(loss, outputs, target, words):
    with pytest.raises(ValueError, match=words):
        loss(outputs, target)


def test_an_unknown_loss_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"cross_entropy.*got 'mse'"):
        loss_function("mse")


def inner(z, order=0):
    """What gelu_tanh takes the tanh of, and its derivative."""
    c = np.sqrt(2 / np.pi)
    return c * (1 + 3 * 0.044715 * z**2) if order else c * (z + 0.044715 * z**3)


HAND = {
    "identity": (lambda z: z, np.ones_like),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "sigmoid": (special.expit, lambda z: special.expit(z) * special.expit(-z)),
    "softsign": (lambda z: z / (1 + np.abs(z)), lambda z: (1 + np.abs(z)) ** -2.0),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
    "leaky_relu": (lambda z: np.where(z > 0, z, 0.01 * z), lambda z: np.where(z > 0, 1, 0.01)),
    "elu": (
        lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
        lambda z: np.exp(np.minimum(z, 0)),
    ),
    "gelu": (
        lambda z: z * special.ndtr(z),
        lambda z: special.ndtr(z) + z * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi),
    ),
    "silu": (
        lambda z: z * special.expit(z),
        lambda z: special.expit(z) * (1 + z * special.expit(-z)),
    ),
    "softplus": (lambda z: np.logaddexp(0, z), special.expit),
    "sin": (np.sin, np.cos),
    "gelu_tanh": (
        lambda z: z * special.expit(2 * inner(z)),
        lambda z: (
            special.expit(2 * inner(z))
            + 2 * z * special.expit(2 * inner(z)) * special.expit(-2 * inner(z)) * inner(z, 1)
        ),
    ),
    "mish": (
        lambda z: z * np.tanh(np.logaddexp(0, z)),
        lambda z: (
            np.tanh(np.logaddexp(0, z)) + z * special.expit(z) / np.cosh(np.logaddexp(0, z)) ** 2
        ),
    ),
    "selu": (  # Klambauer et al. 2017
        lambda z: 1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * np.expm1(z)),
        lambda z: 1.0507009873554805 * np.where(z > 0, 1, 1.6732632423543772 * np.exp(z)),
    ),
}


def test_every_activation_has_a_formula_here_except_the_output_function():
    assert {name for name, g in nn.ACTIVATIONS.items() if not g.whole} == set(HAND)


@pytest.mark.parametrize("name", HAND)
def test_activations_are_their_formulas(name):
    z = np.concatenate([np.random.default_rng(0).normal(size=20) * 3, [-30.0, 30.0]])
    g, slope = HAND[name]
    for point, a, d in zip(z, g(z), slope(z), strict=True):
        leaf = Value(point)
        out = nn.ACTIVATIONS[name](leaf)
        (out * 1.0).backward()
        assert out.data == pytest.approx(a, rel=1e-12, abs=1e-15)
        assert leaf.grad == pytest.approx(d, rel=1e-12, abs=1e-15)


def test_cross_entropy_of_soft_labels_is_the_mean_over_the_classes():
    z = [Value(0.5), Value(-1.0), Value(2.0)]
    y = [0.2, 0.3, 0.5]
    c = nn.cross_entropy(z, y)
    by_class = [nn.cross_entropy(z, k).data for k in range(3)]
    assert c.data == pytest.approx(np.dot(y, by_class), rel=1e-14)
    softmax = np.exp([0.5, -1.0, 2.0]) / np.exp([0.5, -1.0, 2.0]).sum()
    assert gradients(c, z) == pytest.approx(softmax - y, rel=1e-12)


def test_one_hot_labels_are_classes():
    z = [0.5, -1.0, 2.0]
    for k, y in enumerate(np.eye(3).tolist()):
        assert nn.cross_entropy(z, y) == pytest.approx(nn.cross_entropy(z, k), rel=1e-14)


# -log softmax(outputs)[1], by hand: log(1 + e^-0.5 + e^-2) of the outputs (0.5, 1, -1).
LOGITS, BY_HAND = [0.5, 1.0, -1.0], math.log(1 + math.exp(-0.5) + math.exp(-2.0))


@pytest.mark.parametrize("ignored", [-100, 2, 0])
def test_an_ignored_target_has_neither_a_loss_nor_a_gradient(ignored):
    z = [Value(x) for x in LOGITS]
    for target in (ignored, float(ignored), Value(float(ignored)), [ignored]):
        c = nn.cross_entropy(z, target, ignore_index=ignored)
        assert c.data == 0.0
        assert gradients(c, z) == [0.0] * 3
    for target in (1, Value(1.0)):
        c = nn.cross_entropy(z, target, ignore_index=ignored)
        assert c.data == pytest.approx(BY_HAND, rel=1e-15)
        assert gradients(c, z) == pytest.approx(gradients(nn.cross_entropy(z, 1), z), rel=1e-14)
    assert nn.cross_entropy(LOGITS, ignored, ignore_index=ignored) == 0.0
    with pytest.raises(ValueError, match="a class from 0 to 2"):
        nn.cross_entropy(z, 7, ignore_index=ignored)


# Figures of PyTorch 2.13: CrossEntropyLoss(ignore_index=-100), SGD(lr=0.5), one batch.
IGNORING = partial(nn.cross_entropy, ignore_index=-100)
FIVE = np.array([[0.5, -1.0], [1.5, 0.25], [-0.75, 2.0], [0.0, 1.0], [2.0, -0.5]])
SOME_IGNORED = np.array([2, -100, 0, -100, 1])
PYTORCH = {
    "losses": [1.2423455996123098, 0.7261476902793862, 0.5383931220256281, 0.45035385940080674],
    "dW": [[0.43942614844865413, -0.6767149056144969, 0.2372887571658428],
           [-0.6024005833575871, 0.4559965525548896, 0.14640403080269745]],
    "W": [[-0.2841378839684427, 0.7103266426244443, 0.07381124134399841],
          [0.9474861967310515, 0.15392093560782757, -0.5014071323388792]],
}  # fmt: skip


def three_logits():
    layer = nn.Layer(2, 3, "identity")
    layer.load_state_dict({"W": [[0.2, -0.1, 0.4], [0.3, 0.5, -0.2]], "b": [0.1, 0.0, -0.1]})
    return layer


def numbers(W):
    return [[w.data for w in row] for row in W]


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("y", [SOME_IGNORED, SOME_IGNORED[:, None], SOME_IGNORED.tolist()])
def test_the_mean_is_over_the_examples_that_are_not_ignored(y, compiled):
    layer = three_logits()
    history = nn.fit(
        layer, FIVE, y, loss=IGNORING, optimizer="sgd", lr=0.5, epochs=4, batch_size=None,
        progress=False, compiled=compiled, validation=(FIVE, y),
    )  # fmt: skip
    assert history.columns["loss"] == pytest.approx(PYTORCH["losses"], rel=1e-14)
    assert history.columns["val_loss"][:-1] == pytest.approx(PYTORCH["losses"][1:], rel=1e-14)
    np.testing.assert_allclose(numbers(layer.W), PYTORCH["W"], rtol=1e-13)


def test_a_probe_leaves_ignored_examples_out_of_its_mean():
    p = nn.probe(three_logits(), FIVE, SOME_IGNORED, IGNORING)
    assert pytest.approx(PYTORCH["losses"][0], rel=1e-14) == p.C
    np.testing.assert_allclose(p.layers[0].dW, PYTORCH["dW"], rtol=1e-13)
    picture = nn.batch_picture(three_logits(), FIVE, SOME_IGNORED, IGNORING)
    np.testing.assert_allclose(picture.layers[0].dW, PYTORCH["dW"], rtol=1e-13)


def test_weights_belong_to_the_examples_as_they_were_given():
    """C = (1/m) Σ w c over the m that count, by hand: half the loss where every w is 1/2."""
    weights = np.where(SOME_IGNORED < 0, 100.0, 0.5)
    history = nn.fit(
        three_logits(), FIVE, SOME_IGNORED, loss=IGNORING, optimizer="sgd", lr=0.5, epochs=1,
        batch_size=None, progress=False, sample_weight=weights,
    )  # fmt: skip
    assert history.columns["loss"] == pytest.approx([PYTORCH["losses"][0] / 2], rel=1e-14)


def test_targets_beside_the_ignored_ones_are_looked_at_too():
    with pytest.raises(ValueError, match="every target is -100, which the loss ignores"):
        nn.fit(three_logits(), FIVE, [-100] * 5, loss=IGNORING, progress=False)
    with pytest.raises(ValueError, match=r"y\[1\] does not fit.*a class from 0 to 2"):
        nn.fit(three_logits(), FIVE, [0, -100, 3, 1, 1], loss=IGNORING, progress=False)


@pytest.mark.parametrize("y", [0.0, 1e-9, 0.3, 0.5, 1 - 1e-9, 1.0])
@pytest.mark.parametrize("z", [-800.0, -2.0, 0.0, 0.7, 800.0])
def test_binary_cross_entropy_of_soft_labels_is_the_mean_over_both(y, z):
    """-y log σ(z) - (1 - y) log σ(-z), whose derivative is σ(z) - y."""
    exact = y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)
    leaf = Value(z)
    for target in (y, [y], Value(y)):
        c = nn.binary_cross_entropy(leaf, target)
        assert c.data == pytest.approx(exact, rel=1e-14, abs=1e-300)
        assert gradients(c, leaf) == pytest.approx(special.expit(z) - y, rel=1e-12, abs=1e-15)
    assert nn.binary_cross_entropy(z, y) == pytest.approx(exact, rel=1e-14, abs=1e-300)


def softmax_loss(*z):
    """Return log Σ e^(z_k - z_0), by mpmath, and its derivatives σ_k - [k = 0]."""
    with mp.workdps(60):
        powers = [mp.exp(mpf(x) - max(z)) for x in z]
        p = [e / sum(powers) for e in powers]
        return max(z) - mpf(z[0]) + mp.log(sum(powers)), [-sum(p[1:]), *p[1:]]


def logistic_loss(z):
    """Return -log σ(z), by mpmath, and its derivative -σ(-z)."""
    with mp.workdps(60):
        e = mp.exp(-abs(mpf(z)))
        return max(-mpf(z), 0) + mp.log1p(e), [-(e if z > 0 else 1) / (1 + e)]


LARGE = {  # logits whose loss is far below their size, or as large
    "two of 1e16": (1e16, 1e16), "ten apart at 1e4": (1e4, 9990.0), "one far above": (30.0, 0.0),
    "one far below": (-500.0, 0.0), "three of -1e30": (-1e30, -1e30, -1e30),
    "a tie of two": (5e7, 5e7, -5e7), "a tail": (80.0, -3.0, 0.0), "one logit": (40.0,),
    "one logit far below": (-1e16,), "one logit at 80": (80.0,), "one logit near 0": (1e-8,),
}  # fmt: skip


@pytest.mark.parametrize("name", LARGE)
def test_a_loss_of_large_numbers_keeps_its_digits(name):
    """No loss is a difference of logits: value and gradient against mpmath at 60 digits."""
    z = LARGE[name]
    value, slopes = (softmax_loss if len(z) > 1 else logistic_loss)(*z)
    leaves = [Value(x) for x in z]
    label = Value(0.0 if len(z) > 1 else 1.0)
    by = nn.cross_entropy if len(z) > 1 else nn.binary_cross_entropy
    loss = by(leaves if len(z) > 1 else leaves[0], label)
    assert loss.data == pytest.approx(float(value), rel=1e-13, abs=1e-300)
    assert gradients(loss, leaves) == pytest.approx([*map(float, slopes)], rel=1e-13, abs=1e-300)
    for executor, dtype in product(("numpy", "native"), ("float64", "float32")):
        digits = {"rel": 1e-13 if dtype == "float64" else 3e-6, "abs": 1e-300}
        if dtype == "float32":
            z = [float(np.float32(x)) for x in z]
            value, slopes = (softmax_loss if len(z) > 1 else logistic_loss)(*z)
            digits["abs"] = 1e-37  # below it numbers are no normal ones
        program = Program(
            loss, inputs=[*leaves, label], parameters=[], executor=executor, dtype=dtype
        )
        assert program([[*z, label.data]])[0] == pytest.approx(float(value), **digits)
        found = [float(np.ravel(program.adjoint(x))[0]) for x in leaves]
        assert found == pytest.approx([*map(float, slopes)], **digits)


def test_soft_labels_are_trained_on_by_both_ways():
    X = np.random.default_rng(0).normal(size=(9, 2))
    y = special.expit(X[:, 0])
    ends = []
    for compiled in (True, False):
        model = nn.MLP(2, [4, 1], "tanh", seed=1)
        history = nn.fit(model, X, y, loss="binary_cross_entropy", epochs=4, batch_size=4,
                         progress=False, compiled=compiled, metrics=["accuracy"])  # fmt: skip
        right = (model.predict(X)[:, 0] > 0) == (y > 0.5)
        assert history.accuracy[-1] == right.mean()
        ends.append([p.data for p in model.parameters()])
    assert ends[0] == pytest.approx(ends[1], rel=1e-12)
