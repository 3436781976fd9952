"""`MLPClassifier` and `MLPRegressor`: what scikit-learn calls an estimator.

They have the parameters of scikit-learn's own of these names where the meaning is the same.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from nn.arguments import named
from nn.interop.data import dense, labels
from nn.layers.dense import MLP
from nn.optimizers import OPTIMIZERS, Optimizer
from nn.predicting.forward import outputs_of
from nn.training import History, fit

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.utils.class_weight import compute_sample_weight
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import (
        check_array,
        check_consistent_length,
        check_is_fitted,
        check_random_state,
        column_or_1d,
        validate_data,
    )
except ImportError:
    raise ImportError('estimators need scikit-learn: pip install "whygrad[sklearn]"') from None

__all__ = ["MLPClassifier", "MLPRegressor"]

Array = Any  # numpy.ndarray


class Network(BaseEstimator):  # type: ignore[misc]
    """What both share: building, training and asking an `nn.MLP`.

    `hidden_layer_sizes`, `activation` and `output` say what the network is; `solver` is the name
    of an optimiser or its class, with `learning_rate_init` and the penalty ½ `alpha` Σ w². An
    epoch goes through all rows in batches of `batch_size` ("auto": 200, or all of fewer). `fit`
    ends after `max_iter` epochs, or once the loss was not lower by `tol` for `n_iter_no_change` of
    them; `warm_start` goes on from what was learnt. Weights and order are drawn by `random_state`.

    After `fit` there are `model_`, the `nn.MLP`, for `nn.probe` and all else, `optimizer_`,
    `loss_curve_`, `loss_` and `n_iter_`, the epochs.
    """

    def __init__(
        self, hidden_layer_sizes: Any = (100,), activation: Any = "relu", *, solver: Any = "adam",
        alpha: float = 0.0001, batch_size: Any = "auto", learning_rate_init: float = 0.001,
        max_iter: int = 200, random_state: Any = None, tol: float = 1e-4, warm_start: bool = False,
        n_iter_no_change: int = 10,
    ) -> None:  # fmt: skip
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.random_state = random_state
        self.tol = tol
        self.warm_start = warm_start
        self.n_iter_no_change = n_iter_no_change

    def _train(
        self,
        X: Array,
        y: Array,
        fan_out: int,
        loss: str,
        weights: Any,
        *,
        goes_on: bool,
        epochs: int,
    ) -> History:
        """Train a network, a new one unless it goes on with what was learnt, and keep it."""
        if not (goes_on and hasattr(self, "model_")):
            self._start(X.shape[1], fan_out)
        size = min(200, len(X)) if self.batch_size == "auto" else self.batch_size
        history = fit(
            self.model_, X, y, loss=loss, optimizer=self.optimizer_, epochs=epochs, batch_size=size,
            sample_weight=_normalized(X, weights), callbacks=[self._stagnates], progress=False,
            seed=self._seed,
        )  # fmt: skip
        self.loss_curve_ += history.loss
        self.loss_ = self.loss_curve_[-1]
        self.n_iter_ = len(self.loss_curve_)
        return history

    def _start(self, fan_in: int, fan_out: int) -> None:
        sizes = np.ravel(self.hidden_layer_sizes).astype(int).tolist()
        self._seed = int(check_random_state(self.random_state).randint(2**31))
        self.model_ = MLP(fan_in, [*sizes, fan_out], self.activation, seed=self._seed)
        solver = self.solver.lower() if isinstance(self.solver, str) else self.solver
        self.optimizer_: Optimizer = named("solver", OPTIMIZERS, solver)(
            self.model_.parameters(), lr=self.learning_rate_init, weight_decay=self.alpha
        )
        self.loss_curve_: list[float] = []

    def _stagnates(self, history: History, model: MLP) -> bool:
        """Return whether the loss of the last epochs was no lower than before them by `tol`."""
        last = self.n_iter_no_change
        if len(history.loss) <= last:
            return False
        return min(history.loss[-last:]) > min(history.loss[:-last]) - self.tol

    def _fit(self, X: Array, y: Array, fan_out: int, loss: str, weights: Any) -> None:
        history = self._train(
            X, y, fan_out, loss, weights, goes_on=self.warm_start, epochs=self.max_iter
        )
        if len(history.loss) == self.max_iter and not self._stagnates(history, self.model_):
            warnings.warn(
                f"the loss still fell after {self.max_iter} epochs; raise max_iter, or "
                "learning_rate_init.",
                ConvergenceWarning,
                stacklevel=3,
            )

    def _outputs(self, X: Any) -> Array:
        """Return the outputs of the network for X, (m, fan_out)."""
        check_is_fitted(self)
        rows = validate_data(self, dense(X), dtype=np.float64, reset=False)
        return outputs_of(self.model_, list, rows, least=1)


class MLPClassifier(ClassifierMixin, Network):  # type: ignore[misc]
    """A network that tells classes apart, of any labels; see `Network` for its parameters.

    Two classes have one output, a logit, others one each; `classes_` holds the labels.
    `class_weight` says how much each label counts, or is "balanced".
    """

    def __init__(
        self, hidden_layer_sizes: Any = (100,), activation: Any = "relu", *, solver: Any = "adam",
        alpha: float = 0.0001, batch_size: Any = "auto", learning_rate_init: float = 0.001,
        max_iter: int = 200, random_state: Any = None, tol: float = 1e-4, warm_start: bool = False,
        n_iter_no_change: int = 10, class_weight: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            hidden_layer_sizes, activation, solver=solver, alpha=alpha, batch_size=batch_size,
            learning_rate_init=learning_rate_init, max_iter=max_iter, random_state=random_state,
            tol=tol, warm_start=warm_start, n_iter_no_change=n_iter_no_change,
        )  # fmt: skip
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPClassifier:
        """Train the network on X, (m, n), and labels y, (m,)."""
        X, y = self._checked(X, y, reset=True)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        fan_out = self._fan_out()
        if self.warm_start and hasattr(self, "model_") and self.model_.fan_out != fan_out:
            raise ValueError(
                f"warm_start goes on with {self.model_.fan_out} outputs; the classes "
                f"{self.classes_.tolist()} need {fan_out}. Use warm_start=False."
            )
        weights = self._weights(X, y, sample_weight)
        self._fit(X, numbers, fan_out, self._loss(), weights)
        return self

    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> MLPClassifier:
        """Take the steps of one epoch on these rows; the first call names all `classes`."""
        first = not hasattr(self, "model_")
        X, y = self._checked(X, y, reset=first)
        if first:
            if classes is None:
                raise ValueError("the first call of partial_fit must name all classes=.")
            self.classes_ = np.unique(classes)
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(f"classes are {self.classes_.tolist()} since the first call.")
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(f"y has the classes {unknown.tolist()}, which the first call lacks.")
        numbers, weights = np.searchsorted(self.classes_, y), self._weights(X, y, sample_weight)
        self._train(X, numbers, self._fan_out(), self._loss(), weights, goes_on=True, epochs=1)
        return self

    def predict(self, X: Any) -> Array:
        """Return the label of each row, (m,)."""
        outputs = self._outputs(X)
        one = outputs.shape[1] == 1
        places = (outputs[:, 0] > 0).astype(int) if one else outputs.argmax(axis=1)
        return self.classes_[places]

    def decision_function(self, X: Any) -> Array:
        """Return the logits: (m,) of two classes, else (m, classes)."""
        outputs = self._outputs(X)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each of `classes_`, (m, classes)."""
        return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithms of the probabilities, (m, classes)."""
        logits = self._outputs(X)
        logits = np.hstack([0.0 * logits, logits]) if logits.shape[1] == 1 else logits
        return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)

    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[Array, Array]:
        X, y = validate_data(self, dense(X), labels(y), dtype=np.float64, reset=reset)
        check_classification_targets(y)
        return X, column_or_1d(y, warn=True)

    def _fan_out(self) -> int:
        if len(self.classes_) < 2:
            raise ValueError(
                f"y has 1 class, {self.classes_.tolist()[0]!r}; a classifier tells two or more "
                "apart. Give examples of another."
            )
        return len(self.classes_) if len(self.classes_) > 2 else 1

    def _loss(self) -> str:
        return "cross_entropy" if len(self.classes_) > 2 else "binary_cross_entropy"

    def _weights(self, X: Array, y: Array, given: Any) -> Array | None:
        if self.class_weight is None:
            return given
        own = compute_sample_weight(self.class_weight, y)
        return own if given is None else own * _weights(X, given)


class MLPRegressor(RegressorMixin, Network):  # type: ignore[misc]
    """A network that estimates numbers, one or several a row; see `Network` for its parameters.

    The loss is ½ (a - y)², summed over the outputs.

    >>> from nn.estimators import MLPRegressor
    >>> line = MLPRegressor((), solver="sgd", learning_rate_init=0.3, alpha=0.0, tol=1e-12)
    >>> line.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]).predict([[3.0]]).round(2)
    array([7.])
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Train the network on X, (m, n), and y, (m,) or (m, k)."""
        X, y = self._checked(X, y, reset=True)
        self._fit(X, y, y[0].size, "half_squared_error", sample_weight)
        return self

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Take the steps of one epoch on these rows."""
        X, y = self._checked(X, y, reset=not hasattr(self, "model_"))
        loss = "half_squared_error"
        self._train(X, y, y[0].size, loss, sample_weight, goes_on=True, epochs=1)
        return self

    def predict(self, X: Any) -> Array:
        """Return the outputs for X, (m,), or (m, k) where y was so."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._flat else outputs

    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[Array, Array]:
        options = {"multi_output": True, "y_numeric": True}
        X, y = validate_data(self, dense(X), dense(y), dtype=np.float64, reset=reset, **options)
        self._flat = y.ndim == 1
        return X, y.astype(np.float64)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _weights(X: Array, given: Any) -> Array:
    """Return a weight for each row, (m,). Raises ValueError where they do not fit."""
    weights: Array = check_array(
        dense(given), ensure_2d=False, dtype=np.float64, input_name="weights"
    )
    check_consistent_length(X, weights)
    if weights.ndim != 1 or weights.min() < 0.0 or not weights.sum() > 0.0:
        raise ValueError(
            "sample_weight has a number for each row, none below zero and not every weight zero; "
            f"got shape {weights.shape}, {weights.min():g} to {weights.max():g}."
        )
    return weights


def _normalized(X: Array, given: Any) -> Array | None:
    """Return weights of mean 1, so that one of 2 is the same as a row that is there twice."""
    if given is None:
        return None
    weights = _weights(X, given)
    return weights * (len(weights) / weights.sum())
