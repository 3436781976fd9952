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
# # 2 · Ask why
#
# Any derivative can be asked where it comes from: as a formula, as numbers, path by path.

# %% tags=["remove-cell"]
import sys
from pathlib import Path

here = Path(globals().get("__file__", Path.cwd() / "x")).resolve()
sys.path[:0] = [str(folder) for folder in here.parents if (folder / "autograd").is_dir()]

# %%
from autograd import Value, check_gradients, compare, exp, explain, expression, tanh

x, k = Value(0.7, "x"), Value(2.0, "k")
wave = exp(-x * x) * tanh(k * x)
wave.label = "wave"
energy = wave * wave + x / k
energy.label = "energy"
expression(energy)

# %% [markdown]
# `explain` prints each line of the chain rule with its symbols and its numbers: printed factors give
# the printed product.

# %%
explain(energy, x)

# %% [markdown]
# In a notebook `%%why` does the same to a cell: it runs it, and explains the result by every leaf.

# %%
# %load_ext autograd

# %%
# %%why
w, t = Value(-1.2), Value(0.5)
(tanh(w * t) - 0.8) ** 2

# %% [markdown]
# ## Zero for a reason
#
# A derivative of 0 has reasons of different kinds, and the explanation tells them apart: paths that
# cancel, a factor that is 0, no path at all.

# %%
s, r = Value(1.5, "s"), Value(2.0, "r")
for output in (s * r - r * s, (-s).relu() * r, r * r):
    print("\n".join(explain(output, s).text().splitlines()[:2]))
    print()

# %% [markdown]
# ## Trust, but check
#
# Finite differences know nothing of the chain rule: `check_gradients` compares both.

# %%
check_gradients(lambda x, k: exp(-x * x) * tanh(k * x), 0.7, 2.0)

# %% [markdown]
# ## Your turn
#
# Somebody derived $\frac{\partial}{\partial h} (h^2 + 1)^3$ at $h = 0.7$ and wrote
# $3\,(h^2 + 1)^2$. Which factor was forgotten? `compare` says how large it is; put the right number
# in the place of ours.

# %%
h = Value(0.7, "h")
cube = (h**2 + 1) ** 3
print(compare(3 * (0.7**2 + 1) ** 2, explain(cube, h).value))

yours = 3 * (0.7**2 + 1) ** 2 * 2 * 0.7
assert compare(yours, explain(cube, h).value), "not yet: the inner function has a slope of its own"
