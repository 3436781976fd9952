"""Whether a program's numbers are those of the engine, in each way to run it.

Cost and gradient are compared on every call, with room for rounding; what is outside, and a
sample of the rest, goes through `tests/program/reference.py`, whose tolerances follow from the
sizes of the numbers and which looks at every node.
"""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

import numpy as np

import autograd as ag
import nn
from autograd import Program, Value, gradients
from autograd.engine import topological
from autograd.program import machine, plans
from autograd.program.executors import registry
from autograd.rows.noise import is_noise, uniform_noise
from tests.fuzz.cases import (
    ANGLES,
    CONSTANT,
    INPUT,
    PARAMETER,
    Unsound,
    built,
    fresh_leaves,
    require_sound,
)
from tests.fuzz.derivatives import derived_otherwise
from tests.fuzz.forms import SUMS, own_rows
from tests.program.reference import WITH_TAPES, assert_equal, assert_follows, reference

TILE = os.environ.get("AUTOGRAD_TILE", "as found")
WAYS = tuple((executor, dtype) for executor in WITH_TAPES for dtype in ("float64", "float32"))
ROOM = {"float64": 1e-11, "float32": 1e-5}  # of the largest, before a closer look
SECOND_ORDER = 1e-6  # of the largest size: what is left where a slope is 0, as of x² at 0
STRAIGHT = 1e-3  # what rounding may move a number by, up to which slopes stay as they are
PRECISE = {"float64": {}, "float32": {"relative": 1e-5, "rounding": 2e-6}}
FARTHEST = 1e12  # costs and slopes of steps, beyond which single precision may end
NUDGE = {"float64": 1e-14, "float32": 1e-6}
OPTIMISERS = {
    "sgd": lambda leaves: nn.SGD(leaves, lr=0.01),
    "momentum": lambda leaves: nn.SGD(leaves, lr=0.01, momentum=0.5, nesterov=True),
    "adam": lambda leaves: nn.Adam(leaves, lr=0.01, epsilon=1e-2),
}
OUTSIDE = (ag.DomainError, ag.AnomalyError, ArithmeticError, ValueError)  # where a step leads


class Engine:
    """Losses, gradients and further outputs of each row, node by node."""

    def __init__(self, case):
        found = []
        for k, row in enumerate(case.rows):
            leaves = fresh_leaves(case, row)
            with ag.at_call(0, k):
                nodes = built(case, leaves)
            loss, moved = nodes[case.loss], [leaves[k] for k in case.nodes(PARAMETER)]
            if loss.__class__ is not Value:
                raise Unsound
            found.append(
                (loss.data, gradients(loss, moved), [_number(nodes[k]) for k in case.also])
            )
        self.losses, self.slopes, self.outputs = map(np.array, zip(*found, strict=True))
        if not all(np.isfinite(x).all() for x in (self.losses, self.slopes)):
            raise Unsound
        if np.abs(self.slopes).max(initial=0.0) > 1e4:
            raise Unsound


def unverified(executor, dtype, plan, recording):
    """Let a program run as it is compiled, in the place of `machine.trusted`."""
    return registry.assemble(executor, plan, dtype)


def difference(case):
    """Return (the way, what is wrong) for the first difference; None if there is none.

    Raises Unsound for a program that means nothing.
    """
    with own_rows():
        return _difference(case)


