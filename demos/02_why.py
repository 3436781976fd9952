"""Ask why: where the gradients of a formula and of a 2-3-1 network come from.

    python demos/02_why.py

A formula is explained by every path from a leaf to the result; a weight of a network by a and
δ, from its layer down to the loss. Then a derivation worked out by hand, with a slip in it, is
compared with autodiff.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run from anywhere

from autograd import Value, compare, exp, explain, expression, tanh
from nn import MLP, probe


def ask_a_formula() -> None:
    """Explain a derivative in which one leaf acts along several paths."""
    x, k = Value(0.7, "x"), Value(2.0, "k")
    wave = exp(-x * x) * tanh(k * x)
    wave.label = "wave"
    energy = wave * wave + x / k
    energy.label = "energy"
    print("the formula:")
    print(expression(energy), "\n")
    print("why is its derivative by x what it is?")
    print(explain(energy, x), "\n")
    print("and by wave, a node in the middle?")
    print(explain(energy, wave), "\n")


def ask_a_ladder() -> None:
    """Explain a derivative that sums more paths than anybody can list."""
    x = y = Value(0.5, "x")
    for _ in range(40):
        y = 0.9 * tanh(y) + 0.3 * y
    y.label = "y"
    print("forty rungs, two ways up each of them:")
    print(explain(y, x).text(depth=3, terms=2), "\n")


def ask_a_zero() -> None:
    """Tell three gradients of zero from each other."""
    x, y = Value(1.5, "x"), Value(2.0, "y")
    for output in (x * y - y * x, (-x).relu() * y, y * y):
        print("\n".join(explain(output, x).text().splitlines()[:2]))
    print()


def ask_a_network() -> None:
    """Explain a weight, an input and a layer, then find the slip in a hand-made δ."""
    model = MLP(2, [3, 1], activation="tanh", seed=3)
    opened = probe(model, [0.5, -1.2], [0.8], "half_squared_error")
    for target in ("layers.0.W[1][0]", "x[1]", "layers.0"):
        print(f"the network's {target}:")
        print(opened.explain(target), "\n")
    first, last = opened.layers
    by_hand = last.W @ last.delta  # Σ_k W_jk δ_k, and g'(z_j) forgotten
    print("δ of the hidden layer as Σ_k W_jk·δ_k, compared with autodiff:")
    print(compare(by_hand, first.delta, slope=first.slope))
    print("and times g'(z_j):")
    print(compare(by_hand * first.slope, first.delta))


def main() -> None:
    ask_a_formula()
    ask_a_ladder()
    ask_a_zero()
    ask_a_network()


if __name__ == "__main__":
    main()
