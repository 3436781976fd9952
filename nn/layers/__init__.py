"""What is a network made of? Layers: modules from the numbers of one example to others.

Read in this order: `normalization` and `dropout` are what may stand in or behind a layer, its
numbers normalised or left out at random; `dense` are Neuron, Layer and MLP, whose z and a are the
formulas of the books.

What must hold: a layer is a `Module` whose attributes hold Values, called with the numbers of one
example; what it draws is a function of seed, call and example, so that a program draws the same.
A new one is a class of its own with its name in `__all__`, here and in `nn/__init__.py`.
"""

from nn.layers.dense import *
from nn.layers.dropout import *
from nn.layers.normalization import *
