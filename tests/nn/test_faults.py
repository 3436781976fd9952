"""Mistakes that people make, one row each: the error says what was expected, and the way out.

A row that raises nothing, or says something else, is a fault.
"""

import math
from functools import partial

import numpy as np
import pytest

import nn
from autograd import Value

X = np.random.default_rng(0).normal(size=(8, 2))
Y = (X[:, 0] > 0) * 1.0
fit = partial(nn.fit, epochs=1, progress=False)


class Heads(nn.Module):
    """Two heads, in whatever `how` makes of them."""

    def __init__(self, how):
        self.first, self.second, self.how = nn.Layer(2, 2), nn.Layer(2, 1), how

    def __call__(self, x):
        return self.how(self.first(x), self.second(x))


class Own(nn.Module):
    def __init__(self, **attributes):
        self.w = Value(1.0)
        for name, value in attributes.items():
            setattr(self, name, value)


class Scaled(Own):
    def __call__(self, x):
        return self.w * x[0]


def assign(thing, name, value):
    return lambda: setattr(thing(), name, value)


mlp, layer, neuron = partial(nn.MLP, 2, [3, 1]), partial(nn.Layer, 2, 3), partial(nn.Neuron, 2)
HEADS = r"one flat list of them; output 0 is .*return \[\*a, \*b\]"
KEPT = r"which stay; set their numbers by load_state_dict, or one by one: "

