"""Notations that need a reading of their own: right formulas hold, the same with a slip fail.

Each text gives its definitions, then right formulas, then what is wrong by mathematics.
"""

from __future__ import annotations

import pytest

from nn import check_notes

NOTATIONS = {
    "a weight vector for each unit": (
        [r"z_j = w_j^T x + b_j", r"a_j = g(z_j)"],
        [
            r"\frac{\partial C}{\partial w_j} = \delta_j x",
            r"\frac{\partial z_j}{\partial w_j} = x",
            r"w_j \leftarrow w_j - \eta \delta_j x",
            r"z_j = w_j \cdot x + b_j",
        ],
        [
            r"\frac{\partial C}{\partial w_j} = a_j x",
            r"\frac{\partial z_j}{\partial w_j} = w_j",
            r"w_j \leftarrow w_j + \eta \delta_j x",
        ],
    ),
    "weight vectors with layers": (
        [r"z_j^l = (w_j^l)^T a^{l-1} + b_j^l", r"a_j^l = g(z_j^l)"],
        [r"\frac{\partial C}{\partial w_j^l} = \delta_j^l a^{l-1}"],
        [r"\frac{\partial C}{\partial w_j^l} = \delta_j^l a^l", r"z_j^l = (w_j^l)^T a^l + b_j^l"],
    ),
    "numbers for units": (
        [r"z_1 = w_{11} x_1 + w_{12} x_2 + b_1", r"z_2 = w_{21} x_1 + w_{22} x_2 + b_2"],
        [
            r"a_1 = \sigma(z_1)",
            r"\frac{\partial C}{\partial w_{12}} = \delta_1 x_2",
            r"\frac{\partial z_1}{\partial w_{12}} = x_2",
            r"\frac{\partial z_1}{\partial w_{22}} = 0",
            r"\frac{\partial C}{\partial b_2} = \delta_2",
        ],
        [
            r"\frac{\partial C}{\partial b_2} = \delta_1",
            r"\frac{\partial z_1}{\partial w_{12}} = x_1",
            r"\frac{\partial C}{\partial w_{12}} = \delta_1 x_1",
        ],
    ),
    "numbers for units and layers": (
        [
            r"z_1^{(2)} = w_{11}^{(2)} a_1^{(1)} + w_{12}^{(2)} a_2^{(1)} + b_1^{(2)}",
            r"z_j^{(l)} = \sum_i w_{ji}^{(l)} a_i^{(l-1)} + b_j^{(l)}",
            r"a_1^{(2)} = g(z_1^{(2)})",
        ],
        [
            r"\delta_1^{(1)} = g'(z_1^{(1)}) (w_{11}^{(2)} \delta_1^{(2)} + w_{21}^{(2)} \delta_2^{(2)})",
            r"\frac{\partial C}{\partial w_{21}^{(2)}} = \delta_2^{(2)} a_1^{(1)}",
        ],
        [
            r"\delta_1^{(1)} = g'(z_1^{(1)}) (w_{11}^{(2)} \delta_1^{(2)} + w_{12}^{(2)} \delta_2^{(2)})",
            r"\frac{\partial C}{\partial w_{21}^{(2)}} = \delta_1^{(2)} a_2^{(1)}",
        ],
    ),
    "a bias as the weight of a unit that is 1": (
        [r"x_0 = 1", r"z_j = \sum_{i=0}^n w_{ji} x_i", r"a_j = g(z_j)"],
        [
            r"\frac{\partial C}{\partial w_{j0}} = \delta_j",
            r"\frac{\partial C}{\partial w_{ji}} = \delta_j x_i",
            r"b_j = w_{j0}",
            r"z_j = \sum_{i=1}^n w_{ji} x_i + w_{j0}",
        ],
        [r"\frac{\partial C}{\partial w_{j0}} = \delta_j a_j"],
    ),
    "a single unit": (
        [
            r"z = \sum_i w_i x_i + b",
            r"\hat y = \sigma(z)",
            r"L = -(y \log \hat y + (1-y)\log(1-\hat y))",
        ],
        [
            r"\frac{\partial L}{\partial w_i} = (\hat y - y) x_i",
            r"w_i \leftarrow w_i - \eta (\hat y - y) x_i",
            r"\frac{\partial L}{\partial b} = \hat y - y",
        ],
        [
            r"\frac{\partial L}{\partial w_i} = (y - \hat y) x_i",
            r"\frac{\partial L}{\partial b} = (\hat y - y) x_i",
        ],
    ),
    "a term for the size of the weights": (
        [r"z^l = w^l a^{l-1} + b^l", r"C = C_0 + \frac{\lambda}{2n} \sum_w w^2"],
        [
            r"\frac{\partial C}{\partial w} = \frac{\partial C_0}{\partial w} + \frac{\lambda}{n} w",
            r"\frac{\partial C}{\partial b} = \frac{\partial C_0}{\partial b}",
            r"w \leftarrow w - \eta \frac{\partial C_0}{\partial w} - \frac{\eta\lambda}{n} w",
            r"w \leftarrow (1 - \frac{\eta\lambda}{n}) w - \eta \frac{\partial C_0}{\partial w}",
        ],
        [
            r"\frac{\partial C}{\partial w} = \frac{\partial C_0}{\partial w} - \frac{\lambda}{n} w",
            r"\frac{\partial C}{\partial w} = \frac{\partial C_0}{\partial w} + \frac{\lambda}{2n} w",
            r"w \leftarrow w - \eta \frac{\partial C_0}{\partial w} + \frac{\eta\lambda}{n} w",
        ],
    ),
    "such a term over all layers": (
        [
            r"z^{[l]} = W^{[l]} a^{[l-1]} + b^{[l]}",
            r"J = \frac1m \sum_{i=1}^m L^{(i)} + \frac{\lambda}{2m} \sum_{l=1}^L \|W^{[l]}\|_F^2",
        ],
        [
            r"\frac{\partial J}{\partial W^{[l]}} = \frac1m \sum_{i=1}^m \delta^{[l](i)} (a^{[l-1](i)})^T + \frac{\lambda}{m} W^{[l]}"
        ],
        [
            r"\frac{\partial J}{\partial W^{[l]}} = \frac1m \sum_{i=1}^m \delta^{[l](i)} (a^{[l-1](i)})^T + \lambda W^{[l]}"
        ],
    ),
    "nabla": (
        [r"z^l = w^l a^{l-1} + b^l", r"a^l = \sigma(z^l)"],
        [
            r"w^l \leftarrow w^l - \eta \nabla C",
            r"\delta^L = \nabla C \odot \sigma'(z^L)",
            r"\nabla_{w^l} C = \delta^l (a^{l-1})^T",
        ],
        [
            r"w^l \leftarrow w^l + \eta \nabla C",
            r"\nabla_{w^l} C = (a^{l-1})^T \delta^l",
            r"\delta^L = \nabla C \odot \sigma(z^L)",
        ],
    ),
    "second derivatives": (
        [r"z_j = \sum_i w_{ji} a_i + b_j", r"a_j = g(z_j)"],
        [
            r"\frac{\partial^2 C}{\partial w_{ji}^2} = \frac{\partial^2 C}{\partial z_j^2} a_i^2",
            r"\frac{\partial^2 C}{\partial z_j \partial z_k} = \frac{\partial^2 C}{\partial z_k \partial z_j}",
            r"\frac{\partial \delta_j}{\partial z_k} = \frac{\partial^2 C}{\partial z_j \partial z_k}",
            r"\frac{\partial^2 C}{\partial z_j^2} = g''(z_j) \frac{\partial C}{\partial a_j} + g'(z_j)^2 \frac{\partial^2 C}{\partial a_j^2}",
            r"\frac{\partial^2 C}{\partial b_j \partial w_{ji}} = \frac{\partial^2 C}{\partial z_j^2} a_i",
        ],
        [
            r"\frac{\partial^2 C}{\partial w_{ji}^2} = \frac{\partial^2 C}{\partial z_j^2} a_i",
            r"\frac{\partial^2 C}{\partial b_j \partial w_{ji}} = \frac{\partial^2 C}{\partial z_j^2} a_j",
            r"\frac{\partial^2 C}{\partial z_j^2} = g''(z_j) \frac{\partial C}{\partial a_j} - g'(z_j)^2 \frac{\partial^2 C}{\partial a_j^2}",
        ],
    ),
    "a second derivative at the output": (
        [r"C = \frac12 \sum_j (a_j^L - y_j)^2", r"a_j^l = g(z_j^l)"],
        [
            r"\frac{\partial^2 C}{\partial (z_j^L)^2} = g'(z_j^L)^2 + (a_j^L - y_j) g''(z_j^L)",
        ],
        [r"\frac{\partial^2 C}{\partial (z_j^L)^2} = g'(z_j^L)^2 - (a_j^L - y_j) g''(z_j^L)"],
    ),
    "products and transposes in any order": (
        [r"z^l = W^l a^{l-1} + b^l", r"a^l = g(z^l)"],
        [
            r"\delta^l = g'(z^l) \odot (W^{l+1})^T \delta^{l+1}",
            r"(\delta^l)^T = (\delta^{l+1})^T W^{l+1} \odot g'(z^l)^T",
            r"(\frac{\partial C}{\partial W^l})^T = a^{l-1} (\delta^l)^T",
            r"\delta^l = ((\delta^{l+1})^T W^{l+1})^T \odot g'(z^l)",
        ],
        [
            r"\delta^l = g'(z^l) \odot W^{l+1} \delta^{l+1}",
            r"(\delta^l)^T = (\delta^{l+1})^T (W^{l+1})^T \odot g'(z^l)^T",
            r"(\frac{\partial C}{\partial W^l})^T = \delta^l (a^{l-1})^T",
        ],
    ),
    "batches as rows": (
        [r"Z^l = A^{l-1} W^l + b^l", r"A^l = g(Z^l)", r"\Delta^l = \frac{\partial J}{\partial Z^l}"],
        [
            r"\frac{\partial J}{\partial W^l} = (A^{l-1})^T \Delta^l",
            r"\Delta^l = \Delta^{l+1} (W^{l+1})^T \odot g'(Z^l)",
        ],
        [
            r"\frac{\partial J}{\partial W^l} = \Delta^l (A^{l-1})^T",
            r"\Delta^l = \Delta^{l+1} W^{l+1} \odot g'(Z^l)",
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NOTATIONS)
def test_a_notation_is_read_and_its_slips_are_found(name):
    definitions, right, wrong = NOTATIONS[name]
    text = "\n\n".join(f"${formula}$" for formula in (*definitions, *right, *wrong))
    found = check_notes(text).formulas
    good = found[: len(definitions) + len(right)]
    assert {f.verdict for f in good} <= {"holds", "defines"}, good
    bad = found[len(good) :]
    assert [f.verdict for f in bad] == ["fails"] * len(wrong), bad
