"""A network drawn layer by layer: ∂C/∂W = a ⊗ δ as a heat map between its two strips."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from autograd.drawing import svg
from autograd.drawing.colours import Theme
from autograd.drawing.network.legend import ramp_legend
from autograd.drawing.network.picture import LayerPicture, Matrix, NetworkPicture, Row
from autograd.explanation import numerals
from autograd.explanation.numerals import MINUS, figure

MOST_CELLS = 64  # on a side; more of them are averaged into bins
MOST_TOOLTIPS = 5000
MARGIN, BETWEEN = 24.0, 44.0
ROW_WIDTH = 1160.0  # panels beyond it go to the next row
SIGNED_FROM = 13.0  # cells at least this large show their sign, wide ones their number
NUMBER_WIDTH = 46.0


@dataclass(frozen=True)
class Panel:
    """One layer as it is shown: perhaps binned, with the strips where there is one sample."""

    layer: int
    heading: str
    matrix: Matrix  # of ∂C/∂W, or of W where that is not known
    a: Row | None
    delta: Row | None
    cell: tuple[float, float]
    notes: tuple[str, ...]
    binned: bool
    known: bool

    @property
    def strip(self) -> float:
        """The room that a strip and its gap take."""
        return min(self.cell[0], 18.0) + 8

    @property
    def size(self) -> tuple[float, float]:
        """The width and height with heading and strips."""
        rows, columns = len(self.matrix), len(self.matrix[0])
        width = columns * self.cell[0] + self.left + 24
        words = max(
            svg.text_width(self.heading, bold=True), *(svg.text_width(n, 11) for n in self.notes)
        )
        return max(width, words), self.top + rows * self.cell[1] + 6

    @property
    def left(self) -> float:
        """Where the matrix starts."""
        return 0.0 if self.a is None else self.strip_width + 26

    @property
    def strip_width(self) -> float:
        """The width of the a strip."""
        return self.cell[0]

    @property
    def top(self) -> float:
        """Where the matrix starts, below the heading, the notes and the δ strip."""
        below = 0.0 if self.delta is None else self.cell[1] + 26
        return 14.0 + 16.0 * len(self.notes) + 10 + below


def layers_svg(picture: NetworkPicture, theme: Theme, note: str = "") -> str:
    """Return the network as SVG, a heat map a layer."""
    x, y, tallest, right = MARGIN, MARGIN, 0.0, 0.0
    parts = []
    for panel in (_panel(picture, k) for k in range(1, len(picture.layers) + 1)):
        width, height = panel.size
        if x > MARGIN and x + width > ROW_WIDTH:
            x, y, tallest = MARGIN, y + tallest + BETWEEN, 0.0
        parts.append(_drawn(panel, x, y, theme))
        x += width + BETWEEN
        right, tallest = max(right, x - BETWEEN), max(tallest, height)
    bottom = y + tallest + 36
    words = "0 is grey; each strip and each matrix on its own scale"
    legend, needed = ramp_legend(theme, MARGIN, bottom, words)
    notes = " · ".join(filter(None, (picture.note, note)))
    if notes:
        parts.append(svg.text(MARGIN, bottom + 24, notes, theme.muted, size=11))
    width = max(right + MARGIN, needed, svg.text_width(notes, 11) + 2 * MARGIN)
    height = bottom + (40 if notes else 18)
    return svg.document(width, height, theme, [*parts, legend], name=f"layers {picture.name}")


def _panel(picture: NetworkPicture, layer: int) -> Panel:
    shown = picture.layers[layer - 1]
    single = picture.samples == 1
    a, delta = (picture.a(layer - 1), shown.delta) if single else (None, None)
    rows, columns = _bins(shown.fan_in), _bins(shown.fan_out)
    binned = rows[0] > 1 or columns[0] > 1
    matrix = _binned(shown.W if shown.dW is None else shown.dW, rows, columns)
    a = None if a is None else tuple(_means(a, rows))
    delta = None if delta is None else tuple(_means(delta, columns))
    notes = [_identity(layer, single and a is not None and delta is not None, shown)]
    if binned:
        notes.append(f"binned: a cell is the mean of {rows[0]}×{columns[0]} weights")
    cell = _cell(rows[1], columns[1], chain(a or (), delta or (), *matrix))
    known = shown.dW is not None
    return Panel(layer, picture.heading(layer), matrix, a, delta, cell, tuple(notes), binned, known)


def _identity(layer: int, factors: bool, shown: LayerPicture) -> str:
    if shown.dW is None:
        return f"W{layer}, max |W| {_most(shown.W)}; ∂C/∂W is not known"
    name = f"∂C/∂W{layer}" + (f" = a{layer - 1} ⊗ δ{layer}" if factors else "")
    return f"{name}, max |∂C/∂W| {_most(shown.dW)}"


def _most(matrix: Matrix) -> str:
    return numerals.shown(_largest(x for row in matrix for x in row))


def _bins(count: int) -> tuple[int, int]:
    """Return how many numbers a bin holds, and how many bins there are."""
    width = -(-count // MOST_CELLS)
    return width, -(-count // width)


def _means(numbers: Sequence[float], bins: tuple[int, int]) -> list[float]:
    """Return the mean of each bin; means keep the identity, mean(a)·mean(δ) = mean(a ⊗ δ)."""
    width, _ = bins
    if width == 1:
        return list(numbers)
    slices = (numbers[k : k + width] for k in range(0, len(numbers), width))
    return [sum(part) / len(part) for part in slices]


def _binned(matrix: Matrix, rows: tuple[int, int], columns: tuple[int, int]) -> Matrix:
    narrow = [_means(row, columns) for row in matrix]
    return tuple(zip(*(_means(column, rows) for column in zip(*narrow, strict=True)), strict=True))


def _cell(rows: int, columns: int, numbers: Iterable[float]) -> tuple[float, float]:
    """Return the sides of a cell, with room for all numbers, in any face, where they are shown."""
    if rows <= 8 and columns <= 8:
        widest = max((svg.text_width(figure(x, signed=True), 10) for x in numbers), default=0.0)
        return max(NUMBER_WIDTH, widest + 1), 24.0
    side = max(5.0, min(18.0, 420.0 / max(rows, columns)))
    return side, side


def _drawn(panel: Panel, x: float, y: float, theme: Theme) -> str:
    parts = [svg.text(0, 12, panel.heading, theme.text, bold=True)]
    parts += [
        svg.text(0, 30 + 16 * k, note, theme.muted, size=11) for k, note in enumerate(panel.notes)
    ]
    left, top = panel.left, panel.top
    width, height = panel.cell
    if panel.delta is not None:
        strip = top - height - 10
        words = f"δ{panel.layer} = ∂C/∂b{panel.layer}"
        parts.append(svg.text(left, strip - 4, words, theme.muted, size=11))
        places = [(left + k * width, strip) for k in range(len(panel.delta))]
        parts += _cells(panel, panel.delta, places, "delta", theme)
    if panel.a is not None:
        parts.append(svg.text(0, top - 4, f"a{panel.layer - 1}", theme.muted, size=11))
        places = [(0.0, top + k * height) for k in range(len(panel.a))]
        parts += _cells(panel, panel.a, places, "a", theme)
        if panel.delta is not None:
            middle = (left + panel.strip_width) / 2
            parts.append(svg.text(middle, top - 6, "⊗", theme.muted, size=13, anchor="middle"))
    columns = len(panel.matrix[0])
    flat = [x for row in panel.matrix for x in row]
    places = [
        (left + (k % columns) * width, top + (k // columns) * height) for k in range(len(flat))
    ]
    parts += _cells(panel, flat, places, "cell", theme)
    return svg.element("g", *parts, transform=f"translate({x:.1f} {y:.1f})")


def _cells(
    panel: Panel, numbers: Sequence[float], places: Sequence[svg.Point], part: str, theme: Theme
) -> list[str]:
    """Return the cells of a strip or a matrix, each on the scale of its largest number."""
    largest = _largest(numbers)
    columns = len(panel.matrix[0]) if part == "cell" else 1
    cells = []
    for k, (x, place) in enumerate(zip(numbers, places, strict=True)):
        i, j = divmod(k, columns) if part == "cell" else (k, k)
        number = f"{x:.9g}" if panel.binned else repr(x)
        tooltip = svg.title(f"{_cell_name(panel, part, i, j)} = {number}")
        share = x / largest if largest and math.isfinite(x) else 0.0
        cells.append(
            svg.element(
                "g",
                tooltip if len(numbers) <= MOST_TOOLTIPS else "",
                *_face(x, share, place, panel.cell, theme),
                data_part=part,
                data_layer=panel.layer,
                data_i=None if panel.binned or part == "delta" else i,
                data_j=None if panel.binned or part == "a" else j,
            )
        )
    return cells


def _cell_name(panel: Panel, part: str, i: int, j: int) -> str:
    if panel.binned:
        return "mean of a bin"
    layer = panel.layer
    return {
        "delta": f"δ{layer}[{j}] = ∂C/∂b{layer}[{j}]",
        "a": f"a{layer - 1}[{i}]",
        "cell": f"∂C/∂W{layer}[{i},{j}]" if panel.known else f"W{layer}[{i},{j}]",
    }[part]


def _face(
    x: float, share: float, place: svg.Point, cell: tuple[float, float], theme: Theme
) -> list[str]:
    """Return the coloured rectangle, with the number or at least the sign where it fits."""
    width, height = cell
    line = 1.0 if width > 9 else 0.4
    rect = svg.element(
        "rect", x=place[0], y=place[1], width=width - line, height=height - line,
        fill=theme.ramp(share),
    )  # fmt: skip
    if width < SIGNED_FROM:
        return [rect]
    sign = "+" if x > 0 else MINUS if x < 0 else ""
    words = figure(x, signed=True) if width >= NUMBER_WIDTH else sign
    middle = place[0] + (width - 1) / 2
    ink = theme.ink(share)
    return [
        rect,
        svg.text(
            middle,
            place[1] + height / 2 + 3.5,
            words,
            ink,
            size=10,
            anchor="middle",
            part="number" if width >= NUMBER_WIDTH else "sign",
        ),
    ]


def _largest(numbers: Iterable[float]) -> float:
    return max((abs(x) for x in numbers if math.isfinite(x)), default=0.0)
