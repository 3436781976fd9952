"""Calls of the public functions beside the work that they are there to start."""

from __future__ import annotations

from tests.benchmarks.harness import Contest, Side, spent
from tests.benchmarks.steps import CHECKED, TASKS

MODELS = {"2-16-16-1": "moons", "784-128-10": "mnist"}
TIMES = {"2-16-16-1": 500, "784-128-10": 50}
SIZES = (1000, 100_000)


def model_and_data(name):
    """Return a network with X and y, as the steps of long calls have them."""
    import numpy as np

    import nn

    sizes, m, classes, _ = TASKS[MODELS[name]]
    rng = np.random.default_rng(0)
    X = rng.normal(size=(m, sizes[0]))
    y = rng.integers(0, sizes[-1], m).astype(float) if classes else rng.normal(size=m)
    loss = nn.cross_entropy if classes else nn.half_squared_error
    return nn.MLP(sizes[0], list(sizes[1:]), activation="tanh", seed=0), X, y, loss


def training(name, kind, each):
    """A program that trains in calls of `each` steps; 0: all in one."""
    import numpy as np

    import nn
    from autograd import Program, Value

    model, X, y, loss = model_and_data(name)
    inputs = [Value(0.0) for _ in range(X.shape[1] + 1)]
    parameters = model.parameters()
    program = Program(loss(model(inputs[:-1]), inputs[-1]), inputs=inputs, parameters=parameters)
    rows, optimizer = np.column_stack([X, y]), nn.OPTIMIZERS[kind](parameters)

    def run(steps):
        if not each:
            return program.train(rows, optimizer, steps)
        return [program.train(rows, optimizer, each)[0] for _ in range(steps)]

    return run, run(CHECKED)


def epochs(name, kind, watched):
    """Further epochs of one batch in one `fit`, which a callback looks at or nobody."""
    import nn

    model, X, y, loss = model_and_data(name)
    optimizer = nn.OPTIMIZERS[kind](model.parameters())
    callbacks = [lambda history, model: False] if watched else []

    def losses(count):
        options = {"batch_size": None, "progress": False, "callbacks": callbacks}
        return nn.fit(model, X, y, loss=loss, optimizer=optimizer, epochs=count, **options).loss

    def run(count):
        start = spent()
        losses(2)
        first = spent()
        losses(2 + count)
        return spent() - first - (first - start)

    return run, losses(CHECKED)


def torch_steps(name, kind):
    """Steps of PyTorch, which makes one call of each anyway."""
    import torch

    import nn

    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    model, X, y, _ = model_and_data(name)
    parts = []
    for layer in model.layers:
        linear = torch.nn.Linear(layer.fan_in, layer.fan_out)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor([[w.data for w in n.w] for n in layer.neurons]))
            linear.bias.copy_(torch.tensor([b.data for b in layer.b]))
        parts += [linear, torch.nn.Tanh()]
    twin = torch.nn.Sequential(*parts[:-1])
    classes = TASKS[MODELS[name]][2]
    X, y = torch.tensor(X), torch.tensor(y).long() if classes else torch.tensor(y)[:, None]
    loss = torch.nn.CrossEntropyLoss() if classes else lambda a, y: 0.5 * ((a - y) ** 2).mean()
    rate = nn.OPTIMIZERS[kind](model.parameters()).lr
    optimizer = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[kind](twin.parameters(), lr=rate)

    def step():
        optimizer.zero_grad()
        cost = loss(twin(X), y)
        cost.backward()
        optimizer.step()
        return float(cost.detach())

    run = lambda steps: [step() for _ in range(steps)]
    return run, run(CHECKED)


