"""Programs of one structure share what it compiles to, and nothing else."""

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import autograd as ag
from autograd import Program, Value
from autograd.program import machine, plans
from autograd.program.compiler.recording import Recording
from autograd.program.executors import native, registry
from autograd.program.executors.tape import executor as tape
from autograd.table import PRIMITIVES, primitive
from tests.program import zoo
from tests.program.reference import EXECUTORS

WORKERS = {"Reroll": plans, "Layout": plans, "Emitter": plans, "TapeWriter": tape}


@pytest.fixture
def fresh(monkeypatch):
    """A cache that knows no structure yet."""
    known = plans.Plans()
    monkeypatch.setattr(machine, "PLANS", known)
    return known


@pytest.fixture
def written(fresh, monkeypatch):
    """The names of the workers that compiled something, in order."""
    names = []

    def counting(name, worker):
        return lambda *arguments: names.append(name) or worker(*arguments)

    for name, module in WORKERS.items():
        monkeypatch.setattr(module, name, counting(name, getattr(module, name)))
    return names


def gradient_by_engine(loss, parameters):
    loss.backward()
    return [leaf.grad for leaf in parameters]


def power(base, exponent=3.0, constant=0.5, factor=2.0):
    """(base² + base·factor + constant)^exponent, of one parameter."""
    w = Value(base)
    return (ag.total([w * w, w * factor, constant])) ** exponent, [w]


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("name", ["mlp", "classifier", "lstm", "convolution"])
def test_a_second_program_of_a_structure_compiles_nothing(name, executor, written):
    for seed in (3, 4):
        loss, inputs, parameters = getattr(zoo, name)(seed=seed)
        program = Program(loss, inputs=inputs, parameters=parameters, executor=executor)
        cost, gradient = program([[leaf.data for leaf in inputs]])
        assert written == ["Reroll", "Layout", "Emitter"]
        assert cost == pytest.approx(loss.data, rel=1e-12)
        expected = gradient_by_engine(loss, parameters)
        np.testing.assert_allclose(gradient, expected, rtol=1e-10, atol=1e-14)


@pytest.mark.skipif(not native.available(), reason="the extension is not built")
def test_a_second_tape_of_a_structure_is_not_written(written, monkeypatch):
    monkeypatch.setattr(registry, "is_irregular", lambda nodes, groups: True)
    for base in (1.5, 0.25):
        loss, parameters = power(base)
        program = Program(loss, inputs=[], parameters=parameters)
        cost, gradient = program(np.zeros((1, 0)))
        assert not program.instructions
        assert cost == pytest.approx(loss.data, rel=1e-12)
        assert gradient == pytest.approx(gradient_by_engine(loss, parameters), rel=1e-12)
    assert written == ["TapeWriter"]


@pytest.mark.parametrize("tape", [False, True])
@pytest.mark.parametrize(
    ("change", "compiled"),
    [
        ({"base": 3.0, "factor": -1.0, "constant": 7.0}, 1),  # numbers only
        ({"exponent": 2.0}, 2),
        ({"exponent": -0.5}, 2),
        ({"constant": 0.0}, 2),  # a term that is left out
        ({"factor": 0.0}, 1),  # in a product it stays
    ],
)
def test_only_numbers_that_shape_the_code_belong_to_a_structure(
    change, compiled, tape, written, monkeypatch
):
    monkeypatch.setattr(registry, "is_irregular", lambda nodes, groups: tape)
    for options in ({"base": 1.5}, {"base": 1.5, **change}, {"base": 1.5}):
        loss, parameters = power(**options)
        program = Program(loss, inputs=[], parameters=parameters)
        cost, gradient = program(np.zeros((1, 0)))
        assert cost == pytest.approx(loss.data, rel=1e-12)
        assert gradient == pytest.approx(gradient_by_engine(loss, parameters), rel=1e-12)
    if tape:  # which need not know what a product with 0 is part of
        compiled += change == {"factor": 0.0}
    assert written.count("TapeWriter" if tape else "Reroll") == compiled


