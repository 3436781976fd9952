"""`draw`: a graph or a network as a `Drawing`, which becomes SVG, DOT, HTML or text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from autograd.drawing import svg
from autograd.drawing.colours import THEMES, Theme, escape
from autograd.drawing.graph.picture import Group
from autograd.drawing.levels import Options, Picture, picture_at
from autograd.drawing.subject import require, subject_of
from autograd.engine import Value
from autograd.files import write
from autograd.text import Text, printed

DIRECTIONS = ("", "LR", "TB")
LAYOUTS = ("", "dot", "own")


class Drawing:
    """A picture of a computation graph or a network, made by `draw`.

    It keeps the numbers as they were when `draw` was called. `.svg()`, `.dot()`, `.html()`
    and `.text()` return the picture as text, the same for the same graph every time;
    `.save(path)` writes the format that the suffix names. Notebooks show it by themselves.
    """

    def __init__(self, picture: Picture, theme: Theme) -> None:
        self._picture = picture
        self._theme = theme

    def svg(self) -> str:
        """Return the picture as an SVG element. Raises ValueError if it is too large."""
        return self._picture.svg(self._theme)

    def dot(self) -> str:
        """Return DOT, Graphviz's language. Raises ValueError if it is too large or has none."""
        return self._picture.dot(self._theme)

    def html(self) -> str:
        """Return a page of its own with the picture, and the table for who cannot see it."""
        picture, text = self.svg(), escape(self.text())
        colours = f"background:{self._theme.background};color:{self._theme.text}"
        return (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            f"<title>{escape(repr(self))}</title></head>\n"
            f'<body style="margin:16px;{colours};font-family:{svg.FONT}">\n'
            f'<div style="overflow-x:auto">{picture}</div>\n'
            f"<details><summary>as a table</summary><pre>{text}</pre></details>\n"
            "</body></html>\n"
        )

    def text(self) -> str:
        """Return the picture as a text table, of any graph."""
        return Text(self._picture.text())

    def save(self, path: str | Path) -> None:
        """Write the picture to a .svg, .png, .pdf, .dot, .html or .txt file, and nothing else.

        Raises ValueError for another suffix or a picture that is too large, and RuntimeError
        where nothing installed can make a .png or .pdf.
        """
        path = Path(path)
        writers = {".svg": self.svg, ".dot": self.dot, ".html": self.html, ".txt": self.text}
        suffix = path.suffix.lower()
        if suffix in writers:
            write(path, writers[suffix]())
        elif suffix in (".png", ".pdf"):
            write(path, self._picture.raster(self._theme, suffix[1:]))
        else:
            known = ".svg, .png, .pdf, .dot, .html or .txt"
            raise ValueError(f"the suffix must be {known}; got {path.name!r}. Rename the file.")

    @printed
    def __repr__(self) -> str:
        return f"Drawing({self._picture.summary()})"

    def _repr_html_(self) -> str:
        """Return the picture as an image, which is shown where nothing else is trusted."""
        return self._repr_mimebundle_().get("text/html") or f"<pre>{escape(self.text())}</pre>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        bundle = {"text/plain": self.text()}
        try:
            picture = self.svg()
        except Exception:  # a repr never raises; where it is too large the table says so
            return bundle
        shown = svg.image(picture, repr(self))
        return {"text/html": shown, "image/svg+xml": _unique(picture), **bundle}


def _unique(picture: str) -> str:
    """Return a picture whose ids no other one on the page has."""
    return svg.with_prefix(picture, f"d{uuid4().hex[:8]}-")


def draw(
    obj: Any,
    *,
    level: str = "auto",
    theme: str = "light",
    rankdir: str = "",
    max_nodes: int = 500,
    max_operands: int = 8,
    layout: str = "",
    inputs: Iterable[Value] = (),
    parameters: Iterable[Value] = (),
    groups: Mapping[Value, Group] | None = None,
) -> Drawing:
    """Return a picture of a Value, a list of Values, a network, or a model without data.

    A box is one Value: operation, name, number and gradient. An arrow says `×local`, the
    local partial, and where a node has several users `⇒ contribution`, so that the
    contributions add up to its gradient. A network (a NetworkPicture, or an object with
    `.picture()` and `.root`, as a probe is) can also be drawn by neuron and by layer; of a model
    (anything with `layers`, or with named parameters) the architecture is drawn. A function
    without arguments is called, `draw(lambda: model(x))`: the parts of the model are then clusters.
    `inputs` and `parameters` tint leaves, `groups` maps nodes to the name of the cluster they
    are drawn in (a tuple of names nests).

    `level="auto"` takes the finest that can be read on a page 830 pixels wide; a graph runs from
    left to right ("LR") or, where it is read better so and no `rankdir` is given, down. A sum of
    more than `max_operands` operands is folded. `layout` says who places the boxes of a graph:
    Graphviz's `"dot"`, our `"own"`, or the first that is there; the picture's metadata names it.
    Of a graph above `max_nodes` without a network `.svg()` raises ValueError.

    >>> from autograd import Value
    >>> x = Value(3.0, "x")
    >>> y = x * x
    >>> y.backward()
    >>> print(draw(y).text())
    node  expression  value  grad  local partials
    ----  ----------  -----  ----  --------------
    x     input           3    +6
    n1    x·x             9    +1  x: 3, x: 3
    <BLANKLINE>

    Raises TypeError for anything else to draw, ValueError for an unknown option.
    """
    require("theme", theme, tuple(THEMES))
    require("rankdir", rankdir, DIRECTIONS)
    require("layout", layout, LAYOUTS)
    given = {"inputs": inputs, "parameters": parameters, "groups": groups}
    subject = subject_of(obj, "draw", {name: x for name, x in given.items() if x})
    options = Options(rankdir, max_nodes, max_operands, layout)
    return Drawing(picture_at(subject, level, options), THEMES[theme])
