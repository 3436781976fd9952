"""What a page holds: its views as SVG, and the numbers and names that its script works with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from autograd.drawing.colours import SHADES, Theme, clean
from autograd.drawing.graph.boxes import arrangement, boxes_svg, size
from autograd.drawing.graph.picture import GraphPicture, reference
from autograd.drawing.levels import LABELLED
from autograd.drawing.network.layers import layers_svg
from autograd.drawing.network.neurons import neurons_svg
from autograd.drawing.network.picture import NetworkPicture
from autograd.drawing.page.folds import folds_of
from autograd.drawing.page.formulas import partial_formulas, slope_formula
from autograd.drawing.page.literals import entry
from autograd.drawing.page.steps import Steps, backward_steps
from autograd.drawing.page.tape import Tape, edges_of, name_place
from autograd.drawing.subject import Subject
from autograd.drawing.svg import FONT
from autograd.engine import Value

COLOURS = [field.name for field in fields(Theme) if field.name not in ("name", "scale", "inks")]
FOCUSED_FROM = 9  # units in a layer: a view then shows one of them at a time
FOCUS = f'<svg viewBox="0 0 940 600" role="img" font-family="{FONT}"></svg>'
WINDOW = (1060.0, 700.0)
VARIABLES = Theme(
    name="page",
    scale=tuple(f"var(--r{k})" for k in range(2 * SHADES + 1)),
    inks=tuple(f"var(--k{k})" for k in range(2 * SHADES + 1)),
    **{name: f"var(--{name})" for name in COLOURS},
)


@dataclass(frozen=True)
class Content:
    """The views as SVG, the data of the script, and the rules of its arithmetic."""

    views: dict[str, str]
    data: dict[str, Any]
    rules: str

    @property
    def summary(self) -> str:
        """The sizes, as the repr says them."""
        parts = []
        if self.data["boxes"]:
            steps = len(self.data["operations"])
            parts = [f"{len(self.data['boxes'])} nodes", f"{steps} step{'s' * (steps != 1)}"]
        if self.data["units"]:
            parts.append(f"{len(self.data['units'])} units")
        return ", ".join(parts)


def content_of(
    subject: Subject, expression: GraphPicture | None, tape: Tape | None, *, by_neuron: bool
) -> Content:
    """Return the views, the data and the rules of a page."""
    network = subject.network
    views: dict[str, str] = {}
    data: dict[str, Any] = {"boxes": [], "edges": [], "operations": [], "units": [], "folds": []}
    steps = Steps([], {}, {})
    if expression is not None:
        ys = [y for _, y in arrangement(expression).centres]
        steps = backward_steps(expression, ys, subject.units)
        labels = len(expression.boxes) <= LABELLED
        way = max(("LR", "TB"), key=lambda way: _scale(expression, way, labels))
        views["expression"] = boxes_svg(expression, VARIABLES, rankdir=way, labels=labels)
        data |= _graph_data(expression, steps, tape) | _code_data(expression, subject)
    if network is not None:
        if by_neuron:
            views["neurons"] = neurons_svg(network, VARIABLES)
        views["layers"] = layers_svg(network, VARIABLES)
        if max(network.sizes) >= FOCUSED_FROM:
            views["focus"] = FOCUS
        data["units"] = list(_unit_data(network, steps))
        data["network"] = _network_data(network)
    if tape is not None and expression is not None:
        _name_leaves(expression, tape)
    data["tape"] = None if tape is None else tape.data
    if tape is not None and network is not None:
        data["places"] = _places(subject, network, tape)
        data["film"] = subject.film if data["places"] else None
    data["title"] = _title(expression, network)
    return Content(views, data, "const rules = [];\n" if tape is None else tape.script)


def _name_leaves(expression: GraphPicture, tape: Tape) -> None:
    """Call leaves without a label as their boxes do, so that they can be changed too."""
    names = tape.data["names"]
    for box, value in zip(expression.boxes, expression.values, strict=True):
        place = tape.places.get(value)
        leaf = box.kind in ("input", "parameter")
        if leaf and place is not None and place not in names.values():
            name_place(names, box.name, place)


def _scale(expression: GraphPicture, rankdir: str, labels: bool) -> float:
    """Return how large a graph is in a usual window when it runs in this direction."""
    place = arrangement(expression, vertical=rankdir == "TB", labels=labels)
    return min(WINDOW[0] / place.width, WINDOW[1] / place.height)


def _graph_data(expression: GraphPicture, steps: Steps, tape: Tape | None) -> dict[str, Any]:
    places = {} if tape is None else tape.places
    formulas: dict[Any, int] = {}
    boxes = []
    for box, value in zip(expression.boxes, expression.values, strict=True):
        kind = box.kind
        known = None if kind == "constant" or box.formula == "not shown" else places.get(value)
        boxes.append(
            {
                "name": box.name or reference(box),
                "symbol": box.symbol,
                "expression": box.written if kind == "node" else "",
                "leaf": kind != "node",
                "root": box.root,
                "kind": kind,
                "wide": round(size(box)[0], 1),
                "node": known,
                "formula": formulas.setdefault(_kind(value), len(formulas))
                if kind == "node"
                else None,
            }
        )
    return {
        "boxes": boxes,
        "edges": edges_of(expression.edges),
        "operations": steps.operations,
        "folds": folds_of(expression),
        "formulas": [partial_formulas(*kind) for kind in formulas],
    }


def _code_data(expression: GraphPicture, subject: Subject) -> dict[str, Any]:
    """Return the lines of code, each once, and which of them made each box."""
    lines: dict[Any, int] = {}
    made = [
        lines.setdefault(subject.lines[value], len(lines))
        if box.kind == "node" and value in subject.lines
        else None
        for box, value in zip(expression.boxes, expression.values, strict=True)
    ]
    return {"code": list(lines), "made": made} if lines else {}


def _kind(value: Value) -> tuple[str, tuple[float | None, ...]]:
    """Return the operation of a node with the constants among its operands."""
    return value.op, tuple([_constant(x) for x in value.operands])


def _constant(operand: Any) -> float | None:
    if operand.__class__ is float:
        return operand
    return operand.data if operand.constant else None


def _unit_data(network: NetworkPicture, steps: Steps) -> Iterator[dict[str, Any]]:
    """Yield the units in backward order."""
    done = 0
    for layer in range(len(network.layers), 0, -1):
        for j in range(network.layers[layer - 1].fan_out):
            done = max(done, steps.counts.get((layer, j), 0))
            yield {"layer": layer, "j": j, "box": steps.boxes.get((layer, j)), "operations": done}


def _network_data(network: NetworkPicture) -> dict[str, Any]:
    layers = []
    for layer in network.layers:
        known: dict[str, Any] = {"activation": layer.activation}
        known["formula"] = slope_formula(layer.activation)
        for name in ("b", "z", "a", "delta", "slope", "da", "db"):
            row = getattr(layer, name)
            known[name] = None if row is None else list(map(entry, row))
        for name in ("W", "dW"):
            matrix = getattr(layer, name)
            known[name] = None if matrix is None else [list(map(entry, row)) for row in matrix]
        layers.append(known)
    inputs = network.inputs
    return {
        "inputs": None if inputs is None else list(map(entry, inputs)),
        "cost": entry(network.cost),
        "samples": network.samples,
        "note": network.note,
        "loss": network.loss,
        "layers": layers,
    }


def _places(subject: Subject, network: NetworkPicture, tape: Tape) -> dict[str, Any] | None:
    """Return the nodes of inputs, weights and units; None where they are not all on the tape."""
    parameters = list(subject.options.get("parameters", ()))
    counts = [layer.fan_in * layer.fan_out + layer.fan_out for layer in network.layers]
    inputs = list(subject.options.get("inputs", ()))[: network.sizes[0]]
    if sum(counts) > len(parameters) or len(subject.units) != len(network.layers):
        return None
    layers, rest = [], parameters
    for layer, units in zip(network.layers, subject.units, strict=True):
        weights, rest = rest[: layer.fan_in * layer.fan_out], rest[layer.fan_in * layer.fan_out :]
        biases, rest = rest[: layer.fan_out], rest[layer.fan_out :]
        z, a = zip(*units, strict=True)
        numbers = [[tape.places.get(x) for x in part] for part in (weights, biases, z, a)]
        if any(x is None for part in numbers for x in part):
            return None
        n = layer.fan_out
        W = [numbers[0][k : k + n] for k in range(0, len(numbers[0]), n)]
        layers.append({"W": W, "b": numbers[1], "z": numbers[2], "a": numbers[3]})
    others = [tape.places[x] for x in rest if x in tape.places]
    return {"inputs": [tape.places.get(x) for x in inputs], "layers": layers, "rest": others}


def _title(expression: GraphPicture | None, network: NetworkPicture | None) -> str:
    if network is not None:
        loss = f" · {clean(network.loss).replace('_', ' ')}" if network.loss else ""
        return f"Backward pass · {network.name}{loss}"
    root = next((box for box in expression.boxes if box.root), None) if expression else None
    return f"Backward pass · {root.name}" if root and root.name else "Backward pass"
