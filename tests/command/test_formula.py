"""Text becomes a function of numbers, and nothing else: no part of it is ever run."""

import math
import random

import pytest

import autograd as ag
from autograd import expression
from autograd.command.formula import DEEPEST, FUNCTIONS, LONGEST, Misuse, read, variable
from autograd.table import PRIMITIVES
from tests.explanation.reading import operands_of, random_graph


def reread(node, leaves):
    """Evaluate the text of an expression by `read`, its named parts first."""
    numbers = {leaf.label: leaf.data for leaf in leaves}
    formula, *parts = expression(node).text().splitlines()
    for part in reversed(parts):
        name, definition = part.removeprefix(" where").strip().split(" = ")
        numbers[name] = read(definition, numbers)(numbers)
    return read(formula, numbers)(numbers)


@pytest.mark.parametrize("seed", range(30))
def test_what_expression_writes_is_read_back_bit_for_bit(seed):
    root, leaves = random_graph(random.Random(seed), size=4 + seed)
    assert reread(root, leaves) == root.data


PLAIN = [row for name, row in PRIMITIVES.items() if "softmax" not in name]  # whose place is fixed


@pytest.mark.parametrize("row", PLAIN, ids=lambda row: row.name)
def test_every_public_row_is_read(row):
    operands = operands_of(row)
    node = row(*operands)
    assert reread(node, operands) == node.data


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 + 3*4**2", 50.0),
        ("-2**2", -4.0),
        ("(-2)**2", 4.0),
        ("+x - -x", 1.0),
        ("8/4/2", 1.0),
        ("2**3**2", 512.0),
        ("-7 // 2", -4.0),
        ("-7 % 2", 1.0),
        ("x*pi", 0.5 * math.pi),
        ("total([1, 2, x])", 3.5),
        ("mean((1, 2, 6))", 3.0),
        ("dot([1, 2], [3, 4], 5)", 16.0),
        ("softmax([0, 0])[1]", 0.5),
        ("take([1, x, 3], 1)", 0.5),
        ("logsumexp([0])", 0.0),
        ("1_000.5e1", 10005.0),
        ("ｘ", 0.5),  # a wide x is the same name, as in Python
    ],
)
def test_formulas_mean_what_they_mean_in_python(text, expected):
    assert read(text, ["x"])({"x": 0.5}) == expected


def test_a_variable_may_have_the_name_of_a_constant():
    assert read("e", ["e"])({"e": 2.0}) == 2.0
    assert read("e", [])({}) == math.e


HOSTILE = [
    "__import__('os').system('x')", "__import__(1)", "open(x)", "exec(x)", "eval(x)", "print(x)",
    "x.__class__", "x.real", "().__class__", "tanh.forward(x)", "lambda: x", "lambda x: x",
    "[y for y in [x]]", "{x}", "{x: x}", "{**x}", "f'{x}'", "'x'", "b'x'", "...", "None", "True",
    "1j", "x < 1", "x and x", "not x", "~x", "x if x else x", "(x := 1)", "x = 1", "x; x",
    "import os", "await x", "yield x", "x @ x", "x ^ 2", "x & 1", "x << 9",
    "tanh(*x)", "tanh(x=x)", "tanh(**x)", "[*x]", "[1, 2][x]", "[1, 2][0:1]", "[1, 2][-1]",
    "[1, 2][True]", "[1, 2][2]", "x[0]", "[]", "[x]", "(x,)", "[[x]]", "tanh([x])", "total(x)",
    "total([])", "total([[x]])", "dot([x])", "dot([x], x)", "tanh", "tanh()", "tanh(x, x)",
    "softmax([x])", "take([x])", "[x] + [x]", "-[x]", "tanh(x)(x)", "[tanh][0](x)", "x x", "", " ",
    "(", ")", "\\", "#", "\0", "x\n+\ny", "\udcff", "λ", "𝕏y", "x\u202ex", "1" * 5000, "1e999",
    "0x" + "f" * 500, "9" * 400,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_anything_else_is_refused_in_words(text):
    with pytest.raises(Misuse) as caught:
        read(text, ["x"])
    assert 10 < len(str(caught.value)) < 600


def test_names_of_the_module_that_are_no_functions_of_numbers_are_not_found():
    for name in set(dir(ag)) - set(FUNCTIONS):
        with pytest.raises(Misuse, match="there is no function"):
            read(f"{name}(x)", ["x"])


@pytest.mark.parametrize("opening", ["(", "-", "+", "[", "tanh(", "x+(", "x**", "{", "not ", "f("])
@pytest.mark.parametrize("count", [DEEPEST + 1, LONGEST // 8, LONGEST])
def test_deep_nesting_is_refused_and_does_not_crash(opening, count):
    closing = {"(": ")", "[": "]", "{": "}"}.get(opening[-1], "")
    with pytest.raises(Misuse):
        read(opening * count + "x" + closing * count, ["x"])


def test_a_formula_has_a_longest_length():
    assert read("total([" + "x, " * 3000 + "x])", ["x"])({"x": 1.0}) == 3001.0
    with pytest.raises(Misuse, match="at most 10000 characters; got 100000"):
        read("x" * 100_000, ["x"])


def test_the_tower_of_nines_is_no_work():
    assert read("9**9**9", [])({}) == math.inf


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("tahn(x)", "did you mean 'tanh'?"),
        ("sigmiod(x)", "did you mean 'sigmoid'?"),
        ("tanhh(x)", "did you mean 'tanh'?"),
        ("asihn(x)", "did you mean 'asinh'?"),
        ("qsrt(x)", "did you mean 'sqrt'?"),
        ("relu6(x)", "did you mean 'relu'?"),
        ("xx", "did you mean 'x'? add xx=NUMBER"),
        ("y", "there is no number for 'y'; add y=NUMBER"),
        ("zzzz(x)", "there are abs, acos"),
        ("tanh", "tanh(…)"),
        ("x^2", "Write a power as a**b"),
    ],
)
def test_a_slip_gets_a_hint(text, hint):
    with pytest.raises(Misuse) as caught:
        read(text, ["x"])
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    "text", ["a", "=1", "1=1", "a=", "a=b", "a=1j", "a=nan", "a=-inf", "a b=1"]
)
def test_a_variable_is_a_name_and_a_finite_number(text):
    with pytest.raises(Misuse):
        variable(text)


def test_numbers_of_variables_are_read_by_float():
    assert [variable(f"a={x}")[1] for x in ("-3", "1e-3", ".5", "+2")] == [-3.0, 1e-3, 0.5, 2.0]
