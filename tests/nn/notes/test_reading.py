"""From text to formulas: where they stand, in which letters, and what is said of the rest."""

from __future__ import annotations

import pytest

from nn import check_notes
from nn.notes.atoms import Reader
from nn.notes.claims import claims
from nn.notes.errors import Unreadable
from nn.notes.habits import Habits
from nn.notes.syntax import Link
from nn.notes.tokens import tokens_of
from nn.notes.writing import Style, written


def tree(text: str, latex: bool = True):
    return Reader(tokens_of(text, latex), Habits({"l", "L"})).whole()


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        (r"\boldsymbol{\delta}^{[l]}", "δ^l"),
        (r"{g^{[l]}}^{'}\!\left(\mathbf{z}^{[l]}\right)", "g_{l}'(z^l)"),
        (r"\sigma^{l'}(z_k^l)", "σ_{l}'(z_k^l)"),
        (r"f^{\prime}(net_j)", "f'(net_j)"),
        (r"W_{kj}^{(\ell+1)T}", "(W_kj^{l+1})^T"),
        (r"(W^{[l]^T}) \, \mathrm{d}Z^{[l]}", "(W^l)^T dZ^l"),
        (r"\frac{1}{2m}\|y - a^{L}\|^2", "(1/(2 m)) ‖y - a^L‖^2"),
        (r"\nabla_{a^L} C", "∂C/∂a^L"),
        (r"\underbrace{\frac{\partial c}{\partial z_k}}_{= \delta_k}", "∂c/∂z_k"),
        (r"\frac{d C}{d W_{ij}}", "∂C/∂W_ij"),
        (r"\sum_{\mathbf{x} \in \mathcal{D}} c(\mathbf{x})", "Σ_x c_x"),
    ],
)
def test_latex_is_read_as_what_it_says(text, meaning):
    assert written(tree(text)) == meaning


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("dC/dW_ij", "∂C/∂W_ij"),
        ("W[l+1]' dZ[l+1]", "(W^{l+1})^T dZ^{l+1}"),
        ("dot(W.T, delta)", "W^T @ δ"),
        ("sum_k W_jk delta_k", "Σ_k W_jk δ_k"),
        ("½‖a − y‖²", "½ ‖a - y‖^2"),
        ("Wᵀδ", "W^T δ"),
        ("1/2m", "(1/(2 m))"),
        ("a^(l-1)", "a^{l-1}"),
    ],
)
def test_plain_text_is_read_as_what_it_says(text, meaning):
    assert written(tree(text, latex=False)) == meaning


@pytest.mark.parametrize("style", [Style(), Style(True), Style(True, "[]"), Style(False, "()")])
@pytest.mark.parametrize(
    "text",
    [
        r"(\Sigma_k W_{jk}^{l+1} \delta_k^{l+1}) \sigma'(z_j^l)",
        r"((W^{l+1})^T \delta^{l+1}) \odot \sigma'(z^l)",
        r"-\frac{\eta}{m} \sum_x \delta^l (a^{l-1})^T",
        r"\frac{\partial}{\partial z_j^l} (a_j^l - y_j)^3",
        r"(A^l - Y) \cdot (W^l + W^l)",
    ],
)
def test_what_is_written_is_read_again(text, style):
    first = tree(text)
    again = Reader(tokens_of(written(first, style), style.latex), Habits({"l"})).whole()
    assert again == first


def test_places_chains_and_continuations():
    text = "# Notes\n\n$$\\begin{aligned} z^l &= W^l a^{l-1} + b^l \\\\\n a^l &= g(z^l) \\end{aligned} \\tag{1}$$\n\nso $\\delta^l = \\frac{\\partial C}{\\partial z^l}$\n$= \\frac{\\partial C}{\\partial a^l} \\odot g'(z^l)$\n"
    found, _ = claims(text)
    assert [claim.line for claim in found] == [3, 4, 6, 7]
    assert all(isinstance(claim.link, Link) for claim in found)
    assert found[3].source.startswith(r"\delta^l = ")


def test_prose_ranges_and_names_are_passed_over():
    text = "for $k = 1, \\dots, n_l$ and $W^l = (W_{ij}^l)$, where the learning rate = 0.1 is small"
    assert check_notes(text).formulas == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("$E = f(a^L, y; θ)$", "what is θ?"),
        ("$h_t = \\tanh(W x_t + U h_{t-1} + b)$", "A step in time is not read"),
        ("$h^{(t)} = \\tanh(W h^{(t-1)} + b)$", "A step in time is not read"),
        ("with a kernel $z = w * a + b$", "'*' in notes on convolution"),
        ("$z_{ij} = \\sum_m \\sum_n w_{mn} a_{i+m,j+n}$", "with the indices"),
        ("$A = \\text{softmax}(QK^T/\\sqrt{d}) V$", "what is"),
        ("$\\frac{\\partial^3 C}{\\partial a^3} = 1$", "a derivative of a higher order"),
        ("$z = (a$", "'(' is not closed"),
        ("$v = -\\eta \\nabla C$", "∇ without the letter"),
    ],
)
def test_what_is_not_understood_says_why_and_does_not_fail(text, reason):
    [finding] = check_notes(text).formulas
    assert finding.verdict == "not understood"
    assert reason in finding.reason
    assert check_notes(text)


HOSTILE = {
    "deep braces": "$" + "{" * 10_000 + "z" + "}" * 10_000 + " = a$",
    "deep fractions": "$z = " + r"\frac{" * 5_000 + "a" + "}{b}" * 5_000 + "$",
    "fifty brackets": "$z = " + "(" * 50 + "a" + ")" * 50 + "$",
    "unbalanced": r"$z = {{{{ a ))) ^ _ \frac{$",
    "dollars": "$" * 100_000,
    "openings": r"\[" * 50_000,
    "calls itself": r"\newcommand{\x}{\x \x} $\x = a$",
    "call each other": r"\newcommand{\x}{\y\y}\newcommand{\y}{\x\x} $\x = \y$",
    "doubles": "".join(rf"\newcommand{{\x{a}}}{{\x{b}\x{b}}}" for a, b in zip("abcdefghij", "bcdefghijk", strict=True))
    + r" $\xa = z$",
    "a long line": "z = " + "a + " * 25_000 + "b",
    "prose": "lorem ipsum = dolor sit amet. " * 3_300,
    "signs": "".join(chr(33 + (i * 7919) % 90) for i in range(100_000)),
    "a null": "\0" * 1000 + "z = a\0b",
    "huge numbers": "$z^l = 1e999 a^l$ and $z^l = 9^{9^{9^9}}$",
    "layers without end": "$z^{l+999} = a^{l}$ and $z^{999} = a^{998}$",
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_garbage_gets_a_report_and_no_verdict_that_it_holds(text):
    report = check_notes(text)
    assert "holds" not in {finding.verdict for finding in report.formulas}
    assert report.text() and report.html() and report.json()


@pytest.mark.parametrize("text", ["", "z =", "= z", "a_b^c_d = z", "∂ = ∂", "Σ = Σ"])
def test_fragments_are_not_formulas(text):
    assert not any(f.verdict == "fails" for f in check_notes(text).formulas)


def test_too_many_tokens_are_refused():
    with pytest.raises(Unreadable, match="longer than"):
        tokens_of("a" * 9 + " + a" * 5000, latex=True)
