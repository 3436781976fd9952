"""A layer's normalisation as a probe keeps it: every number of it, and its formula."""

from __future__ import annotations

from copy import deepcopy
from functools import cached_property
from html import escape
from typing import Any, NamedTuple

from autograd import Value, dot, gradients
from autograd.explanation.network import Line, Network, formula_latex, largest
from autograd.text import Text, aligned
from nn.activations import Activation
from nn.arguments import Array
from nn.layers.normalization import LayerNorm, Normalized, applied
from nn.probing.formulas import ulps

RULES = {"γ": "∂C/∂γ_j = x̂_j·∂c/∂y_j", "β": "∂C/∂β_j = ∂c/∂y_j"}


class NormNumbers(NamedTuple):
    """One array for each quantity that a formula of the normalisation gives."""

    normal: Array
    y: Array
    dx: Array
    dweight: Array
    dbias: Array


class NormProbe:
    """The `LayerNorm` of a layer: the numbers that the engine has, and those by formula (`hand`).

    `x` is what comes in, `normal` x̂, `y` what goes out; `dx` and `dy` are ∂c/∂x and ∂c/∂y, all
    (fan_out,), over a batch (m, fan_out). `dweight` = ∂C/∂γ and `dbias` = ∂C/∂β are (fan_out,).
    With s = √(σ² + ε) and ⟨v⟩ the mean of v over the units, `hand` has

        x̂_j = (x_j - μ)/s      y_j = γ_j x̂_j + β_j      ∂C/∂γ_j = x̂_j ∂c/∂y_j      ∂C/∂β_j = ∂c/∂y_j
        ∂c/∂x_j = (γ_j ∂c/∂y_j - ⟨γ ∂c/∂y⟩ - x̂_j ⟨x̂ γ ∂c/∂y⟩)/s

    (of parameters the means over a batch), and `ulps` how far that is from the engine's number.
    """

    def __init__(self, g: Normalized, z: Array, da: Array, partial: Any, *, batch: bool) -> None:
        self.place, self.whole, self._norm, self._batch = g.place, g.g.whole, g.norm, batch
        self.weight, self.bias = _numbers(g.norm.weight), _numbers(g.norm.bias)
        rows = [_engine(g, *row) for row in zip(z.tolist(), da.tolist(), strict=True)]
        x, normal, y, dx, dy = _arrays(rows)
        self._x, self._dy = x, dy
        self._found = NormNumbers(normal, y, dx, *partial)

    x = property(lambda self: self._rows(self._x), doc="What comes in.")
    dy = property(lambda self: self._rows(self._dy), doc="∂c/∂y.")
    normal = property(lambda self: self._rows(self._found.normal), doc="x̂.")
    y = property(lambda self: self._rows(self._found.y), doc="What goes out.")
    dx = property(lambda self: self._rows(self._found.dx), doc="∂c/∂x.")
    dweight = property(lambda self: self._found.dweight, doc="∂C/∂γ.")
    dbias = property(lambda self: self._found.dbias, doc="∂C/∂β.")

    @property
    def hand(self) -> NormNumbers:
        """The numbers by formula."""
        return NormNumbers(*map(self._rows, self._by_formula[0]))

    @property
    def ulps(self) -> NormNumbers:
        """How far the engine's numbers are from those by formula."""
        return NormNumbers(*map(self._rows, self._by_formula[1]))

    @property
    def steep(self) -> Array:
        """The largest γ/s of each example, (m, 1): of this size are the terms of ∂y/∂x."""
        apart = self._x - self._x.mean(axis=1, keepdims=True)
        variance = (apart * apart).mean(axis=1, keepdims=True)
        steep: Array = abs(self.weight).max() / (variance + self._norm.eps) ** 0.5
        return steep

    @cached_property
    def _by_formula(self) -> tuple[NormNumbers, NormNumbers]:
        import numpy as np

        x, dy, gamma = self._x, self._dy, self.weight
        apart = x - x.mean(axis=1, keepdims=True)
        s = np.sqrt((apart * apart).mean(axis=1, keepdims=True) + self._norm.eps)
        normal, through = apart / s, gamma * dy
        shared = through.mean(axis=1, keepdims=True)
        along = normal * (normal * through).mean(axis=1, keepdims=True)
        hand = NormNumbers(
            normal, gamma * normal + self.bias, (through - shared - along) / s,
            (normal * dy).mean(axis=0), dy.mean(axis=0),
        )  # fmt: skip
        wide = np.abs(x).max(axis=1, keepdims=True) / s + 1.0  # what x - μ is a difference of
        most = np.abs(through).max(axis=1, keepdims=True)
        size = NormNumbers(
            wide + 0 * x, np.abs(gamma) * wide + np.abs(self.bias),
            most * (1 + np.abs(normal) * wide) * wide / s, (wide * np.abs(dy)).mean(axis=0),
            np.abs(dy).mean(axis=0),
        )  # fmt: skip
        found = zip(hand, self._found, size, strict=True)
        return hand, NormNumbers(*[ulps(*three) for three in found])

    def table(self, units: int = 12) -> str:
        """Return the numbers of units, formula beside autodiff, as aligned text."""
        import numpy as np

        columns = [
            self._x, self._found.normal, self.weight, self.bias, self._found.y, self._dy,
            self._by_formula[0].dx, self._found.dx, self._by_formula[0].dweight, self.dweight,
        ]  # fmt: skip
        means = [np.atleast_2d(column).mean(axis=0) for column in columns]
        apart = np.max([np.atleast_2d(a).max(axis=0) for a in self._by_formula[1]], axis=0)
        names = ("j", "x_j", "x̂_j", "γ_j", "β_j", "y_j", "∂C/∂β_j", "∂c/∂x_j by formula")
        rows = [[*names, "∂c/∂x_j", "x̂_j ∂c/∂y_j", "∂C/∂γ_j", "ulps"]]
        shown = sorted(np.argsort(-apart, kind="stable")[:units].tolist())
        for j in shown:
            rows.append([str(j), *(f"{x[j]: .6g}" for x in means), f"{apart[j]:.3g}"])
        lines = [f"  layer_norm {self.place} the activation"]
        lines += ["  " + line for line in aligned(rows, right=range(len(rows[0])))]
        left = len(apart) - len(shown)
        return Text("\n".join(lines + [f"  … and {left} more, none further apart"] * (left > 0)))

    def __repr__(self) -> str:
        return f"NormProbe({self._norm.fan_in} units, {self.place} the activation)"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.table())}</pre>"

    def _rows(self, rows: Array) -> Array:
        """Return rows without the axis of the examples where there is one example alone."""
        return rows if self._batch or rows.ndim == 1 else rows[0]


