"""What writers of public notes do, in formulas of our own: read as meant, and slips still found."""

from __future__ import annotations

import pytest

from nn import check_notes

COLUMNS = (
    r"$z^l = W^l a^{l-1} + b^l$, $a^l = g(z^l)$, $\delta^l = \frac{\partial C}{\partial z^l}$, $\frac{\partial C}{\partial a^l} = (W^{l+1})^T \delta^{l+1}$"
    "\n\n"
)
UNITS = (
    r"$z_j^l = \sum_k w_{jk}^l a_k^{l-1} + b_j^l$, $a_j^l = g(z_j^l)$, $\delta_j^l = \frac{\partial C}{\partial z_j^l}$"
    "\n\n"
)


def last(text: str):
    return check_notes(text).formulas[-1]


@pytest.mark.parametrize(
    ("notes", "right", "slip"),
    [
        # λ or F is the loss
        (
            UNITS.replace("C", r"\lambda"),
            r"\frac{\partial \lambda}{\partial w_{jk}^l} = \delta_j^l a_k^{l-1}",
            r"\frac{\partial \lambda}{\partial w_{jk}^l} = \delta_j^l a_k^l",
        ),
        (
            COLUMNS.replace("C", "F"),
            r"\frac{\partial F}{\partial W^l} = \delta^l (a^{l-1})^T",
            r"\frac{\partial F}{\partial W^l} = \delta^l (a^l)^T",
        ),
        # δ for ∂
        (
            COLUMNS,
            r"\frac{\delta C}{\delta W^l} = \frac{\delta C}{\delta z^l} (a^{l-1})^T",
            r"\frac{\delta C}{\delta W^l} = \frac{\delta C}{\delta z^l} a^{l-1}",
        ),
        # one unit of a whole vector, one entry of a whole matrix
        (
            COLUMNS,
            r"\delta_j^l = \left((W^{l+1})^T \delta^{l+1}\right)_j g'(z_j^l)",
            r"\delta_j^l = \left(W^{l+1} \delta^{l+1}\right)_j g'(z_j^l)",
        ),
        (
            COLUMNS,
            r"\frac{\partial C}{\partial w_{jk}^l} = (\delta^l (a^{l-1})^T)_{jk}",
            r"\frac{\partial C}{\partial w_{jk}^l} = (\delta^l (a^{l-1})^T)_{kj}",
        ),
        # the slope as a derivative of the letter g
        (
            COLUMNS,
            r"\delta^L = \frac{\partial C}{\partial a^L} \odot \frac{\partial g}{\partial z^L}",
            r"\delta^L = \frac{\partial C}{\partial a^L} \odot \frac{\partial g}{\partial z^{L-1}}",
        ),
        (COLUMNS, r"\nabla W^l = \delta^l (a^{l-1})^T", r"\nabla W^l = a^{l-1} (\delta^l)^T"),
        # a parameter before and after a step
        (
            COLUMNS,
            r"W_{new}^l = W_{old}^l - \eta \frac{\partial C}{\partial W^l}",
            r"W_{new}^l = W_{old}^l + \eta \frac{\partial C}{\partial W^l}",
        ),
        (
            UNITS,
            r"w_{jk}^{(t+1)} = w_{jk}^{(t)} - \eta \frac{\partial C}{\partial w_{jk}}",
            r"w_{jk}^{(t+1)} = w_{jk}^{(t)} + \eta \frac{\partial C}{\partial w_{jk}}",
        ),
        (
            COLUMNS,
            r"b^l(t+1) = b^l(t) - \eta \frac{\partial C}{\partial b^l}",
            r"b^l(t+1) = b^l(t) - \frac{\partial C}{\partial b^l} + \eta",
        ),
        (
            COLUMNS,
            r"w^l \rightarrow w^{l'} = w^l - \eta \frac{\partial C}{\partial w^l}",
            r"w^l \rightarrow w^{l'} = w^l + \eta \frac{\partial C}{\partial w^l}",
        ),
        (COLUMNS + r"$\Delta b^l = -\eta \delta^l$" "\n\n", r"\Delta W^l = -\eta \nabla C", r"\Delta W^l = \eta \nabla C"),
        # a Σ without one of its terms
        (
            UNITS,
            r"z_j^l = w_{jk}^l a_k^{l-1} + \sum_{i \neq k} w_{ji}^l a_i^{l-1} + b_j^l",
            r"z_j^l = w_{jk}^l a_k^l + \sum_{i \neq k} w_{ji}^l a_i^{l-1} + b_j^l",
        ),
        # h for the hidden units and k for the outputs
        (
            r"$net_h = \sum_i w_{hi} x_i$, $o_h = f(net_h)$, $\delta_h = -\frac{\partial E}{\partial net_h}$"
            "\n\n",
            r"\delta_h = f'(net_h) \sum_k w_{kh} \delta_k",
            r"\delta_h = \sum_k w_{kh} \delta_k",
        ),
        # layers that end with K, or one behind L hidden layers
        (
            r"$z^k = W^k a^{k-1} + b^k$, $a^k = f(z^k)$, $J = \frac12 \|a^K - y\|^2$" "\n\n",
            r"\frac{\partial J}{\partial z^K} = (a^K - y) \odot f'(z^K)",
            r"\frac{\partial J}{\partial z^K} = (a^K - y)",
        ),
        (
            r"$z^l = W^l a^{l-1} + b^l$, $a^l = f(z^l)$, $\delta^{L+1} = \frac{\partial E}{\partial z^{L+1}}$"
            "\n\n",
            r"\delta^{L+1} = \frac{\partial E}{\partial a^{L+1}} \odot f'(z^{L+1})",
            r"\delta^{L+1} = \frac{\partial E}{\partial a^{L+1}} \odot f'(z^L)",
        ),
        # y for every activation
        (
            r"$z_i^l = \sum_k w_{ik}^l y_k^{l-1} + b_i^l$, $y_i^l = f(z_i^l)$" "\n\n",
            r"\frac{\partial z_i^l}{\partial w_{ij}^l} = y_j^{l-1}",
            r"\frac{\partial z_i^l}{\partial w_{ij}^l} = y_j^l",
        ),
        # vectors of ones
        (
            r"$Z^l = W^l A^{l-1} + b^l \mathbf{1}^T$, $A^l = g(Z^l)$, $J = \frac{1}{2m} \|A^L - Y\|^2$"
            "\n\n",
            r"\frac{\partial J}{\partial b^l} = dZ^l \mathbf{1}",
            r"\frac{\partial J}{\partial b^l} = dZ^{l-1} \mathbf{1}",
        ),
        # inputs and targets that lie across
        (
            r"$A^0 = X^T$, $Z^l = A^{l-1} W^l + b^l$, $A^l = g(Z^l)$, $J = \frac{1}{2m} \|A^L - Y^T\|^2$, $dZ^l = dA^l \odot g'(Z^l)$" "\n\n",
            r"dA^L = \frac1m (A^L - Y^T)",
            r"dA^L = \frac1m (Y^T - A^L)",
        ),
        # whole vectors with the index of a unit on the left alone
        (COLUMNS, r"\delta_j^L = \nabla_a C \odot g'(z^L)", r"\delta_j^L = \nabla_a C \odot g(z^L)"),
    ],
)  # fmt: skip
def test_a_right_formula_holds_and_a_slip_in_it_fails(notes, right, slip):
    for formula, good in ((right, True), (slip, False)):
        finding = last(f"{notes}${formula}$")
        assert finding.verdict in (("holds", "defines") if good else ("fails",)), finding


