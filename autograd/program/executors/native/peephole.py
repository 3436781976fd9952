"""Small rewrites of steps for an executor that walks them in blocks of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from autograd.program.compiler.steps import Expression, Step


def hoisted(code: Expression, fixed: Sequence[int]) -> tuple[list[Step], Expression]:
    """Return the steps that only look at fixed sources and constants, and the rest.

    What they compute is one number for all lines, in a register that nothing else writes.

    >>> from autograd.program.compiler.steps import Expression
    >>> code = Expression(2, (0.5,), (("pow", 3, (2, 1)), ("mul", 3, (3, 0))), (3,))
    >>> lead, rest = hoisted(code, [1])
    >>> lead, rest.steps
    ([('pow', 4, (2, 1))], (('mul', 3, (4, 0)),))
    """
    known = {*fixed, *range(code.sources, code.sources + len(code.constants))}
    now: dict[int, int] = {}  # where the number of a register is kept
    lead: list[Step] = []
    rest: list[Step] = []
    for name, result, given in code.steps:
        operands = tuple(now.get(x, x) for x in given)
        if known.issuperset(operands):
            now[result] = code.registers + len(lead)
            known.add(now[result])
            lead.append((name, now[result], operands))
        else:
            now.pop(result, None)
            rest.append((name, result, operands))
    if not lead:
        return lead, code
    results = tuple(now.get(x, x) for x in code.results)
    return lead, replace(code, steps=tuple(rest), results=results)


def joined(steps: Sequence[Step], results: Sequence[int]) -> list[Step]:
    """Return the steps with a product and the sum or difference right after it made one.

    `add_product` is x + y z and `sub_product` x - y z, each operation rounded as before.

    >>> joined([("mul", 3, (1, 2)), ("sub", 3, (0, 3))], [3])
    [('sub_product', 3, (0, 1, 2))]
    """
    out: list[Step] = []
    for k, (name, result, operands) in enumerate(steps):
        if out and out[-1][0] == "mul" and name in ("add", "sub"):
            product = out[-1][1]
            others = [x for x in operands if x != product]
            second = name == "add" or operands[1] == product
            lost = result == product or not _is_read(steps[k + 1 :], product, results)
            if len(others) == 1 and second and lost:
                out[-1] = (f"{name}_product", result, (others[0], *out[-1][2]))
                continue
        out.append((name, result, operands))
    return out


def _is_read(steps: Sequence[Step], register: int, results: Sequence[int]) -> bool:
    for _, result, operands in steps:
        if register in operands:
            return True
        if result == register:
            return False
    return register in results


def in_place(code: Expression, overwritten: Sequence[int], top: int) -> Expression:
    """Return the expression so that result k may overwrite source `overwritten[k]` at once.

    Each result gets a register that only one step writes, after the last look at its source;
    registers from `top` on are free.
    """
    steps, results = list(code.steps), list(code.results)
    for k, (result, source) in enumerate(zip(code.results, overwritten, strict=True)):
        writers = [i for i, step in enumerate(steps) if step[1] == result]
        late = writers and any(source in operands for *_, operands in steps[writers[-1] + 1 :])
        if len(writers) != 1 or late or result in results[:k]:
            steps.append(("copy", top, (result,)))
            results[k], top = top, top + 1
    return replace(code, steps=tuple(steps), results=tuple(results))
