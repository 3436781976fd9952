"""Programs: scalar graphs, recorded once and replayed as matrix instructions.

`Program` is the way in, and says everything with the help of what is below it. Read in this order:

* `program` is the face: it checks `arguments`, holds the `lock`, and shows numbers.
* `machine` holds what runs: the recording, its numbers, its executor, the guards.
* `compiler/` makes instructions of a recording; `plans` keeps them for the next of its structure.
* `verification/` holds the first program of a structure to its nodes.
* `executors/` run them, most over the arrays of a `memory`; `reading` finds any number there.
* `portions` let many examples pass in the room of a few, on several `threads` where that is wanted.
* `noise` draws what is random anew for each call, as further columns of the examples.
* `training` takes an optimiser's steps over `batches`, by its `rules`; `guards` watch the branches
  that Python took, `verdicts` compares them all at once, and `chance` tells what was drawn;
  `failures` name the node where a number is not finite; `describe` writes matrix formulas, and
  `spelling` a `listing` of the forward instructions, for whoever runs them elsewhere.
* `forward` replays values alone, for many examples, of what a function did with one.
* `jitting/` makes a function of numbers from all this, `pytorch` one of tensors.

What must hold: a program computes, node by node, what the graph says, up to rounding and to the
sign of a zero that a sum comes to; any recorded node can be
read after a call; calls from several threads follow one another; and what cuts a call short,
wherever it does, leaves a program whose next call is right. Nobody but `program` and `jitting`
knows a `Program`.
"""

from autograd.program.guards import recording
from autograd.program.jitting.function import jit
from autograd.program.program import Program
from autograd.program.threads import use_threads

__all__ = ["Program", "jit", "recording", "use_threads"]
