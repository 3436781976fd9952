"""Training: what it learns, what it reports, and what it leaves when it cannot go on."""

import csv
import functools
import io
import math
import pickle
import sys
import warnings

import numpy as np
import pytest

import nn
from autograd import AnomalyError, DomainError, FrozenBranchError, Program, Value, log, no_grad
from nn.training import fit as fit_

fit = functools.partial(fit_, progress=False, compiled=False)


def moons(m=60):
    from sklearn.datasets import make_moons

    X, y = make_moons(m, noise=0.1, random_state=1)
    return X, 2 * y - 1


def line(m=20):
    X = np.linspace(-1, 1, m)[:, None]
    return X, 3 * X[:, 0] - 0.5


def numbers(model):
    return [p.data for p in model.parameters()]


def test_a_batch_takes_the_step_of_gradient_descent_on_the_mean_loss():
    X, y = line(5)
    model = nn.MLP(1, [1], seed=3)
    w, b = numbers(model)
    residuals = w * X[:, 0] + b - y
    history = fit(
        model, X, y, loss="half_squared_error", optimizer=nn.SGD(model.parameters(), 0.1),
        epochs=1, batch_size=5,
    )  # fmt: skip
    expected = [w - 0.1 * np.mean(residuals * X[:, 0]), b - 0.1 * np.mean(residuals)]
    np.testing.assert_allclose(numbers(model), expected, rtol=1e-12)
    assert history.loss == [pytest.approx(np.mean(residuals**2) / 2, rel=1e-12)]


@pytest.mark.parametrize("compiled", [True, False])
def test_without_a_batch_size_an_epoch_is_one_step(compiled):
    X, y = np.arange(80.0).reshape(40, 2) / 40, np.arange(40.0) / 20
    models = [nn.MLP(2, [3, 1], seed=0) for _ in range(2)]
    for model, size in zip(models, (None, 40), strict=True):
        sgd = nn.SGD(model.parameters(), lr=0.1)
        nn.fit(model, X, y, loss="squared_error", optimizer=sgd, epochs=3, batch_size=size,
               progress=False, compiled=compiled)  # fmt: skip
        assert sgd.steps == 3
    assert len({tuple(p.data for p in model.parameters()) for model in models}) == 1


def test_every_example_is_met_once_an_epoch_in_an_order_of_the_seed():
    class Recorder(nn.Module):
        def __init__(self):
            self.w, self.met = Value(0.0), []

        def __call__(self, x):
            self.met.append(x[0])
            return self.w * x[0]

    def met(seed):
        recorder, m = Recorder(), 10
        sgd = nn.SGD(recorder.parameters())
        X = np.arange(m)[:, None]
        fit(
            recorder, X, np.zeros(m), loss="huber", optimizer=sgd, epochs=2, batch_size=4, seed=seed
        )
        assert sgd.steps == 2 * 3  # batches of 4, 4 and 2
        return recorder.met[-2 * m : -m], recorder.met[-m:]  # after a first look at its outputs

    first, second = met(0)
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second
    assert met(0) == (first, second)
    assert met(1) != (first, second)


def test_xor_is_learnt_by_two_hidden_sigmoids():
    X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    model = nn.MLP(2, [2, 1], activation="sigmoid", output="sigmoid", seed=3)
    adam = nn.Adam(model.parameters(), lr=0.1)
    history = fit(model, X, y, loss="half_squared_error", optimizer=adam, epochs=400)
    assert (model.predict(X)[:, 0].round() == y).all()
    assert history.loss[-1] < 0.01 < history.loss[0]


def test_two_moons_are_told_apart():
    X, y = moons()
    model = nn.MLP(2, [8, 1], activation="tanh", seed=3)
    adam = nn.Adam(model.parameters(), lr=0.1)
    history = fit(
        model, X, y, loss="hinge", optimizer=adam, epochs=25, batch_size=20, metrics=["accuracy"]
    )
    assert history.accuracy[-1] == 1.0


def test_classes_are_learnt_by_cross_entropy():
    from sklearn.datasets import load_iris

    X, y = load_iris(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    model = nn.MLP(4, [8, 3], activation="relu", seed=1)
    adam = nn.Adam(model.parameters(), lr=0.05)
    history = fit(
        model, X[::2], y[::2], loss="cross_entropy", optimizer=adam, epochs=20,
        validation=(X[1::2], y[1::2]), metrics=["accuracy"],
    )  # fmt: skip
    assert history.val_accuracy[-1] >= 0.93
    assert list(history.columns) == ["loss", "accuracy", "val_loss", "val_accuracy"]


def test_a_linear_layer_finds_the_least_squares_solution_of_diabetes():
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True)
    X, y = X[:100, :4] / X[:100, :4].std(axis=0), y[:100] / y.std()
    model = nn.MLP(4, [1], initializer="zeros")
    sgd = nn.SGD(model.parameters(), lr=0.3, momentum=0.5)
    fit(model, X, y, loss="half_squared_error", optimizer=sgd, epochs=150, batch_size=100)
    solution, *_ = np.linalg.lstsq(np.c_[X, np.ones(len(X))], y, rcond=None)
    np.testing.assert_allclose(numbers(model), solution, atol=1e-6)


