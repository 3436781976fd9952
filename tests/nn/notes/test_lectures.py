"""Five lectures, in our own words: every formula judged, every slip of the pen named."""

from __future__ import annotations

from pathlib import Path

import pytest

from nn import check_notes

LECTURES = Path(__file__).parents[3] / "demos" / "lectures"
CONVENTIONS = {
    0: "w is target first (w_kj), layer 1 is the first after the input, columns, C = ½‖a − y‖².",
    1: "W is source first (W_ij), layer 1 is the first after the input, "
       "C is the mean over the examples.",
    2: "W is source first (W_ij), layer 1 is the first after the input, rows.",
    3: "W is target first (W_kj), layer 1 is the input, columns.",
    4: "w is target first (w_kj), layer 1 is the first after the input, columns of all examples, "
       "C = ½‖a − y‖².",
}  # fmt: skip
FAILING = {  # the formula and, for each word, a hint that says it
    0: [
        ("C = (1/2) ‖a^l - y‖^2", ["holds as (1/2) ‖a^L - y‖^2", "one cost, at the output"]),
        ("∂C/∂a^l = a^l - y", ["holds as ∂C/∂a^L = a^L - y"]),
        ("∂C/∂w^l = a^{l-1} δ^l", ["holds as δ^l (a^{l-1})^T"]),
        ("w^l = w^l - (η/m) δ^l (a^{l-1})^T", ["Σ over the examples"]),
        ("b^l = b^l - (η/m) δ^l", ["holds as b^l - (η/m) (Σ_x δ^l)"]),
    ],
    1: [
        ("∂C/∂a_j^L = Σ_k^{n_{L+1}} w_kj^{L+1} δ_k^{L+1}",
         ["l for L", "one example's cost for C", "w_jk^{(l+1)} for w_kj^{(l+1)}"]),
        ("∂C/∂z_j^L = Σ_k^{n_{L+1}} w_kj^{L+1} δ_k^{L+1}",
         ["l for L", "one example's cost for C", "indices exchanged", "a forgotten slope"]),
        ("∂C/∂w_ij^l = ∂z_i^l/∂w_ij^l · ∂C/∂z_i^l",
         ["one example's cost for C", "z_j^{(l)} for z_i^{(l)}"]),
        ("∂C/∂w_ij^l = a_i^{l-1} · δ_j^l", ["one example's cost for C"]),
        ("∂C/∂b_j^l = ∂z_i^l/∂b_j^l · ∂C/∂z_i^l",
         ["one example's cost for C", "z_j^{(l)} for z_i^{(l)}"]),
        ("∂C/∂b_j^l = δ_j^l", ["one example's cost for C"]),
    ],
    2: [],
    3: [],
    4: [
        ("Δa^L = (1/m) (Σ (y - a^L))", ["holds as -(1/m) (y - a^L)", "without Σ", "a sign"]),
        ("Δz^L = Δa^L · a^{L-1}", ["holds as Δa^L · g'(z^L)"]),
        ("∂z^L/∂a^{L-1} = w^{L-1}", ["holds as w^L"]),
        ("Δa^{L-1} = Δz^L · w^{L-1}", ["holds as (w^L)^T · Δz^L"]),
        ("Δz^{L-1} = Δz^L · a^{L-1} · w^{L-1}", ["holds as (w^L)^T · Δz^L · g'(z^{L-1})"]),
        ("Δa^{L-2} = Δz^{L-1} · w^{L-2}", ["holds as (w^{L-1})^T · Δz^{L-1}"]),
        (r"db^L \to (n^L, m)", ["it is (n_L, 1)"]),
        (r"J \to (1, m)", ["it is a number"]),
        ("J = (1/2) (y - a^L)^2", ["a number, not an array", "1/m"]),
    ],
}  # fmt: skip
COUNTS = {0: 15, 1: 14, 2: 14, 3: 12, 4: 25}


@pytest.fixture(scope="module", params=range(5))
def lecture(request):
    return request.param, check_notes(LECTURES / f"lecture_{request.param}.md")


def test_every_formula_is_found_and_read(lecture):
    number, report = lecture
    assert len(report.formulas) == COUNTS[number]
    assert not [f for f in report.formulas if f.verdict == "not understood"]
    assert report.convention == CONVENTIONS[number]


def test_what_fails_is_what_the_lecture_gets_wrong_and_every_slip_is_named(lecture):
    number, report = lecture
    failing = {f.formula: "\n".join(f.hints) for f in report.formulas if not f}
    assert list(failing) == [formula for formula, _ in FAILING[number]]
    for formula, words in FAILING[number]:
        for word in words:
            assert word in failing[formula], formula
    assert bool(report) is not bool(failing)


def test_slips_that_change_no_number_are_remarks():
    hints = [hint for f in check_notes(LECTURES / "lecture_2.md").formulas for hint in f.hints]
    assert hints == [
        "the sum over i runs over the units of layer l, not l+1: its upper limit is n_{l}",
        "b_k^{(l)} stands under the sum over m",
    ]
