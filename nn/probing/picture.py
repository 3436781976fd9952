"""What a drawing needs of a probe: the plain numbers of its network, and who is who."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograd import Value
    from autograd.drawing import NetworkPicture
    from nn.probing.probing import Probe


def network_picture(probe: Probe) -> NetworkPicture:
    """Return the numbers of one example; over a batch of m weights and summed gradients alone."""
    from autograd.drawing import LayerPicture, NetworkPicture

    m = probe.m
    layers = []
    for layer in probe.layers:
        unit = {} if probe.batch else {"z": layer.z, "a": layer.a, "delta": layer.delta}
        if not probe.batch and layer.slope.ndim == 1:
            unit |= {"slope": layer.slope, "da": layer.da}
        sums = {"W": layer.W, "b": layer.b, "dW": m * layer.dW, "db": m * layer.db}
        layers.append(LayerPicture(activation=layer.activation, **unit, **sums))
    inputs = None if probe.batch else probe.layers[0].inputs
    return NetworkPicture(inputs, layers, probe.C, probe.cost, m)


def drawing_options(probe: Probe) -> dict[str, Any]:
    """Return which Values are inputs, parameters and units, and the cluster of each unit."""
    parameters = [
        w for layer in probe.layers for row in (*layer.nodes.W, layer.nodes.b) for w in row
    ]
    if probe.batch:
        inputs = [x for example in probe.layers[0].nodes.inputs for x in example]
        return {"parameters": parameters, "inputs": inputs}
    groups: dict[Value, tuple[str, str]] = {}
    for layer in probe.layers:
        fan_in, fan_out = layer.W.shape
        heading = f"layer {layer.number} · {fan_in}→{fan_out} · {layer.activation}"
        for j, pair in enumerate(zip(layer.nodes.z, layer.nodes.a, strict=True)):
            groups |= dict.fromkeys(pair, (heading, f"unit {j}"))
    return {
        "parameters": parameters,
        "inputs": probe.layers[0].nodes.inputs,
        "groups": groups,
        "units": [list(zip(layer.nodes.z, layer.nodes.a, strict=True)) for layer in probe.layers],
    }
