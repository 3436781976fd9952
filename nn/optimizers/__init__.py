"""How does a weight change? Optimisers, each one scalar rule, and learning rates that change.

Read in this order: `interface` says what an optimiser is, and takes the steps; `state` is what it
keeps of each parameter; `rules` are SGD, Adagrad, RMSprop, Adam and AdamW, found by name;
`schedules` are learning rates as functions of the step.

What must hold: a rule means the same applied to floats, to nodes and in a program, so it never
branches on a number; a step that would leave the reals changes nothing. A new one is a class in
`rules` with `rule(w, g, state, step)` → (w, state) and, if it keeps state, `slots`; its name
stands in `OPTIMIZERS` and `__all__`. `fit` compiles it.
"""

from nn.optimizers.interface import *
from nn.optimizers.rules import *
from nn.optimizers.rules import optimizer_for as optimizer_for
from nn.optimizers.schedules import *
