"""L-BFGS and Levenberg-Marquardt: what they reach is the closed form, or another solver's."""

import numpy as np
import pytest

from nn import MLP, Layer, fit

scipy = pytest.importorskip("scipy")
METHODS = ["lbfgs", "lm"]


@pytest.fixture
def line():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    return X, X @ [1.0, -2.0, 0.5] + 0.3 + 0.1 * rng.normal(size=40)


def closed_form(X, y, weights=None):
    """The least squares of a line, by NumPy."""
    A = np.column_stack([X, np.ones(len(X))])
    root = np.ones(len(X)) if weights is None else np.sqrt(weights)
    return np.linalg.lstsq(A * root[:, None], y * root, rcond=None)[0]


def numbers(model):
    return [p.data for p in model.parameters()]


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", ["half_squared_error", "squared_error", "mean_squared_error"])
@pytest.mark.parametrize("method", METHODS)
def test_a_line_is_fitted_as_in_closed_form(method, loss, weighted, compiled, line):
    X, y = line
    weights = np.linspace(0.1, 2.0, len(X)) if weighted else None
    model = MLP(3, [1], seed=0)
    history = fit(model, X, y, loss=loss, optimizer=method, progress=False, compiled=compiled,
                  sample_weight=weights)  # fmt: skip
    assert numbers(model) == pytest.approx(closed_form(X, y, weights), rel=1e-4, abs=1e-5)
    assert 1 <= len(history) < 60


@pytest.mark.parametrize("outputs", [1, 2])
def test_levenberg_marquardt_reaches_what_scipy_reaches_by_differences(outputs):
    rng = np.random.default_rng(1)
    X = np.linspace(-2, 2, 50)[:, None]
    y = np.column_stack([np.tanh(2 * X + 1), 1 - np.tanh(2 * X + 1)])[:, :outputs]
    y += 0.1 * rng.normal(size=(50, outputs))
    model = MLP(1, [1, outputs], activation="tanh", seed=2)
    start = np.array(numbers(model))
    shapes = [(1, 1), (1,), (1, outputs), (outputs,)]

    def residuals(w):
        parts = np.split(w, np.cumsum([np.prod(s) for s in shapes])[:-1])
        W1, b1, W2, b2 = (part.reshape(s) for part, s in zip(parts, shapes, strict=True))
        return (np.tanh(X @ W1 + b1) @ W2 + b2 - y).ravel() / np.sqrt(len(X))

    found = scipy.optimize.least_squares(residuals, start, method="lm", xtol=1e-12, ftol=1e-12)
    options = {"loss": "half_squared_error", "optimizer": "lm", "progress": False}
    fit(model, X, y, epochs=500, **options)
    reached = 0.5 * ((model.predict(X) - y) ** 2).sum() / len(X)
    assert reached == pytest.approx(found.cost, rel=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_both_engines_take_the_same_way(method):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(20, 2))
    y = np.sin(X[:, 0]) * X[:, 1]
    losses = []
    for compiled in (True, False):
        model = MLP(2, [3, 1], activation="tanh", seed=1)
        history = fit(model, X, y, loss="squared_error", optimizer=method, epochs=5, progress=False,
                      compiled=compiled)  # fmt: skip
        losses.append(history.loss)
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_any_loss_is_minimized_by_lbfgs():
    X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    model = MLP(2, [4, 1], activation="tanh", seed=3)
    options = {"metrics": ["accuracy"], "validation": (X, y), "epochs": 200, "progress": False}
    history = fit(model, X, y, loss="binary_cross_entropy", optimizer="lbfgs", **options)
    assert history.accuracy[-1] == 1.0 and history.val_loss[-1] < 0.01
    assert len(history.val_loss) == len(history.loss)


@pytest.mark.parametrize("method", METHODS)
def test_epochs_are_iterations_and_a_callback_ends_them(method, line):
    model = MLP(3, [2, 1], activation="tanh", seed=0)
    history = fit(model, *line, loss="squared_error", optimizer=method, epochs=3, progress=False)
    assert len(history) == 3
    seen = []

    def stop(history, model):
        seen.append(numbers(model))
        return len(seen) == 2

    again = MLP(3, [2, 1], activation="tanh", seed=0)
    fit(again, *line, loss="squared_error", optimizer=method, callbacks=[stop], progress=False)
    assert len(seen) == 2 and numbers(again) == seen[-1]


@pytest.mark.parametrize("method", METHODS)
def test_what_is_frozen_stays(method, line):
    model = MLP(3, [2, 1], activation="tanh", seed=0)
    model.layers[0].freeze()
    before = model.state_dict()
    fit(model, *line, loss="squared_error", optimizer=method, epochs=5, progress=False)
    after = model.state_dict()
    assert [(before[k] == after[k]).all() for k in before] == [True, True, False, False]


def test_what_a_method_does_not_take_is_said(line):
    X, y = line
    model = MLP(3, [1], seed=0)
    with pytest.raises(ValueError, match=r"'lm' needs a loss that is a sum of squares.*lbfgs"):
        fit(model, X, y, loss="huber", optimizer="lm", progress=False)
    with pytest.raises(ValueError, match=r"chooses its steps by itself; got lr=0.1"):
        fit(model, X, y, loss="huber", optimizer="lbfgs", lr=0.1, progress=False)
    with pytest.raises(ValueError, match=r"chooses its steps by itself; got trace"):
        fit(model, X, y, loss="huber", optimizer="lbfgs", trace=True, progress=False)


def test_an_interrupt_leaves_the_weights_of_the_last_iteration(line):
    model, seen = MLP(3, [2, 1], activation="tanh", seed=0), []

    def interrupt(history, model):
        seen.append(numbers(model))
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        options = {"loss": "squared_error", "optimizer": "lbfgs", "progress": False}
        fit(model, *line, callbacks=[interrupt], **options)
    assert numbers(model) == seen[-1]


def test_a_model_of_ones_own_is_minimized_too(line):
    from nn import Module

    class Two(Module):
        def __init__(self):
            self.a, self.b = Layer(3, 2, "tanh"), Layer(2, 1, "identity")

        def __call__(self, x):
            return self.b(self.a(x))

    history = fit(
        Two(), *line, loss="half_squared_error", optimizer="lm", epochs=30, progress=False
    )
    assert history.loss[-1] < 0.5 * history.loss[0]
