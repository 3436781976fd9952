"""What is found for a formula at its numbers: value, derivatives and why; as text, LaTeX, JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from itertools import combinations_with_replacement
from typing import Any

from autograd import errors
from autograd.command.formula import Formula, Misuse
from autograd.derivatives import check_gradients, gradients
from autograd.engine import Value, topological
from autograd.explanation import explain, expression


class Answer:
    """The graph of a formula at its numbers, with the derivative by each variable.

    Raises AnomalyError for a value and Misuse for a derivative that is not finite.
    """

    def __init__(self, formula: Formula, numbers: Mapping[str, float], order: int) -> None:
        self.formula, self.numbers = formula, numbers
        self.leaves = {name: Value(x, name) for name, x in numbers.items()}
        root = formula(self.leaves)
        self.root = root if root.__class__ is Value else Value(root)
        _require_finite(self.root)
        nodes = gradients(self.root, list(self.leaves.values()), build_graph=True)
        self.gradient = dict(zip(self.leaves, map(_number, nodes), strict=True))
        self.hessian = self._hessian(nodes) if order > 1 else {}
        for name, derivative in self.derivatives():
            if not math.isfinite(derivative):
                raise Misuse(f"{name} is {derivative} here; move away from this point.")

    def _hessian(self, gradient: list[Any]) -> dict[tuple[str, str], float]:
        leaves = list(self.leaves.values())
        rows = [
            gradients(g, leaves) if g.__class__ is Value else [0.0] * len(leaves) for g in gradient
        ]
        of = dict(zip(self.leaves, rows, strict=True))
        places = {name: k for k, name in enumerate(self.leaves)}
        pairs = combinations_with_replacement(self.leaves, 2)
        return {(a, b): of[a][places[b]] for a, b in pairs}

    def derivatives(self) -> Iterator[tuple[str, float]]:
        """Yield each derivative as it is written, with its number."""
        for name, number in self.gradient.items():
            yield f"d/d{name}", number
        for (a, b), number in self.hessian.items():
            yield f"d²/d{a}²" if a == b else f"d²/d{a} d{b}", number

    def explanation(self) -> str:
        """Return why each derivative is what it is, as text."""
        return "\n\n".join(explain(self.root, leaf).text() for leaf in self.leaves.values())

    def text(self) -> str:
        """Return the value, the derivatives and the explanation."""
        lines = [f"value = {self.root.data!r}"]
        lines += [f"{name} = {number!r}" for name, number in self.derivatives()]
        return "\n".join([*lines, *(["", self.explanation()] if self.leaves else [])])

    def latex(self) -> str:
        """Return the formula and the chain rule for each variable in LaTeX, a line each."""
        lines = [expression(self.root).latex()]
        lines += [explain(self.root, leaf).latex() for leaf in self.leaves.values()]
        return " \\\\\n".join(lines)

    def json(self) -> str:
        """Return `value`, `gradient` by name, `explanation`, and to order 2 `hessian`."""
        found: dict[str, Any] = {
            "formula": self.formula.text,
            "variables": dict(self.numbers),
            "value": self.root.data,
            "gradient": self.gradient,
        }
        if self.hessian:
            both = self.hessian | {(b, a): x for (a, b), x in self.hessian.items()}
            found["hessian"] = {a: {b: both[a, b] for b in self.leaves} for a in self.leaves}
        return json.dumps(found | {"explanation": self.explanation()}, ensure_ascii=False, indent=2)

    def check(self) -> str:
        """Return a line that says so where both modes agree with finite differences.

        Raises GradientError where they do not.
        """
        check_gradients(self.formula.__call__, dict(self.numbers))
        return "checked: forward and reverse mode agree with finite differences, to order 2"


def _require_finite(root: Value) -> None:
    """Raise the error that names the first node below a root that is not finite."""
    if math.isfinite(root.data):
        return
    if not root.op:
        raise Misuse(f"the formula is {root.data}; keep it in the range of a float, 1.8e308.")
    raise errors.anomaly(next(x for x in topological(root) if not math.isfinite(x.data)))


def _number(node: Any) -> float:
    return node.data if node.__class__ is Value else float(node)
