"""How does it learn? `fit`, and the record of what it did.

Read in this order: `history` keeps the columns of a training, measures accuracy and stops early;
`steps` takes a step node by node, or by a program of one example, `shapes` by one for each shape of
example; `minimizers` hands all examples to a method of SciPy; `fitting` is the loop over epochs and
batches, with its checks; `rates` looks for a learning rate.

What must hold: both ways of taking steps give the same parameters; a loss that is not finite ends
in an error that names the node, with the parameters as before that step; a program that cannot
be had is said so, once. A new callback is a function of (history, model); one with `finish`
(model) is told of the end too.
"""

from nn.training.fitting import fit
from nn.training.history import EarlyStopping, History, accuracy
from nn.training.rates import LearningRates, find_lr

__all__ = ["EarlyStopping", "History", "LearningRates", "accuracy", "find_lr", "fit"]
