"""What C finds in a graph is what Python finds, column by column."""

import random

import numpy as np
import pytest

import autograd as ag
from autograd import NoiseStream, Program, Value, implementation, softmax, take, total
from autograd.program.compiler import columns, reroll, sums
from autograd.program.compiler.recording import Recording
from autograd.program.compiler.reroll import Reroll
from tests.program import zoo
from tests.program.zoo import SERIAL, ZOO

pytestmark = pytest.mark.skipif(
    implementation != "c" or sums.grouping() is None, reason="the extensions are not built"
)


def family():
    """Results that share operands, numbers among them, and others that stand alone."""
    leaves = zoo.Leaves(3)
    x, index = leaves.weights(4), Value(1.0)
    leaves.inputs.append(index)
    shares = [*softmax([*x, 0.5]), take(x, index), *ag.log_softmax(x)]
    return leaves.result(total(shares) * softmax([x[0], 0.25])[1] + sum(shares[:3]))


def noisy():
    leaves = zoo.Leaves(4)
    x = leaves.weights(3)
    noise = NoiseStream(seed=1).uniform(3)
    return leaves.result(total([a * u for a, u in zip(x, noise, strict=True)]) + noise[0])


def many_groups():
    """Over a thousand groups, so that the table of keys grows."""
    return zoo.tangle(5, 3000)


def sums_of_sums():
    """Sums that run into each other, share members, are too small, or add nothing but zeros."""
    leaves, rng = zoo.Leaves(7), random.Random(7)
    pool = [*leaves.weights(6), *leaves.data(3)]
    for _ in range(300):
        a, b, c = (rng.choice(pool[-30:]) for _ in range(3))
        ways = (
            lambda a, b, c: a * b + c, lambda a, b, c: a * b + b * c, lambda a, b, c: a + b,
            lambda a, b, c: sum([a, b * c, 0.0]), lambda a, b, c: total([a]) + 0.0,
            lambda a, b, c: ag.dot([a, 2.0], [b, c], a * c + b), lambda a, b, c: total([0.0, -0.0]),
            lambda a, b, c: ag.dot([0.5, 2.0], [b, c], 1.0), lambda a, b, c: 0.1 * ag.tanh(a + b),
        )  # fmt: skip
        pool.append(rng.choice(ways)(a, b, c))
    return leaves.result(total(pool[-40:]))


def written_in_numbers():
    """Two layers over examples written in numbers, two of which are equal."""
    leaves = zoo.Leaves(8)
    w, v = leaves.matrix(3, 4), leaves.weights(3)
    rows = [[0.5, -0.0, 2.0, 1.0], [0.25, 0.0, 2.0, 1.0], [0.5, -0.0, 2.0, 1.0]]
    return leaves.result(total([ag.dot(v, [ag.tanh(ag.dot(u, x)) for u in w]) for x in rows]))


GRAPHS = {
    **ZOO, **SERIAL, "family": family, "noisy": noisy, "many groups": many_groups,
    "sums of sums": sums_of_sums, "numbers": written_in_numbers,
}  # fmt: skip


SHARING = {"numbers", "sums of sums"}


def all_columns(recording):
    return {
        "operations": recording.operations, "flat": recording.flat.tolist(),
        "bounds": recording.bounds.tolist(), "kinds": bytes(recording.kinds),
        "numbers": recording.numbers.tobytes(), "lanes": bytes(recording.lanes),
        "ids": list(recording.ids.values()), "nodes": list(map(id, recording.ids)),
        "noise": list(map(id, recording.noise)), "root": recording.root,
        "kept": recording.kept, "rows": recording.rows, "inputs": recording.inputs,
    }  # fmt: skip


@pytest.mark.parametrize("name", GRAPHS)
def test_a_recording_in_c_is_that_in_python(name, monkeypatch):
    loss, inputs, parameters = GRAPHS[name]()
    guarded = [parameters[0] * 2.0, parameters[0]]
    first = Recording(loss, inputs, parameters, guarded)
    monkeypatch.setattr(columns, "compiled_columns", None)
    assert all_columns(first) == all_columns(Recording(loss, inputs, parameters, guarded))


@pytest.mark.parametrize("name", GRAPHS)
def test_groups_in_c_are_those_in_python(name, monkeypatch):
    recording = Recording(*GRAPHS[name]())
    first = Reroll(recording)
    groups = first.groups
    for module in (sums, reroll):
        monkeypatch.setattr(module, "grouping", lambda: None)
    second = Reroll(recording)
    assert len(second.groups) == len(groups)
    assert (first.alike == second.alike).all()
    assert len(first.alike) or name not in SHARING
    for what in ("owner", "nodes", "pair_bounds", "left", "right", "term_bounds", "terms", "zeros"):
        assert (getattr(first.sums, what) == getattr(second.sums, what)).all(), what
    assert (first.signatures == second.signatures).all()
    assert first.count == second.count == len(first.groups)
    for one, other in zip(first.groups, second.groups, strict=True):
        assert (one.key, one.lanes, one.trained) == (other.key, other.lanes, other.trained)
        assert (one.members == other.members).all()


def test_marks_are_off_after_a_recording():
    """A walk leaves the graph as it was: gradients stay, and another walk sees all nodes."""
    loss, inputs, parameters = family()
    loss.backward()
    before = [x.grad for x in parameters]
    recording = Recording(loss, inputs, parameters)
    assert [x.grad for x in parameters] == before
    assert len(Recording(loss, inputs, parameters)) == len(recording)
    again = [x.grad for x in parameters]
    loss.backward()
    assert [x.grad for x in parameters] == [2.0 * x for x in again]


@pytest.mark.parametrize("wrong", ["twice", "both roles", "computed", "constant"])
def test_leaves_that_are_none_change_nothing(wrong):
    x, y = Value(1.0), Value(2.0)
    z = x * y
    given = {
        "twice": ([y], [x, x]), "both roles": ([x], [x, y]), "computed": ([y], [z]),
        "constant": ([y], [x, (x + 1.0).parents[1]]),
    }[wrong]  # fmt: skip
    with pytest.raises(ValueError, match=r"leaf|leaves"):
        Program(z + 1.0, inputs=given[0], parameters=given[1])
    assert Program(z, inputs=[y], parameters=[x])(np.array([[3.0]]))[0] == 3.0


def test_wrong_columns_are_refused():
    compiled = sums.grouping()
    flat, bounds = np.array([0, 5]), np.array([0, 0, 2])
    with pytest.raises(ValueError, match="before its node"):
        compiled.sums(flat, bounds, bytes(2), bytes(2))
    flat = np.array([0, 0])
    with pytest.raises(ValueError, match="one sort"):
        compiled.sums(flat, bounds, bytes(1), bytes(2))
    with pytest.raises(ValueError, match="sort"):
        compiled.sums(flat, bounds, bytes([0, 9]), bytes(2))
