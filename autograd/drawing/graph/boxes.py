"""An expression as SVG of our own, for machines without Graphviz and for the page."""

from __future__ import annotations

from typing import NamedTuple

from autograd.drawing import svg
from autograd.drawing.colours import Theme
from autograd.drawing.graph.clusters import cluster_svg, clusters
from autograd.drawing.graph.dot import edge_tooltip, edge_width, widest
from autograd.drawing.graph.layered import Layout, Point, layered
from autograd.drawing.graph.legend import legend
from autograd.drawing.graph.picture import Box, Edge, GraphPicture
from autograd.explanation.numerals import figure

MARGIN = 16.0
PAD = 8.0
HEIGHT = 42.0
SMALLEST = 10.5  # of its text
PORT = 14.0  # between the arrows that meet in a box


class Arrangement(NamedTuple):
    """Where the boxes are, how large, and by which points each edge goes."""

    centres: list[Point]
    sizes: list[Point]
    lines: list[list[Point]]
    heights: list[float]  # of the label of each edge above its box, in a picture that runs down
    width: float
    height: float


def boxes_svg(
    picture: GraphPicture, theme: Theme, *, rankdir: str = "LR", labels: bool = True
) -> str:
    """Return the picture as SVG, laid out without any other program."""
    vertical = rankdir == "TB"
    place = arrangement(picture, vertical=vertical, labels=labels)
    largest = widest(picture)
    behind = clusters(picture, place.centres, place.sizes)
    left = max([0.0, *(-one.left for one in behind)])
    top = max([0.0, *(-one.top for one in behind)])
    width = max([place.width, *(one.right for one in behind)]) + left + 2 * MARGIN
    height = max([place.height, *(one.bottom for one in behind)]) + top + 2 * MARGIN
    edges, over = [], []  # a label lies over the arrows that pass it
    for k, (edge, line) in enumerate(zip(picture.edges, place.lines, strict=True)):
        shown = labels and bool(edge.label)
        edges.append(_edge(k, edge, line, place.heights[k], theme, largest, shown, vertical))
        if shown:
            over.append(_edge_label(edge, line[-1], place.heights[k], theme, vertical))
    boxes = [
        _box(box, place.centres[box.key], place.sizes[box.key], theme) for box in picture.boxes
    ]
    arrows = svg.element("g", *edges, stroke_opacity=None if labels else 0.55)
    grounds = [cluster_svg(one, behind, theme) for one in behind]
    moved = f"translate({MARGIN + left:g} {MARGIN + top:g})"
    body = svg.element("g", *grounds, arrows, *over, *boxes, transform=moved)
    words, needed, low = _legend(picture, height - 10, theme, labels)
    parts = ["<metadata>layout: own</metadata>", body, *words]
    return svg.document(max(width, needed), low + 10, theme, parts, name="computation graph")


def _legend(
    picture: GraphPicture, top: float, theme: Theme, labels: bool
) -> tuple[list[str], float, float]:
    """Return the lines below a picture, how wide it must be for them, and where they end."""
    lines = legend(picture, labels=labels)
    rows = [top + 18 * k for k in range(len(lines) + 1)]
    words = [
        svg.text(MARGIN, y, line, theme.muted, size=11)
        for line, y in zip(lines, rows[1:], strict=True)
    ]
    widest = max((svg.text_width(line, 11) for line in lines), default=0.0)
    return words, widest + 2 * MARGIN, rows[-1]


def arrangement(
    picture: GraphPicture, *, vertical: bool = False, labels: bool = True
) -> Arrangement:
    """Return where the boxes and the edges go."""
    counts, room = [0] * len(picture.boxes), [0.0] * len(picture.boxes)
    for edge in picture.edges if labels else ():
        counts[edge.target] += 1
        lift = _lift(picture.boxes[edge.target])
        needed = PORT * counts[edge.target] + lift if vertical else _label_width(edge)
        room[edge.target] = max(room[edge.target], needed)
    sizes = [_with_ports(size(box), counts[box.key], vertical) for box in picture.boxes]
    ends = [(edge.source, edge.target) for edge in picture.edges]
    gap = (60.0, 46.0 if any(box.group for box in picture.boxes) else 14.0)
    layout = layered(sizes, ends, gap=gap, room=room, vertical=vertical)
    lines, ports = _lines(picture, layout, sizes, vertical)
    lifts = [_lift(picture.boxes[edge.target]) for edge in picture.edges]
    heights = [PORT * port + lift for port, lift in zip(ports, lifts, strict=True)]
    return Arrangement(layout.centres, sizes, lines, heights, layout.width, layout.height)


def _lift(box: Box) -> float:
    """Return the room for the name of a cluster above a box."""
    return 18.0 if box.group else 0.0


def _with_ports(box: Point, count: int, vertical: bool) -> Point:
    needed = count * PORT + 6
    return (max(box[0], needed), box[1]) if vertical else (box[0], max(box[1], needed))


def size(box: Box) -> Point:
    """Return the width and height of a box."""
    if box.kind == "constant":
        return svg.text_width(box.name) + 2 * PAD, 24.0
    names = max(svg.text_width(box.name), svg.text_width("grad"))
    numbers = max(
        svg.text_width(figure(box.data), bold=True),
        0.0 if box.grad is None else svg.text_width("+0.000", bold=True),
        svg.text_width(figure(box.grad, signed=True), bold=True),
    )
    return sign_width(box) + names + numbers + 2 * PAD + 12, HEIGHT


def sign_width(box: Box) -> float:
    """Return the width of the left cell; 0 for a leaf."""
    return svg.text_width(box.symbol, 14, bold=True) + 2 * PAD if box.symbol else 0.0


