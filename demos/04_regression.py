"""A regression: how far a diabetes progresses in a year, from ten measurements.

    python demos/04_regression.py

A linear model is trained first, for which the answer is known: least squares. Then a small
network learns with early stopping on examples held back, goes to a file and comes back.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run from anywhere

import numpy as np
from sklearn.datasets import load_diabetes

from nn import MLP, SGD, AdamW, EarlyStopping, fit, load, save

OUTPUT = Path(__file__).parent / "output"


def share_explained(model: MLP, X: np.ndarray, y: np.ndarray) -> float:
    """Return R² = 1 - Σ (a - y)² / Σ (ȳ - y)²."""
    return 1 - ((model.predict(X)[:, 0] - y) ** 2).sum() / ((y - y.mean()) ** 2).sum()


def linear_model(X: np.ndarray, y: np.ndarray) -> MLP:
    """Train a single linear unit and hold it against the least-squares solution."""
    model = MLP(X.shape[1], [1], initializer="zeros")
    descent = SGD(model.parameters(), lr=0.2, momentum=0.9)
    fit(model, X, y, loss="half_squared_error", optimizer=descent, epochs=3000, batch_size=len(X))
    solution, *_ = np.linalg.lstsq(np.c_[X, np.ones(len(X))], y, rcond=None)
    trained = [parameter.data for parameter in model.parameters()]
    print(f"{model}\n  furthest from least squares: {np.abs(trained - solution).max():.1e}")
    return model


def small_network(X: np.ndarray, y: np.ndarray, held: tuple[np.ndarray, np.ndarray]) -> MLP:
    """Train eight tanh units until the loss on the examples held back stops falling."""
    model = MLP(X.shape[1], [8, 1], activation="tanh", seed=0)
    history = fit(
        model, X, y, loss="half_squared_error", epochs=200, validation=held,
        optimizer=AdamW(model.parameters(), lr=0.003, weight_decay=0.1),
        callbacks=[EarlyStopping(patience=10)],
    )  # fmt: skip
    print(f"{model}\n  {history}")
    history.to_csv(OUTPUT / "regression.csv")
    history.plot().savefig(OUTPUT / "regression.png")
    return model


def main() -> None:
    OUTPUT.mkdir(exist_ok=True)
    X, y = load_diabetes(return_X_y=True)
    X, y = X / X.std(axis=0), (y - y.mean()) / y.std()
    held = X[342:], y[342:]
    line = linear_model(X[:342], y[:342])
    print(f"  R² on 100 patients held back: {share_explained(line, *held):.3f}")
    model = small_network(X[:342], y[:342], held)
    print(f"  R² on 100 patients held back: {share_explained(model, *held):.3f}")
    save(model, OUTPUT / "regression.safetensors")
    back = load(OUTPUT / "regression.safetensors")
    same = (back.predict(X, exact=True) == model.predict(X, exact=True)).all()
    print(f"saved and loaded: {back}; predictions {'equal to the bit' if same else 'DIFFER'}")


if __name__ == "__main__":
    main()
