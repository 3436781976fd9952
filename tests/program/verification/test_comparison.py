"""Both comparisons, in C and in NumPy, find the same number, and look at nothing outside."""

import numpy as np
import pytest

from autograd.program import plans
from autograd.program.compiler.recording import Recording
from autograd.program.executors import registry
from autograd.program.verification import comparison, points, witness
from tests.program import zoo
from tests.program.verification.test_faults import FAULTS, accused, interpreted

POINTS, LIMITS = 2, (1e-10, 2.3e-308, comparison.CLEAR)
compiled = pytest.mark.skipif(
    witness.compiled("compare") is None, reason="the extension is not built"
)
WAYS = [comparison.compare, pytest.param(witness.compiled("compare"), marks=compiled)]


def made(rng, dtype="float64", lanes=3):
    """Return what is compared: all of it as it should be, four nodes of each kind."""
    said = rng.normal(size=(8, POINTS))
    values, adjoints = (np.hstack([x, x * (1.0 + 1e-10)]) for x in (said, said[::-1].copy()))
    order = np.arange(lanes) % POINTS
    memories = (
        values[:4, order].mean(axis=1).astype(dtype), values[4:, order].astype(dtype),
        adjoints[:4, order].mean(axis=1).astype(dtype), adjoints[4:, order].astype(dtype),
        values[:2, order].astype(dtype),
    )  # fmt: skip
    memories = tuple(map(np.ascontiguousarray, memories))
    items = [(k, 0, k, 0) for k in range(4)] + [(4 + k, 1, k, 1) for k in range(4)]
    items += [(4 + k, 3, k, k % 2) for k in range(4)] + [(k, 4, k, 1) for k in range(2)]
    gradient = np.arange(4)
    return [
        gradient,
        np.array(items),
        order,
        values,
        adjoints,
        memories,
        2 * POINTS,
        *LIMITS,
    ]


@pytest.mark.parametrize("compare", WAYS)
def test_what_agrees_is_let_be(compare):
    for dtype in ("float64", "float32"):
        asked = made(np.random.default_rng(0), dtype)
        asked[7] = 1e-10 if dtype == "float64" else 1e-6
        assert compare(*asked) is None


