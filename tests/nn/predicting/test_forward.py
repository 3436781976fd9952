"""Predictions of many rows: those of calling the model, whatever it is and became."""

import copy
import gc
import itertools
import linecache
import math
import pickle
import sys
import threading
import weakref
from functools import partial

import numpy as np
import pytest

import nn
from autograd import (
    FrozenBranchError,
    NoiseStream,
    Value,
    detect_anomaly,
    leaky_relu,
    log,
    no_grad,
    recording,
    where,
)
from nn.predicting import forward as room
from nn.predicting.forward import ROWS, forwards_of, node_by_node

X = np.random.default_rng(0).normal(size=(2 * ROWS, 3))
CLOSE = 1e-12  # n ε, with n below 100, of numbers around 1
THRESHOLD = {"at": 0.0}


class Own(nn.Module):
    """A model of one's own around a function of (self, x)."""

    def __init__(self, f):
        self.layer, self.f = nn.Layer(3, 4, "tanh", rng=nn.initializers.STREAM), f
        self.factor, self.calls, self.state = 2.0, 0, Value(0.0)

    def __call__(self, x):
        return self.f(self, x)


def branching(self, x):
    return self.layer(x) if x[0] > THRESHOLD["at"] else [a * 3.0 for a in self.layer(x)]


def scaled(self, x):
    return [self.factor * a for a in self.layer(x)]


def with_logarithms(self, x):
    return [log(x[0]) if x[0] > 0 else x[0], self.layer(x)[0]]


def with_infinities(self, x):
    a = self.layer(x)[0]
    return [1e308 * (1e3 * x[0] + a), a]


def with_a_number(self, x):
    return [0.5, *self.layer(x)]


def with_a_fresh_leaf(self, x):
    h = Value(0.0)
    for a in self.layer(x):
        h = 0.5 * h + a
    return h


def under_no_grad(self, x):
    with no_grad():
        return self.layer(x)


def gated(self, x):
    return where(x[0] > 0.0, self.layer(x)[0], self.layer(x)[1])


KNOWN = {
    **{name: nn.MLP(3, [5, 2], name, seed=1) for name in nn.ACTIVATIONS if name != "softmax"},
    "softmax": nn.MLP(3, [5, 4], "tanh", "softmax", seed=1),
    "slope": nn.MLP(3, [5, 2], partial(leaky_relu, slope=0.3), seed=1),
    "dropout": nn.MLP(3, [5, 5, 2], dropout=0.5, seed=1),
    "layer": nn.Layer(3, 2, "sigmoid"),
    "norm": nn.MLP(3, [5, 2], "tanh", seed=1, layer_norm="before"),
    "neuron": nn.Neuron(3, "relu"),
    "constant": nn.MLP(3, [2], initializer="zeros"),
}
OWN = {
    f.__name__: Own(f)
    for f in (
        branching, scaled, with_logarithms, with_infinities, with_a_number, with_a_fresh_leaf,
        under_no_grad, gated,
    )
}  # fmt: skip
OWN["of modules"] = Own(lambda self, x: self.layer(x))
OWN["user's activation"] = nn.MLP(3, [4, 2], lambda z: z * z * 0.5, seed=1)
MODELS = KNOWN | OWN


def agree(model, rows=X):
    """Return whether predictions are those of calling the model; NaN is NaN."""
    found, expected = model.predict(rows), node_by_node(model, rows)
    assert found.shape == expected.shape
    return np.allclose(found, expected, rtol=CLOSE, atol=CLOSE, equal_nan=True)


def compiled(model, shape=(3,)):
    part = forwards_of(model).passes.get(shape)
    return part is not None and part.forward is not None


@pytest.mark.parametrize("name", MODELS)
def test_predictions_are_those_of_calling_the_model(name):
    model = copy.deepcopy(MODELS[name])
    assert agree(model)
    assert compiled(model)
    for rows in (X, X[:1], X[:3], X[:10], np.vstack([X] * 5)):
        assert agree(model, rows)
    by_hand = node_by_node(model, X)
    assert model.predict(X, exact=True).tobytes() == by_hand.tobytes()
    assert compiled(model)


