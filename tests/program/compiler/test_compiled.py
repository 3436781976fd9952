"""Layouts by C are those of NumPy: walks of columns, pairs of sums, matrices and their order."""

import numpy as np
import pytest

from autograd import implementation
from autograd.program.compiler import accesses, layout, reroll, sums
from autograd.program.compiler.accesses import straighten
from autograd.program.compiler.compiled import grouping
from autograd.program.compiler.layout import Layout
from autograd.program.compiler.recording import Recording
from autograd.program.compiler.reroll import Reroll
from tests.program.zoo import SERIAL, ZOO

pytestmark = pytest.mark.skipif(
    implementation != "c" or grouping() is None, reason="the extensions are not built"
)
GRAPHS = {**ZOO, **SERIAL}


def test_walks_in_c_are_those_of_numpy():
    """Columns that some dimensions walk, and columns that none do."""
    rng, compiled = np.random.default_rng(0), grouping()
    for _ in range(300):
        sizes = rng.integers(1, 5, rng.integers(1, 7))
        columns = []
        for _ in range(rng.integers(1, 4)):
            column = np.array(rng.integers(0, 50))
            for size in sizes:
                column = column[..., None] + rng.integers(-9, 10) * np.arange(size)
            columns.append(column.ravel())
        if rng.random() < 0.3:
            columns[0][rng.integers(len(columns[0]))] += 1
        found, table = compiled.straightened(columns), np.array(columns)
        expected = straighten(np, table)
        if expected is None:
            assert found is None
        else:
            sizes, strides = expected
            assert found == (sizes, list(map(tuple, strides.tolist())), table[:, 0].tolist())
    with pytest.raises(ValueError, match="words of 64 bits"):
        compiled.straightened([np.arange(3), np.arange(4)])


@pytest.mark.parametrize("name", GRAPHS)
def test_a_layout_by_c_is_that_of_numpy(name, monkeypatch):
    found = Layout(Reroll(Recording(*GRAPHS[name]())))
    for module in (sums, reroll, layout, accesses):
        monkeypatch.setattr(module, "grouping", lambda: None)
    expected = Layout(Reroll(Recording(*GRAPHS[name]())))
    assert (found.address == expected.address).all() and found.sizes == expected.sizes
    for own, other in zip(found.works, expected.works, strict=True):
        for part, twin in zip(own.products, other.products, strict=True):
            assert part.kind == twin.kind and (part.rows == twin.rows).all()
            assert (part.left == twin.left).all() and (part.right == twin.right).all()
            matrix = expected.find_matrix(twin, other.count)
            monkeypatch.undo()
            assert found.find_matrix(part, own.count) == matrix
            for module in (sums, reroll, layout, accesses):
                monkeypatch.setattr(module, "grouping", lambda: None)
        for term, twin in zip(own.terms, other.terms, strict=True):
            assert (term.rows == twin.rows).all() and (term.nodes == twin.nodes).all()


@pytest.mark.parametrize("change", [
    lambda x: x.__setitem__(0, np.array([9])),  # no such sum
    lambda x: x[1].__setitem__(1, 99),  # sums without end
    lambda x: x.__setitem__(3, x[3][:1]),  # a side that is shorter
    lambda x: x[2].__setitem__(0, 99),  # no such node
    lambda x: x[4].__setitem__(0, -1),  # a factor without a group
])  # fmt: skip
def test_sums_that_are_none_are_refused(change):
    words = [np.array([0]), np.array([0, 2]), np.array([0, 1]), np.array([2, 2])]
    words += [np.array([0, 0, 1]), np.array([0, 1])]
    assert len(grouping().collected(*words)) == 3
    change(words)
    with pytest.raises(ValueError, match="sum"):
        grouping().collected(*words)
