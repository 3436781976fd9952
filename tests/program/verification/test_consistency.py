"""Chaos is no mistake: a program that is far from its nodes may be right, if its numbers follow."""

from random import Random

import pytest

import autograd as ag
from autograd import Value, total
from autograd.program import plans
from autograd.program.compiler.recording import COMPUTED, Recording
from autograd.program.executors import native, registry
from autograd.program.verification import consistency, trial
from autograd.program.verification.comparison import Comparison
from autograd.program.verification.witness import account
from tests.program.verification.test_faults import CASES, FAULTS

built = pytest.mark.skipif(not native.available(), reason="the extension is not built")

MIXED = [
    lambda a, b: ag.sin(2.0 * a + b),
    lambda a, b: ag.tanh(1.5 * a - b),
    lambda a, b: a * b + 0.3,
    lambda a, b: ag.cos(a - b),
    lambda a, b: ag.exp(-a * a),
    lambda a, _: 1.7 * a,
]


def chaotic(nodes, window, seed=0):
    """Return a random graph of mixed operations, each on two of the last `window` nodes."""
    rng = Random(seed)
    own = [Value(rng.uniform(-1.0, 1.0)) for _ in range(50)]
    found = list(own)
    while len(found) < nodes:
        a, b = (found[-1 - rng.randrange(min(window, len(found)))] for _ in range(2))
        made = rng.choice(MIXED)(a, b)
        found.append(made if abs(made.data) < 4.0 else ag.tanh(made))
    return total(found[-20:]), [], own


def compared(case, executor, dtype="float64"):
    """Return a program of a graph beside its witness."""
    recording = Recording(*case)
    parts = registry.assemble(executor, plans.Plan(recording), dtype)
    return Comparison(recording, parts, account(recording, dtype))


def accused(case, executor="auto"):
    recording = Recording(*case)
    return trial.tried(executor, "float64", plans.Plan(recording), recording)[2]


@built
def test_a_deep_chaotic_graph_is_not_accused():
    """The tape's gradient is farther from the witness's than either is large."""
    case = chaotic(9000, 30)
    assert compared(case, "auto").difference()
    assert accused(case) is None


@built
@pytest.mark.parametrize("fault", [None, "value", "adjoint"])
def test_of_a_large_graph_is_looked_at_where_it_is_off_first(fault, monkeypatch):
    """One number in 18 000: a sample would hardly meet it."""
    monkeypatch.setattr(consistency, "MOST", 1 << 12)
    monkeypatch.setattr(consistency, "SAMPLE", 1 << 5)
    this = compared(chaotic(9000, 30), "auto")
    computed = differentiable(this)
    if fault:
        spoil(this, fault, computed[100 if fault == "value" else -2], monkeypatch)
    assert this.follows(1) == (fault is None)


def differentiable(this):
    """Return the nodes of operations that have a place, and an adjoint that is not 0."""
    nodes = (x for x in this.recording.after_leaves if this.recording.kinds[x] == COMPUTED)
    return [x for x in nodes if this.address[x] >= 0 and this.account.adjoints[x, 0]]


def spoil(this, what, node, monkeypatch):
    """Let one number of a program, and not what follows from it, be off by a millionth."""
    backward = this.parts.executor.backward

    def moved():
        backward()
        place = this.parts.placement.adjoint(node)
        room = this.memory.room
        numbers = room.adjoints[place.lanes] if what == "adjoint" else room.values[False]
        numbers[place.address if what == "adjoint" else this.address[node]] *= 1.0 + 1e-6

    monkeypatch.setattr(this.parts.executor, "backward", moved)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("executor", ["numpy", "auto"])
@pytest.mark.parametrize("name", CASES)
def test_the_numbers_of_a_right_program_follow_from_one_another(name, executor, dtype):
    this = compared(CASES[name](), executor, dtype)
    assert all(this.follows(lanes) for lanes in (1, 2, 3))


@pytest.mark.parametrize("executor", ["numpy", "auto"])
@pytest.mark.parametrize("name", FAULTS)
def test_those_of_a_wrong_one_do_not(name, executor, monkeypatch):
    place, what, change, case = FAULTS[name]
    monkeypatch.setattr(place, what, change(getattr(place, what)))
    this = compared(case(), executor)
    assert not this.follows(this.difference().lanes)


@pytest.mark.parametrize("what", ["value", "adjoint"])
def test_one_number_that_is_off_is_found(what, monkeypatch):
    this = compared(chaotic(300, 8), "numpy")
    assert this.follows(1)
    for node in differentiable(this)[10::60]:
        with monkeypatch.context() as patch:
            spoil(this, what, node, patch)
            assert not this.follows(1)


def test_matrices_of_many_groups_are_not_tried_in_place_of_a_wrong_tape(monkeypatch):
    """They would take minutes: node by node it is slow, but it runs at once."""
    place, what, change, case = FAULTS["a number is lost from sums"]
    recording = Recording(*case())
    plan = plans.Plan(recording)
    matrices = registry.WAYS["numpy"].assemble
    assert matrices in registry.others(plan)
    monkeypatch.setattr(registry, "MANY", len(plan.reroll.groups) - 1)
    assert matrices not in registry.others(plan)
    monkeypatch.setattr(place, what, change(getattr(place, what)))
    _, parts, wrong = trial.tried("numpy", "float64", plans.Plan(recording), recording)
    assert wrong and parts.executor.name in ("eager", "native")
