"""Every z, a and δ of a model, each beside the formula that textbooks give for it.

`probe` runs a model once, unit by unit, and asks the engine for the derivative of the cost
by every number on the way. `check` then holds the per-index formulas of backpropagation
against those derivatives. The run is the subject of `graph.py`, and over a batch of
`replay.py`; the numbers are sorted in `layer.py`, the formulas stand in
`formulas.py`, and text for people is made in `table.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

from autograd import GradientError
from nn.layers import MLP, Layer, Neuron
from nn.losses import loss_function
from nn.probing.derivation import Derivation, derivation
from nn.probing.formulas import Found, Numbers
from nn.probing.graph import Examples, Graph, matrix, parameters_of, sum_of_outputs
from nn.probing.layer import LayerProbe
from nn.probing.picture import drawing_options, network_picture
from nn.probing.replay import replayed
from nn.probing.table import table

if TYPE_CHECKING:
    from autograd import Program, Value
    from autograd.drawing import Drawing, NetworkPicture
    from nn.probing.formulas import Array

CLOSE = 2.0**20  # ulps: more than rounding can do, and far less than a wrong formula does
FORMULAS = {
    "z": "z_j = Σ_i a_i W_ij + b_j",
    "a": "a_j = g(z_j)",
    "delta": "δ_j = g'(z_j) ∂c/∂a_j",
    "dW": "∂C/∂W_ij = a_i δ_j",
    "db": "∂C/∂b_j = δ_j",
}


class Probe:
    """What one forward and one backward pass did to every unit of a model.

    `layers[l]` is a LayerProbe; `outputs` are the numbers of the last one. `C` is the loss c of
    one example or the cost (1/m) Σ c over a batch of `m`, and `root` its Value. `program` is
    what the numbers of a batch were read from: its `describe()` prints them as matrix formulas.
    It is None where the graph of every example was built.
    """

    def __init__(self, model: Any, cost: str, examples: Examples, compiled: bool) -> None:
        self.model, self.cost, self.examples = model, cost, examples
        self.batch, self.m = examples.batch, len(examples.rows)
        self.program: Program | None = None
        if compiled and self.batch:
            with suppress(Exception):  # whatever it is, the examples one by one meet it again
                self.program, self.C, found = replayed(examples)
        if self.program is None:
            self.C, found = self.graph.root.data, self.graph.found()
        self.layers = tuple([self._layer(l, found) for l in range(len(found))])

    def _layer(self, l: int, found: list[Found]) -> LayerProbe:
        g = self.examples.layers[l].activation
        above = found[l + 1] if l + 1 < len(found) else None
        return LayerProbe(
            l + 1, g, found[l], above, lambda: self.graph.nodes(l),
            batch=self.batch, compiled=self.program is not None,
        )  # fmt: skip

    @cached_property
    def graph(self) -> Graph:
        """The Values of every example: of a batch they are built when first asked for.

        Raises RuntimeError if parameters have changed since the numbers of a batch were read.
        """
        if self.program is not None:
            self._require_unchanged()
        return Graph(self.examples)

    def _require_unchanged(self) -> None:
        for module, layer in zip(self.examples.layers, self.layers, strict=True):
            W, b = parameters_of(module)
            if (matrix(W) != layer.W).any() or (matrix([b]) != layer.b).any():
                raise RuntimeError(
                    f"the parameters of layer {layer.number} have changed since it was probed: "
                    "Values would have other numbers than the probe. Ask for them before the "
                    "next step, or probe with compiled=False."
                )

    @property
    def root(self) -> Value:
        """The Value of the loss c of one example, or of the cost C over a batch."""
        return self.graph.root

    @property
    def outputs(self) -> Array:
        """The activations of the last layer."""
        return self.layers[-1].a

    def check(self) -> float:
        """Prove the per-index formulas here; return the largest difference, in ulps.

        On one example ∂C/∂W_ij = a_i δ_j and ∂C/∂b_j = δ_j must hold bit for bit. A sum may
        be rounded in another order, so the rest must agree to rounding.

        Raises GradientError naming the first unit where a formula fails: as it does where a
        number is not finite, and for a parameter that is used twice, or in a penalty.
        """
        worst = 0.0
        for layer in self.layers:
            for name, apart in zip(Numbers._fields, layer.ulps, strict=True):
                exact = name in ("dW", "db") and not self.batch
                here = float(apart.max())
                if not here <= (0.0 if exact else CLOSE):
                    raise _failure(layer, name, apart)
                worst = max(worst, here)
        return worst

    def table(self, units: int = 12, weights: int = 16) -> str:
        """Return the numbers of units and weights, formula beside autodiff, as aligned text.

        A layer with more of them is cut to those where the two are furthest apart. Over a
        batch, the numbers of a unit are means over the examples.
        """
        return table(self, units, weights)

    def explain(self, target: Any) -> Derivation:
        """Return where the derivative by `target` comes from, told in layers down to the loss.

        `target` is the path of a weight or bias as in `named_parameters()`, the parameter
        itself, an input (`"x[1]"`: how sensitive c is to it), or a layer (`"layers.0"`: its
        gradients in matrix form). Over a batch a gradient is the mean over the examples.

        Raises ValueError for a name that the model does not have.

        >>> from nn import MLP, probe
        >>> p = probe(MLP(2, [1, 1], activation="tanh"), [0.5, -1.0], [1.0], "half_squared_error")
        >>> print("\\n".join(p.explain("layers.0.W[1][0]").text().splitlines()[3:7]))
        ∂C/∂W1[1,0] = a0[1]·δ1[0] ≈ (−1)·0.243 = −0.243
        g'(z1[0]) = 1 - a1[0]*a1[0] ≈ 0.943
        δ1[0] = g'(z1[0])·Σ_k W2[0,k]·δ2[k] ≈ 0.9434·((−0.2751)·(−0.9345)) ≈ 0.243
        δ2[0] = g'(z2[0])·∂c/∂a2[0] ≈ 1·(−0.935) = −0.935
        """
        return derivation(self, target)

    def draw(self, **options: Any) -> Drawing:
        """Return `autograd.draw` of this network: by operation, by neuron or by layer.

        `level`, `theme` and the other options are those of `draw`. Over a batch gradients
        are summed.
        """
        from autograd import draw

        by_picture = self.batch and options.get("level") in ("neuron", "layer")
        return draw(self.picture() if by_picture else self, **options)

    def picture(self) -> NetworkPicture:
        """Return the plain numbers of every layer, as drawings and pages take them."""
        return network_picture(self)

    def drawing_options(self) -> dict[str, Any]:
        """Return which Values are inputs, parameters and units, and how to cluster them."""
        return drawing_options(self)

    def __repr__(self) -> str:
        examples = f"{self.m} examples" if self.batch else "one example"
        return f"Probe({self.model!r}, {examples}, {self.cost} = {self.C:.6g})"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.table())}</pre>"


def probe(model: Any, x: Any, y: Any = None, loss: Any = None, *, compiled: bool = True) -> Probe:
    """Return z, a, δ, ∂C/∂W and ∂C/∂b of every unit of `model` at the example `x`.

    `model` is a Neuron, a Layer or an MLP; `x` one example (fan_in,) or a batch (m, fan_in) of
    numbers or Values, with a target `y` for each; `loss` a name or a function of (outputs,
    target). Over a batch C = (1/m) Σ c. Without `y` and `loss`, c is the sum of the outputs.
    The model is not changed, and no `.grad` either.

    The numbers of a batch come from a program: the graph of one example is recorded and
    replayed over all rows, as `fit` does it, and random numbers are drawn once. The graph of
    every example is built where that cannot be (Values among the inputs, a branch on a number
    that other examples would take otherwise), with `compiled=False`, and for `nodes` and
    `root` when they are asked for. The two agree to rounding.

    Raises TypeError for another kind of model, ValueError for data that does not fit it.

    >>> from nn import MLP, probe
    >>> p = probe(MLP(2, [3, 1], activation="tanh"), [1.0, -2.0], [0.5], "half_squared_error")
    >>> layer = p.layers[0]
    >>> bool((layer.dW[1] == layer.inputs[1] * layer.delta).all())  # ∂C/∂W_1j = a_1 δ_j
    True
    >>> p.check() < 8  # units in the last place
    True
    >>> batch = probe(p.model, [[1, -2], [0, 3]], [[0.5], [1]], "half_squared_error")
    >>> Δ = batch.layers[0].delta  # (m, fan_out)
    >>> Δ.shape
    (2, 3)
    >>> bool(abs(batch.layers[0].dW - batch.layers[0].inputs.T @ Δ / 2).max() < 1e-15)
    True
    """
    layers = layers_of(model)
    rows, batch = _rows(x, layers[0])
    targets = _targets(y, loss, len(rows), batch)
    c = sum_of_outputs if loss is None else loss_function(loss)
    return Probe(model, loss_name(loss), Examples(layers, rows, targets, c, batch), compiled)


def loss_name(loss: Any) -> str:
    """Return what to call a loss that was given by name, as a function, or not at all."""
    if loss is None or isinstance(loss, str):
        return loss or "sum of outputs"
    name = str(getattr(loss, "__name__", "loss"))
    return name if name.isidentifier() else "loss"  # a lambda has no name of its own


def layers_of(model: Any) -> Sequence[Layer | Neuron]:
    """Return the layers of an MLP, or the one Layer or Neuron. Raises TypeError for others."""
    if isinstance(model, MLP):
        return model.layers
    if isinstance(model, Layer | Neuron):
        return [model]
    raise TypeError(
        f"expected a Neuron, a Layer or an MLP; got {type(model).__name__}. "
        "For any other graph, use autograd.explain or autograd.gradients."
    )


def _rows(x: Any, first: Layer | Neuron) -> tuple[list[Any], bool]:
    """Return the examples, and whether they came as a batch."""
    x = list(x) if getattr(x, "ndim", 0) > 1 and len(x) else getattr(x, "tolist", lambda: x)()
    batch = isinstance(x, list | tuple) and len(x) > 0 and hasattr(x[0], "__len__")
    rows = _copied(x) if batch else [x]
    for row in rows:
        known = isinstance(row, list | tuple) or hasattr(row, "tolist")
        if not known or len(row) != first.fan_in:
            raise ValueError(
                f"probe takes one example or a batch of them, {first.fan_in} inputs in each; "
                f"got {row!r}. Check the width of the data, and its nesting."
            )
    return rows, batch


def _targets(y: Any, loss: Any, m: int, batch: bool) -> list[Any]:
    if (y is None) != (loss is None):
        raise ValueError(
            f"probe takes y and loss together, or neither; got y={y!r} and loss={loss!r}. "
            "With neither, c is the sum of the outputs."
        )
    if y is None or not batch:
        return [y] * m
    if len(y) != m:
        raise ValueError(f"probe takes one target for each example; got {len(y)} for {m}.")
    return _copied(y)


def _copied(rows: Any) -> list[Any]:
    """Return rows that stay as they are when the caller's array is written to."""
    return [row.copy() if hasattr(row, "copy") else row for row in rows]


def _failure(layer: LayerProbe, name: str, apart: Array) -> GradientError:
    """Return the error for the first place where a formula and the engine disagree."""
    import numpy as np

    place = tuple(int(k) for k in np.unravel_index(int(apart.argmax()), apart.shape))
    hand, engine = (float(getattr(side, name)[place]) for side in (layer.hand, layer))
    return GradientError(
        f"{FORMULAS[name]} does not hold in layer {layer.number} at {name}{list(place)}: "
        f"the formula gives {hand!r}, the engine {engine!r} ({apart[place]:.3g} ulps apart). "
        "It takes finite numbers and a parameter that is used once: not tied, not in a penalty."
    )
