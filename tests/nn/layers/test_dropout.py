"""Dropout: which units are left out, how often, when, and that every way of training agrees."""

import copy
import math
import pickle
import random

import numpy as np
import pytest

import nn
from autograd import (
    FrozenBranchError,
    NoiseStream,
    Program,
    Value,
    at_call,
    check_gradients,
    expression,
    heaviside,
    jit,
    no_grad,
    recording,
)

X = np.random.default_rng(3).normal(size=(11, 3))
Y = np.sin(X.sum(axis=1))


def numbers(outputs):
    return [a.data for a in outputs]


def parameters(model):
    return np.array([p.data for p in model.parameters()])


def ones(n):
    return [Value(1.0) for _ in range(n)]


# --- the masks ---------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_units_are_kept_with_probability_one_less_p_and_divided_by_it(p):
    """N independent masks: the share that is kept is 1 - p ± 5 √(p (1 - p) / N)."""
    drop, n, calls = nn.Dropout(p, seed=1), 100, 100
    outputs = np.array([numbers(drop(ones(n))) for _ in range(calls)])
    assert set(outputs.ravel()) == {0.0, 1.0 / (1.0 - p)}
    kept, sigma = outputs > 0, math.sqrt(p * (1 - p))
    assert abs(kept.mean() - (1 - p)) < 5 * sigma / math.sqrt(n * calls)
    for axis in (0, 1):  # every unit over the calls, every call over the units
        assert (abs(kept.mean(axis=axis) - (1 - p)) < 5 * sigma / math.sqrt(100)).all()
    for lagged in ((kept[1:], kept[:-1]), (kept[:, 1:], kept[:, :-1])):
        r = np.corrcoef(lagged[0].ravel(), lagged[1].ravel())[0, 1]
        assert abs(r) < 5 / math.sqrt(lagged[0].size)


def test_masks_follow_from_the_seed_and_the_call():
    drop = nn.Dropout(0.4, seed=5)
    first, second = numbers(drop(ones(40))), numbers(drop(ones(40)))
    assert first != second
    again = nn.Dropout(0.4, seed=5)
    assert [numbers(again(ones(40))), numbers(again(ones(40)))] == [first, second]
    assert numbers(nn.Dropout(0.4, seed=6)(ones(40))) != first
    u = NoiseStream(5).uniform(40)
    assert first == [heaviside(x.data - 0.4) / 0.6 for x in u]


def test_two_dropouts_without_a_seed_differ_and_come_again():
    nn.seed(4)
    first = [numbers(nn.Dropout(0.5)(ones(40))) for _ in range(2)]
    assert first[0] != first[1]
    nn.seed(4)
    assert [numbers(nn.Dropout(0.5)(ones(40))) for _ in range(2)] == first


def test_two_uses_in_one_example_have_masks_of_their_own():
    drop = nn.Dropout(0.5, seed=5)
    with at_call(3):
        first, second = numbers(drop(ones(40))), numbers(drop(ones(40)))
    assert first != second
    x = [Value(1.0) for _ in range(40)]
    outputs = drop(drop(x))
    program = Program(outputs[0], inputs=x, parameters=[], also=outputs)
    program(np.ones((300, 40)))
    kept = (program.read_values(outputs) > 0).mean()
    assert abs(kept - 0.25) < 5 * math.sqrt(0.25 * 0.75 / 12000)


def test_one_value_a_tuple_and_an_array_are_taken():
    drop = nn.Dropout(0.5, seed=1)
    assert drop(Value(3.0)).data in (0.0, 6.0)
    for given in ((1.0, 2.0), np.array([1.0, 2.0]), np.array([Value(1.0), Value(2.0)])):
        with at_call(0):
            assert [a.data for a in drop(given)] == [2.0 * (k + 1) * m for k, m in
                                                    enumerate(mask_of(drop))]  # fmt: skip
    assert drop.eval()(3.0) == 3.0
    assert drop([]) == []


def mask_of(drop):
    with at_call(0):
        return [a.data / 2.0 for a in drop([Value(1.0), Value(1.0)])]


