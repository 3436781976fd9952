"""Printed equations, taken apart and worked out again by nothing but what is printed.

A line that begins with `=` or `≈` goes on with the one before. Sides that are numbers are worked
out by fractions; sides with names by Python's parser, where the number of every name is known.
"""

import ast
import math
import re
from fractions import Fraction

from tests.explanation.reading import exactly, rounding

SIGN = re.compile(r" ([=≈]) ")
FIGURES = re.compile(r"[-+−\d.e·/() ²³]*\d[-+−\d.e·/() ²³]*")
ASIDE = re.compile(r"(, unit \d+ → unit \d+)?(, pinned)?$")
FUNCTIONS = {
    "tanh": math.tanh, "exp": math.exp, "log": math.log, "sqrt": math.sqrt, "abs": abs,
    "sign": lambda x: (x > 0) - (x < 0), "heaviside": lambda x: float(x > 0),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)), "identity": lambda x: x,
    "softplus": lambda x: math.log1p(math.exp(x)),
}  # fmt: skip
WORK = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b, ast.Pow: lambda a, b: a**b,
}  # fmt: skip


class Unknown(ValueError):
    """A side that says nothing that could be worked out."""


def joined(lines):
    """Return the equations among some lines; what goes on with an earlier line is part of it."""
    found = []
    for line in filter(None, map(str.strip, lines)):
        if re.match(r"[=≈] ", line) and found:
            found[-1] += f" {line}"
        else:
            found.append(line)
    return [line for line in found if re.search(r"(^| )[=≈] |, so total ", line)]


def is_numeric(side):
    """Return whether a side is made of figures alone."""
    return FIGURES.fullmatch(side) is not None


def worked(side, known):
    """Return what a side is: exactly, if it is of figures; by the numbers of names otherwise."""
    if side in known:
        return known[side]
    if is_numeric(side):
        return _fraction(side)
    return _read(ast.parse(_python(side, known), mode="eval").body)


def _fraction(side):
    plain = side.strip().removeprefix("+").replace("²", "**2").replace("³", "**3")
    if re.search(r"[*/]|−\(", plain):
        return _read(ast.parse(_typed(plain), mode="eval").body, exact=True)
    return exactly(plain)


def _typed(text):
    for drawn, typed in (("−", "-"), ("·", "*"), ("²", "**2"), ("³", "**3")):
        text = text.replace(drawn, typed)
    return text


def _python(side, known):
    """Return a side as Python text, every name replaced by its number."""
    missing = []

    def number(match):
        if match[0] not in known:
            missing.append(match[0])
            return "0"
        return f"({known[match[0]]!r})"

    text = re.sub(r"[^\W\d][\w']*(?:\[[\d,]+\])*(?![\w'\[(])", number, side)
    if missing or "…" in text or "Σ" in text or "∂" in text:
        raise Unknown(side)
    return _typed(text)


def _read(tree, exact=False):
    match tree:
        case ast.Constant(value):
            return Fraction(str(value)) if exact else float(value)
        case ast.UnaryOp(ast.USub(), x):
            return -_read(x, exact)
        case ast.BinOp(left, sign, right):
            left, right = _read(left, exact), _read(right, exact)
            return WORK[type(sign)](left, int(right) if isinstance(sign, ast.Pow) else right)
        case ast.Call(ast.Name(name), [x]) if name in FUNCTIONS:
            return FUNCTIONS[name](_read(x))
    raise Unknown(ast.dump(tree))


def agrees(found, sign, printed):
    """Return whether a number is the printed figure: exactly, or rounded to its digits."""
    shown = _fraction(printed)
    if isinstance(found, Fraction):
        return found == shown if sign == "=" else abs(found - shown) <= rounding(_bare(printed))
    slack = abs(Fraction(found)) / 10**12 + Fraction(1, 10**300)
    return abs(Fraction(found) - shown) <= (
        slack if sign == "=" else rounding(_bare(printed)) + slack
    )


def _bare(figure):
    return figure.strip().removeprefix("+").removeprefix("(").removesuffix(")")


def holds(equation, known):
    """Return how many sides were worked out beside the printed result, all of which agree with it.

    Raises AssertionError where one does not, and Unknown where there is nothing to work out.
    """
    plain = re.sub(r", mean over \d+ examples", " …", ASIDE.sub("", equation))
    subject, *sides = SIGN.split(plain.rpartition("…: ")[2].removesuffix(" …"))
    sign, result = sides[-2:] if len(sides) >= 2 else ("", "")
    if not is_numeric(result):
        raise Unknown(equation)
    seen = 0
    for side in (subject, *sides[1:-2:2]):
        try:
            found = worked(side, known)
        except (Unknown, SyntaxError):
            continue
        exact = sign if is_numeric(side) else "≈" if isinstance(found, float) else sign
        assert agrees(found, exact, result), (equation, side, float(found))
        seen += 1
    if not seen:
        raise Unknown(equation)
    return seen
