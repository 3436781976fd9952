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
# # 1 · The chain rule, one number at a time
#
# Five short lessons, each a notebook and a script (`python demos/course/1_chain_rule.py` runs it;
# Jupyter opens it with jupytext). You need Python, and to have met derivatives before.
#
# A `Value` is a number that remembers how it was computed. Below, $a$, $b$ and $c$ go through two
# operations and a $\tanh$.

# %% tags=["remove-cell"]
import sys
from pathlib import Path

here = Path(globals().get("__file__", Path.cwd() / "x")).resolve()
sys.path[:0] = [str(folder) for folder in here.parents if (folder / "autograd").is_dir()]

# %%
from autograd import Value, compare, draw, gradients, tanh

a, b, c = Value(2.0, "a"), Value(-3.0, "b"), Value(10.0, "c")
p = a * b
z = p + c
y = tanh(0.25 * z)
p.label, z.label, y.label = "p", "z", "y"
y

# %% [markdown]
# Every operation knows its **local partials**: by how much its result moves where an operand does,
# everything else held still. $p = ab$ has $\partial p/\partial a = b$ and $\partial p/\partial b = a$.

# %%
print(p.op, [x.label for x in p.parents], p.partials)
print(z.op, [x.label for x in z.parents], z.partials)

# %% [markdown]
# The chain rule multiplies local partials along a path, and adds up paths. From $a$ to $y$ there is
# one path, through $p$ and $z$:
# $\frac{\partial y}{\partial a} = \frac{\partial p}{\partial a}\cdot
# \frac{\partial z}{\partial p}\cdot\frac{\partial y}{\partial z}$.

# %%
by_hand = b.data * 1.0 * 0.25 * (1 - y.data**2)
y.backward()
print(by_hand, a.grad)
assert compare(by_hand, a.grad)

# %% [markdown]
# ## A number that is used twice
#
# Where a number goes two ways, its derivative is the **sum** over both. $q = a\cdot a + a$ has three
# paths from $a$: the product uses it twice.

# %%
q = a * a + a
(slope,) = gradients(q, [a])
print(slope, "=", a.data, "+", a.data, "+ 1")
assert slope == 2 * a.data + 1

# %% [markdown]
# A picture shows the local partials on the arrows, and what arrives where several meet.

# %%
draw(y)

# %% [markdown]
# ## Your turn
#
# $f = (u\,v + 2)\cdot u$ at $u = 3$, $v = -1$. Work out both derivatives on paper, and put them in
# the place of ours.

# %%
u, v = Value(3.0, "u"), Value(-1.0, "v")
f = (u * v + 2) * u
yours = {"df/du": 2 * 3.0 * -1.0 + 2, "df/dv": 3.0**2}

answer = compare(list(yours.values()), gradients(f, [u, v]))
print(answer)
assert answer, "one of them is not right yet: look at the hint"
