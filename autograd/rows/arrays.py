"""NumPy's ufuncs applied to a Value itself, those included that know no arrays of objects.

An array of Values is NumPy's own matter: `np.exp` calls the method `exp` of each. A Value beside an
array, or alone, is asked first, and is put into an array of no dimensions here. For the functions
below NumPy has no loop over objects, so that they work where a Value is among the operands; over
an array alone, which asks nobody, `np.frompyfunc(autograd.copysign, 2, 1)` does what `np.copysign`
cannot.
"""

from __future__ import annotations

import operator
from typing import Any

from autograd.engine import Value
from autograd.rows import rounding, scales

_OWN: dict[str, Any] = {
    "copysign": rounding.copysign, "divmod": divmod, "float_power": operator.pow,
    "isfinite": rounding.isfinite, "isinf": rounding.isinf, "isnan": rounding.isnan,
    "logaddexp": scales.logaddexp, "signbit": rounding.signbit,
}  # fmt: skip


def _apply(self: Value, ufunc: Any, method: str, *operands: Any, **options: Any) -> Any:
    """Apply a ufunc, as NumPy asks an operand with `__array_ufunc__` to do."""
    import numpy as np

    if Value in map(type, options.get("out", ())):
        return NotImplemented
    own = _OWN.get(ufunc.__name__) if method == "__call__" else None
    if not own and not any("O" in loop for loop in ufunc.types):
        raise TypeError(
            f"np.{ufunc.__name__} takes floats alone, and an operand is a Value. Write it in "
            "functions of autograd, or give it the number, value.data, through which no gradient "
            "passes."
        )
    function = np.frompyfunc(own, ufunc.nin, ufunc.nout) if own else ufunc
    with np.errstate(invalid="ignore"):  # which a comparison with NaN is, to loops over objects
        return getattr(function, method)(*[_boxed(np, x) for x in operands], **options)


def _boxed(np: Any, operand: Any) -> Any:
    if operand.__class__ is not Value:  # a long double would ask the Value again, for ever
        longest = getattr(operand, "dtype", None) == np.longdouble
        return np.asarray(operand, float) if longest else operand
    box = np.empty((), object)
    box[()] = operand
    return box


Value.__array_ufunc__ = _apply  # type: ignore[method-assign]
