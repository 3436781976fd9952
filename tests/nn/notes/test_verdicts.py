"""Verdicts on formulas whose truth is known: from hand calculation, and from public notes rewritten."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pytest

from autograd.drawing.colours import contrast
from nn import MLP, check_notes, probe
from nn.__main__ import main
from nn.notes.report import COLOURS

COLUMNS = "$z^l = W^l a^{l-1} + b^l$, $a^l = g(z^l)$, $C = \\frac12 \\|a^L - y\\|^2$\n\n"


def verdicts(text: str) -> list[str]:
    return [finding.verdict for finding in check_notes(text).formulas]


@pytest.mark.parametrize(
    "formula",
    [
        # a chain of whole vectors, and its factors unit by unit
        r"\frac{\partial C}{\partial W^l} = \frac{\partial C}{\partial a^l}\frac{\partial a^l}{\partial z^l}\frac{\partial z^l}{\partial W^l}",
        r"\frac{\partial a^l}{\partial z^l} = g'(z^l)",
        r"\frac{\partial z^l}{\partial b^l} = 1",
        r"\frac{\partial z^{l+1}}{\partial a^l} = W^{l+1}",
        r"\delta^L = \nabla_a C \odot g'(z^L)",
        r"\frac{\partial C}{\partial W^l} = \delta^l \otimes a^{l-1}",
        r"\delta^l = \mathrm{diag}(g'(z^l)) (W^{l+1})^T \delta^{l+1}",
        r"W^l \leftarrow W^l - \frac{\eta}{m} \sum_x \delta^l (a^{l-1})^T",
        r"W^l \leftarrow W^l - \eta \delta^l (a^{l-1})^T",
    ],
)
def test_forms_of_right_formulas_hold(formula):
    assert set(verdicts(COLUMNS + f"$\\delta^l = \\frac{{\\partial C}}{{\\partial z^l}}$\n\n${formula}$")) <= {
        "holds", "defines",
    }  # fmt: skip


def test_a_single_logistic_unit_over_a_batch():
    text = (
        r"$\hat{y} = \sigma(w^T x + b)$, "
        r"$J = -\frac{1}{m} \sum_{i=1}^m [y^{(i)} \log \hat{y}^{(i)} + (1-y^{(i)}) \log (1-\hat{y}^{(i)})]$"
    )
    assert verdicts(text) == ["defines", "defines"]


def test_a_weight_that_leaves_its_layer():
    text = r"""
    $z^{(l+1)} = W^{(l)} a^{(l)} + b^{(l)}$ and $a^{(l+1)} = f(z^{(l+1)})$
    $\delta_i^{(n_l)} = -(y_i - a_i^{(n_l)}) f'(z_i^{(n_l)})$
    $\delta_i^{(l)} = \left(\sum_j W_{ji}^{(l)} \delta_j^{(l+1)}\right) f'(z_i^{(l)})$
    $\frac{\partial}{\partial W_{ij}^{(l)}} J(W, b; x, y) = a_j^{(l)} \delta_i^{(l+1)}$
    """
    report = check_notes(text)
    assert report, report
    assert "leads from layer l to l+1" in report.convention


def test_an_error_term_of_the_other_sign():
    text = r"""
    $\delta_j = -\frac{\partial E}{\partial net_j}$, $E = \frac12 \sum_k (t_k - o_k)^2$
    $\delta_k = (t_k - o_k) f'(net_k)$
    $\delta_j = f'(net_j) \sum_k \delta_k w_{kj}$
    $\Delta w_{ji} = \eta \delta_j o_i$
    """
    report = check_notes(text)
    assert report, report
    assert "δ is −∂c/∂z" in report.convention


def test_two_conventions_in_one_text_are_told_apart():
    text = r"""
    rows: $Z^{[l]} = A^{[l-1]} W^{[l]} + b^{[l]}$, $dZ^{[l-1]} = dZ^{[l]} W^{[l]T} \odot f'(Z^{[l-1]})$
    columns: $Z^{[l]} = W^{[l]} A^{[l-1]} + b^{[l]}$, $dZ^{[l-1]} = W^{[l]T} dZ^{[l]} \odot f'(Z^{[l-1]})$
    and $A^{[l]} = f(Z^{[l]})$
    """
    report = check_notes(text)
    assert report, report
    assert any("with vectors as" in hint for finding in report.formulas for hint in finding.hints)


def test_a_chain_of_single_neurons_needs_no_transposes():
    text = r"""
    $C_0 = (a^{(L)} - y)^2$, $z^{(L)} = w^{(L)} a^{(L-1)} + b^{(L)}$, $a^{(L)} = \sigma(z^{(L)})$
    $\frac{\partial C_0}{\partial w^{(L)}} = 2 (a^{(L)} - y) \sigma'(z^{(L)}) a^{(L-1)}$
    $\frac{\partial C_0}{\partial b^{(L)}} = 2 (a^{(L)} - y) \sigma'(z^{(L)}) w^{(L)}$
    """
    report = check_notes(text)
    assert [f.verdict for f in report.formulas] == ["defines"] * 3 + ["holds", "fails"]
    assert report.formulas[-1].slips == ("a factor too many",)


def test_an_activation_is_what_its_formula_says():
    text = r"$\sigma(x) = \frac{1}{1 + e^{-x}}$, $\frac{\partial \sigma(x)}{\partial x} = \sigma(x)(1 - \sigma(x))$"
    assert verdicts(text) == ["defines", "holds"]
    wrong = r"$\sigma(x) = \frac{1}{1 + e^{-x}}$, $\frac{\partial \sigma(x)}{\partial x} = \sigma(x)(1 + \sigma(x))$"
    assert verdicts(wrong) == ["defines", "fails"]


def test_a_limit_and_a_scope_that_change_no_number_are_remarked():
    text = r"""
    $z_k^{(l+1)} = \sum_{i=1}^{n_{l+1}} a_i^{(l)} W_{ik}^{(l+1)} + b_k^{(l+1)}$
    $\frac{\partial C}{\partial W_{ij}^{(l)}} = \sum_k \delta_k^{(l)} \frac{\partial}{\partial W_{ij}^{(l)}} \sum_m (a_m^{(l-1)} W_{mk}^{(l)} + b_k^{(l)})$
    """
    first, second = check_notes(text).formulas
    assert first.verdict == "defines"
    assert "not l+1" in first.hints[0]
    assert second.verdict == "holds"
    assert "b_k^{(l)} stands under the sum over m" in second.hints


@pytest.mark.parametrize(
    ("shape", "verdict"),
    [("(n^l, m)", "fails"), ("(n^l, 1)", "holds"), ("(1, n^l)", "fails")],
)
def test_the_shape_of_a_bias_is_judged(shape, verdict):
    text = "$Z^l = W^l A^{l-1} + b^l$, $A^l \\to (n^l, m)$\n\n$db^l \\to " + shape + "$"
    assert verdicts(text)[-1] == verdict


def test_a_formula_is_held_against_the_derivative_and_not_against_lines_before():
    text = COLUMNS + "$\\delta^L = a^L - y$\n\n$\\frac{\\partial C}{\\partial b^L} = \\delta^L$"
    *_, slip, after = check_notes(text).formulas
    assert (slip.verdict, after.verdict) == ("fails", "holds")
    assert slip.slips == ("slope",)


def test_a_report_speaks_text_json_and_html(tmp_path):
    path = tmp_path / "lecture.md"
    path.write_text(COLUMNS + "$\\frac{\\partial C}{\\partial W^l} = a^{l-1} \\delta^l$\n")
    report = check_notes(path)
    assert report.text() == repr(report) == check_notes(str(path)).text()
    assert report.text().splitlines()[0].startswith("lecture.md: 4 formulas. W is target first")
    assert report.text().splitlines()[-1] == "3 hold, 1 fails, 0 not understood"
    record = json.loads(report.json())
    assert record["formulas"][3]["hints"][0].startswith("holds as δ^l (a^{l-1})^T")
    assert record["formulas"][3]["line"] == 3
    assert record["holds"] is False
    assert report.html().count("<math>") >= 5  # four formulas, and a corrected one
    assert "<script" not in report.html()


def test_hints_and_the_convention_are_typeset():
    page = check_notes(
        "$z_k = \\sum_j w_{kj} a_j + b_k$\n\n$\\delta_j = g'(z_j) \\sum_k w_{jk} \\delta_k$"
    ).html()
    assert "_" not in page.partition("</style>")[2]
    assert "(<math>" in page.partition("<table>")[0]  # (w_kj)


@pytest.mark.parametrize("ground", ["#FFFFFF", "#F7F7F7", "#111111", "#1E1E1E", "page"])
def test_verdicts_have_a_contrast_of_4_5_on_pages_and_in_notebooks_light_and_dark(ground):
    """The grounds are those of the page, of JupyterLab and of VS Code."""
    pages = COLOURS["page"]
    for dark in (False, True) if ground == "page" else (contrast(ground, "#000000") < 4.5,):
        for name in ("holds", "fails", "unread", "text"):
            under = pages[dark] if ground == "page" else ground
            assert contrast(COLOURS[name][dark], under) >= 4.5, (name, under)


def test_every_verdict_has_a_colour():
    page = check_notes(
        "$a = g(z)$, $a = z$, $q = z$, $\\delta = \\frac{\\partial C}{\\partial z}$"
    ).html()
    for name in set(re.findall("<span class='(.*?)'>", page)):
        assert f".notes .{name} {{color: {COLOURS[name][0]}; color: light-dark(" in page


def test_the_command_line(tmp_path, capsys):
    good, bad, page = tmp_path / "good.md", tmp_path / "bad.tex", tmp_path / "page.html"
    good.write_text("δ_j = ∂C/∂z_j\n∂C/∂b_j = δ_j\n")
    bad.write_text("$\\delta_j = \\frac{\\partial C}{\\partial a_j}$")
    assert main([str(good)]) == 0
    assert "2 hold, 0 fail" in capsys.readouterr().out
    assert main([str(bad), "--json", "--html", str(page)]) == 1
    assert json.loads(capsys.readouterr().out)["formulas"][0]["verdict"] == "fails"
    assert page.read_text().startswith("<!doctype html>")
    assert main([str(tmp_path / "missing.md")]) == 2
    assert "missing.md" in capsys.readouterr().err
    with pytest.raises(SystemExit) as misuse:
        main([])
    assert misuse.value.code == 2


def test_the_module_runs(tmp_path):
    path = tmp_path / "n.txt"
    path.write_text("∂C/∂b_j = δ_j\n")
    run = subprocess.run(
        [sys.executable, "-m", "nn", str(path)], capture_output=True, text=True, check=True
    )
    assert "1 holds, 0 fail" in run.stdout


def test_forty_formulas_take_seconds_and_are_judged_once_each():
    text = COLUMNS + "\n".join(
        f"$\\frac{{\\partial C}}{{\\partial W^l}} = \\delta^l (a^{{l-1}})^T$ {k}" for k in range(40)
    )
    report = check_notes(text)
    assert len(report.formulas) == 43
    assert report


@pytest.fixture
def seen():
    return probe(
        MLP(3, [4, 2], activation="tanh", seed=2),
        [0.5, -1.0, 2.0],
        [0.3, 0.4],
        "half_squared_error",
    )


@pytest.mark.parametrize(
    "formula",
    [
        "∂C/∂W_ij = a_i δ_j", "δ_j = g'(z_j) Σ_k W_jk δ_k", "z = a W + b", "∂C/∂W^l = (a^{l-1})^T δ^l",
        r"\delta_j^L = a_j^L - y_j", "C = ½ Σ_j (a_j^L - y_j)^2", "δ^l = (δ^{l+1} (W^{l+1})^T) ⊙ g'(z^l)",
    ],
)  # fmt: skip
def test_a_formula_holds_on_a_probe(seen, formula):
    verdict = seen.holds(formula)
    assert verdict
    assert verdict.distance == 0.0
    assert verdict.text().endswith("holds")


def test_a_slip_on_a_probe_says_where_and_what(seen):
    verdict = seen.holds("∂C/∂W_ij = a_j δ_i")
    assert not verdict
    seen_hint = seen.holds("δ_j = Σ_k W_jk δ_k")
    assert seen_hint.where == {"l": 1, "j": 0}
    assert seen_hint.left == pytest.approx(seen.layers[0].delta[0], rel=1e-12)
    by_hand = float(seen.layers[1].W[0] @ seen.layers[1].delta)
    assert seen_hint.right == pytest.approx(by_hand, rel=1e-12)
    assert "a forgotten slope" in seen_hint.hints[0]


def test_over_a_batch_C_is_the_mean_and_c_one_examples():
    rng = np.random.default_rng(0)
    model = MLP(3, [4, 2], activation="tanh", seed=2)
    batch = probe(model, rng.normal(size=(5, 3)), rng.normal(size=(5, 2)), "half_squared_error")
    assert batch.holds("∂C/∂W_ij = 1/m Σ_x a_i δ_j")
    assert batch.holds("∂c/∂W_ij = a_i δ_j")
    assert not batch.holds("∂C/∂W_ij = a_i δ_j")


@pytest.mark.parametrize("text", ["δ_j", "λ = δ_j", "z = a, a = z", "δ = ∂C/∂"])
def test_a_probe_refuses_what_it_cannot_read(seen, text):
    with pytest.raises(ValueError, match=r"holds takes one formula|cannot be evaluated"):
        seen.holds(text)
    with pytest.raises(TypeError, match="text"):
        seen.holds(3)


def test_formulas_as_programs_write_them():
    text = """
