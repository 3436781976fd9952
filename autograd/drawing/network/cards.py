"""Where the cards of a network's units stand: layers are columns, units rows."""

from __future__ import annotations

from dataclasses import dataclass

from autograd.drawing.network.picture import NetworkPicture

COMPACT_ABOVE = 6  # units in a layer: more of them are one line each
MARGIN, HEAD, FOOT = 24.0, 44.0, 56.0
COST = 132.0  # the room for C
NARROWEST = 84.0  # between two columns
SMALLEST = 11.0  # of the text
FITTING = 1014.0  # as wide as SMALLEST allows on a page of 830 pixels


@dataclass(frozen=True)
class Card:
    """The place of one unit: column 0 holds the inputs."""

    column: int
    unit: int
    x: float
    y: float
    width: float
    height: float
    compact: bool

    def port(self, k: int, count: int) -> float:
        """Return the height of port k of `count`, evenly spread over the card."""
        room = self.height - (6 if self.compact else 14)
        if count == 1:
            return self.y + self.height / 2
        step = min(room / (count - 1), 26.0)
        return self.y + self.height / 2 + (k - (count - 1) / 2) * step


def neurons_size(picture: NetworkPicture) -> tuple[float, float]:
    """Return the width and height of the cards."""
    columns = cards(picture)
    right = max(column[0].x + column[0].width for column in columns)
    bottom = max(column[-1].y + column[-1].height for column in columns)
    return right + MARGIN + (0 if picture.cost is None else COST), bottom + FOOT


def cards(picture: NetworkPicture) -> list[list[Card]]:
    """Return the cards of every column, centred on one axis."""
    sizes = picture.sizes
    shapes = [_card_size(count, column) for column, count in enumerate(sizes)]
    total = max(
        count * height + (count - 1) * gap
        for count, (_, height, gap) in zip(sizes, shapes, strict=True)
    )
    fixed = sum(width for width, _, _ in shapes) + 2 * MARGIN
    fixed += 0 if picture.cost is None else COST
    room = (FITTING - fixed) / (len(sizes) - 1)
    columns, x = [], MARGIN
    for column, (count, (width, height, gap)) in enumerate(zip(sizes, shapes, strict=True)):
        top = HEAD + (total - count * height - (count - 1) * gap) / 2
        columns.append(
            [
                Card(column, k, x, top + k * (height + gap), width, height, count > COMPACT_ABOVE)
                for k in range(count)
            ]
        )
        if column + 1 < len(sizes):
            x += width + _channel(count, sizes[column + 1], room)
    return columns


def _card_size(count: int, column: int) -> tuple[float, float, float]:
    if count > COMPACT_ABOVE:
        return (162.0, 22.0, 6.0) if column else (104.0, 22.0, 6.0)
    return (118.0, 70.0, 18.0) if column else (118.0, 56.0, 22.0)


def _channel(sources: int, targets: int, room: float) -> float:
    """Return the width between two columns: narrower where the picture then fits a page."""
    wanted = 200.0 + 5.0 * min(max(sources, targets), 16)
    return wanted if room < NARROWEST else min(wanted, room)
