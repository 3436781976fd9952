"""What Python hands to the replay is as long as it says, or is refused before it is read."""

import subprocess
import sys

import numpy as np
import pytest

from autograd.program.executors import native

pytestmark = pytest.mark.skipif(not native.available(), reason="the extension is not built")

COPY = [1, 27, 0, 1, 1, 1, 0, 0, 1, 2, 0, 0, 2, 0, 0, -1, 1, 0, 2, -1, 1, 1, 0, 37, 1, 0, 0]
COPY.append(0)  # values[2:4] = values[0:2], one step of five words
COPY[1] = len(COPY)


def replay(table=(), constants=(), index=()):
    from autograd.program.executors.native import _replay

    buffers = [np.zeros(n) for n in ((4,), (1, 2), (4,), (1, 2), (2,))]
    buffers[0][:2] = 1.0, 2.0
    words = [np.array(table, np.int64), *(np.zeros(0, np.int64) for _ in range(4))]
    numbers = np.array(constants, float), np.array(index, int), bytearray(_replay.scratch)
    made = _replay.Replay(False, 2, tuple(buffers), tuple(words), *numbers)
    return made, buffers


def copy():
    from autograd.program.executors.native import _replay

    return [*COPY[:23], _replay.operations.index("copy"), *COPY[24:]]


def test_a_table_that_fits_runs():
    made, buffers = replay(copy())
    made.run(0, 1)
    assert buffers[0].tolist() == [1.0, 2.0, 1.0, 2.0]


@pytest.mark.parametrize("word", range(12))
@pytest.mark.parametrize("number", [-1, 0, 3, 100, 2**40])
def test_an_instruction_is_as_long_as_it_says(word, number):
    table = copy()
    lengths = {0, 1, 3, 4, 5, 6, 8, 9, 11}  # kind, length, counts of what follows or is kept
    if word in lengths and table[word] != number and (word, number) not in {(9, 3), (6, 0)}:
        table[word] = number
        with pytest.raises((ValueError, NotImplementedError)):
            replay(table)


@pytest.mark.parametrize("cut", [1, 5, 15, 27])
def test_a_table_that_is_cut_off_is_refused(cut):
    with pytest.raises(ValueError, match="not as long as it says"):
        replay(copy()[:cut])


TWISTED = """
import random, sys
import numpy as np
from autograd import Program, Value, dot, logsumexp, take, tanh
from autograd.program.executors.native import _replay

made, real = [], _replay.Replay

def noted(*arguments):
    made.append(arguments)
    return real(*arguments)

_replay.Replay = noted
x = [Value(0.1 * k) for k in range(4)]
w = [tuple(Value(0.1) for _ in x) for _ in range(3)]
z = [tanh(dot(row, x)) for row in w]
loss = logsumexp(z) - take(z, Value(1.0)) + sum(a * a for a in z)
parameters = [p for row in w for p in row]
program = Program(loss, inputs=x, parameters=parameters, executor="native")
program(np.ones((5, 4)))
single, lanes, buffers, tables, constants, index, scratch = made[-1]
rng, refused = random.Random(1), 0
guarded = [np.full(64 + x.size + 64, 0.5) for x in buffers]
inner = [room[64 : 64 + x.size].reshape(x.shape) for room, x in zip(guarded, buffers)]
for _ in range(3000):
    twisted = [table.copy() for table in tables]
    table = rng.choice([t for t in twisted if len(t)])
    table[rng.randrange(len(table))] = rng.choice([-1, 0, 1, 2, 3, 5, 40, 10**6, -(10**12)])
    try:
        replay = real(single, lanes, tuple(inner), tuple(twisted), constants, index, scratch)
    except (ValueError, NotImplementedError):
        refused += 1
    else:
        replay.run(0, 4)
    for room in guarded:
        assert (room[:64] == 0.5).all() and (room[-64:] == 0.5).all(), twisted
print(refused)
"""


def test_no_twisted_table_leaves_its_arrays():
    """A wrong word is refused, or changes numbers; in another process, for it might crash."""
    run = subprocess.run([sys.executable, "-c", TWISTED], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) > 1000


def in_three_steps(*, index=-1, lead=1, read=0):
    """A table of values[2:4] = exp(values[0:2]) - values[1], made by a step that leads."""
    from autograd.program.executors.native import _replay

    code = _replay.operations.index
    sources = [0, 0, index, 1, 0, 1, -1, 0]  # values[0:2], and values[1] for all of them
    target = [0, 2, -1, 1, 3, 0]
    steps = [
        (code("neg"), 2, 1, 1, 1),
        (code("exp"), 3, read, read, read),
        (code("add"), 3, 3, 2, 3),
    ]
    words = [1, 0, 0, 1, 2, 1, 0, 0, 3, 4, int(index >= 0), lead, 2, *sources, *target]
    words += [word for step in steps for word in step]
    words[1] = len(words)
    return words


def test_a_step_that_leads_runs_once():
    made, buffers = replay(in_three_steps())
    made.run(0, 1)
    assert buffers[0][2:].tolist() == pytest.approx(np.exp([1.0, 2.0]) - 2.0, rel=1e-15)


@pytest.mark.parametrize(
    "what",
    [
        {"lead": 2},  # exp of a source that changes along the line
        {"lead": 2, "index": 0},  # or is found by an index
        {"lead": 3},
        {"read": 3},  # a register that nobody filled
    ],
)
def test_a_step_reads_what_was_filled_before(what):
    """Others would read what another instruction left: numbers, but nobody's."""
    with pytest.raises(ValueError, match="not as long as it says"):
        replay(in_three_steps(**what), index=(0, 1))


def test_a_scratch_that_is_too_short_or_not_to_be_written_is_refused():
    from autograd.program.executors.native import _replay

    empty = np.zeros(0, np.int64)
    buffers = tuple(np.zeros(n) for n in ((4,), (1, 2), (4,), (1, 2), (2,)))
    arguments = False, 2, buffers, (empty,) * 5, np.zeros(0), empty
    for scratch, error in ((bytearray(_replay.scratch - 1), ValueError), (b"", BufferError)):
        with pytest.raises(error):
            _replay.Replay(*arguments, scratch)
