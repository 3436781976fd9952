"""What a program recovered from scalar code, as matrix formulas with shapes and counts.

Rows are examples: a layer of the graph, Σᵢ aᵢ w_ij + b_j for each j, reads A·W + b. Groups of
sums are Z1, Z2 …; what a function of one operand makes of them A1, A2 …; other groups V1, V2
… in the order they are computed.
"""

from __future__ import annotations

from dataclasses import dataclass

from autograd.program.compiler.layout import Array, Layout
from autograd.program.compiler.recording import CONSTANT, INPUT, Recording
from autograd.program.compiler.reroll import LINEAR
from autograd.program.compiler.steps import row_of
from autograd.program.compiler.work import Products, Work
from autograd.program.executors.interface import Placement
from autograd.table import PRIMITIVES
from autograd.text import aligned, printed


@dataclass(frozen=True)
class Formula:
    """One line: the formula as text and LaTeX, the shapes it joins, and what it counts."""

    text: str
    latex: str
    shape: str
    counts: str


@dataclass(frozen=True)
class Description:
    """The formulas of a program, in the order they are computed.

    >>> from autograd import Program, Value, dot, tanh
    >>> x, w = (Value(1.0), Value(2.0)), [(Value(0.5), Value(0.1)) for _ in range(3)]
    >>> loss = sum(tanh(dot(row, x)) for row in w)
    >>> Program(loss, inputs=x, parameters=[a for row in w for a in row]).describe()
    Z1 = A0·W1      (m,2)·(2,3)   6 products, 3 sums
    A1 = tanh(Z1)   (m,3)         3 × tanh
    Z2 = sum(A1)    (m,1)         1 sum
    C = mean(Z2)    (m)
    """

    formulas: tuple[Formula, ...]

    @printed
    def __repr__(self) -> str:
        return "\n".join(aligned([(x.text, x.shape, x.counts) for x in self.formulas], gap=3))

    def latex(self) -> str:
        """Return the formulas as one aligned block."""
        lines = [x.latex.replace(" = ", " &= ", 1) for x in self.formulas]
        return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"

    def _repr_latex_(self) -> str:
        return f"$${self.latex()}$$"


def describe(recording: Recording, placement: Placement) -> Description:
    """Return the matrix formulas that a program recovered; a tape has none, but loops."""
    if placement.layout is not None:
        return _Describer(placement.layout, recording).description()
    count = _grouped(sum(1 for operation in recording.operations if operation))
    latex = rf"c = f(\theta) \quad \text{{in {count} scalar operations}}"
    loops = [f"{_grouped(times)} × {_grouped(nodes)} in a loop" for times, nodes in placement.loops]
    counts = ", ".join([f"{count} scalar operations", *loops])
    return Description((Formula("c = f(θ)", latex, "(m)", counts),))