def test_validation_is_measured_and_never_trained_on():
    X, y = line()
    model, twin = nn.MLP(1, [3, 1], seed=5), nn.MLP(1, [3, 1], seed=5)
    history = fit(model, X, y, loss="huber", epochs=3, validation=(X + 9, y))
    fit(twin, X, y, loss="huber", epochs=3)
    assert numbers(model) == numbers(twin)
    c = [nn.huber(a, t) for a, t in zip(model.predict(X + 9).tolist(), y.tolist(), strict=True)]
    assert history.val_loss[-1] == pytest.approx(np.mean(c), rel=1e-12)


def test_early_stopping_puts_the_best_parameters_back():
    X, y = line()
    model = nn.MLP(1, [1], initializer="zeros")
    sgd = nn.SGD(model.parameters(), lr=0.5)
    stop = nn.EarlyStopping(patience=2)
    seen = []
    history = fit(
        model, X, y, loss="squared_error", optimizer=sgd, epochs=50, validation=([[1.0]], [1.0]),
        callbacks=[lambda history, model: seen.append(numbers(model)), stop],
    )  # fmt: skip
    best = int(np.argmin(history.val_loss))
    assert len(history) == best + 3 < 50
    assert numbers(model) == seen[best]


@pytest.mark.parametrize(
    ("column", "numbers_of_it", "best"),
    [
        ("val_loss", [3.0, 1.0, 2.0], 1),
        ("val_accuracy", [0.5, 0.9, 0.7], 1),
        ("accuracy", [0.9, 0.5, 0.7], 0),
    ],
)
@pytest.mark.parametrize("patience", [1, 10])
def test_the_best_parameters_are_back_however_the_training_ends(
    column, numbers_of_it, best, patience
):
    X, y = line()
    model, seen, stop = nn.MLP(1, [1]), [], nn.EarlyStopping(patience, column)

    def told(history, model):
        seen.append(numbers(model))
        history.columns[column] = numbers_of_it[: len(seen)]

    fit(model, X, y, loss="huber", epochs=3, callbacks=[told, stop])
    assert len(seen) == min(3, best + patience + 1)
    assert numbers(model) == seen[best] != seen[-1]


def test_early_stopping_asks_which_way_is_better_where_it_cannot_know():
    assert nn.EarlyStopping(column="val_auc", mode="max").mode == "max"
    for options in ({"column": "auc"}, {"mode": "up"}):
        with pytest.raises(ValueError, match=r"mode is 'min' or 'max'.*gets better"):
            nn.EarlyStopping(**options)


def test_a_class_is_no_callback():
    with pytest.raises(ValueError, match=r"class EarlyStopping. Write EarlyStopping\(\)"):
        fit(nn.MLP(1, [1]), X, Y, loss="huber", callbacks=[nn.EarlyStopping])


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("output", ["sigmoid", "identity", "tanh"])
def test_accuracy_takes_the_outputs_of_a_sigmoid_for_probabilities(output, compiled):
    X, y = [[-2.0], [-1.0], [1.0], [2.0]], [0, 1, 1, 1]  # g(x) says 0, 0, 1, 1
    model = nn.Layer(1, 1, output)
    model.W[0][0].data = 1.0
    sgd = nn.SGD(model.parameters(), lr=0.0)
    for metric in ("accuracy", nn.accuracy):
        history = fit(
            model, X, y, loss="squared_error", optimizer=sgd, epochs=1, metrics=[metric],
            compiled=compiled,
        )  # fmt: skip
        assert history.accuracy == [0.75]


@pytest.mark.parametrize("compiled", [True, False])
def test_calls_of_one_epoch_each_are_one_call_of_them_all(compiled):
    X, y = line()
    ends = []
    for calls in ([3], [1, 1, 1]):
        model = nn.MLP(1, [3, 1], "tanh", seed=1)
        adam = nn.Adam(model.parameters(), lr=0.1)
        for epochs in calls:
            fit(
                model, X, y, loss="huber", optimizer=adam, epochs=epochs, batch_size=6,
                compiled=compiled,
            )  # fmt: skip
        ends.append(numbers(model))
    assert ends[0] == ends[1]


def test_a_callback_that_returns_true_ends_training_after_all_were_called():
    X, y = line()
    calls = []
    history = fit(
        nn.MLP(1, [1]), X, y, loss="huber",
        callbacks=[lambda history, model: len(history) == 3, lambda *both: calls.append(both)],
    )  # fmt: skip
    assert len(history) == len(calls) == 3
    assert calls[0][0] is history


