"""A mistake anywhere between a graph and its numbers is found before anybody gets the numbers.

Each test plants one: in a step of the compiler, in a step of a kernel, in a table it reads.
"""

from pathlib import Path

import numpy as np
import pytest

import autograd as ag
from autograd import Value, logsumexp, softmax, take, tanh, total
from autograd.program import machine, plans
from autograd.program.compiler import adjoints, emit, layout, pieces, reroll, steps, sums
from autograd.program.compiler.instructions import Contraction, Row
from autograd.program.compiler.recording import CONSTANT, Recording
from autograd.program.executors import native, registry
from autograd.program.executors.native import table
from autograd.program.executors.tape import writer
from autograd.program.verification import points, witness
from autograd.program.verification.trial import tried
from autograd.table import PRIMITIVES
from tests.program import zoo
from tests.program.reference import reference

built = pytest.mark.skipif(not native.available(), reason="the extension is not built")


def accused(case, executor="auto", dtype="float64"):
    """Return what is wrong with the program of a graph, None if nothing is."""
    loss, inputs, parameters = case
    recording = Recording(loss, inputs, parameters)
    return tried(executor, dtype, plans.Plan(recording), recording)[2]


def interpreted(monkeypatch):
    """Let the witness be the one in Python."""
    monkeypatch.setattr(witness, "_extension", lambda: None)


def ragged():
    w, s, b = [Value(0.7), Value(-0.4)], Value(0.9), Value(0.1)
    sums = [sum((w[k] * s for k in bag), b) for bag in ([0, 1], [1, 0, 1, 1])]
    return total([ag.sin(x) for x in sums]), [], [*w, s, b]


def decided():
    """A condition, which no adjoint is given."""
    x, w = Value(0.3), [Value(0.5), Value(-1.1)]
    return ag.selu(w[0] * x) + ag.selu(w[1] * x), [x], w


def weighted():
    """Constants among the terms and the factors of sums."""
    x, w = [Value(0.3), Value(-0.8)], [Value(0.5), Value(-0.2), Value(1.1)]
    rows = [2.0 * w[0] + 3.0 * w[1] + 0.5, 2.0 * w[1] + 4.0 * w[2] + 0.25]
    return total([tanh(row * x[0] + x[1]) for row in rows]), x, w


def shared():
    """A product and a sum that more than one node reads."""
    x, w = [Value(0.3), Value(-0.8)], [Value(0.5), Value(-0.2), Value(1.1)]
    product, plus = w[0] * x[0], w[1] + x[1] + w[2]
    return product * plus + ag.exp(product) * x[1] + ag.sin(plus) + product, x, w


def picked():
    x, w = [Value(0.3), Value(1.0)], [Value(1.1), Value(-0.2), Value(0.5)]
    scores = [weight * x[0] for weight in w]
    chances = softmax(scores)
    return logsumexp(scores) - take(scores, x[1]) + take(w, x[1]) * chances[0], x, w


def network():
    return zoo.mlp(sizes=(3, 4, 5, 2))


def square():
    return zoo.mlp(sizes=(3, 3, 3, 3))


def powers():
    x, w = [Value(0.3), Value(-0.8)], [Value(0.5), Value(-0.2), Value(1.1)]
    return w[0] * x[0] ** 3 + w[1] * x[1] ** 2 + (w[2] * x[1]) ** 4, x, w


WRITTEN = (ragged, weighted, shared, picked, network, square, powers)
CASES = {f.__name__: f for f in (*WRITTEN, zoo.convolution, zoo.rnn, zoo.attention)}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("executor", ["numpy", "auto"])
@pytest.mark.parametrize("name", CASES)
def test_a_right_program_is_not_accused(name, executor, dtype):
    assert accused(CASES[name](), executor, dtype) is None


def always(result):
    return lambda *args, **named: result


def shifted(original):
    """Nodes of a group trade places after their operands were put down."""

    def changed(self, work):
        original(self, work)
        work.operands = [np.roll(column, 1) for column in work.operands]

    return changed


def first_wins(original):
    """Every write to an adjoint stores, and forgets what was there."""
    return lambda self, target, sizes, addresses, needed: adjoints.STORE


def twice(original):
    """The root's adjoint is 2."""

    def changed(self, lanes, addresses, number, needed):
        original(self, lanes, addresses, 2.0 * number, needed)

    return changed


def no_bias_check(original):
    def changed(self, work, terms, u, v):
        return emit.Access(False, False, int(self.address[terms.pop().nodes[0]]), (0, 0)) if terms \
            else None  # fmt: skip

    return changed


def turned_wrongly(original):
    return lambda self, part, side: emit._turned(original(self, part, side))


def no_constants(original):
    """All constant terms are taken for zeros."""

    def changed(self):
        kinds = np.frombuffer(self.recording.kinds, np.uint8)
        original(self)
        self._leave_out(kinds[self.terms] == CONSTANT)

    return changed


def first_is_last(original):
    """The first factor of each sum is its last one."""

    def changed(self):
        original(self)
        bounds = self.sums.pair_bounds
        some = np.flatnonzero(np.diff(bounds))
        self.sums.left[bounds[some]] = self.sums.left[bounds[some + 1] - 1]
        self.sums.right[bounds[some]] = self.sums.right[bounds[some + 1] - 1]

    return changed


