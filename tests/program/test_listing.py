"""A listing can be run by whoever reads its documentation.

The interpreter below was written from `autograd.program.listing` alone: it knows slots, four kinds
of instructions and the functions of `math`, and nothing of how programs work.
"""

import math

import numpy as np
import pytest

import autograd as ag
from autograd import Program, Value, dot, tanh, total
from autograd.program.compiler.pieces import PIECES
from autograd.program.listing import Apply, Loop, Product, Reduce
from tests.program import zoo
from tests.program.zoo import SERIAL, ZOO


def heaviside(x):
    return 1.0 if x > 0 else 0.0


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def softplus(x):
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


FUNCTIONS = {
    "add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y, "neg": lambda x: -x, "pow": lambda x, y: x**y, "abs": abs,
    "maximum": max, "minimum": min, "where": lambda c, x, y: x if c else y,
    "relu": lambda x: max(x, 0.0), "leaky_relu": lambda x, slope=0.01: x if x > 0 else slope * x,
    "sigmoid": sigmoid, "softplus": softplus, "heaviside": heaviside, "copy": lambda x: x,
    "rest_of_share": lambda x, y, z: z, "log_share": lambda x, y, z: x - math.log1p(z),
    "shifted": lambda x, y: 0.0 if x == y else x - y, "square": lambda x: x * x,
    "sign": lambda x: math.copysign(1.0, x) if x else 0.0, "detach": lambda x: x,
    "clip": lambda x, low, high: min(max(x, low), high), "silu": lambda x: x * sigmoid(x),
    "elu": lambda x: x if x > 0 else math.expm1(x), "softsign": lambda x: x / (1 + abs(x)),
    "gelu": lambda x: x * 0.5 * (1 + math.erf(x / math.sqrt(2))),
}  # fmt: skip


def apply(this, slots):
    shape = np.shape(this.result)
    given = [x if isinstance(x, float) else slots[x] for x in this.operands]
    function = FUNCTIONS.get(this.operation) or getattr(math, this.operation)
    columns = [np.broadcast_to(x, shape).ravel().tolist() for x in given]
    slots[this.result] = np.reshape([function(*each) for each in zip(*columns, strict=True)], shape)


def product(this, slots):
    start = 0.0 if this.start is None else slots[this.start]
    slots[this.result] = slots[this.left] @ slots[this.right] + start


def taken(row, place):
    there = place in range(len(row)) and row[int(place)] is not None
    return row[int(place)] if there else math.nan


def reduce(this, slots):
    for n, row in enumerate(this.rows.tolist()):
        numbers = [slots[k] for k in row if k >= 0]
        if this.operation == "take":
            full = [slots[k] if k >= 0 else None for k in row]
            found = taken(full, slots[this.chosen[n]])
        elif this.operation == "argmax":
            found = numbers.index(max(numbers))
        elif this.operation == "peak":
            found = max(numbers)
        else:
            less = {"total": 0.0, "sum_minus_one": 1.0}[this.operation]
            found = math.fsum([*numbers, -less])
        slots[this.result[n]] = found


def loop(this, slots):
    for time in range(this.times):
        for line, steps in zip(this.body, this.steps, strict=True):
            result, *operands = (
                x if isinstance(x, float) else x + time * step
                for x, step in zip((line.result, *line.operands), (*steps, 0), strict=False)
            )
            apply(Apply(line.operation, result, tuple(operands)), slots)


RUN = {Apply: apply, Product: product, Reduce: reduce, Loop: loop}


def cost(listing, parameters, row):
    slots = np.full(listing.size, np.nan)  # so that a slot that nobody filled is seen
    pairs = [*zip(listing.parameters, parameters, strict=True), *listing.constants]
    for slot, number in [*pairs, *zip(listing.inputs, row, strict=True)]:
        if slot >= 0:
            slots[slot] = number
    for this in listing.instructions:
        RUN[type(this)](this, slots)
    return slots[listing.root]


def made(model):
    loss, inputs, parameters = model
    return Program(loss, inputs=inputs, parameters=parameters)


DRAWN = {"dropout"}  # draws for each example: see below
MODELS = {k: v for k, v in ZOO.items() if k not in DRAWN} | SERIAL


@pytest.mark.parametrize("name", MODELS)
def test_an_interpreter_of_its_own_computes_the_cost(name):
    loss, inputs, parameters = MODELS[name]()
    program = Program(loss, inputs=inputs, parameters=parameters)
    numbers = [p.data for p in parameters]
    row = [x.data for x in inputs]
    expected, _ = program(np.array([row]))
    assert cost(program.listing(), numbers, row) == pytest.approx(expected, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("name", ["mlp", "classifier", "pendulum", "recurrence"])
def test_the_cost_at_other_numbers_is_that_of_the_program(name):
    loss, inputs, parameters = MODELS[name]()
    program = Program(loss, inputs=inputs, parameters=parameters)
    rng = np.random.default_rng(0)
    row = np.array([x.data for x in inputs])
    X = row + np.where(row == np.round(row), 0.0, 0.1 * rng.normal(size=(3, len(row))))
    other = np.array([p.data for p in parameters]) + 0.1 * rng.normal(size=len(parameters))
    expected, *_ = program.derivatives(other, X)
    found = np.mean([cost(program.listing(), other, x) for x in X.tolist()])
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", SERIAL)
def test_what_repeats_in_time_is_a_loop(name):
    listing = made(SERIAL[name]()).listing()
    loops = [this for this in listing.instructions if isinstance(this, Loop)]
    assert loops
    assert len(listing.instructions) + sum(len(x.body) for x in loops) < 150
    assert "times, slots moving on" in listing.text()


def test_a_tape_without_loops_is_listed_too():
    program = made(zoo.tangle(3, 900))
    assert not program.instructions  # inside it is a tape
    assert program.listing().instructions


def test_what_is_drawn_anew_stands_behind_the_row():
    noise = ag.NoiseStream(1)
    x, w = Value(2.0, "x"), Value(3.0, "w")
    with ag.recording():
        loss = w * x + noise.uniform(1)[0]
    program = Program(loss, inputs=[x], parameters=[w])
    listing = program.listing()
    assert len(listing.inputs) == 2
    assert cost(listing, [3.0], [2.0, 0.25]) == 6.25


def test_every_operation_of_programs_alone_is_documented():
    told = {"broadcast", "increment"}  # in other words
    own = [p.name for p in PIECES.values() if p.arity and not p.pulls and p.name not in told]
    rows = [p.name for p in PIECES.values() if p.row is not None and p.name != "scatter"]
    assert "shifted" in own
    assert not [name for name in own if f'"{name}"' not in Apply.__doc__]
    assert not [name for name in rows if f'"{name}"' not in Reduce.__doc__]


def test_a_matrix_product_is_one_instruction():
    x, W = [Value(0.1 * k) for k in range(4)], [[Value(0.2) for _ in range(4)] for _ in range(3)]
    loss = total([tanh(dot(w, x)) for w in W])
    listing = Program(loss, inputs=x, parameters=[w for row in W for w in row]).listing()
    (found,) = [this for this in listing.instructions if isinstance(this, Product)]
    assert sorted([found.left.shape, found.right.shape]) == sorted([(3, 4), (4, 1)])
    assert repr(listing).startswith("Listing(")
