"""Optimisers against independent NumPy implementations of the published updates."""

import math

import numpy as np
import pytest

import nn
from autograd import AnomalyError, Program, Value, gradients, total
from nn.optimizers import OPTIMIZERS, optimizer_for


def sgd(w, gradient, lr=0.1, momentum=0.0, nesterov=False, weight_decay=0.0, steps=25):
    v = np.zeros_like(w)
    for _ in range(steps):
        g = gradient(w) + weight_decay * w
        v = momentum * v + g
        w = w - lr * (g + momentum * v if nesterov else v)
    return w


def dampened(w, gradient, lr, momentum, dampening, steps=25):
    v = None
    for _ in range(steps):
        v = gradient(w) if v is None else momentum * v + (1 - dampening) * gradient(w)
        w = w - lr * v
    return w


def adagrad(w, gradient, lr=0.01, decay=0.0, start=0.0, epsilon=1e-10, steps=25):
    s = np.full_like(w, start)
    for t in range(steps):
        g = gradient(w)
        s = s + g**2
        w = w - lr / (1 + t * decay) * g / (np.sqrt(s) + epsilon)
    return w


def rmsprop(w, gradient, lr=0.01, alpha=0.99, epsilon=1e-8, weight_decay=0.0, steps=25):
    s = np.zeros_like(w)
    for _ in range(steps):
        g = gradient(w) + weight_decay * w
        s = alpha * s + (1 - alpha) * g**2
        w = w - lr * g / (np.sqrt(s) + epsilon)
    return w


def adam(
    w, gradient, lr=0.001, b1=0.9, b2=0.999, epsilon=1e-8, l2=0.0, decay=0.0, steps=25, top=False
):
    m, v, largest = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w)
    for t in range(1, steps + 1):
        g = gradient(w) + l2 * w
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        w = w * (1 - lr * decay)
        largest = np.maximum(largest, v) if top else v
        w = w - lr * (m / (1 - b1**t)) / (np.sqrt(largest / (1 - b2**t)) + epsilon)
    return w


START = np.array([1.0, -2.0, 0.5])
CASES = {
    "plain": (nn.SGD, {"lr": 0.1}, lambda w, g: sgd(w, g)),
    "momentum": (
        nn.SGD, {"lr": 0.05, "momentum": 0.9}, lambda w, g: sgd(w, g, 0.05, 0.9),
    ),
    "nesterov": (
        nn.SGD, {"lr": 0.05, "momentum": 0.9, "nesterov": True},
        lambda w, g: sgd(w, g, 0.05, 0.9, True),
    ),
    "penalty": (
        nn.SGD, {"lr": 0.05, "weight_decay": 0.1}, lambda w, g: sgd(w, g, 0.05, weight_decay=0.1),
    ),
    "dampening": (
        nn.SGD, {"lr": 0.05, "momentum": 0.9, "dampening": 0.3},
        lambda w, g: dampened(w, g, 0.05, 0.9, 0.3),
    ),
    "adagrad": (nn.Adagrad, {}, lambda w, g: adagrad(w, g)),
    "adagrad options": (
        nn.Adagrad, {"lr": 0.3, "lr_decay": 0.1, "start": 0.5, "epsilon": 1e-3},
        lambda w, g: adagrad(w, g, 0.3, 0.1, 0.5, 1e-3),
    ),
    "amsgrad": (
        nn.Adam, {"lr": 0.3, "beta2": 0.7, "amsgrad": True},
        lambda w, g: adam(w, g, 0.3, b2=0.7, top=True),
    ),
    "adamw amsgrad": (
        nn.AdamW, {"lr": 0.3, "beta2": 0.7, "amsgrad": True, "weight_decay": 0.1},
        lambda w, g: adam(w, g, 0.3, b2=0.7, decay=0.1, top=True),
    ),
    "rmsprop": (nn.RMSprop, {}, lambda w, g: rmsprop(w, g)),
    "rmsprop options": (
        nn.RMSprop, {"lr": 0.02, "alpha": 0.9, "epsilon": 1e-3, "weight_decay": 0.2},
        lambda w, g: rmsprop(w, g, 0.02, 0.9, 1e-3, 0.2),
    ),
    "adam": (nn.Adam, {}, lambda w, g: adam(w, g)),
    "adam options": (
        nn.Adam, {"lr": 0.1, "beta1": 0.8, "beta2": 0.9, "epsilon": 1e-4, "weight_decay": 0.3},
        lambda w, g: adam(w, g, 0.1, 0.8, 0.9, 1e-4, l2=0.3),
    ),
    "adamw": (nn.AdamW, {"lr": 0.1}, lambda w, g: adam(w, g, 0.1, decay=0.01)),
    "adamw options": (
        nn.AdamW, {"lr": 0.1, "weight_decay": 0.4}, lambda w, g: adam(w, g, 0.1, decay=0.4),
    ),
}  # fmt: skip


def bowl(w):
    """A cost whose gradient is 4w³ + 2(w - (1, 2, 3)): neither linear nor symmetric."""
    return total([x**4 + (x - k) ** 2 for k, x in enumerate(w, start=1)])