def no_terms(original):
    def changed(self):
        original(self)
        self.terms, self.term_bounds = self.terms[:0], 0 * self.term_bounds

    return changed


def no_exponents(original):
    def changed(self, node, signatures):
        name, *rest = original(self, node, signatures)
        return (name, 2.0, *rest[1:]) if name == "pow" else (name, *rest)

    return changed


FAULTS = {  # where, what, how it is changed, a graph that shows it
    "a number is lost from sums": (sums.Sums, "_leave_out_zeros", no_constants, weighted),
    "every power is a square": (reroll.Reroll, "_key", no_exponents, powers),
    "factors are taken for equal": (
        reroll.Reroll, "_share_factors", first_is_last, weighted),
    "terms are lost": (sums.Sums, "_leave_out_zeros", no_terms, shared),
    "the sums of a group trade their terms": (layout.Layout, "_collect_sums", lambda f: (
        lambda self, work: (f(self, work), [setattr(x, "nodes", x.nodes[::-1]) for x in work.terms])
    ), network),
    "ragged sums are taken for a matrix": (
        layout.Layout, "_in_equal_rows", lambda f: lambda self, part, n: len(part.rows) % n == 0,
        ragged),
    "operands trade places": (layout.Layout, "_reorder", shifted, network),
    "adjoints are not added": (adjoints.Adjoints, "mode", first_wins, shared),
    "the seed is 2": (adjoints.Adjoints, "_fill", twice, network),
    "nothing is cleared before it receives": (
        adjoints.Adjoints, "clear", lambda f: always(None), ragged),
    "what nobody gives is not cleared": (
        adjoints.Adjoints, "clear_rest", lambda f: always(None), decided),
    "short rows end in whatever is there": (
        emit.Emitter, "_zero", lambda f: lambda self, lanes: self.layout.reserve(lanes, 1),
        zoo.attention),
    "no bias is looked at": (emit.Emitter, "_bias", no_bias_check, network),
    "a factor is transposed": (emit.Emitter, "_factor", turned_wrongly, square),
    "the adjoints of terms are lost": (emit.Emitter, "_send", lambda f: always(None), network),
    "one side of a product has no adjoint": (
        emit.Emitter, "_contract",
        lambda f: lambda self, part, side, *more: side or f(self, part, side, *more), network),
    "no scatter": (emit.Emitter, "_scatter", lambda f: always(None), picked),
    "a rule loses its chain": (steps, "pullback", lambda f: (
        lambda *args: steps.Pullback(steps.COPY, ("adjoint",)) if f(*args) else None), network),
}  # fmt: skip


@pytest.mark.parametrize("executor", ["numpy", "auto"])
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_compiler_is_found(name, executor, monkeypatch):
    place, what, change, case = FAULTS[name]
    monkeypatch.setattr(place, what, change(getattr(place, what)))
    assert accused(case(), executor)


OTHERS = {0: "copy", 1: "neg", 2: "hypot", 3: "clip"}  # what a step becomes, by its operands
TURNED = {"neg": "exp", "hypot": "add", "clip": "add_product", "copy": "neg"}


class Wrong(dict):
    """The numbers of C's operations, one of them that of another operation."""

    def __init__(self, known, name):
        super().__init__(known)
        self.name, self.used = name, False
        arity = _arity(name)
        self.other = TURNED.get(name) or OTHERS[arity]

    def __getitem__(self, name):
        self.used |= name == self.name
        return super().__getitem__(self.other if name == self.name else name)


def _arity(name):
    row = PRIMITIVES.get(name) or pieces.PIECES.get(name)
    return row.arity if row else 3 if name.endswith("_product") else 2 if name == "equal" else 1


def of_primitive(name):
    """A graph with one row of the table, where it is smooth, on both sides of 0 if it can be."""
    row = PRIMITIVES[name]

    def case():
        x, w = [Value(0.4), Value(-0.7)], [Value(0.9), Value(1.2), Value(-0.3)]
        terms = []
        for k in range(3):
            operands = [tanh(w[(k + i) % 3] * x[i % 2] + 0.1 * i) for i in range(row.arity)]
            inside = [_inside(own, z) for own, z in zip(row.domain, operands, strict=True)]
            terms.append(row.function(*inside) * (1.5 + k))
        return total(terms) + x[0] * w[0], x, w

    return case


def _inside(domain, z):
    if domain.low >= 1.0:
        return z * z + 1.5
    return z * z + 0.2 if domain.low >= -1.0 else z


GRAPHS = {
    **CASES,
    **{name: of_primitive(name) for name, row in PRIMITIVES.items() if row.arity},
}


def formulas():
    """Return the elementwise operations of C, those of tapes left out."""
    if not native.available():
        return []
    names = list(table.codes())
    return names[: names.index("accumulate")]


def in_wrong_steps(monkeypatch, module, name):
    wrong = Wrong(table.codes(), name)
    monkeypatch.setattr(module, "codes", lambda: wrong)
    return wrong


