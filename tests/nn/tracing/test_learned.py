"""Why a weight learned what it learned: parts that add up, and are those of a run in NumPy.

The NumPy run is a network of one tanh layer and a linear unit, written out by hand: it keeps
every example's gradient of every step, and applies each optimiser's formula to them one by one.
"""

from __future__ import annotations

import numpy as np
import pytest

from autograd import Value, exp, sign
from nn import MLP, SGD, Adam, AdamW, Optimizer, RMSprop, cosine, fit

M, EPOCHS, SIZE = 30, 4, 8
WEIGHT, BIAS = "layers.0.W[1][2]", "layers.1.b[0]"


@pytest.fixture
def data(rng):
    X = rng.normal(size=(M, 2))
    return X, X[:, 0] * X[:, 1]


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def model():
    return MLP(2, [3, 1], activation="tanh", seed=4)


def trained(data, optimizer, trace=(WEIGHT, BIAS), **options):
    net = model()
    options = {"epochs": EPOCHS, "batch_size": SIZE, "progress": False} | options
    optimizer = optimizer(net.parameters())
    return fit(net, *data, loss="half_squared_error", optimizer=optimizer, trace=trace, **options)


class ByHand:
    """The same training in NumPy; `gradients` of a step is (examples, parameters).

    `rate` is by what the learning rate is multiplied at a step; `norm` and `value` are limits.
    """

    def __init__(self, data, rate=lambda t: 1.0, norm=np.inf, value=np.inf):
        self.X, self.y = data
        self.rate, self.norm, self.value = rate, norm, value
        self.limited = False  # whether any step was
        state = model().state_dict()
        self.paths = list(state)
        self.shapes = [state[path].shape for path in self.paths]
        self.w = np.concatenate([state[path].ravel() for path in self.paths])

    def place(self, name):
        return {WEIGHT: 1 * 3 + 2, BIAS: 2 * 3 + 3 + 3}[name]

    def shares(self, rows):
        """Return each example's part of the mean gradient, limited as that is: in proportion."""
        g = np.zeros((M, len(self.w)))
        g[rows] = self.gradients(rows) / len(rows)
        before = g.copy()
        g *= min(1.0, self.norm / np.linalg.norm(g.sum(axis=0)))
        whole = g.sum(axis=0)
        g *= np.clip(whole, -self.value, self.value) / whole
        self.limited |= not np.allclose(g, before)
        return g

    def gradients(self, rows):
        parts, at = [], 0
        for shape in self.shapes:
            size = int(np.prod(shape))
            parts.append(self.w[at : at + size].reshape(shape))
            at += size
        W1, b1, W2, b2 = parts
        X, y = self.X[rows], self.y[rows]
        a = np.tanh(X @ W1 + b1)
        delta2 = (a @ W2 + b2)[:, 0] - y
        delta1 = delta2[:, None] * W2[:, 0] * (1 - a * a)
        dW1 = X[:, :, None] * delta1[:, None, :]
        dW2 = a * delta2[:, None]
        m = len(rows)
        return np.hstack([dW1.reshape(m, -1), delta1, dW2, delta2[:, None]])


def sgd(run, batches, lr=0.1, momentum=0.0, nesterov=False, decay=0.0):
    """Return each example's part of the change of every parameter, and that of the decay."""
    n = len(run.w)
    parts, velocity = np.zeros((M, n)), np.zeros((M, n))
    decayed, v_decay = np.zeros(n), np.zeros(n)
    for t, rows in enumerate(batches, 1):
        g, rate = run.shares(rows), lr * run.rate(t)
        velocity = momentum * velocity + g
        v_decay = momentum * v_decay + decay * run.w
        by = (g + momentum * velocity) if nesterov else velocity
        by_decay = (decay * run.w + momentum * v_decay) if nesterov else v_decay
        parts -= rate * by
        decayed -= rate * by_decay
        run.w = run.w - rate * (by.sum(axis=0) + by_decay)
    return parts, decayed


def adam(run, batches, lr=0.01, decoupled=0.0):
    """The same for Adam: the numerators divided, the denominators as they were."""
    n = len(run.w)
    parts, moment, v, decayed = np.zeros((M, n)), np.zeros((M, n)), np.zeros(n), np.zeros(n)
    for t, rows in enumerate(batches, 1):
        g, rate = run.shares(rows), lr * run.rate(t)
        moment = 0.9 * moment + 0.1 * g
        v = 0.999 * v + 0.001 * g.sum(axis=0) ** 2
        by = moment / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        parts -= rate * by
        decayed -= rate * decoupled * run.w
        run.w = run.w - rate * (by.sum(axis=0) + decoupled * run.w)
    return parts, decayed