@pytest.mark.parametrize("name", CASES)
def test_updates_are_the_published_ones(name):
    make, options, published = CASES[name]
    w = [Value(x) for x in START]
    optimizer = make(w, **options)
    for _ in range(25):
        optimizer.zero_grad()
        bowl(w).backward()
        optimizer.step()
    expected = published(START, lambda x: 4 * x**3 + 2 * (x - np.array([1, 2, 3])))
    np.testing.assert_allclose([x.data for x in w], expected, rtol=1e-12)
    assert optimizer.steps == 25


@pytest.mark.parametrize("name", CASES)
def test_a_rule_recorded_as_a_graph_gives_the_same_numbers(name):
    make, options, _ = CASES[name]
    optimizer = make([Value(0.7)], **options)
    numbers = (0.7, -0.3, tuple(0.25 + k for k in range(optimizer.slots)), 3)
    w, g, state, step = numbers
    recorded, slots = optimizer.rule(Value(w), Value(g), tuple(map(Value, state)), Value(step))
    expected, expected_slots = optimizer.rule(*numbers)
    assert recorded.data == expected
    assert [s.data for s in slots] == list(expected_slots)


def test_a_recorded_rule_has_derivatives():
    g = Value(0.5)
    w, _ = nn.SGD([Value(1.0)], lr=0.1).rule(Value(1.0), g, (), 1)
    assert gradients(w, [g]) == [-0.1]


def test_clipping_by_norm_keeps_the_direction_and_by_value_each_bound():
    w = [Value(0.0), Value(0.0)]
    nn.SGD(w, lr=1.0, clip_norm=1.0).update([3.0, 4.0])
    assert [x.data for x in w] == [-0.6000000000000001, -0.8]
    w = [Value(0.0), Value(0.0)]
    nn.SGD(w, lr=1.0, clip_norm=10.0).update([3.0, 4.0])
    assert [x.data for x in w] == [-3.0, -4.0]
    w = [Value(0.0), Value(0.0)]
    nn.SGD(w, lr=1.0, clip_value=0.5).update([3.0, -0.25])
    assert [x.data for x in w] == [-0.5, 0.25]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimiser_goes_down_a_quadratic_and_compiled_as_node_by_node(name):
    def cost(w):
        return total([k * (x - k) ** 2 for k, x in enumerate(w, start=1)])

    by_node, in_program = ([Value(x) for x in START] for _ in range(2))
    optimizer, twin = (optimizer_for(name, w, lr=0.01) for w in (by_node, in_program))
    costs = []
    for _ in range(25):
        costs.append(cost(by_node).data)
        optimizer.zero_grad()
        cost(by_node).backward()
        optimizer.step()
    assert cost(by_node).data < costs[0]
    program = Program(cost(in_program), inputs=[], parameters=in_program)
    np.testing.assert_allclose(program.train([[]], twin, 25), costs, rtol=1e-12)
    program.store_parameters()
    assert [x.data for x in in_program] == pytest.approx([x.data for x in by_node], rel=1e-12)
    np.testing.assert_allclose(twin.state, optimizer.state, rtol=1e-12)


@pytest.mark.parametrize("kind", OPTIMIZERS.values())
def test_an_optimiser_is_found_by_the_name_of_its_class_in_any_case(kind):
    for name in (kind.__name__, kind.__name__.lower(), kind):
        assert type(optimizer_for(name, [Value(1.0)])) is kind


def test_sgd_takes_its_hyper_parameters_by_position():
    w = Value(1.0)
    nn.SGD([w], 0.1, 0.9, True, 0.5).update([2.0])
    assert w.data == pytest.approx(1.0 - 0.1 * (1.0 + 0.9) * (2.0 + 0.5 * 1.0), rel=1e-15)


def test_zero_gradients_are_left_alone_by_clipping():
    w = [Value(1.0)]
    nn.SGD(w, clip_norm=1.0).update([0.0])
    assert w[0].data == 1.0


WRONG_RULES = {
    "nothing": lambda w, g, state, step: None,
    "w alone": lambda w, g, state, step: w - g,
    "a state that is a number": lambda w, g, state, step: (w - g, g),
    "too little state": lambda w, g, state, step: (w - g, ()),
    "too much state": lambda w, g, state, step: (w - g, (g, g)),
    "text": lambda w, g, state, step: ("w", (g,)),
}


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("rule", WRONG_RULES.values(), ids=WRONG_RULES)
def test_a_rule_that_returns_something_else_is_refused_in_words_and_changes_nothing(rule, compiled):
    class Wrong(nn.Optimizer):
        slots = 1

        def rule(self, w, g, state, step):
            return rule(w, g, state, step)

    model = nn.MLP(1, [1], seed=1)
    optimizer, before = Wrong(model.parameters()), [p.data for p in model.parameters()]
    with pytest.raises(TypeError, match=r"returns \(w, state\), .* of the 1 numbers .*; got "):
        nn.fit(model, [[1.0]], [2.0], loss="huber", optimizer=optimizer, epochs=1,
               progress=False, compiled=compiled)  # fmt: skip
    assert [p.data for p in model.parameters()] == before and optimizer.steps == 0