def test_only_the_parameters_of_the_optimiser_are_trained():
    X, y = line()
    model = nn.MLP(1, [2, 1], "tanh")
    frozen, trained = model.layers[0].parameters(), model.layers[1].parameters()
    before = [p.data for p in frozen], [p.data for p in trained]
    fit(model, X, y, loss="huber", optimizer=nn.SGD(trained, 0.1), epochs=2)
    assert [p.data for p in frozen] == before[0]
    assert [p.data for p in trained] != before[1]


def test_metrics_may_be_functions_of_the_arrays():
    def worst(outputs, y):
        return np.abs(outputs[:, 0] - y).max()

    X, y = line()
    model = nn.MLP(1, [1])
    history = fit(model, X, y, loss="huber", epochs=2, metrics=[worst])
    assert history.worst[-1] == np.abs(model.predict(X)[:, 0] - y).max()


def test_a_single_metric_and_a_single_callback_need_no_list():
    X, y, epochs = [[0.0], [1.0]], [-1, 1], []
    history = nn.fit(
        nn.MLP(1, [1]), X, y, loss="hinge", epochs=5, progress=False,
        metrics="accuracy", callbacks=lambda history, model: epochs.append(len(history)),
    )  # fmt: skip
    assert epochs == [1, 2, 3, 4, 5]
    assert len(history.accuracy) == 5


def test_accuracy_counts_the_examples_whatever_the_form_of_the_labels():
    outputs, labels = np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]]), np.array([1, 0, 0])
    for y in (labels, labels[:, None], np.eye(2)[labels]):
        assert nn.accuracy(outputs, y) == pytest.approx(2 / 3)
    for y in (labels, labels[:, None], 2 * labels - 1):
        assert nn.accuracy(np.array([[2.0], [-1.0], [3.0]]), y) == pytest.approx(2 / 3)


def test_a_layer_and_a_neuron_can_be_trained_too():
    X, y = line()
    for model in (nn.Layer(1, 1, "identity"), nn.Neuron(1, "identity")):
        sgd = nn.SGD(model.parameters(), lr=0.5)
        fit(model, X, y, loss="half_squared_error", optimizer=sgd, epochs=60, batch_size=20)
        np.testing.assert_allclose(numbers(model), [3.0, -0.5], atol=1e-3)


def test_history_goes_to_csv_with_every_digit(tmp_path):
    X, y = line()
    history = fit(nn.MLP(1, [1]), X, y, loss="huber", epochs=3, validation=(X, y))
    text = history.to_csv(tmp_path / "history.csv")
    assert (tmp_path / "history.csv").read_text(encoding="utf-8") == text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    assert [float(row["val_loss"]) for row in rows] == history.val_loss
    assert repr(history).startswith("History(3 epochs, loss ")
    with pytest.raises(AttributeError, match=r"loss, val_loss.*no 'accuracy'"):
        _ = history.accuracy


def test_history_is_drawn_with_one_line_for_each_column(tmp_path):
    X, y = line()
    history = fit(nn.MLP(1, [1]), X, y, loss="huber", epochs=4, validation=(X, y))
    figure = history.plot()
    (axes,) = figure.axes
    assert [curve.get_label() for curve in axes.lines] == ["loss", "val_loss"]
    np.testing.assert_array_equal(axes.lines[1].get_ydata(), history.val_loss)
    figure.savefig(tmp_path / "history.png")
    assert history.plot(axes) is figure


def test_what_is_not_installed_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"whygrad\[plot\]"):
        nn.History().plot()
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    X, y = line()
    assert len(fit(nn.MLP(1, [1]), X, y, loss="huber", epochs=2, progress=True)) == 2


