"""A tape runs as it is written, whatever it reads from registers, pairs or repeats."""

from array import array

import numpy as np
import pytest

from autograd import Program, Value, dot, mean, total
from autograd.program.executors import native
from autograd.program.executors.tape.code import Tape, used
from autograd.program.executors.tape.executor import in_rows, placed, prepared
from tests.program import zoo

pytestmark = pytest.mark.skipif(not native.available(), reason="the extension is not built")

WRITTEN = {  # name: what it makes of the slots v, its result and operands a and b
    "add": lambda v, out, a, b: v[a] + v[b],
    "sub": lambda v, out, a, b: v[a] - v[b],
    "mul": lambda v, out, a, b: v[a] * v[b],
    "copy": lambda v, out, a, b: v[a],
    "neg": lambda v, out, a, b: -v[a],
    "accumulate": lambda v, out, a, b: v[out] + v[b],
    "accumulate_first": lambda v, out, a, b: v[b],
    "subtract": lambda v, out, a, b: v[out] - v[b],
    "subtract_first": lambda v, out, a, b: -v[b],
    "multiply_accumulate": lambda v, out, a, b: v[out] + v[a] * v[b],
    "multiply_accumulate_first": lambda v, out, a, b: v[a] * v[b],
}
ROOM = 3000


def codes():
    from autograd.program.executors.native import _replay

    return {name: k for k, name in enumerate(_replay.operations)}


def drawn(rng, length):
    """Operations on a few slots, so that neighbours often share one."""
    slots = rng.integers(0, 6, (length, 3))
    gives = slots[:, 0] == slots[:, 2]  # an adjoint never receives a part of itself
    slots[gives, 2] = (slots[gives, 2] + 1) % 6
    return [(name, *row) for name, row in zip(rng.choice([*WRITTEN], length), slots, strict=True)]


def moved(body, growth, times):
    """The body again and again, its slots further on."""
    for k in range(times):
        for (name, *slots), steps in zip(body, growth, strict=True):
            yield name, *(x + k * step for x, step in zip(slots, steps, strict=True))


def both_ways(code, dtype, lanes=2):
    """Slots after the code has run as a tape, and one operation after the other."""
    expected = np.random.default_rng(0).uniform(-1, 1, (ROOM, lanes)).astype(dtype)
    table = in_rows(np.empty(expected.size, dtype), lanes)
    table[:] = expected
    for name, out, a, b in code:
        expected[out] = WRITTEN[name](expected, out, a, b)
    number = codes()
    words = array("I", [x for name, out, a, b in code for x in (number[name] | out << 8, a, b, 0)])
    tape = Tape(words, number)
    prepared(tape, placed(tape, table.dtype), table)()
    return tape.alone, table, expected


@pytest.mark.parametrize("lanes", [1, 3, 19])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("seed", range(4))
def test_any_tape_gives_the_bits_of_its_operations_in_order(seed, dtype, lanes):
    with np.errstate(all="ignore"):
        _, actual, expected = both_ways(drawn(np.random.default_rng(seed), 400), dtype, lanes)
    np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("lanes", [1, 3, 19])
@pytest.mark.parametrize("seed", range(8))
def test_a_loop_gives_the_bits_of_its_operations_in_order(seed, lanes):
    rng = np.random.default_rng(seed)
    body = drawn(rng, int(rng.integers(2, 60)))
    growth = rng.choice([0, 7, 7, 7, 3], (len(body), 3))
    before, after = drawn(rng, 30), drawn(rng, 30)
    code = [*before, *moved(body, growth, 40), *after]
    with np.errstate(all="ignore"):
        tape, actual, expected = both_ways(code, "float64", lanes)
    assert any(times > 30 for _, times, *_ in tape.table)
    np.testing.assert_array_equal(actual, expected)


def test_slots_may_go_down():
    body = [("multiply_accumulate", 1000, 2000, 1001), ("add", 1500, 1000, 2000)]
    code = [*moved(body, [(-3, -2, -3), (-1, -3, -2)], 50)]
    tape, actual, expected = both_ways(code, "float64")
    assert tape.table[:, :2].tolist() == [[2, 50]]
    np.testing.assert_array_equal(actual, expected)


def test_pairs_and_registers_are_made_use_of():
    body = [("mul", 10, 1, 5), ("add", 11, 6, 10), ("multiply_accumulate_first", 12, 1, 11)]
    tape, actual, expected = both_ways([*moved(body, [(8, 0, 8)] * 3, 20)], "float64")
    names = [*codes()]
    assert "mul__add_x" in [names[k] for k in tape.rows[:, 0] & 255]
    np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize(
    ("name", "words"),
    [("add", 0b1110), ("add_x", 0b1010), ("sub_y", 0b1100), ("neg", 0b1100), ("where", 0b1111),
     ("accumulate", 0b1010), ("accumulate_last", 0b1000), ("multiply_accumulate_again", 0b1100),
     ("sine_and_cosine", 0b1101), ("sine_and_cosine_x", 0b1001)],
)  # fmt: skip
def test_words_that_nobody_reads_need_no_mending(name, words):
    assert used(name) == tuple(bit == "1" for bit in f"{words:04b}")


@pytest.mark.parametrize("lanes", [1, 9])
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_the_sign_of_a_zero_is_that_of_the_engine(zero, lanes, monkeypatch):
    """Sums that are written with dot or total begin with 0, those of + with their first term."""
    zoo.run_as_tapes(monkeypatch)
    a, b = Value(2.0), Value(zero)
    sums = [
        dot([a], [b]), dot([a], [b], a * b), total([b]), total([b, b]), total([a * b, a * b]),
        a * b + a * b, b + b + b, b + b + 0.0, b + b + -0.0, sum([a * b, a * b]), mean([b]),
    ]  # fmt: skip
    program = Program(total(sums), inputs=[b], parameters=[a], also=sums)
    program([[zero]] * lanes)
    found = program.read_values(sums)[-1].tolist()
    assert list(map(repr, found)) == [repr(x.data) for x in sums]


WRONG = {
    "a stretch begins before the tape": lambda x: x["firsts"].__setitem__(0, -1),
    "a stretch ends behind it": lambda x: x["firsts"].__setitem__(0, len(x["rows"])),
    "a stretch of less than nothing": lambda x: x["table"].__setitem__((0, 0), -1),
    "more words to mend than there are": lambda x: x["table"].__setitem__((0, 3), 9),
    "a word to mend lies outside": lambda x: x["mends"].__setitem__((0, 0), 10**6),
    "a stretch without a place": lambda x: x.__setitem__("firsts", x["firsts"][:0]),
    "an operation without a code": lambda x: x["rows"].__setitem__((0, 0), 255),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_form_whose_parts_do_not_fit_is_refused(name):
    from autograd.program.executors.native import _replay

    number = codes()
    slots = [(k + 1, 0 if k % 2 else k, 0) for k in range(40)]  # in steps of two, some stay
    words = [x for to, a, b in slots for x in (number["add"] | to << 8, a, b, 0)]
    form = {k: v.copy() for k, v in Tape(array("I", words), number).wide._asdict().items()}
    assert len(form["mends"])
    table = np.zeros((50, 9))
    _replay.run_form(*form.values(), table, False)
    WRONG[name](form)
    for run in (
        lambda: _replay.run_form(*form.values(), table, False),
        lambda: _replay.placed(*form.values(), False),
    ):
        with pytest.raises(ValueError, match=r"of a tape lie within it|that have a code"):
            run()