```
A[0] = X
Z[l] = W[l] A[l-1] + b[l]
A[l] = g[l](Z[l])
dZ[l] = dA[l] * g[l]'(Z[l])
dW[l] = 1/m dot(dZ[l], A[l-1].T)
db[l] = 1/m np.sum(dZ[l], axis=1, keepdims=True)
dA[l-1] = W[l]' dZ[l]
dZ[l] = W[l+1]' dZ[l+1] * g[l](Z[l])
```
"""
    report = check_notes(text)
    assert [f.verdict for f in report.formulas] == ["defines"] * 3 + ["holds"] * 4 + ["fails"]
    assert report.formulas[-1].slips == ("slope",)
    assert report.formulas[0].line == 3


def test_units_without_a_bias_and_a_step_of_one_example():
    text = r"""
    $net_j = \sum_i w_{ij} o_i$, $o_j = \varphi(net_j)$, $E = \frac12 \sum_j (t_j - o_j)^2$
    $\delta_j = (o_j - t_j) \varphi'(net_j)$ for an output, $\delta_j = \varphi'(net_j) \sum_k w_{jk} \delta_k$ inside
    $\Delta w_{ij} = -\eta \delta_j o_i$
    """
    report = check_notes(text)
    assert report, report
    assert "there are no biases" in report.formulas[0].hints[0]


def test_a_text_in_which_t_is_the_target_and_y_the_output():
    text = r"""
    $E = \frac12 \sum_i (t_i - y_i)^2$, $\frac{\partial E}{\partial y_j} = -(t_j - y_j)$
    $\frac{\partial y_j}{\partial net_j} = y_j (1 - y_j)$
    """
    report = check_notes(text)
    assert report, report
    assert "the activation is sigmoid" in report.convention