@pytest.mark.parametrize(
    "text",
    [
        # a softmax written out stands at the output
        r"$a_i = \sigma(z_i)$, $a_i = \frac{e^{z_i}}{\sum_j e^{z_j}}$",
        # the mean of the squares, or half of it, beside another cost
        UNITS + r"$C = \frac{1}{n_L} \sum_j \frac12 (a_j^L - y_j)^2$, $\frac{\partial C}{\partial a_j^L} = \frac{1}{n_L} (a_j^L - y_j)$",
        r"$L = \frac12 \sum_i (y_i - \hat{y}_i)^2$ for one sample $L = \frac12 (y - \hat{y})^2$",
        # the chain rule of functions of several variables
        r"$y = f(u)$, $\frac{\partial y}{\partial x_i} = \sum_{l=1}^m \frac{\partial y}{\partial u_l} \frac{\partial u_l}{\partial x_i}$",
        r"$Z = X^T$, $\frac{\partial L}{\partial X} = \left(\frac{\partial L}{\partial Z}\right)^T$",
        r"$\frac{\partial L}{\partial X} = \mathbf{1} \frac{\partial L}{\partial z}$",
        r"$\frac{\partial}{\partial a} \log(a) = \frac{1}{a \log(2)}$",
        # ∂/∂w of all that stands to its right, and y the output, ŷ the target
        UNITS + r"$\frac{\partial z_j^l}{\partial w_{jk}^l} = \frac{\partial}{\partial w_{jk}^l} a_k^{l-1} w_{jk}^l$",
        r"$o_m = y_m$, $o_m = f(net_m)$, $E = \frac12 \sum_j (\hat{y}_j - y_j)^2$, $\delta_m = -\frac{\partial E}{\partial net_m}$, "
        r"$\delta_m = (\hat{y}_m - y_m) f'(net_m)$",
        # a rate and a decay, or a hat that makes a cost another
        r"$R(w) = \frac{\alpha}{2} w^T w$, $w \leftarrow (1 - \epsilon \alpha) w - \epsilon \frac{\partial J}{\partial w}$",
        r"$\tilde J = J + \frac{\lambda}{2} w^T w$, $w \leftarrow (1 - \epsilon \lambda) w - \epsilon \frac{\partial J}{\partial w}$",
        # another kind of layers, and another unit than those of a plain network
        r"$A^i = g(A^{i-1})$",
        r"$z(x) = w \cdot x + b$",
        COLUMNS + r"$$\text{output} = g(W x + b)$$",
        COLUMNS + r"$\delta^l = g(z)$ is one, and the output = g(W x + b)".replace(r"$\delta^l = g(z)$", "it"),
    ],
)  # fmt: skip
def test_what_may_be_meant_otherwise_does_not_fail(text):
    report = check_notes(text)
    assert report, report


