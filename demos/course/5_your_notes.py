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
# # 5 · Your notes
#
# You have a page of formulas, from a lecture, a book or a friend. Do they hold? `check_notes` reads
# them as they stand, in LaTeX or plain text, and holds each against autodiff on random networks, over
# every layer, unit and example.

# %% tags=["remove-cell"]
import sys
from pathlib import Path

here = Path(globals().get("__file__", Path.cwd() / "x")).resolve()
sys.path[:0] = [str(folder) for folder in here.parents if (folder / "autograd").is_dir()]

# %%
from nn import MLP, check_notes, probe

page = r"""
$z^l = W^l a^{l-1} + b^l$ and $a^l = g(z^l)$, with $C = \frac12 \|a^L - y\|^2$

$\delta^L = (a^L - y) \odot g'(z^L)$

$\delta^l = W^{l+1} \delta^{l+1} \odot g'(z^l)$

$\frac{\partial C}{\partial W^l} = \delta^l (a^{l-1})^T$
"""
report = check_notes(page)
report

# %% [markdown]
# First it found the **convention**: $W_{kj}$ leads from unit $j$ to unit $k$, vectors are columns. Pages
# differ in this, and a formula that is right in one convention is wrong in another. Then each line has
# a verdict, and a wrong one the smallest change under which it would hold.

# %%
print(report.convention)
[wrong] = [formula for formula in report.formulas if not formula]
print("line", wrong.line, wrong.hints[0])
assert "transposed" in wrong.hints[0] and not report

# %% [markdown]
# It does not say "fails" of what may mean something else: a value given to a letter, a function in
# general, a kind of layer that it does not know. That is **not understood**, with the reason.

# %%
check_notes("y = 0.8 and f(x) = x + η")

# %% [markdown]
# ## Your turn
#
# Here are three formulas with one slip each, in this library's convention: $W_{ij}$ leads from $i$ to
# $j$, rows are examples. Mend them. `holds` judges a formula on the numbers of one network.

# %%
seen = probe(
    MLP(2, [3, 2], "tanh", output="tanh", seed=3), [0.5, -1.2], [0.3, 0.1], "half_squared_error"
)
print(seen.holds("δ_j^L = a_j^L - y_j"))
print(seen.holds("δ_j = g'(z_j) Σ_k W_kj δ_k"))
print(seen.holds("∂C/∂W_ij = a_j δ_i"))

# %%
yours = [
    "δ_j^L = (a_j^L - y_j) g'(z_j^L)",
    "δ_j = g'(z_j) Σ_k W_jk δ_k",
    "∂C/∂W_ij = a_i δ_j",
]
for formula in yours:
    assert seen.holds(formula), seen.holds(formula)

# %% [markdown]
# Now a page of your own. Put it in place of this one, which is about a single logistic unit, or give
# `check_notes` the name of a file that ends in `.md`, `.tex` or `.txt`. From a shell it is
# `python -m nn lecture.md`.

# %%
your_page = r"""
$z = \sum_i w_i x_i + b$, $\hat y = \sigma(z)$, $L = -(y \log \hat y + (1 - y) \log(1 - \hat y))$

$\frac{\partial L}{\partial w_i} = (\hat y - y) x_i$ and $\frac{\partial L}{\partial b} = \hat y - y$

$w_i \leftarrow w_i - \eta (\hat y - y) x_i$
"""
found = check_notes(your_page)
assert found, found
found
