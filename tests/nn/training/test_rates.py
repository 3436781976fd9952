"""The search for a learning rate: the curve it finds, what it leaves behind, what it refuses."""

import math

import numpy as np
import pytest

import nn
from autograd import Value
from nn.training.rates import LearningRates

X = np.linspace(-1, 1, 24).reshape(12, 2)
Y = X @ [1.0, -2.0] + 0.5


class Scale(nn.Module):
    """y = w x, whose loss ½ (w x - y)² at x = 1 has curvature 1: gradient descent ends at lr 2."""

    def __init__(self):
        self.w = Value(3.0)

    def __call__(self, x):
        return self.w * x[0]


@pytest.mark.parametrize("compiled", [True, False])
def test_losses_are_those_of_gradient_descent_with_growing_rates(compiled):
    """By hand: w ← w - lr (w - 1), C = ½ (w - 1)²."""
    tried = nn.find_lr(Scale(), [[1.0]], [1.0], loss="half_squared_error", optimizer="sgd",
                       low=2e-3, high=2e3, steps=13, compiled=compiled)  # fmt: skip
    rates = [2e-3 * 10 ** (k / 2) for k in range(13)]
    w, losses, mean, means = 3.0, [], 0.0, []
    for k, lr in enumerate(rates, start=1):
        losses.append(0.5 * (w - 1) ** 2)
        mean = 0.9 * mean + 0.1 * losses[-1]
        means.append(mean / (1 - 0.9**k))
        w -= lr * (w - 1)
        if means[-1] > 4 * min(means):
            break
    assert len(losses) < 13
    assert tried.losses == pytest.approx(losses, rel=1e-9, abs=1e-300)
    assert tried.rates == pytest.approx(rates[: len(losses)], rel=1e-12)
    assert 0.05 < tried.lr < 2.0  # which is where gradient descent ends


def test_the_running_mean_and_the_choice_are_those_of_the_formula():
    """m ← 0.9 m + 0.1 c, divided by 1 - 0.9^k; a tenth of the rate where it is smallest."""
    rates, losses = [0.1, 0.2, 0.4, 0.8], [3.0, 2.9, 1.0, 9.0]
    tried = LearningRates(rates, losses)
    weights = [[0.9 ** (k - j) for j in range(k + 1)] for k in range(4)]
    means = [np.average(losses[: k + 1], weights=w) for k, w in enumerate(weights)]
    assert tried.smoothed == pytest.approx(means, rel=1e-14)
    assert tried.lr == rates[int(np.argmin(means))] / 10 == 0.04
    assert LearningRates([0.1, 0.2], [1.0, 2.0]).lr == 0.01
    assert (tried.diverges, LearningRates([0.1, 0.2], [1.0, 8.0]).diverges) == (False, True)


@pytest.mark.parametrize("optimizer", ["adam", "sgd", nn.RMSprop])
def test_the_model_is_as_before_and_the_rate_trains_it(optimizer):
    model = nn.MLP(2, [8, 1], "tanh", seed=1, dropout=0.1)
    before = model.state_dict()
    tried = nn.find_lr(model, X, Y, loss="squared_error", optimizer=optimizer)
    assert all((before[path] == W).all() for path, W in model.state_dict().items())
    history = nn.fit(model, X, Y, loss="squared_error", optimizer=optimizer, lr=tried.lr,
                     epochs=60, progress=False)  # fmt: skip
    assert history.loss[-1] < 0.3 * history.loss[0]


def test_a_loss_that_is_not_finite_ends_the_search():
    model = Scale()
    tried = nn.find_lr(model, [[1e100]], [0.0], loss="squared_error", optimizer="sgd", steps=5)
    assert len(tried.losses) == 1
    assert model.w.data == 3.0
    with pytest.raises(ValueError, match="not finite at the start"):
        nn.find_lr(model, [[1e200]], [0.0], loss="squared_error")


def test_batches_follow_each_other_and_ragged_data_will_do():
    tried = nn.find_lr(nn.MLP(2, [1], seed=0), X, Y, loss="huber", batch_size=5, steps=20, high=0.1)
    assert len(tried.rates) == 20
    assert all(map(math.isfinite, tried.losses))

    class Sum(nn.Module):
        def __init__(self):
            self.w = Value(0.1)

        def __call__(self, x):
            return self.w * sum(x)

    tried = nn.find_lr(Sum(), [[1.0], [1.0, 2.0], [3.0]], [1.0, 3.0, 3.0], loss="squared_error",
                       batch_size=2)  # fmt: skip
    assert tried.lr > 1e-6


def test_the_curve_is_drawn_and_told():
    tried = LearningRates([1e-3, 1e-2, 1e-1, 1.0], [1.0, 0.9, 0.3, 2.0])
    assert repr(tried) == "LearningRates(lr=0.01, tried 0.001 … 1)"
    (axes,) = tried.plot().axes
    assert axes.get_xscale() == "log"
    assert [line.get_ydata()[0] for line in axes.lines[:2]] == [1.0, pytest.approx(1.0)]


@pytest.mark.parametrize("options", [{"low": 0.0}, {"low": 1.0, "high": 0.1}, {"steps": 1}])
def test_a_range_that_is_none_is_refused(options):
    with pytest.raises(ValueError, match="0 < low < high and 2 steps or more"):
        nn.find_lr(Scale(), [[1.0]], [1.0], loss="squared_error", **options)
    with pytest.raises(ValueError, match="its own lr"):
        nn.find_lr(Scale(), [[1.0]], [1.0], loss="squared_error", optimizer=nn.SGD([Value(1.0)]))
