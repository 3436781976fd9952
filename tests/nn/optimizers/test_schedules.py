"""Schedules against their formulas in the steps done."""

import math

import pytest

import nn
from autograd import Value


def test_the_learning_rate_follows_its_schedule():
    w = Value(0.0)
    optimizer = nn.SGD([w], lr=nn.linear(1.0, 0.0, steps=4))
    visited = []
    for _ in range(6):
        before = w.data
        optimizer.update([-1.0])
        visited.append(w.data - before)
    assert visited == [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    optimizer.lr = 0.5
    optimizer.update([1.0])
    assert w.data == 2.0


SCHEDULES = {
    nn.linear(2.0, 1.0, 10): lambda t: 2.0 - min(t / 10, 1.0),
    nn.cosine(2.0, 1.0, 10): lambda t: 1.5 + 0.5 * math.cos(math.pi * min(t / 10, 1.0)),
    nn.exponential(2.0, 0.5): lambda t: 2.0 * 0.5**t,
    nn.stepwise(2.0, 0.1, (3, 6)): lambda t: 2.0 * 0.1 ** sum(t >= m for m in (3, 6)),
    nn.warmup(nn.exponential(2.0, 0.5), 4): lambda t: 2.0 * 0.5**t * min((t + 1) / 4, 1.0),
}


@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
def test_schedules_are_their_formulas_in_the_steps_done_and_can_be_recorded(schedule):
    for done in range(14):
        expected = SCHEDULES[schedule](done)
        assert schedule(done + 1) == pytest.approx(expected, rel=1e-14)
        assert schedule(Value(done + 1)).data == schedule(done + 1)