def prediction(name, how, rows):
    """Outputs for many rows: by the forward pass alone, by `predict`, node by node."""
    import numpy as np

    import nn

    model, X, _, _ = model_and_data(name)
    X = np.random.default_rng(1).normal(size=(1000, X.shape[1]))
    model.predict(X)
    X = X[:rows]
    if how == "forward":
        from autograd import Program, Value

        inputs = [Value(0.0) for _ in range(X.shape[1])]
        outputs = model(inputs)
        root = nn.mean_squared_error(outputs, [0.0] * len(outputs))
        program = Program(root, inputs=inputs, parameters=model.parameters(), also=outputs)
        machine = program._machine
        machine.forward(X)
        check = program.forward(X, outputs)[0]
        return (lambda times: [machine.forward(X) for _ in range(times)]), check
    run = lambda times: [model.predict(X, exact=how == "exact") for _ in range(times)]
    return run, run(1)[0][0]


def squares(values):
    from autograd import total

    return 0.5 * total([x * x for x in values])


def function(size, how):
    """Value and gradient of an array, a list or two arrays: by a program, by `jit`, by JAX."""
    import numpy as np

    from autograd import Program, Value, jit

    x = np.random.default_rng(0).normal(size=size)
    if how == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
        compiled = jax.jit(jax.value_and_grad(lambda x: 0.5 * (x * x).sum()))
        call = lambda: jax.block_until_ready(compiled(x))
    elif how == "program":
        leaves = [Value(number) for number in x.tolist()]
        program, nothing = Program(squares(leaves), inputs=[], parameters=leaves), np.empty((1, 0))
        call = lambda: program(nothing)
    elif how == "jit of two":
        compiled, parts = jit(lambda a, b: squares([*a, *b])), np.split(x, 2)
        joined = lambda cost, slopes: (cost, slopes[0])
        call = lambda: joined(*compiled.value_and_grad(*parts, argnums=(0, 1)))
    else:
        compiled = jit(squares)
        given = x.tolist() if how == "jit of a list" else x
        call = lambda: compiled.value_and_grad(given)
    cost, gradient = call()
    return (lambda times: [call() for _ in range(times)]), [cost, *np.asarray(gradient)[:5]]


def warping(how):
    """Dynamic time warping of two series, which decides at every place: node by node, by `jit`."""
    import numpy as np

    from autograd import Value, jit

    def distance(a, b):
        before = [0.0] + [1e9] * len(b)
        for x in a:
            row = [1e9]
            for k, y in enumerate(b):
                row.append((x - y) ** 2 + min(before[k], before[k + 1], row[k]))
            before = row
        return before[-1]

    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 40)).tolist()
    compiled = jit(distance)
    nodes = list(map(Value, a)), list(map(Value, b))
    call = (lambda: compiled(a, b)) if how == "jit" else (lambda: distance(*nodes).data)
    return (lambda times: [call() for _ in range(times)]), [call()]


def contests():
    for name, times in TIMES.items():
        for kind in ("sgd", "adam"):
            sides = [Side("steps of one call", "calls:training", (name, kind, 0), times)]
            sides += [Side("calls of one step", "calls:training", (name, kind, 1), times)]
            sides += [Side("epochs of fit", "calls:epochs", (name, kind, False), 4 * times)]
            sides += [Side("fit with a callback", "calls:epochs", (name, kind, True), 4 * times)]
            sides += [Side("PyTorch", "calls:torch_steps", (name, kind), times)]
            yield Contest(f"call {name} {kind}", tuple(sides))
        for rows in (1000, 1):
            ways = ("forward", "predict", "exact")
            count = {1000: (20, 20, 1), 1: (500, 500, 50)}[rows]
            sides = [
                Side(how, "calls:prediction", (name, how, rows), n)
                for how, n in zip(ways, count, strict=True)
            ]
            yield Contest(f"predict {name} {rows} rows", tuple(sides), "call", 1e-12)
    for size in SIZES:
        sides = [
            Side(how, "calls:function", (size, how), 200_000 // size)
            for how in ("program", "jit", "jit of two", "jit of a list", "jax")
        ]
        yield Contest(f"value_and_grad of {size} entries", tuple(sides), "call", 1e-12)
    sides = [Side(how, "calls:warping", (how,), 20) for how in ("jit", "eager")]
    yield Contest("3 000 decisions", tuple(sides), "call", 1e-12)
