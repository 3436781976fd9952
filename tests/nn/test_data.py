"""Examples that count more than others."""

import numpy as np
import pytest

import nn
from nn.data import example_weights

X, Y = np.array([[1.0], [2.0], [3.0]]), np.array([0.0, 1.0, 1.0])


def trained(compiled, y=Y, rows=X, loss="half_squared_error", **options):
    model = nn.Layer(1, 1, "identity")
    model.W[0][0].data, model.b[0].data = 0.5, 0.25
    history = nn.fit(
        model, rows, y, loss=loss, optimizer=nn.SGD(model.parameters(), lr=0.1), epochs=1,
        batch_size=None, progress=False, compiled=compiled, **options,
    )  # fmt: skip
    return model.W[0][0].data, model.b[0].data, history


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("form", [Y, Y[:, None]], ids=["(m,)", "(m,1)"])
def test_a_weighted_step_is_down_the_mean_of_w_c(compiled, form):
    w = np.array([2.0, 0.0, 3.0])
    r = 0.5 * X[:, 0] + 0.25 - Y
    W, b, history = trained(compiled, form, sample_weight=w, validation=(X, form))
    expected = 0.5 - 0.1 * np.mean(w * r * X[:, 0]), 0.25 - 0.1 * np.mean(w * r)
    assert (W, b) == pytest.approx(expected, rel=1e-12)
    assert history.loss == [pytest.approx(np.mean(w * r**2) / 2, rel=1e-12)]
    after = W * X[:, 0] + b - Y
    assert history.val_loss == [pytest.approx(np.mean(after**2) / 2, rel=1e-12)]


@pytest.mark.parametrize("compiled", [True, False])
def test_a_whole_weight_is_so_many_copies(compiled):
    m = 3
    W, b, _ = trained(compiled, sample_weight=[1.0 / m, 1.0 / m, 4.0 / m])
    rows = [0, 1, 2, 2, 2, 2]
    twin = trained(compiled, Y[rows], X[rows], sample_weight=[6.0 / 9] * 6)
    assert (W, b) == pytest.approx(twin[:2], rel=1e-12)


@pytest.mark.parametrize("compiled", [True, False])
def test_class_weights_are_weights_of_the_examples(compiled):
    by_class = trained(compiled, class_weight={1: 5.0}, loss="binary_cross_entropy")
    by_example = trained(compiled, sample_weight=[1.0, 5.0, 5.0], loss="binary_cross_entropy")
    assert by_class[:2] == by_example[:2]


def test_both_weights_multiply_and_labels_may_be_one_hot():
    one_hot = np.eye(2)[[0, 1, 1]]
    for y in (Y, Y[:, None], one_hot):
        assert example_weights(y, [1, 2, 3], {0: 4, 1: 0.5}).tolist() == [4.0, 1.0, 1.5]
        assert example_weights(y, None, "balanced") == pytest.approx([1.5, 0.75, 0.75])


def test_weights_of_all_labels_serve_data_that_lacks_some():
    weights = {0: 4.0, 1: 0.5, 2: 3.0}
    assert example_weights(Y, None, weights).tolist() == [4.0, 0.5, 0.5]
    assert example_weights(Y[1:], None, weights).tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sample_weight": [1.0, 2.0]}, r"sample_weight must have the shape \(3, 1\)"),
        ({"sample_weight": [1.0, -2.0, 0.0]}, "weighs 0 or more; got -2"),
        ({"sample_weight": [1.0, np.nan, 0.0]}, r"sample_weight\[1\] is nan"),
        ({"class_weight": {2: 1.0}}, r"numbers for \[0.0, 1.0\], found in y; got \{2: 1.0"),
        ({"class_weight": "heavy"}, "class_weight is 'balanced', or .*got 'heavy'"),
    ],
)
def test_weights_that_do_not_fit_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        trained(True, **options)
