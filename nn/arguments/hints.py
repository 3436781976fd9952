"""What famous libraries call a thing, and what it is called here: one line for each name."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, TypeVar, cast

C = TypeVar("C", bound=Callable[..., Any])

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
SIZES = "sizes come first: Layer(fan_in, fan_out), MLP(fan_in, [16, 1])"
ARGUMENTS = {  # of what makes layers, optimisers and callbacks
    "nonlin": 'name the activation: Neuron(2, "relu"), or "identity" where nonlin=False',
    **dict.fromkeys(("in_features", "out_features", "units", "input_dim", "nin", "nout"), SIZES),
    **dict.fromkeys(("input_shape", "nouts"), SIZES),
    **dict.fromkeys(("bias", "use_bias"), "every unit has a bias, which starts at 0"),
    "kernel_initializer": 'write initializer="he_normal"',
    "rate": "write Dropout(p), with the share that is dropped",
    "monitor": 'write column="loss"',
    "params": "parameters come first: Adam(model.parameters())",
    **dict.fromkeys(("betas", "beta_1", "beta_2"), "write beta1= and beta2="),
    **dict.fromkeys(("eps", "epsilon"), "write eps= to LayerNorm, epsilon= to an optimiser"),
}
FOREIGN = ELSEWHERE | ARGUMENTS
SYNONYMS = {  # of names that are handed in
    "mse": "mean_squared_error", "mae": "absolute_error", "l1": "absolute_error",
    "bce": "binary_cross_entropy", "categorical_crossentropy": "cross_entropy",
    "sparse_categorical_crossentropy": "cross_entropy", "crossentropy": "cross_entropy",
    "binary_crossentropy": "binary_cross_entropy", "swish": "silu", "linear": "identity",
    "none": "identity", "logistic": "sigmoid", "sine": "sin", "acc": "accuracy",
    "glorot_uniform": "xavier_uniform", "glorot_normal": "xavier_normal",
    "kaiming_uniform": "he_uniform", "kaiming_normal": "he_normal", "momentum": "sgd",
}  # fmt: skip


def hinting(made: C) -> C:
    """Return a function or a class that says what an argument of another library is called here."""
    if isinstance(made, type):
        made.__init__ = hinting(made.__init__)  # type: ignore[misc]
        return made
    foreign = FOREIGN.keys() - signature(made).parameters.keys()

    @wraps(made)
    def hinted(*args: Any, **options: Any) -> Any:
        for name in sorted(foreign & options.keys()):
            owner = made.__name__ if made.__name__ != "__init__" else type(args[0]).__name__
            raise TypeError(f"{owner} takes no {name!r}; {FOREIGN[name]}")
        return made(*args, **options)

    return cast("C", hinted)