@pytest.mark.parametrize("gradient", [math.nan, math.inf])
def test_a_step_that_would_leave_the_reals_changes_nothing(gradient):
    w = [Value(1.0, "first"), Value(2.0, "second")]
    optimizer = nn.Adam(w)
    optimizer.update([1.0, 1.0])
    before = [x.data for x in w], optimizer.state, optimizer.steps
    with pytest.raises(AnomalyError, match=r"parameter 'second'.*Nothing was changed"):
        optimizer.update([1.0, gradient])
    assert ([x.data for x in w], optimizer.state, optimizer.steps) == before


def test_too_few_gradients_change_nothing():
    w = [Value(1.0), Value(2.0)]
    with pytest.raises(ValueError, match="shorter"):
        nn.SGD(w).update([1.0])
    assert [x.data for x in w] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.SGD([]), ValueError, "at least one parameter"),
        (lambda: nn.SGD([1.0]), ValueError, "must be leaves; got 1.0"),
        (lambda: nn.Adam(lr=0.01), ValueError, r"at least one.*Pass model\.parameters\(\) first"),
        (lambda: nn.SGD(lr=0.01), ValueError, r"at least one.*Pass model\.parameters\(\) first"),
        (lambda: nn.Adam(nn.MLP(2, [1])), ValueError, r"got MLP\(2 → 1.*Add \.parameters\(\)"),
        (
            lambda: nn.SGD([Value(1.0), Value(1.0) * 2]),
            ValueError,
            r"must be leaves; got Value\(data=2.0",
        ),
        (lambda: nn.SGD([(Value(1.0) + 2).parents[1]]), ValueError, "must be leaves"),
        (lambda: nn.SGD([Value(1.0)] * 2), ValueError, "got 2, of which 1 are different"),
        (lambda: nn.SGD([Value(1.0)], lr=-1.0), ValueError, "lr must lie in 0 <= lr"),
        (lambda: nn.SGD([Value(1.0)], lr=math.nan), ValueError, "got nan"),
        (lambda: nn.SGD([Value(1.0)], lr="0.1"), ValueError, "got '0.1'"),
        (lambda: nn.SGD([Value(1.0)], momentum=1.0), ValueError, "momentum"),
        (lambda: nn.SGD([Value(1.0)], nesterov=True), ValueError, "momentum above 0"),
        (lambda: nn.Adam([Value(1.0)], beta2=1.5), ValueError, "beta2"),
        (lambda: nn.Adam([Value(1.0)], clip_norm=-1.0), ValueError, "clip_norm"),
        (lambda: optimizer_for("no such", [Value(1.0)]), ValueError, "adam, .*got 'no such'"),
    ],
)
def test_what_an_optimiser_cannot_use_is_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()


# 25 steps down `bowl` from START, as torch.optim 2.13 takes them in float64.
BY_TORCH = {
    "dampening": (
        lambda w: nn.SGD(w, 0.05, 0.9, dampening=0.3, weight_decay=0.1),
        [0.693996444674597, -0.5584641766843758, 0.8687729504533082],
    ),
    "adagrad": (
        lambda w: nn.Adagrad(w, 0.3, lr_decay=0.1, weight_decay=0.2, start=0.5, epsilon=1e-3),
        [0.5712312643492196, -0.8713261784577496, 0.9857440912079237],
    ),
    "amsgrad": (
        lambda w: nn.Adam(w, 0.3, 0.9, 0.7, amsgrad=True),
        [0.5051023437828829, 1.0742432770589714, 0.9314617457720414],
    ),
    "adamw amsgrad": (
        lambda w: nn.AdamW(w, 0.3, 0.9, 0.7, weight_decay=0.1, amsgrad=True),
        [0.5064479517561458, 0.8680917541392094, 0.934894757621603],
    ),
}


@pytest.mark.parametrize("compiled", ["numpy", "native", False])
@pytest.mark.parametrize("name", BY_TORCH)
def test_steps_are_those_of_pytorch(name, compiled):
    make, expected = BY_TORCH[name]
    w = [Value(x) for x in START]
    optimizer = make(w)
    if compiled:
        program = Program(bowl(w), inputs=[], parameters=w, executor=compiled)
        program.train(np.empty((1, 0)), optimizer, 25)
        program.store_parameters()
    for _ in range(0 if compiled else 25):
        optimizer.update(gradients(bowl(w), w))
    assert [x.data for x in w] == pytest.approx(expected, rel=1e-12)


def test_dampening_without_a_plain_momentum_is_refused():
    for options in ({}, {"momentum": 0.9, "nesterov": True}):
        with pytest.raises(ValueError, match=r"dampening needs a momentum above 0, without nest"):
            nn.SGD([Value(1.0)], dampening=0.5, **options)
    with pytest.raises(ValueError, match=r"0 <= start"):
        nn.Adagrad([Value(1.0)], start=-1.0)
    assert nn.optimizers.optimizer_for("Adagrad", [Value(1.0)]).lr == 0.01