def frozen_copy(g: Activation) -> Activation:
    """Return an activation that keeps the γ and β of now, whatever becomes of the model."""
    if not isinstance(g.function, Normalized):
        return g
    return Normalized(deepcopy(g.function.norm), g.function.place, g.function.g).activation


def norm_probe(
    g: Activation, z: Array, da: Array, partial: Any, *, batch: bool
) -> NormProbe | None:
    """Return the probe of a layer's normalisation, given ∂C/∂γ and ∂C/∂β; None without one."""
    if not isinstance(g.function, Normalized):
        return None
    return NormProbe(g.function, z, da, partial, batch=batch)


def _engine(g: Normalized, z: list[float], da: list[float]) -> list[list[float]]:
    """Return x, x̂, y, ∂c/∂x and ∂c/∂y of one example, given its z and ∂c/∂a."""
    leaves = [Value(z_j) for z_j in z]
    x = leaves if g.place == "before" else applied(g.g, leaves)
    normal, y = g.norm.passed(x)
    a = applied(g.g, y) if g.place == "before" else y
    c = dot(da, a)
    rows = [[node.data for node in nodes] for nodes in (x, normal, y)]
    return [*rows, list(gradients(c, x)), list(gradients(c, y))]


def _arrays(rows: list[list[list[float]]]) -> list[Array]:
    import numpy as np

    return list(np.array(rows).swapaxes(0, 1))


def _numbers(leaves: Any) -> Array:
    import numpy as np

    return np.array([leaf.data for leaf in leaves])


def parameters_of_norm(layer: Any) -> list[Value]:
    """Return γ and β of a layer, one after the other; none of a layer without a normalisation."""
    norm: LayerNorm | None = getattr(layer, "norm", None)
    return [*norm.weight, *norm.bias] if norm else []


def derivation_of_norm(network: Network, layer: Any, kind: str, j: int) -> list[tuple[str, str]]:
    """Return where ∂C/∂γ_j or ∂C/∂β_j of a layer comes from, as lines of text and of LaTeX."""
    norm, number, m = layer.norm, layer.number, layer.z.size // layer.z.shape[-1]
    y, x, dy = (network.name(letter, number, j) for letter in ("y", "x̂", "∂c/∂y"))
    upstream = norm.dy.reshape(m, -1)[:, j].tolist()
    normal = norm.normal.reshape(m, -1)[:, j].tolist()
    value = float((norm.dweight if kind == "γ" else norm.dbias)[j])
    formula = f"{x}·{dy}" if kind == "γ" else dy
    terms = [[a, b] if kind == "γ" else [b] for a, b in zip(normal, upstream, strict=True)]
    batch = layer.z.ndim > 1
    lines = [Line(
        f"∂C/∂{network.name(kind, number, j)}", f"1/m·Σ_x {formula}" if batch else formula,
        value, largest(terms)[0], [1 / m] if batch else (),
    )]  # fmt: skip
    if not batch:
        a, after = network.name("a", number, j), norm.place == "after"
        da = float(layer.da[j])
        if after:
            lines.append(Line(dy, f"∂c/∂{a}", upstream[0], [upstream]))
        elif da and not norm.whole:
            lines.append(Line(dy, f"g'({y})·∂c/∂{a}", upstream[0], [[upstream[0] / da, da]]))
        lines += network.activation(number, j) if number < len(network.layers) else []
    rules = [(RULES[kind], formula_latex(RULES[kind]))]
    return rules + [(line.text(), line.latex()) for line in lines]
