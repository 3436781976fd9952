"""A reader of formulas that shares nothing with the writer: the parser of Python itself.

Formulas are taken apart by `ast` and evaluated on floats; figures by `Fraction`.
"""

import ast
import math
import operator
import re
from fractions import Fraction

import autograd
from autograd import Value, dot, mean, softmax, tanh, total

ARITHMETIC = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: math.pow,
    ast.USub: operator.neg,
    ast.Mod: operator.mod,
    ast.FloorDiv: operator.floordiv,
}


def read(text, names):
    """Evaluate Python notation with a parser of the standard library."""
    return _read(ast.parse(text, mode="eval").body, names)


def _read(tree, names):
    def inner(part):
        return _read(part, names)

    match tree:
        case ast.Constant(value):
            return float(value)
        case ast.Name(name):
            return names[name]
        case ast.List(items):
            return [inner(item) for item in items]
        case ast.UnaryOp(sign, x):
            return ARITHMETIC[type(sign)](inner(x))
        case ast.BinOp(left, sign, right):
            return ARITHMETIC[type(sign)](inner(left), inner(right))
        case ast.Subscript(values, index):
            return inner(values)[int(inner(index))]
        case ast.Call(ast.Name(name), operands):
            return getattr(autograd, name)(
                *[_integer(inner(x), name, k) for k, x in enumerate(operands)]
            )
    raise ValueError(ast.dump(tree))


def _integer(x, name, position):
    return int(x) if name == "take" and position else x


def ascii_numbers(text):
    """Turn the figures of an explanation into Python notation."""
    text = re.sub(r"e(−?\d)", r"e\1", text).replace("−", "-").replace("·", "*")
    return text.replace("∞", "inf")


def exactly(text):
    """Evaluate a line of printed numbers without rounding."""
    return _exactly(ast.parse(ascii_numbers(text), mode="eval").body, ascii_numbers(text))


def _exactly(tree, source):
    match tree:
        case ast.Constant():
            return Fraction(ast.get_source_segment(source, tree))
        case ast.UnaryOp(ast.USub(), x):
            return -_exactly(x, source)
        case ast.BinOp(left, sign, right):
            return ARITHMETIC[type(sign)](_exactly(left, source), _exactly(right, source))
    raise ValueError(ast.dump(tree))


def rounding(text):
    """Return half a unit in the last printed digit of a figure."""
    mantissa, _, exponent = ascii_numbers(text).partition("e")
    decimals = len(mantissa.partition(".")[2])
    return Fraction(10) ** (int(exponent or 0) - decimals) / 2


def operands_of(row):
    """Leaves inside the domain of a row of the table; of one with many operands, four."""
    a, b, c, d = leaves_at(0.25, 0.5, 0.75, 1.0)
    if row.name in ("softmax", "log_softmax", "take"):
        return (a, b, c, d)
    return (Value(1.5, "d"),) if row.name == "acosh" else (a, b, c)[: row.arity]


def leaves_at(*numbers):
    return [Value(x, label) for x, label in zip(numbers, "abcdefgh", strict=False)]


def random_graph(rng, size):
    """A graph of operators and functions with shared parts, around leaves a, b, c."""
    leaves = leaves_at(*(rng.uniform(-2, 2) for _ in range(3)))
    nodes = [*leaves]
    for _ in range(size):
        x, y = rng.choice(nodes[-4:]), rng.choice(nodes)
        node = rng.choice([
            lambda x, y: x + y, lambda x, y: x - y, lambda x, y: x * y, lambda x, y: -x,
            lambda x, y: x / (y * y + 1.5), lambda x, y: 2 - x, lambda x, y: tanh(x) ** 2,
            lambda x, y: x * -0.25, lambda x, y: x**3, lambda x, y: abs(x) + -y,
            lambda x, y: (y * y + 0.5) ** tanh(x), lambda x, y: dot((x, y), (y, 0.5), -x),
            lambda x, y: mean((x, -y, 1)), lambda x, y: total((x - y, x)), lambda x, y: -(x - y),
            lambda x, y: softmax((x, y, 0.1))[1], lambda x, y: autograd.sigmoid(x * y),
        ])(x, y)  # fmt: skip
        nodes.append(tanh(node) if abs(node.data) > 50 else node)
    return total(nodes[-2:]), leaves


def recheck(line):
    """Recompute a line `… = numbers = result` from what is printed; return the result.

    Rounded to its digits the printed result must come out, exactly where the line says `=`.
    """
    *_, sign, result = sides = re.split(r" ([=≈]) ", line)
    if len(sides) > 3 and re.fullmatch(r"[-−\d.e·+() ]+", sides[-3]):
        numbers, printed = exactly(sides[-3]), exactly(result)
        if sign == "=":
            assert numbers == printed, line
        else:
            assert abs(numbers - printed) <= 2 * rounding(result) + abs(printed) / 200, line
    return result


def shows(result, number):
    """Return whether a printed figure is `number` to its last digit."""
    away = abs(exactly(result) - Fraction(number))
    return away <= rounding(result) + abs(Fraction(number)) / 10**12
