"""
A formula, drawn and alive
==========================

One neuron and a squared error, as a graph: every box one operation with its number and its
gradient, every arrow its local partial.
"""

from autograd import Value, draw, explain, step_through, tanh

w, x, b = Value(-1.2, "w"), Value(0.5, "x"), Value(0.3, "b")
a = tanh(w * x + b)
C = (a - 0.8) ** 2
a.label, C.label = "a", "C"
C.backward()
draw(C, inputs=[x], parameters=[w, b])

# %%
# The same as a page. Go through the pass step by step, change a number, take a step down the
# gradient: everything follows.

step_through(C)

# %%
# And in words:

explain(C, w)
