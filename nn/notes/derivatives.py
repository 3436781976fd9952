"""Derivatives inside formulas: ∂C/∂W, ∂z/∂a, ∂/∂z of an expression, and chains of them.

The derivative of a letter by a letter is the engine's; of an expression it follows from those by
the rules for sums and products, as in forward mode.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nn.arguments import Array
from nn.notes import syntax
from nn.notes.context import Context, framed, labelled
from nn.notes.errors import Meaningless, Unreadable
from nn.notes.evaluation import evaluated, over_layers
from nn.notes.tensors import (
    COLUMNS,
    EXAMPLES,
    KEPT,
    ROWS,
    WRT,
    Tensor,
    added,
    contracted,
    entrywise,
    product,
    scalar,
    transposed,
)


def derivative(node: syntax.Derivative, at: Context) -> Tensor:
    """Return ∂of/∂by with the axes of both, or as the matrix that the notes mean."""
    of, by = node.of, node.by
    if by.kind in ("y", "c", "delta") or by.kind.startswith("d"):
        raise Unreadable(f"a derivative by {by.letter}")
    terms = dict(at.convention.terms)
    if isinstance(of, syntax.Quantity) and of.letter in terms and not of.example:
        return derivative(replace(node, of=terms[of.letter]), at)
    if syntax.every(syntax.Ones, of):
        raise Unreadable("a derivative of what has 𝟙 in it")
    if isinstance(of, syntax.Quantity) and of.kind == "c":
        found = at.world.jacobian(("c", 0), at.place(by))[:, 0]
        return gradient(found, _meaning(of, at), by, at)
    single = replace(at, single=True)
    change = tangent(of, by, single)
    at.size = max(at.size, single.size)
    if change is None:
        return scalar(0.0)
    change = contracted([change], (*(axis for axis in change.axes if axis != WRT), WRT))
    if by.units:
        return _indexed(change, by, at)
    if change.units:
        raise Meaningless("a derivative by a whole vector, of letters with indices")
    if not change.is_matrix:
        return _of_number(change, by, at)
    return of_vector(_stacked(change), by, at)


def gradient(found: Array, meaning: str, by: syntax.Quantity, at: Context) -> Tensor:
    """Return ∂c/∂by of every example, (m, entries), as the derivative of one c, a mean or a sum."""
    place, m = at.place(by), len(found)
    found = found.reshape(m, *at.world.shape(place))
    if meaning != "example" and place[0] in ("W", "b"):
        found = found.sum(axis=0)
    return framed(found / m if meaning == "mean" else found, place[0], by, at)


def _indexed(change: Tensor, by: syntax.Quantity, at: Context) -> Tensor:
    """Return a derivative by a letter with indices: an index on both sides is the diagonal."""
    place = at.place(by)
    if change.is_matrix:
        raise Meaningless("a derivative by one unit, of letters without indices")
    array = change.array.reshape(*change.array.shape[:-1], *at.world.shape(place))
    axes = ("source", "target") if place[0] == "W" else ("unit",)
    term = labelled(Tensor(array, (*change.axes[:-1], *axes)), place[0], by, at)
    return contracted([term], tuple(dict.fromkeys(term.axes)))


def _of_number(change: Tensor, by: syntax.Quantity, at: Context) -> Tensor:
    shape = at.world.shape(at.place(by))
    examples = change.array.shape[:-1]
    return framed(change.array.reshape(*examples, *shape), by.kind, by, at)


def _stacked(change: Tensor) -> Array:
    """Return the derivative of a vector, as (examples, its entries, entries of by)."""
    if 1 not in change.shape:
        raise Meaningless("the derivative of a matrix")
    axes = (*(axis for axis in change.axes if axis == EXAMPLES), ROWS, COLUMNS, WRT)
    array = contracted([change], axes).array
    return array.reshape(*array.shape[:-3], -1, array.shape[-1])


def of_vector(jacobian: Array, by: syntax.Quantity, at: Context) -> Tensor:
    """Return ∂z/∂a as notes without indices mean it: unit by unit where that is all, or whole."""
    import numpy as np

    place, way = at.place(by), at.readings.lone
    shape = at.world.shape(place)
    n, entries = jacobian.shape[-2:]
    if place[0] == "W":
        unit = _by_weights(jacobian.reshape(*jacobian.shape[:-1], *shape), by, at)
        return transposed(unit) if way == "flipped" else unit
    diagonal = n == entries and not (jacobian * (1 - np.eye(n))).any()
    if diagonal and way == "unit":
        return framed(np.diagonal(jacobian, axis1=-2, axis2=-1), "a", by, at)
    axes = (ROWS, COLUMNS) if at.convention.numerator ^ (way == "flipped") else (COLUMNS, ROWS)
    if jacobian.ndim == 3 and (at.convention.batch or not np.ptp(jacobian, axis=0).any()):
        if np.ptp(jacobian, axis=0).any():
            raise Meaningless("one matrix for all examples, which differ")
        jacobian = jacobian[0]
    return Tensor(jacobian, (*(EXAMPLES,) * (jacobian.ndim - 2), *axes))


def _by_weights(jacobian: Array, by: syntax.Quantity, at: Context) -> Tensor:
    """Return ∂z_j/∂W_ij, which is the source's activation, or ∂a_j/∂W_ij in the shape of W."""
    import numpy as np

    j = np.arange(jacobian.shape[-1])
    if jacobian.shape[-3] != len(j):
        raise Meaningless("a derivative by all weights that is no matrix")
    own = jacobian[..., j, :, j]  # (target, …, source)
    own = np.moveaxis(own, 0, -1)
    rest = np.abs(jacobian).sum() - np.abs(own).sum()
    if rest > 1e-12:
        raise Meaningless("a derivative by all weights that is no matrix")
    if not np.ptp(own, axis=-1).any():
        return framed(own[..., 0], "a", by, at)
    return framed(own, "W", by, at)


