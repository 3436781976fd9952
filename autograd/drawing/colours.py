"""Colours and text as they appear in pictures.

Blue is positive and orange negative: the two stay apart under deutan, protan and tritan
vision. The sign is always printed too, so colour is never the only cue.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

SHADES = 16  # of each sign, between zero and the largest magnitude


@dataclass(frozen=True)
class Theme:
    """The colours of one background; `scale` runs from −1 to 1."""

    name: str
    background: str
    cluster: str
    text: str
    muted: str
    positive: str
    negative: str
    scale: tuple[str, ...]  # 2·SHADES + 1 colours, from the most negative to the most positive
    inks: tuple[str, ...]  # black or white, whichever is read better on each of them
    input_fill: str
    input_line: str
    parameter_fill: str
    parameter_line: str
    active_fill: str
    active_line: str
    node_fill: str
    node_line: str
    constant_fill: str
    constant_line: str

    def sign(self, number: float | None) -> str:
        """Return the colour of a number's sign; zero, NaN and unknown are muted."""
        if number is None or not (number > 0 or number < 0):
            return self.muted
        return self.positive if number > 0 else self.negative

    def ramp(self, fraction: float) -> str:
        """Return the colour of a fraction in [-1, 1] of the largest magnitude.

        >>> THEMES["light"].ramp(0.0), THEMES["light"].ramp(1.0), THEMES["light"].ramp(-1.0)
        ('#E6E8EB', '#2166AC', '#B35806')
        """
        return self.muted if math.isnan(fraction) else self.scale[_place(fraction)]

    def ink(self, fraction: float) -> str:
        """Return the colour of text on the ramp's colour of a fraction."""
        return self.text if math.isnan(fraction) else self.inks[_place(fraction)]

    def leaf(self, kind: str) -> tuple[str, str]:
        """Return the fill and the line of a box of this kind."""
        return {
            "input": (self.input_fill, self.input_line),
            "parameter": (self.parameter_fill, self.parameter_line),
            "constant": (self.constant_fill, self.constant_line),
        }.get(kind, (self.node_fill, self.node_line))


def _place(fraction: float) -> int:
    shade = round(min(abs(fraction), 1.0) * SHADES)
    return SHADES + (shade if fraction >= 0 else -shade)


def contrast(first: str, second: str) -> float:
    """Return the contrast of two colours, 1 to 21. Source: WCAG 2.2, contrast ratio.

    >>> contrast("#000000", "#FFFFFF")
    21.0
    """
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear: list[float] = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _scale(positive: str, negative: str) -> tuple[str, ...]:
    """Return all shades of two ramps of five stops that share their first, zero."""
    below, above = negative.split(), positive.split()
    down = [_shade(below, k / SHADES) for k in range(SHADES, 0, -1)]
    return (*down, *(_shade(above, k / SHADES) for k in range(SHADES + 1)))


def _inks(scale: tuple[str, ...]) -> tuple[str, ...]:
    """Return black or white for each colour; the contrast is 4.5 : 1 or more on any."""
    return tuple(max("#000000", "#FFFFFF", key=lambda ink: contrast(ink, s)) for s in scale)


def _shade(stops: list[str], fraction: float) -> str:
    place = fraction * (len(stops) - 1)
    k = min(int(place), len(stops) - 2)
    return _mixed(stops[k], stops[k + 1], place - k)


def _mixed(first: str, second: str, share: float) -> str:
    pairs = ((int(first[k : k + 2], 16), int(second[k : k + 2], 16)) for k in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)


LIGHT = _scale("#E6E8EB #D1E5F0 #92C5DE #4393C3 #2166AC", "#E6E8EB #FEE0B6 #FDB863 #E08214 #B35806")
DARK = _scale("#30363D #1F4A73 #2F77B5 #5AA9F0 #A5D6FF", "#30363D #5A3A12 #9A5F14 #E08E2B #FFC680")
THEMES = {
    "light": Theme(
        name="light",
        background="#FFFFFF",
        cluster="#F6F8FA",
        text="#1F2328",
        muted="#59636E",
        positive="#2166AC",
        negative="#AB5306",  # the ramp's end, a little darker: 4.5 : 1 on tinted boxes too
        scale=LIGHT,
        inks=_inks(LIGHT),
        input_fill="#E8F1FA",
        input_line="#56799E",
        parameter_fill="#E6F4EE",
        parameter_line="#3F8F6B",
        active_fill="#FFF3C4",
        active_line="#9A6700",
        node_fill="#FFFFFF",
        node_line="#868F99",
        constant_fill="#F1F3F5",
        constant_line="#868F99",
    ),
    "dark": Theme(
        name="dark",
        background="#0D1117",
        cluster="#11161D",
        text="#E6EDF3",
        muted="#9198A1",
        positive="#6CB6FF",
        negative="#F0A04B",
        scale=DARK,
        inks=_inks(DARK),
        input_fill="#13263A",
        input_line="#6CA0D6",
        parameter_fill="#12291F",
        parameter_line="#5DBB92",
        active_fill="#3A2F0B",
        active_line="#E3B341",
        node_fill="#161B22",
        node_line="#768390",
        constant_fill="#22272E",
        constant_line="#768390",
    ),
}


def clean(text: str, limit: int = 24) -> str:
    """Return a label that fits a box: one line, only characters XML allows, cut with ….

    >>> clean("a\\nb\\x00"), clean("w" * 30, 5)
    ('a b\ufffd', 'wwww…')
    """
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    return "".join(" " if c in "\t\n\r" else c if _allowed(c) else "\ufffd" for c in text)


def _allowed(character: str) -> bool:
    code = ord(character)
    return (
        (0x20 <= code < 0xD800 and not 0x7F <= code < 0xA0)
        or 0xE000 <= code < 0xFFFE
        or (code >= 0x10000)
    )


def escape(text: str) -> str:
    """Return text for XML and HTML, inside elements and inside quoted attributes."""
    for character, entity in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot"), ("'", "#39")):
        text = text.replace(character, f"&{entity};")
    return text
