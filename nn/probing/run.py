"""What one forward and one backward pass over a model found, whoever shows it.

The numbers come from the graph of every example, or over a batch from a program; `Probe` is
what people hold of a run, and `table`, `picture` and `derivation` are ways to show it.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from autograd.text import printed
from nn.arguments import Array
from nn.probing.examples import Examples, matrix, parameters_of
from nn.probing.formulas import Found
from nn.probing.graph import Graph
from nn.probing.layer import LayerProbe
from nn.probing.normalization import frozen_copy, parameters_of_norm
from nn.probing.replay import replayed

if TYPE_CHECKING:
    from autograd import Program, Value


class Run:
    """The numbers and, when asked for, the Values of one pass; see `Probe` for what they are."""

    def __init__(self, examples: Examples, compiled: bool = True) -> None:
        self.examples, self.model, self.cost = examples, examples.model, examples.cost
        self.batch, self.m = examples.batch, len(examples.rows)
        self.program: Program | None = None
        replay = replayed(examples) if compiled and self.batch else None
        if replay:
            self.program, self.C, found = replay
        else:
            self.C, found = self.graph.root.data, self.graph.found()
        self.layers = tuple([self._layer(l, found) for l in range(len(found))])

    @cached_property
    def graph(self) -> Graph:
        """The Values of every example: of a batch they are built when first asked for.

        Raises RuntimeError if parameters have changed since the numbers of a batch were read.
        """
        if self.program is not None:
            self._require_unchanged()
        return Graph(self.examples)

    @property
    def root(self) -> Value:
        """The Value of the loss c of one example, or of the cost C over a batch."""
        return self.graph.root

    @property
    def outputs(self) -> Array:
        """The activations of the last layer."""
        return self.layers[-1].a

    @printed
    def __repr__(self) -> str:
        examples = f"{self.m} examples" if self.batch else "one example"
        return f"{type(self).__name__}({self.model!r}, {examples}, {self.cost} = {self.C:.6g})"

    def _layer(self, l: int, found: list[Found]) -> LayerProbe:
        g = frozen_copy(self.examples.layers[l].g)
        above = found[l + 1] if l + 1 < len(found) else None
        return LayerProbe(
            l + 1, g, found[l], above, lambda: self.graph.nodes(l),
            batch=self.batch, compiled=self.program is not None,
        )  # fmt: skip

    def _require_unchanged(self) -> None:
        for module, layer in zip(self.examples.layers, self.layers, strict=True):
            W, b = parameters_of(module)
            scale = [p.data for p in parameters_of_norm(module)]
            known = [*layer.norm.weight, *layer.norm.bias] if layer.norm else []
            same = scale == known and (matrix(W) == layer.W).all()
            if not (same and (matrix([b]) == layer.b).all()):
                raise RuntimeError(
                    f"the parameters of layer {layer.number} have changed since it was probed: "
                    "Values would have other numbers than the probe. Ask for them before the "
                    "next step, or probe with compiled=False."
                )
