"""Five lectures on backpropagation: their texts, and what a text cannot show.

`lecture_0.md` … `lecture_4.md` are read by `nn.check_notes`, which judges every formula. Here stand
the algorithms that the lectures describe, in plain NumPy beside autodiff (`note_0`, `note_2`,
`note_4`), the proof that one leaves for later (`proof`), the arrays that a program recovers by
itself (`recovered`) and a published worked example (`worked_numbers`). `claims` compares numbers.
"""

from pathlib import Path

from demos.lectures import note_0, note_2, note_4, worked_numbers
from demos.lectures.claims import Claim, Slip

TEXTS = [Path(__file__).parent / f"lecture_{number}.md" for number in range(5)]

__all__ = ["TEXTS", "Claim", "Slip", "note_0", "note_2", "note_4", "worked_numbers"]
