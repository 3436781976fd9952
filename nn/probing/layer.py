"""One layer of a model as a probe keeps it: every number, its formula, and its Value."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING

from autograd.text import Text, printed
from nn.activations import Activation
from nn.arguments import Array
from nn.probing.formulas import Found, Numbers, by_formula, slope_sizes, slopes, ulps
from nn.probing.normalization import NormProbe, norm_probe
from nn.probing.table import layer_table

if TYPE_CHECKING:
    from nn.probing.graph import Nodes


class LayerProbe:
    """One layer as the engine has it (`z a delta dW db` and more) and by formula (`hand`).

    For one example `inputs` is (fan_in,), and `z`, `a`, `da` = ∂c/∂a and `delta` = ∂c/∂z are
    (fan_out,); over a batch they are matrices, (m, fan_in) and (m, fan_out), with one row an
    example. `slope` is g'(z), of the same shape; of a softmax layer, or one that is normalised, it
    is ∂a_k/∂z_j, indexed [j][k]. `W` and `dW` = ∂C/∂W are (fan_in, fan_out), `b` and `db` = ∂C/∂b
    (fan_out,). `hand` has by formula

        z_j = Σ_i a_i W_ij + b_j        a_j = g(z_j)
        δ_j = g'(z_j) Σ_k W_jk δ_k      (in the last layer g'(z_j) ∂c/∂a_j)
        ∂C/∂W_ij = a_i δ_j              ∂C/∂b_j = δ_j       (their means over a batch)

    which over a batch is, A being the layer's inputs and ⊙ the product entry by entry,

        Z = A W + b      Δ = g'(Z) ⊙ (Δ_next W_nextᵀ)      ∂C/∂W = Aᵀ Δ / m

    and `ulps` how far that is from the engine's number, in units in the last place of what
    the terms of the sum add up to without their signs. `nodes` has the Values themselves, and
    `norm` the numbers and formulas of a `LayerNorm`.
    """

    def __init__(
        self, number: int, g: Activation, found: Found, above: Found | None,
        nodes: Callable[[], Nodes], *, batch: bool, compiled: bool,
    ) -> None:  # fmt: skip
        self.number, self.activation = number, g.name
        self.W, self.b, self.dW, self.db = found.W, found.b, found.dW, found.db
        per_example = found.inputs, found.z, found.a, found.da, found.delta
        self.inputs, self.z, self.a, self.da, self.delta = (
            rows if batch else rows[0] for rows in per_example
        )
        self._g, self._found, self._above, self._nodes = g, found, above, nodes
        self._batch, self._compiled = batch, compiled

    @property
    def title(self) -> str:
        """What a table and a picture call this layer."""
        fan_in, fan_out = self.W.shape
        return f"layer {self.number} · {fan_in}→{fan_out} · {self.activation}"

    def table(self, units: int = 12, weights: int = 16) -> str:
        """Return the numbers of units and weights, formula beside autodiff, as `Probe.table`."""
        last = self._above is None
        text = layer_table(self, units, weights, batch=self._batch, last=last)
        return Text("\n".join([text, self.norm.table(units)] if self.norm else [text]))

    @printed
    def __repr__(self) -> str:
        return f"LayerProbe({self.title})"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.table())}</pre>"

    @cached_property
    def nodes(self) -> Nodes:
        """The Values of this layer; over a batch the graph of all examples is built for them."""
        return self._nodes()

    @property
    def per_example_dW(self) -> Array:
        """∂c/∂W of each example, (m, fan_in, fan_out): a_i δ_j; their mean is dW."""
        rows, delta = self._found.inputs, self._found.delta
        return rows[:, :, None] * delta[:, None, :]

    @cached_property
    def norm(self) -> NormProbe | None:
        """The numbers and formulas of the layer's normalisation; None where it has none."""
        found = self._found
        return norm_probe(self._g, found.z, found.da, found.norm, batch=self._batch)

    @property
    def slope(self) -> Array:
        """g'(z), or ∂a_k/∂z_j of a softmax."""
        return self._slopes[1] if self._batch else self._slopes[1][0]

    @property
    def hand(self) -> Numbers:
        """The numbers by formula."""
        return self._by_formula[0]

    @property
    def ulps(self) -> Numbers:
        """How far the engine's numbers are from those by formula."""
        return self._by_formula[1]

    @cached_property
    def _slopes(self) -> tuple[Array, Array]:
        return slopes(self._g, self._found.z, self._compiled)

    @cached_property
    def _by_formula(self) -> tuple[Numbers, Numbers]:
        import numpy as np

        here, above = self._found, self._above
        with np.errstate(all="ignore"):
            a, slope = self._slopes
            upstream = here.da if above is None else above.delta @ above.W.T
            size = upstream if above is None else np.abs(above.delta) @ np.abs(above.W.T)
            known = here.inputs, here.W, here.b, a
            hand = by_formula(*known, slope, upstream, here.delta)
            sizes = by_formula(
                *map(
                    np.abs,
                    (
                        *known,
                        slope_sizes(a, slope, self._steep),
                        size,
                        here.delta,
                    ),
                )
            )
            engine = here.z, here.a, here.delta, here.dW, here.db
            apart = Numbers(*[ulps(*three) for three in zip(hand, engine, sizes, strict=True)])
        return self._rows(hand), self._rows(apart)

    @property
    def _steep(self) -> Array | None:
        return self.norm.steep if self.norm else None

    def _rows(self, numbers: Numbers) -> Numbers:
        """Return numbers without the axis of the examples where there is one example alone."""
        z, a, delta, dW, db = numbers
        return numbers if self._batch else Numbers(z[0], a[0], delta[0], dW, db)
