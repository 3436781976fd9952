"""
A network, unit by unit
=======================

Two inputs, three hidden units, one output, at one example: z, a and δ of every unit, ∂C/∂W on
every edge.
"""

from autograd import draw, step_through
from nn import MLP, probe

model = MLP(2, [3, 1], activation="tanh", seed=1)
p = probe(model, [0.5, -1.2], [0.3], "half_squared_error")
draw(p, level="neuron")

# %%
# A layer at a time, as matrices:

draw(p, level="layer")

# %%
# The backward pass of this network, alive:

step_through(p)

# %%
# With a normalisation in front of the activation, δ of a unit depends on all units of its layer:

normalised = MLP(2, [3, 1], activation="tanh", layer_norm="before", seed=1)
probe(normalised, [0.5, -1.2], [0.3], "half_squared_error").layers[0]