def test_a_formula_of_two_layers_may_hold_on_one_side_of_the_other():
    text = UNITS + (
        r"$\frac{\partial}{\partial z_i^p}\left[a_j^{p-1} \delta_r^l\right] = "
        r"a_j^{p-1} \frac{\partial \delta_r^l}{\partial z_i^p}$, "
        r"$\frac{\partial^2 C}{\partial w_{ij}^p \partial z_r^l} = a_j^{p-1} \frac{\partial \delta_r^l}{\partial z_i^p}$"
    )
    assert last(text).verdict == "holds"
    assert "where p ≤ l" in last(text).hints
    steps = (
        r"$\frac{\partial z_s^{l}}{\partial z_i^p} = \sum_k "
        r"\frac{\partial z_s^{l}}{\partial z_k^{l-1}} \frac{\partial z_k^{l-1}}{\partial z_i^p}$"
    )
    assert "where p ≤ l - 1" in last(UNITS + steps).hints
    slip = steps.replace(
        r"\partial z_k^{l-1}}{\partial z_i^p", r"\partial a_k^{l-1}}{\partial z_i^p"
    )
    assert last(UNITS + slip).verdict == "fails"


def test_an_index_of_the_outputs_is_no_slip_to_be_explained_away():
    """With one output all indices are one: that is no reading of a formula that counts them."""
    text = (
        UNITS
        + r"$C = \sum_j (a_j^L - y_j)^2$, $\frac{\partial C}{\partial a_k^L} = 2 (a_i^L - y_i)$"
    )
    finding = last(text)
    assert finding.verdict == "fails"
    assert "ind" in finding.slips[0]


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        (r"\frac{\partial}{\partial z} \log(\mathbf{1}^T a) = a", "𝟙"),
        (r"z^l = \sum_{k < j} W^l_{jk} a_k", "what does Σ run over"),
        (r"a = \begin{bmatrix} a_1 \\ a_2 \end{bmatrix}", "a matrix written out"),
        (r"a[t+1] = a[t]", "a step in time"),
        (r"f(x) = 9", "a value"),
    ],
)
def test_what_cannot_be_read_says_why(formula, reason):
    finding = last(COLUMNS + f"${formula}$")
    assert finding.verdict == "not understood", finding
    assert reason in finding.reason


def test_pictures_comments_and_quotation_marks_hold_no_formulas():
    text = (
        "\\tikzstyle{unit} = [circle, minimum size=1pt]\n\\begin{tikzpicture}[>=stealth]\n"
        "\\node (a) at (0, 1) {x=1};\n\\end{tikzpicture}\n% $\\delta_j = a_j$\n"
        "\\includegraphics[width=0.5\\textwidth]{net}\n> $$\n> a^l = g(z^l)\n> $$\n"
    )
    [finding] = check_notes(text).formulas
    assert (finding.verdict, finding.line) == ("defines", 8)
