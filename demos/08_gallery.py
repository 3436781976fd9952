"""A gallery: everything that can be drawn of a formula, three networks and a training run.

    python demos/08_gallery.py   # writes demos/output/gallery/index.html

`python -m demos.pictures` copies some of them into the README.

Expression graphs are laid out by Graphviz where it is installed, and without it otherwise.
"""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run from anywhere

import numpy as np

from autograd import Value, draw, step_through, tanh
from nn import MLP, Adam, batch_picture, fit, probe

DEMOS = Path(__file__).parent
OUTPUT = DEMOS / "output" / "gallery"
EPOCHS_SHOWN = (0, 1, 5, 20, 60)
STYLE = (
    ":root{color-scheme:light dark}a{color:light-dark(#0550ae,#79b8ff)}body{font:16px system-ui;"
    "max-width:1100px;margin:auto;padding:16px;color:light-dark(#1f2328,#e6edf3);"
    "background:light-dark(#fff,#0d1117)}img{max-width:100%}"
)


class Gallery:
    """The pictures made so far, each with what it shows."""

    def __init__(self) -> None:
        OUTPUT.mkdir(parents=True, exist_ok=True)
        self.entries: list[tuple[str, str, str]] = []

    def add(self, chapter: str, name: str, words: str) -> Path:
        """Return where to save a picture, and remember it."""
        self.entries.append((chapter, name, words))
        return OUTPUT / name

    def save(self) -> Path:
        """Write the page that shows all pictures."""
        chapters = {chapter: "" for chapter, _, _ in self.entries}
        for chapter, name, words in self.entries:
            if not name.endswith("_dark.svg"):  # it is shown where it is preferred
                chapters[chapter] += _entry(name, words.removesuffix(", light"))
        parts = [f"<h2>{escape(name)}</h2>{shown}" for name, shown in chapters.items()]
        path = OUTPUT / "index.html"
        path.write_text(
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width"><title>Gallery</title>'
            f"<style>{STYLE}</style></head>\n"
            f"<body><main><h1>Gallery</h1>{''.join(parts)}</main></body></html>\n",
            encoding="utf-8",
        )
        return path


def _entry(name: str, words: str) -> str:
    """Return a link to a page, or a picture, in the theme that the reader's system prefers."""
    link = f'<p><a href="{name}">{escape(words)}</a></p>'
    if name.endswith(".html"):
        return link
    dark = name.replace("_light.svg", "_dark.svg")
    other = f'<source media="(prefers-color-scheme: dark)" srcset="{dark}">'
    picture = f'{other if dark != name else ""}<img src="{name}" alt="{escape(words)}">'
    return f"{link}<picture>{picture}</picture>"


def formula(gallery: Gallery) -> None:
    """Draw C = (tanh(wx + b) − y)² + 0.1 w² and step through its backward pass."""
    w, b, x, y = Value(-1.2, "w"), Value(0.3, "b"), Value(0.5, "x"), Value(0.8, "y")
    z = w * x + b
    a = tanh(z)
    e = a - y
    C = e**2 + 0.1 * w**2
    for node, label in ((z, "z"), (a, "a"), (e, "e"), (C, "C")):
        node.label = label
    C.backward()
    chapter = "A formula: C = (tanh(wx + b) − y)² + 0.1 w²"
    for theme in ("light", "dark"):
        drawing = draw(C, theme=theme, inputs=[x, y], parameters=[w, b])
        drawing.save(gallery.add(chapter, f"formula_{theme}.svg", f"its graph, {theme}"))
    page = gallery.add(chapter, "formula_steps.html", "every number of it alive")
    step_through(C, page, inputs=[x, y], parameters=[w, b])
    print(draw(C).text())


def two_three_one(gallery: Gallery) -> None:
    """Draw a 2-3-1 network at every level."""
    model = MLP(2, [3, 1], activation="tanh", output="tanh", seed=3)
    p = probe(model, [0.5, -1.2], [0.8], "half_squared_error")
    chapter = "A 2-3-1 network, one example"
    levels = {"expression": "operation by operation", "neuron": "unit by unit", "layer": "as a ⊗ δ"}
    for level, words in levels.items():
        for theme in ("light", "dark"):
            path = gallery.add(chapter, f"network_{level}_{theme}.svg", f"{words}, {theme}")
            p.draw(level=level, theme=theme).save(path)
    step_through(p, gallery.add(chapter, "network_steps.html", "every number of it alive"))


