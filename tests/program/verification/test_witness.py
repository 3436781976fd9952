"""The witness computes what the engine does, in C and in Python, and knows its doubts."""

import math
from dataclasses import replace

import numpy as np
import pytest

import autograd as ag
import autograd.table
from autograd import Value, dot, recording, total
from autograd.program import Program, machine, plans
from autograd.program.compiler.recording import Recording
from autograd.program.executors import native, registry
from autograd.program.executors.native import table
from autograd.program.verification import eager, trial, witness
from autograd.table import PRIMITIVES, primitive
from tests.program import zoo
from tests.program.reference import assert_follows, reference
from tests.program.verification.test_faults import GRAPHS, interpreted

CASES = {**GRAPHS, **zoo.ZOO}


@pytest.mark.parametrize("way", ["C", "C with doubts", "Python"])
@pytest.mark.parametrize("name", CASES)
def test_the_witness_says_what_the_engine_does(name, way, monkeypatch):
    loss, inputs, parameters = CASES[name]()
    columns = Recording(loss, inputs, parameters)
    if way == "Python":
        interpreted(monkeypatch)
    said = witness.account(columns, "float64", 0 if way == "C with doubts" else None)
    half = said.points.width
    for leaf, number in zip(parameters, said.points.parameters, strict=True):
        leaf.data = float(number)
    X = said.points.inputs.T
    expected = reference(loss, inputs, X)
    for column, node in enumerate(expected.nodes):
        if node not in columns.ids:
            continue
        row = columns.ids[node]
        near = 1e-12 * np.abs(expected.values[:, column]) + 1e-13 * expected.value_sizes[:, column]
        assert (abs(said.values[row, :half] - expected.values[:, column]) <= near).all(), node
        if said.active[row]:
            right = expected.adjoints[:, column]
            near = 1e-12 * abs(right) + 1e-13 * expected.adjoint_sizes[:, column]
            assert (abs(said.adjoints[row, :half] - right) <= near).all(), node


def test_both_witnesses_know_every_operation_of_c_and_every_piece():
    """Whoever adds one enters it; a row that is not in C is left to the witness in Python."""
    compiled = witness.compiled("operations")
    if compiled is None or not native.available():
        pytest.skip("the extensions are not built")
    rows = {name for name in table.codes() if name in PRIMITIVES}
    pieces = {name for name in compiled if name not in PRIMITIVES}
    assert rows.issubset(compiled) and pieces == eager.PIECES.keys()


def test_doubt_is_what_rounding_may_do():
    """(1e9 + x) - 1e9 keeps 7 digits less than x itself, x·x all of them."""
    x = Value(0.5)
    loss = (1e9 + x) - 1e9 + x * x
    columns = Recording(loss, [], [x])
    said = witness.account(columns, "float64", 0)
    half = said.points.width
    doubt = abs(said.values[:, half:] - said.values[:, :half]).max(axis=1)
    cancelled, square = (columns.ids[node] for node in loss.operands)
    assert 1e-3 < doubt[cancelled] < 1.0  # 1e9 times the noise of 1e-10, for a few errors
    assert doubt[square] < 1e-9


ODD = {
    "a domain that ends near": lambda x: ag.log(x * 1e-3) + ag.sqrt(x - x * (1 - 1e-9)),
    "the edge of a domain": lambda x: ag.asin(x / x) + ag.acosh(x * 0.0 + 1.0 + x * x),
    "numbers of very different size": lambda x: (x * 1e36) * 1e-36 + x * 1e-37 * 1e-6,
    "an overflow of single precision": lambda x: ag.exp(x * 90.0) * ag.exp(x * -90.0),
    "all that cancels": lambda x: x - x + (x * 3.0 - x - x - x) * 1e8,
    "chaos": lambda x: _logistic(x * 0.3, 90),
    "kinks": lambda x: ag.relu(x - x) + abs(x * 0.0) + ag.maximum(x, x * 1.0) + ag.sign(x - x),
    "the sign of zero": lambda x: ag.atan2(x * 0.0 + x * -0.0, x - 3.0),
    "an index": lambda x: ag.take([x, x * x, 2.0 * x], Value(2.0)) + ag.softmax([x, x, 1.0])[0],
    "an index that is computed": lambda x: ag.take([x, x * x, 2.0 * x], ag.heaviside(x)),
    "whole numbers, whose mean is none": lambda x: ag.rint(x * 5.0 - 5.0),
    "a pole": lambda x: 1.0 / (x - 1.0 + 1e-14),
    "exact comparisons": lambda x: ag.where(x - 1.0, x * x, x),
    "an infinite recorded number": lambda x: ag.where(0.0, x * math.inf, x),
    "a power": lambda x: total([(x - 1.0) ** n for n in (3, 2, 1)]) + x**-0.5 + (x * 0.0) ** 0,
}  # fmt: skip


def _logistic(x, times):
    for _ in range(times):
        x = 3.9 * x * (1.0 - x)
    return x


