"""Steps that fail leave the model and the optimiser as they were."""

import numpy as np
import pytest

import nn
from autograd import AnomalyError, Program


def test_an_epoch_that_fails_for_a_reason_of_its_own_puts_the_optimiser_back(monkeypatch):
    X, y = np.linspace(-1, 1, 6)[:, None], np.ones(6)
    model = nn.MLP(1, [2, 1], "tanh", seed=1)
    adam = nn.Adam(model.parameters())
    options = {"loss": "huber", "optimizer": adam, "epochs": 1, "batch_size": 2}
    nn.fit(model, X, y, progress=False, **options)
    before = [p.data for p in model.parameters()], adam.state, adam.steps
    train = Program.train

    def broken(*args):
        train(*args)
        raise MemoryError

    monkeypatch.setattr(Program, "train", broken)
    with pytest.raises(MemoryError):
        nn.fit(model, X, y, progress=False, **options)
    assert ([p.data for p in model.parameters()], adam.state, adam.steps) == before


# --- epochs that nobody looks at -------------------------------------------------------------


def trained_alone(watched, optimizer=nn.Adam, compiled=True, **more):
    """Return history, parameters and state of a training, whose epochs a callback looks at."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(7, 2))
    model = nn.MLP(2, [3, 1], "tanh", seed=5)
    if more.pop("frozen", False):
        model.layers[0].freeze()
    rule = optimizer(model.parameters())
    options = {"loss": "half_squared_error", "optimizer": rule, "batch_size": None, "epochs": 50}
    options |= {"progress": False} | more
    options |= {"callbacks": [lambda history, model: False]} if watched else {}
    history = nn.fit(model, X, X[:, 0] * X[:, 1], compiled=compiled, **options)
    return history.columns, [p.data for p in model.parameters()], list(rule.state), rule.steps


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"progress": True},
        {"epochs": 1},
        {"compiled": False, "epochs": 5},
        {"frozen": True},
        {"batch_size": 7},
        {"batch_size": 3},
        {"dtype": "float32"},
        {"optimizer": lambda p: nn.SGD(p, momentum=0.9, clip_norm=0.1)},
        {"optimizer": lambda p: nn.SGD(p, lr=lambda step: 0.1 / step)},
        {"optimizer": lambda p: nn.SGD(p, lr=lambda step: 0.1 if step < 20 else 0.01)},
    ],
    ids=[
        "as it is", "a progress bar", "one epoch", "node by node", "frozen", "two batches",
        "many batches", "float32", "clipped", "scheduled", "stepwise",
    ],
)  # fmt: skip
def test_many_epochs_at_a_time_are_those_that_are_looked_at_one_by_one(more):
    assert trained_alone(False, **more) == trained_alone(True, **more)


def test_an_epoch_that_fails_among_many_is_named_as_if_it_were_alone():
    ends = []
    for watched in (False, True):
        model = nn.MLP(1, [1], seed=0)
        model.load_state_dict({"layers.0.W": [[1.0]], "layers.0.b": [0.0]})
        options = {"callbacks": [lambda history, model: False]} if watched else {}
        sgd = nn.SGD(model.parameters(), lr=1e3)
        with pytest.raises(AnomalyError) as caught:
            nn.fit(
                model, [[1.0]], [0.0], loss="half_squared_error", optimizer=sgd, epochs=1000,
                progress=False, **options,
            )  # fmt: skip
        ends.append((str(caught.value), sgd.steps, [p.data for p in model.parameters()]))
    assert ends[0] == ends[1]
    assert 10 < ends[0][1] < 1000
