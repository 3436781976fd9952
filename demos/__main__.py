"""The main job, `python -m demos`: train on real data, then ask the network why.

A network made of scalar Values learns scikit-learn's bundled handwritten digits (1 797
images of 8 x 8 pixels). Then one test image is probed: every gradient ∂C/∂W_ij is compared with
a_i δ_j, unit by unit. Files are written to demos/output.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

import autograd
from autograd import Value, draw, step_through, tanh
from nn import MLP, Adam, cosine, fit, probe, save

OUTPUT = Path(__file__).parent / "output"
EPOCHS = 30


def main() -> None:
    """Train, check, draw, and say where the files are."""
    OUTPUT.mkdir(exist_ok=True)
    images, labels, test_images, test_labels = digits()
    model = train(images, labels, (test_images, test_labels))
    check(model, test_images[0], test_labels[0])
    draw_expression()
    save(model, OUTPUT / "digits.safetensors")
    show(model, test_images, test_labels)
    print(f"\nFiles in {OUTPUT}:")
    for path in sorted(OUTPUT.iterdir()):
        print(f"  {path.name}")
    print("\nThe trained network, every number of it alive: open demos/output/index.html")


def digits() -> tuple:
    """Return training images, labels, test images, labels; every fifth image is for testing."""
    from sklearn.datasets import load_digits

    data = load_digits()
    order = list(range(len(data.target)))
    random.Random(0).shuffle(order)
    test, train = order[: len(order) // 5], order[len(order) // 5 :]
    images = data.data / 16.0
    return images[train], data.target[train], images[test], data.target[test]


def train(images, labels, test: tuple) -> MLP:
    """Return an MLP 64-32-10 after 30 epochs of Adam with a falling learning rate."""
    model = MLP(64, [32, 10], activation="relu", seed=0)
    print(f"{model}\n{len(images)} training images, {len(test[0])} test images")
    print(f"autograd {autograd.__version__}, implementation: {autograd.implementation}")
    start = time.perf_counter()
    steps = EPOCHS * -(-len(images) // 32)
    adam = Adam(model.parameters(), lr=cosine(0.01, 0.0, steps))
    history = fit(
        model, images, labels, loss="cross_entropy", optimizer=adam, epochs=EPOCHS,
        batch_size=32, validation=test, metrics=["accuracy"],
    )  # fmt: skip
    print(
        f"trained in {time.perf_counter() - start:.1f} s: loss {history.loss[-1]:.4f}, "
        f"test accuracy {100 * history.val_accuracy[-1]:.1f} %"
    )
    history.to_csv(OUTPUT / "digits_history.csv")
    return model


def check(model: MLP, image, label: int) -> None:
    """Compare autodiff with a_i δ_j for one image, and print some units of it."""
    seen = probe(model, image, label, "cross_entropy")
    worst = seen.check()
    last = seen.layers[-1]
    print(
        f"\nOne test image, a {label}: ∂C/∂W_ij = a_i δ_j in the last layer, by hand and autodiff"
    )
    gradients = autograd.gradients(seen.root, model.layers[-1].W)
    active = [i for i in range(32) if last.inputs[i] > 0][:3]
    for i in active:
        for j in (int(label), (int(label) + 1) % 10):
            a, delta = last.inputs[i], last.delta[j]
            print(
                f"  i={i:2} j={j}:  a_i δ_j = {a:.6f} x {delta:+.6f} = {a * delta:+.9f}   "
                f"autodiff {gradients[i][j]:+.9f}"
            )
    count = sum(layer.dW.size + layer.db.size for layer in seen.layers)
    print(f"All {count} derivatives checked; the largest difference is {worst:g} ulp.")


def show(model: MLP, images, labels) -> None:
    """Write a live page of the test image that the network is least sure of."""
    seen = probe(model, images, labels, "cross_entropy")
    sure = (seen.layers[-1].delta ** 2).sum(axis=1)  # δ = p − y
    least = int(sure.argmax())
    hardest = probe(model, images[least], labels[least], "cross_entropy")
    step_through(hardest, OUTPUT / "index.html", theme="auto")


def draw_expression() -> None:
    """Draw a neuron with its loss, C = (tanh(w x + b) - y)², after its backward pass."""
    w, x, b, y = Value(-1.2, "w"), Value(0.5, "x"), Value(0.3, "b"), Value(0.8, "y")
    cost = (tanh(w * x + b) - y) ** 2
    cost.label = "C"
    cost.backward()
    drawing = draw(cost, inputs=[x, y], parameters=[w, b])
    drawing.save(OUTPUT / "expression.svg")
    drawing.save(OUTPUT / "expression.txt")


if __name__ == "__main__":
    main()
