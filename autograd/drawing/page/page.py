"""`step_through`: a page that walks through the backward pass, one self-contained file."""

from __future__ import annotations

import hashlib
import json
import math
import zlib
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import fields
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any

from autograd.drawing.colours import SHADES, THEMES, Theme, clean, escape
from autograd.drawing.graph.boxes import arrangement, boxes_svg
from autograd.drawing.graph.picture import GraphPicture, reference
from autograd.drawing.graph.reading import read
from autograd.drawing.graph.walks import walk
from autograd.drawing.levels import LABELLED, MOST_UNITS, MOST_WEIGHTS
from autograd.drawing.network.captions import advice, unit_derivation, weight_derivation
from autograd.drawing.network.layers import layers_svg
from autograd.drawing.network.neurons import neurons_svg
from autograd.drawing.network.picture import NetworkPicture
from autograd.drawing.page.steps import Steps, backward_steps
from autograd.drawing.subject import Subject, require, subject_of
from autograd.files import write
from autograd.text import printed

MOST_NODES = 2500
MOST_BYTES = 1_000_000
TOO_LARGE = (
    f"a page shows at most {MOST_NODES} nodes in {MOST_BYTES // 1_000_000} MB; this needs more. "
    "Step through a part of the graph, or through a probe of the model, whose neurons can be shown."
)
MOST_DERIVED = 8_000  # weights; the derivations of more would not fit into the bytes
COLOURS = [field.name for field in fields(Theme) if field.name not in ("name", "scale", "inks")]
VARIABLES = Theme(
    name="page",
    scale=tuple(f"var(--r{k})" for k in range(2 * SHADES + 1)),
    inks=tuple(f"var(--k{k})" for k in range(2 * SHADES + 1)),
    **{name: f"var(--{name})" for name in COLOURS},
)


class Page:
    """A page that steps through a backward pass, made by `step_through`.

    `.html()` returns it, `.save(path)` writes it; a notebook shows it in a frame of its own.
    It holds everything it needs and asks the network for nothing.
    """

    def __init__(self, html: str, summary: str) -> None:
        self._html = html
        self._summary = summary

    def html(self) -> str:
        """Return the page, the same for the same graph every time."""
        return self._html

    def save(self, path: str | Path) -> None:
        """Write the page to a file."""
        write(path, self._html)

    @printed
    def __repr__(self) -> str:
        return f"Page({self._summary})"

    def _repr_html_(self) -> str:
        return (
            f'<iframe sandbox="allow-scripts" srcdoc="{escape(self._html)}" width="100%"'
            ' height="680" frameborder="0" title="backward pass"></iframe>'
        )


def step_through(obj: Any, path: str | Path | None = None, *, theme: str = "light") -> Page:
    """Return a page that steps through the backward pass; write it where a path is given.

    `obj` is a Value, a NetworkPicture, or an object with `.picture()` and `.root`, as a probe
    is. The pass is computed for the page: no `.grad` is read or changed. A graph of more
    than 2 500 nodes, or a page of more than 1 MB, keeps the network alone; a large page is
    compressed, and unpacked by the browser (any since 2023).

    >>> from autograd import Value
    >>> x = Value(3.0, "x")
    >>> step_through(x * x)
    Page(2 nodes, 1 step)

    Raises TypeError for anything else, and ValueError for a graph that is too large and has
    no network.
    """
    require("theme", theme, tuple(THEMES))
    subject = subject_of(obj, "step_through", {})
    if len(subject.roots) > 1:
        raise TypeError("step_through takes one Value; got a list. Step through their sum.")
    expression = _expression(subject)
    if expression is None and subject.network is None:
        raise ValueError(TOO_LARGE)
    for content, packed in product(_contents(subject, expression), (False, True)):
        page = Page(_document(content, theme, packed=packed), _summary(content))
        if len(page.html().encode()) <= MOST_BYTES:
            break
    else:
        raise ValueError(TOO_LARGE)
    if path is not None:
        page.save(path)
    return page


def _expression(subject: Subject) -> GraphPicture | None:
    order = walk(subject.roots, MOST_NODES) if subject.roots else None
    if order is None:
        return None
    swept = Subject(subject.roots, swept=True)
    return read(subject.roots, order, gradient=swept.gradient(order), **subject.options)


def _contents(subject: Subject, expression: GraphPicture | None) -> Iterator[dict[str, Any]]:
    """Yield what the page may hold, the richest first."""
    network = subject.network
    if network is None:
        yield _content(expression, None, subject, by_neuron=False, derivations=False)
        return
    legible = max(network.sizes) <= MOST_UNITS and network.weight_count <= MOST_WEIGHTS
    if expression is not None:
        yield _content(expression, network, subject, by_neuron=legible, derivations=True)
    if network.weight_count <= MOST_DERIVED:
        yield _content(None, network, subject, by_neuron=legible, derivations=True)
        yield _content(None, network, subject, by_neuron=False, derivations=True)
    yield _content(None, network, subject, by_neuron=False, derivations=False)


