"""Why did this weight learn that? The whole way of a weight, divided among the examples.

Read in this order: `shares` says what of one step of an optimiser's rule is owed to the gradient,
to the state and to the weight itself; `trace` keeps, at each step of a training, every example's
part of the gradient; `ways` adds these up into the change of a weight, by example, class and
epoch; `learned` shows it as text, HTML and a plot, on axes of `plots`.

What must hold: the parts add up to the change, to rounding; compiled and node by node they are
the same; a rule that cannot be divided says which of its operations is in the way.
"""

from nn.tracing.learned import Learned
from nn.tracing.trace import Trace

__all__ = ["Learned", "Trace"]
