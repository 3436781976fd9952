"""What colour, width and border mean, drawn under a picture of a network."""

from __future__ import annotations

from autograd.drawing import svg
from autograd.drawing.colours import Theme
from autograd.drawing.network.picture import NetworkPicture

CELLS = 21


def ramp_legend(theme: Theme, x: float, y: float, words: str) -> tuple[str, float]:
    """Return a bar from the most negative to the most positive colour, and where it ends."""
    start = x + svg.text_width("−max", 11) + 6
    cells = [
        svg.element(
            "rect", x=start + 7 * k, y=y - 9, width=7.2, height=10,
            fill=theme.ramp(2 * k / (CELLS - 1) - 1),
        )
        for k in range(CELLS)
    ]  # fmt: skip
    end = start + 7 * CELLS + 6
    after = end + svg.text_width("+max", 11) + 12
    parts = [
        svg.text(x, y, "−max", theme.muted, size=11),
        *cells,
        svg.text(end, y, "+max", theme.muted, size=11),
        svg.text(after, y, words, theme.muted, size=11),
    ]
    return "".join(parts), after + svg.text_width(words, 11) + 18


def network_legend(picture: NetworkPicture, theme: Theme, x: float, y: float) -> tuple[str, float]:
    """Return the legend of a neuron picture, and how wide the picture must be for it."""
    parts = []
    if any(layer.dW is not None for layer in picture.layers):
        bar, x = ramp_legend(theme, x, y, "colour: ∂C/∂W, each layer on its own scale")
        parts.append(bar)
    for k, width in enumerate((0.8, 2.4, 4.0)):
        parts.append(
            svg.element(
                "path", d=f"M{x + 20 * k:.1f} {y - 4:.1f}h16", stroke=theme.muted,
                stroke_width=width,
            )
        )  # fmt: skip
    parts.append(svg.text(x + 64, y, "width: |W|", theme.muted, size=11))
    x += 64 + svg.text_width("width: |W|", 11) + 24
    known = any(layer.delta is not None for layer in picture.layers)
    for sign, words in ((1.0, "δ > 0"), (-1.0, "δ < 0")) if known else ():
        parts.append(
            svg.element(
                "rect", x=x, y=y - 10, width=14, height=12, rx=3, fill=theme.node_fill,
                stroke=theme.sign(sign), stroke_width=1.5,
            )
        )  # fmt: skip
        parts.append(svg.text(x + 20, y, words, theme.muted, size=11))
        x += 20 + svg.text_width(words, 11) + 16
    return "".join(parts), x
