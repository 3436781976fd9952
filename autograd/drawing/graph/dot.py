"""An expression in Graphviz's DOT language: one table a box, one arrow an operand."""

from __future__ import annotations

import math
from collections.abc import Iterator

from autograd.drawing.colours import Theme, clean, escape
from autograd.drawing.graph.legend import legend
from autograd.drawing.graph.picture import Box, Edge, GraphPicture
from autograd.drawing.svg import text_width
from autograd.explanation.numerals import figure

WORD_JOINER = "\u2060"  # of no width; `\\` before it starts no escape
FONT = "Helvetica,Arial,sans-serif"


def dot(picture: GraphPicture, theme: Theme, *, rankdir: str = "LR", labels: bool = True) -> str:
    """Return the picture as DOT text; with `labels` the edges carry their local partials."""
    largest = widest(picture)
    lines = [
        "digraph expression {",
        f'  graph [rankdir={rankdir}, bgcolor="{theme.background}", pad=0.2, nodesep=0.22,'
        f' ranksep={0.42 if labels else 0.5}, fontname="{FONT}", fontsize=11, labeljust=r,'
        f' fontcolor="{theme.muted}"{_note(picture, labels)}]',
        f'  node [shape=plain, fontname="{FONT}", fontsize=12, fontcolor="{theme.text}"]',
        f'  edge [fontname="{FONT}", fontsize=10.5, arrowsize=0.6]',
        *_clusters(picture, theme),
        *(_edge(k, edge, theme, largest, labels) for k, edge in enumerate(picture.edges)),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _note(picture: GraphPicture, labels: bool) -> str:
    lines = legend(picture, labels=labels)
    text = "".join(rf"{quoted(clean(line, 300))[1:-1]}\l" for line in lines)
    return f', labelloc=b, label="{text}"' if text else ""


def _clusters(picture: GraphPicture, theme: Theme) -> Iterator[str]:
    """Yield the boxes, each inside the clusters of its group."""
    tree: dict[tuple[str, ...], list[Box]] = {}
    for box in picture.boxes:
        for depth in range(len(box.group) + 1):
            tree.setdefault(box.group[:depth], [])
        tree[box.group].append(box)
    numbers = {path: k for k, path in enumerate(tree)}
    yield from _cluster((), tree, numbers, theme)


def _cluster(
    path: tuple[str, ...],
    tree: dict[tuple[str, ...], list[Box]],
    numbers: dict[tuple[str, ...], int],
    theme: Theme,
) -> Iterator[str]:
    indent = "  " * (len(path) + 1)
    if path:
        fill = theme.cluster if len(path) % 2 else theme.background
        yield (
            f"{indent[2:]}subgraph cluster_{numbers[path]} {{ graph ["
            f'id="c{numbers[path]}", style="rounded,filled", labelloc=t, margin=10, '
            f'label={quoted(clean(path[-1], 60))}, fillcolor="{fill}", '
            f'color="{theme.ramp(0.0)}"]'
        )
    for box in tree[path]:
        yield f"{indent}{_box(box, theme)}"
    for inner in tree:
        if inner[:-1] == path and inner:
            yield from _cluster(inner, tree, numbers, theme)
    if path:
        yield f"{indent[2:]}}}"


def _box(box: Box, theme: Theme) -> str:
    fill, line = theme.leaf(box.kind)
    table = (
        f'<TABLE STYLE="ROUNDED" BORDER="{2 if box.root else 1}" CELLBORDER="0" '
        f'CELLSPACING="0" CELLPADDING="4" BGCOLOR="{fill}" COLOR="{line}">'
    )
    rows = _constant_row(box, theme) if box.kind == "constant" else _rows(box, theme, line)
    tooltip = _tooltip(box.tooltip)
    return f'n{box.key} [id="n{box.key}", tooltip={tooltip}, label=<{table}{rows}</TABLE>>]'


def _constant_row(box: Box, theme: Theme) -> str:
    text = f'<FONT COLOR="{theme.text}">{_html(box.name)}</FONT>'
    return f'<TR><TD WIDTH="{_room(box.name)}">{text}</TD></TR>'


def _rows(box: Box, theme: Theme, line: str) -> str:
    sign = ""
    if box.symbol:
        room = math.ceil(text_width(box.symbol, 14, bold=True)) + 14
        sign = (
            f'<TD ROWSPAN="2" BORDER="1" SIDES="R" COLOR="{line}" CELLPADDING="6" WIDTH="{room}">'
            f'<FONT POINT-SIZE="14"><B>{_html(box.symbol)}</B></FONT></TD>'
        )
    data, grad = figure(box.data), figure(box.grad, signed=True)
    names, numbers = _room(box.name, "grad"), _room(data, grad, bold=True)
    return (
        f'<TR>{sign}<TD ALIGN="LEFT" WIDTH="{names}">'
        f'<FONT COLOR="{theme.muted}">{_html(box.name)}</FONT></TD>'
        f'<TD ALIGN="RIGHT" WIDTH="{numbers}"><B>{_html(data)}</B></TD></TR>'
        f'<TR><TD ALIGN="LEFT"><FONT COLOR="{theme.muted}">grad</FONT></TD>'
        f'<TD ALIGN="RIGHT"><FONT COLOR="{theme.sign(box.grad)}"><B>{_html(grad)}</B>'
        "</FONT></TD></TR>"
    )


def _room(*texts: str, bold: bool = False) -> int:
    """Return the width of a cell that holds these texts in any face."""
    return math.ceil(max(text_width(text, bold=bold) for text in texts)) + 8


def _edge(k: int, edge: Edge, theme: Theme, widest: float, labels: bool) -> str:
    colour = theme.sign(edge.flow)
    parts = [f'id="e{k}"', f'color="{colour}"', f"penwidth={edge_width(edge, widest):.2f}"]
    if edge.local is not None:
        parts.append(f"tooltip={_tooltip(edge_tooltip(edge))}")
        if labels and edge.label:
            words = [f'<FONT COLOR="{theme.sign(x)}">{_html(t)}</FONT>' for t, x in edge.words]
            parts.append(f"label=<&#160;{'&#160;'.join(words)}&#160;>")
            parts.append(f"labeltooltip={_tooltip(edge_tooltip(edge))}")
    else:
        parts.append(f'color="{theme.constant_line}", tooltip="constant"')
    return f"  n{edge.source} -> n{edge.target} [{', '.join(parts)}]"


def edge_tooltip(edge: Edge) -> str:
    """Return the local partial and the contribution in full precision."""
    if edge.local is None:
        return "constant"
    flow = "" if edge.flow is None else f", contribution {edge.flow!r}"
    return f"local partial {edge.local!r}{flow}"


def edge_width(edge: Edge, widest: float) -> float:
    """Return a width that grows with the square root of the contribution."""
    if not edge.flow or not math.isfinite(edge.flow) or not widest:
        return 1.0
    return 0.9 + 2.3 * math.sqrt(abs(edge.flow) / widest)


def widest(picture: GraphPicture) -> float:
    """Return the largest finite |contribution|."""
    flows = (abs(edge.flow) for edge in picture.edges if edge.flow is not None)
    return max((flow for flow in flows if math.isfinite(flow)), default=0.0)


def _html(text: str) -> str:
    return escape(text).replace("\\", "\\\\") if text.strip() else "&#160;"


def quoted(text: str) -> str:
    """Return a DOT string; a single backslash would start one of Graphviz's own escapes."""
    return '"' + escape(text).replace("\\", "\\\\") + '"'


def _tooltip(text: str) -> str:
    """Return a DOT string for a tooltip, in which Graphviz 2 looks for its escapes twice."""
    return quoted(text.replace("\\", f"\\{WORD_JOINER}"))
