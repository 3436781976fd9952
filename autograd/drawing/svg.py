"""The few SVG elements that pictures are made of, as text; attributes only, no style sheet."""

from __future__ import annotations

import re
import unicodedata
from base64 import b64encode
from collections.abc import Iterable
from itertools import pairwise

from autograd.drawing.colours import Theme, escape

FONT = "Helvetica,Arial,sans-serif"
Point = tuple[float, float]
# Thousandths of an em, the most that DejaVu Sans, Verdana, Arial and their like take; letters
# that are not named take those of their kind. Whatever face is there, text stays in its box.
_WIDTHS = {
    character: width
    for characters, width in (
        ("iljI|'.,:; ", 420), ("!()[]{}ft/-r", 460), ("0123456789", 640), ("mMW", 1000),
        ("@%—…⇒→≈Σ⊗", 1010), ("w−+=×÷·<>", 850), ("∂δ", 640),
    )
    for character in characters
}  # fmt: skip


def element(tag: str, *inside: str, **attributes: object) -> str:
    """Return an element; `_` in a name is `-`, None leaves an attribute out.

    >>> element("rect", x=1.50, stroke_width=2, id=None)
    '<rect x="1.5" stroke-width="2"/>'
    """
    given = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    return f"<{tag}{given}>{''.join(inside)}</{tag}>" if inside else f"<{tag}{given}/>"


def _value(value: object) -> str:
    if isinstance(value, float):
        rounded = round(value, 2 if abs(value) < 10 else 1) + 0.0  # no negative zero
        return f"{rounded:.2f}".rstrip("0").rstrip(".")
    return escape(str(value))


def text(
    x: float, y: float, content: str, colour: str, *, size: float = 12.0, anchor: str = "start",
    bold: bool = False, part: str | None = None, room: float | None = None,
) -> str:  # fmt: skip
    """Return a line of text whose baseline starts, ends or is centred at (x, y).

    `part` and `room` tell a script what it is and how wide it may become.
    """
    return element(
        "text", escape(content), x=x, y=y, fill=colour,
        font_size=None if size == 12 else size,
        text_anchor=None if anchor == "start" else anchor,
        font_weight="bold" if bold else None, data_part=part, data_room=room,
    )  # fmt: skip


def title(content: str) -> str:
    """Return a tooltip."""
    return element("title", escape(content) or " ")


def curve(points: list[Point], vertical: bool = False) -> str:
    """Return path data that leaves and reaches every point along the main direction."""
    data = [f"M{_value(float(points[0][0]))} {_value(float(points[0][1]))}"]
    for (x0, y0), (x1, y1) in pairwise(points):
        if vertical:
            middle = (y0 + y1) / 2
            first, second = (x0, middle), (x1, middle)
        else:
            middle = (x0 + x1) / 2
            first, second = (middle, y0), (middle, y1)
        data.append("C" + " ".join(_value(float(c)) for c in (*first, *second, x1, y1)))
    return "".join(data)


def document(width: float, height: float, theme: Theme, parts: Iterable[str], *, name: str) -> str:
    """Return a whole picture on an opaque background; `name` is what a screen reader says."""
    return element(
        "svg",
        title(name),
        element("rect", width=width, height=height, fill=theme.background),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        width=width,
        height=height,
        viewBox=f"0 0 {_value(float(width))} {_value(float(height))}",
        font_family=FONT,
        font_size=12,
        style="font-variant-numeric:tabular-nums",
        role="img",
    )


def image(picture: str, name: str) -> str:
    """Return a picture as an image of HTML with a data address, which survives sanitising."""
    data = b64encode(picture.encode()).decode()
    address = f"data:image/svg+xml;base64,{data}"
    return f'<img alt="{escape(name)}" src="{address}" style="max-width:100%">'


def text_width(content: str, size: float = 12.0, *, bold: bool = False) -> float:
    """Return how wide a line of text is at most in any usual sans-serif face."""
    ems = 0
    for character in content:
        if unicodedata.combining(character):
            continue
        if unicodedata.east_asian_width(character) in "WF":
            ems += 1000
        else:
            ems += _WIDTHS.get(character) or (780 if character.isupper() else 640)
    return ems / 1000 * size * (1.1 if bold else 1.0)


def with_prefix(picture: str, prefix: str) -> str:
    """Return the picture with every id, and every reference to one, prefixed."""
    picture = re.sub(r'(\sid=")([^"]*")', rf"\g<1>{prefix}\g<2>", picture)
    picture = re.sub(r'((?:xlink:)?href="#)', rf"\g<1>{prefix}", picture)
    return picture.replace("url(#", f"url(#{prefix}")