def _box(box: Box, centre: Point, extent: Point, theme: Theme) -> str:
    width, height = extent
    x, y = centre[0] - width / 2, centre[1] - height / 2
    fill, line = theme.leaf(box.kind)
    frame = svg.element(
        "rect", x=x, y=y, width=width, height=height, rx=7, fill=fill, stroke=line,
        stroke_width=2 if box.root else 1,
    )  # fmt: skip
    inside = (
        [svg.text(x + PAD, y + 16, box.name, theme.text)]
        if box.kind == "constant"
        else [_sign(box, x, y, height, theme, line), *_numbers(box, x, centre[1], width, theme)]
    )
    return svg.element(
        "g", svg.title(box.tooltip), frame, *inside, id=f"n{box.key}", data_part="box"
    )


def _sign(box: Box, x: float, y: float, height: float, theme: Theme, line: str) -> str:
    if not box.symbol:
        return ""
    cell = sign_width(box)
    middle = y + height / 2 + 5
    return svg.text(
        x + cell / 2, middle, box.symbol, theme.text, size=14, anchor="middle", bold=True
    ) + svg.element("path", d=f"M{x + cell:.1f} {y:.1f}v{height:.1f}", stroke=line)


def _numbers(box: Box, x: float, middle: float, width: float, theme: Theme) -> list[str]:
    left, right = x + sign_width(box) + PAD, x + width - PAD
    room = right - left - max(svg.text_width(box.name), svg.text_width("grad")) - 6
    grad = figure(box.grad, signed=True)
    upper, lower = middle - 4, middle + 13
    return [
        svg.text(left, upper, box.name, theme.muted),
        svg.text(
            right,
            upper,
            figure(box.data),
            theme.text,
            anchor="end",
            bold=True,
            part="data",
            room=room,
        ),
        svg.text(left, lower, "grad", theme.muted),
        svg.text(
            right,
            lower,
            grad,
            theme.sign(box.grad),
            anchor="end",
            bold=True,
            part="grad",
            room=room,
        ),
    ]


def _lines(
    picture: GraphPicture, layout: Layout, sizes: list[Point], vertical: bool
) -> tuple[list[list[Point]], list[int]]:
    """Return the points each edge passes and its port: one of its own in the box it meets."""
    across = 0 if vertical else 1
    arriving: dict[int, list[int]] = {}
    for k, edge in enumerate(picture.edges):
        arriving.setdefault(edge.target, []).append(k)
    lines: list[list[Point]] = [[] for _ in picture.edges]
    ports = [0] * len(picture.edges)
    for target, edges in arriving.items():
        (x, y), (width, height) = layout.centres[target], sizes[target]
        step = min(PORT, (sizes[target][across] - 14) / max(1, len(edges) - 1))
        edges.sort(key=lambda k: _before(k, picture, layout)[across])
        for port, k in enumerate(edges):
            shift = (port - (len(edges) - 1) / 2) * step
            end = (x + shift, y - height / 2) if vertical else (x - width / 2, y + shift)
            source = picture.edges[k].source
            (left, top), (wide, high) = layout.centres[source], sizes[source]
            start = (left, top + high / 2) if vertical else (left + wide / 2, top)
            lines[k] = [start, *layout.bends[k], end]
            ports[k] = port
    return lines, ports


def _before(k: int, picture: GraphPicture, layout: Layout) -> Point:
    return layout.bends[k][-1] if layout.bends[k] else layout.centres[picture.edges[k].source]


def _edge(
    k: int, edge: Edge, line: list[Point], height: float, theme: Theme, largest: float,
    labelled: bool, vertical: bool,
) -> str:  # fmt: skip
    colour = theme.constant_line if edge.local is None else theme.sign(edge.flow)
    x, y = line[-1]
    straight = 5.0
    if labelled:
        straight = height + PORT + 8 if vertical else _label_width(edge) + 16
    joint = (x, y - straight) if vertical else (x - straight, y)
    end = f"V{y - 5:.1f}" if vertical else f"H{x - 5:.1f}"
    shaft = svg.element(
        "path", d=svg.curve([*line[:-1], joint], vertical) + (end if straight > 5 else ""),
        fill="none", stroke=colour, stroke_width=edge_width(edge, largest),
    )  # fmt: skip
    corners = f"M{x:.1f} {y:.1f}l-3.5 -7h7z" if vertical else f"M{x:.1f} {y:.1f}l-7 -3.5v7z"
    head = svg.element("path", d=corners, fill=colour)
    tooltip = svg.title(edge_tooltip(edge))
    return svg.element("g", tooltip, shaft, head, id=f"e{k}", data_part="edge")


def _edge_label(edge: Edge, end: Point, height: float, theme: Theme, vertical: bool) -> str:
    """Return the label on a patch of background, on the line before its port."""
    width = _label_width(edge)
    if vertical:
        middle, base = end[0], end[1] - height - 10
    else:
        middle, base = end[0] - 12 - width / 2, end[1] + 4
    patch = svg.element(
        "rect", x=middle - width / 2, y=base - 10, width=width, height=13, fill=theme.background,
    )  # fmt: skip
    half = width / 2 - 2  # no tspans: cairosvg puts them elsewhere
    places = [(-half, "start"), (half, "end")] if len(edge.words) == 2 else [(0.0, "middle")]
    texts = [
        svg.text(
            middle + shift, base, words, theme.sign(number), size=10.5, anchor=anchor, part=part
        )
        for (words, number), (shift, anchor), part in zip(
            edge.words, places, ("local", "flow"), strict=False
        )
    ]
    tooltip = svg.title(edge_tooltip(edge))
    return svg.element("g", tooltip, patch, *texts, data_part="edge-label")


def _label_width(edge: Edge) -> float:
    return svg.text_width(edge.label, 10.5) + 12 * len(edge.words) - 8 if edge.label else 0.0
