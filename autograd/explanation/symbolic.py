"""A recorded formula as an expression of SymPy, exact where its numbers are whole."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd.engine import Value, topological
from autograd.explanation.notation import Notation
from autograd.modes import differentiating
from autograd.table import PRIMITIVES

LARGEST = 100_000  # operations in the formula, written out: SymPy works through every one


def symbolic(notation: Notation, order: Sequence[Value]) -> Any:
    """Return the root of a notation as an expression of real symbols, one for each leaf's name.

    Raises ImportError without SymPy, ValueError for a formula that is too large written out, and
    NotImplementedError for a row that is neither known to SymPy nor `composed` of others.
    """
    try:
        import sympy
    except ImportError:
        raise ImportError('sympy() needs SymPy: pip install "whygrad[sympy]"') from None
    _require_small(order)
    known = {
        node: sympy.Symbol(notation.name(node), real=True)
        for node in order
        if not node.op and not node.constant
    }
    return _translated(sympy, _meanings(sympy), order, known)


def _translated(sp: Any, meanings: dict[str, Any], order: Sequence[Value], known: Any) -> Any:
    for node in order:
        if node in known:
            continue
        operands = [known[x] if x in known else _number(sp, x) for x in node.operands]
        known[node] = _applied(sp, meanings, node, operands) if node.op else _number(sp, node)
    return known[order[-1]]


def _applied(sp: Any, meanings: dict[str, Any], node: Value, operands: Sequence[Any]) -> Any:
    if node.op in meanings:
        return meanings[node.op](*operands)
    composed = PRIMITIVES[node.op].composed
    if composed is None:
        raise NotImplementedError(
            f"SymPy has no word for {node.op!r}; take a part of the graph without it, or give its "
            "row composed=, in terms of other rows."
        )
    leaves = [Value(x.data if x.__class__ is Value else x) for x in node.operands]
    with differentiating():
        root = composed(*leaves)
    return _translated(sp, meanings, topological(root), dict(zip(leaves, operands, strict=True)))


def _number(sp: Any, x: Any) -> Any:
    """Return a whole number as one, any other with all its bits."""
    number = float(getattr(x, "data", x))
    whole = math.isfinite(number) and number.is_integer()
    return sp.Integer(int(number)) if whole else sp.Float(number)


def _require_small(order: Sequence[Value]) -> None:
    size: dict[Any, int] = {}
    for node in order:
        size[node] = 1 + sum([size.get(x, 1) for x in node.operands])
    if size[order[-1]] > LARGEST:
        raise ValueError(
            f"written out, the formula has {size[order[-1]]} parts; SymPy is given at most "
            f"{LARGEST}. Take a smaller part of the graph, or detach what it shares."
        )


def _meanings(sp: Any) -> dict[str, Callable[..., Any]]:
    """Return what each row of the table is in SymPy."""
    plain = "exp log sqrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh sech erf erfc"
    own = {name: getattr(sp, name) for name in [*plain.split(), "atan2", "sign"]}
    return own | _arithmetic(sp) | _activations(sp) | _reductions(sp)


def _arithmetic(sp: Any) -> dict[str, Callable[..., Any]]:
    one = sp.Integer(1)
    return {
        "add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y,
        "div": lambda x, y: x / y, "pow": lambda x, y: x**y, "neg": lambda x: -x, "abs": sp.Abs,
        "expm1": lambda x: sp.exp(x) - 1, "log1p": lambda x: sp.log(1 + x),
        "log2": lambda x: sp.log(x, 2), "log10": lambda x: sp.log(x, 10),
        "exp2": lambda x: 2**x, "logaddexp": lambda x, y: sp.log(sp.exp(x) + sp.exp(y)),
        "cbrt": lambda x: sp.Piecewise((x ** (one / 3), x > 0), (-((-x) ** (one / 3)), True)),
        "floor": sp.floor, "ceil": sp.ceiling, "trunc": lambda x: sp.sign(x) * sp.floor(sp.Abs(x)),
        "floordiv": lambda x, y: sp.floor(x / y), "mod": lambda x, y: x - y * sp.floor(x / y),
        "hypot": lambda x, y: sp.sqrt(x**2 + y**2), "maximum": sp.Max, "minimum": sp.Min,
        "direction": lambda x, y: x / sp.sqrt(x**2 + y**2),
        "heaviside": lambda x: sp.Heaviside(x, 0),
        "where": lambda c, x, y: sp.Piecewise((x, sp.Ne(c, 0)), (y, True)),
    }  # fmt: skip


def _activations(sp: Any) -> dict[str, Callable[..., Any]]:
    def rectified(below: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda x: sp.Piecewise((x, x > 0), (below(x), True))

    return {
        "relu": rectified(lambda x: 0),
        "leaky_relu": rectified(lambda x: x * sp.Float(0.01)),
        "elu": rectified(lambda x: sp.exp(x) - 1),
        "sigmoid": lambda x: 1 / (1 + sp.exp(-x)),
        "silu": lambda x: x / (1 + sp.exp(-x)),
        "softplus": lambda x: sp.log(1 + sp.exp(x)),
        "gelu": lambda x: x * sp.erfc(-x / sp.sqrt(2)) / 2,
    }


def _reductions(sp: Any) -> dict[str, Callable[..., Any]]:
    def dot(*operands: Any) -> Any:
        *factors, bias = operands
        half = len(factors) // 2
        return sp.Add(*map(sp.Mul, factors[:half], factors[half:]), bias)

    def taken(*operands: Any) -> Any:
        *values, index = operands
        if index.is_number:
            return values[int(index)]
        return sp.Piecewise(*[(x, sp.Eq(index, k)) for k, x in enumerate(values)])

    def exponentials(values: Sequence[Any]) -> Any:
        return sp.Add(*map(sp.exp, values))

    return {
        "total": sp.Add,
        "mean": lambda *values: sp.Add(*values) / len(values),
        "dot": dot,
        "take": taken,
        "logsumexp": lambda *values: sp.log(exponentials(values)),
        "softmax": lambda *xs: sp.exp(taken(*xs)) / exponentials(xs[:-1]),
        "log_softmax": lambda *xs: taken(*xs) - sp.log(exponentials(xs[:-1])),
    }