class _Describer:
    def __init__(self, layout: Layout, recording: Recording) -> None:
        self.layout, self.recording, self.np = layout, recording, layout.np
        self.names: dict[int, tuple[str, str]] = {}
        self.leaves: dict[tuple[int, ...], tuple[str, str]] = {}
        self.counts: dict[str, int] = {"A": 0}

    def description(self) -> Description:
        formulas = [self._formula(work) for work in self.layout.works]
        root = self.names.get(self.layout.reroll.signatures[self.recording.root], ("c", "c"))
        mean = Formula(
            f"C = mean({root[0]})", rf"C = \tfrac{{1}}{{m}} \textstyle\sum {root[1]}", "(m)", ""
        )
        return Description((*formulas, mean))

    def _formula(self, work: Work) -> Formula:
        if work.group.operation == LINEAR:
            name = self._new("Z")
            text, latex, shape, counts = self._sum(work)
        else:
            text, latex, of_sum = self._elementwise(work)
            name = self._new("A", of_sum) if of_sum else self._new("V")
            shape = self._size(work.group.lanes, work.count)
            counts = f"{_grouped(work.count)} × {work.group.operation}"
        self.names[work.index] = name
        return Formula(f"{name[0]} = {text}", f"{name[1]} = {latex}", shape, counts)

    def _sum(self, work: Work) -> tuple[str, str, str, str]:
        parts = [self._product(work, part) for part in work.products]
        parts += [(*self._operand(t.nodes, t.kind, "b"), "") for t in work.terms]
        for k, term in enumerate(work.terms, len(work.products)):
            if len(term.rows) > work.count:
                parts[k] = (f"sum({parts[k][0]})", rf"\textstyle\sum {parts[k][1]}", "")
        products = sum(len(part.rows) for part in work.products)
        counts = f"{_grouped(work.count)} sum{'s' * (work.count > 1)}"
        if products:
            counts = f"{_grouped(products)} product{'s' * (products > 1)}, {counts}"
        shape = next((s for *_, s in parts if s), self._size(work.group.lanes, work.count))
        return " + ".join(p[0] for p in parts), " + ".join(p[1] for p in parts), shape, counts

    def _product(self, work: Work, part: Products) -> tuple[str, str, str]:
        left = self._operand(part.left, part.kind[0], "W")
        right = self._operand(part.right, part.kind[1], "X")
        lanes = [self.layout.reroll.groups[kind].lanes for kind in part.kind]
        if part.matrix:
            u, v, k = part.matrix
            rows = [str(v)] if v > 1 else []
            m = ["m"] if lanes[1] else []
            weights = left[0] if not lanes[0] else f"{left[0]}ᵀ"
            shape = f"({','.join([*m, *rows, str(k)])})·({'m,' if lanes[0] else ''}{k},{u})"
            turned = left[1] if not lanes[0] else f"{left[1]}^{{\\top}}"
            return f"{right[0]}·{weights}", f"{right[1]} {turned}", shape
        many = len(part.rows) > work.count
        text, latex = f"{left[0]}*{right[0]}", rf"{left[1]} \odot {right[1]}"
        return (f"sum({text})", rf"\textstyle\sum {latex}", "") if many else (text, latex, "")

    def _elementwise(self, work: Work) -> tuple[str, str, str]:
        group = work.group
        kinds = group.key[2:]
        slots = work.operands
        if group.piece.row is not None:
            last = [slots[-1]] if group.piece.indexed else []
            rows = self.np.concatenate(slots[: len(slots) - len(last)])
            slots = [rows[rows >= 0], *last]
            kinds = (kinds[0], kinds[-1])[: len(slots)]
        operands = [self._slot(x, k) for x, k in zip(slots, kinds, strict=True)]
        if group.key[1] is not None:
            operands.append((f"{group.key[1]:g}",) * 2)
        text, latex = row_of(group.operation).symbol, row_of(group.operation).latex
        for k, operand in enumerate(operands, 1):
            text, latex = text.replace(f"#{k}", operand[0]), latex.replace(f"#{k}", operand[1])
        text = text.replace("##", ", ".join(x for x, _ in operands))
        latex = latex.replace("##", ", ".join(x for _, x in operands))
        alone = (
            group.operation in PRIMITIVES and len(operands) == 1 and operands[0][0].startswith("Z")
        )
        return text, latex, operands[0][0][1:] if alone else ""

    def _slot(self, nodes: Array, kind: int) -> tuple[str, str]:
        """Name the operands of one slot: [V1, V2] are those of several groups beside each other."""
        kinds = dict.fromkeys(self.layout.signatures[nodes].tolist())
        if len(kinds) == 1 or not kinds.keys() <= self.names.keys():
            return self._operand(nodes, kind, "θ")
        text, latex = zip(*[self.names[k] for k in kinds], strict=True)
        return f"[{', '.join(text)}]", f"[{', '.join(latex)}]"

    def _operand(self, nodes: Array, kind: int, letter: str) -> tuple[str, str]:
        if kind in self.names:
            return self.names[kind]
        if kind == CONSTANT:
            numbers = {self.recording.numbers[x] for x in set(nodes.tolist())}
            return (f"{numbers.pop():g}",) * 2 if len(numbers) == 1 else ("k", "k")
        key = (kind, *sorted(set(nodes.tolist())))
        if key not in self.leaves:
            if kind == INPUT:
                anew = min(nodes) >= self.recording.inputs.stop - len(self.recording.noise)
                self.leaves[key] = (
                    self._new("u") if anew else self._input("X" if letter == "X" else "y")
                )
            else:
                self.leaves[key] = self._new(letter)
        return self.leaves[key]

    def _input(self, letter: str) -> tuple[str, str]:
        """Name the first matrix of inputs A0, others X1, X2 and so on, the rest y1, y2."""
        if letter == "X" and "X" not in self.counts:
            self.counts["X"] = 0
            return "A0", "A_{0}"
        return self._new(letter)

    def _new(self, letter: str, number: str = "") -> tuple[str, str]:
        if not number:
            number = str(self.counts.get(letter, 0) + 1)
            self.counts[letter] = int(number)
        return f"{letter}{number}", f"{letter}_{{{number}}}"

    @staticmethod
    def _size(lanes: bool, count: int) -> str:
        return f"(m,{count})" if lanes else f"({count})"


def _grouped(count: int) -> str:
    return f"{count:,}".replace(",", " ")
