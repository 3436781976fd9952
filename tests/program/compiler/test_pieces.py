"""The second table: what only exists inside programs has one row, and every executor knows it."""

import inspect

import pytest

from autograd.program.compiler import apart, steps
from autograd.program.compiler.pieces import PIECES
from autograd.program.executors import native
from autograd.program.executors.native.table import codes
from autograd.program.executors.numpy import operations
from autograd.table import PRIMITIVES

built = pytest.mark.skipif(not native.available(), reason="the extension is not built")
ELEMENTWISE = [piece for piece in PIECES.values() if piece.arity is not None]


@pytest.mark.parametrize("piece", PIECES.values(), ids=lambda piece: piece.name)
def test_a_piece_is_elementwise_or_over_rows(piece):
    assert (piece.arity is None) == (piece.row is not None)
    assert not piece.back or PIECES[piece.back].row is not None
    assert not piece.arity or len(piece.partials) in (0, piece.arity)
    assert piece.name == "take" or piece.name not in PRIMITIVES


def test_row_operations_are_numbered_as_in_c():
    rows = [piece.row for piece in PIECES.values() if piece.row is not None]
    assert rows == list(range(len(rows)))


@pytest.mark.parametrize("piece", ELEMENTWISE, ids=lambda piece: piece.name)
def test_numpy_knows_every_elementwise_piece(piece):
    for function, *_ in operations.in_steps(steps.forward(piece.name)).steps:
        assert callable(function)


@built
@pytest.mark.parametrize("piece", ELEMENTWISE, ids=lambda piece: piece.name)
def test_c_knows_every_elementwise_piece(piece):
    known = codes()
    code = steps.spelled(steps.forward(piece.name), known.__contains__)
    assert {name for name, *_ in code.steps} <= set(known)


@pytest.mark.parametrize("piece", [p for p in ELEMENTWISE if p.pulls], ids=lambda p: p.name)
def test_a_pullback_with_a_step_of_its_own_is_the_local_partial(piece):
    name, reads = piece.pulls
    row = PRIMITIVES[name]
    for x in (-2.0, -0.3, 0.0, 0.7, 1.5):
        out = row.forward(x)
        (partial,) = row.local((x,), out, (0,))
        found = piece.composed(*[out if read == "out" else x for read in reads], 3.0)
        assert found == pytest.approx(3.0 * partial, rel=1e-15)


def test_recordings_are_made_of_known_operations():
    source = inspect.getsource(apart)
    for name in (
        "argmax",
        "shifted",
        "broadcast",
        "increment",
        "sum_minus_one",
        "take",
        "peak",
        "rest_of_share",
        "log_share",
    ):
        assert f'"{name}"' in source and name in PIECES
