"""Rules whose numbers depend on the step, for parameters that do not lie side by side."""

import numpy as np
import pytest

import nn
from autograd import Program, Value, dot, tanh

MOVED = ([0, 1, 2, 3, 4, 5], [1, 2, 3], [0, 2, 4], [0, 1, 3, 5], [5, 0, 3])  # out of order too
RULES = {
    "Adam": lambda leaves: nn.Adam(leaves, lr=0.1),
    "AMSGrad": lambda leaves: nn.Adam(leaves, lr=0.1, amsgrad=True),
    "AdamW": lambda leaves: nn.AdamW(leaves, lr=0.1, weight_decay=0.1),
    "RMSprop": lambda leaves: nn.RMSprop(leaves, lr=0.1),
    "scheduled momentum": lambda leaves: nn.SGD(leaves, lr=nn.linear(0.1, 0.01, 10), momentum=0.9),
    "clipped": lambda leaves: nn.Adam(leaves, lr=0.1, clip_norm=0.01),
}
ROWS = np.random.default_rng(0).normal(size=(4, 6))


def cost(w, x):
    return (tanh(dot(w, x)) - 1.0) ** 2


def by_the_engine(moved, make, steps):
    """Return the parameters after steps of the optimiser's own, node by node."""
    w = [Value(0.1 * k + 0.3) for k in range(6)]
    optimizer = make([w[k] for k in moved])
    for _ in range(steps):
        for leaf in w:
            leaf.grad = 0.0
        for row in ROWS:
            (cost(w, row.tolist()) * 0.25).backward()
        optimizer.step()
    return [leaf.data for leaf in w]


@pytest.mark.parametrize("calls", [(1, 1, 1, 1), (4,), (1, 3)], ids=["one by one", "four", "both"])
@pytest.mark.parametrize("moved", MOVED, ids=lambda places: "".join(map(str, places)))
@pytest.mark.parametrize("rule", RULES)
def test_steps_of_some_parameters_are_those_of_the_optimiser(rule, moved, calls):
    w, x = [Value(0.1 * k + 0.3) for k in range(6)], [Value(0.0) for _ in range(6)]
    program = Program(cost(w, x), inputs=x, parameters=w, executor="native")
    optimizer = RULES[rule]([w[k] for k in moved])
    for steps in calls:
        program.train(ROWS, optimizer, steps)
    program.store_parameters()
    expected = by_the_engine(moved, RULES[rule], sum(calls))
    np.testing.assert_allclose([leaf.data for leaf in w], expected, rtol=1e-13)
