"""Networks of every activation under every loss: every node, every lane, every executor."""

from random import Random

import numpy as np
import pytest

from autograd import Value
from autograd.program import Program
from autograd.program.executors import native
from nn import MLP
from nn.activations import ACTIVATIONS
from nn.losses import LOSSES, binary_cross_entropy, cross_entropy, hinge
from tests.program import zoo
from tests.program.reference import assert_follows, reference

TARGETS = {  # of a row of two normal numbers
    cross_entropy: lambda noise: (noise[:, :1] > 0) * 1.0,
    binary_cross_entropy: lambda noise: (noise[:, :1] > 0) * 1.0,
    hinge: lambda noise: np.sign(noise[:, :1]),
}
ONE_OUTPUT = (binary_cross_entropy, hinge)
LANES = (33, 1, 7, 2)


def network(g, loss):
    """A 3-5-4-2 network (one output for losses of a score) under a loss, and its rows.

    All numbers are those of single precision, so that both precisions see the same ones.
    """
    model = MLP(3, [5, 4, 1 if loss in ONE_OUTPUT else 2], g, seed=1)
    rng = Random(2)
    for leaf in model.parameters():
        leaf.data = float(np.float32(leaf.data + rng.gauss(0.0, 0.3)))
    noise = np.random.default_rng(3).normal(size=(max(LANES), 5))
    targets = TARGETS.get(loss, lambda noise: noise)(noise[:, 3:])
    rows = np.column_stack([noise[:, :3], targets]).astype(np.float32).astype(float)
    inputs = [Value(x) for x in rows[0]]
    y = inputs[3:] if loss not in TARGETS else inputs[3]
    return loss(model(inputs[:3]), y), inputs, model.parameters(), rows


def programs(loss, inputs, parameters, monkeypatch, **options):
    """One program for each way to run it: NumPy, C, and C scalar by scalar."""
    options = dict(inputs=inputs, parameters=parameters, **options)
    yield Program(loss, executor="numpy", **options)
    if native.available():
        yield Program(loss, executor="native", **options)
        with monkeypatch.context() as patch:
            zoo.run_as_tapes(patch)
            yield Program(loss, **options)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("g", ACTIVATIONS)
def test_every_node_of_a_network_equals_the_engine(g, loss, monkeypatch):
    c, inputs, parameters, rows = network(g, loss)
    expected = reference(c, inputs, rows)
    for program in programs(c, inputs, parameters, monkeypatch):
        for m in LANES:
            assert_follows(program, expected, rows[:m])
    for program in programs(c, inputs, parameters, monkeypatch, dtype="float32"):
        assert_follows(program, expected, rows[:7], relative=1e-5, rounding=1e-6)
