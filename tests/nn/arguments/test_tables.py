"""Whatever holds real numbers is data, and what does not is named by its place."""

from decimal import Decimal

import numpy as np
import pytest

from autograd import Program, Value, grad
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


EXAMPLES, LABELS = [[0.0, 1.0], [1.0, 0.0], [0.5, 0.5], [0.25, 2.0]], [0.0, 1.0, 1.0, 0.0]


class Own:
    """Something of nobody's library, which NumPy can read."""

    def __init__(self, numbers):
        self.numbers = numbers

    def __array__(self, dtype=None, copy=None):
        return np.array(self.numbers, dtype=dtype)


def of(library, *attributes, **options):
    """Return a maker of arrays of a library, which skips the test where that is missing."""

    def make(numbers):
        maker = pytest.importorskip(library)
        for attribute in attributes:
            maker = getattr(maker, attribute)
        return maker(numbers, **options)

    return make


def tensor(dtype, **options):
    def make(numbers):
        torch = pytest.importorskip("torch")
        return torch.tensor(numbers, dtype=getattr(torch, dtype), **options)

    return make


MAKERS = {
    "list": list,
    "NumPy": np.array,
    "NumPy, half": lambda numbers: np.array(numbers, np.float16),
    "NumPy, objects": lambda numbers: np.array(numbers, object),
    "__array__": Own,
    "pandas": lambda x: of("pandas", "DataFrame" if np.ndim(x) > 1 else "Series")(x),
    "polars": lambda x: of("polars", "from_numpy")(np.array(x)) if np.ndim(x) > 1
    else of("polars", "Series")(x),
    "PyTorch": tensor("float64"),
    "PyTorch, with gradients": tensor("float64", requires_grad=True),
    "PyTorch, bfloat16": tensor("bfloat16"),
    "JAX": of("jax.numpy", "array"),
    "JAX, bfloat16": of("jax.numpy", "array", dtype="bfloat16"),
}  # fmt: skip


@pytest.fixture(params=MAKERS.values(), ids=MAKERS)
def make(request):
    return request.param


def test_arrays_of_every_library_train_predict_and_are_probed(make):
    """All numbers are exact in eight bits, so that the kind of the array makes no difference."""
    X, y = make(EXAMPLES), make(LABELS)
    models = [MLP(2, [3, 1], "tanh", seed=1) for _ in range(2)]
    histories = [
        fit(model, *data, loss="binary_cross_entropy", epochs=2, progress=False)
        for model, data in zip(models, ((X, y), (EXAMPLES, LABELS)), strict=True)
    ]
    assert histories[0].loss == histories[1].loss
    ours, theirs = models
    assert (ours.predict(X) == theirs.predict(EXAMPLES)).all()
    dW = [probe(ours, *data, "huber").layers[0].dW for data in ((X, y), (EXAMPLES, LABELS))]
    assert (dW[0] == dW[1]).all()


def test_one_example_of_every_library_is_an_example(make):
    model = MLP(2, [1], seed=1)
    assert model(make(EXAMPLES[3]))[0].data == model(EXAMPLES[3])[0].data


def test_a_program_reads_arrays_of_every_library(make):
    x, y, w = Value(0.0, "x"), Value(0.0, "y"), Value(2.0, "w")
    program = Program(w * x * y, inputs=[x, y], parameters=[w])
    assert program(make(EXAMPLES)) == (0.375, np.array([0.1875]))


def test_a_sparse_matrix_is_read_as_what_it_stands_for():
    sparse = pytest.importorskip("scipy.sparse")
    assert (table("X", sparse.csr_array(EXAMPLES)) == EXAMPLES).all()


def test_tensors_in_a_list_that_cannot_be_read_are_said_so():
    torch = pytest.importorskip("torch")
    rows = [torch.tensor(row, requires_grad=True) for row in EXAMPLES]
    with pytest.raises(ValueError, match="X must be a rectangular table"):
        table("X", rows)


def test_a_derivative_by_a_tensor_is_refused_in_words():
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match="a derivative takes Values and real numbers"):
        grad(lambda x: x[0])(torch.tensor([1.0, 2.0]))
