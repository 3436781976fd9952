"""
Scalar code, found to be matrices
=================================

Attention written with scalars, a number at a time. One number of one query, as it is
recorded:
"""

from autograd import Program, Value, dot, draw, softmax, total

tokens = [[Value(0.1 * (3 * t + i), f"x{t}[{i}]") for i in range(3)] for t in range(4)]
W = {
    name: [[Value(0.3 * i - 0.2 * j, f"W{name}{j}[{i}]") for i in range(3)]
           for j in range(3)]
    for name in "qkv"
}  # fmt: skip
q, k, v = ([[dot(row, x) for row in W[name]] for x in tokens] for name in "qkv")
draw(q[0][0])

# %%
# ``describe`` prints the matrix formulas that are found in all of it:

shares = [softmax([dot(one, other) for other in k]) for one in q]
mixed = [[dot(share, column) for column in zip(*v, strict=True)] for share in shares]
loss = total([a * a for row in mixed for a in row])
parameters = [w for rows in W.values() for row in rows for w in row]
program = Program(loss, inputs=[x for row in tokens for x in row], parameters=parameters)
program.describe()
