"""`step_through`: a live page of a graph or a network, one self-contained file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograd.drawing import svg
from autograd.drawing.colours import THEMES, escape
from autograd.drawing.graph.picture import GraphPicture, Group
from autograd.drawing.graph.reading import read
from autograd.drawing.graph.walks import walk
from autograd.drawing.levels import MOST_UNITS, MOST_WEIGHTS, Options, picture_at
from autograd.drawing.page.content import Content, content_of
from autograd.drawing.page.document import document
from autograd.drawing.page.tape import Tape, tape_of
from autograd.drawing.subject import Subject, require, subject_of
from autograd.engine import Value
from autograd.files import write
from autograd.text import printed

MOST_NODES = 2500
MOST_BYTES = 1_000_000
TOO_LARGE = (
    f"a page shows at most {MOST_NODES} nodes in {MOST_BYTES // 1_000_000} MB; this needs more. "
    "Step through a part of the graph, or through a probe of the model, whose neurons can be shown."
)


class Page:
    """A live page of a forward and backward pass, made by `step_through`.

    `.html()` returns it, `.save(path)` writes it; a notebook shows it in a frame of its own, over a
    picture that is left where frames are not trusted. It holds everything it needs and asks
    the network for nothing.
    """

    def __init__(self, html: str, content: Content, picture: str) -> None:
        self._html = html
        self._tape = content.data["tape"]
        self._summary = content.summary
        self._picture = picture

    def html(self) -> str:
        """Return the page, the same for the same graph every time."""
        return self._html

    def numbers(self) -> dict[str, dict[str, float]]:
        """Return what the page begins with: `values` and `gradients`, each name → number."""
        if self._tape is None:
            return {"values": {}, "gradients": {}}
        values, gradients = (
            {name: float(self._tape[kind][k]) for name, k in self._tape["names"].items()}
            for kind in ("data", "grads")
        )
        return {"values": values, "gradients": gradients}

    def save(self, path: str | Path) -> None:
        """Write the page to a file."""
        write(path, self._html)

    @printed
    def __repr__(self) -> str:
        return f"Page({self._summary})"

    def _repr_html_(self) -> str:
        place = "grid-area:1/1;width:100%;height:680px;border:0"  # over the picture
        picture = self._picture.replace("max-width:100%", "grid-area:1/1;max-width:100%", 1)
        return (
            f'<div style="display:grid">{picture}'
            f'<iframe sandbox="allow-scripts" srcdoc="{escape(self._html)}" style="{place}"'
            ' title="backward pass"></iframe></div>'
        )

    def still(self) -> str:
        """Return the picture for where the page cannot run, as an image of HTML; it may be ""."""
        return self._picture


def step_through(
    obj: Any,
    path: str | Path | None = None,
    *,
    theme: str = "light",
    inputs: Iterable[Value] = (),
    parameters: Iterable[Value] = (),
    groups: Mapping[Value, Group] | None = None,
) -> Page:
    """Return a live page of a forward and backward pass; write it where a path is given.

    `obj` is a Value, a NetworkPicture, an object with `.picture()` and `.root`, as a probe is, or a
    function without arguments that returns a Value: it is called, and the page then knows the line
    of code that made each node, and the parts of models, which are groups.

    Every step of the pass is shown with its numbers; every leaf can be changed, and all that
    depends on it is computed anew in the page. Until then each number is the engine's. No `.grad`
    is read or changed. Loops, wide sums and the groups of a large graph are a box each, until it
    is opened. A graph of more than 2 500 nodes, or a page of more than 1 MB, keeps the network
    alone; a large page is compressed, and unpacked by the browser (any since 2023). `theme` is
    "light", "dark", or "auto": what the reader's system prefers. `inputs`, `parameters` and
    `groups` are those of `draw`; steps down the gradient change parameters, or, where none are
    named, all leaves but the inputs.

    Scripts ask `whygrad.numbers()`, and say `whygrad.set(name, number)`, `nudge(name, h)`,
    `step(eta)`, `reset()`, `go(step)`, `unfold()` and `fold()`.

    >>> from autograd import Value
    >>> x = Value(3.0, "x")
    >>> step_through(x * x)
    Page(2 nodes, 1 step)

    Raises TypeError for anything else, and ValueError for a graph that is too large and has
    no network.
    """
    require("theme", theme, (*THEMES, "auto"))
    given = {"inputs": inputs, "parameters": parameters, "groups": groups}
    subject = subject_of(obj, "step_through", {name: x for name, x in given.items() if x})
    if len(subject.roots) > 1:
        raise TypeError("step_through takes one Value; got a list. Step through their sum.")
    still = _still(subject, theme)
    pages = (
        Page(document(content, theme, packed=packed), content, still)
        for content in _contents(subject)
        for packed in (False, True)
    )
    page = next((page for page in pages if len(page.html().encode()) <= MOST_BYTES), None)
    if page is None:
        raise ValueError(TOO_LARGE)
    if path is not None:
        page.save(path)
    return page


def _still(subject: Subject, theme: str) -> str:
    """Return the picture that is shown where the page cannot run; "" where it is too large."""
    try:
        picture = picture_at(replace(subject, examples=None), "auto", Options(layout="own"))
        return svg.image(picture.svg(THEMES.get(theme, THEMES["light"])), picture.summary())
    except ValueError:
        return ""


def _expression(subject: Subject) -> GraphPicture | None:
    if subject.examples is not None and len(subject.examples[1]) > 1:
        return None  # the numbers of a graph are those of one example
    order = walk(subject.roots, MOST_NODES) if subject.roots else None
    if order is None:
        return None
    swept = Subject(subject.roots, swept=True)
    return read(subject.roots, order, gradient=swept.gradient(order), **subject.options)


def _contents(subject: Subject) -> Iterator[Content]:
    """Yield what the page may hold, the richest first."""
    expression, network = _expression(subject), subject.network
    tape: Tape | None = tape_of(subject)
    if network is None:
        if expression is not None:
            yield content_of(subject, expression, tape, by_neuron=False)
            yield content_of(subject, expression, None, by_neuron=False)
        return
    legible = max(network.sizes) <= MOST_UNITS and network.weight_count <= MOST_WEIGHTS
    if expression is not None:
        yield content_of(subject, expression, tape, by_neuron=legible)
    if tape is not None:
        yield content_of(subject, None, tape, by_neuron=legible)
    yield content_of(subject, None, None, by_neuron=legible)
    yield content_of(subject, None, None, by_neuron=False)