@pytest.mark.parametrize("name", KNOWN)
def test_probabilities_are_those_of_the_outputs(name):
    model = copy.deepcopy(KNOWN[name])
    few, exact = model.predict_proba(X[:5]), model.predict_proba(X, exact=True)
    many = model.predict_proba(X)
    assert compiled(model)
    np.testing.assert_allclose(many, exact, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(few, exact[:5], rtol=1e-13)


def test_a_program_is_made_once_there_are_rows_enough_for_it():
    model = nn.MLP(3, [4, 2], seed=0)
    for k in range(ROWS - 1):
        assert (
            model.predict(X[k : k + 1]).tolist() == model.predict(X[k : k + 1], exact=True).tolist()
        )
    assert not compiled(model)
    assert agree(model, X[:1])
    assert compiled(model)


def test_known_models_are_not_called_again_and_others_once():
    calls = []
    own = Own(lambda self, x: calls.append(0) or self.layer(x))
    known = nn.MLP(3, [4, 2], seed=0)
    for model in (own, known):
        model.predict(X)
    calls.clear()
    own.predict(X)
    assert len(calls) == 1
    assert forwards_of(known).passes[3,].watched
    assert forwards_of(own).passes[3,].watched is None


def set_data(model):
    model.parameters()[0].data = 2.5


def load(model):
    model.load_state_dict({path: 1.5 * W for path, W in model.state_dict().items()})


def train(model):
    size = len(model.predict(X[:1])[0])
    y = np.zeros((4, size))
    nn.fit(model, X[:4], y, loss="squared_error", lr=0.3, epochs=3, progress=False)


def layer_of(model):
    return model.layer if isinstance(model, Own) else model.layers[0]


def another_activation(model):
    layer_of(model).activation = nn.activations.activation_function("sin")


def another_layer(model):
    fresh = nn.Layer(3, 4, "sin")
    if isinstance(model, Own):
        model.layer = fresh
    else:
        model.layers = (fresh, *model.layers[1:])


def a_method_of_its_own(model):
    layer = layer_of(model)
    apply = layer.apply
    layer.apply = lambda inputs: [2.0 * a for a in apply(inputs)]


def another_number(model):
    model.factor = 7.0


CHANGES = (
    set_data,
    load,
    train,
    another_activation,
    another_layer,
    another_number,
    a_method_of_its_own,
)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("make", [lambda: nn.MLP(3, [4, 2], "tanh", seed=3), lambda: Own(scaled)])
def test_a_model_that_changed_predicts_as_it_is_now(make, change):
    model = make()
    before = model.predict(X)
    assert compiled(model)
    change(model)
    after = model.predict(X)
    assert agree(model)
    known = isinstance(model, nn.MLP)
    assert (known and change is another_number) or abs(after - before).max() > 1e-3


def test_a_normalisation_that_changed_is_seen():
    model = nn.MLP(3, [5, 2], "tanh", seed=1, layer_norm="before")
    model.predict(X)
    for change in ("eps", "place", "norm"):
        before = model.predict(X)
        layer = model.layers[0]
        if change == "eps":
            layer.norm.eps = 0.5
        elif change == "place":
            layer.norm_place = "after"
        else:
            layer.norm = None
        assert agree(model)
        assert abs(model.predict(X) - before).max() > 1e-3
        assert forwards_of(model).passes[3,].watched


def test_a_number_elsewhere_that_changed_is_seen(monkeypatch):
    model = Own(branching)
    model.predict(X)
    monkeypatch.setitem(THRESHOLD, "at", 0.7)
    assert agree(model)
    assert compiled(model)


@pytest.mark.parametrize("call", ["train", "eval", "freeze", "unfreeze"])
def test_modes_of_training_and_frozen_parameters_change_no_prediction(call):
    model = nn.MLP(3, [8, 8, 2], dropout=0.5, seed=4)
    before = model.predict(X)
    getattr(model, call)()
    assert (model.predict(X) == before).all()
    assert agree(model)


class Streaming(nn.Module):
    """Remembers what it has seen."""

    def __init__(self):
        self.w, self.h, self.calls, self.seen = Value(0.5), 0.0, 0, []

    def __call__(self, x):
        self.calls += 1
        self.h = 0.9 * self.h + self.w * x[0]
        return self.h * self.calls


def test_what_a_model_remembers_from_row_to_row_is_kept():
    one, other = Streaming(), Streaming()
    for _ in range(3):
        assert one.predict(X).tolist() == node_by_node(other, X).tolist()
    assert one.calls == other.calls == 3 * len(X)
    assert one.h.data == other.h.data
    assert not compiled(one)


def takes_floats(self, x):
    return [math.cos(x[0]) * a for a in self.layer(x)]


def draws(self, x):
    return [a * NoiseStream(3).uniform()[0] for a in self.layer(x)]


def draws_elsewhere(self, x):
    return [a * np.random.default_rng(0).random() + 0 * np.random.random() for a in self.layer(x)]


def reads(self, x):
    return [a.data for a in self.layer(x)]


@pytest.mark.parametrize("f", [takes_floats, draws, draws_elsewhere, reads])
def test_what_cannot_be_compiled_runs_node_by_node(f):
    model = Own(f)
    for _ in range(2):
        assert model.predict(X).tolist() == node_by_node(model, X).tolist()
    assert not compiled(model)


def test_an_error_of_the_model_is_its_own():
    model = Own(lambda self, x: [1.0 / (x[0] - 0.5)])
    model.predict(X)
    assert compiled(model)
    wrong = X.copy()
    wrong[7, 0] = 0.5
    with pytest.raises(ZeroDivisionError):
        model.predict(wrong)
    assert agree(model)


def test_other_modes_hear_of_every_node():
    model = Own(with_infinities)
    rows = np.vstack([X, [[0.9e4, 0, 0]]])
    assert agree(model, rows)
    with no_grad():
        assert agree(model, rows)
    with detect_anomaly(), pytest.raises(ArithmeticError):
        model.predict(rows)
    with recording(), pytest.raises(FrozenBranchError):
        model.predict(X)


class Recurrent(nn.Module):
    """Takes sequences of pairs."""

    def __init__(self):
        self.w = [Value(0.3), Value(-0.2), Value(0.7)]

    def __call__(self, rows):
        h = 0.0
        for a, b in rows:
            h = self.w[0] * a + self.w[1] * b + self.w[2] * h
        return [h, h * h]


def test_sequences_have_a_program_for_each_shape():
    rng = np.random.default_rng(1)
    rows = [rng.normal(size=(2 + k % 3, 2)).tolist() for k in range(3 * ROWS)]
    model = Recurrent()
    expected = np.array([[a.data for a in model(row)] for row in rows])
    for _ in range(2):
        np.testing.assert_allclose(model.predict(rows), expected, rtol=CLOSE, atol=CLOSE)
    assert all(compiled(model, (n, 2)) for n in (2, 3, 4))
    for n in range(5, 5 + 2 * room.SHAPES):
        model.predict(rng.normal(size=(2, n, 2)).tolist())
    assert len(forwards_of(model).passes) == room.SHAPES


def test_copies_and_pickles_begin_anew():
    model = nn.MLP(3, [4, 2], seed=0)
    model.predict(X)
    for twin in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert not compiled(twin)
        twin.layers[0].b[0].data += 1.0
        twin.layers = twin.layers[:1]
        assert agree(twin)
        assert agree(model)


def test_a_model_is_freed_with_its_program():
    gc.disable()
    try:
        for model in (nn.MLP(3, [4, 2], seed=0), Own(scaled)):
            model.predict(X)
            assert compiled(model)
        known = weakref.ref(model)
        del model
        assert known() is None
    finally:
        gc.enable()


class Stop:
    """Raises KeyboardInterrupt at the k-th line of some folders, the ends of `with` left out."""

    def __init__(self, k):
        self.left, self.known = k, set()

    def __enter__(self):
        sys.settrace(self.entered)

    def __exit__(self, *_):
        sys.settrace(None)

    def entered(self, frame, event, argument):
        name = frame.f_code.co_filename
        return self.came if "predicting" in name or name.endswith("program/forward.py") else None

    def came(self, frame, event, argument):
        line = (frame.f_code, frame.f_lineno)
        ends = linecache.getline(line[0].co_filename, line[1]).lstrip().startswith("with ")
        if event == "line" and not ends and line not in self.known:
            self.known.add(line)
            self.left -= 1
            if self.left < 0:
                sys.settrace(None)
                raise KeyboardInterrupt
        return self.came


@pytest.mark.parametrize(
    "make", [lambda: nn.MLP(3, [4, 2], seed=1), lambda: Own(scaled), Streaming]
)
def test_an_interrupt_at_any_line_leaves_a_model_that_predicts(make):
    for k in itertools.count():
        model = make()
        if k % 2:
            model.predict(X)
            model.parameters()[0].data = 0.25
        try:
            with Stop(k):
                model.predict(X)
            break
        except KeyboardInterrupt:
            pass
        if isinstance(model, Streaming):
            model.h = 0.0
            assert model.predict(X[:2]).shape == (2, 1)
        else:
            assert agree(model)
            model.parameters()[0].data = 0.75
            assert agree(model)
    assert k > 10


def test_threads_predict_side_by_side():
    model, wrong = nn.MLP(3, [16, 2], seed=1), []
    expected = {m: model.predict(X[:m], exact=True) for m in (1, 5, 300)}

    def ask():
        for k in range(60):
            m = (1, 5, 300)[k % 3]
            if abs(model.predict(X[:m]) - expected[m]).max() > CLOSE:
                wrong.append(m)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert compiled(model)
