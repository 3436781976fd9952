"""What famous libraries call a thing, and what it is called here: one line for each name."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

LOSS = 'give its name to fit: loss="cross_entropy", "binary_cross_entropy", "mean_squared_error" …'
ACTIVATION = 'give its name to the layer: Layer(2, 3, "relu"), MLP(2, [3, 1], activation="relu")'
LAYER = 'write Layer(fan_in, fan_out, "identity"), or MLP(fan_in, [16, 1]) for several in a row'
NORM = 'write LayerNorm(size), or MLP(…, layer_norm="before") for all hidden layers'
TRAIN = "write nn.fit(model, X, y, loss=…, optimizer=…)"
CALL = "call the model itself, model(x), or model.predict(X) for many rows"
RATE = "give it to the optimiser, Adam(model.parameters(), lr=0.01), or to fit: lr=0.01"
FREEZE = "write freeze() or unfreeze() of the layer or the model"
ELSEWHERE = {
    **dict.fromkeys(("Linear", "Dense", "Sequential"), LAYER),
    **dict.fromkeys(("ReLU", "Tanh", "Sigmoid", "Softmax", "GELU", "functional"), ACTIVATION),
    **dict.fromkeys(("LayerNormalization", "BatchNorm1d", "BatchNormalization"), NORM),
    **dict.fromkeys(("CrossEntropyLoss", "BCEWithLogitsLoss", "MSELoss", "criterion"), LOSS),
    **dict.fromkeys(("fit", "compile", "optim"), TRAIN),
    **dict.fromkeys(("forward", "evaluate"), CALL),
    **dict.fromkeys(("trainable", "requires_grad", "requires_grad_"), FREEZE),
    "learning_rate": RATE,
    "validation_split": "split the rows yourself, and give validation=(X[800:], y[800:])",
    "validation_data": "write validation=(X, y)",
    "verbose": "write progress=True or False",
    "shuffle": "the rows are shuffled by seed=",
    "Parameter": "a Value in an attribute of a Module is a parameter",
}
SYNONYMS = {  # of names that are handed in
    "mse": "mean_squared_error", "mae": "absolute_error", "l1": "absolute_error",
    "bce": "binary_cross_entropy", "categorical_crossentropy": "cross_entropy",
    "sparse_categorical_crossentropy": "cross_entropy", "crossentropy": "cross_entropy",
    "binary_crossentropy": "binary_cross_entropy", "swish": "silu", "linear": "identity",
    "none": "identity", "logistic": "sigmoid", "sine": "sin", "acc": "accuracy",
    "glorot_uniform": "xavier_uniform", "glorot_normal": "xavier_normal",
    "kaiming_uniform": "he_uniform", "kaiming_normal": "he_normal", "momentum": "sgd",
}  # fmt: skip


def missing(owner: str, name: str) -> str:
    """Return the message of an AttributeError, with what the name is called here.

    >>> missing("module 'nn'", "verbose")
    "module 'nn' has no attribute 'verbose'; write progress=True or False"
    """
    hint = f"; {ELSEWHERE[name]}" if name in ELSEWHERE else ""
    return f"{owner} has no attribute {name!r}{hint}"


def hinting(function: Callable[P, T]) -> Callable[P, T]:
    """Return a function that says what an argument of another library is called here."""

    @wraps(function)
    def hinted(*args: P.args, **options: P.kwargs) -> T:
        for name in ELSEWHERE.keys() & options.keys():
            raise TypeError(f"{function.__name__} takes no {name!r}; {ELSEWHERE[name]}")
        return function(*args, **options)

    return hinted