def tangent(node: syntax.Node, by: syntax.Quantity, at: Context) -> Tensor | None:
    """Return the derivative of an expression by every entry of `by`, along WRT; None for 0."""
    rule = TANGENTS.get(type(node))
    if rule is None:
        return None
    return rule(node, by, at)  # type: ignore[no-any-return]


def _of_letter(q: syntax.Quantity, by: syntax.Quantity, at: Context) -> Tensor | None:
    of, wrt = at.place(q), at.place(by)
    if q.kind == "delta":
        found = at.convention.sign * at.world.second(of, wrt)
        return _along([framed(found[..., k], "z", q, at) for k in range(found.shape[-1])])
    if q.kind.startswith("d"):
        raise Unreadable("the derivative of a derivative")
    if of[0] == "y":
        return None
    jacobian = at.world.jacobian(of, wrt)
    if of[0] == "c":
        whole = _meaning(q, at) == "mean" and wrt[0] in ("W", "b")
        return (
            Tensor(jacobian.mean(axis=0)[0], (WRT,))
            if whole
            else Tensor(jacobian[:, 0], (EXAMPLES, WRT))
        )
    shape = at.world.shape(of)
    array = jacobian.reshape(len(jacobian), *shape, -1)
    array = array[0] if of[0] in ("W", "b") else array
    return _along([framed(array[..., k], of[0], q, at) for k in range(array.shape[-1])])


def _plus(node: syntax.Plus, by: syntax.Quantity, at: Context) -> Tensor | None:
    left, right = tangent(node.left, by, at), tangent(node.right, by, at)
    if left is None or right is None:
        evaluated(node, at)  # that the two can be added at all
        return left if right is None else right
    return added(left, right)


def _product(node: syntax.Product, by: syntax.Quantity, at: Context) -> Tensor | None:
    left, right = tangent(node.left, by, at), tangent(node.right, by, at)
    outer = at.convention.outer
    terms = []
    if left is not None:
        terms.append(product(left, evaluated(node.right, at), node.sign, outer))
    if right is not None:
        terms.append(product(evaluated(node.left, at), right, node.sign, outer))
    return added(*terms) if len(terms) == 2 else terms[0] if terms else None


def _quotient(node: syntax.Quotient, by: syntax.Quantity, at: Context) -> Tensor | None:
    if tangent(node.below, by, at) is not None:
        raise Unreadable("the derivative of a fraction")
    above = tangent(node.above, by, at)
    below = evaluated(node.below, at)
    return above and entrywise(above, Tensor(1.0 / below.array, below.axes))