@pytest.mark.parametrize("p", [1.0, -0.1, "half", None, math.nan, 1.5])
def test_a_share_outside_of_its_range_is_refused(p):
    with pytest.raises(ValueError, match=r"p is the share that is left out, 0 <= p < 1"):
        nn.Dropout(p)
    if p is not None:
        with pytest.raises(ValueError, match="dropout is the share"):
            nn.MLP(2, [3, 1], dropout=p)


def test_masks_have_names_in_formulas():
    model = nn.MLP(1, [1, 1, 1], "identity", dropout=0.5, seed=1)
    text = expression(model([2.0])[0]).text()
    assert "m1[0]" in text
    assert "m2[0]" in text
    assert expression(nn.Dropout(0.5)(Value(3.0, "a"))).text().startswith("a*m[0]")


def test_nothing_is_left_out_of_a_share_of_zero():
    x = ones(3)
    assert nn.Dropout(0)(x) == x
    assert nn.MLP(2, [3, 1], dropout=0.0).dropouts == ()


# --- training or not -----------------------------------------------------------------------


class Own(nn.Module):
    """Dropout in a module of one's own, also where no parameters are looked for."""

    def __init__(self, seed=None):
        self.first = nn.Layer(3, 8, "tanh", rng=random.Random(2))
        self.parts = {"drop": nn.Dropout(0.3, seed=seed)}
        self._hidden = [nn.Dropout(0.2, seed=seed)]
        self.head = nn.Layer(8, 1, "identity", rng=random.Random(3))

    def __call__(self, x):
        return self.head(self._hidden[0](self.parts["drop"](self.first(x))))


def test_modes_reach_every_module_and_return_the_model():
    model = Own()
    inner = [model.first, model.parts["drop"], model._hidden[0], model]
    assert all(part.training for part in inner)
    assert model.eval() is model
    assert not any(part.training for part in inner)
    assert numbers(model(X[0])) == numbers(model(X[0])) == model.predict(X[:1])[0].tolist()
    assert model.train() is model
    assert all(part.training for part in inner)
    assert model.train(False) is model
    assert not model.training
    assert model.parts["drop"].train() is model.parts["drop"]
    assert (model.training, model.parts["drop"].training) == (False, True)


def test_a_mode_is_set_by_a_method():
    model = nn.MLP(2, [1])
    with pytest.raises(AttributeError, match=r"write eval\(\), which reaches all modules"):
        model.training = False
    with pytest.raises(AttributeError, match=r"write train\(\)"):
        model.training = True
    assert model.training


@pytest.mark.parametrize("model", [nn.MLP(3, [8, 1], dropout=0.5), Own()], ids=["MLP", "own"])
def test_predictions_leave_nothing_out_and_draw_nothing(model):
    twin = copy.deepcopy(model)
    by_hand = np.array([numbers(twin.eval()(x)) for x in X.tolist()])
    assert (model.predict(X) == by_hand).all()
    assert (model.predict(X) == by_hand).all()
    proba = model.predict_proba(X)[:, 1:]
    np.testing.assert_allclose(proba, 1 / (1 + np.exp(-by_hand)), rtol=1e-14)
    assert model.training
    assert numbers(model(X[0])) != by_hand[0].tolist()


def test_a_probe_looks_at_the_whole_network():
    plain, model = nn.MLP(3, [8, 1], seed=1), nn.MLP(3, [8, 1], seed=1, dropout=0.5)
    for x, y in ((X[0], Y[0]), (X, Y)):
        found = nn.probe(model, x, y, "squared_error")
        assert (found.layers[0].dW == nn.probe(plain, x, y, "squared_error").layers[0].dW).all()
        assert found.check() < 8


def test_the_weights_are_those_of_the_seed_with_and_without_dropout():
    plain, model = nn.MLP(3, [8, 4, 1], seed=1), nn.MLP(3, [8, 4, 1], seed=1, dropout=0.5)
    assert (parameters(plain) == parameters(model)).all()
    assert list(plain.state_dict()) == list(model.state_dict())
    assert repr(model) == "MLP(3 → 8 → 4 → 1, relu, relu, identity, dropout 0.5, 73 parameters)"
    assert repr(nn.Dropout(0.25)) == "Dropout(0.25)"
    assert model.dropouts[0].noise.seed != model.dropouts[1].noise.seed


