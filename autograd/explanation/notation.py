r"""Formulas: a node as text and as LaTeX, with the brackets it needs and no more.

Text is Python notation: typed in again, it gives the node's number, bit for bit. Symbols and
precedence come from the table of primitives. A node that is labelled, used more than once,
or long is named and defined once, so that a formula stays linear in its graph. LaTeX keeps
to what KaTeX, MathJax and matplotlib all know.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

from autograd import errors
from autograd.engine import Value, topological
from autograd.table import CALL, POWER, PRIMITIVES, PRODUCT, SIGN, SUM

LONGEST = 24  # operations and operands in one formula before a part of it is named
GREEK = (
    "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|"
    "upsilon|phi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Upsilon|Phi|Psi|Omega"
)
ATOM = re.compile(r"[^\W\d][\w.]*(\[[\w, ]*\])*")
INDEXED = re.compile(rf"([^\W\d_]|{GREEK})_?(\d*)((?:\[[a-z\d, ]+\])*)")
MANY = {"#": slice(None), "*": slice(None, -1), "$": slice(-1, None)}
ESCAPED = str.maketrans({"\\": "∖", "^": "ˆ", "~": "˜"} | {c: "\\" + c for c in "_#$%&{}"})


class Piece(NamedTuple):
    """A formula, and how tightly its outermost operation binds."""

    text: str
    precedence: int

    def at(self, level: int, leading: bool) -> str:
        """Return the formula for a place that wants `level`; a sign may only stand first."""
        loose = self.precedence < level or (self.text[:1] in "-−" and not leading)
        return f"({self.text})" if loose else self.text


class Notation:
    """The names of the nodes below a root, and their formulas in text and LaTeX.

    A label names its node. Unlabelled leaves are x1, x2 …, computed nodes u1, u2 … and the
    root f; equal names are told apart by a suffix. Names depend on the graph alone. The
    nodes of `also` are named in any case. `order` is topological(root), where it is known.
    """

    def __init__(
        self, root: Value, also: Collection[Value] = (), order: Sequence[Value] = ()
    ) -> None:
        self.root = root
        order = order or topological(root)
        self.nodes = _to_be_named(order, {root, *also})
        self._names: dict[Any, str] = {}
        self._last: Counter[tuple[str, bool]] = Counter()
        self._taken: set[str] = set()
        strangers = {x for x in also if not x.constant}.difference(order)
        for node in sorted([*self.nodes, *strangers], key=lambda node: not node.label):
            plain = node.label or ("f" if node is root and node.op else "")
            stem = (atom(plain) if plain else "u" if node.op else "x", not plain)
            self._names[node] = self._free(stem)

    def _free(self, stem: tuple[str, bool]) -> str:
        """Return the next name that nobody else has; x_1 and x1 are the same in LaTeX."""
        while True:
            self._last[stem] += 1
            number = self._last[stem]
            suffix = f"{number}" if stem[1] else f"_{number}" if number > 1 else ""
            name = stem[0] + suffix
            key = latex_name(name)
            if key not in self._taken:
                self._taken.add(key)
                return name

    def name(self, node: Any, latex: bool = False) -> str | None:
        """Return the name of a node; None for a constant and for what is written out."""
        name = self._names.get(node)
        return latex_name(name) if latex and name else name

    def formula(self, node: Any, latex: bool = False, widest: int | None = None) -> Piece:
        """Return the name of a node or number, or how it is computed if it has none."""
        name = self.name(node, latex)
        return Piece(name, CALL) if name else self.definition(node, latex, widest)

    def definition(self, node: Any, latex: bool = False, widest: int | None = None) -> Piece:
        """Return how a node is computed from named nodes and constants.

        Of a function of many operands the first `widest` are written, and the others counted.
        """
        pieces: dict[Any, Piece] = {}
        for part in self._parts(node):
            name = self.name(part, latex)
            if name and (part is not node or not part.op):
                pieces[part] = Piece(name, CALL)
            elif not getattr(part, "op", ""):
                pieces[part] = numeral(getattr(part, "data", part), latex)
            else:
                pieces[part] = _composed(part, pieces, latex, widest)
        return pieces[node]

    def mentioned(self, node: Any, inside: bool = False) -> list[Value]:
        """Return the named nodes that a formula shows, or those `inside` the definition."""
        if node in self._names and not inside:
            return [node]
        return [x for x in self._parts(node) if x is not node and x in self._names]

    def _parts(self, node: Any) -> list[Any]:
        """Return what the definition of a node is made of, operands first, itself last."""
        order: list[Any] = []
        seen = set()
        stack = [node]
        while stack:
            top = stack.pop()
            if top is None:
                order.append(stack.pop())
            elif top not in seen:
                seen.add(top)
                inline = top is node or top not in self._names
                stack += (top, None)
                stack += reversed(top.operands) if inline and top.__class__ is Value else ()
        return order


def _to_be_named(order: Sequence[Value], wanted: Collection[Value]) -> list[Value]:
    """Return the leaves, and the nodes that are wanted, labelled, shared or long."""
    uses = Counter(chain.from_iterable(node.operands for node in order))
    size: dict[Any, int] = {}
    named = []
    for node in order:
        if node.op:
            length = 1 + sum([size.get(operand, 1) for operand in node.operands])
            if not (length > LONGEST or uses[node] > 1 or node in wanted or node.label):
                size[node] = length
                continue
        if not node.constant:
            named.append(node)
    return named


def _composed(node: Value, pieces: dict[Any, Piece], latex: bool, widest: int | None) -> Piece:
    """Return the formula of a node from the formulas of its operands, by its row."""
    operands = [pieces[x] if isinstance(x, Value) else numeral(x, latex) for x in node.operands]
    if node.op not in ("dot", "total", "mean"):
        return _written(node.op, operands, latex, widest)
    terms = operands
    if node.op == "dot":
        n = len(operands) // 2
        pairs = zip(operands[:n], operands[n:], strict=False)
        terms = [_written("mul", pair, latex) for pair in pairs]
        terms += [bias for bias in operands[-1:] if bias.text != "0" or not n]
    first, *rest = _cut(terms, widest)
    text = " + ".join([first.at(SUM, True), *(term.at(SUM + 1, False) for term in rest)])
    sum_ = Piece(text, SUM if rest else first.precedence)
    return _written("div", (sum_, numeral(len(terms))), latex) if node.op == "mean" else sum_


def _cut(pieces: Sequence[Piece], widest: int | None) -> Sequence[Piece]:
    """Return the first pieces and how many more there are, if there are many."""
    if widest is None or len(pieces) <= widest:
        return pieces
    return [*pieces[:widest], Piece(f"… ({len(pieces) - widest} more)", CALL)]


def _written(op: str, operands: Sequence[Piece], latex: bool, widest: int | None = None) -> Piece:
    row = PRIMITIVES[op]
    return filled(row.latex if latex else row.symbol, row.precedence, operands, widest)


def filled(
    template: str, precedence: int, operands: Sequence[Piece], widest: int | None = None
) -> Piece:
    """Return the template of an operation with its operands put in, in brackets where needed.

    >>> filled("#1·#2", PRODUCT, [Piece("w", CALL), Piece("a + b", SUM)])
    Piece(text='w·(a + b)', precedence=2)
    """
    parts, precedence = _template(template, precedence)
    text = []
    for literal, slot, level in parts:
        text.append(literal)
        if slot in MANY:
            text.append(", ".join([x.text for x in _cut(operands[MANY[slot]], widest)]))
        elif slot:
            text.append(operands[int(slot) - 1].at(level, leading=not level or not any(text)))
    return Piece("".join(text), precedence)


@cache
def _template(template: str, precedence: int) -> tuple[list[tuple[str, str, int]], int]:
    """Return a template as (literal, slot, level the slot wants), and how tightly it binds."""
    parts, end = [], 0
    for match in re.finditer(r"#([\d#*$])", template):
        before, after = template[: match.start()].rstrip(), template[match.end() :].lstrip()
        level = SUM if precedence == CALL else precedence
        if after.startswith(("^", "**")):
            level = CALL
        elif re.search(r"[({\[|,]$", before) and re.match(r"[)}\]|,]|\\right", after):
            level = 0
        elif before.endswith("**"):
            level = POWER
        elif before:
            level += 1
        parts.append((template[end : match.start()], match[1], level))
        end = match.end()
    parts.append((template[end:], "", 0))
    if re.fullmatch(r"\w+\([^()]*\)", template):
        precedence = CALL
    return parts, POWER if template.startswith(r"\frac") else precedence


def numeral(number: float, latex: bool = False) -> Piece:
    """Return a number with all its digits: 2, 0.1, 1e-05 (LaTeX 1 × 10⁻⁵), inf, nan.

    >>> numeral(-2.0).text, numeral(-0.0).text, numeral(1e-5, latex=True).text
    ('-2', '-0.0', '1 \\\\times 10^{-5}')
    """
    text = repr(float(number))
    text = text if text == "-0.0" else text.removesuffix(".0")  # -0 is an int: it has no sign
    if latex:
        text = re.sub(r"e([+-])0*(\d+)", lambda e: rf" \times 10^{{{e[1].strip('+')}{e[2]}}}", text)
        text = text.replace("inf", r"\infty").replace("nan", r"\mathrm{NaN}")
    precedence = PRODUCT if r"\times" in text else SIGN if text.startswith("-") else CALL
    return Piece(text, precedence)


def atom(label: str) -> str:
    """Return a label as one word of a formula: quoted and cut short where it is not one.

    >>> atom("W1[1,0]"), atom("a + b")
    ('W1[1,0]', "'a + b'")
    """
    return label if ATOM.fullmatch(label) and len(label) <= 40 else errors.short(label)


def latex_name(name: str) -> str:
    r"""Return the LaTeX of a name: letters with indices, Greek ones too, else escaped text.

    >>> print(latex_name("x_1"), latex_name("delta"), latex_name("loss_2"))
    x_{1} \delta \text{loss\_2}
    """
    match = INDEXED.fullmatch(name)
    if not match:
        return rf"\text{{{name.translate(ESCAPED)}}}"
    letter, digits, brackets = match.groups()
    return ("\\" * (len(letter) > 1)) + letter + (f"_{{{digits}}}" if digits else "") + brackets


def gathered(latex: str) -> str:
    """Return lines of LaTeX as one displayed block, as notebooks want it."""
    return rf"$$\begin{{gathered}}{latex}\end{{gathered}}$$" if "\n" in latex else f"$${latex}$$"
