"""No formula is called wrong that may mean something else; formulas as public notes have them."""

from __future__ import annotations

import pytest

from nn import check_notes

NETWORK = "# A network\n\n$z^l = W^l a^{l-1} + b^l$, $a^l = g(z^l)$\n\n"


def verdicts(text: str) -> list[str]:
    return [finding.verdict for finding in check_notes(text).formulas]


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("y = 0", "a value"),
        ("z^1 = 0.1 \\cdot 0.5 + 0.2", "a value"),
        (r"\delta^2 = -0.3569 \cdot 0.2467", "a value"),
        (r"\frac{\partial C}{\partial b^1} = -0.0149", "a value"),
        ("0.5 \\cdot 0.9 = 0.24", "numbers alone"),
        ("f(a) = x^2", "functions in general"),
        ("x = g(t)", "functions in general"),
        ("dz = dZ^T", "another name"),
        ("W = W^1 W^2", "what a parameter is"),
        (r"\frac{\partial C}{\partial w} = \sum_i \frac{\partial C}{\partial z_i}\frac{\partial z_i}{\partial w}", "chain rule"),
        (r"y = 0.05 + \sum_i 0.01 x_i + \epsilon", "rate"),
        ("y_j(n) = z_j(n)", "step in time"),
        (r"\delta = \begin{bmatrix} \delta_1 \\ \delta_2 \end{bmatrix}", "matrix"),
        (r"v = w^T u + s", "no small change"),
    ],
)  # fmt: skip
def test_what_is_no_claim_about_every_network_does_not_fail(formula, reason):
    *_, finding = check_notes(NETWORK + f"${formula}$").formulas
    assert finding.verdict == "not understood", finding
    assert reason in finding.reason


def test_a_for_the_weighted_input_and_z_for_the_activation():
    text = r"""
    $a_j = \sum_i w_{ji} z_i + b_j$ and $z_j = h(a_j)$
    $\delta_j = \frac{\partial E}{\partial a_j}$, $\delta_j = h'(a_j) \sum_k w_{kj} \delta_k$
    $\frac{\partial E}{\partial w_{ji}} = \delta_j z_i$
    $\frac{\partial E}{\partial w_{ji}} = \delta_j a_i$
    """
    report = check_notes(text)
    assert [f.verdict for f in report.formulas] == ["defines"] * 3 + ["holds"] * 2 + ["fails"]
    assert "a is the weighted input, z the activation" in report.convention
    assert "z_i for a_i" in report.formulas[-1].hints[0]


def test_a_section_may_have_a_convention_of_its_own():
    text = (
        "# Columns\n\n$z^l = W^l a^{l-1} + b^l$, $a^l = g(z^l)$, "
        r"$\delta^l = \frac{\partial C}{\partial z^l}$, "
        r"$\frac{\partial C}{\partial W^l} = \delta^l (a^{l-1})^T$"
        "\n\n# Rows\n\n$z^l = a^{l-1} W^l + b^l$, "
        r"$\frac{\partial C}{\partial W^l} = (a^{l-1})^T \delta^l$, "
        r"$\frac{\partial C}{\partial W^l} = (a^l)^T \delta^l$"
    )
    report = check_notes(text)
    assert [f.verdict for f in report.formulas][4:] == ["defines", "holds", "fails"]
    assert "section" in report.formulas[5].hints[0] or "rows" in report.formulas[5].hints[0]
    assert report.formulas[-1].slips == ("layer",)


def test_a_letter_defined_nearby_is_put_in():
    text = r"""
    $\hat{y} = \sigma(w^T X + b)$, $J = -\frac1m \sum_{i=1}^m (y^{(i)} \log \hat{y}^{(i)} + (1 - y^{(i)}) \log(1 - \hat{y}^{(i)}))$

    $dw = \frac1m x\,dz$ where $dz = dZ^T$ and $x = X$, so $dw = \frac1m X dZ^T$
    """
    report = check_notes(text)
    assert "fails" not in {f.verdict for f in report.formulas}, report


def test_y_is_the_output_where_t_is_the_target():
    text = r"""
    $z_k = \sum_j w_{kj} a_j + b_k$, $y_k = \frac{e^{z_k}}{\sum_j e^{z_j}}$, $E = -\sum_k t_k \log y_k$
    $\frac{\partial E}{\partial z_k} = y_k - t_k$
    $\frac{\partial E}{\partial z_k} = t_k - y_k$
    """
    assert verdicts(text)[-2:] == ["holds", "fails"]


def test_a_network_of_numbered_layers_ends_with_the_last_of_its_section():
    text = NETWORK + (
        r"$z^1 = W^1 a^0 + b^1$, "
        r"$\delta^L = \frac{\partial C}{\partial a^L} \odot g'(z^L)$" "\n\n# Two layers\n\n"
        r"$C = \frac12 \|a^2 - y\|^2$, $\frac{\partial C}{\partial a^2} = a^2 - y$, "
        r"$\frac{\partial C}{\partial a^2} = y - a^2$"
    )  # fmt: skip
    assert verdicts(text)[-3:] == ["defines", "holds", "fails"]


def test_the_mark_of_a_derivative_may_stand_behind_a_bracket():
    text = NETWORK + r"$\delta^l = (W^{l+1})^T \delta^{l+1} \odot [g(z^l)]^{'}$"
    assert verdicts(text)[-1] == "holds"


OTHER_LAYERS = {
    "convolution": r"""# A convolution
    $a^{[l+1]} = g(w^{[l]} a^{[l]})$ with a kernel, $z_{ij} = \sum_{m,n} w_{mn} a_{i+m,j+n}$,
    $n_l = \frac{n_{l-1} + 2p - f}{s} + 1$, $\delta^{l} = \delta^{l+1} * w^{l+1} \odot g'(z^l)$,
    $z = w * a + b$""",
    "recurrence": r"""# A recurrent network
    $h_t = \tanh(W h_{t-1} + U x_t + b)$, $h = \tanh(W x + U h + b)$,
    $\delta = W^T \delta \odot g'(h)$, $z^{\langle t \rangle} = W a^{\langle t-1 \rangle} + b$""",
    "attention": r"""# Attention
    $A = \text{softmax}(Q K^T / \sqrt{d}) V$, $z = a W W^T a^T$, $a = \text{softmax}(a a^T) a$""",
    "residual": r"""# Residual blocks
    $a^{[l+2]} = g(z^{[l+2]} + a^{[l]})$, $a^{[l+2]} = a^{[l]}$, $\delta^l = \delta^{l+2} + \delta^{l+1}$""",
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER_LAYERS)
def test_notes_on_other_layers_are_not_understood(name):
    report = check_notes(OTHER_LAYERS[name])
    assert report.formulas
    assert report, report
    assert all(f.reason for f in report.formulas if f.verdict == "not understood")


def test_the_feedforward_part_of_such_notes_is_judged():
    text = NETWORK + r"$\delta^l = W^{l+1} \delta^{l+1} \odot g'(z^l)$" + "\n\n"
    report = check_notes(text + OTHER_LAYERS["convolution"])
    assert [f.formula for f in report.formulas if not f] == ["δ^l = W^{l+1} δ^{l+1} ⊙ g'(z^l)"]
