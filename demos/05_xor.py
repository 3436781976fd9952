"""XOR, the smallest problem that needs a hidden layer: 2-2-1 sigmoids, opened up.

    python demos/05_xor.py

The network is trained on the four cases, then every z, a and δ of one case is shown, each
checked against the formulas of backpropagation. From some first weights the two hidden
units end up doing the same and two cases stay apart by half: the seeds show how often.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run from anywhere

from nn import MLP, Adam, fit, probe

CASES, XOR = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]


def trained(seed: int) -> tuple[MLP, float]:
    """Return a network trained from the first weights of a seed, and its last mean loss."""
    model = MLP(2, [2, 1], activation="sigmoid", output="sigmoid", seed=seed)
    history = fit(
        model, CASES, XOR, loss="half_squared_error", epochs=600,
        optimizer=Adam(model.parameters(), lr=0.1), progress=False,
    )  # fmt: skip
    return model, history.loss[-1]


def main() -> None:
    runs = [trained(seed) for seed in range(10)]
    for seed, (_, loss) in enumerate(runs):
        print(f"seed {seed}: mean loss {loss:.5f}  {'learnt' if loss < 0.01 else 'stuck'}")
    model, _ = min(runs, key=lambda run: run[1])
    print(f"\nthe best, {model}:")
    for x, y, (a,) in zip(CASES, XOR, model.predict(CASES).tolist(), strict=True):
        print(f"  {x[0]} xor {x[1]} = {y}   network {a:.3f}")
    print("\nbackpropagation of the case 0 xor 1:")
    opened = probe(model, [0.0, 1.0], [1.0], "half_squared_error")
    print(opened.table())
    print(f"furthest formula from autodiff: {opened.check():g} units in the last place")


if __name__ == "__main__":
    main()
