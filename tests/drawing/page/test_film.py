"""The film of a training in Chromium: traced weights, dead units, print, and no motion."""

import numpy as np
import pytest

from autograd.explanation.numerals import figure
from nn import MLP, SGD, fit
from tests.drawing.page.test_browser import choose
from tests.drawing.page.test_live import moons


class File:
    def __init__(self, path):
        self.path = path

    def html(self):
        return self.path.read_text(encoding="utf-8")


def train(path, trace=None, epochs=5, activation="tanh", optimizer=SGD):
    data, labels = moons(12)
    model = MLP(2, [3, 1], activation=activation, seed=2)
    history = fit(
        model, data, labels, loss="binary_cross_entropy", epochs=epochs, progress=False,
        optimizer=optimizer(model.parameters(), lr=0.3), batch_size=4, record=path, trace=trace,
    )  # fmt: skip
    return history, model


def test_a_traced_weight_tells_the_examples_that_moved_it(show, tmp_path):
    name = "layers.0.W[1][2]"
    history, _ = train(tmp_path / "run.html", trace=[name])
    why = history.why(name)
    assert why.change == pytest.approx(why.examples.sum(), rel=1e-9)
    tab = show(File(tmp_path / "run.html"))
    choose(tab, "W1[1,2]")
    words = tab.inner_text("#weight")
    assert f"the training moved it by {figure(why.change, signed=True)}" in words
    for k in np.argsort(-np.abs(why.examples))[:8].tolist():
        assert f"example {k} {figure(float(why.examples[k]), signed=True)}" in words
    order = np.argsort(-np.abs(why.examples))
    rest = float(why.examples[order[8:]].sum())
    assert f"4 others {figure(rest, signed=True)}" in words
    choose(tab, "W1[0,0]")
    assert "moved it" not in tab.inner_text("#weight")


def test_the_examples_that_moved_a_weight_are_ringed_in_the_plane(show, tmp_path):
    train(tmp_path / "run.html", trace=["layers.0.W[1][2]"])
    tab = show(File(tmp_path / "run.html"))
    before = plane(tab)
    choose(tab, "W1[1,2]")
    assert plane(tab) != before
    choose(tab, "")
    assert plane(tab) == before


def plane(tab):
    return tab.evaluate("document.querySelector('#plane').toDataURL()")


def test_without_a_trace_the_film_tells_none(show, tmp_path):
    train(tmp_path / "run.html")
    tab = show(File(tmp_path / "run.html"))
    choose(tab, "W1[1,2]")
    assert "moved it" not in tab.inner_text("#weight")


def test_dead_units_are_counted_in_the_film(show, tmp_path):
    data, labels = moons(12)
    model = MLP(2, [3, 1], activation="relu", seed=2)
    for i in range(2):
        model.layers[0].W[i][1].data = 0.0
    model.layers[0].b[1].data = -5.0
    fit(
        model, data, labels, loss="binary_cross_entropy", epochs=2, progress=False,
        record=tmp_path / "run.html",
    )  # fmt: skip
    tab = show(File(tmp_path / "run.html"))
    assert "dead units in layer 1: 1" in tab.inner_text("#epoch-words")


def test_the_film_goes_by_keyboard_and_keeps_still(show, tmp_path):
    train(tmp_path / "run.html")
    tab = show(File(tmp_path / "run.html"))
    tab.focus("#epoch")
    costs = []
    for _ in range(3):
        tab.keyboard.press("ArrowLeft")
        costs.append(tab.evaluate("whygrad.numbers()")["C"]["data"])
    assert len(set(costs)) == 3
    assert tab.evaluate("document.getAnimations().length") == 0


def test_a_film_prints_its_curves_and_numbers_without_controls(browser, tmp_path):
    train(tmp_path / "run.html")
    tab = browser.new_page()
    tab.goto((tmp_path / "run.html").as_uri())
    tab.emulate_media(media="print")
    for control in ("nav", "#epoch", "#train", "#unfold"):
        assert tab.is_hidden(control), control
    for shown in ("#epoch-words", "#losses", "#plane"):
        assert tab.is_visible(shown), shown
    tab.close()
