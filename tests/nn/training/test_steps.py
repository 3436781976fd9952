"""Steps that fail leave the model and the optimiser as they were."""

import numpy as np
import pytest

import nn
from autograd import Program


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
