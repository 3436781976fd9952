"""
A training, as a film
=====================

``record=`` keeps every epoch. The page shows the losses, the weights of each epoch, and what the
network says at each point of the plane.
"""

import tempfile
from html import escape
from pathlib import Path

from nn import MLP, fit

X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
model = MLP(2, [4, 1], "tanh", seed=3)
with tempfile.TemporaryDirectory() as folder:
    film = Path(folder, "film.html")
    history = fit(model, X, y, loss="binary_cross_entropy", lr=0.1, epochs=60,
                  progress=False, record=film)  # fmt: skip
    page = film.read_text(encoding="utf-8")
history

# %%
# Its losses, drawn by Matplotlib:

axes = history.plot()

# %%
# The film itself:


class Frame:
    def _repr_html_(self):
        style = "width:100%;height:760px;border:0"
        return f'<iframe sandbox="allow-scripts" srcdoc="{escape(page)}" style="{style}"></iframe>'


Frame()
