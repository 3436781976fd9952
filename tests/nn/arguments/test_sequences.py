"""Examples of several lengths, and of more than one dimension: in predictions and in training."""

import numpy as np
import pytest

import nn
from autograd import Value, tanh
from nn.arguments.sequences import Sequences, examples
from nn.training.fitting import batches_of


class Recurrent(nn.Module):
    """h ← tanh(w·x + u h), one step for each row of the example; the output is the last h."""

    def __init__(self, width=1, dropout=0.0):
        self.w = [Value(0.5 - 0.2 * i) for i in range(width)]
        self.u, self.drop = Value(0.3), nn.Dropout(dropout, seed=2)

    def __call__(self, x):
        h = 0.0
        for row in x:
            row = row if isinstance(row, list) else [row]
            h = self.drop(tanh(sum(w * a for w, a in zip(self.w, row, strict=True)) + self.u * h))
        return h


RAGGED = [[1.0, 2.0], [1.0, 2.0, 3.0], [0.5, 0.2], [0.1, 0.2, 0.3], [0.4], [0.3, 0.1], [0.2, -0.4]]
TABLES = np.random.default_rng(0).normal(size=(7, 3, 2))
MIXED = [table[: 1 + k % 3] for k, table in enumerate(TABLES)]
Y = [1.0, 0.0, 1.0, 0.0, 0.5, 0.2, 0.3]
DATA = {"ragged": (RAGGED, 1), "3-D": (TABLES, 2), "mixed": (MIXED, 2)}


def by_hand(model, rows):
    return [[model.eval()(np.asarray(row).tolist()).data] for row in rows]


def trained(data, **options):
    rows, width = DATA[data]
    model = Recurrent(width, options.pop("dropout", 0.0))
    options = {"loss": "squared_error", "optimizer": "adam", "lr": 0.05, "epochs": 7,
               "batch_size": 2, "progress": False, **options}  # fmt: skip
    return model, nn.fit(model, rows, Y, **options)


@pytest.mark.parametrize("data", DATA)
def test_predictions_are_those_of_the_model_called_row_by_row(data):
    rows, width = DATA[data]
    model = Recurrent(width)
    assert model.predict(rows).tolist() == by_hand(model, rows)


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("data", DATA)
def test_programs_by_length_train_as_the_model_does_node_by_node(data, dropout):
    rows, _ = DATA[data]
    ends = []
    for compiled in (True, False):
        model, history = trained(data, compiled=compiled, dropout=dropout,
                                 validation=(rows[:3], Y[:3]))  # fmt: skip
        ends.append([p.data for p in model.parameters()] + history.loss + history.val_loss)
        outputs = np.array(by_hand(model, rows[:3]))[:, 0]
        assert history.val_loss[-1] == pytest.approx(((outputs - Y[:3]) ** 2).mean(), rel=1e-13)
    assert ends[0] == pytest.approx(ends[1], rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad"])
def test_a_length_that_only_the_validation_has_is_measured(optimizer):
    model, history = trained("ragged", optimizer=optimizer, validation=([[0.1] * 5, [0.2]], [0, 1]))
    found = np.array(by_hand(model, [[0.1] * 5, [0.2]]))[:, 0]
    assert history.val_loss[-1] == pytest.approx(((found - [0, 1]) ** 2).mean(), rel=1e-13)


def test_batches_have_examples_of_one_length_each_once_and_another_order_each_time():
    X = examples("X", RAGGED, None)
    orders = [batches_of(X, 2, 0, step) for step in (0, 0, 4, 8)]
    for batches in orders:
        assert sorted(k for batch in batches for k in batch) == list(range(7))
        assert all(len({len(RAGGED[k]) for k in batch}) == 1 for batch in batches)
        assert max(map(len, batches)) == 2
    assert orders[0] == orders[1] != orders[2] != orders[3]


def test_the_mean_loss_of_an_epoch_counts_examples_not_batches():
    model = Recurrent()
    outputs = np.array(by_hand(model, RAGGED))[:, 0]
    history = nn.fit(model.train(), RAGGED, Y, loss="squared_error", optimizer=nn.SGD, lr=0.0,
                     epochs=1, batch_size=3, progress=False)  # fmt: skip
    assert history.loss[0] == pytest.approx(((outputs - Y) ** 2).mean(), rel=1e-13)


def test_a_table_stays_a_table():
    for data in ([[1, 2], [3, 4]], np.ones((2, 3)), [np.ones(2), [1.0, 2.0]]):
        assert isinstance(examples("X", data, None), np.ndarray)
    for data in (RAGGED, TABLES, MIXED, [[[1.0]], [[2.0]]]):
        assert isinstance(examples("X", data, None), Sequences)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([[1.0, 2.0], ["a"]], r"X\[1\] must be a rectangular table of real numbers"),
        ([[1.0, np.nan], [2.0]], r"X\[0\] must be one example.*finite.*got \[1\.0, nan\]"),
        ([[1.0, [2.0]], [3.0]], r"X\[0\] must be a rectangular table"),
        ([1.0, 2.0], r"X must have the shape \(m, n\)"),
        ([[1.0], 2.0], r"X\[1\] must be one example, a list of finite numbers"),
        ([], r"X must have the shape"),
    ],
)
def test_what_is_no_example_is_named(rows, words):
    with pytest.raises(ValueError, match=words):
        Recurrent().predict(rows)
    with pytest.raises(ValueError, match=words):
        nn.fit(Recurrent(), rows, Y[: len(rows)], loss="squared_error", progress=False)


def test_a_model_of_one_width_takes_tables_of_that_width_alone():
    model = nn.MLP(2, [1])
    for rows in (RAGGED, TABLES):
        with pytest.raises(ValueError, match=r"X must (be a rectangular|have the shape \(m, 2\))"):
            model.predict(rows)
        with pytest.raises(ValueError, match=r"X must (be a rectangular|have the shape \(m, 2\))"):
            nn.fit(model, rows, Y, loss="squared_error", progress=False)


def test_one_target_for_each_example():
    with pytest.raises(ValueError, match=r"y must have the shape \(7, n\)"):
        nn.fit(Recurrent(), RAGGED, Y[:3], loss="squared_error", progress=False)
