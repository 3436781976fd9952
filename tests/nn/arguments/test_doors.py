"""One door for data: whatever library holds the numbers, every place that takes data takes them.

Each door below is opened with lists, and again with what a library makes of the same numbers, which
are exact in eight bits: it must say the same.
"""

import importlib.util
from random import Random

import numpy as np
import pytest

import nn
from autograd import Program, Value, compare, dot, jit, tanh
from tests.nn.arguments.test_tables import EXAMPLES, LABELS, MAKERS

WEIGHTS = [1.0, 2.0, 0.5, 0.5]


def model(fan_out=1):
    return nn.MLP(2, [3, fan_out], "tanh", seed=1)


def trained(data):
    own = model()
    options = {"epochs": 2, "progress": False, "batch_size": 2}
    X, y = data(EXAMPLES), data(LABELS)
    history = nn.fit(own, X, y, loss="binary_cross_entropy", **options)
    return [history.loss, *own.state_dict().values()]


def weighed_and_validated(data):
    X, y = data(EXAMPLES), data(LABELS)
    options = {"epochs": 2, "progress": False, "loss": "binary_cross_entropy"}
    history = nn.fit(model(), X, y, validation=(X, y), sample_weight=data(WEIGHTS), **options)
    return [history.loss, history.val_loss]


def program():
    x, y, w = Value(0.0, "x"), Value(0.0, "y"), Value(2.0, "w")
    return Program(tanh(w * x) * y, inputs=[x, y], parameters=[w])


def steps(data):
    own = program()
    costs = own.train(data(EXAMPLES), nn.SGD(own.parameters, lr=0.1), 3)
    own.store_parameters()
    return [costs, [w.data for w in own.parameters]]


def derivatives(data):
    return program().derivatives(data([0.5]), data(EXAMPLES))


@jit
def product(x):
    return tanh(dot(x, [0.5, -1.0]))


def state(data):
    own = nn.Layer(2, 4)
    own.load_state_dict({"W": data([list(row) for row in zip(*EXAMPLES, strict=True)]),
                         "b": data(LABELS)})  # fmt: skip
    return list(own.state_dict().values())


def estimated(data):
    from nn.estimators import MLPClassifier, MLPRegressor

    found = []
    for kind in (MLPClassifier, MLPRegressor):
        own = kind((3,), max_iter=5, tol=0.0, n_iter_no_change=9, random_state=0)
        own.partial_fit(data(EXAMPLES), data(LABELS), **(
            {"classes": [0.0, 1.0]} if kind is MLPClassifier else {}))  # fmt: skip
        found += [own.predict(data(EXAMPLES)), own.loss_curve_]
    return found


DOORS = {
    "fit": trained,
    "fit, weighed and validated": weighed_and_validated,
    "predict": lambda data: model().predict(data(EXAMPLES)),
    "predict_proba": lambda data: model().predict_proba(data(EXAMPLES)),
    "a model called": lambda data: [a.data for a in model()(data(EXAMPLES[3]))],
    "a layer called": lambda d: [a.data for a in nn.Layer(2, 3, rng=Random(0))(d(EXAMPLES[3]))],
    "LayerNorm": lambda data: [a.data for a in nn.LayerNorm(2)(data(EXAMPLES[3]))],
    "probe, a batch": lambda d: nn.probe(model(), d(EXAMPLES), d(LABELS), "huber").layers[0].dW,
    "probe, one": lambda d: nn.probe(model(2), d(EXAMPLES[3]), d(LABELS[:2]), "huber").layers[0].dW,
    "batch_picture": lambda d: nn.batch_picture(model(), d(EXAMPLES), d(LABELS), "huber").cost,
    "exercise": lambda d: list(
        nn.exercise(model(2), d(EXAMPLES[3]), d(LABELS[:2])).solution.values()
    ),
    "exercise, an answer": lambda d: bool(
        nn.exercise(model(4), EXAMPLES[3], LABELS).check(db2=d([0.0] * 4))["db2"].verdict == "wrong"
    ),
    "a program": lambda data: program()(data(EXAMPLES)),
    "a program, trained": steps,
    "a program's derivatives": derivatives,
    "jit": lambda data: product(data(EXAMPLES[3])),
    "jit, rows": lambda data: product.map(data(EXAMPLES)),
    "jit, slopes": lambda data: product.value_and_grad(data(EXAMPLES[3])),
    "compare": lambda data: repr(compare(data(LABELS), data(WEIGHTS))),
    "load_state_dict": state,
    "find_lr": lambda d: nn.find_lr(model(), d(EXAMPLES), d(LABELS), loss="huber", steps=5).losses,
    "estimators": estimated,
}  # fmt: skip


def flat(found):
    """Return everything in nested results as a list."""
    if isinstance(found, list | tuple):
        return [x for part in found for x in flat(part)]
    return np.ravel(found).tolist() if hasattr(found, "shape") else [found]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("library", [name for name in MAKERS if name != "list"])
def test_what_a_library_holds_goes_through_every_door(door, library):
    if door == "estimators" and not importlib.util.find_spec("sklearn"):
        pytest.skip("scikit-learn is not installed")
    assert flat(DOORS[door](MAKERS[library])) == flat(DOORS[door](list))
