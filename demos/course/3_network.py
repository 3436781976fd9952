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
# # 3 · A network, unit by unit
#
# Backpropagation is the chain rule with names: $z_j = \sum_i a_i W_{ij} + b_j$, $a_j = g(z_j)$, and
# $\delta_j = \partial c/\partial z_j$. Then
# $\partial c/\partial W_{ij} = a_i\,\delta_j$ and
# $\delta_j = g'(z_j) \sum_k W_{jk}\,\delta_k$.

# %% tags=["remove-cell"]
import sys
from pathlib import Path

here = Path(globals().get("__file__", Path.cwd() / "x")).resolve()
sys.path[:0] = [str(folder) for folder in here.parents if (folder / "autograd").is_dir()]

# %%
import csv
import tempfile

from nn import MLP, exercise, fit, probe

model = MLP(2, [3, 1], activation="tanh", seed=1)
p = probe(model, [0.5, -1.2], [0.3], "half_squared_error")
print(p.table())

# %% [markdown]
# `check` proves the formulas here, and returns the largest difference in units of the last place.

# %%
assert p.check() < 8
hidden, last = p.layers
assert hidden.dW[1, 0] == hidden.inputs[1] * hidden.delta[0]  # to the bit
p.explain("layers.0.W[1][0]")

# %% [markdown]
# ## Your turn
#
# An exercise hands out the forward pass, and takes what you derive: as many quantities as you like,
# three digits will do.

# %%
small = MLP(2, [2, 1], "tanh", seed=4)
task = exercise(small, [1.0, -0.5], [0.2])
task

# %% [markdown]
# Here are answers with two slips: a $\delta$ without $g'$, and a transposed matrix. The hints say
# which. Put yours in their place.

# %%
first, second = probe(small, [1.0, -0.5], [0.2], "half_squared_error").layers
slips = {
    "delta2": second.a - 0.2,
    "delta1": second.W @ second.delta,
    "dW1": first.dW.T,
}
print(task.check(slips))

# %%
yours = {
    "delta2": second.a - 0.2,
    "dW2": [[a * second.delta[0]] for a in second.inputs],
    "db2": second.delta,
    "delta1": (1 - first.a**2) * (second.W @ second.delta),
    "dW1": [[a * d for d in first.delta] for a in first.inputs],
    "db1": first.delta,
}
assert task.check(yours), task.check(yours)

# %% [markdown]
# ## Watching a training
#
# A callback is any function of (history, model), called after each epoch. The first one here writes a
# row of a CSV file each time. The second is how a logger hears of it: TensorBoard's `SummaryWriter` has
# the method `add_scalar(name, number, step)`, and whatever has it will do, such as this `Curves`; with
# TensorBoard you write `writer = SummaryWriter()` instead.


# %%
class Curves(dict):
    """Every number of a name by its step, as a board draws them."""

    def add_scalar(self, name, number, step):
        self.setdefault(name, {})[step] = number


writer = Curves()
X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
xor = MLP(2, [8, 1], "tanh", seed=1)
with tempfile.TemporaryDirectory() as folder, open(f"{folder}/losses.csv", "w+") as file:
    rows = csv.writer(file)

    def logged(history, model):
        rows.writerow([len(history.loss), history.loss[-1]])

    def drawn(history, model):
        writer.add_scalar("loss", history.loss[-1], len(history.loss))

    history = fit(xor, X, y, loss="binary_cross_entropy", lr=0.1, epochs=60, progress=False,
                  callbacks=[logged, drawn])  # fmt: skip
    file.seek(0)
    written = list(csv.reader(file))

print("epoch 60: loss", written[-1][1][:6], " outputs", xor.predict_proba(X)[:, 1].round(2))
assert len(written) == 60 and float(written[-1][1]) == history.loss[-1]
assert writer["loss"] == dict(enumerate(history.loss, start=1))
assert [float(p) > 0.5 for p in xor.predict_proba(X)[:, 1]] == [False, True, True, False]

# %% [markdown]
# ## Who pulls where
#
# The gradient of a batch is the mean of those of its examples, which can be had one by one, as arrays
# (examples, inputs, units).

# %%
layer = probe(xor, X, [[t] for t in y], "half_squared_error").layers[0]
each = layer.per_example_dW
print(each.shape, "largest of each example:", abs(each).max(axis=(1, 2)).round(4))
assert abs(each.mean(axis=0) - layer.dW).max() < 1e-15
