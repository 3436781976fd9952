"""What a drawing needs of a probe: the plain numbers of its network, and who is who."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nn.data import checked_pair
from nn.freezing import frozen
from nn.losses import loss_function
from nn.probing.examples import examples_of, layers_of
from nn.probing.graph import Activity, forward, label
from nn.probing.replay import TAKES_NUMBERS
from nn.probing.run import Run
from nn.recording import recorded

if TYPE_CHECKING:
    from autograd import Value
    from autograd.drawing import NetworkPicture


def batch_picture(model: Any, X: Any, y: Any, loss: Any) -> NetworkPicture:
    """Return the weights of `model` and the gradients of the mean cost, ready to be drawn.

    They are those of `probe(model, X, y, loss).picture()`, after the checks of data that `fit`
    makes. X is (m, n), and y (m,) or (m, k); `loss` is a name or a function of (outputs, target).

    Raises TypeError for another kind of model, ValueError for data that does not fit it.

    >>> from autograd import draw
    >>> from nn import MLP, batch_picture
    >>> picture = batch_picture(MLP(2, [3, 1]), [[1, 2], [0, 3]], [1, 0], "half_squared_error")
    >>> draw(picture)
    Drawing(neuron, network 2→3→1)
    """
    layers_of(model)  # refuses another kind before it is run
    X, y = checked_pair("", model, (X, y), loss_function(loss))
    return network_picture(Run(examples_of(model, X, y, loss)))


def network_picture(run: Run) -> NetworkPicture:
    """Return the numbers of one example; over a batch z, a and δ are means over the examples."""
    from autograd.drawing import LayerPicture, NetworkPicture

    def shown(rows: Any) -> Any:
        return rows.mean(axis=0) if run.batch else rows

    layers = []
    for layer in run.layers:
        unit = {"z": shown(layer.z), "a": shown(layer.a), "delta": shown(layer.delta)}
        if not run.batch and layer.slope.ndim == 1:
            unit |= {"slope": layer.slope, "da": layer.da}
        known = {"W": layer.W, "b": layer.b, "dW": layer.dW, "db": layer.db}
        layers.append(LayerPicture(activation=layer.activation, **unit, **known))
    return NetworkPicture(shown(run.layers[0].inputs), layers, run.C, run.cost, run.m)


def live_graph(run: Run) -> dict[str, Any] | None:
    """Return the graph of one example whose inputs and target are leaves, and all examples.

    None where they are not all numbers, or the model branches on them.
    """
    tables = run.examples.tables()
    if tables is None:
        return None
    layers: list[Activity] = []

    def model(inputs: list[Value]) -> list[Value]:
        layers.extend(forward(run.examples.layers, inputs))
        return layers[-1].a

    try:
        one = recorded(model, *tables, run.examples.loss)
    except TAKES_NUMBERS:
        return None
    for leaf in layers[0].inputs:
        leaf.label = ""  # to be called as pictures do, not as programs
    label(layers)
    one.c.label = one.c.label or ("C" if run.batch else "c")
    units = [list(zip(layer.z, layer.a, strict=True)) for layer in layers]
    rows = [[*x, *y] for x, y in zip(*(t.reshape(run.m, -1).tolist() for t in tables), strict=True)]
    still = frozen()
    return {
        "root": one.c, "inputs": one.leaves, "parameters": run.examples.parameters_in_order,
        "held": [p for p in run.examples.parameters if p in still],
        "units": units, "groups": _groups(run, units), "examples": (one.leaves, rows),
    }  # fmt: skip


def drawing_options(run: Run) -> dict[str, Any]:
    """Return which Values are inputs, parameters and units, and the cluster of each unit."""
    parameters = run.examples.parameters_in_order
    if run.batch:
        inputs = [x for example in run.layers[0].nodes.inputs for x in example]
        return {"parameters": parameters, "inputs": inputs}
    units = [list(zip(layer.nodes.z, layer.nodes.a, strict=True)) for layer in run.layers]
    inputs, groups = run.layers[0].nodes.inputs, _groups(run, units)
    return {"parameters": parameters, "inputs": inputs, "groups": groups, "units": units}


def _groups(run: Run, units: list[list[tuple[Value, Value]]]) -> dict[Value, tuple[str, str]]:
    """Return the cluster of the nodes of each unit."""
    groups: dict[Value, tuple[str, str]] = {}
    for layer, pairs in zip(run.layers, units, strict=True):
        for j, pair in enumerate(pairs):
            groups |= dict.fromkeys(pair, (layer.title, f"unit {j}"))
    return groups
