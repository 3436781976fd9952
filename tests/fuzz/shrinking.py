"""A failing program made smaller, part by part, as long as it fails."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic

from tests.fuzz.cases import CONSTANT, INPUT, PARAMETER, Unsound
from tests.fuzz.checks import difference


def shrunk(case, way, seconds=20.0):
    """Return the smallest failing program found, with the difference it shows."""
    end = monotonic() + seconds
    case = replace(case, ways=(way,))
    best = pruned(case), difference(pruned(case))
    if best[1] is None:  # what was cut off mattered
        best = case, difference(case)
    smaller = True
    while smaller and monotonic() < end:
        smaller = False
        for candidate in _candidates(best[0]):
            if monotonic() > end:
                break
            candidate = pruned(candidate)
            if _size(candidate) >= _size(best[0]):
                continue
            wrong = _fails(candidate)
            if wrong:
                best, smaller = (candidate, wrong), True
                break
    return best


def _fails(case):
    try:
        return difference(case)
    except Unsound:
        return None


def _size(case):
    """What is smaller: fewer lines, operands, leaves, lanes; then rounder numbers."""
    operands = [x for _, *groups in case.lines for group in groups for x in group]
    numbers = [x for _, x in case.leaves] + [x for row in case.rows for x in row]
    plain = sum(isinstance(x, float) for x in operands)
    kinds = sum(role != PARAMETER for role, _ in case.leaves)
    return (
        len(case.lines) + len(operands) + len(case.extras) + len(case.also) + len(case.leaves),
        len(case.lanes), sum(case.lanes), len(case.rows), kinds - plain,
        sum(len(repr(x)) for x in numbers), sum(map(abs, numbers)),
    )  # fmt: skip


def pruned(case):
    """Return a case without the leaves, lines and rows that it does not need."""
    count = len(case.leaves)
    needed, pending = set(), [case.loss, *case.also]
    while pending:
        node = pending.pop()
        if node not in needed:
            needed.add(node)
            groups = case.lines[node - count][1:] if node >= count else ()
            pending += [x for group in groups for x in group if isinstance(x, int)]
    kept = sorted(needed)
    place = {node: k for k, node in enumerate(kept)}
    lines = tuple(
        (name, *(tuple(place[x] if isinstance(x, int) else x for x in g) for g in groups))
        for name, *groups in (case.lines[k - count] for k in kept if k >= count)
    )
    inputs = [k for k, node in enumerate(case.nodes(INPUT)) if node in needed]
    rows = tuple(tuple(row[k] for k in inputs) for row in case.rows[: max(case.lanes)])
    leaves = tuple(case.leaves[k] for k in kept if k < count)
    also = tuple(place[k] for k in case.also)
    return replace(case, leaves=leaves, lines=lines, loss=place[case.loss], also=also, rows=rows)


def _candidates(case):
    yield from (replace(case, extras=case.extras[:k] + case.extras[k + 1 :])
                for k in range(len(case.extras)))  # fmt: skip
    if case.also:
        yield replace(case, also=())
    for m in dict.fromkeys((*range(1, min(case.lanes)), *case.lanes)):
        yield replace(case, lanes=(m,))
    count = len(case.leaves)
    for k in range(len(case.lines)):
        yield replace(case, loss=count + k)
    for k in reversed(range(len(case.lines))):
        yield from _without_line(case, k)
    for k in reversed(range(len(case.lines))):
        yield from _shorter_line(case, k)
    yield from _fewer_leaves(case)
    yield from _rounder(case)


def _without_line(case, k):
    """A line's users take one of its operands instead."""
    node = len(case.leaves) + k
    operands = [x for group in case.lines[k][1:] for x in group]
    for x in dict.fromkeys(operands):
        lines = tuple(_replaced(line, {node: x}) for line in case.lines)
        if isinstance(x, int):
            loss = x if case.loss == node else case.loss
            yield replace(case, lines=lines, loss=loss)
        elif case.loss != node:
            yield replace(case, lines=lines)


def _replaced(line, by):
    name, *groups = line
    return (name, *(tuple(_renamed(x, by) for x in group) for group in groups))


def _renamed(x, by):
    return by.get(x, x) if isinstance(x, int) else x


def _shorter_line(case, k):
    """A line with an operand or a pair less, or with a leaf or an earlier node for an operand."""
    line = case.lines[k]

    def with_line(*groups, name=line[0]):
        return replace(case, lines=(*case.lines[:k], (name, *groups), *case.lines[k + 1 :]))

    groups = line[1:]
    longest = max(map(len, groups))
    for at in range(longest):
        yield with_line(*(g[:at] + g[at + 1 :] for g in groups[:2]), *groups[2:])
        for which, group in enumerate(groups):
            short = group[:at] + group[at + 1 :]
            yield with_line(*groups[:which], short, *groups[which + 1 :])
    for which, group in enumerate(groups):
        for at, x in enumerate(group):
            if isinstance(x, int) and x >= len(case.leaves):
                for leaf in range(len(case.leaves)):
                    other = (*group[:at], leaf, *group[at + 1 :])
                    yield with_line(*groups[:which], other, *groups[which + 1 :])


def _fewer_leaves(case):
    """One leaf stands for another, or is of a simpler kind."""
    for k, (role, number) in enumerate(case.leaves):
        for other in range(k):
            lines = tuple(_replaced(line, {k: other}) for line in case.lines)
            yield replace(case, lines=lines, loss=_renamed(case.loss, {k: other}))
        if role != PARAMETER:
            at = case.nodes(INPUT).index(k) if role == INPUT else None
            rows = tuple(row if at is None else row[:at] + row[at + 1 :] for row in case.rows)
            for simpler in (PARAMETER, CONSTANT):
                leaves = (*case.leaves[:k], (simpler, number), *case.leaves[k + 1 :])
                yield replace(case, leaves=leaves, rows=rows)


def _rounder(case):
    for k, (role, number) in enumerate(case.leaves):
        for simpler in (1.0, 0.5, round(number, 1)) if role != INPUT else ():
            yield replace(case, leaves=(*case.leaves[:k], (role, simpler), *case.leaves[k + 1 :]))
    for i, row in enumerate(case.rows):
        for k, number in enumerate(row):
            for simpler in (1.0, 0.5, round(number, 1)):
                changed = (*row[:k], simpler, *row[k + 1 :])
                yield replace(case, rows=(*case.rows[:i], changed, *case.rows[i + 1 :]))
