# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---

# %% [markdown]
# # 4 · From scalar code to matrices
#
# Scalar code is easy to check and slow to run, usually. Here it is recorded once, the matrix products
# in it are found, and those run over a whole batch.

# %% tags=["remove-cell"]
import sys
from pathlib import Path

here = Path(globals().get("__file__", Path.cwd() / "x")).resolve()
sys.path[:0] = [str(folder) for folder in here.parents if (folder / "autograd").is_dir()]

# %%
import numpy as np

from autograd import Program, Value, compare, dot, gradients, jit, tanh

rng = np.random.default_rng(0)
W = [[Value(w) for w in row] for row in rng.normal(size=(3, 4))]
v = [Value(w) for w in rng.normal(size=4)]
x, y = [Value(0.0, f"x[{i}]") for i in range(3)], Value(0.0, "y")

hidden = [tanh(dot([row[j] for row in W], x)) for j in range(4)]
loss = (dot(v, hidden) - y) ** 2

parameters = [w for row in W for w in row] + v
program = Program(loss, inputs=[*x, y], parameters=parameters)
program.describe()

# %% [markdown]
# Those are the formulas of a book that writes whole batches. Three examples go through at once:

# %%
X = rng.normal(size=(3, 4))
C, gradient = program(X)
print("C =", C)

# %% [markdown]
# ## Your turn
#
# For one example, $\partial c/\partial v_j = 2\,(\hat y - y)\,a_j$. Write it for the batch, as a mean
# over its rows, from arrays alone: `program.value(node)` has a number for each example.

# %%
A = program.read_values(hidden)  # (3 examples, 4 units)
error = A @ [w.data for w in v] - X[:, 3]

yours = A.T @ (2 * error) / len(X)
assert compare(yours, gradient[-4:]), compare(yours, gradient[-4:])

# %% [markdown]
# ## Any function
#
# `jit` records a function the first time, and replays it afterwards; derivatives of it are compiled
# with it. A pendulum of 100 steps, and by how much its end moves with its start:


# %%
@jit
def swing(angle, speed):
    for _ in range(100):
        speed = speed - 0.05 * angle.sin()
        angle = angle + 0.05 * speed
    return angle


end, slopes = swing.value_and_grad(1.0, 0.0, argnums=(0, 1))
print("ends at", end, "slopes", slopes)

by_graph = Value(1.0), Value(0.0)
angle, speed = by_graph
for _ in range(100):
    speed = speed - 0.05 * angle.sin()
    angle = angle + 0.05 * speed
assert compare(list(slopes), gradients(angle, by_graph))