def test_examples_in_plain_numbers_may_be_equal_or_not(fresh):
    for rows in ([(1.0, 2.0), (1.0, 2.0)], [(1.0, 2.0), (3.0, -4.0)], [(5.0, 6.0), (5.0, 6.0)]):
        w = [(Value(0.5), Value(-1.0)), (Value(2.0), Value(0.25))]
        loss = ag.total([ag.tanh(ag.dot(a, row)) for a, row in zip(w, rows, strict=True)])
        parameters = [x for row in w for x in row]
        cost, gradient = Program(loss, inputs=[], parameters=parameters)(np.zeros((1, 0)))
        assert cost == pytest.approx(loss.data, rel=1e-12)
        assert gradient == pytest.approx(gradient_by_engine(loss, parameters), rel=1e-12)


def test_who_is_a_parameter_an_input_or_a_constant_belongs_to_a_structure(fresh):
    for roles in ("pp", "pi", "ip", "pc", "cp", "ii"):
        leaves = [Value(2.0), Value(5.0)]
        chosen = {k: [x for x, role in zip(leaves, roles, strict=True) if role == k] for k in "pi"}
        loss = leaves[0] * leaves[0] * leaves[1]
        program = Program(loss, inputs=chosen["i"], parameters=chosen["p"])
        _, gradient = program([[leaf.data for leaf in chosen["i"]]])
        partials = dict(zip(leaves, (20.0, 4.0), strict=True))
        assert gradient.tolist() == [partials[leaf] for leaf in chosen["p"]]
    assert len(fresh) == 6


def test_a_constant_index_chooses_a_structure(fresh):
    w = [Value(x) for x in (1.0, 2.0, 3.0)]
    for k in (0, 2, 0):
        _, gradient = Program(ag.log_softmax(w)[k], inputs=[], parameters=w)(np.zeros((1, 0)))
        assert gradient.argmax() == k
    assert len(fresh) == 2


def test_programs_of_one_plan_are_strangers_in_their_numbers(fresh):
    made = []
    for seed, dtype, executor in zip(
        range(4), ("float64", "float32") * 2, (EXECUTORS[0], EXECUTORS[-1]) * 2, strict=True
    ):
        loss, inputs, parameters = zoo.mlp(seed=seed)
        options = {"dtype": dtype, "executor": executor}
        made.append((Program(loss, inputs=inputs, parameters=parameters, **options), loss, dtype))
    assert len(fresh) == 1
    rows = [[[leaf.data for leaf in program.inputs]] for program, _, _ in made]
    costs = [program(row)[0] for (program, _, _), row in zip(made, rows, strict=True)]
    made[0][0].train(rows[0], Descent(), 3)
    for (program, loss, dtype), cost, row in list(zip(made, costs, rows, strict=True))[1:]:
        assert cost == pytest.approx(loss.data, rel=1e-12 if dtype == "float64" else 1e-5)
        assert program(row)[0] == cost  # whatever another one learnt


def test_a_description_shows_the_constants_of_its_own_program(fresh):
    x = Value(1.0)
    lines = [
        repr(Program(ag.tanh(x * factor), inputs=[x], parameters=[]).describe())
        for factor in (2.0, 3.0)
    ]
    assert len(fresh) == 1
    assert "2" in lines[0].splitlines()[0] and "3" in lines[1].splitlines()[0]


class Descent:
    def rule(self, w, g, state, step):
        return w - 0.01 * g, state


def sums(*lengths):
    for n in lengths:
        w = [Value(1.0) for _ in range(n)]
        yield Program(ag.total([x * x for x in w]), inputs=[], parameters=w)