def test_progress_is_shown_on_the_error_stream_only(capsys):
    X, y = line()
    fit(nn.MLP(1, [1]), X, y, loss="huber", epochs=2, progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "2/2" in shown.err
    assert "loss=" in shown.err
    fit(nn.MLP(1, [1]), X, y, loss="huber", epochs=2)
    assert capsys.readouterr() == ("", "")


def test_a_diverging_run_stops_at_the_first_bad_node_with_the_step_undone():
    X, y = line()
    model = nn.MLP(1, [1], seed=1)
    sgd = nn.SGD(model.parameters(), lr=1e100)
    after = []
    with pytest.raises(AnomalyError, match=r"first node that is not finite is pow\(sub = ") as told:
        fit(
            model, X, y, loss="squared_error", optimizer=sgd, batch_size=20,
            callbacks=[lambda history, model: after.append(numbers(model))],
        )  # fmt: skip
    assert "inf" in str(told.value)
    assert numbers(model) == after[-1]
    assert np.isfinite(numbers(model)).all()


def test_a_function_that_leaves_its_domain_leaves_the_parameters_alone():
    model = nn.MLP(1, [1], output=nn.Activation("log", log), seed=1)
    before = numbers(model)
    with pytest.raises(DomainError, match="x > 0"):
        fit(model, [[1.0], [-1.0]], [0.0, 0.0], loss="huber")
    assert numbers(model) == before


X, Y = line(4)
CLASSES = [0, 1, 2, 1]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"X": []}, r"X must have the shape \(m, 1\).*got shape \(0,\)"),
        ({"X": np.zeros((0, 1)), "y": []}, "at least one"),
        ({"X": X[:, 0]}, r"got shape \(4,\)"),
        ({"X": np.c_[X, X]}, r"got shape \(4, 2\)"),
        ({"y": Y[:3]}, r"y must have the shape \(4, n\).*got shape \(3,\)"),
        ({"y": np.zeros((4, 1, 1))}, r"got shape \(4, 1, 1\)"),
        ({"y": np.zeros((4, 2))}, r"y\[0\] does not fit.*1 outputs and 2 targets"),
        ({"X": [[1.0], [np.nan], [1.0], [1.0]]}, r"X\[1, 0\] is nan"),
        ({"y": [0.0, 1.0, np.inf, 0.0]}, r"y\[2\] is inf"),
        ({"X": [["a"], ["b"], ["c"], ["d"]]}, "table of real numbers"),
        ({"X": [[1.0], [1.0, 2.0], [1.0], [1.0]]}, "rectangular"),
        ({"y": [1.0 + 1.0j, 0, 0, 0]}, "real numbers"),
        ({"loss": "hinge"}, r"y\[0\] does not fit.*-1 or 1"),
        ({"loss": "binary_cross_entropy", "y": CLASSES}, r"y\[2\] does not fit.*got 2"),
        ({"loss": "cross_entropy", "y": CLASSES}, r"y\[1\] does not fit.*0 to 0.*got 1"),
        ({"loss": "mse"}, "squared_error.*got 'mse'"),
        ({"optimizer": "lion"}, "rmsprop.*got 'lion'"),
        ({"optimizer": nn.SGD([Value(1.0)])}, "parameters of the model"),
        ({"metrics": ["auc"]}, "accuracy.*got 'auc'"),
        ({"epochs": 0}, "epochs must be a positive whole number"),
        ({"batch_size": 2.5}, "batch_size.*got 2.5"),
        ({"validation": (X, Y[:2])}, "validation y"),
        ({"validation": X}, r"a pair \(X, y\); got a ndarray"),
        ({"validation": ([[np.nan]], [1.0])}, r"validation X\[0, 0\] is nan"),
    ],
)
def test_data_and_names_that_do_not_fit_are_refused_before_any_step(changes, words):
    model = nn.MLP(1, [1], seed=1)
    before = numbers(model)
    arguments = {"X": X, "y": Y, "loss": "huber", **changes}
    with pytest.raises(ValueError, match=words):
        fit(model, **arguments)
    assert numbers(model) == before


@pytest.mark.parametrize(
    ("loss", "output", "y"),
    [("cross_entropy", "softmax", 0), ("binary_cross_entropy", "sigmoid", 1)],
)
def test_a_loss_of_logits_refuses_an_output_that_is_squashed_already(loss, output, y):
    with pytest.raises(ValueError, match=f"takes logits.*{output}"):
        fit(nn.MLP(1, [1], output=output), [[1.0]], [y], loss=loss)


