"""Whatever holds real numbers is data, and what does not is named by its place."""

from decimal import Decimal

import numpy as np
import pytest

from autograd import Value
from nn import MLP, batch_picture, fit, probe
from nn.arguments import floats, listed, table

ROWS = [[0.5, True, 3], [1.5, False, -2]]
FLOATS = np.array([[0.5, 1.0, 3.0], [1.5, 0.0, -2.0]])


class Table:
    """A table with columns of several kinds, as pandas and its relatives hand it to NumPy."""

    columns = ("height", "male", "children")

    def __init__(self, rows):
        self.rows = rows

    def __array__(self, dtype=None, copy=None):
        return np.array(self.rows, dtype=object)

    def __iter__(self):
        return iter(self.columns)  # as a data frame does

    def __len__(self):
        return len(self.rows)


def pandas_table(rows):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(rows, columns=list(Table.columns))
    text = any(isinstance(entry, str) for row in rows for entry in row)
    return frame if text else frame.astype({"male": "boolean", "children": "Int64"})


@pytest.fixture(params=[Table, pandas_table], ids=["stub", "pandas"])
def tabular(request):
    return request.param


def test_columns_of_booleans_and_whole_numbers_are_numbers(tabular):
    assert (table("X", tabular(ROWS)) == FLOATS).all()
    assert listed("x", tabular(ROWS)) == FLOATS.tolist()


def test_an_array_of_objects_holds_numbers_of_any_kind():
    array = np.array([[1, Decimal("0.5")], [np.float32(0.25), False]], dtype=object)
    assert floats("X", array).tolist() == [[1.0, 0.5], [0.25, 0.0]]


def test_what_is_no_number_is_named_by_its_column(tabular):
    with pytest.raises(ValueError, match=r"X\[1, 2\] \(column 'children'\) is 'two'.*Encode text"):
        table("X", tabular([[0.5, True, 3], [1.5, False, "two"]]))


def test_a_gap_is_named_by_its_column(tabular):
    with pytest.raises(ValueError, match=r"X\[1, 2\] \(column 'children'\) is .*"):
        table("X", tabular([[0.5, True, 3], [1.5, False, None]]))


@pytest.mark.parametrize("entry", ["x", None, 1j, [1.0], Value(1.0)], ids=repr)
def test_what_is_no_number_is_named_by_its_place(entry):
    array = np.array([0.0, 0.0], dtype=object)
    array[1] = entry
    with pytest.raises(ValueError, match=r"b must be a rectangular table.*b\[1\] is"):
        floats("b", array)


def test_values_in_an_array_stay_what_they_are():
    w = Value(0.5)
    (found,) = listed("x", np.array([w], dtype=object))
    assert found is w


@pytest.mark.parametrize("compiled", [True, False])
def test_a_table_trains_and_is_probed_as_its_numbers_are(tabular, compiled):
    y = np.array([1, False], dtype=object)
    models = [MLP(3, [2, 1], seed=1) for _ in range(2)]
    for model, X in zip(models, (tabular(ROWS), FLOATS), strict=True):
        fit(model, X, y, loss="huber", epochs=2, progress=False, compiled=compiled)
    assert (models[0].predict(tabular(ROWS)) == models[1].predict(FLOATS)).all()
    ours, theirs = (
        probe(models[0], X, y, "huber", compiled=compiled) for X in (tabular(ROWS), FLOATS)
    )
    assert ours.batch
    assert (ours.layers[0].dW == theirs.layers[0].dW).all()
    assert batch_picture(models[0], tabular(ROWS), y, "huber").samples == 2


def test_one_row_of_a_table_is_an_example():
    row = np.array([0.5, True, 3], dtype=object)
    model = MLP(3, [1], seed=1)
    assert model([0.5, 1.0, 3.0])[0].data == probe(model, row).C


def test_a_target_that_does_not_fit_is_said_so_in_the_same_words_everywhere():
    model = MLP(3, [2], seed=1)
    for run in (
        lambda y: fit(model, FLOATS, y, loss="cross_entropy", progress=False),
        lambda y: probe(model, FLOATS, y, "cross_entropy"),
        lambda y: batch_picture(model, FLOATS, y, "cross_entropy"),
    ):
        with pytest.raises(ValueError, match=r"^y\[1\] does not fit: .*from 0 to 1; got 2"):
            run([0, 2])
