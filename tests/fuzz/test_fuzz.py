"""A bounded stretch of the hunt, and that the hunter itself can see."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from autograd.derivatives import kinds, sparsity
from autograd.program import noise
from autograd.program.compiler import reroll
from autograd.program.compiler.layout import Layout
from autograd.program.executors import native
from autograd.program.jitting import sparse
from autograd.program.training import Trainer
from tests.fuzz import forms, hunt, trainings
from tests.fuzz.cases import Case, Unsound, built, fresh_leaves, require_sound
from tests.fuzz.checks import difference
from tests.fuzz.derivatives import derived_otherwise
from tests.fuzz.drawing import drawn
from tests.fuzz.printing import names, source
from tests.fuzz.shrinking import pruned
from tests.program.reference import WITH_TAPES, printed_on

PROGRAMS = 40  # of each instruction set
TRAININGS = 25

RAGGED = Case(  # sin(w0*w2 + w1*w2 + b) + sin(w1*w2 + w0*w2 + 2*w1*w2 + b)
    leaves=(("w", 0.7), ("w", -0.4), ("w", 0.9), ("w", 0.1)),
    lines=(
        ("sum", (0, 1), (2, 2), (3,)), ("sum", (1, 0, 1, 1), (2, 2, 2, 2), (3,)),
        ("sin", (4,)), ("sin", (5,)), ("total", (), (), (6, 7)),
    ),
    loss=8, rows=((),), lanes=(1,), ways=tuple((x, "float64") for x in WITH_TAPES),
)  # fmt: skip


def test_random_programs_equal_the_engine():
    lines = []
    programs, found = hunt.hunt("test", count=PROGRAMS, report=lines.append)
    assert programs == PROGRAMS and not found, "\n".join(lines)


@pytest.mark.skipif(not native.available(), reason="the extension is not built")
@pytest.mark.parametrize("tile", ["v3", "v2", "plain"])
def test_random_programs_equal_the_engine_in_other_instruction_sets(tile):
    code = (
        "from tests.fuzz.hunt import hunt\n"
        f"raise SystemExit(bool(hunt('test {tile}', count={PROGRAMS})[1]))"
    )
    printed_on(tile, code)


def test_a_seed_is_a_program():
    assert drawn("a", RAGGED.ways) == drawn("a", RAGGED.ways) != drawn("b", RAGGED.ways)


@pytest.mark.skipif(not native.available(), reason="the extension is not built")
def test_a_compiler_that_joins_what_is_beside_the_loss_with_it_is_found_out(monkeypatch):
    case = Case(  # sqrt(w1), with sqrt(w0) beside it, where w0 = 0
        leaves=(("w", 0.0), ("w", 0.5)), lines=(("sqrt", (0,)), ("sqrt", (1,))), loss=3,
        rows=((),), lanes=(1,), ways=RAGGED.ways, also=(2,),
    )  # fmt: skip
    assert difference(case) is None
    real = reroll.grouping()
    joined = SimpleNamespace(
        groups=lambda *columns: real.groups(*columns[:-1], b"\1" * len(columns[3])),
        share=real.share,
    )
    monkeypatch.setattr(reroll, "grouping", lambda: joined)
    assert "not finite" in difference(case)[1]


def test_a_compiler_that_takes_ragged_sums_for_a_matrix_is_found_out(monkeypatch):
    assert difference(RAGGED) is None
    monkeypatch.setattr(
        Layout, "_in_equal_rows", lambda self, part, count: len(part.rows) % count == 0
    )
    (executor, _), wrong = difference(RAGGED)
    assert executor == "numpy" and wrong.startswith("m = 1: 0.0199996666")


def test_a_difference_shrinks_to_a_few_lines(monkeypatch):
    """A compiler that loses a term of every sum: one sum is left, of two operands at most."""
    from tests.fuzz import shrinking

    def loses(case):
        require_sound(case)
        return any(line[0] == "sum" and line[1] for line in case.lines) and (case.ways[0], "")

    monkeypatch.setattr(shrinking, "difference", loses)
    seed = next(k for k in range(100) if loses(drawn(k, RAGGED.ways)) and drawn(k, RAGGED.ways))
    small, _ = shrinking.shrunk(drawn(seed, RAGGED.ways), RAGGED.ways[0])
    ((name, left, right, terms),) = small.lines
    assert (name, len(left), len(right), terms) == ("sum", 1, 1, ())


def test_a_case_prints_as_a_program_that_computes_it():
    for seed in range(30):
        try:
            case = pruned(drawn(f"print {seed}", RAGGED.ways[:1]))
            require_sound(case)
        except Unsound:
            continue
        printed = []
        scope = {"print": printed.append}
        exec(source(case, "plain", "a note"), scope)
        assert len(printed) == len(case.lanes)
        nodes = built(case, fresh_leaves(case))
        for name, node in zip(names(case), nodes, strict=True):
            number = getattr(scope[name], "data", scope[name])
            assert np.array_equal(number, getattr(node, "data", node)), name


def test_numbers_near_a_kink_are_no_program():
    near = Case((("w", 1.0), ("w", 1.001)), (("maximum", (0, 1)),), 2, ((),), (1,), RAGGED.ways)
    with pytest.raises(Unsound):
        require_sound(near)


def test_derivatives_of_random_programs_are_those_of_the_engine():
    examined, k = 0, 0
    while examined < PROGRAMS:
        k += 1
        with forms.own_rows():
            try:
                case = drawn(f"derived {k}", RAGGED.ways[:1])
                require_sound(case)
                wrong = derived_otherwise(case)
            except Unsound:
                continue
        examined += 1
        assert wrong is None, f"derived {k}: {wrong}"


@pytest.mark.parametrize("place", [sparse, kinds])
def test_a_pattern_that_loses_an_entry_is_found_out(monkeypatch, place):
    case = replace(RAGGED, extras=(("derivatives",),))
    assert difference(case) is None

    def careless(*graph):
        return [mask & mask - 1 for mask in sparsity.pattern(*graph)]

    monkeypatch.setattr(place, "pattern", careless)
    if place is kinds:  # where nothing is kept
        monkeypatch.setattr(kinds, "KEPT", ())
    _, wrong = difference(case)
    assert wrong.startswith("sparse jacobian" if place is sparse else "kept jacobian")


def with_lines(*lines, extras=()):
    """Return a program of a weight and an input, over three rows."""
    leaves = (("w", 0.7), ("x", 0.5))
    ways = tuple((x, "float64") for x in WITH_TAPES)
    rows = ((0.5,), (-0.25,), (1.5,))
    return Case(leaves, lines, 1 + len(lines), rows, (3,), ways, (), extras)


def test_random_numbers_of_another_example_are_found_out(monkeypatch):
    case = with_lines(("noise", (7.0,)), ("mul", (0, 2)), ("mul", (3, 1)))
    assert difference(case) is None
    columns = noise.Noise.columns
    monkeypatch.setattr(
        noise.Noise, "columns", lambda self, rows, call: columns(self, [k + 1 for k in rows], call)
    )
    assert "right" in difference(case)[1]


def test_a_row_that_is_composed_of_something_else_is_found_out(monkeypatch):
    case = with_lines(("bent", (0,)), ("leant", (2, 1)))
    assert difference(case) is None
    lying = forms.OWN["bent"]._replace(composed=lambda x: x * x)
    monkeypatch.setitem(forms.OWN, "bent", lying)
    assert "right" in difference(case)[1]


def test_random_trainings_are_the_same_compiled_and_node_by_node():
    for seed in range(TRAININGS):
        training = trainings.drawn(seed)
        wrong = trainings.trained_otherwise(training)
        assert wrong is None, f"{training}\n{wrong}"


def test_a_training_that_goes_otherwise_is_found_out(monkeypatch):
    """The compiled way clips by a number of its own."""
    monkeypatch.setattr(Trainer, "_scale", lambda self, g: 0.9)
    training = next(
        found for found in map(trainings.drawn, range(100)) if found.optimizer == "clipped norm"
    )
    assert trainings.trained_otherwise(training).startswith("parameters: compiled ")
