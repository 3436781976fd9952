"""Every z, a and δ of a model, each beside the formula that textbooks give for it.

`probe` runs a model once, unit by unit, and asks the engine for the derivative of the cost
by every number on the way. `check` then holds the per-index formulas of backpropagation
against those derivatives. The `Run` has the numbers; text and pictures of them are made in
`table.py`, `picture.py` and `derivation.py`.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from autograd import GradientError
from autograd.text import Text
from nn.arguments import Array
from nn.notes.holding import Verdict, verdict
from nn.notes.worlds import Passed, Weights, World
from nn.probing.derivation import Derivation, derivation
from nn.probing.examples import examples_of, parameters_of
from nn.probing.formulas import Numbers
from nn.probing.layer import LayerProbe
from nn.probing.normalization import NormNumbers
from nn.probing.picture import drawing_options, live_graph, network_picture
from nn.probing.run import Run

if TYPE_CHECKING:
    from autograd.drawing import Drawing, NetworkPicture

CLOSE = 2.0**20  # ulps: more than rounding can do, and far less than a wrong formula does
FORMULAS = {
    "z": "z_j = Σ_i a_i W_ij + b_j",
    "a": "a_j = g(z_j)",
    "delta": "δ_j = g'(z_j) ∂c/∂a_j",
    "dW": "∂C/∂W_ij = a_i δ_j",
    "db": "∂C/∂b_j = δ_j",
    "norm.normal": "x̂_j = (x_j - μ)/s",
    "norm.y": "y_j = γ_j x̂_j + β_j",
    "norm.dx": "∂c/∂x_j = (γ_j ∂c/∂y_j - ⟨γ ∂c/∂y⟩ - x̂_j ⟨x̂ γ ∂c/∂y⟩)/s",
    "norm.dweight": "∂C/∂γ_j = x̂_j ∂c/∂y_j",
    "norm.dbias": "∂C/∂β_j = ∂c/∂y_j",
}


class Probe(Run):
    """What one forward and one backward pass did to every unit of a model.

    `layers[l]` is a LayerProbe; `outputs` are the numbers of the last one. `C` is the loss c of
    one example or the cost (1/m) Σ c over a batch of `m`, and `root` its Value. `program` is
    what the numbers of a batch were read from: its `describe()` prints them as matrix formulas.
    It is None where the graph of every example was built.
    """

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
            worst = max(worst, _norm_apart(layer))
        return worst

    def table(self, units: int = 12, weights: int = 16) -> str:
        """Return the numbers of units and weights, formula beside autodiff, as aligned text.

        A layer with more of them is cut to those where the two are furthest apart. Over a
        batch, the numbers of a unit are means over the examples.
        """
        tables = (layer.table(units, weights) for layer in self.layers)
        return Text("\n\n".join([repr(self), *tables]))

    def explain(self, target: Any) -> Derivation:
        """Return where the derivative by `target` comes from, told in layers down to the loss.

        `target` is the path of a weight or bias as in `named_parameters()`, the parameter
        itself, an input (`"x[1]"`: how sensitive c is to it), or a layer (`"layers.0"`: its
        gradients in matrix form). Over a batch a gradient is the mean over the examples.

        Raises ValueError for a name that the model does not have.

        >>> from nn import MLP, probe
        >>> model = MLP(2, [1, 1], activation="tanh", seed=0)
        >>> p = probe(model, [0.5, -1.0], [1.0], "half_squared_error")
        >>> print("\\n".join(p.explain("layers.0.W[1][0]").text().splitlines()[3:7]))
        ∂C/∂W1[1,0] = a0[1]·δ1[0] ≈ (−1)·0.243 = −0.243
        g'(z1[0]) = 1 - a1[0]*a1[0] ≈ 0.943
        δ1[0] = g'(z1[0])·Σ_k W2[0,k]·δ2[k] ≈ 0.9434·((−0.2751)·(−0.9345)) ≈ 0.243
        δ2[0] = g'(z2[0])·∂c/∂a2[0] ≈ 1·(−0.935) = −0.935
        """
        return derivation(self, target)

    def holds(self, formula: str) -> Verdict:
        """Return whether a formula holds on these numbers, for every unit, layer and example.

        It is written as in notes, in plain text or LaTeX, in this library's convention: W_ij leads
        from i to j, layers count from 1 and a^0 is the input, vectors without indices are rows;
        over a batch C is the mean and c is one example's. `check_notes` reads other conventions.

        Raises ValueError for what cannot be read.

        >>> from nn import MLP, probe
        >>> model = MLP(2, [3, 1], activation="tanh", seed=1)
        >>> p = probe(model, [0.5, -1.2], [0.3], "squared_error")
        >>> bool(p.holds("∂C/∂W_ij = a_i δ_j"))
        True
        >>> print(p.holds("δ_j = Σ_k W_jk δ_k"))
        δ_j = Σ_k W_jk δ_k   fails at l = 1, j = 0: −0.255, autodiff −0.241
          holds as δ_j = Σ_k W_jk δ_k g'(z_j): g'(z_j) as a further factor: a forgotten slope
        """
        graph = self.graph
        weights = [Weights(*parameters_of(layer), layer.g) for layer in self.examples.layers]
        passes = [[Passed(*layer) for layer in run] for run in graph.runs]
        world = World(weights, passes, graph.costs, self.examples.targets)
        return verdict(world, self.batch, formula)

    def draw(self, **options: Any) -> Drawing:
        """Return `autograd.draw` of this network: by operation, by neuron or by layer.

        `level`, `theme` and the other options are those of `draw`. Over a batch gradients are
        those of the mean cost, and z, a and δ are means over the examples.
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

    def live_graph(self) -> dict[str, Any] | None:
        """Return what a live page computes: the graph of one example, and the numbers of all."""
        return live_graph(self)

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
    return Probe(examples_of(model, x, y, loss), compiled)


def _norm_apart(layer: LayerProbe) -> float:
    """Return how far the formulas of a layer's normalisation are off at most, in ulps."""
    worst = 0.0
    for name, apart in zip(NormNumbers._fields, layer.norm.ulps, strict=True) if layer.norm else ():
        here = float(apart.max())
        if not here <= CLOSE:
            raise _failure(layer, f"norm.{name}", apart)
        worst = max(worst, here)
    return worst


def _failure(layer: LayerProbe, name: str, apart: Array) -> GradientError:
    """Return the error for the first place where a formula and the engine disagree."""
    import numpy as np

    place = tuple(int(k) for k in np.unravel_index(int(apart.argmax()), apart.shape))
    *_, last = name.split(".")
    sides: Any = (
        (layer.norm.hand, layer.norm) if layer.norm and last != name else (layer.hand, layer)
    )
    hand, engine = (float(getattr(side, last)[place]) for side in sides)
    return GradientError(
        f"{FORMULAS[name]} does not hold in layer {layer.number} at {name}{list(place)}: "
        f"the formula gives {hand!r}, the engine {engine!r} ({apart[place]:.3g} ulps apart). "
        "It takes finite numbers and a parameter that is used once: not tied, not in a penalty."
    )
