"""What does it say of many rows? Predictions, by a program that is kept with the model.

Read in this order: `forward` runs a model node by node or compiled, and says when which;
`known` tells what a call of a model depends on.

What must hold: a program runs only as long as the model is what was recorded. Modules of this
package tell it by `_depends`, the names of the attributes that they compute with, beside the
numbers of Values; any other model is called on nodes once more before each use, and must do what
it did. Rows for which Python would decide otherwise, or whose numbers are not finite, are calls of
the model, and so are all rows of a model that cannot be recorded.
"""