def rmsprop(run, batches, lr=0.01):
    """The same for RMSprop."""
    n = len(run.w)
    parts, s = np.zeros((M, n)), np.zeros(n)
    for t, rows in enumerate(batches, 1):
        g, rate = run.shares(rows), lr * run.rate(t)
        s = 0.99 * s + 0.01 * g.sum(axis=0) ** 2
        by = g / (np.sqrt(s) + 1e-8)
        parts -= rate * by
        run.w = run.w - rate * by.sum(axis=0)
    return parts, np.zeros(n)


RUNS = {  # an optimiser of a rate and limits, and the same by hand
    "sgd": (lambda p, lr, **o: SGD(p, lr, **o), 0.1, sgd),
    "momentum": (
        lambda p, lr, **o: SGD(p, lr, 0.9, **o), 0.1, lambda *a: sgd(*a, momentum=0.9),
    ),
    "nesterov": (
        lambda p, lr, **o: SGD(p, lr, 0.9, nesterov=True, weight_decay=0.02, **o), 0.1,
        lambda *a: sgd(*a, momentum=0.9, nesterov=True, decay=0.02),
    ),
    "decay": (
        lambda p, lr, **o: SGD(p, lr, weight_decay=0.1, **o), 0.1, lambda *a: sgd(*a, decay=0.1),
    ),
    "adam": (lambda p, lr, **o: Adam(p, lr=lr, **o), 0.01, adam),
    "adamw": (
        lambda p, lr, **o: AdamW(p, lr=lr, weight_decay=0.1, **o), 0.01,
        lambda *a: adam(*a, decoupled=0.1),
    ),
    "rmsprop": (lambda p, lr, **o: RMSprop(p, lr=lr, **o), 0.01, rmsprop),
}  # fmt: skip
LIMITS = {  # for the optimiser, and by hand
    "nothing": ({}, {}),
    "a norm": ({"clip_norm": 0.2}, {"norm": 0.2}),
    "a value": ({"clip_value": 0.03}, {"value": 0.03}),
    "both": ({"clip_norm": 0.2, "clip_value": 0.03}, {"norm": 0.2, "value": 0.03}),
}


def agrees(name, data, compiled=True, size=SIZE, limits="nothing", falling=False):
    """Hold every example's part, and that of the decay, against the run by hand."""
    optimizer, lr, by_hand = RUNS[name]
    options, by_options = LIMITS[limits]
    rate = (lambda t: 1.0 / t**0.5) if falling else (lambda t: 1.0)
    schedule = (lambda t: lr / t**0.5) if falling else lr
    history = trained(
        data, lambda p: optimizer(p, schedule, **options), compiled=compiled, batch_size=size
    )
    run = ByHand(data, rate, **by_options)
    batches = [step.rows for step in history.trace.steps]
    first = -(-M // (size or M))
    assert sorted(k for rows in batches[:first] for k in rows) == list(range(M))
    parts, decayed = by_hand(run, batches)
    assert run.limited == (limits != "nothing")
    for weight in (WEIGHT, BIAS):
        why, k = history.why(weight), run.place(weight)
        assert why.after == pytest.approx(run.w[k], rel=1e-9)
        np.testing.assert_allclose(why.examples, parts[:, k], rtol=1e-8, atol=1e-12)
        assert why.decay == pytest.approx(decayed[k], rel=1e-8, abs=1e-15)
        assert sums(why) == pytest.approx(why.change, rel=1e-10, abs=1e-14)


@pytest.mark.parametrize("falling", [False, True], ids=["one rate", "a falling rate"])
@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "node by node"])
@pytest.mark.parametrize("name", RUNS)
def test_each_examples_part_is_that_of_a_run_in_numpy(name, compiled, limits, falling, data):
    agrees(name, data, compiled=compiled, limits=limits, falling=falling)


@pytest.mark.parametrize("size", [1, 7, None])
@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "node by node"])
@pytest.mark.parametrize("name", RUNS)
def test_so_it_is_with_batches_of_any_size(name, compiled, size, data):
    agrees(name, data, compiled=compiled, size=size, limits="both", falling=True)


