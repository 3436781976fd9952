"""The number of a formula on one network, under one convention.

A letter with indices is an array with the names of its indices as axes, one without indices a
matrix: a column or a row of one example, or of all of them side by side.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

from nn.activations import ACTIVATIONS
from nn.notes import syntax
from nn.notes.context import ETA, LAMBDA, Context, framed, named
from nn.notes.errors import Meaningless, Unreadable
from nn.notes.tensors import (
    COLUMNS,
    EXAMPLES,
    ROWS,
    Tensor,
    added,
    as_scalar,
    contracted,
    entrywise,
    product,
    scalar,
    summed,
    transposed,
)


def evaluated(node: syntax.Node, at: Context) -> Tensor:
    """Return the number of any part of a formula."""
    return at.noted(at.rules[type(node)](node, at))


RATES = {"η": ETA, "λ": LAMBDA}


def _constant(node: syntax.Constant, at: Context) -> Tensor:
    if node.name in RATES:
        return scalar(RATES[node.name])
    if node.name == "m":
        return scalar(at.world.m)
    number = at.number(node.layer)
    at.world.require(("n", number))
    return scalar(at.world.sizes[number])


def _quantity(q: syntax.Quantity, at: Context) -> Tensor:
    kind = q.kind
    if kind == "c":
        return _cost(q, at)
    if kind == "delta":
        found = at.world.jacobian(("c", 0), at.place(q))[:, 0]
        return framed(at.convention.sign * found, "z", q, at)
    if kind.startswith("d"):
        return _change(q, at)
    return framed(at.world.values(at.place(q)), kind, q, at)


def _cost(q: syntax.Quantity, at: Context) -> Tensor:
    if q.letter in dict(at.convention.terms) and not q.example:
        return evaluated(dict(at.convention.terms)[q.letter], at)
    values, meaning = at.world.values(("c", 0)), at.convention.cost(q.letter)
    if meaning == "example" or q.example:
        return Tensor(values.reshape(-1), (EXAMPLES,))
    return scalar(values.mean() if meaning == "mean" else values.sum())


def _change(q: syntax.Quantity, at: Context) -> Tensor:
    """Return dz and the like: ∂J by that array."""
    place, m = at.place(q), at.world.m
    found = at.world.jacobian(("c", 0), place)[:, 0]
    found = found.reshape(len(found), *at.world.shape(place))
    if "Δ" in q.letter and at.convention.steps:
        one = not at.convention.batch and all(m == "example" for _, m in at.convention.costs)
        return framed(-ETA * (found if one else found.mean(axis=0)), place[0], q, at)
    total = any(meaning == "sum" for _, meaning in at.convention.costs)
    if place[0] in "Wb" and not q.example:
        single = not at.convention.batch and not at.convention.small
        found = found if single else found.sum(axis=0) / (1 if total else m)
    elif at.convention.small and not total:
        found = found / m
    return framed(found, place[0], q, at)


def _sum(node: syntax.Sum, at: Context) -> Tensor:
    if whole := over_layers(node, at):
        return evaluated(whole, at)
    body = evaluated(node.body, at)
    samples = COLUMNS if at.convention.vectors == "columns" else ROWS
    if not node.index:
        return _bare_sum(body, at, samples)
    named = any(q.example == node.index for q in syntax.quantities(node.body))
    if node.index in body.axes and not named:
        return summed(body, node.index)
    used = any(node.index in q.units for q in syntax.quantities(node.body))
    if used and not named:
        raise Meaningless(f"{node.index} is summed twice")
    if node.index not in "xipnt" and not any(q.example for q in syntax.quantities(node.body)):
        raise Meaningless(f"nothing under Σ has the index {node.index}")
    if EXAMPLES in body.axes:
        return summed(body, EXAMPLES)
    if (
        at.convention.batch
        and not at.single
        and body.is_matrix
        and body.size(samples) == at.world.m
    ):
        return _kept(body, samples)
    return Tensor(body.array * at.world.m, body.axes)


def over_layers(node: syntax.Sum, at: Context) -> syntax.Node | None:
    """Return Σ_l of weights of layer l, and Σ_w w² of all weights, as a sum of terms."""
    weights = [q for q in syntax.quantities(node.body) if q.kind == "W" and node.index]
    whole = any(q.letter == node.index for q in weights)
    if not whole and not any(q.layer and q.layer.symbol == node.index for q in weights):
        return None

    def term(layer: int) -> syntax.Node:
        def moved(part: Any) -> Any:
            own = part in weights and (whole or part.layer.symbol == node.index)
            return replace(part, layer=syntax.Layer("", layer)) if own else part

        body: syntax.Node = syntax.mapped(node.body, moved)
        return syntax.Sum("", body) if whole else body

    first = 1 + at.convention.first - at.convention.leaving
    return functools.reduce(syntax.Plus, map(term, range(first, first + at.world.depth)))


def _kept(body: Tensor, axis: str) -> Tensor:
    """Return the sum over rows or columns, as a matrix of one row or column."""
    term = summed(body, axis)
    return Tensor(term.array[..., None], (*term.axes, axis))


def _bare_sum(body: Tensor, at: Context, samples: str) -> Tensor:
    """Return a Σ without an index, as the readings of the formula take it."""
    way, units = at.readings.bare, body.units - at.free
    if way == "units":
        return summed(body, ROWS, COLUMNS, *units)
    if way == "examples":
        if EXAMPLES in body.axes:
            return summed(body, EXAMPLES)
        return _kept(body, samples) if body.is_matrix else body
    return summed(body, EXAMPLES, ROWS, COLUMNS, *units)


def _entry(node: syntax.Entry, at: Context) -> Tensor:
    """Return (W a)_j with the axis j; a whole vector is that of one example."""
    if len(node.units) == 2:
        return named(
            evaluated(node.of, at), dict(zip((ROWS, COLUMNS), node.units, strict=True)), at
        )
    single = replace(at, single=True)
    term = evaluated(node.of, single)
    at.size = max(at.size, single.size)
    if not term.is_matrix or 1 not in term.shape:
        raise Unreadable("an index below what is no vector")
    along, across = (ROWS, COLUMNS) if term.size(COLUMNS) == 1 else (COLUMNS, ROWS)
    return named(summed(term, across), {along: node.units[0]}, at)


def _with_ones(node: syntax.Product, at: Context) -> Tensor | None:
    """Return v 𝟙ᵀ, a column for all examples; A 𝟙 and 𝟙ᵀ A, sums of rows and of columns."""
    for own, other, axis in ((node.left, node.right, ROWS), (node.right, node.left, COLUMNS)):
        flipped = isinstance(own, syntax.Transpose)
        if isinstance(own.of if isinstance(own, syntax.Transpose) else own, syntax.Ones):
            term = evaluated(other, at)
            summed_up = flipped == (axis == ROWS) and term.is_matrix and term.size(axis) > 1
            return _kept(term, axis) if summed_up else term
    return None


def _product(node: syntax.Product, at: Context) -> Tensor:
    if (term := _with_ones(node, at)) is not None:
        return term
    left, right = evaluated(node.left, at), evaluated(node.right, at)
    return product(left, right, node.sign, at.convention.outer)


def _quotient(node: syntax.Quotient, at: Context) -> Tensor:
    import numpy as np

    below = as_scalar(evaluated(node.below, at))
    if any(q.kind.endswith("W") and not q.units for q in syntax.quantities(node.below)):
        raise Meaningless("a matrix below a fraction")
    with np.errstate(all="ignore"):
        inverse = Tensor(1.0 / below.array, below.axes)
        return entrywise(as_scalar(evaluated(node.above, at)), inverse)


def _power(node: syntax.Power, at: Context) -> Tensor:
    import numpy as np

    base, exponent = evaluated(node.base, at), evaluated(node.exponent, at)
    with np.errstate(all="ignore"):
        if not exponent.axes:
            return Tensor(base.array ** float(exponent.array), base.axes)
        if not base.axes:
            return Tensor(float(base.array) ** exponent.array, exponent.axes)
    raise Unreadable("a power of many numbers by many")


def _norm(node: syntax.Norm, at: Context) -> Tensor:
    import numpy as np

    term = evaluated(node.of, at)
    square = summed(Tensor(term.array**2, term.axes), ROWS, COLUMNS, *term.units)
    return Tensor(np.sqrt(square.array), square.axes)


def _applied(node: syntax.Applied, at: Context) -> Tensor:
    import numpy as np

    z = evaluated(node.argument, at)
    if node.function == "diag":
        return _diagonal(z)
    if node.function in ("exp", "log"):
        with np.errstate(all="ignore"):
            return Tensor(getattr(np, node.function)(z.array), z.axes)
    slope = node.function.count("'")
    name = node.function.rstrip("'")
    g = at.world.activations[activated_layer(node, at)] if name == "g" else ACTIVATIONS[name]
    if g and g.whole and g.name != "softmax":
        raise Meaningless(f"{g.name} is no function of one z_j alone")
    if g is None or g.whole:
        return _softmax(z, slope)
    return Tensor(at.world.applied(g, np.asarray(z.array), slope), z.axes)


def activated_layer(node: syntax.Applied, at: Context) -> int:
    """Return the layer whose activation a g is: its own number, or that of its argument."""
    if node.layer:
        number = at.number(node.layer)
    else:
        inside = [q for q in syntax.quantities(node.argument) if q.kind != "c"]
        weights = [q for q in inside if q.kind in ("z", "W", "b", "delta")]
        if not inside:
            raise Meaningless("an activation of a number")
        number = max(at.place(q)[1] for q in weights or inside)
    at.world.require(("z", number))
    return number


def _softmax(z: Tensor, slope: int) -> Tensor:
    import numpy as np

    if slope:
        raise Meaningless("softmax has no slope entry by entry")
    if not z.is_matrix and len(z.units) != 1:
        raise Meaningless("softmax of something that is no vector")
    axes = sorted(z.units) or [ROWS if z.size(ROWS) > 1 else COLUMNS]
    axis = z.axes.index(axes[0])
    power = np.exp(z.array - z.array.max(axis=axis, keepdims=True))
    return Tensor(power / power.sum(axis=axis, keepdims=True), z.axes)


def _diagonal(z: Tensor) -> Tensor:
    """Return the matrix with a vector on its diagonal."""
    import numpy as np

    if not z.is_matrix or 1 not in z.shape:
        raise Meaningless("diag of something that is no vector")
    one = ROWS if z.size(ROWS) == 1 else COLUMNS
    term = summed(z, one)
    n = z.array.size if EXAMPLES not in z.axes else term.array.shape[-1]
    other = next(axis for axis in term.axes if axis in (ROWS, COLUMNS))
    return contracted(
        [term.renamed(**{other: ROWS}), Tensor(np.eye(n), (ROWS, COLUMNS))],
        (*(axis for axis in term.axes if axis == EXAMPLES), ROWS, COLUMNS),
    )


def _minus(node: syntax.Minus, at: Context) -> Tensor:
    term = evaluated(node.term, at)
    return Tensor(-term.array, term.axes)


BASIC: dict[type, Any] = {
    syntax.Number: lambda node, at: scalar(node.value),
    syntax.Constant: _constant,
    syntax.Ones: lambda node, at: scalar(1.0),
    syntax.Quantity: _quantity,
    syntax.Entry: _entry,
    syntax.Sum: _sum,
    syntax.Product: _product,
    syntax.Quotient: _quotient,
    syntax.Plus: lambda node, at: added(evaluated(node.left, at), evaluated(node.right, at)),
    syntax.Minus: _minus,
    syntax.Power: _power,
    syntax.Norm: _norm,
    syntax.Transpose: lambda node, at: transposed(evaluated(node.of, at)),
    syntax.Applied: _applied,
}