def _difference(case):
    require_sound(case)
    try:
        engine = Engine(case)
    except OUTSIDE as cause:
        raise Unsound from cause
    trusted = machine.trusted if "verified" in case.extras else unverified
    with (
        patch.object(machine, "PLANS", plans.Plans()),
        patch.object(machine, "trusted", trusted),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error")
        for way in case.ways:
            try:
                wrong = _wrong(case, way, engine)
            except Unsound:
                raise
            except Exception as error:  # a program that stops is a difference as well
                wrong = f"raises {type(error).__name__}: {error}"
            if wrong:
                return way, wrong
    return None


def _wrong(case, way, engine):
    if "warm" in case.extras:
        _compile_with_equal_numbers(case, way)
    nodes, program = recorded(case, way)
    calls = []
    for m in (*case.lanes, case.lanes[0]):
        with ag.at_call(0):
            calls.append(program(np.array(case.rows[:m]).reshape(m, -1)))
            wrong = _far(case, way, engine, program, m, calls[-1], nodes)
        if wrong:
            return wrong
    (cost, gradient), (again, slope) = calls[0], calls[-1]
    if cost != again or gradient.tobytes() != slope.tobytes():
        return f"another result for the same rows: {calls[0]}, then {calls[-1]}"
    for extra in case.extras:
        if extra[0] == "train":
            return _trained_otherwise(case, way, *extra[1:])
        if extra[0] == "derivatives" and way == case.ways[0]:
            with forced(way[0] == "tape"):
                return derived_otherwise(case)
        if extra[0] == "outputs" and not program.inputs:
            with ag.at_call(0):
                return _other_outputs(program, nodes, case)
    return None


def _other_outputs(program, nodes, case):
    """Compare what a program without inputs gives for other outputs beside its loss."""
    own = [k for k in case.also if nodes[k].__class__ is Value]
    numbers = [x.data for x in program.parameters]
    found = program.outputs(numbers, [nodes[k] for k in (case.loss, *own)])
    program(np.empty((1, 0)))
    values = [program.value(nodes[k]) for k in (case.loss, *own)]
    return None if found == values else f"outputs {found}; by value {values}"


def _far(case, way, engine, program, m, found, nodes):
    """Compare a call with the engine: roughly, then with all nodes where that is in doubt."""
    cost, gradient = engine.losses[:m].mean(), engine.slopes[:m].mean(axis=0)
    room = ROOM[way[1]] * (1.0 + np.abs(engine.losses[:m]).max())
    wide = ROOM[way[1]] * (1.0 + np.abs(engine.slopes[:m]).max(initial=0.0))
    near = abs(found[0] - cost) <= room and (np.abs(found[1] - gradient) <= wide).all()
    rows = np.array(case.rows[:m]).reshape(m, -1)
    outputs = engine.outputs[:m].T
    wrong = _far_outputs(case, way, program, rows, nodes, outputs)
    if wrong or (near and "nodes" not in case.extras):
        return wrong
    try:
        expected = _reference(nodes[case.loss], program.inputs, rows)
        if PRECISE[way[1]].get("rounding", 0.0) * expected.value_sizes.max() > STRAIGHT:
            return None
        for sizes in (expected.value_sizes, expected.adjoint_sizes):
            sizes += SECOND_ORDER * sizes.max(axis=1, keepdims=True)
        assert_follows(program, expected, rows, **PRECISE[way[1]])
    except AssertionError as error:
        text = f"m = {m}: {found[0]!r}, {found[1].tolist()}; right {cost!r}, {gradient.tolist()}"
        return f"{text} {str(error).strip().splitlines()[0][:200]}"
    except OUTSIDE:  # a second derivative that does not exist
        return None if near else f"m = {m}: {found}; right {cost}, {gradient}"
    return None


def _far_outputs(case, way, program, rows, nodes, outputs):
    """Compare the further nodes of a program in the same two steps."""
    for k, right in zip(case.also, outputs, strict=True):
        if nodes[k].__class__ is not Value:
            continue
        found = np.broadcast_to(program.value(nodes[k]), right.shape)
        if np.abs(found - right).max() <= ROOM[way[1]] * (1.0 + np.abs(right).max()):
            continue
        try:
            sizes = _reference(nodes[k], program.inputs, rows).value_sizes
            sizes = sizes[:, -1] + SECOND_ORDER * sizes.max(axis=1)
            assert_equal(found, right, sizes, **PRECISE[way[1]])
        except AssertionError:
            return f"value of also {k}, m = {len(rows)}: {found}; right {right}"
        except OUTSIDE:
            continue
    return None


def _reference(node, inputs, rows):
    """Return all nodes for each row, with the numbers that call 0 draws for it."""
    streams = list(filter(is_noise, topological(node)))
    drawings = [[x.data for x in noise.parents] for noise in streams]
    drawn = [
        [uniform_noise(s, call, float(k)) for s, call, _ in drawings] for k in range(len(rows))
    ]
    return reference(node, [*inputs, *streams], np.hstack([rows, np.array(drawn)]))


def recorded(case, way):
    """Return the nodes of a case and its program."""
    leaves = fresh_leaves(case)
    with ag.at_call(0), ag.recording():
        nodes = built(case, leaves)
        if nodes[case.loss].__class__ is not Value:
            raise Unsound
    return nodes, program_of(case, way, leaves, nodes)


def program_of(case, way, leaves, nodes):
    executor, dtype = way
    with forced(executor == "tape"):
        return Program(
            nodes[case.loss],
            inputs=[leaves[k] for k in case.nodes(INPUT)],
            parameters=[leaves[k] for k in case.nodes(PARAMETER)],
            also=[nodes[k] for k in case.also if nodes[k].__class__ is Value],
            dtype=dtype,
            executor="auto" if executor == "tape" else executor,
        )


@contextmanager
def forced(tape):
    with patch.object(registry, "is_irregular", lambda nodes, groups: tape):
        yield


def _compile_with_equal_numbers(case, way):
    """Let the same lines with equal factors be the first of their structure."""
    lines = tuple(
        (name, *map(_ones, groups[:2]), *groups[2:]) if name in SUMS else (name, *groups)
        for name, *groups in case.lines
    )
    leaves = tuple((role, 1.0 if role == CONSTANT else number) for role, number in case.leaves)
    try:
        recorded(replace(case, lines=lines, leaves=leaves), way)
    except (*OUTSIDE, IndexError, Unsound):
        return


def _ones(group):
    return tuple(x if isinstance(x, int) else 1.0 for x in group)


def _trained_otherwise(case, way, name, size):
    """Compare three steps of an optimiser with its own, taken one by one."""
    rows = np.array(case.rows).reshape(len(case.rows), -1)
    nodes, program = recorded(case, way)
    moved = [nodes[k] for k in case.nodes(PARAMETER)]
    try:
        right, nudged = (_train_by_hand(case, name, size, x) for x in (0.0, NUDGE[way[1]]))
    except OUTSIDE:
        return None
    angles = any(line[0] in ANGLES for line in case.lines)
    if angles and 0.0 in [case.leaves[k][1] for k in case.nodes(PARAMETER)]:
        return None  # whose sign after a step is that of a sum
    try:
        costs = program.train(rows, OPTIMISERS[name](moved), len(right) - len(moved), size)
    except ag.FrozenBranchError:  # a step led to the other branch of a guard
        return None
    program.store_parameters()
    found = np.array([*costs, *(leaf.data for leaf in moved)])
    room = 100.0 * (np.abs(right - nudged) + NUDGE[way[1]] * (1.0 + np.abs(right)))
    if (np.abs(found - right) <= room).all():
        return None
    return f"train({name}, {size}): {found.tolist()}; right {right.tolist()}"


def _train_by_hand(case, name, size, nudge):
    """Return the costs of some steps and the parameters after them.

    How far they move when the numbers begin a nudge away is what rounding may do to them.
    """
    leaves = fresh_leaves(case)
    for leaf in leaves:
        leaf.data *= 1.0 + nudge
    costs = list(_steps(case, leaves, OPTIMISERS[name], size, 1.0 + nudge))
    return np.array([*costs, *(leaves[k].data for k in case.nodes(PARAMETER))])


def _steps(case, leaves, make, size, stretched, steps=3):
    optimizer = make([leaves[k] for k in case.nodes(PARAMETER)])
    starts = range(0, len(case.rows), size)
    for step in range(steps):
        start, losses = starts[step % len(starts)], []
        for k, row in enumerate(case.rows[start : start + size]):
            numbers = iter(row)
            own = [
                Value(stretched * next(numbers)) if role == INPUT else leaf
                for leaf, (role, _) in zip(leaves, case.leaves, strict=True)
            ]
            with ag.at_call(step, k):
                losses.append(built(case, own)[case.loss])
        optimizer.zero_grad()
        cost = ag.mean(losses)
        cost.backward()
        if not all(abs(x) <= FARTHEST for x in (cost.data, *(leaf.grad for leaf in leaves))):
            raise OverflowError
        optimizer.step()
        yield cost.data


def _number(node):
    return node.data if node.__class__ is Value else node
