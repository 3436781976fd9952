"""Programs: scalar graphs, recorded once and replayed as matrix instructions.

`Program` is the way in. A reader follows record → reroll → layout → instructions → run.
"""

from autograd.program.guards import recording
from autograd.program.jitting import jit
from autograd.program.program import Program

__all__ = ["Program", "jit", "recording"]