def _content(
    expression: GraphPicture | None,
    network: NetworkPicture | None,
    subject: Subject,
    *,
    by_neuron: bool,
    derivations: bool,
) -> dict[str, Any]:
    """Return the views as SVG and the data that the script works with."""
    views: dict[str, str] = {}
    data: dict[str, Any] = {"boxes": [], "edges": [], "operations": [], "units": []}
    steps = Steps([], {}, {})
    if expression is not None:
        ys = [y for _, y in arrangement(expression).centres]
        steps = backward_steps(expression, ys, subject.units)
        labels = len(expression.boxes) <= LABELLED
        views["expression"] = boxes_svg(expression, VARIABLES, labels=labels)
        data |= _graph_data(expression, steps)
    if network is not None:
        if by_neuron:
            views["neurons"] = neurons_svg(network, VARIABLES)
        views["layers"] = layers_svg(network, VARIABLES)
        data["units"] = list(_unit_data(network, steps))
    data["weights"] = _weight_data(network) if network is not None and derivations else []
    data["title"] = _title(expression, network)
    return {"views": views, "data": data}


def _graph_data(expression: GraphPicture, steps: Steps) -> dict[str, Any]:
    return {
        "boxes": [
            {
                "name": box.name or reference(box),
                "symbol": box.symbol,
                "leaf": box.kind != "node",
                "root": box.root,
            }
            for box in expression.boxes
        ],
        "edges": [[edge.source, edge.target, _number(edge.local)] for edge in expression.edges],
        "operations": steps.operations,
    }


def _unit_data(network: NetworkPicture, steps: Steps) -> Iterator[dict[str, Any]]:
    """Yield the units in backward order, each with its derivation."""
    done = 0
    for layer in range(len(network.layers), 0, -1):
        shown = network.layers[layer - 1]
        for j in range(shown.fan_out):
            done = max(done, steps.counts.get((layer, j), 0))
            yield {
                "layer": layer,
                "j": j,
                "box": steps.boxes.get((layer, j)),
                "operations": done,
                "lines": unit_derivation(network, layer, j),
                "inputs": shown.fan_in,
            }


def _weight_data(network: NetworkPicture) -> list[list[list[list[str]]]]:
    """Return the lines on each weight, indexed [layer - 1][i][j]: value, derivation, advice."""
    return [
        [
            [
                [
                    repr(w),
                    *weight_derivation(network, layer, i, j),
                    advice(network, layer, i, j),
                ]
                for j, w in enumerate(row)
            ]
            for i, row in enumerate(shown.W)
        ]
        for layer, shown in enumerate(network.layers, start=1)
    ]


def _title(expression: GraphPicture | None, network: NetworkPicture | None) -> str:
    if network is not None:
        loss = f" · {clean(network.loss).replace('_', ' ')}" if network.loss else ""
        return f"Backward pass · {network.name}{loss}"
    root = next((box for box in expression.boxes if box.root), None) if expression else None
    return f"Backward pass · {root.name}" if root and root.name else "Backward pass"


def _summary(content: dict[str, Any]) -> str:
    data = content["data"]
    parts = []
    if data["boxes"]:
        steps = len(data["operations"])
        parts = [f"{len(data['boxes'])} nodes", f"{steps} step{'s' * (steps != 1)}"]
    if data["units"]:
        parts.append(f"{len(data['units'])} units")
    return ", ".join(parts)


def _number(x: float | None) -> float | str | None:
    """Return a number as JSON can hold it and the script understands it."""
    if x is None or math.isfinite(x):
        return x
    return "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"


def _document(content: dict[str, Any], theme: str, *, packed: bool) -> str:
    """Return the page: template, style and script put together under a strict policy.

    A `packed` one holds views and data compressed, for the script to unpack.
    """
    style = _variables() + _template("page.css")
    parts = "".join(map(_template, ("unpack.js", "numbers.js", "arithmetic.js", "page.js")))
    script = f'"use strict";\n(async () => {{\n{parts}}})();\n'
    views = "\n".join(
        f'<div class="view" id="view-{name}" hidden>{_without_styles(picture)}</div>'
        for name, picture in content["views"].items()
    )
    data = _json(content["data"])
    if packed:
        deflated = zlib.compress(_json({"views": views, "data": data}).encode(), 9)
        views, data = "", _json(b64encode(deflated).decode())
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    slots = {
        "POLICY": policy,
        "TITLE": escape(content["data"]["title"]),
        "THEME": theme,
        "STYLE": style,
        "VIEWS": views,
        "DATA": data.replace("<", "\\u003c"),
        "SCRIPT": script,
    }
    pieces = _template("page.html").split("@@")
    return "".join(slots[piece] if k % 2 else piece for k, piece in enumerate(pieces))


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)


def _without_styles(picture: str) -> str:
    return picture.replace(' style="font-variant-numeric:tabular-nums"', "", 1)


def _variables() -> str:
    """Return the colours of both themes as CSS variables."""
    rules = []
    for name, theme in THEMES.items():
        colours = [f"--{colour}:{getattr(theme, colour)}" for colour in COLOURS]
        colours += [f"--r{k}:{colour}" for k, colour in enumerate(theme.scale)]
        colours += [f"--k{k}:{colour}" for k, colour in enumerate(theme.inks)]
        rules.append(f'[data-theme="{name}"]{{color-scheme:{name};{";".join(colours)}}}\n')
    return "".join(rules)


def _template(name: str) -> str:
    return files("autograd.drawing.page").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode()
