"""Text stays inside its box and can be read, whatever sans-serif face shows it."""

import itertools

import pytest

from autograd import Value, draw, exp, log_softmax, tanh
from autograd.drawing.colours import SHADES, THEMES, contrast
from nn import MLP, probe
from tests.drawing.network.networks import network

FACES = ("DejaVu Sans", "Liberation Sans", "DejaVu Sans Condensed")
OUTSIDE = """(face) => {
  for (const text of document.querySelectorAll("text")) text.setAttribute("font-family", face);
  const inside = (a, b) => a.left >= b.left - 0.6 && a.right <= b.right + 0.6;
  const found = [];
  const boxes = '[data-part="box"], .node, [data-part="unit"], [data-part="cell"], #u0-0, #cost';
  for (const box of document.querySelectorAll(boxes)) {
    const frame = box.querySelector("rect, path").getBoundingClientRect();
    for (const text of box.querySelectorAll("text")) {
      const here = text.getBoundingClientRect();
      if (here.width && !inside(here, frame)) found.push(text.textContent);
    }
  }
  return [document.querySelectorAll(boxes).length, found];
}"""


def expression():
    w, x, y = Value(-1.2, "weight_of_mills"), Value(0.5, "x"), Value(1e-7, "WWWWW")
    root = tanh(w * x) + exp(y * w) * 1234.5 + log_softmax([w, x])[1] * 2e9
    root.backward()
    return root


PICTURES = {
    "own": lambda: draw(expression(), level="expression", layout="own"),
    "own, down": lambda: draw(expression(), level="expression", layout="own", rankdir="TB"),
    "dot": lambda: draw(expression(), level="expression", layout="dot"),
    "cards": lambda: draw(network([2, 3, 1]), level="neuron"),
    "rows": lambda: draw(network([2, 8, 1]), level="neuron"),
    "cells": lambda: draw(network([3, 4, 2]), level="layer"),
    "small numbers": lambda: probe(
        MLP(2, [4, 1], "tanh", seed=0), [0.5, -1.0], [0.3], "half_squared_error"
    ).draw(level="layer"),
    "a probe": lambda: probe(MLP(2, [3, 1], seed=1), [1e-5, -12345.0]).draw(level="neuron"),
}


@pytest.mark.parametrize("picture", PICTURES)
def test_text_stays_in_its_box_in_every_face(browser, picture):
    tab = browser.new_page()
    tab.set_content(PICTURES[picture]().svg())
    for face in FACES:
        boxes, outside = tab.evaluate(OUTSIDE, face)
        assert boxes > 3
        assert outside == [], face
    tab.close()


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
def test_text_has_a_contrast_of_4_5_on_everything_it_stands_on(theme):
    """WCAG 2.2, success criterion 1.4.3."""
    inks = (theme.text, theme.muted, theme.positive, theme.negative)
    grounds = (
        theme.background, theme.cluster, theme.input_fill, theme.parameter_fill, theme.active_fill,
        theme.node_fill, theme.constant_fill,
    )  # fmt: skip
    for ink, ground in itertools.product(inks, grounds):
        assert contrast(ink, ground) >= 4.5, (ink, ground)
    for k in range(-SHADES, SHADES + 1):
        assert contrast(theme.ink(k / SHADES), theme.ramp(k / SHADES)) >= 4.5


def test_the_contrast_is_that_of_the_web_guidelines():
    """Ratios of WCAG 2.2's own worked greys: #777777 on white fails by a little."""
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.005)
    assert contrast("#FFFFFF", "#767676") == pytest.approx(4.54, abs=0.005)