def test_the_plan_used_longest_ago_is_forgotten(written, monkeypatch):
    monkeypatch.setattr(machine, "PLANS", plans.Plans(structures=2))
    for n, compiled in ((2, 1), (3, 2), (2, 2), (4, 3), (2, 3), (3, 4)):
        (program,) = sums(n)
        assert program(np.zeros((1, 0)))[0] == n
        assert written.count("Reroll") == compiled
    assert len(machine.PLANS) == 2


def test_the_operands_of_all_plans_are_bounded(monkeypatch):
    known = plans.Plans(operands=60)  # a sum of n squares has 3 n
    monkeypatch.setattr(machine, "PLANS", known)
    for program, kept in zip(sums(9, 10, 11, 30), (1, 2, 1, 0), strict=True):
        assert program(np.zeros((1, 0)))[0] == len(program.parameters)
        assert len(known) == kept


@pytest.fixture
def steep():
    """Add the row `steep` once more, x ↦ slope · x, and return its function."""

    def added(slope, composed):
        spelled = (lambda x: slope * x) if composed else None
        return primitive("steep", lambda x: slope * x, lambda x, out: slope, composed=spelled)

    yield added
    del PRIMITIVES["steep"], Value.steep


@pytest.mark.parametrize(
    ("executor", "composed", "tape"),
    [("auto", False, False), *((name, True, tape) for name in EXECUTORS for tape in (False, True))],
)
def test_a_row_added_again_is_that_of_later_programs(executor, composed, tape, steep, monkeypatch):
    monkeypatch.setattr(registry, "is_irregular", lambda nodes, groups: tape)
    x, w = Value(3.0), Value(1.0)
    programs = {}
    for slope in (2.0, 5.0):
        loss = steep(slope, composed)(w * x)
        programs[slope] = Program(loss, inputs=[x], parameters=[w], executor=executor)
        cost, gradient = programs[slope]([[3.0]])
        assert (cost, *gradient) == (3.0 * slope, 3.0 * slope)
    for slope, program in programs.items():  # an older one stays as it is, for any rows
        cost, gradient = program([[3.0], [3.0]])
        assert (cost, *gradient) == (3.0 * slope, 3.0 * slope)


def test_a_row_added_again_may_take_another_number_of_operands(steep):
    w = Value(3.0)
    steep(2.0, True)
    for row in (lambda x: x, lambda x, y: x + y):
        count = row.__code__.co_argcount
        partials = [lambda *operands_and_out: 1.0] * count
        loss = primitive("steep", row, *partials, composed=row)(*[w] * count)
        program = Program(loss, inputs=[], parameters=[w])
        assert program(np.zeros((1, 0)))[1].tolist() == [count]


def test_a_plan_keeps_no_graph_alive(fresh):
    loss, parameters = power(2.0)
    program = Program(loss, inputs=[], parameters=parameters)
    alive = weakref.ref(program.recording)
    del program, loss, parameters
    gc.collect()
    assert alive() is None and len(fresh) == 1
    assert not next(iter(fresh._plans)).recording.ids


@pytest.mark.parametrize("tape", [False, True])
def test_threads_that_compile_at_once_get_the_numbers_of_one(tape, fresh, monkeypatch):
    monkeypatch.setattr(registry, "is_irregular", lambda nodes, groups: tape)

    def trained(seed):
        loss, inputs, parameters = zoo.mlp(seed=seed)
        program = Program(loss, inputs=inputs, parameters=parameters)
        return program.train([[leaf.data for leaf in inputs]], Descent(), 50).tolist()

    expected = [trained(seed) for seed in range(4)]
    fresh._plans.clear()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(trained, [0, 1, 2, 3] * 4)) == expected * 4


def test_all_values_are_needed_and_some_adjoints_are_for_readers_alone():
    """∂C/∂x of an input belongs to no gradient: it is computed when somebody asks."""
    loss, inputs, parameters = zoo.mlp()
    _, instructions = plans.matrices(plans.Plan(Recording(loss, inputs, parameters)))
    assert all(this.needed for this in instructions.forward)
    assert not all(this.needed for this in instructions.backward)
