"""Colours that stay apart for everybody, and labels that fit."""

import math

import pytest

from autograd.drawing.colours import THEMES, clean, escape

# Machado, Oliveira & Fernandes 2009, severity 1.0, on linear RGB
DEFICIENCIES = {
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def linear(colour):
    channels = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]


def lab(rgb):
    """Return CIE L*a*b* of linear sRGB, white point D65."""
    matrix = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    xyz = [sum(m * c for m, c in zip(row, rgb, strict=True)) for row in matrix]
    x, y, z = (
        t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116
        for t in (max(v, 0) / w for v, w in zip(xyz, (0.9505, 1.0, 1.089), strict=True))
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def seen(colour, deficiency):
    rgb = linear(colour)
    return lab(
        [
            sum(m * c for m, c in zip(row, rgb, strict=True))
            for row in DEFICIENCIES[deficiency]
        ]
    )  # fmt: skip


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
def test_positive_and_negative_stay_apart(theme, deficiency):
    positive, negative = seen(theme.positive, deficiency), seen(theme.negative, deficiency)
    assert math.dist(positive, negative) > 40  # ΔE: 2 is just noticeable


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
def test_text_can_be_read_on_its_background(theme):
    def luminance(colour):
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear(colour), strict=True))

    inks = (theme.text, theme.muted, theme.positive, theme.negative)
    fills = (theme.background, theme.cluster, theme.node_fill)
    pairs = [(ink, fill) for ink in inks for fill in fills] + [(theme.text, theme.constant_fill)]
    for ink, fill in pairs:
        dark, light = sorted((luminance(fill), luminance(ink)))
        assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2 level AA


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
def test_a_ramp_starts_at_one_grey_and_ends_apart(theme):
    assert theme.ramp(0.0) == theme.ramp(-0.0) == theme.ramp(0.01) == theme.ramp(-0.01)
    assert theme.ramp(1.0) == theme.ramp(7.0) != theme.ramp(-1.0)
    assert theme.ramp(math.nan) == theme.muted


def test_labels_are_cut_and_cleaned():
    assert clean("a\tb\nc\x00\x7f\ufffe\U0001f600") == "a b c\ufffd\ufffd\ufffd\U0001f600"
    assert clean("w" * 10_000) == "w" * 23 + "…"
    assert escape('<a href="x">&\'') == "&lt;a href=&quot;x&quot;&gt;&amp;&#39;"