@built
@pytest.mark.parametrize("name", formulas())
def test_a_step_of_a_kernel_that_computes_something_else_is_found(name, monkeypatch):
    graphs = [name] if name in GRAPHS else GRAPHS
    used = 0
    for graph in graphs:
        wrong = in_wrong_steps(monkeypatch, table, name)
        found = accused(GRAPHS[graph]())
        used += wrong.used
        assert bool(found) == wrong.used, (graph, name)
    assert used or name in ONLY_TAPES


ONLY_TAPES = ("equal", "first")


@built
@pytest.mark.parametrize("name", [x for x in formulas() if x != "copy"])  # which copies zeros too
def test_a_step_of_a_tape_that_computes_something_else_is_found(name, monkeypatch):
    """Node by node, so that it is known what was written; by templates it is the same words."""
    zoo.run_as_tapes(monkeypatch)
    monkeypatch.setattr(writer.TapeWriter, "_by_templates", lambda self: None)
    graphs = [name] if name in GRAPHS else GRAPHS
    for graph in graphs:
        wrong = in_wrong_steps(monkeypatch, writer, name)
        found = accused(GRAPHS[graph]())
        assert bool(found) == wrong.used, (graph, name)


class Changed:
    """The words of one instruction, the k-th of its kind, with a change."""

    def __init__(self, monkeypatch, kind, k, change):
        self.seen, original = 0, table._BODIES[kind]

        def body(own, this):
            words = original(own, this)
            self.seen += 1
            return change(list(words)) if self.seen == k + 1 else words

        monkeypatch.setitem(table._BODIES, kind, body)


def less(at):
    """Return a change that lets a size be less by one, where it is 2 or more."""

    def change(words):
        words[at] -= words[at] > 1
        return words

    return change


def flipped(at):
    def change(words):
        words[at] ^= 1
        return words

    return change


def as_it_is(words):
    return words


MISREAD = {  # the kind of instruction, and the word: see the docstring of native/table
    "a product over fewer terms": (Contraction, less(5)),
    "a product of fewer rows": (Contraction, less(3)),
    "a product of fewer columns": (Contraction, less(4)),
    "a product that forgets to add, or adds to what was there": (Contraction, flipped(2)),
    "a row of fewer operands": (Row, less(4)),
    "fewer rows": (Row, less(3)),
}


@built
@pytest.mark.parametrize("graph", ["network", "square", "picked", "convolution", "attention"])
@pytest.mark.parametrize("name", MISREAD)
def test_an_instruction_that_is_misread_is_found(name, graph, monkeypatch):
    """Each of its kind in turn, forward and backward; one that changes nothing is passed over."""
    kind, change = MISREAD[name]
    counted = Changed(monkeypatch, kind, -1, as_it_is)
    assert accused(GRAPHS[graph]()) is None
    for k in range(counted.seen):
        changes = []
        monkeypatch.undo()
        Changed(monkeypatch, kind, k, lambda words, log=changes: log.append(
            (list(words), change(list(words)))) or log[0][1])  # fmt: skip
        found = accused(GRAPHS[graph]())
        ((before, after),) = changes
        same = before == after or (kind is Row and before[1] in (0, 4))  # the largest is another
        assert same or found, (k, before, after)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("executor", ["numpy", "auto"])
@pytest.mark.parametrize("lanes", [1, 2, 3, "widest"])
def test_a_kernel_that_is_wrong_on_so_many_lanes_is_found(lanes, executor, dtype, monkeypatch):
    """The last number of the last row, as at the end of a tile."""
    kind = type(registry.assemble(executor, plan_of(network()), dtype).executor)
    wanted = points.WIDEST[dtype] if lanes == "widest" else lanes
    if kind.name == "numpy" and wanted not in (1, 3):
        pytest.skip("NumPy does all numbers of lanes alike")
    original = kind.forward

    def forward(self):
        original(self)
        if self.memory.room.lanes == wanted:
            self.memory.room.values[True][-1, -1] *= 1.001

    monkeypatch.setattr(kind, "forward", forward)
    assert accused(network(), executor, dtype)


def plan_of(case):
    return plans.Plan(Recording(*case))


def test_whoever_asks_for_a_program_gets_right_numbers_and_one_warning(monkeypatch):
    """The warning names the line that asked; the next program of the structure has none."""
    monkeypatch.setattr(machine, "PLANS", plans.Plans())
    monkeypatch.setattr(emit.Emitter, "_bias", no_bias_check(None))
    X = np.random.default_rng(0).normal(size=(5, 5))
    loss, inputs, parameters = network()
    with pytest.warns(RuntimeWarning, match=r"compiled wrongly: .*Please report") as caught:
        program = ag.Program(loss, inputs=inputs, parameters=parameters)
    assert [Path(x.filename).name for x in caught] == [Path(__file__).name]
    assert program(X)[0] == pytest.approx(
        reference(loss, inputs, X).values[:, -1].mean(), rel=1e-12
    )
    again = network()
    other = ag.Program(again[0], inputs=again[1], parameters=again[2])  # a warning is an error
    assert other(X)[0] == program(X)[0] and other.executor == program.executor