@pytest.mark.parametrize("memory", range(5))
@pytest.mark.parametrize("compare", WAYS)
def test_one_number_that_is_off_is_found_wherever_it_is(compare, memory):
    for row in range(2):
        asked = made(np.random.default_rng(row))
        numbers = asked[5][memory]
        numbers[row] *= 1.0 + 1e-6
        item, found, expected = compare(*asked)
        kinds = [2] * 4 + asked[1][:, 1].tolist()
        assert kinds[item] == memory
        assert found == pytest.approx(expected * (1.0 + 1e-6), rel=1e-12) and found != expected


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("lanes", [1, 2, 3, 4, 33, 65, 128, 129, 200])
@pytest.mark.parametrize("compare", WAYS)
def test_one_lane_that_is_off_is_found_wherever_it_is(compare, lanes, dtype):
    for lane in {0, lanes // 2, lanes - 1}:
        asked = made(np.random.default_rng(lane), dtype, lanes)
        asked[7] = 1e-10 if dtype == "float64" else 1e-6
        assert compare(*asked) is None
        asked[5][1][2, lane] *= 1.0 + 1e-4
        assert compare(*asked)[0] == 4 + 6
        asked[5][1][2, lane] = np.nan
        assert compare(*asked)[0] == 4 + 6


@pytest.mark.parametrize("compare", WAYS)
def test_a_gradient_with_lanes_is_their_mean(compare):
    asked = made(np.random.default_rng(5))
    shared = list(asked[5])
    shared[2] = np.repeat(shared[2][:, None], 3, axis=1)
    shared[2][1, 2] *= 1.5  # the first lane is what the mean should be
    asked[5] = tuple(shared)
    assert compare(*asked)[0] == 1


@compiled
def test_both_witnesses_have_the_same_points():
    assert witness.compiled("points") == points.POINTS


@pytest.mark.parametrize("compare", WAYS)
def test_doubt_gives_room_and_nan_is_near_nothing(compare):
    asked = made(np.random.default_rng(3))
    asked[5][1][2, 0] *= 1.0 + 1e-7
    assert compare(*asked)[0] == 4 + 6
    asked[3][6, POINTS:] *= 1.0 + 1e-7  # the noisy twin is as far away
    assert compare(*asked) is None
    asked[5][1][2, 0] = np.nan
    assert compare(*asked)[0] == 4 + 6


@compiled
@pytest.mark.parametrize(
    "change",
    [
        lambda x: x[1].__setitem__((0, 0), 8),  # no such node
        lambda x: x[1].__setitem__((0, 1), 5),  # no such memory
        lambda x: x[1].__setitem__((4, 2), 4),  # no such address
        lambda x: x[0].__setitem__(0, -1),
        lambda x: x[2].__setitem__(0, 2),  # no such point
        lambda x: x.__setitem__(2, x[2][:2]),  # another number of lanes
        lambda x: x.__setitem__(2, x[2][:0]),
        lambda x: x.__setitem__(4, x[4][:5]),
        lambda x: x.__setitem__(6, 0),
        lambda x: x.__setitem__(0, np.arange(9)),  # more parameters than nodes
        lambda x: x.__setitem__(5, tuple(y.astype(int) for y in x[5])),
    ],
)
def test_what_lies_outside_is_refused(change):
    asked = made(np.random.default_rng(0))
    change(asked)
    with pytest.raises(ValueError, match="not those of a program and its witness"):
        witness.compiled("compare")(*asked)


@pytest.mark.parametrize("name", ["terms are lost", "adjoints are not added", "the seed is 2"])
def test_a_fault_is_found_where_nothing_is_compiled(name, monkeypatch):
    place, what, change, case = FAULTS[name]
    interpreted(monkeypatch)
    monkeypatch.setattr(place, what, change(getattr(place, what)))
    assert accused(case(), "numpy")


def test_the_compiled_sample_is_that_of_numpy():
    sample = witness.compiled("sampled")
    if sample is None:
        pytest.skip("the extension is not built")
    rng = np.random.default_rng(0)
    for count in (1, 5, 300, 2000):
        address = rng.integers(-1, count, count) * rng.integers(0, 2, count)
        lanes, active = (rng.integers(0, 2, count).astype(np.uint8).tobytes() for _ in range(2))
        for first, beside in ((0, b""), (count // 3, b""), (0, rng.permutation(count))):
            asked = address, bytearray(lanes), active, beside, count - 1, first, *comparison.MOST
            assert sample(*asked) == comparison.sampled(*asked)
    for wrong in (
        (address, lanes[1:], active, b"", 0, 0, 1, 1, 1),
        (address, lanes, active[1:], b"", 0, 0, 1, 1, 1),
        (address, lanes, active, address[1:], 0, 0, 1, 1, 1),
        (address, lanes, active, b"", count, 0, 1, 1, 1),
        (address, lanes, active, b"", 0, count + 1, 1, 1, 1),
        (address, lanes, active, b"", 0, 0, 0, 1, 1),
    ):
        with pytest.raises(ValueError, match="that have addresses"):
            sample(*wrong)


@compiled
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_parameters_and_constants_get_their_first_numbers(dtype):
    settle, rng = witness.compiled("settle"), np.random.default_rng(0)
    kinds, address = bytearray(rng.integers(0, 4, 50, np.uint8)), rng.permutation(50)
    values, table = rng.normal(size=(50, 4)), np.zeros((50, 3), dtype)
    expected = table.copy()
    settle(kinds, address, values, table[:, 1])
    comparison.settled(kinds, address, values, expected[:, 1])
    np.testing.assert_array_equal(table, expected)
    for wrong in (
        (kinds, address[1:], values, table[:, 0]),
        (kinds, address, values, table[:9]),
        (kinds, address, values[:0], table[:, 0]),
    ):
        with pytest.raises(ValueError, match="no place there"):
            settle(*wrong)


@pytest.mark.parametrize("name", zoo.ZOO)
def test_no_right_program_needs_a_second_look(name):
    """One that finds other numbers of its own in memory has none that were expected to be 0."""
    recording = Recording(*zoo.ZOO[name]())
    said = witness.account(recording, "float64")
    for executor in registry.WAYS:
        if said and registry.WAYS[executor].available():
            parts = registry.assemble(executor, plans.Plan(recording), "float64")
            assert comparison.Comparison(recording, parts, said).difference() is None


@pytest.mark.parametrize("name", zoo.ZOO)
def test_both_witnesses_stand_at_the_same_points(name, monkeypatch):
    recording = Recording(*zoo.ZOO[name]())
    for dtype in ("float64", "float32"):
        with monkeypatch.context() as patch:
            said = witness.account(recording, dtype)
            interpreted(patch)
            other = witness.account(recording, dtype)
        count = min(said.points.width, other.points.width)
        assert (said.points.parameters == other.points.parameters).all()
        if said.points.width == count == other.points.width:
            assert (said.points.inputs == other.points.inputs).all()
