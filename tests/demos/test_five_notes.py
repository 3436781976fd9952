"""The demo that runs all five lectures."""

import importlib.util
from pathlib import Path

from demos.lectures import NOTES

DEMO = Path(__file__).parents[2] / "demos" / "07_five_notes.py"


def test_the_demo_shows_that_everything_holds_but_the_slips(capsys):
    spec = importlib.util.spec_from_file_location("five_notes", DEMO)
    demo = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(demo)
    demo.main()
    out = capsys.readouterr().out
    for word in ("FAILS", "NOT EQUAL", "DIFFERENT"):
        assert word not in out
    slips = [slip for note in NOTES for slip in note.slips()]
    assert out.count("    fails  ") == len(slips) == 21
    assert all(slip.about in out for slip in slips)
    assert "δ1[0] = Σ_k δ2[k] ∂z2[k]/∂z1[0] = (" in out
    assert "0.291027924" in out
    assert "0.291027774" in out
