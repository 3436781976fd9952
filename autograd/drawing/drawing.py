"""`draw`: a graph or a network as a `Drawing`, which becomes SVG, DOT, HTML or text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from autograd.drawing import boxes, render, svg, table
from autograd.drawing.colours import THEMES, Theme, escape
from autograd.drawing.dot import dot
from autograd.drawing.expression import Expression, Group, read
from autograd.drawing.walks import nearest, walk
from autograd.engine import Value

LEVELS = ("auto", "expression", "neuron", "layer")
DIRECTIONS = ("LR", "TB")
LABELLED = 150  # up to this many nodes the edges carry their local partials
IN_A_TABLE = 60  # rows of the text table of a graph that is too large to draw
OPERANDS_IN_A_TABLE = 8


class Drawing:
    """A picture of a computation graph or a network, made by `draw`.

    It keeps the numbers as they were when `draw` was called. `.svg()`, `.dot()`, `.html()`
    and `.text()` return the picture as text, the same for the same graph every time;
    `.save(path)` writes the format that the suffix names. Notebooks show it by themselves.
    """

    def __init__(self, picture: Any, theme: Theme) -> None:
        self._picture = picture
        self._theme = theme

    def svg(self) -> str:
        """Return the picture as an SVG element. Raises ValueError if it is too large."""
        return str(self._picture.svg(self._theme))

    def dot(self) -> str:
        """Return the picture in Graphviz's language. Raises ValueError if it is too large."""
        return str(self._picture.dot(self._theme))

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
        return str(self._picture.text())

    def save(self, path: str | Path) -> None:
        """Write the picture to a .svg, .png, .pdf, .dot, .html or .txt file, and nothing else.

        Raises ValueError for another suffix or a picture that is too large, and RuntimeError
        where nothing installed can make a .png or .pdf.
        """
        path = Path(path)
        writers = {".svg": self.svg, ".dot": self.dot, ".html": self.html, ".txt": self.text}
        suffix = path.suffix.lower()
        if suffix in writers:
            path.write_text(writers[suffix](), encoding="utf-8")
        elif suffix in (".png", ".pdf"):
            path.write_bytes(self._picture.raster(self._theme, suffix[1:]))
        else:
            known = ".svg, .png, .pdf, .dot, .html or .txt"
            raise ValueError(f"the suffix must be {known}; got {path.name!r}. Rename the file.")

    def __repr__(self) -> str:
        return f"Drawing({self._picture.summary()})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        bundle = {"text/plain": self.text()}
        try:
            picture = svg.with_prefix(self.svg(), f"d{uuid4().hex[:8]}-")
        except ValueError:  # too large: the table says so
            return bundle
        shown = f'<div style="overflow-x:auto">{picture}</div>'
        return {"text/html": shown, "image/svg+xml": picture, **bundle}


class ExpressionPicture:
    """The picture of an expression graph, or of the part nearest to its root."""

    def __init__(self, picture: Expression, rankdir: str, limit: int, complete: bool) -> None:
        self.picture, self.rankdir = picture, rankdir
        self.limit, self.complete = limit, complete
        self.labels = len(picture.boxes) <= LABELLED

    def summary(self) -> str:
        """Return the level and the size."""
        count = len(self.picture.boxes)
        return f"expression, {count if self.complete else f'more than {self.limit}'} nodes"

    def svg(self, theme: Theme) -> str:
        """Return SVG by Graphviz, or by our own layout where there is none."""
        drawn = render.graphviz_svg(self.dot(theme))
        if drawn is not None:
            return drawn
        return boxes.boxes_svg(self.picture, theme, rankdir=self.rankdir, labels=self.labels)

    def dot(self, theme: Theme) -> str:
        """Return DOT text."""
        self._require_complete()
        return dot(self.picture, theme, rankdir=self.rankdir, labels=self.labels)

    def raster(self, theme: Theme, format: str) -> bytes:
        """Return PNG or PDF."""
        source = self.dot(theme)
        if format == "png":
            source = source.replace("graph [", "graph [dpi=144, ", 1)
        drawn = render.with_graphviz(source, format)
        return render.rasterised(self.svg(theme), format) if drawn is None else drawn

    def text(self) -> str:
        """Return the text table."""
        shown = table.expression_table(self.picture)
        if self.complete:
            return shown
        return f"{shown}… the nodes nearest to the root of more than {self.limit}.\n"

    def _require_complete(self) -> None:
        if not self.complete:
            raise ValueError(
                f"a picture of an expression has at most max_nodes = {self.limit} nodes; this "
                "graph has more. Draw a part of it, raise max_nodes, or draw a network with "
                'level="neuron" or level="layer". .text() always works.'
            )


def draw(
    obj: Any,
    *,
    level: str = "auto",
    theme: str = "light",
    rankdir: str = "LR",
    max_nodes: int = 500,
    inputs: Iterable[Value] = (),
    parameters: Iterable[Value] = (),
    groups: Mapping[Value, Group] | None = None,
) -> Drawing:
    """Return a picture of a Value, a list of Values, or a network.

    A box is one Value: operation, name, number and gradient. An arrow says `×local`, the
    local partial, and where a node has several users `⇒ contribution`, so that the
    contributions add up to its gradient. `inputs` and `parameters` tint leaves, `groups`
    maps nodes to the name of the cluster they are drawn in (a tuple of names nests).

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
    _require("level", level, LEVELS)
    _require("theme", theme, tuple(THEMES))
    _require("rankdir", rankdir, DIRECTIONS)
    roots = _roots(obj)
    order = walk(roots, max_nodes)
    complete = order is not None
    if order is None:
        picture = read(roots, nearest(roots, IN_A_TABLE), most_operands=OPERANDS_IN_A_TABLE)
    else:
        picture = read(roots, order, inputs=inputs, parameters=parameters, groups=groups)
    return Drawing(ExpressionPicture(picture, rankdir, max_nodes, complete), THEMES[theme])


def _roots(obj: Any) -> Sequence[Value]:
    if obj.__class__ is Value:
        return [obj]
    if isinstance(obj, (list, tuple)) and obj and all(x.__class__ is Value for x in obj):
        return list(dict.fromkeys(obj))
    raise TypeError(
        "draw takes a Value, a list of Values, a NetworkPicture or a probe; "
        f"got {type(obj).__name__}. Run the forward pass and draw its result."
    )


def _require(option: str, given: object, allowed: Sequence[str]) -> None:
    if given not in allowed:
        choices = ", ".join(repr(choice) for choice in allowed)
        raise ValueError(f"{option} must be one of {choices}; got {given!r}.")