def _sum(node: syntax.Sum, by: syntax.Quantity, at: Context) -> Tensor | None:
    """Return the derivative of a Σ: by what one example has, of that example's term alone."""
    if whole := over_layers(node, at):
        return tangent(whole, by, at)
    body = tangent(node.body, by, at)
    if body is None:
        return None
    own = by.kind not in ("W", "b") and EXAMPLES in body.axes
    letters = syntax.quantities(node.body)
    named = any(q.example == node.index for q in letters)
    if own and node.index and (named or not any(node.index in q.units for q in letters)):
        return body
    body = body.renamed(examples=KEPT) if own else body
    holder = replace(at, rules={**at.rules, type(node.body): lambda inner, at: body})
    return at.rules[syntax.Sum](node, holder).renamed(kept=EXAMPLES)  # type: ignore[no-any-return]


def _scaled(change: Tensor | None, slope: Tensor) -> Tensor | None:
    return None if change is None else entrywise(slope, change)


def _power(node: syntax.Power, by: syntax.Quantity, at: Context) -> Tensor | None:
    base, exponent = evaluated(node.base, at), evaluated(node.exponent, at)
    if exponent.axes:
        raise Unreadable("the derivative of a power with many exponents")
    n = float(exponent.array)
    return _scaled(tangent(node.base, by, at), Tensor(n * base.array ** (n - 1.0), base.axes))


def _norm(node: syntax.Norm, by: syntax.Quantity, at: Context) -> Tensor | None:
    square = tangent(syntax.Sum("", syntax.Power(node.of, _two())), by, at)
    length = evaluated(node, at)
    return square and entrywise(square, Tensor(0.5 / length.array, length.axes))


def _two() -> syntax.Node:

    return syntax.Number(2.0)


def _applied(node: syntax.Applied, by: syntax.Quantity, at: Context) -> Tensor | None:
    inner = tangent(node.argument, by, at)
    if inner is None:
        return None
    if node.function == "exp":
        return _scaled(inner, evaluated(node, at))
    if node.function == "log":
        z = evaluated(node.argument, at)
        return _scaled(inner, Tensor(1.0 / z.array, z.axes))
    if node.function in ("diag", "softmax") or node.function.endswith("''"):
        raise Unreadable(f"the derivative of {node.function}")
    return _scaled(inner, evaluated(replace(node, function=node.function + "'"), at))


def _minus(node: syntax.Minus, by: syntax.Quantity, at: Context) -> Tensor | None:
    term = tangent(node.term, by, at)
    return None if term is None else Tensor(-term.array, term.axes)


def _entry(node: syntax.Entry, by: syntax.Quantity, at: Context) -> Tensor | None:
    term = tangent(node.of, by, at)
    held = replace(at, rules={**at.rules, type(node.of): lambda inner, at: term})
    return None if term is None else at.rules[syntax.Entry](node, held)


def _transpose(node: syntax.Transpose, by: syntax.Quantity, at: Context) -> Tensor | None:
    term = tangent(node.of, by, at)
    return None if term is None else transposed(term)


def _second(node: syntax.Derivative, by: syntax.Quantity, at: Context) -> Tensor | None:
    """Return ∂²c/∂q∂by along WRT, for the derivative of one example's cost by a letter q."""
    if syntax.kind(node.of) != "c" or _meaning(node.of, at) != "example":
        raise Unreadable("the derivative of a derivative of something else than one example's cost")
    place = at.place(node.by)
    found = at.world.second(place, at.place(by))
    found = found.reshape(len(found), *at.world.shape(place), -1)
    columns = [framed(found[..., k], place[0], node.by, at) for k in range(found.shape[-1])]
    return _along(columns)


def _meaning(q: Any, at: Context) -> str:
    return "example" if q.example else at.convention.cost(q.letter)


def _along(columns: list[Tensor]) -> Tensor:
    """Return tensors of the same axes as one, along WRT."""
    import numpy as np

    array = np.stack([term.array for term in columns], axis=-1)
    return Tensor(array, (*columns[0].axes, WRT))


TANGENTS: dict[type, Any] = {
    syntax.Quantity: _of_letter,
    syntax.Plus: _plus,
    syntax.Product: _product,
    syntax.Quotient: _quotient,
    syntax.Sum: _sum,
    syntax.Power: _power,
    syntax.Norm: _norm,
    syntax.Applied: _applied,
    syntax.Minus: _minus,
    syntax.Transpose: _transpose,
    syntax.Entry: _entry,
    syntax.Derivative: _second,
}
