"""The estimators are scikit-learn's: they pass its checks, and agree with the network inside."""

import copy
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.datasets import make_blobs, make_moons
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

import nn
from nn.estimators import MLPClassifier, MLPRegressor

CHECKS = [
    check
    for estimator in (MLPClassifier((30,)), MLPRegressor((30,)))
    for check in estimator_checks_generator(estimator)
]
QUICK = {"learning_rate_init": 0.05, "random_state": 0, "max_iter": 60}
X, Y = make_moons(120, noise=0.1, random_state=0)


@pytest.fixture(autouse=True)
def _unfinished_is_fine():
    """Short trainings say that they are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def named(check):
    estimator, function = check
    return f"{type(estimator).__name__}-{function.func.__name__}"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("check", CHECKS, ids=named)
def test_every_check_of_scikit_learn_passes(check):
    estimator, function = check
    function(estimator)


@pytest.mark.parametrize(
    "labels", [["no", "yes"], [3, -7], [True, False], [1.0, 2.0], ["a", "b", "c"], [9, 5, 7]]
)
def test_labels_may_be_anything(labels):
    X, numbers = make_blobs(90, centers=len(labels), cluster_std=0.3, random_state=1)
    y = np.array(labels)[numbers]
    model = MLPClassifier((8,), **QUICK).fit(X, y)
    assert (model.predict(X) == y).mean() > 0.95
    assert model.classes_.tolist() == sorted(labels)
    P = model.predict_proba(X)
    assert P.shape == (90, len(labels))
    assert abs(P.sum(axis=1) - 1.0).max() < 1e-12
    assert (model.classes_[P.argmax(axis=1)] == model.predict(X)).all()


def test_probabilities_are_those_of_the_network_inside():
    model = MLPClassifier((8,), **QUICK).fit(X, Y)
    assert abs(model.predict_proba(X) - model.model_.predict_proba(X)).max() < 1e-12
    z = model.model_.predict(X)[:, 0]
    assert abs(model.decision_function(X) - z).max() < 1e-12
    assert ((z > 0) == model.predict(X)).all()
    assert isinstance(model.model_, nn.MLP)
    assert nn.probe(model.model_, X, Y, "binary_cross_entropy").check() < 100


def test_fitting_is_what_fit_of_the_network_does():
    model = MLPRegressor((5,), alpha=0.0, **QUICK).fit(X, Y)
    seed = model._seed
    own = nn.MLP(2, [5, 1], "relu", seed=seed)
    adam = nn.Adam(own.parameters(), lr=0.05)
    options = {"optimizer": adam, "epochs": model.n_iter_, "batch_size": 120, "progress": False}
    history = nn.fit(own, X, Y, loss="half_squared_error", seed=seed, **options)
    assert model.loss_curve_ == history.loss
    assert abs(model.predict(X) - own.predict(X)[:, 0]).max() < 1e-12


def test_a_row_that_weighs_2_is_a_row_that_is_there_twice():
    weights = np.arange(120) % 3
    heavy = MLPRegressor((5,), **QUICK).fit(X, Y, sample_weight=weights)
    often = MLPRegressor((5,), **QUICK).fit(np.repeat(X, weights, 0), np.repeat(Y, weights))
    assert abs(heavy.predict(X) - often.predict(X)).max() < 1e-9


def test_class_weight_is_the_weight_of_its_rows():
    by_class = MLPClassifier((5,), class_weight={1: 4.0}, **QUICK).fit(X, Y)
    by_row = MLPClassifier((5,), **QUICK).fit(X, Y, sample_weight=np.where(Y == 1, 4.0, 1.0))
    assert (by_class.predict_proba(X) == by_row.predict_proba(X)).all()


def test_partial_fit_is_a_fit_of_one_epoch_each_and_goes_on_after_pickling():
    once = MLPClassifier((5,), **QUICK | {"max_iter": 3}).fit(X, Y)
    steps = MLPClassifier((5,), **QUICK)
    steps.partial_fit(X, Y, classes=[0, 1]).partial_fit(X, Y)
    steps = pickle.loads(pickle.dumps(steps))
    assert steps.partial_fit(X, Y).loss_curve_ == pytest.approx(once.loss_curve_, rel=1e-12)
    assert abs(steps.predict_proba(X) - once.predict_proba(X)).max() < 1e-12


def test_partial_fit_names_all_classes_at_first():
    model = MLPClassifier((5,), **QUICK)
    with pytest.raises(ValueError, match="must name all classes="):
        model.partial_fit(X, Y)
    model.partial_fit(X, Y, classes=[0, 1, 2])
    assert model.predict_proba(X).shape == (120, 3)
    with pytest.raises(ValueError, match=r"y has the classes \[5\]"):
        model.partial_fit(X, np.full(120, 5))


def test_warm_start_goes_on_with_what_was_learnt():
    cold = MLPRegressor((5,), **QUICK | {"max_iter": 10, "n_iter_no_change": 99})
    warm = clone(cold).set_params(warm_start=True, max_iter=5)
    warm.fit(X, Y).fit(X, Y)
    assert warm.n_iter_ == 10
    assert warm.loss_curve_ == pytest.approx(cold.fit(X, Y).loss_curve_, rel=1e-12)
    classifier = MLPClassifier((5,), warm_start=True, **QUICK).fit(X, Y)
    with pytest.raises(ValueError, match="warm_start goes on with 1 outputs"):
        classifier.fit(X, np.arange(120) % 3)


def test_a_state_of_random_numbers_decides_everything():
    fits = [MLPClassifier((5,), **QUICK | {"random_state": k}).fit(X, Y) for k in (0, 0, 1)]
    first, again, other = [model.predict_proba(X) for model in fits]
    assert (first == again).all()
    assert (first != other).any()


def test_several_outputs_are_several_columns():
    targets = np.column_stack([X[:, 0], -X[:, 1], X.sum(axis=1)])
    model = MLPRegressor((20,), **QUICK | {"max_iter": 300}).fit(X, targets)
    assert model.predict(X).shape == (120, 3)
    assert model.score(X, targets) > 0.95


def test_pipelines_grids_and_copies():
    pipeline = make_pipeline(StandardScaler(), MLPClassifier((8,), **QUICK))
    assert cross_val_score(pipeline, X, Y, cv=3).min() > 0.7
    grid = GridSearchCV(
        pipeline, {"mlpclassifier__activation": ["tanh", "identity"]}, cv=3, refit=True
    ).fit(X, Y)
    assert grid.best_params_ == {"mlpclassifier__activation": "tanh"}
    for twin in (copy.deepcopy(grid), pickle.loads(pickle.dumps(grid))):
        assert (twin.predict_proba(X) == grid.predict_proba(X)).all()


@pytest.mark.parametrize("solver", ["sgd", "RMSprop", nn.AdamW])
def test_every_optimiser_is_a_solver(solver):
    model = MLPRegressor((5,), solver=solver, **QUICK | {"learning_rate_init": 0.01}).fit(X, Y)
    assert model.loss_ < model.loss_curve_[0]


def test_training_that_still_improves_says_so():
    with pytest.warns(ConvergenceWarning, match="raise max_iter"):
        MLPRegressor((5,), max_iter=3, random_state=0).fit(X, Y)


def test_training_ends_where_the_loss_falls_no_more():
    model = MLPRegressor((), learning_rate_init=0.1, max_iter=2000, random_state=0).fit(X, Y)
    assert model.n_iter_ < 2000
    assert min(model.loss_curve_[-10:]) > min(model.loss_curve_[:-10]) - 1e-4


@pytest.mark.parametrize("weights", [[1.0], [-1.0] * 120, [0.0] * 120, [[1.0]] * 120])
def test_weights_that_do_not_fit_are_refused(weights):
    with pytest.raises(ValueError, match=r"sample_weight|inconsistent"):
        MLPRegressor((5,), **QUICK).fit(X, Y, sample_weight=weights)


def test_predicting_runs_no_backward_pass_and_changes_nothing(monkeypatch):
    model = MLPClassifier((5,), **QUICK).fit(X, Y)
    before = model.model_.state_dict()
    model.predict(X)
    executor = type(model.model_._forward.passes[X.shape[1:]].forward.machine.executor)
    monkeypatch.setattr(executor, "backward", None, raising=True)
    model.predict(X)
    assert all((array == before[path]).all() for path, array in model.model_.state_dict().items())


def test_nn_loads_no_scikit_learn():
    script = "import sys, nn; nn.MLP; assert not {'sklearn', 'torch', 'onnx'} & {*sys.modules}"
    script += "; nn.estimators.MLPClassifier; assert 'sklearn' in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_without_scikit_learn_one_line_says_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("nn.interop.estimators")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ImportError, match=r'^estimators need scikit-learn: pip install "whygrad'):
        import nn.interop.estimators  # noqa: F401
