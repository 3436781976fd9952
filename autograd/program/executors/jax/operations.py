"""Scalar operations of a program as functions of JAX arrays, differentiated as their rows say.

JAX has derivatives of its own for most of them, but not our conventions at kinks, and not the
digits of a saturated tanh: each operation carries the rule of its row, in steps that are such
operations again. Arithmetic and choices are JAX's own, which has no rule to add.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.program.compiler import steps
from autograd.program.compiler.pieces import Piece
from autograd.program.compiler.steps import Expression, of_row

Array = Any


def evaluated(code: Expression, sources: Sequence[Array], dtype: Any) -> list[Array]:
    """Return the results of an expression over arrays, which are broadcast against each other."""
    import jax.numpy as jnp

    registers = dict(enumerate([*sources, *[jnp.asarray(x, dtype) for x in code.constants]]))
    for name, result, operands in code.steps:
        arrays = jnp.broadcast_arrays(*[registers[k] for k in operands])
        registers[result] = operation(name)(*arrays)
    return [registers[k] for k in code.results]


@of_row
def operation(row: Any) -> Callable[..., Array]:
    """Return the function of arrays of one shape for one step.

    Raises NotImplementedError for a row of somebody's own that is not `composed` of others.
    """
    import jax.numpy as jnp

    plain: dict[str, Callable[..., Array]] = {
        "add": jnp.add, "sub": jnp.subtract, "mul": jnp.multiply, "div": jnp.divide,
        "neg": jnp.negative, "pow": jnp.power, "sign": jnp.sign,
        "where": lambda condition, x, y: jnp.where(condition != 0, x, y),
    }  # fmt: skip
    return plain[row.name] if row.name in plain else _ruled(row, _forward(row))


def _forward(row: Any) -> Callable[..., Array]:
    """Return the function of a row without a derivative."""
    import jax
    import jax.numpy as jnp

    own: dict[str, Callable[..., Array]] = {
        "detach": lambda x: x,
        "heaviside": lambda x: jnp.heaviside(x, 0),
        "erf": jax.scipy.special.erf,
        "erfc": jax.scipy.special.erfc,
        "direction": _direction,
        "shifted": lambda x, largest: jnp.where(x == largest, 0, x - largest),
    }
    if row.name in own:
        return own[row.name]
    if getattr(row, "numpy", ""):
        return getattr(jnp, row.numpy)  # type: ignore[no-any-return]
    code = steps.composition(row.name)
    if code is None:
        raise NotImplementedError(
            f"JAX has no operation {row.name!r}; give its row composed=, in terms of other rows."
        )
    return lambda *arrays: evaluated(code, arrays, arrays[0].dtype)[0]


def _direction(x: Array, y: Array) -> Array:
    import jax.numpy as jnp

    length = jnp.hypot(x, y)
    return jnp.where(length == 0, 0, x / jnp.where(length == 0, 1, length))


def _ruled(row: Any, forward: Callable[..., Array]) -> Callable[..., Array]:
    """Return a function with the derivative of its row; no partial by a constant is asked for."""
    import jax
    import jax.numpy as jnp

    function = jax.custom_jvp(forward)

    def rule(primals: Sequence[Array], tangents: Sequence[Any]) -> tuple[Array, Array]:
        out = function(*primals)
        whole = jnp.zeros_like(out)
        for slot, tangent in enumerate(tangents):
            if isinstance(tangent, jax.custom_derivatives.SymbolicZero):
                continue
            pullback = steps.rule(row.name, slot) if not _is_step(row) else None
            if pullback is not None:
                known = {"out": out, "adjoint": tangent}
                sources = [known[s] if isinstance(s, str) else primals[s] for s in pullback.sources]
                whole = whole + evaluated(pullback.expression, sources, out.dtype)[0]
        return out, whole

    function.defjvp(rule, symbolic_zeros=True)
    return function  # type: ignore[no-any-return]


def _is_step(row: Any) -> bool:
    """Whether a row is flat between its jumps, as a piece without partials is."""
    return isinstance(row, Piece) and not row.partials
