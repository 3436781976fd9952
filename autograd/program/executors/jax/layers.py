"""The parameters of a program as one array a layer, under the names that `describe` gives them.

A matrix W that stands in A·W is (inputs, outputs), with a bias b beside it; what stands in no
layer is in vectors θ.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autograd.program.compiler.layout import Layout
from autograd.program.compiler.recording import PARAMETER
from autograd.program.compiler.work import Work

Array = Any


def layers(layout: Layout) -> dict[str, Array]:
    """Return arrays of the numbers of parameters, 0 …, by name: each parameter stands in one."""
    import numpy as np

    count = len(layout.reroll.recording.parameters)
    found: dict[str, Array] = {}
    known = np.zeros(count, bool)
    letters = {"W": 0, "b": 0, "θ": 0}

    def enter(letter: str, numbers: Array) -> None:
        flat = numbers.ravel()
        if numbers.size and not known[flat].any() and len({*flat.tolist()}) == len(flat):
            known[flat] = True
            letters[letter] += 1
            found[f"{letter}{letters[letter]}"] = numbers

    for work in layout.works:
        for letter, numbers in _of(work):
            enter(letter, numbers)
    enter("θ", np.flatnonzero(~known))
    return found


def _of(work: Work) -> Iterator[tuple[str, Array]]:
    """Yield the parameters of one group of nodes: a letter, and an array of their numbers."""
    import numpy as np

    for part in work.products:
        for side, kind in zip((part.left, part.right), part.kind, strict=True):
            if kind == PARAMETER and part.matrix:
                u, v, k = part.matrix
                whole = side.reshape(u, v, k)
                yield "W", (whole[:, 0] if side is part.left else whole[0]).T
            elif kind == PARAMETER:
                yield "W", _once(side)
    for term in work.terms:
        if term.kind == PARAMETER:
            yield "b", _once(term.nodes)
    columns, kinds = work.operands, work.group.key[2:]
    if work.group.piece.indexed and {*kinds[:-1]} == {PARAMETER}:
        yield "θ", np.array(columns[:-1])  # a table to take from: its rows are the choices
        return
    for nodes, kind in zip(columns, kinds, strict=False):
        if kind == PARAMETER:
            yield "θ", _once(nodes[nodes >= 0])


def _once(nodes: Array) -> Array:
    """Return each node once, in the order of their first appearance."""
    import numpy as np

    return np.array(list(dict.fromkeys(nodes.tolist())), int)