def moons(gallery: Gallery) -> None:
    """Train a 2-16-16-1 network on two moons; draw it, and how it learned."""
    from sklearn.datasets import make_moons

    X, y = make_moons(n_samples=100, noise=0.1, random_state=1)
    model = MLP(2, [16, 16, 1], activation="tanh", seed=1)
    planes, norms = {0: scores(model)}, [gradient_norms(model, X, y)]

    def watch(history, model):
        epoch = len(history)
        if epoch in EPOCHS_SHOWN:
            planes[epoch] = scores(model)
        if epoch % 4 == 0:
            norms.append(gradient_norms(model, X, y))

    chapter = "Two moons, 2-16-16-1"
    p = probe(model, X[0], y[0], "binary_cross_entropy")
    for level, words in {"neuron": "before training", "layer": "a ⊗ δ before training"}.items():
        for theme in ("light", "dark"):
            path = gallery.add(chapter, f"moons_{level}_{theme}.svg", f"{words}, {theme}")
            p.draw(level=level, theme=theme).save(path)
    step_through(p, gallery.add(chapter, "moons_steps.html", "every number of it alive"))
    film = gallery.add("How it learned", "moons_run.html", "its training as a film")
    history = fit(
        model, X, y, loss="binary_cross_entropy", optimizer=Adam(model.parameters(), lr=0.02),
        epochs=60, batch_size=20, metrics=["accuracy"], callbacks=[watch], progress=False,
        record=film,
    )  # fmt: skip
    print(history)
    chapter = "How it learned"
    plot_training(history, norms, gallery.add(chapter, "training.png", "loss and gradient norms"))
    plot_planes(planes, X, y, gallery.add(chapter, "boundary.png", "the decision boundary"))


def scores(model: MLP) -> np.ndarray:
    """Return the scores of a model over the plane of the moons."""
    across, down = plane()
    return model.predict(np.c_[across.ravel(), down.ravel()]).reshape(across.shape)


def plane() -> tuple[np.ndarray, np.ndarray]:
    return np.meshgrid(np.linspace(-1.6, 2.6, 120), np.linspace(-1.1, 1.6, 80))


def gradient_norms(model: MLP, X: np.ndarray, y: np.ndarray) -> list[float]:
    """Return ‖∂C/∂W‖ of every layer over some of the examples."""
    p = probe(model, X[:50], y[:50], "binary_cross_entropy")
    return [float(np.linalg.norm(layer.dW)) for layer in p.layers]


def plot_training(history, norms: list[list[float]], path: Path) -> None:
    """Plot the loss by epoch beside the norms of the gradients of each layer."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.semilogy(range(1, len(history) + 1), history.loss, color="#2166AC")
    left.set(title="loss C", xlabel="epoch")
    colours = ("#92C5DE", "#2166AC", "#B35806")
    epochs = [4 * k for k in range(len(norms))]
    by_layer = zip(*norms, strict=True)
    for layer, (values, colour) in enumerate(zip(by_layer, colours, strict=True), start=1):
        right.semilogy(epochs, values, color=colour, label=f"layer {layer}", marker="o", ms=3)
    right.set(title="‖∂C/∂W‖ by layer, 50 examples", xlabel="epoch")
    right.legend(frameon=False)
    finish(figure, [left, right], path)


def plot_planes(planes: dict[int, np.ndarray], X: np.ndarray, y: np.ndarray, path: Path) -> None:
    """Plot the sign of the score over the plane at some epochs."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 2.9), layout="constrained")
    panels = figure.subplots(1, len(planes), sharey=True)
    across, down = plane()
    for axes, (epoch, score) in zip(panels, planes.items(), strict=True):
        regions = [-np.inf, 0, np.inf]
        axes.contourf(across, down, score, levels=regions, colors=["#FEE0B6", "#D1E5F0"])
        axes.contour(across, down, score, levels=[0], colors="#59636E", linewidths=1.2)
        for label, colour, marker in ((0, "#B35806", "o"), (1, "#2166AC", "^")):
            axes.scatter(*X[y == label].T, s=9, color=colour, marker=marker)
        right = np.mean((nearest(across, down, score, X) > 0) == y)
        axes.set(title=f"epoch {epoch}: {right:.0%} right", xticks=[], yticks=[])
    finish(figure, panels, path)


def nearest(across, down, score, X: np.ndarray) -> np.ndarray:
    """Return the score of the grid point nearest to each example."""
    columns = np.abs(across[0][None, :] - X[:, :1]).argmin(axis=1)
    rows = np.abs(down[:, 0][None, :] - X[:, 1:]).argmin(axis=1)
    return score[rows, columns]


def finish(figure, panels, path: Path) -> None:
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=144)


def digits(gallery: Gallery) -> None:
    """Train a 64-32-10 network on handwritten digits; draw one example and a batch."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    images = images / 16
    model = MLP(64, [32, 10], activation="relu", seed=0)
    history = fit(
        model, images, labels, loss="cross_entropy", epochs=5, metrics=["accuracy"], progress=False
    )
    print(history)
    chapter = "Handwritten digits, 64-32-10"
    p = probe(model, images[8], labels[8], "cross_entropy")
    for theme in ("light", "dark"):
        path = gallery.add(chapter, f"digits_{theme}.svg", f"one example, {theme}")
        p.draw(theme=theme).save(path)
    batch = batch_picture(model, images, labels, "cross_entropy")
    draw(batch).save(gallery.add(chapter, "digits_batch.svg", "all 1 797 images"))
    step_through(
        p, gallery.add(chapter, "digits_steps.html", "one example, every number of it alive")
    )


def main() -> None:
    gallery = Gallery()
    for chapter in (formula, two_three_one, moons, digits):
        chapter(gallery)
    print(f"{len(gallery.entries)} pictures and pages: open {gallery.save()}")


if __name__ == "__main__":
    main()