@pytest.mark.parametrize("compiled", [True, False], ids=["C", "Python"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("executor", ["numpy", "auto", "tape"])
@pytest.mark.parametrize("name", ODD)
def test_no_program_of_odd_numbers_is_accused(name, executor, dtype, compiled, monkeypatch):
    """A warning is an error here."""
    if not compiled:
        interpreted(monkeypatch)
    if executor == "tape":
        zoo.run_as_tapes(monkeypatch)
        executor = "auto"
    for start in (1.0, 0.7):
        w, x = Value(start), Value(1.0)
        loss = total([ODD[name](w * x), ODD[name](w) * 0.5, w * 0.25])
        Program(loss, inputs=[x], parameters=[w], executor=executor, dtype=dtype)


def test_guards_are_off_where_a_program_is_tried():
    """Points near the recorded one lie on both sides of the decision."""
    w, x = Value(1.0), Value(1e-3)
    with recording():
        y = w * x if w * x > 0.9e-3 else -x
    program = Program(y * y, inputs=[x], parameters=[w])
    assert program([[2e-3]])[0] == pytest.approx(4e-6)
    with pytest.raises(ag.FrozenBranchError):
        program([[1e-4]])


def test_an_operation_that_the_witness_has_not_heard_of_is_not_judged(monkeypatch):
    """Such as a piece that draws random numbers."""
    loss, inputs, parameters = zoo.mlp()
    new = Recording(loss, inputs, parameters)
    names = ["drawn" if name == "tanh" else name for name in new.columns.names]
    new.columns = replace(new.columns, names=names)
    assert witness.account(Recording(loss, inputs, parameters), "float64")
    assert witness.account(new, "float64") is None
    interpreted(monkeypatch)
    assert witness.account(new, "float64") is None


def test_a_program_that_was_tried_keeps_no_memory_of_other_lanes():
    loss, inputs, parameters = zoo.mlp()
    for executor in registry.WAYS:
        if registry.WAYS[executor].available():
            program = Program(loss, inputs=inputs, parameters=parameters, executor=executor)
            assert list(program._machine.memory._kept) == [1]


def test_a_known_structure_is_not_tried_again(monkeypatch):
    monkeypatch.setattr(machine, "PLANS", plans.Plans())
    Program(zoo.mlp()[0], inputs=(), parameters=())
    tried = []
    monkeypatch.setattr(trial, "tried", lambda *of: tried.append(of))
    Program(zoo.mlp()[0], inputs=(), parameters=())
    assert not tried


def test_a_program_that_was_tried_has_the_recorded_numbers():
    loss, inputs, parameters = zoo.mlp()
    program = Program(loss, inputs=inputs, parameters=parameters)
    X = np.array([[x.data for x in inputs]])
    assert program(X)[0] == pytest.approx(loss.data, rel=1e-12)


def test_a_row_of_ones_own_is_held_to_its_own_formula(monkeypatch):
    """One that is not composed has no formula in C: Python is the witness."""
    monkeypatch.setattr(machine, "PLANS", plans.Plans())
    steep = primitive("steep", lambda x: x * x * x, lambda x, out: 3.0 * x * x)
    try:
        x, w = Value(0.5), Value(0.25)
        loss = steep(dot([w], [x], 1.0))
        program = Program(loss, inputs=[x], parameters=[w])
        assert program(np.array([[2.0]])) == (3.375, 3 * 1.5**2 * 2.0)
        monkeypatch.setattr(autograd.table, "require_composition", lambda row: None)
        lying = primitive("steep", lambda x: x * x * x, lambda x, out: 3.0 * x * x,
                          composed=lambda x: x * x)  # fmt: skip
        loss = lying(dot([w], [x], 1.0))
        if native.available():
            with pytest.warns(RuntimeWarning, match="compiled wrongly"):
                program = Program(loss, inputs=[x], parameters=[w])
            assert program(np.array([[2.0]]))[0] == 3.375
    finally:
        del PRIMITIVES["steep"], Value.steep


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_what_is_rounded_within_a_row_of_ones_own_is_no_mistake(dtype, monkeypatch, recwarn):
    """1 - tanh² keeps few digits near 1: a program that says so, in float32, is right."""
    monkeypatch.setattr(machine, "PLANS", plans.Plans())
    flat = primitive(
        "flat", lambda x: 1.0 - math.tanh(x) ** 2.0,
        lambda x, out: -2.0 * ag.tanh(x) * (1.0 - ag.tanh(x) ** 2.0),
        composed=lambda x: 1.0 - ag.tanh(x) ** 2.0,
    )  # fmt: skip
    try:
        for number in np.linspace(3.0, 7.0, 17).tolist():
            w = Value(number)
            program = Program(flat(w), inputs=[], parameters=[w], dtype=dtype)
            with ag.no_grad():
                value, (slope,) = program.at([number])
            room = 1e-15 if dtype == "float64" else 4e-7  # of 1, from which it is subtracted
            assert value == pytest.approx(1.0 / math.cosh(number) ** 2, abs=room)
            right = -2.0 * math.tanh(number) / math.cosh(number) ** 2
            assert slope == pytest.approx(right, abs=4.0 * room)
            monkeypatch.setattr(machine, "PLANS", plans.Plans())
    finally:
        del PRIMITIVES["flat"], Value.flat
    assert not recwarn


@pytest.mark.parametrize("name", zoo.ZOO)
def test_the_last_resort_runs_every_program(name, monkeypatch):
    """Nodes, adjoints and training of the executor that is left where others are wrong."""
    monkeypatch.setattr(machine, "PLANS", plans.Plans())
    monkeypatch.setattr(
        registry, "assemble", lambda executor, plan, dtype: eager.assemble(plan, dtype)
    )
    loss, inputs, parameters = zoo.ZOO[name]()
    program = Program(loss, inputs=inputs, parameters=parameters)
    assert program.executor == "eager"
    recorded = np.array([x.data for x in inputs])
    X = np.array([recorded + 0.01 * k * (recorded % 1.0 != 0.0) for k in range(3)])  # indices stay
    assert_follows(program, reference(loss, inputs, X), X)