@pytest.mark.parametrize("loss", ["half_squared_error", "huber", "mean_squared_error"])
@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adam", "adamw"])
def test_compiled_and_node_by_node_agree_after_twenty_steps(loss, name):
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(10, 3)), rng.normal(size=(10, 2))
    models = [nn.MLP(3, [5, 4, 2], ["gelu", "relu"], "tanh", seed=2) for _ in range(2)]
    for model, compiled in zip(models, (True, False), strict=True):
        fit(model, X, y, loss=loss, optimizer=name, epochs=10, batch_size=6, compiled=compiled)
    np.testing.assert_allclose(*map(numbers, models), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("loss", "labels", "output"),
    [
        ("cross_entropy", (0, 1, 2, 3), "identity"),
        ("binary_cross_entropy", (0, 1), "identity"),
        ("hinge", (-1, 1), "tanh"),
        ("squared_error", (0.2, 0.7), "softmax"),
    ],
)
def test_compiled_and_node_by_node_agree_with_labels(loss, labels, output):
    rng = np.random.default_rng(4)
    X, y = rng.normal(size=(9, 2)), rng.choice(labels, size=9)
    fan_out = 4 if loss == "cross_entropy" else 1
    models = [nn.MLP(2, [3, fan_out], "sigmoid", output, seed=2) for _ in range(2)]
    histories = [
        fit(model, X, y, loss=loss, epochs=5, batch_size=4, compiled=compiled)
        for model, compiled in zip(models, (True, False), strict=True)
    ]
    np.testing.assert_allclose(*map(numbers, models), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(histories[0].loss, histories[1].loss, rtol=1e-12)


def test_a_diverging_program_stops_with_the_step_undone_too():
    X, y = line()
    model = nn.MLP(1, [1], seed=1)
    sgd = nn.SGD(model.parameters(), lr=1e100)
    after = []
    with pytest.raises(AnomalyError, match="'pow' node has the value inf"):
        fit(
            model, X, y, loss="squared_error", optimizer=sgd, batch_size=20, compiled=True,
            callbacks=[lambda history, model: after.append(numbers(model))],
        )  # fmt: skip
    assert numbers(model) == after[-1]
    assert np.isfinite(numbers(model)).all()


def test_a_run_that_fails_within_an_epoch_ends_before_that_step_either_way():
    X, y = line()
    ends = []
    for compiled in (True, False):
        model = nn.MLP(1, [1], seed=1)
        sgd = nn.SGD(model.parameters(), lr=1e60, momentum=0.5)
        with pytest.raises(AnomalyError):
            fit(model, X, y, loss="squared_error", optimizer=sgd, batch_size=5, compiled=compiled)
        ends.append((sgd.steps, *numbers(model), *sgd.state[0]))
    assert 1 <= ends[0][0] < 4
    np.testing.assert_allclose(*ends, rtol=1e-12)


def test_clipping_and_schedules_are_the_same_compiled():
    X, y = line()
    models = [nn.MLP(1, [4, 1], "tanh", seed=2) for _ in range(2)]
    for model, compiled in zip(models, (True, False), strict=True):
        adam = nn.Adam(
            model.parameters(), lr=nn.warmup(nn.cosine(0.1, 0.0, 30), 5), clip_norm=0.5,
            clip_value=0.3, weight_decay=0.01,
        )  # fmt: skip
        fit(model, X, y, loss="huber", optimizer=adam, epochs=5, batch_size=6, compiled=compiled)
        assert adam.steps == 20
    np.testing.assert_allclose(*map(numbers, models), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("dtype", "slope"), [("float64", 1e200), ("float32", 1e30)])
def test_a_norm_is_clipped_though_its_square_is_no_number(dtype, slope):
    model = nn.Layer(1, 1, "identity", rng=np.random.default_rng(0))
    before = np.array(numbers(model))
    sgd = nn.SGD(model.parameters(), lr=0.5, clip_norm=1.0)
    options = {"loss": lambda a, _: slope * a[0], "optimizer": sgd, "dtype": dtype}
    fit(model, [[1.0]], [0.0], epochs=1, compiled=True, **options)
    np.testing.assert_allclose(before - numbers(model), 0.5 / np.sqrt([2, 2]), rtol=1e-6)


def test_validation_and_metrics_are_the_same_compiled():
    X, y = line()
    histories = [
        fit(
            nn.MLP(1, [3, 1], seed=2), X, np.sign(y), loss="hinge", epochs=4, compiled=compiled,
            validation=(X[:7] / 2, np.sign(y[:7])), metrics=["accuracy"],
        )
        for compiled in (True, False)
    ]  # fmt: skip
    assert list(histories[0].columns) == list(histories[1].columns)
    for name, column in histories[0].columns.items():
        np.testing.assert_allclose(column, histories[1].columns[name], rtol=1e-12)


class Kinked(nn.Module):
    """|w x|, by a branch that Python takes."""

    def __init__(self):
        self.w = Value(2.0)

    def __call__(self, x):
        z = self.w * x[0]
        return z if z > 0 else -z


def test_a_model_that_branches_is_refused_compiled_and_trains_node_by_node():
    X, y = line()
    for options in ({}, {"batch_size": 1, "epochs": 1}):
        model = Kinked()
        sgd = nn.SGD(model.parameters(), lr=0.01)
        with pytest.raises(FrozenBranchError, match=r"test_fitting\.py"):
            fit(model, X, abs(y), loss="huber", optimizer=sgd, compiled=True, **options)
        assert model.w.grad == 0.0
        assert (model.w.data == 2.0) == (sgd.steps == 0)
    model = Kinked()
    sgd = nn.SGD(model.parameters(), lr=0.3)
    fit(model, X, 3 * abs(X[:, 0]), loss="huber", optimizer=sgd)
    assert abs(model.w.data) == pytest.approx(3.0, rel=1e-4)


@pytest.mark.parametrize("compiled", [True, False])
def test_numbers_beyond_the_range_of_a_float_are_an_error_and_no_warning(compiled):
    rng = np.random.default_rng(0)
    X, y = 1e200 * rng.normal(size=(6, 2)), rng.normal(size=(6, 2))
    model = nn.MLP(2, [3, 2])
    before = numbers(model)
    with pytest.raises(AnomalyError, match="inf"):
        fit(model, X, y, loss="squared_error", optimizer="sgd", compiled=compiled)
    assert numbers(model) == before


def test_micrograds_demo_gets_every_example_right():
    from sklearn.datasets import make_moons

    X, y = make_moons(100, noise=0.1, random_state=1)
    y = 2 * y - 1
    model = nn.MLP(2, [16, 16, 1], activation="relu", seed=3)
    sgd = nn.SGD(model.parameters(), lr=nn.linear(1.0, 0.1, 90), weight_decay=2e-4)
    fit(model, X, y, loss="hinge", optimizer=sgd, epochs=60, batch_size=100, compiled=True)
    assert (np.sign(model.predict(X)[:, 0]) == y).all()


def test_digits_are_read_in_nearly_every_image_held_back():
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    X, y = X[order] / 16, y[order]
    model = nn.MLP(64, [32, 10], activation="relu", seed=0)
    adam = nn.Adam(model.parameters(), lr=nn.cosine(0.01, 0.0, 15 * 45))
    history = fit(
        model, X[:1438], y[:1438], loss="cross_entropy", optimizer=adam, epochs=15,
        validation=(X[1438:], y[1438:]), metrics=["accuracy"], compiled=True,
    )  # fmt: skip
    assert history.val_accuracy[-1] >= 0.97


@pytest.mark.parametrize("compiled", [True, False])
def test_a_run_goes_on_to_the_bit_from_a_pickle(compiled):
    X, y = line()
    model = nn.MLP(1, [4, 1], "tanh")
    adam = nn.Adam(model.parameters(), lr=nn.cosine(0.1, 0.0, 20))
    options = {"loss": "huber", "epochs": 4, "compiled": compiled}
    fit(model, X, y, optimizer=adam, **options)
    twin, twin_adam = pickle.loads(pickle.dumps((model, adam)))
    fit(model, X, y, optimizer=adam, **options)
    fit(twin, X, y, optimizer=twin_adam, **options)
    assert numbers(twin) == numbers(model)
    assert (twin_adam.state, twin_adam.steps) == (adam.state, 8)


@pytest.mark.parametrize("compiled", [True, False])
def test_parameters_and_features_that_the_loss_does_not_use_stay(compiled):
    class Spare(nn.Module):
        def __init__(self):
            self.w, self.spare = Value(0.5), Value(3.0)

        def __call__(self, x):
            return self.w * x[0]

    X, _ = line()
    model = Spare()
    sgd = nn.SGD(model.parameters(), lr=0.5, momentum=0.5)
    fit(model, np.c_[X, X], 2 * X[:, 0], loss="huber", optimizer=sgd, compiled=compiled)
    assert (round(model.w.data, 6), model.spare.data) == (2.0, 3.0)


def test_a_callback_may_change_parameters_and_the_learning_rate():
    X, y = line()
    ends = []
    for compiled in (True, False):
        model = nn.MLP(1, [3, 1], "tanh", seed=4)
        sgd = nn.SGD(model.parameters(), lr=0.1)

        def shrink(history, model, sgd=sgd):
            sgd.lr *= 0.9
            for parameter in model.parameters():
                parameter.data = 0.5 * parameter.data

        fit(
            model, X, y, loss="huber", optimizer=sgd, epochs=5, batch_size=8, compiled=compiled,
            callbacks=[shrink],
        )  # fmt: skip
        ends.append(numbers(model))
    np.testing.assert_allclose(*ends, rtol=1e-12, atol=1e-12)


def test_a_loss_may_use_some_of_the_outputs():
    """Metrics and validation read the others all the same, compiled or node by node."""
    X, y = [[0, 1], [1, 0], [1, 1]], [1, 0, 1]
    columns = [
        fit_(
            nn.MLP(2, [3, 2], seed=1), X, y, loss=lambda a, t: (a[0] - t) ** 2, epochs=3,
            validation=(X, y), metrics=[spread], progress=False, compiled=compiled,
        ).columns
        for compiled in (True, False)
    ]  # fmt: skip
    for name, column in columns[0].items():
        assert column == pytest.approx(columns[1][name], rel=1e-12)


def spread(outputs, y):
    return np.abs(outputs[:, 0] - outputs[:, 1]).max()


def test_a_model_that_nothing_can_train_is_refused():
    with no_grad(), pytest.raises(ValueError, match=r"depend on the parameters.*no_grad"):
        fit_(nn.MLP(2, [1]), [[0, 1]], [1], loss="squared_error", progress=False)


class Headed(nn.Module):
    """A model whose last layer is not the last of its `layers`."""

    def __init__(self, head):
        self.layers, self.head = [nn.Layer(2, 1, "sigmoid")], head

    def __call__(self, x):
        return self.head(self.layers[-1](x))


class Twins(nn.Module):
    """Two layers side by side, whose outputs are one list of four."""

    def __init__(self):
        self.layers = [nn.Layer(2, 1), nn.Layer(2, 3)]

    def __call__(self, x):
        return [a for layer in self.layers for a in layer(x)]


class Bare(nn.Module):
    """Three logits without a layer."""

    def __init__(self):
        self.w = [Value(0.1 * k) for k in range(3)]

    def __call__(self, x):
        return [w * x[0] + x[1] for w in self.w]


HEADS = {  # how many outputs a model has, which no attribute of it says
    "a head beside the layers": (lambda: Headed(nn.Layer(1, 3, "identity")), 3),
    "a network for a head": (lambda: Headed(nn.MLP(1, [2, 5])), 5),
    "two layers side by side": (Twins, 4),
    "no layer at all": (Bare, 3),
}


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("compiled", [True, False])
def test_as_many_classes_are_known_as_a_model_has_outputs(name, compiled):
    make, count = HEADS[name]
    options = {"loss": "cross_entropy", "epochs": 1, "progress": False, "compiled": compiled}
    assert len(fit_(make(), [[0, 1], [1, 0]], [count - 1, 0], **options)) == 1
    with pytest.raises(ValueError, match=rf"from 0 to {count - 1}; got {count}"):
        fit_(make(), [[0, 1], [1, 0]], [0, count], **options)


@pytest.mark.parametrize("compiled", [True, False])
def test_the_outputs_of_a_model_are_counted_and_not_guessed(compiled):
    options = {"epochs": 1, "progress": False, "compiled": compiled}
    model = Headed(nn.Layer(1, 3, "identity"))
    history = fit_(model, [[0, 1], [1, 0]], [2, 0], loss="cross_entropy", **options)
    assert len(history) == 1
    with pytest.raises(ValueError, match=r"y\[1\] does not fit.*from 0 to 2; got 3"):
        fit_(model, [[0, 1], [1, 0]], [2, 3], loss="cross_entropy", **options)
    logit = Headed(nn.Layer(1, 1, "identity"))
    assert len(fit_(logit, [[0, 1]], [1], loss="binary_cross_entropy", **options)) == 1
    with pytest.raises(ValueError, match=r"takes logits.*sigmoid itself"):
        fit_(Headed(nn.Layer(1, 1, "sigmoid")), [[0, 1]], [1], loss="binary_cross_entropy")


class Doubling(nn.SGD):
    """A rule that programs cannot record, for a reason of its own."""

    def __init__(self, parameters, refuse):
        super().__init__(parameters, lr=0.1)
        self.refuse = refuse

    def rule(self, w, g, state, step):
        return w - 0.1 * self.refuse(g), state


def branching(g):
    return g if g > 0 else 2.0 * g


def counting(g):
    return math.copysign(1.0, g)


@pytest.mark.parametrize(
    ("refuse", "reason"), [(branching, "FrozenBranchError"), (counting, "TypeError")]
)
def test_a_rule_that_is_refused_is_applied_one_by_one_and_says_so_once(refuse, reason):
    X, y = line()
    ends = []
    for compiled in (True, False):
        model = nn.MLP(1, [2, 1], "tanh", seed=1)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            fit(
                model, X, y, loss="huber", optimizer=Doubling(model.parameters(), refuse),
                epochs=3, compiled=compiled,
            )  # fmt: skip
        ends.append(numbers(model))
        assert len(said) == compiled
        for warning in said:
            assert reason in str(warning.message)
            assert warning.category is RuntimeWarning
            assert warning.filename == __file__
    np.testing.assert_allclose(*ends, rtol=1e-12)


@pytest.mark.parametrize("bug", [RuntimeError, KeyError, AssertionError, ValueError])
@pytest.mark.parametrize("place", ["__call__", "train"])
def test_a_bug_in_programs_is_not_hidden_by_training_node_by_node(bug, place, monkeypatch):
    def broken(*_, **__):
        raise bug("planted")

    X, y = line()
    monkeypatch.setattr(Program, "train", broken)
    if place == "__call__":
        monkeypatch.setattr(Program, "__call__", broken)
    with pytest.raises(bug, match="planted"):
        fit(nn.MLP(1, [1]), X, y, loss="huber", compiled=True)


@pytest.mark.parametrize("name", ["adam", "AdamW", "rmsprop", "sgd"])
def test_by_name_an_optimiser_learns_the_exclusive_or(name):
    X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    model = nn.MLP(2, [16, 16, 1], "tanh", seed=2)
    fit(model, X, y, loss="binary_cross_entropy", optimizer=name, epochs=200, compiled=True)
    assert ((model.predict(X)[:, 0] > 0) == y).all()


def test_the_learning_rate_may_be_given_to_fit():
    X, y = line()
    ends = []
    for options in (
        {"optimizer": "sgd", "lr": 0.2}, {"optimizer": nn.SGD, "lr": 0.2}, {"optimizer": None},
    ):  # fmt: skip
        model = nn.MLP(1, [2, 1], "tanh", seed=1)
        options["optimizer"] = options["optimizer"] or nn.SGD(model.parameters(), lr=0.2)
        fit(model, X, y, loss="huber", epochs=2, **options)
        ends.append(numbers(model))
    assert ends[0] == ends[1] == ends[2]
    with pytest.raises(ValueError, match=r"has its own lr; got lr=0.5"):
        fit(model, X, y, loss="huber", optimizer=nn.SGD(model.parameters()), lr=0.5)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("y", [np.eye(3), [[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [0.0, 0.5, 0.5]]])
def test_labels_may_be_one_hot_or_soft(compiled, y):
    X, model = np.eye(3), nn.MLP(3, [3], seed=1)
    history = fit(
        model, X, y, loss="cross_entropy", optimizer="adam", lr=0.5, epochs=150, compiled=compiled,
        metrics="accuracy",
    )  # fmt: skip
    np.testing.assert_allclose(model.predict_proba(X), y, atol=0.02)
    assert history.accuracy[-1] == 1.0 or not np.array_equal(y, np.eye(3))


def test_a_program_may_compute_in_half_the_bits():
    X, y = line()
    ends = []
    for dtype in ("float64", "float32"):
        model = nn.MLP(1, [3, 1], "tanh", seed=1)
        fit(model, X, y, loss="huber", optimizer="sgd", epochs=3, compiled=True, dtype=dtype)
        ends.append(numbers(model))
    assert ends[0] != ends[1] == pytest.approx(ends[0], rel=1e-4)
    assert all(np.float32(w) == w for w in ends[1])
    with pytest.raises(ValueError, match=r"every number is a float64; got dtype='float32'"):
        fit(model, X, y, loss="huber", dtype="float32")
    with pytest.raises(ValueError, match="dtype is one of"):
        fit(model, X, y, loss="huber", dtype="float16", compiled=True)


def test_widgets_that_a_notebook_does_not_have_are_not_the_first_thing_it_shows(monkeypatch):
    class Shell:
        config = {"IPKernelApp": {}}  # noqa: RUF012

    notebook = type(sys)("IPython")
    notebook.get_ipython = Shell
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    for name in ("tqdm.auto", "tqdm.autonotebook", "tqdm.notebook"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    X, y = line()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(nn.MLP(1, [1]), X, y, loss="huber", epochs=1, progress=True)


# --- Values that wait for the end --------------------------------------------------------------


def trained(**options):
    """Return a model that was trained on the moons, its optimiser, and its history."""
    model, rng = nn.MLP(2, [5, 1], seed=3), np.random.default_rng(0)
    X = rng.normal(size=(30, 2))
    adam = nn.Adam(model.parameters(), lr=0.05)
    arguments = {"loss": "half_squared_error", "optimizer": adam, "batch_size": 8, **options}
    history = nn.fit(model, X, X[:, 0] * X[:, 1], epochs=6, progress=False, **arguments)
    return model, adam, history


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_callback_that_does_nothing_changes_nothing(dtype):
    ends = []
    for callbacks in ((), [lambda history, model: None]):
        model, adam, history = trained(callbacks=callbacks, dtype=dtype)
        ends.append(([p.data for p in model.parameters()], adam.state, adam.steps, history.loss))
    assert ends[0] == ends[1]


def test_callbacks_and_metrics_see_the_numbers_of_each_epoch():
    seen = []
    model, *_ = trained(callbacks=[lambda history, model: seen.append(model.state_dict())])
    assert len({state["layers.0.W"].tobytes() for state in seen}) == 6
    assert (seen[-1]["layers.1.W"] == model.state_dict()["layers.1.W"]).all()


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_what_ends_a_training_leaves_the_numbers_of_the_last_step(error, monkeypatch):
    train, calls = Program.train, []

    def ended(program, *args, **options):
        calls.append(1)
        if len(calls) == 4:
            raise error
        return train(program, *args, **options)

    monkeypatch.setattr(Program, "train", ended)
    model, rng = nn.MLP(2, [5, 1], seed=3), np.random.default_rng(0)
    X = rng.normal(size=(30, 2))
    adam = nn.Adam(model.parameters(), lr=0.05)
    arguments = {"loss": "half_squared_error", "optimizer": adam, "batch_size": 8}
    with pytest.raises(error):
        nn.fit(model, X, X[:, 0] * X[:, 1], epochs=6, progress=False, **arguments)
    ended_at = [p.data for p in model.parameters()], adam.state, adam.steps
    monkeypatch.undo()
    model = nn.MLP(2, [5, 1], seed=3)
    adam = nn.Adam(model.parameters(), lr=0.05)
    nn.fit(
        model, X, X[:, 0] * X[:, 1], epochs=3, progress=False, **{**arguments, "optimizer": adam}
    )
    assert ended_at == ([p.data for p in model.parameters()], adam.state, adam.steps)
    assert adam.steps == 12
