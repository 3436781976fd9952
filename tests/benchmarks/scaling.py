"""How cost grows with width, lanes and depth; and what a first call takes.

What eager nodes take as they become more is the subject of `growth.py`.

Sides are sizes, and times are for each node, or each number of a lane.
"""

from __future__ import annotations

from tests.benchmarks.harness import Contest, Side


def network(sizes):
    """Return a recorded network with its inputs and parameters."""
    import nn
    from autograd import Value

    model = nn.MLP(sizes[0], list(sizes[1:]), activation="tanh", seed=0)
    inputs = [Value(0.5) for _ in range(sizes[0] + 1)]
    loss = nn.half_squared_error(model(inputs[:-1]), [inputs[-1]] * sizes[-1])
    return loss, inputs, model.parameters()


def passes(sizes, lanes):
    """Value and gradient of a network for many examples."""
    import numpy as np

    from autograd import Program

    loss, inputs, parameters = network(sizes)
    program = Program(loss, inputs=inputs, parameters=parameters)
    X = np.random.default_rng(0).normal(size=(lanes, len(inputs)))
    program(X)
    return (lambda times: [program(X) for _ in range(times)]), []


def first_call(kind, size):
    """Compile a recorded graph that nothing is known of, and call it."""
    import numpy as np

    from autograd import Program, Value, sin
    from autograd.program.plans import PLANS

    if kind == "regular":
        loss, inputs, parameters = network([size, size, 1])
    else:
        parameters, inputs = [Value(0.3), Value(0.2)], []
        loss = parameters[0]
        for k in range(size):
            loss = loss + parameters[1] * sin(loss) if k % 3 else loss * 0.99
    X = np.ones((1, len(inputs)))

    def run(times):
        for _ in range(times):
            PLANS.__init__()
            Program(loss, inputs=inputs, parameters=parameters)(X)

    return run, []


def contests():
    def curve(title, make, sizes, arguments, per, times=lambda n: 1):
        sides = [Side(str(n), f"scaling:{make}", arguments(n), times(n), per(n)) for n in sizes]
        return Contest(title, tuple(sides), "number", curve=title)

    widths = (8, 32, 128, 512)
    yield curve(
        "scaling width", "passes", widths, lambda n: ([n, n, 1], 32), lambda n: 32 * n * n,
        lambda n: max(1, 10_000_000 // (32 * n * n)),
    )  # fmt: skip
    lanes = (1, 10, 100, 1000, 10_000)
    yield curve(
        "scaling lanes", "passes", lanes, lambda n: ([16, 16, 1], n), lambda n: 289 * n,
        lambda n: max(1, 10_000_000 // (289 * n)),
    )  # fmt: skip
    depths = (2, 8, 32, 128)
    yield curve(
        "scaling depth", "passes", depths, lambda n: ([8] * n + [1], 32), lambda n: 2048 * n,
        lambda n: max(1, 10_000_000 // (2048 * n)),
    )  # fmt: skip
    for kind, sizes, per in (
        ("regular", (16, 64, 256), lambda n: n * n),
        ("serial", (1000, 10_000, 100_000), lambda n: 2 * n),
    ):
        arguments = lambda n, kind=kind: (kind, n)
        yield curve(f"scaling first call, {kind}", "first_call", sizes, arguments, per)