OTHERS = {
    "a schedule": lambda p: SGD(p, lr=cosine(0.1, 0.0, steps=16)),
    "clipped norm": lambda p: SGD(p, lr=0.1, clip_norm=0.05),
    "clipped values": lambda p: SGD(p, lr=0.1, momentum=0.5, clip_value=0.01),
    "everything": lambda p: AdamW(p, lr=0.01, clip_norm=0.1, clip_value=0.05),
}


def sums(why):
    return why.examples.sum() + why.decay + why.earlier + why.outside


@pytest.mark.parametrize("size", [1, 7, None])
@pytest.mark.parametrize("name", OTHERS)
def test_parts_add_up_and_are_the_same_compiled_and_node_by_node(name, size, data):
    ways = [
        trained(data, OTHERS[name], compiled=compiled, batch_size=size).why(WEIGHT)
        for compiled in (True, False)
    ]
    for why in ways:
        assert sums(why) == pytest.approx(why.change, rel=1e-10, abs=1e-14)
        assert why.epochs.sum() + why.outside == pytest.approx(why.change, rel=1e-10, abs=1e-14)
    np.testing.assert_allclose(ways[0].examples, ways[1].examples, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("size", [1, None])
def test_a_norm_is_that_of_what_moves(size, data):
    """The gradients of a frozen layer would make it larger, and every step shorter."""
    ways, shares = [], []
    for compiled in (True, False):
        net = model()
        net.layers[0].freeze()
        rule = SGD(net.parameters(), lr=0.1, clip_norm=0.05)
        options = {"epochs": 2, "batch_size": size, "progress": False, "trace": BIAS}
        options |= {"loss": "half_squared_error", "optimizer": rule, "compiled": compiled}
        ways.append(fit(net, *data, **options).why(BIAS))
        rows = [np.array([p.data for p in net.layers[1].parameters()])]
        shares.append(rows)
        assert sums(ways[-1]) == pytest.approx(ways[-1].change, rel=1e-10)
    np.testing.assert_allclose(ways[0].examples, ways[1].examples, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(*shares, rtol=1e-12)
    if size is None:  # both steps are clipped: the way is as long as the rate says
        before = np.array([p.data for p in model().layers[1].parameters()])
        assert np.linalg.norm(shares[0][0] - before) == pytest.approx(2 * 0.1 * 0.05, rel=1e-3)


def test_a_clipped_gradient_is_divided_in_proportion(data):
    class Sign(Optimizer):
        def rule(self, w, g, state, step):
            return w - self.rate(step) * sign(g), state

    history = trained(data, lambda p: Sign(p, lr=0.01), epochs=1, batch_size=None)
    why, (step,) = history.why(WEIGHT), history.trace.steps
    g = step.gradients[:, 0]
    np.testing.assert_allclose(why.examples[step.rows], -0.01 * g / abs(g.sum()), rtol=1e-12)


def test_a_rule_that_is_not_linear_says_which_operation_is_in_the_way(data):
    class Odd(Optimizer):
        def rule(self, w, g, state, step):
            return w - 0.01 * exp(g), state

    with pytest.raises(ValueError, match=r"'exp' is not linear.*denominators"):
        trained(data, Odd).why(WEIGHT)


def test_a_rule_that_remembers_by_itself_is_not_repeated_in_silence(data):
    class Secret(Optimizer):
        calls = 0

        def rule(self, w, g, state, step):
            self.calls += 1
            return w - 0.001 * self.calls * g, state

    history = trained(data, Secret, compiled=False)
    with pytest.raises(ValueError, match="A rule must depend on its arguments alone"):
        history.why(WEIGHT)


def test_what_an_optimiser_brings_from_before_is_a_part_of_its_own(data):
    net = model()
    optimizer = SGD(net.parameters(), lr=0.05, momentum=0.9)
    options = {"loss": "half_squared_error", "optimizer": optimizer, "progress": False}
    fit(net, *data, epochs=2, **options)
    velocity = dict(zip(net.parameters(), optimizer.state, strict=True))
    leaf = dict(net.named_parameters())[WEIGHT]
    (v,) = velocity[leaf]
    why = fit(net, *data, epochs=1, batch_size=None, trace=leaf, **options).why(leaf)
    assert why.earlier == pytest.approx(-0.05 * 0.9 * v, rel=1e-12)
    assert sums(why) == pytest.approx(why.change, rel=1e-12)


def test_what_a_callback_does_is_a_part_of_its_own(data):
    def push(history, net):
        net.layers[0].W[1][2].data += 0.25

    why = trained(data, lambda p: SGD(p, lr=0.1), callbacks=[push]).why(WEIGHT)
    assert why.outside == pytest.approx(0.25 * (EPOCHS - 1), rel=1e-9)  # the last is after the end
    assert sums(why) == pytest.approx(why.change, rel=1e-10)


def test_in_float32_parts_add_up_to_its_rounding(data):
    why = trained(data, lambda p: Adam(p, lr=0.01), dtype="float32").why(WEIGHT)
    assert sums(why) == pytest.approx(why.change, rel=1e-5)


def test_a_frozen_weight_does_not_move(data):
    net = model()
    net.layers[0].freeze()
    history = fit(net, *data, loss="half_squared_error", epochs=2, progress=False, trace=True)
    why = history.why(WEIGHT)
    assert (why.change, why.examples.any()) == (0.0, False)
    assert history.why(BIAS).change != 0.0


@pytest.mark.parametrize("optimizer", [SGD, RMSprop, Adam, AdamW])
def test_a_weight_of_a_dead_unit_has_no_part_of_any_example(optimizer, data):
    """Its mean of squares is 0, where the root that a rule divides by has no derivative."""
    net = MLP(2, [3, 1], activation="relu", seed=4)
    net.layers[0].b[2].data = -100.0
    rule = optimizer(net.parameters(), lr=0.01)
    options = {"epochs": 2, "batch_size": SIZE, "progress": False, "trace": WEIGHT}
    why = fit(net, *data, loss="half_squared_error", optimizer=rule, **options).why(WEIGHT)
    assert not why.examples.any()
    assert sums(why) == pytest.approx(why.change, rel=1e-12)  # AdamW's decay alone
    assert (why.change != 0.0) == (optimizer is AdamW)


def test_classes_are_told_apart_where_the_loss_has_any(rng):
    X = rng.normal(size=(M, 2))
    y = (X[:, 0] > 0) + (X[:, 1] > 1).astype(int)
    net = MLP(2, [4, 3], activation="tanh", seed=0)
    history = fit(net, X, y, loss="cross_entropy", epochs=3, progress=False, trace=WEIGHT)
    why = history.why(WEIGHT)
    assert list(why.classes) == sorted(set(y.tolist()))
    assert sum(why.classes.values()) == pytest.approx(why.examples.sum(), rel=1e-12)
    assert why.classes[1] == pytest.approx(why.examples[y == 1].sum(), rel=1e-12)


def test_the_text_names_the_largest_parts_and_what_all_others_are(data):
    why = trained(data, lambda p: SGD(p, lr=0.1)).why(WEIGHT)
    first, by_example, by_epoch = why.text().splitlines()
    assert first.startswith("W1[1,2] went from ") and " in 16 steps: " in first
    assert by_example.split()[:2] == ["by", "example"] and "27 more" in by_example
    top = int(abs(why.examples).argmax())
    assert f"#{top}: " in by_example and by_epoch.startswith("by epoch")
    assert "<table>" in why.html() and why._repr_html_() == why.html()
    assert "given its denominators" in trained(data, Adam).why(WEIGHT).text()


def test_the_plot_has_a_bar_for_each_epoch(data):
    figure = trained(data, lambda p: SGD(p, lr=0.1)).why(WEIGHT).plot()
    assert len(figure.axes[0].patches) == EPOCHS


def test_a_failed_epoch_leaves_no_step_in_the_trace(data):
    X, y = data
    history = None

    def keep(found, net):
        nonlocal history
        history = found

    with pytest.raises(Exception, match="finite"):
        trained((X, y), lambda p: SGD(p, lr=1e200), callbacks=[keep], epochs=3)
    assert history is None


@pytest.mark.parametrize("wanted", ["layers.9.W[0][0]", [], [3.0], Value(1.0), ["W", "b"]])
def test_what_cannot_be_traced_is_named(wanted, data):
    with pytest.raises(ValueError, match=r"trace takes True, or"):
        trained(data, Adam, trace=wanted)


def test_a_weight_that_was_not_traced_is_an_error_with_the_way_out(data):
    with pytest.raises(ValueError, match=r"traced 'layers.0.W\[1\]\[2\]'.*trace="):
        trained(data, Adam, trace=WEIGHT).why(BIAS)
    with pytest.raises(ValueError, match=r"nothing was kept.*trace="):
        trained(data, Adam, trace=None).why(BIAS)


def test_a_trace_that_would_not_fit_says_how_large_it_is(data):
    with pytest.raises(ValueError, match=r"13 traced weights.* MiB; at most 512"):
        trained(data, Adam, trace=True, epochs=10**6)
