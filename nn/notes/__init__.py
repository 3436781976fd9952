"""People's own formulas: read from a text, held against random networks, mended where they fail.

Read in this order:

* `errors`, `syntax`: what a formula is once it is read, and why one gets no number.
* `tokens`, `letters`, `scripts`, `stream`, `habits`, `grammar`, `letterforms`, `atoms`: how it is
  read.
* `passages`, `intended`, `claims`: where formulas stand in a text.
* `worlds`: networks, and every derivative in them, the engine's.
* `conventions`, `levels`: how notes differ, and which layer a bare letter belongs to.
* `tensors`, `context`, `evaluation`, `derivatives`, `chains`: the number of a formula.
* `updates`, `judging`, `shapes`: whether it holds. `definitions`, `choosing`: which convention.
* `alternatives`, `meanings`, `doubts`: what else a formula may mean, and why it may be none.
* `changes`, `slips`, `mending`: the smallest change that helps.
* `writing`, `mathml`: a tree as a formula again.
* `findings`, `report`, `checking`, `holding`: what people get, for a text and for a probe.

A new kind of slip is one row of `autograd.explanation.slips.SLIPS` and one of `slips.CHANGES`. What
must hold: no formula that is right is called wrong, one that cannot be read says why, and whatever
is read takes bounded time.
"""

from nn.notes.checking import check_notes
from nn.notes.holding import Verdict
from nn.notes.report import Report

__all__ = ["Report", "Verdict", "check_notes"]