FAULTS = {
    # names that do not exist here
    "loss mse": (lambda: fit(mlp(), X, Y, loss="mse"), ValueError, "'mean_squared_error' here"),
    "loss MAE": (lambda: fit(mlp(), X, Y, loss="MAE"), ValueError, "'absolute_error' here"),
    "activation swish": (lambda: layer("swish"), ValueError, r"'silu' here.*nn\.ACTIVATIONS"),
    "own activation": (lambda: layer("cube"), ValueError, r"got 'cube'\. Your own .*nn\.ACTIV"),
    "own loss": (lambda: fit(mlp(), X, Y, loss="mine"), ValueError, r"Your own .*nn\.LOSSES"),
    "initializer": (lambda: layer(initializer="glorot_normal"), ValueError, "'xavier_normal' here"),
    "optimiser": (lambda: fit(mlp(), X, Y, loss="huber", optimizer="lion"), ValueError,
                  r"adagrad, adam, adamw, rmsprop, sgd.*nn\.OPTIMIZERS"),
    "metric": (lambda: fit(mlp(), X, Y, loss="huber", metrics=["f1"]), ValueError, "a metric must"),
    "nn.Linear": (lambda: nn.Linear, AttributeError, "write Layer"),
    "model.fit": (lambda: mlp().fit, AttributeError, r"write nn\.fit"),
    "model.forward": (lambda: mlp().forward, AttributeError, r"model\(x\)"),
    # models
    "sizes": (lambda: nn.MLP(4, 16, 3), ValueError, r"Write MLP\(4, \[16, 3\]\)"),
    "one size": (lambda: nn.MLP(4, 16), ValueError, r"Write MLP\(4, \[16\]\)"),
    "size of NumPy": (lambda: nn.MLP(4, np.int64(16)), ValueError, "sizes is a list"),
    "size as text": (lambda: nn.MLP(2, "16"), ValueError, r"sizes\[0\] must be a positive whole"),
    "activation unused": (lambda: nn.MLP(2, [1], "tahn"), ValueError, r"tanh, .*got 'tahn'"),
    "output": (lambda: nn.MLP(2, [3, 1], output="sofmax"), ValueError, "got 'sofmax'"),
    "no sizes": (lambda: nn.MLP(4, []), ValueError, "at least one layer"),
    "zero units": (lambda: nn.MLP(4, [0, 1]), ValueError, r"sizes\[0\] must be a positive"),
    "softmax neuron": (lambda: neuron("softmax"), ValueError, "Use Layer"),
    "width": (lambda: mlp()([1.0]), ValueError, r"takes 2 inputs; got 1.*fan_in=1"),
    "batch": (lambda: mlp()(X), ValueError, "Use predict"),
    "no call": (lambda: Own()([1.0]), NotImplementedError, "Own must define __call__"),
    "tuple of heads": (lambda: fit(Heads(lambda a, b: (a, b)), X, Y, loss="huber"), ValueError,
                       HEADS),
    "dict of heads": (lambda: fit(Heads(lambda a, b: {"a": a}), X, Y, loss="huber"), ValueError,
                      HEADS),
    "predicted heads": (lambda: Heads(lambda a, b: [a, b]).predict(X), ValueError, HEADS),
    "no output": (lambda: Heads(lambda a, b: None).predict(X), ValueError, "output 0 is None"),
    "list for a Value": (lambda: mlp()([1.0, 2.0]).backward(), AttributeError, r"\[0\]\.backward"),
    # parameters
    "W": (assign(layer, "W", np.zeros((2, 3))), AttributeError, KEPT + r"W\[0\]\[0\]\.data"),
    "W of Values": (assign(layer, "W", ((Value(1.0),),)), AttributeError, KEPT + r"W\[0\]\[0\]"),
    "b": (assign(layer, "b", [0.0] * 3), AttributeError, KEPT + r"b\[0\]\.data"),
    "neurons": (assign(layer, "neurons", []), AttributeError, KEPT + r"neurons\[0\]\.w\[0\]\.data"),
    "w": (assign(neuron, "w", [1.0, 2.0]), AttributeError, KEPT + r"w\[0\]\.data"),
    "b of a neuron": (assign(neuron, "b", 1.0), AttributeError, KEPT + r"b\.data"),
    "own parameter": (assign(Own, "w", 2.0), AttributeError, KEPT + r"w\.data"),
    "trainable": (assign(layer, "trainable", False), AttributeError, r"write freeze\(\)"),
    "requires_grad": (assign(mlp, "requires_grad", False), AttributeError, r"write freeze\(\)"),
    "training": (assign(mlp, "training", False), AttributeError, r"write eval\(\)"),
    "state": (lambda: mlp().load_state_dict({"W": [1.0]}), ValueError, r"expected layers\.0\.W"),
    # dropout
    "Dropout(1)": (lambda: nn.Dropout(1.0), ValueError, r"0 <= p < 1; got 1\.0"),
    "Dropout(50)": (lambda: nn.Dropout(50), ValueError, "0 <= p < 1; got 50"),
    "dropout list": (lambda: mlp(dropout=[0.5, 0.5, 0.5]), ValueError, r"for each of the \d"),
    "dropout list of": (lambda: mlp(dropout=[2.0]), ValueError, r"dropout\[0\] is the share"),
    "layer_norm": (lambda: mlp(layer_norm=True), ValueError, r"'before' or 'after' the activation"),
    "layer_norm list": (lambda: mlp(layer_norm=["after"]), ValueError, "the last one too"),
    "LayerNorm(eps)": (lambda: nn.LayerNorm(2, eps=0), ValueError, "0 < eps < 1; got 0"),
    "LayerNorm()([])": (lambda: nn.LayerNorm(2)([1.0]), ValueError, "takes 2 numbers; got 1"),
    "dropout seed": (lambda: nn.Dropout(0.5, seed=0.5), ValueError, "seed must be a whole number"),
    # optimisers
    "Adam(lr)": (lambda: nn.Adam(lr=0.1), ValueError, r"Pass model\.parameters\(\) first"),
    "Adam(model)": (lambda: nn.Adam(mlp()), ValueError, r"Add \.parameters\(\)"),
    "lr": (lambda: nn.SGD([Value(1.0)], lr=-1.0), ValueError, "0 <= lr"),
    "two lrs": (lambda: fit(mlp(), X, Y, loss="huber", lr=1.0, optimizer=nn.SGD([Value(1.0)])),
                ValueError, r"Set optimizer\.lr"),
    "strangers": (lambda: fit(mlp(), X, Y, loss="huber", optimizer=nn.SGD([Value(1.0)])),
                  ValueError, "parameters of the model"),
    "dampening": (lambda: nn.SGD([Value(1.0)], dampening=0.5), ValueError, "needs a momentum"),
    "nesterov": (lambda: nn.SGD([Value(1.0)], nesterov=True), ValueError, r"momentum=0\.9"),
    "amsgrad": (lambda: nn.Adam([Value(1.0)], 0.1, 0.9, 0.99, 1e-8, True), TypeError, "positional"),
    # data
    "labels": (lambda: fit(nn.MLP(2, [3]), X, [1, 2, 3, 1, 2, 3, 1, 2], loss="cross_entropy"),
               ValueError, r"y\[2\] does not fit.*from 0 to 2"),
    "soft labels": (lambda: fit(mlp(), X, Y + 0.5, loss="binary_cross_entropy"), ValueError,
                    r"0 or 1, or a probability between them; got 1\.5"),
    "NaN label": (lambda: nn.binary_cross_entropy(0.0, math.nan), ValueError, "got nan"),
    "not ignored": (lambda: nn.cross_entropy([0.0, 1.0], -1, ignore_index=-100), ValueError,
                    "a class from 0 to 1; got -1"),
    "text": (lambda: mlp().predict([["a", "b"]]), ValueError, "Encode text"),
    "NaN": (lambda: mlp().predict([[1.0, math.nan]]), ValueError, r"X\[0, 1\] is nan"),
    "ragged": (lambda: mlp().predict([[1.0, 2.0], [1.0]]), ValueError, "rectangular table"),
    "3-D": (lambda: mlp().predict(np.zeros((4, 3, 2))), ValueError, r"shape \(m, 2\)"),
    "empty": (lambda: mlp().predict([]), ValueError, "at least one"),
    "one row": (lambda: mlp().predict([1.0, 2.0]), ValueError, r"got shape \(2,\)"),
    "lengths": (lambda: fit(mlp(), X, Y[:3], loss="huber"), ValueError, r"shape \(8, n\)"),
    "gap of a sequence": (lambda: Scaled().predict([[1.0], [math.nan, 2.0]]), ValueError,
                          r"X\[1\] must be one example"),
    # fit
    "class of a callback": (lambda: fit(mlp(), X, Y, loss="huber", callbacks=[nn.EarlyStopping]),
                            ValueError, r"Write EarlyStopping\(\)"),
    "epochs": (lambda: fit(mlp(), X, Y, loss="huber", epochs=1.5), ValueError, "whole number"),
    "batch size": (lambda: fit(mlp(), X, Y, loss="huber", batch_size=0), ValueError, "batch_size"),
    "dtype": (lambda: fit(mlp(), X, Y, loss="huber", dtype="float32", compiled=False), ValueError,
              "float64"),
    "validation_split": (lambda: fit(mlp(), X, Y, loss="huber", validation_split=0.1), TypeError,
                         r"validation=\(X\[800:\]"),
    "logits": (lambda: fit(nn.MLP(2, [3], output="softmax"), X, Y, loss="cross_entropy"),
               ValueError, "output='identity'"),
    "range of rates": (lambda: nn.find_lr(mlp(), X, Y, loss="huber", low=1.0, high=0.1),
                       ValueError, "0 < low < high"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_mistake_is_told_with_the_way_out(name):
    mistake, error, words = FAULTS[name]
    with pytest.raises(error, match=words):
        mistake()
