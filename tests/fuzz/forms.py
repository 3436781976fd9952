"""What a line of a random program computes, and how it is written."""

from __future__ import annotations

import math
from contextlib import contextmanager
from functools import reduce
from operator import add

import autograd as ag
from autograd import Value
from autograd.table import PRIMITIVES, primitive

SYMBOLS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**"}
SUMS = ("sum", "total", "chain", "dot")  # of products: left and right factors, then terms


def products(left, right, terms):
    return [*(a * b for a, b in zip(left, right, strict=True)), *terms]


def product_texts(left, right, terms):
    return ", ".join([*(f"{a}*{b}" for a, b in zip(left, right, strict=True)), *terms])


def listed(*groups):
    return ", ".join(f"[{', '.join(group)}]" for group in groups)


def picked(k):
    """Return an index as it is, or a plain number as an int."""
    return k if isinstance(k, Value) else int(k)


def with_index(name):
    """Return the form of one entry of a softmax."""
    return (
        lambda xs, k: getattr(ag, name)(xs)[int(k[0])],
        lambda xs, k: f"{name}({listed(xs)})[{k[0].removesuffix('.0')}]",
    )


def closed(text):
    """Return an operand as an operator wants it: (-1.0) ** 2.0."""
    return f"({text})" if text.startswith("-") else text


FORMS = {
    "sum": (lambda *g: sum(products(*g)), lambda *g: f"sum([{product_texts(*g)}])"),
    "total": (lambda *g: ag.total(products(*g)), lambda *g: f"total([{product_texts(*g)}])"),
    "chain": (
        lambda *g: reduce(add, products(*g)),
        lambda *g: product_texts(*g).replace(", ", " + "),
    ),
    "dot": (
        lambda left, right, bias: ag.dot(left, right, *bias),
        lambda left, right, bias: f"dot({', '.join([listed(left, right), *bias])})",
    ),
    "mean": (ag.mean, lambda xs: f"mean({listed(xs)})"),
    "logsumexp": (ag.logsumexp, lambda xs: f"logsumexp({listed(xs)})"),
    "softmax": with_index("softmax"),
    "log_softmax": with_index("log_softmax"),
    "take": (
        lambda xs, k: ag.take(xs, picked(k[0])),
        lambda xs, k: f"take({listed(xs)}, {k[0].removesuffix('.0')})",
    ),
    "taken": (
        lambda xs, k: ag.take(ag.softmax(xs), picked(k[0])),
        lambda xs, k: f"take(softmax({listed(xs)}), {k[0].removesuffix('.0')})",
    ),
    "stopped": (
        lambda xs: ag.no_grad()(lambda: xs[0] * xs[1] + xs[1])(),
        lambda xs: "no_grad()(lambda: {0} * {1} + {1})()".format(*map(closed, xs)),
    ),
    "noise": (
        lambda seed: ag.NoiseStream(int(seed[0])).uniform()[0],
        lambda seed: f"NoiseStream({seed[0].removesuffix('.0')}).uniform()[0]",
    ),
    "guard": (
        lambda xs: xs[0] if xs[0] > xs[1] else xs[1],
        lambda xs: "{0} if {0} > {1} else {1}".format(*xs),
    ),
}


def _elementwise(name, function):
    if name in SYMBOLS:
        return lambda xs: function(*xs), lambda xs: f" {SYMBOLS[name]} ".join(map(closed, xs))
    word = "-{0}".format if name == "neg" else f"{name}({{0}})".format
    return lambda xs: function(*xs), lambda xs: word(", ".join(xs))


FORMS |= {name: _elementwise(name, row.function) for name, row in PRIMITIVES.items() if row.arity}


def _own_rows():
    """Return rows as people add them, composed of others; they are in the table only when asked."""
    primitive(
        "bent",
        lambda x: x / (1.0 + x * x),
        lambda x, out: (1.0 - x * x) / (1.0 + x * x) ** 2.0,
        composed=lambda x: x / (1.0 + x * x),
    )
    primitive(
        "leant", lambda x, y: math.tanh(x) * y, lambda x, y, out: y * (1.0 - ag.tanh(x) ** 2.0),
        lambda x, y, out: ag.tanh(x), composed=lambda x, y: ag.tanh(x) * y,
    )  # fmt: skip
    for name in ("bent", "leant"):
        delattr(Value, name)
        yield PRIMITIVES.pop(name)


OWN = {row.name: row for row in _own_rows()}
FORMS |= {name: _elementwise(name, row.function) for name, row in OWN.items()}


@contextmanager
def own_rows():
    """Let the rows of one's own be in the table."""
    PRIMITIVES.update(OWN)
    try:
        yield
    finally:
        for name in OWN:
            del PRIMITIVES[name]
