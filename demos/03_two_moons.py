"""Two moons told apart: micrograd's own demo, its model, loss, penalty and schedule.

    python demos/03_two_moons.py

A 2-16-16-1 network of relu units learns a hinge loss with an L2 penalty by gradient
descent, all 100 examples in every step. The boundary is printed as text, and drawn beside the
training curve in demos/output/two_moons.png.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run from anywhere

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons

from nn import MLP, SGD, fit, linear

OUTPUT = Path(__file__).parent / "output"


def grid(columns: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the coordinates of a grid over the plane, its upper left corner first."""
    return np.meshgrid(np.linspace(-1.6, 2.6, columns), np.linspace(1.6, -1.1, rows))


def print_boundary(model: MLP, X: np.ndarray, y: np.ndarray) -> None:
    """Print where the score is positive (#) or not (.), and the examples as o and +."""
    across, down = grid(64, 20)
    scores = model.predict(np.c_[across.ravel(), down.ravel()]).reshape(across.shape)
    picture = np.where(scores > 0, "#", ".")
    for (x0, x1), label in zip(X, y, strict=True):
        row = np.abs(down[:, 0] - x1).argmin()
        picture[row, np.abs(across[0] - x0).argmin()] = "+" if label > 0 else "o"
    print("\n".join("".join(row) for row in picture))


def draw(model: MLP, X: np.ndarray, y: np.ndarray, history) -> Path:
    """Draw the training curve and the plane of scores with the examples on it."""
    figure, (curve, plane) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    history.plot(curve)
    across, down = grid(120, 80)
    scores = model.predict(np.c_[across.ravel(), down.ravel()]).reshape(across.shape)
    plane.contourf(across, down, scores, levels=[-np.inf, 0, np.inf], colors=["#cfe3f5", "#fbd9c0"])
    plane.contour(across, down, scores, levels=[-1, 0, 1], colors="0.3", linewidths=[0.6, 1.4, 0.6])
    for label, colour in ((-1, "#1f6fb2"), (1, "#d2601a")):
        plane.scatter(*X[y == label].T, s=14, color=colour, label=f"label {label:+d}")
    plane.set(title="score 0 (bold) and the margins −1, +1", xlabel="x0", ylabel="x1")
    plane.legend(loc="lower left")
    OUTPUT.mkdir(exist_ok=True)
    figure.savefig(OUTPUT / "two_moons.png", dpi=120)
    return OUTPUT / "two_moons.png"


def main() -> None:
    X, y = make_moons(n_samples=100, noise=0.1, random_state=1)
    y = 2 * y - 1
    model = MLP(2, [16, 16, 1], activation="relu", seed=1)
    print(model)
    optimizer = SGD(model.parameters(), lr=linear(1.0, 0.1, steps=90), weight_decay=2e-4)
    history = fit(
        model, X, y, loss="hinge", optimizer=optimizer, epochs=100, batch_size=100,
        metrics=["accuracy"],
    )  # fmt: skip
    print(history)
    print(f"all 100 examples are right after epoch {1 + history.accuracy.index(1.0)}")
    print_boundary(model, X, y)
    print(f"drawn in {draw(model, X, y, history)}")


if __name__ == "__main__":
    main()
