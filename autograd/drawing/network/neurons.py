"""A network drawn unit by unit: layers are columns, units rows, weights curves."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from autograd.drawing import svg
from autograd.drawing.colours import Theme
from autograd.drawing.network.cards import COMPACT_ABOVE, COST, FOOT, MARGIN, Card, cards
from autograd.drawing.network.legend import network_legend
from autograd.drawing.network.picture import NetworkPicture
from autograd.explanation.numerals import UNKNOWN, figure

PARTS = {"z": "z", "a": "a", "δ": "delta"}
NUMBERED_WEIGHTS, NUMBERED_FAN_IN = 24, 4


@dataclass(frozen=True)
class Weight:
    """One weight and what the picture shows of it."""

    layer: int  # from 1
    i: int
    j: int
    w: float
    dw: float | None

    @property
    def name(self) -> str:
        """As in formulas: W1[0,2]."""
        return f"W{self.layer}[{self.i},{self.j}]"


def neurons_svg(picture: NetworkPicture, theme: Theme, note: str = "") -> str:
    """Return the network as SVG, a card a unit and a curve a weight."""
    columns = cards(picture)
    note = " · ".join(filter(None, (picture.note, note)))
    right = columns[-1][0].x + columns[-1][0].width
    bottom = max(column[-1].y + column[-1].height for column in columns)
    width = right + MARGIN + (0 if picture.cost is None else COST)
    parts = [
        *_headings(picture, columns, theme),
        *(
            line
            for layer in range(1, len(columns))
            for line in _weights(picture, columns, layer, theme)
        ),
        *(_card(picture, card, theme) for column in columns for card in column),
        *_cost(picture, columns[-1], right, theme),
    ]
    legend, needed = network_legend(picture, theme, MARGIN, bottom + 30)
    if note:
        parts.append(svg.text(MARGIN, bottom + FOOT + 12, note, theme.muted, size=11))
    width = max(width, needed, svg.text_width(note, 11) + 2 * MARGIN)
    height = bottom + FOOT + (22 if note else 0)
    return svg.document(width, height, theme, [*parts, legend], name=f"network {picture.name}")


def _headings(picture: NetworkPicture, columns: list[list[Card]], theme: Theme) -> Iterator[str]:
    for column, cards_ in enumerate(columns):
        middle = cards_[0].x + cards_[0].width / 2
        heading = picture.heading(column) if column else f"input · {len(cards_)}"
        yield svg.text(middle, 26, heading, theme.muted, anchor="middle")


def _card(picture: NetworkPicture, card: Card, theme: Theme) -> str:
    if card.column == 0:
        return _input_card(picture, card, theme)
    layer = picture.layers[card.column - 1]
    z, a, delta = (
        None if row is None else row[card.unit] for row in (layer.z, layer.a, layer.delta)
    )
    line = theme.sign(delta) if delta else theme.node_line
    frame = _frame(card, theme.node_fill, line, 1.5)
    rows = (_compact_rows if card.compact else _rows)(card, z, a, delta, theme)
    name = f"unit {card.unit} of layer {card.column}"
    tooltip = f"{name}: z = {z!r}, a = {a!r}, δ = {delta!r}".replace("None", UNKNOWN)
    return svg.element(
        "g", svg.title(tooltip), frame, *rows, id=f"u{card.column}-{card.unit}", data_part="unit",
        data_layer=card.column, data_j=card.unit,
    )  # fmt: skip


def _input_card(picture: NetworkPicture, card: Card, theme: Theme) -> str:
    x = None if picture.inputs is None else picture.inputs[card.unit]
    middle = card.y + card.height / 2 + 4
    size = 11 if card.compact else 12
    return svg.element(
        "g",
        svg.title(f"a0[{card.unit}] = {UNKNOWN if x is None else repr(x)}"),
        _frame(card, theme.input_fill, theme.input_line, 1),
        svg.text(card.x + 9, middle, f"a0[{card.unit}]", theme.muted, size=size),
        svg.text(card.x + card.width - 9, middle, figure(x), theme.text, size=size, anchor="end",
                 bold=True, part="input"),
        id=f"u0-{card.unit}",
    )  # fmt: skip


def _frame(card: Card, fill: str, line: str, width: float) -> str:
    return svg.element(
        "rect", x=card.x, y=card.y, width=card.width, height=card.height,
        rx=5 if card.compact else 7, fill=fill, stroke=line, stroke_width=width,
    )  # fmt: skip


def _rows(
    card: Card, z: float | None, a: float | None, delta: float | None, theme: Theme
) -> Iterator[str]:
    left, right = card.x + 11, card.x + card.width - 11
    for k, (name, shown, colour) in enumerate(
        (
            ("z", figure(z), theme.text),
            ("a", figure(a), theme.text),
            ("δ", figure(delta, signed=True), theme.sign(delta)),
        )
    ):
        y = card.y + 20 + 20 * k
        yield svg.text(left, y, name, theme.muted)
        part = f"unit-{PARTS[name]}"
        yield svg.text(right, y, shown, colour, anchor="end", bold=k > 0, part=part, room=80)


def _compact_rows(
    card: Card, z: float | None, a: float | None, delta: float | None, theme: Theme
) -> Iterator[str]:
    """Yield a swatch of a (tanh-like scale), a and δ on one line; z is in the tooltip."""
    y, middle = card.y + 15, card.x + 84
    share = 0.0 if a is None else a / (1 + abs(a)) * 1.5 if math.isfinite(a) else a
    yield svg.element(
        "rect", x=card.x + 5, y=card.y + 4, width=14, height=14, rx=2, data_part="swatch",
        fill=theme.ramp(share),
    )  # fmt: skip
    yield svg.text(card.x + 24, y, "a", theme.muted, size=11)
    yield svg.text(middle, y, figure(a), theme.text, size=11, anchor="end", part="unit-a", room=48)
    yield svg.text(middle + 12, y, "δ", theme.muted, size=11)
    yield svg.text(
        card.x + card.width - 6, y, figure(delta, signed=True), theme.sign(delta), size=11,
        anchor="end", part="unit-delta", room=52,
    )  # fmt: skip


def weights_of(picture: NetworkPicture, layer: int) -> list[Weight]:
    """Return the weights into layer number `layer`, the strongest gradient last."""
    shown = picture.layers[layer - 1]
    weights = [
        Weight(layer, i, j, w, None if shown.dW is None else shown.dW[i][j])
        for i, row in enumerate(shown.W)
        for j, w in enumerate(row)
    ]
    return sorted(weights, key=lambda weight: _strength(weight.dw, weight.w))


def _strength(dw: float | None, w: float) -> float:
    strength = abs(w if dw is None else dw)
    return strength if not math.isnan(strength) else math.inf


def _weights(
    picture: NetworkPicture, columns: list[list[Card]], layer: int, theme: Theme
) -> Iterator[str]:
    weights = weights_of(picture, layer)
    shown = picture.layers[layer - 1]
    numbered = len(weights) <= NUMBERED_WEIGHTS and shown.fan_in <= NUMBERED_FAN_IN
    numbered = numbered and shown.fan_out <= COMPACT_ABOVE
    steepest = _largest(weight.dw or 0.0 for weight in weights)
    heaviest = _largest(weight.w for weight in weights)
    thinnest, widest = (1.0, 4.2) if len(weights) <= NUMBERED_WEIGHTS else (0.5, 3.0)
    for weight in weights:
        source, target = columns[layer - 1][weight.i], columns[layer][weight.j]
        start = (source.x + source.width, source.port(weight.j, shown.fan_out))
        end = (target.x, target.port(weight.i, shown.fan_in))
        share = 0.0 if weight.dw is None else _share(weight.dw, steepest)
        thickness = thinnest + widest * abs(_share(weight.w, heaviest))
        colour = theme.node_line if weight.dw is None else theme.ramp(share)
        opacity = 0.45 if weight.dw is None else 0.18 + 0.82 * abs(share) ** 0.6
        yield _curve(weight, start, end, thickness, colour, opacity, numbered, theme)


def _curve(
    weight: Weight, start: svg.Point, end: svg.Point, thickness: float, colour: str,
    opacity: float, numbered: bool, theme: Theme,
) -> str:  # fmt: skip
    label = figure(weight.dw, signed=True) if numbered and weight.dw is not None else ""
    room = svg.text_width(label, 11) + 8 if label else 0.0
    joint = (end[0] - (room + 14 if label else 12), end[1])
    line = svg.element(
        "path", d=svg.curve([start, joint]) + f"H{end[0]:.1f}", fill="none", stroke=colour,
        stroke_width=thickness, stroke_opacity=opacity,
    )  # fmt: skip
    number_on_it = ""
    if label:
        patch = svg.element(
            "rect", x=joint[0] + 2, y=end[1] - 8, width=room, height=16, fill=theme.background
        )
        number_on_it = patch + svg.text(
            joint[0] + 2 + room / 2, end[1] + 4, label, theme.sign(weight.dw), size=11,
            anchor="middle", part="dw",
        )  # fmt: skip
    tooltip = f"{weight.name} = {weight.w!r}" + (
        "" if weight.dw is None else f", ∂C/∂W = {weight.dw!r}"
    )
    return svg.element(
        "g", svg.title(tooltip), line, number_on_it, id=f"w{weight.layer}-{weight.i}-{weight.j}",
        data_part="weight", data_layer=weight.layer, data_i=weight.i, data_j=weight.j,
    )  # fmt: skip


def _share(x: float, largest: float) -> float:
    if not largest:
        return 0.0
    return max(-1.0, min(1.0, x / largest)) if not math.isnan(x) else 0.0


def _largest(numbers: Iterator[float]) -> float:
    return max((abs(x) for x in numbers if math.isfinite(x)), default=0.0)


def _cost(
    picture: NetworkPicture, outputs: list[Card], right: float, theme: Theme
) -> Iterator[str]:
    if picture.cost is None:
        return
    middle = (outputs[0].y + outputs[-1].y + outputs[-1].height) / 2
    box = Card(len(picture.sizes), 0, right + 38, middle - 17, 94, 34, False)
    for card in outputs:
        start = (right, card.y + card.height / 2)
        yield svg.element(
            "path", d=svg.curve([start, (box.x, middle)]), fill="none", stroke=theme.node_line,
            stroke_dasharray="4 3",
        )  # fmt: skip
    yield svg.element(
        "g",
        svg.title(f"C = {picture.cost!r} {picture.loss}".strip()),
        _frame(box, theme.node_fill, theme.node_line, 2),
        svg.text(box.x + 10, middle + 4, "C", theme.muted),
        svg.text(box.x + box.width - 10, middle + 4, figure(picture.cost), theme.text,
                 anchor="end", bold=True, part="cost"),
        id="cost",
    )  # fmt: skip
