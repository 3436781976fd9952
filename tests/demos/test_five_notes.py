"""The demo that reads all five lectures."""

import importlib.util
from pathlib import Path

from demos.lectures import TEXTS

DEMO = Path(__file__).parents[2] / "demos" / "07_five_notes.py"


def test_the_demo_shows_every_verdict_and_what_a_text_cannot_show(capsys):
    spec = importlib.util.spec_from_file_location("five_notes", DEMO)
    demo = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(demo)
    demo.main()
    out = capsys.readouterr().out
    for word in ("FAILS", "NOT EQUAL", "DIFFERENT"):
        assert word not in out
    assert out.count(".md: ") == len(TEXTS) == 5
    for total in ("10 hold, 5 fail", "8 hold, 6 fail", "14 hold, 0 fail", "12 hold, 0 fail"):
        assert f"{total}, 0 not understood" in out
    assert out.count("      holds as ") == 19
    assert "the loop starts at L - 1" in out
    assert "δ1[0] = Σ_k δ2[k] ∂z2[k]/∂z1[0] = (" in out
    assert "0.291027924" in out
    assert "0.291027774" in out
