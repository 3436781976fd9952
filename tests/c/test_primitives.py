"""Every formula of primitives.h computes what its row of the table says, on the whole line.

Through the Value engine to the bit is tests/heart/test_implementations.py.
"""

import math
import operator

import numpy as np
import pytest

from autograd.program.compiler import pieces
from autograd.program.executors import native
from autograd.table import PRIMITIVES

pytestmark = pytest.mark.skipif(not native.available(), reason="the extension is not built")

SIZES = [0.0, 5e-324, 1e-300, 1e-9, 0.1, 0.5, 1.0, 2.0, 3.0, 8.9, 17.5, 40.0, 88.0, 709.5, 746.0]
LINE = [sign * x for x in (*SIZES, 1e9, 1e300, math.inf) for sign in (1.0, -1.0)] + [math.nan]
PIECES = {  # what only programs have
    "gap": lambda x, y: 0.0 if x == y else x - y,
    "copy": lambda x: x,
    "equal": lambda x, y: float(x == y),
    "first": lambda x, y: float(x == 1 and y == 0),
    "add_product": lambda x, y, z: x + y * z,
    "sub_product": lambda x, y, z: x - y * z,
}
PULLBACKS = ("tanh_pullback", "sigmoid_pullback", "relu_pullback")
EXACT = {  # arithmetic and choices: no rounding is left to a library
    "add", "sub", "mul", "div", "neg", "abs", "sqrt", "sign", "heaviside", "maximum", "minimum",
    "clip", "where", "relu", "leaky_relu", "softsign", "gap", "copy", "equal", "first",
    "add_product", "sub_product", "relu_pullback", "floor", "ceil", "trunc", "rint", "fmod", "mod",
    "floordiv", "copysign",
}  # fmt: skip


def formulas():
    """The operations with a formula in primitives.h: those before the ones that only tapes do."""
    if not native.available():
        return []
    from autograd.program.executors.native import _replay

    names = _replay.operations
    return list(names[: names.index("accumulate")])


def expected(name, operands):
    """What Python says, or None where it refuses or the table takes another branch."""
    try:
        if name in PIECES:
            return PIECES[name](*operands)
        if name in PULLBACKS:
            return float(pieces.PIECES[name].composed(*operands))
        return float(PRIMITIVES[name].forward(*operands))
    except (ValueError, ZeroDivisionError):
        return None


def arity(name):
    if name in PIECES:
        return PIECES[name].__code__.co_argcount
    return pieces.PIECES[name].arity if name in PULLBACKS else PRIMITIVES[name].arity


def reads(name):
    """What a pullback reads beside the adjoint."""
    return pieces.PIECES[name].pulls[1] if name in PULLBACKS else ()


def computed(name, columns, dtype, wide):
    """One operation of a tape: over all numbers of a column together, or one by one."""
    from autograd.program.executors.native import _replay

    lanes = columns.shape[1]
    table = np.zeros((4, lanes), dtype)
    table[1 : 1 + len(columns)] = columns
    number, single = _replay.operations.index(name), dtype == "float32"
    code = np.array([[number, 1, 2, 3]], np.uint32)
    stretches, mends = np.array([[1, 1, 0, 0]], np.int64), np.zeros((0, 2), np.int32)
    form = code, np.zeros(1, np.int64), mends, stretches
    if wide:
        _replay.run_form(*form, table, single)
        return table[0]
    rows = np.ascontiguousarray(table.T)
    _replay.run_tape(_replay.placed(*form, single), mends, stretches, rows, single)
    return rows[:, 0]


def points(name, rng):
    """Return columns of operands; where a formula reads out beside x, it is the row's result."""
    columns = anywhere(arity(name), rng)
    if "out" in reads(name):
        columns[1] = [PRIMITIVES[name.removesuffix("_pullback")](x) for x in columns[0].tolist()]
    return columns


def anywhere(count, rng):
    if count == 1:
        grid = np.array([LINE])
    else:
        grid = np.array(np.meshgrid(*[LINE] * 2)).reshape(2, -1)
        if count == 3:
            grid = np.vstack([grid, rng.choice(LINE, grid.shape[1])])
    near = rng.normal(size=(count, 400)) * 10.0 ** rng.uniform(-3, 2, 400)
    return np.hstack([grid, near])


@pytest.mark.parametrize("wide", [True, False], ids=["together", "one by one"])
@pytest.mark.parametrize("name", formulas())
def test_a_formula_of_the_header_is_its_row(name, wide):
    columns = points(name, np.random.default_rng(len(name)))
    found = computed(name, columns, "float64", wide).tolist()
    slack = 1e-15 if "out" not in reads(name) else 1e-14  # 1 - out may have lost five bits
    compared = 0
    for operands, ours in zip(columns.T.tolist(), found, strict=True):
        theirs = expected(name, operands)
        if theirs is None:
            continue
        compared += 1
        if name in EXACT or not math.isfinite(theirs):
            assert repr(ours) == repr(theirs), operands
        else:  # a few units in the last place, and results that fade out
            assert math.isclose(ours, theirs, rel_tol=slack, abs_tol=2e-323), (operands, ours)
    assert compared > 60


@pytest.mark.parametrize("name", formulas())
def test_a_formula_in_single_precision_is_its_row_rounded(name):
    columns = points(name, np.random.default_rng(len(name)))
    with np.errstate(over="ignore"):
        columns = columns.astype("float32")
    found = computed(name, columns, "float32", True).tolist()
    for operands, ours in zip(columns.T.tolist(), found, strict=True):
        theirs = expected(name, operands)
        if theirs is None or not math.isfinite(theirs) or abs(theirs) > 1e38:
            continue
        terms = [1e-30, *(abs(x) for x in operands if math.isfinite(x))]
        cancels = 1e-7 * max(terms) if name in PIECES or name in PULLBACKS else 1e-37
        assert math.isclose(ours, theirs, rel_tol=4e-7, abs_tol=cancels), operands


def test_a_wrong_formula_would_be_found():
    columns = anywhere(2, np.random.default_rng(0))
    pairs = zip(columns.T.tolist(), computed("sub", columns, "float64", True), strict=True)
    assert any(repr(float(ours)) != repr(operator.add(*operands)) for operands, ours in pairs)
