"""A random program as data: leaves, lines, rows of inputs. It can be run, shrunk and printed.

A line is (name, *groups): a form of `FORMS` with its groups of operands. An operand is an int,
the number of a node (leaves first, then lines), or a float, a plain number in the code.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from autograd import Value, at_call
from tests.fuzz.forms import FORMS

PARAMETER, INPUT, CONSTANT = "w", "x", "k"
MARGIN = 1e-2  # between a number and the kink of a function, far above rounding
LARGEST = 50.0  # of all numbers: what an error is measured against


class Unsound(Exception):
    """A program whose numbers are infinite, out of a domain, large, or too near a kink."""


@dataclass(frozen=True)
class Case:
    """A program, the numbers it is run on, and the ways to run it."""

    leaves: tuple  # (role, number)
    lines: tuple
    loss: int
    rows: tuple  # one an example, a number for each input
    lanes: tuple  # how many of the rows, one call after another
    ways: tuple  # (executor, dtype)
    also: tuple = ()
    extras: tuple = ()  # "verified", "nodes", "warm", ("outputs",), ("train", …), ("derivatives",)

    @property
    def draws(self):
        """Whether random numbers are drawn in it."""
        return any(name == "noise" for name, *_ in self.lines)

    def nodes(self, role):
        return [k for k, (own, _) in enumerate(self.leaves) if own == role]


KINKS = {  # pairs of operands (None: zero) that must differ clearly, or be equal exactly
    **dict.fromkeys(("relu", "leaky_relu", "elu", "abs", "sign", "heaviside"), ((0, None),)),
    **dict.fromkeys(("maximum", "minimum", "guard"), ((0, 1),)),
    **dict.fromkeys(("atan2", "hypot", "direction"), ((0, None),)),
    **dict.fromkeys(("sqrt", "log", "log2", "log10"), ((0, None),)),  # where their domains end
    "clip": ((0, 1), (0, 2), (1, 2)), "where": ((0, None),), "copysign": ((1, None),),
}  # fmt: skip
STEPS = {
    "floor": 0.0,
    "ceil": 0.0,
    "trunc": 0.0,
    "rint": 0.5,
}  # beyond which whole number they jump
ANGLES = ("atan2", "direction", "hypot")  # of 0 and 0 they go by signs, or have no partials
QUOTIENTS = ("floordiv", "mod", "fmod")  # they jump where x / y is whole
EDGES = ("asin", "acos", "atanh")  # whose partials are infinite at -1 and 1, where others saturate
SIGNED = ("mul", "neg")  # where a program keeps the sign of a zero; its sums do not


class Columns(list):
    """The numbers of nodes for each row, and which nodes are leaves or products of them."""

    def __init__(self, leaves):
        super().__init__(leaves)
        self.leaves, self.exact = len(self), set(range(len(self)))

    def append_line(self, line):
        """Append a line's numbers. Raises Unsound."""
        self.append(column(line, self))
        if line[0] in SIGNED and all(isinstance(x, float) or x in self.exact for x in line[1]):
            self.exact.add(len(self) - 1)


def require_clear(name, operands, rows, columns):
    """Raise Unsound where a row is too near a kink, or decides otherwise than another."""
    if name in EDGES and any(abs(row[0][0]) > 1.0 - MARGIN for row in rows):
        raise Unsound
    if name in ANGLES and any(row[0][:2] == [0.0, 0.0] for row in rows):
        raise Unsound
    kinks = KINKS.get(name, ())
    whole = name != "pow" or (isinstance(operands[1], float) and operands[1].is_integer())
    if not whole:  # a negative base has no such power
        kinks = ((0, None),)
    for first, second in kinks:
        pair = [operands[first], 0.0 if second is None else operands[second]]
        sure = columns.exact if second is None else range(columns.leaves)
        exact = pair[0] == pair[1] or all(isinstance(x, float) or x in sure for x in pair)
        gaps = [row[0][first] - (0.0 if second is None else row[0][second]) for row in rows]
        if any(abs(gap) < MARGIN and not (gap == 0.0 and exact) for gap in gaps):
            raise Unsound
        if name == "guard" and len({gap > 0 for gap in gaps}) > 1:
            raise Unsound
    sure = all(isinstance(x, float) or x < columns.leaves for x in operands)
    if not sure and any(_is_near_a_step(name, *row[0]) for row in rows):
        raise Unsound


def _is_near_a_step(name, x, *others):
    """Whether a function that jumps is asked next to where it does."""
    if name in QUOTIENTS:
        x /= others[0]
    elif name not in STEPS:
        return False
    return abs(x - STEPS.get(name, 0.0) - round(x - STEPS.get(name, 0.0))) < MARGIN


def column(line, columns):
    """Return a line's number for each row, in floats. Raises Unsound."""
    name, *groups = line
    read = [[columns[x] if isinstance(x, int) else x for x in group] for group in groups]
    count = len(columns[0])
    rows = [
        [[x[i] if isinstance(x, list) else x for x in group] for group in read]
        for i in range(count)
    ]
    try:
        require_clear(name, groups[0], rows, columns)
        found = [_number_in(name, row, i) for i, row in enumerate(rows)]
    except (ArithmeticError, ValueError, IndexError, TypeError) as cause:
        raise Unsound from cause
    if not all(abs(x) <= LARGEST for x in found):
        raise Unsound
    return found


def _number_in(name, row, example):
    """Return the number of a line for an example."""
    with at_call(0, example):
        found = FORMS[name][0](*row)
    return float(getattr(found, "data", found))


def leaf_columns(case):
    """Return the number of each leaf for each row."""
    inputs = iter(zip(*case.rows, strict=True))
    return [
        list(next(inputs)) if role == INPUT else [number] * len(case.rows)
        for role, number in case.leaves
    ]


def require_sound(case):
    """Raise Unsound where a comparison of this program would mean nothing."""
    columns = Columns(leaf_columns(case))
    if not columns:
        raise Unsound
    for line in case.lines:
        columns.append_line(line)


def built(case, leaves):
    """Return the nodes of a program over these leaves, lines behind them."""
    nodes = list(leaves)
    for name, *groups in case.lines:
        read = [[nodes[x] if isinstance(x, int) else x for x in group] for group in groups]
        nodes.append(FORMS[name][0](*read))
    return nodes


def fresh_leaves(case, row=None):
    """Return Values for the leaves, inputs at the numbers of a row (the first)."""
    inputs = iter(case.rows[0] if row is None else row)
    return [Value(next(inputs) if role == INPUT else number) for role, number in case.leaves]


def single(number):
    """Return a number near this one with few digits, which single precision holds too."""
    return math.copysign(round(abs(number) * 64) / 64, number)
