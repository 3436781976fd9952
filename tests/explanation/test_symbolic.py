"""A formula handed to SymPy has the same number and the same derivatives, worked out by SymPy."""

import sys

import pytest

sympy = pytest.importorskip("sympy")

import autograd
from autograd import Value, detach, expression, gradients, tanh
from autograd.table import PRIMITIVES, primitive
from nn import MLP
from tests.explanation.reading import operands_of

UNKNOWN = {"detach", "uniform_noise", "rint", "fmod", "copysign"}
JUMPING = {"floor", "ceil", "trunc", "floordiv", "mod"}  # SymPy does not differentiate floor
ROWS = [row for name, row in PRIMITIVES.items() if name not in UNKNOWN]


def symbols(leaves):
    return {sympy.Symbol(leaf.label, real=True): sympy.Float(leaf.data, 30) for leaf in leaves}


def require_equal(root, leaves):
    formula, point = expression(root).sympy(), symbols(leaves)
    assert float(formula.subs(point).evalf(25)) == pytest.approx(root.data, rel=1e-12, abs=1e-14)
    for symbol, expected in zip(point, gradients(root, leaves), strict=True):
        if root.op in JUMPING:
            continue
        slope = formula.diff(symbol).subs(point).doit().evalf(25)
        assert float(slope) == pytest.approx(expected, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_has_the_number_and_the_derivatives_that_sympy_finds(row):
    operands = operands_of(row)
    require_equal(row(*operands), operands)


@pytest.mark.parametrize("g", ["tanh", "sigmoid", "relu"])
def test_a_network_is_a_formula(g):
    model = MLP(2, [2, 1], g, seed=1)
    (y,) = model([0.5, -1.2])
    require_equal((y - 0.3) ** 2, model.parameters())


def test_whole_numbers_stay_whole():
    x = Value(3.0, "x")
    X = sympy.Symbol("x", real=True)
    assert expression(2 * x**3 - x / 4).sympy() == 2 * X**3 - X / 4
    assert expression(x**0.5).sympy() == X ** sympy.Float(0.5)


def test_names_are_those_of_the_text():
    x, y = Value(1.0), Value(2.0)
    found = expression(x * tanh(y)).sympy()
    assert {symbol.name for symbol in found.free_symbols} == {"x1", "x2"}


def test_a_row_of_ones_own_is_what_it_is_composed_of():
    cube = primitive("cube", lambda x: x**3, lambda x, out: 3 * x * x, composed=lambda x: x * x * x)
    bare = primitive("bare", lambda x: x, lambda x, out: 1.0)
    try:
        x = Value(2.0, "x")
        require_equal(cube(x) + x, [x])
        with pytest.raises(NotImplementedError, match="no word for 'bare'"):
            expression(bare(x)).sympy()
    finally:
        for name in ("cube", "bare"):
            del PRIMITIVES[name]
            delattr(autograd.Value, name)


def test_what_a_formula_cannot_say_is_refused():
    with pytest.raises(NotImplementedError, match="no word for 'detach'"):
        expression(detach(Value(1.0)) * 2).sympy()


def test_a_graph_that_would_never_end_written_out_is_refused():
    h = Value(0.5, "x")
    for _ in range(60):
        h = tanh(h) + h
    with pytest.raises(ValueError, match="written out, the formula has"):
        expression(h).sympy()


def test_without_sympy_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sympy", None)
    with pytest.raises(ImportError, match=r'^sympy\(\) needs SymPy: pip install "whygrad\[sympy'):
        expression(Value(1.0)).sympy()
