"""Products added where index lists say are, segment by segment, what NumPy adds one by one."""

from random import Random

import numpy as np
import pytest

from autograd import Program, Value, dot, softmax, total
from autograd.program.compiler.accesses import Access
from autograd.program.compiler.instructions import ADD, Map
from autograd.program.compiler.steps import PRODUCT
from autograd.program.executors import native
from tests.program.reference import assert_follows, printed_on, reference

pytestmark = pytest.mark.skipif(not native.available(), reason="the extension is not built")

ROOM = 400  # numbers of each operand, which lie one behind another
STEPS = {"first stays": (0, 1, 1), "second stays": (1, 0, 1), "sum": (1, 1, 0), "mixed": None}
LENGTHS = {  # of segments: around vectors of 2 to 16 numbers, and too short to be any
    "triangle": range(1, 18), "long": (31, 32, 33, 64, 65, 100), "short": (1, 2, 1, 3, 2),
}  # fmt: skip


def places(steps, lengths, rng):
    """Return the addresses of two factors and of their products, (3, entries)."""
    columns = []
    for length in lengths:
        each = steps or rng.choice([x for x in STEPS.values() if x])
        first = [rng.randrange(ROOM - length) for _ in range(3)]
        for k in range(length):
            columns.append([at + k * step for at, step in zip(first, each, strict=True)])
    return np.array(columns).T + ROOM * np.arange(3)[:, None]


def across(rows, each):
    """Return addresses of sums of `each` products, one sum after another.

    They lie in segments once all first products are taken, then all second ones, and so on.
    """
    row, k = np.divmod(np.arange(rows * each), each)
    return np.array([50 * k + row, 7 * k, row])


def added(lists, dtype, numbers):
    """Return the numbers after `numbers[lists[2]] += numbers[lists[0]] * numbers[lists[1]]`."""
    from autograd.program.executors.native import _replay
    from autograd.program.executors.native.table import Table

    found, table = numbers.astype(dtype), Table()
    accesses = [Access(False, False, 0, (), column) for column in lists]
    words = table.words([Map((len(lists[0]),), False, PRODUCT, (*accesses[:2],), accesses[2], ADD)])
    others = [np.zeros(shape, dtype) for shape in ((0, 1), found.shape, (0, 1), (0,))]
    sections = [np.array(words), *(np.zeros(0, np.int64) for _ in range(4))]
    index, scratch = np.concatenate(table.index).astype(np.int64), bytearray(_replay.scratch)
    replay = _replay.Replay(
        dtype == "float32", 1, (found, *others), (*sections,), np.zeros(0), index, scratch
    )
    replay.run(0, 1)
    return found


def check(lists, dtype, seed):
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=3 * ROOM).astype(dtype).astype(float)
    expected = numbers.copy()
    np.add.at(expected, lists[2], numbers[lists[0]] * numbers[lists[1]])
    near = 1e-13 if dtype == "float64" else 1e-4
    found = added(lists, dtype, numbers)
    np.testing.assert_allclose(found, expected, rtol=near, atol=near)
    untouched = np.setdiff1d(np.arange(3 * ROOM), lists[2])
    np.testing.assert_array_equal(found[untouched], numbers[untouched])


def check_all(dtype):
    for steps in STEPS:
        for name, lengths in LENGTHS.items():
            for seed in range(3):
                lists = places(STEPS[steps], lengths, Random(f"{steps} {name} {seed}"))
                check(lists, dtype, seed)
    for rows, each in ((20, 4), (17, 2), (3, 5), (8, 7)):
        lists = across(rows, each)
        for turned in (lists, lists[[1, 0, 2]], lists[[2, 0, 1]]):
            own = turned % ROOM + ROOM * np.arange(3)[:, None]
            check(own, dtype, rows)
            check(np.hstack([own, own[:, :1]]), dtype, rows)  # one product is no row


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_segments_of_every_kind_and_length(dtype):
    check_all(dtype)


@pytest.mark.parametrize("tile", ["v3", "v2", "plain"])
def test_segments_on_every_instruction_set(tile):
    code = (
        "from tests.program.executors.native.test_segments import check_all\n"
        "check_all('float64')\n"
        "check_all('float32')\n"
    )
    printed_on(tile, code)


@pytest.mark.parametrize("stride", [1, 2, -3])
def test_lists_of_places_that_are_equally_far_apart(stride):
    """Some or all lists are as good as strides."""
    straight = ROOM + 200 + stride * np.arange(60)
    rng = np.random.default_rng(5)
    for which in range(1, 8):
        lists = rng.integers(0, ROOM, (3, 60)) + ROOM * np.arange(3)[:, None]
        lists[2] = 2 * ROOM + rng.permutation(ROOM)[:60]
        for k in range(3):
            if which >> k & 1:
                lists[k] = straight + (k - 1) * ROOM
        check(lists, "float64", which)


def test_a_product_of_very_many_segments_is_cut_between_them():
    """Ctrl-C is answered after some million products: to[k // 5] += a[k] a[k]."""
    entries = 4_400_000
    lists = np.arange(entries), np.arange(entries), entries + np.arange(entries) // 5
    numbers = np.concatenate([np.random.default_rng(0).normal(size=entries), np.zeros(entries)])
    found = added(lists, "float64", numbers)[entries : entries + entries // 5]
    expected = (numbers[:entries] ** 2).reshape(-1, 5).sum(axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def attention(places, heads, each, rng):
    """Causal attention over rows of inputs by heads of so many units; all results are squared."""
    width = heads * each
    x = [[Value(rng.gauss(0, 1)) for _ in range(width)] for _ in range(places)]
    matrices = [
        [[Value(rng.gauss(0, 0.5)) for _ in range(width)] for _ in range(width)] for _ in range(3)
    ]
    q, k, v = ([[dot(row, column) for row in W] for column in x] for W in matrices)
    out = []
    for t in range(places):
        for head in (slice(h, h + each) for h in range(0, width, each)):
            shares = softmax([dot(q[t][head], k[u][head]) for u in range(t + 1)])
            for i in range(width)[head]:
                out.append(dot(shares, [v[u][i] for u in range(t + 1)]))
    inputs = [number for row in x for number in row]
    parameters = [w for W in matrices for row in W for w in row]
    return total([a * a for a in out]), inputs, parameters


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.parametrize(("places", "heads", "each"), [(9, 2, 2), (17, 1, 3), (6, 2, 4)])
def test_every_number_of_causal_attention(places, heads, each, lanes):
    """Scores, shares and what they are for look back at ever more places."""
    loss, inputs, parameters = attention(places, heads, each, Random(places))
    X = np.random.default_rng(places).normal(size=(lanes, len(inputs)))
    program = Program(loss, inputs=inputs, parameters=parameters, executor="native")
    assert_follows(program, reference(loss, inputs, X), X)
