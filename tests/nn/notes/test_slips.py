"""Right formulas in every notation hold; each with a slip planted in it fails, and names it.

A sample runs always; `--every-slip` plants all of them (well over a thousand).
"""

from __future__ import annotations

import pytest

from nn.notes.checking import Checker
from nn.notes.claims import claims
from tests.nn.notes.templates import Notes, all_notes

NOTES = list(all_notes())
SAMPLE = NOTES[::11]
MEANT = {  # the kinds of slips by which one planted may be named
    "indices": {"indices exchanged", "another index", "indices exchanged throughout"},
    "transpose": {"transpose", "order of factors"},
    "order": {"order of factors", "transpose"},
    "sign": {"sign"},
    "slope dropped": {"slope"},
    "slope added": {"a factor too many"},
    "g for g'": {"slope"},
    "g' for g": {"slope"},
    "a for g'": {"slope"},
    "index of g'": {"another index"},
    "a for z": {"a for z", "slope"},
    "factor dropped": {"a factor forgotten"},
    "factor added": {"a factor too many"},
    "number": {"number", "a factor too many", "examples"},
    "L for l": {"L for l"},
    "l for L": {"L for l"},
    **{f"layer {of}": {"layer"} for of in ("of W", "of a", "of δ", "of g'", "down")},
}  # fmt: skip


def chosen(request: pytest.FixtureRequest) -> list[Notes]:
    return NOTES if request.config.getoption("--every-slip") else SAMPLE


def checker(notes: Notes) -> Checker:
    found, _ = claims(notes.text())
    assert len(found) == len(notes.preamble) + len(notes.formulas)
    return Checker(found, [], notes.text())


def test_there_are_formulas_and_slips_enough():
    assert sum(len(notes.formulas) for notes in NOTES) >= 200
    assert sum(len(w.wrong) for notes in NOTES for w in notes.formulas) >= 1000
    assert {kind for n in NOTES for w in n.formulas for kind in w.wrong} == set(MEANT)


def test_right_formulas_hold_in_every_notation(request):
    for notes in chosen(request):
        judged = checker(notes)
        for claim in judged.claims:
            finding = judged.finding(claim)
            assert finding.verdict in ("holds", "defines"), (notes.name, finding)
            assert finding.networks >= 2


def test_a_planted_slip_fails_and_is_named(request):
    for notes in chosen(request):
        judged = checker(notes)
        for written in notes.formulas:
            for kind, formula in written.wrong.items():
                [claim], _ = claims(notes.notation.wrapped(formula))
                finding = judged.finding(claim)
                assert finding.verdict == "fails", (notes.name, formula)
                assert set(finding.slips) & MEANT[kind], (notes.name, kind, formula, finding.hints)
                assert finding.corrected is not None
                assert judged.judge.holds(finding.corrected, judged.convention)