# --- by every way of training ----------------------------------------------------------------


def trained(make, **options):
    model = make()
    options = {"loss": "squared_error", "optimizer": "adam", "epochs": 7, "batch_size": 4,
               "progress": False, **options}  # fmt: skip
    return model, nn.fit(model, X, Y, **options)


MODELS = {"MLP": lambda: nn.MLP(3, [9, 5, 1], "tanh", dropout=0.3, seed=1), "own": lambda: Own(3)}
OPTIMIZERS = {
    "adam": "adam",
    "clipped": lambda parameters, lr=0.05: nn.SGD(parameters, lr, momentum=0.9, clip_norm=1.0),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("make", MODELS)
def test_compiled_and_node_by_node_train_alike(make, optimizer):
    """After 21 steps to 1e-12; what is measured beside it leaves nothing out."""
    ends = []
    for compiled in (True, False):
        model, history = trained(
            MODELS[make], compiled=compiled, validation=(X, Y), optimizer=OPTIMIZERS[optimizer],
            metrics=[lambda outputs, y: float(((outputs[:, 0] - y) ** 2).mean())],
        )  # fmt: skip
        ends.append((parameters(model), *history.columns.values()))
        by_hand = float(((model.predict(X)[:, 0] - Y) ** 2).mean())
        assert history.val_loss[-1] == pytest.approx(by_hand, rel=1e-13)
        assert history.columns["val_<lambda>"] == pytest.approx(history.val_loss, rel=1e-13)
    for one, other in zip(*ends, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


def test_another_seed_leaves_out_others():
    costs = [trained(lambda k=k: Own(k))[1].loss for k in (3, 3, 4)]
    assert costs[0] == costs[1] != costs[2]


def test_a_training_goes_on_with_the_masks_of_its_steps():
    """Two fits of one epoch are one of two."""
    whole, _ = trained(MODELS["MLP"], epochs=2)
    model = MODELS["MLP"]()
    adam = nn.Adam(model.parameters(), lr=0.01)
    for _ in range(2):
        trained(lambda: model, epochs=1, optimizer=adam)
    assert (parameters(model) == parameters(whole)).all()


def test_both_types_of_numbers_leave_out_the_same_units():
    double, _ = trained(MODELS["MLP"])
    single, _ = trained(MODELS["MLP"], dtype="float32")
    np.testing.assert_allclose(parameters(single), parameters(double), rtol=1e-3, atol=1e-4)


def test_a_model_that_does_not_train_is_trained_by_fit_and_left_as_it_was():
    model = MODELS["MLP"]().eval()
    trained(lambda: model)
    assert not model.training
    assert (parameters(model) == parameters(trained(MODELS["MLP"])[0])).all()
    seen = []
    trained(MODELS["MLP"], callbacks=[lambda history, model: seen.append(model.training)])
    assert seen == [True] * 7


def test_a_slow_rule_has_the_same_masks():
    class Slow(nn.SGD):
        def rule(self, w, g, state, step):
            assert isinstance(g > 0, bool)  # which cannot be recorded
            return super().rule(w, g, state, step)

    with pytest.warns(RuntimeWarning, match="parameter by parameter"):
        slow, _ = trained(MODELS["MLP"], optimizer=lambda p: Slow(p, lr=0.1))
    quick, _ = trained(MODELS["MLP"], optimizer=lambda p: nn.SGD(p, lr=0.1))
    np.testing.assert_allclose(parameters(slow), parameters(quick), rtol=1e-12)


def test_what_depends_on_the_mode_in_a_module_of_ones_own_is_recorded_for_both():
    class Scaled(nn.Module):
        def __init__(self):
            self.w = Value(1.0)

        def __call__(self, x):
            return self.w * x[0] * (10.0 if self.training else 1.0)

    model = Scaled()
    history = nn.fit(model, [[1.0]], [0.0], loss="squared_error", optimizer=nn.SGD, lr=1e-3,
                     epochs=1, validation=([[1.0]], [0.0]), progress=False)  # fmt: skip
    assert history.loss == [100.0]
    assert history.val_loss == pytest.approx([model.w.data**2])


def test_gradients_with_dropout_are_checked():
    model = nn.MLP(2, [4, 1], "tanh", dropout=0.5, seed=1)
    check_gradients(lambda x: model(x)[0], [0.3, -0.7], order=2)
    drop = nn.Dropout(0.5, seed=2)
    check_gradients(lambda a, b: sum(drop([a * a, a * b, b])), 0.4, 1.3)


def test_a_compiled_model_draws_anew_and_follows_its_mode():
    model = nn.MLP(2, [16, 1], "tanh", dropout=0.5, seed=1)
    twin = copy.deepcopy(model)
    f = jit(lambda x: model(x)[0])
    assert [f([0.5, 1.0]) for _ in range(3)] == pytest.approx(
        [twin([0.5, 1.0])[0].data for _ in range(3)], rel=1e-13
    )
    model.eval()
    assert f([0.5, 1.0]) == pytest.approx(model.predict([[0.5, 1.0]])[0, 0], rel=1e-14)


def test_masks_are_drawn_where_nothing_is_recorded():
    drop = nn.Dropout(0.5, seed=1)
    with no_grad():
        found = numbers(drop(ones(20)))
    assert found == numbers(nn.Dropout(0.5, seed=1)(ones(20)))


# --- copies, files, and dropout written by hand ------------------------------------------------


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_has_the_mode_and_the_masks_of_the_original(copied):
    model = nn.MLP(3, [8, 1], dropout=0.5, seed=1)
    model(X[0])
    twin = copied(model)
    assert numbers(twin(X[0])) == numbers(model(X[0]))
    model.eval()
    twin = copied(model)
    assert not twin.training
    assert not twin.dropouts[0].training
    twin.train()
    assert not model.training


def test_files_keep_the_share(tmp_path):
    model = nn.MLP(3, [8, 4, 1], dropout=0.25, seed=1)
    nn.save(model, tmp_path / "model")
    back = nn.load(tmp_path / "model")
    assert repr(back) == repr(model)
    assert (back.predict(X) == model.predict(X)).all()
    nn.save(Own(), tmp_path / "own")
    assert (nn.load(tmp_path / "own", Own()).predict(X) == Own().predict(X)).all()
    with pytest.raises(ValueError, match="dropout"):
        nn.load(tmp_path / "model", nn.MLP(3, [8, 4, 1]))


class ByHand(nn.Module):
    def __init__(self, draw):
        self.layer, self.draw = nn.Layer(3, 1, "tanh"), draw

    def __call__(self, x):
        return [a * (self.draw() > 0.5) for a in self.layer(x)]


@pytest.mark.parametrize("draw", [random.random, lambda: np.random.rand()], ids=["python", "numpy"])
def test_dropout_by_hand_is_refused_while_recording_and_runs_node_by_node(draw):
    python, numpy = random.getstate(), np.random.get_state()
    try:
        with pytest.raises(FrozenBranchError, match=r"moved while recording.*nn\.Dropout"):
            trained(lambda: ByHand(draw))
        _, history = trained(lambda: ByHand(draw), compiled=False)
        assert len(history) == 7
        model, x = ByHand(draw), [Value(1.0) for _ in range(3)]
        with recording(), pytest.raises(FrozenBranchError, match=r"nn\.Dropout"):
            Program(model(x)[0] * 1.0, inputs=x, parameters=model.parameters())
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


def test_what_a_weight_learned_is_divided_alike_by_both_ways():
    """A trace keeps each example's part of the gradient under the masks of its step."""
    ends = []
    for compiled in (True, False):
        model, history = trained(MODELS["MLP"], compiled=compiled, trace=True, epochs=3)
        why = history.why("layers.0.W[0][1]")
        started = MODELS["MLP"]().layers[0].W[0][1].data
        assert sum(why.examples) == pytest.approx(model.layers[0].W[0][1].data - started, rel=1e-9)
        ends.append(list(why.examples))
    assert ends[0] == pytest.approx(ends[1], rel=1e-9, abs=1e-15)
