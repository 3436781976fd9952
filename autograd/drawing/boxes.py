"""An expression as SVG of our own, for machines without Graphviz and for the page."""

from __future__ import annotations

from autograd.drawing import svg
from autograd.drawing.colours import Theme, number
from autograd.drawing.dot import edge_tooltip, edge_width, widest
from autograd.drawing.expression import Box, Edge, Expression
from autograd.drawing.layered import Layout, Point, layered

MARGIN = 16.0
PAD = 8.0
HEIGHT = 42.0


def boxes_svg(
    picture: Expression, theme: Theme, *, rankdir: str = "LR", labels: bool = True
) -> str:
    """Return the picture as SVG, laid out without any other program."""
    vertical = rankdir == "TB"
    place = arrangement(picture, vertical=vertical, labels=labels)
    lines, largest = routes(picture, place, vertical=vertical), widest(picture)
    height = place.height + 2 * MARGIN + 20 * bool(picture.notes)
    note_width = svg.text_width(" · ".join(picture.notes), 11) + 2 * MARGIN
    edges = [
        _edge(k, edge, line, theme, largest, labels, vertical)
        for k, (edge, line) in enumerate(zip(picture.edges, lines, strict=True))
    ]
    boxes = [_box(box, place.centres[box.key], theme) for box in picture.boxes]
    body = svg.element("g", *edges, *boxes, transform=f"translate({MARGIN:g} {MARGIN:g})")
    note = svg.text(MARGIN, height - 10, " · ".join(picture.notes), theme.muted, size=11)
    return svg.document(
        max(place.width + 2 * MARGIN, note_width), height, theme, [body, note],
        name="computation graph",
    )  # fmt: skip


def arrangement(picture: Expression, *, vertical: bool = False, labels: bool = True) -> Layout:
    """Return where the boxes and the bends of the edges go."""
    longest = max((svg.text_width(e.label, 10.5) for e in picture.edges), default=0.0)
    gap = max(46.0, longest + 22 if labels else 0.0)
    return layered(
        [size(box) for box in picture.boxes],
        [(edge.source, edge.target) for edge in picture.edges],
        gap=(44.0 if vertical else gap, 14.0),
        vertical=vertical,
    )


def size(box: Box) -> Point:
    """Return the width and height of a box."""
    if box.kind == "constant":
        return svg.text_width(box.name) + 2 * PAD, 24.0
    names = max(svg.text_width(box.name), svg.text_width("grad"))
    numbers = max(
        svg.text_width(number(box.data), bold=True),
        0.0 if box.grad is None else svg.text_width("+0.000", bold=True),
        svg.text_width(number(box.grad, signed=True), bold=True),
    )
    return sign_width(box) + names + numbers + 2 * PAD + 12, HEIGHT


def sign_width(box: Box) -> float:
    """Return the width of the left cell; 0 for a leaf."""
    return svg.text_width(box.symbol, 14, bold=True) + 2 * PAD if box.symbol else 0.0


def _box(box: Box, centre: Point, theme: Theme) -> str:
    width, height = size(box)
    x, y = centre[0] - width / 2, centre[1] - height / 2
    fill, line = theme.leaf(box.kind)
    frame = svg.element(
        "rect", x=x, y=y, width=width, height=height, rx=7, fill=fill, stroke=line,
        stroke_width=2 if box.root else 1,
    )  # fmt: skip
    inside = (
        [svg.text(x + PAD, y + 16, box.name, theme.text)]
        if box.kind == "constant"
        else _numbers(box, x, y, width, theme, line)
    )
    return svg.element(
        "g", svg.title(box.tooltip), frame, *inside, id=f"n{box.key}", data_part="box"
    )


def _numbers(box: Box, x: float, y: float, width: float, theme: Theme, line: str) -> list[str]:
    right, left = x + width - PAD, x + sign_width(box)
    parts = []
    if box.symbol:
        middle = (x + left) / 2
        parts = [
            svg.text(middle, y + 26, box.symbol, theme.text, size=14, anchor="middle", bold=True),
            svg.element("path", d=f"M{left:.1f} {y:.1f}v{HEIGHT:g}", stroke=line),
        ]
    grad = number(box.grad, signed=True)
    return [
        *parts,
        svg.text(left + PAD, y + 17, box.name, theme.muted),
        svg.text(right, y + 17, number(box.data), theme.text, anchor="end", bold=True),
        svg.text(left + PAD, y + 34, "grad", theme.muted),
        svg.text(right, y + 34, grad, theme.sign(box.grad), anchor="end", bold=True, part="grad"),
    ]


def routes(picture: Expression, place: Layout, *, vertical: bool = False) -> list[list[Point]]:
    """Return the points each edge passes; those that meet in a box get ports of their own."""
    arriving: dict[int, list[int]] = {}
    for k, edge in enumerate(picture.edges):
        arriving.setdefault(edge.target, []).append(k)
    lines: list[list[Point]] = [[] for _ in picture.edges]
    across = 0 if vertical else 1
    for target, edges in arriving.items():
        width, height = size(picture.boxes[target])
        x, y = place.centres[target]
        room = (width if vertical else height) - 14
        step = min(11.0, room / max(1, len(edges) - 1))
        edges.sort(key=lambda k: _before(k, picture, place)[across])
        for port, k in enumerate(edges):
            shift = (port - (len(edges) - 1) / 2) * step
            end = (x + shift, y - height / 2) if vertical else (x - width / 2, y + shift)
            lines[k] = [_start(picture, place, k, vertical), *place.bends[k], end]
    return lines


def _before(k: int, picture: Expression, place: Layout) -> Point:
    return place.bends[k][-1] if place.bends[k] else place.centres[picture.edges[k].source]


def _start(picture: Expression, place: Layout, k: int, vertical: bool) -> Point:
    source = picture.edges[k].source
    (x, y), (width, height) = place.centres[source], size(picture.boxes[source])
    return (x, y + height / 2) if vertical else (x + width / 2, y)


def _edge(
    k: int, edge: Edge, line: list[Point], theme: Theme, largest: float, labels: bool,
    vertical: bool,
) -> str:  # fmt: skip
    colour = theme.constant_line if edge.local is None else theme.sign(edge.flow)
    x, y = line[-1]
    shaft_end = (x, y - 5) if vertical else (x - 5, y)
    shaft = svg.element(
        "path", d=svg.curve([*line[:-1], shaft_end], vertical), fill="none", stroke=colour,
        stroke_width=edge_width(edge, largest), stroke_opacity=None if labels else 0.55,
    )  # fmt: skip
    corners = f"M{x:.1f} {y:.1f}l-3.5 -7h7z" if vertical else f"M{x:.1f} {y:.1f}l-7 -3.5v7z"
    head = svg.element("path", d=corners, fill=colour)
    label = _edge_label(edge, line, colour, theme) if labels and edge.label else ""
    return svg.element(
        "g", svg.title(edge_tooltip(edge)), shaft, head, label, id=f"e{k}", data_part="edge"
    )


def _edge_label(edge: Edge, line: list[Point], colour: str, theme: Theme) -> str:
    """Return the label on a patch of background, halfway to the first bend or the end."""
    (x0, y0), (x1, y1) = line[:2]
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    width = svg.text_width(edge.label, 10.5) + 4
    patch = svg.element(
        "rect", x=x - width / 2, y=y - 14, width=width, height=13, rx=3, fill=theme.background,
        fill_opacity=0.85,
    )  # fmt: skip
    return patch + svg.text(x, y - 4, edge.label, colour, size=10.5, anchor="middle")
