"""Compare calls of the public functions with the work they are there to start.

    python tests/benchmarks/calls.py [--rounds 15]

A call of `Program.train` for one step, and a further epoch of one batch in `fit`, beside a step
inside a call of many. `jit(f).value_and_grad` and `predict` beside the passes of the program that
they come down to. Times are of this process alone (`time.process_time`), the least of the rounds;
ratios are to the work itself.
"""

from __future__ import annotations

import argparse
import os
import time

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

MODELS = {  # sizes, examples, steps in a call of many
    "337 parameters": ((2, 16, 16, 1), 100, 500),
    "101 770 parameters": ((784, 128, 10), 32, 50),
}


def least(run, times, rounds):
    """Return the microseconds of one of `times` runs, the least of the rounds."""
    found = []
    for _ in range(rounds + 1):
        start = time.process_time()
        for _ in range(times):
            run()
        found.append(1e6 * (time.process_time() - start) / times)
    return min(found[1:])


def beside(name, call, work):
    ratio, more = call / work, call - work
    print(f"  {name:<34} {call:10.1f} µs   {work:10.1f} µs   {ratio:7.2f} ×   {more:+10.1f} µs")


def data(sizes, m):
    import numpy as np

    rng = np.random.default_rng(0)
    X = rng.normal(size=(m, sizes[0]))
    classes = sizes[-1] > 1
    return X, rng.integers(0, sizes[-1], m).astype(float) if classes else rng.normal(size=m)


def trainings(name, optimizer, rounds):
    """Calls of one step of an optimiser, and further epochs, beside the step."""
    import numpy as np

    import nn
    from autograd import Program, Value

    sizes, m, many = MODELS[name]
    X, y = data(sizes, m)
    kind = nn.OPTIMIZERS[optimizer.lower()]
    loss = nn.cross_entropy if sizes[-1] > 1 else nn.half_squared_error
    rows = np.column_stack([X, y])
    model = nn.MLP(sizes[0], list(sizes[1:]), activation="tanh", seed=0)
    inputs, parameters = [Value(0.0) for _ in range(sizes[0] + 1)], model.parameters()
    root = loss(model(inputs[:-1]), inputs[-1])
    program, optimizer = Program(root, inputs=inputs, parameters=parameters), kind(parameters)
    work = least(lambda: program.train(rows, optimizer, many), 1, rounds) / many
    call = least(lambda: program.train(rows, optimizer, 1), many // 10, rounds)
    beside(f"{optimizer.__class__.__name__}: train, one step", call, work)
    beside(f"{kind.__name__}: fit, one more epoch", further_epoch(model, X, y, loss, kind), work)


def further_epoch(model, X, y, loss, kind, epochs=300):
    """Return the microseconds of an epoch of one batch, without those before the first."""
    import nn

    took = []
    for n in (2, 2 + epochs, 2, 2 + epochs):
        optimizer, start = kind(model.parameters()), time.process_time()
        nn.fit(
            model, X, y, loss=loss, optimizer=optimizer, epochs=n, batch_size=None, progress=False
        )
        took.append(1e6 * (time.process_time() - start))
    return min(took[1] - took[0], took[3] - took[2]) / epochs


def functions(size, rounds):
    """A compiled function of an array beside its program."""
    import numpy as np

    from autograd import Program, Value, jit, total

    def f(values):
        return 0.5 * total([x * x for x in values])

    x, leaves = np.random.default_rng(0).normal(size=size), [Value(0.5) for _ in range(size)]
    program, nothing = Program(f(leaves), inputs=[], parameters=leaves), np.empty((1, 0))
    times = max(1, 20_000 // size)
    work = least(lambda: program(nothing), times, rounds)
    compiled = jit(f)
    compiled(x)
    beside(
        f"value_and_grad of {size} entries",
        least(lambda: compiled.value_and_grad(x), times, rounds),
        work,
    )


def predictions(name, rounds):
    """`predict` of 1000 rows beside the forward pass of a program."""
    import nn
    from autograd import Program, Value

    sizes = MODELS[name][0]
    X, _ = data(sizes, 1000)
    model = nn.MLP(sizes[0], list(sizes[1:]), activation="tanh", seed=0)
    inputs = [Value(0.0) for _ in range(sizes[0])]
    outputs = model(inputs)
    program = Program(sum(outputs), inputs=inputs, parameters=model.parameters(), also=outputs)
    work = least(lambda: program(X), 1, rounds)
    beside("predict, 1000 rows (to a call)", least(lambda: model.predict(X), 1, 2), work)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    print(f"  {'':<34} {'call':>13}   {'work':>13}")
    for name in MODELS:
        print(name)
        for kind in ("SGD", "Adam"):
            trainings(name, kind, rounds)
        predictions(name, rounds)
    print("jit")
    for size in (1000, 100_000):
        functions(size, rounds)


if __name__ == "__main__":
    main()
