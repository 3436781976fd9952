"""However a network is written, it becomes the same program."""

import numpy as np
import pytest

import autograd as ag
from autograd import Program, Value, dot, logsumexp, mean, take, tanh, total
from autograd.program import machine
from tests.fuzz.checks import unverified
from tests.program import zoo
from tests.program.reference import assert_follows, reference


def neuron_dot(w, x, b):
    return dot(w, x, b)


def neuron_sum(w, x, b):
    return sum((wi * xi for wi, xi in zip(w, x, strict=True)), b)


def neuron_turned(w, x, b):
    """The same with factors exchanged and the bias last."""
    return sum(xi * wi for wi, xi in zip(w, x, strict=True)) + b


def neuron_total(w, x, b):
    return total([b, *(wi * xi for wi, xi in zip(w, x, strict=True))])


NEURONS = (neuron_dot, neuron_sum, neuron_turned, neuron_total)


def layer(leaves, fan_in, fan_out):
    return [(leaves.weights(fan_in), leaves.weights(1)[0]) for _ in range(fan_out)]


def perceptron(neuron, x, y, units):
    h = [tanh(neuron(w, x, b)) for w, b in units[0]]
    out = [neuron(w, h, b) for w, b in units[1]]
    return total([0.5 * (a - t) ** 2 for a, t in zip(out, y, strict=True)])


def classifier(neuron, x, y, units):
    h = [ag.relu(neuron(w, x, b)) for w, b in units[0]]
    logits = [neuron(w, h, b) for w, b in units[1]]
    return logsumexp(logits) - take(logits, y[0] if isinstance(y[0], Value) else int(y[0]))


def recurrent(neuron, x, y, units):
    """Each number of x is a step of time; the state has the width of the first layer."""
    h = [0.5] * 4
    for number in x:
        h = [tanh(neuron(w, [*h, number], b)) for w, b in units[0]]
    return (neuron(units[1][0][0], h, units[1][0][1]) - y[0]) ** 2


NETWORKS = {"perceptron": (perceptron, 3, 3, 2), "classifier": (classifier, 3, 3, 1),
            "recurrent": (recurrent, 3, 5, 1)}  # fmt: skip


def rows_for(name, examples):
    _, width, _, targets = NETWORKS[name]
    rng = np.random.default_rng(1)
    X, Y = rng.normal(size=(examples, width)), rng.normal(size=(examples, targets))
    return np.hstack([X, np.abs(Y).astype(int) % 2 if name == "classifier" else Y])


def built(name, rows, neuron=neuron_dot, as_inputs=True, mean=mean):
    """The mean loss over the rows in one graph (the loss itself for a single row)."""
    network, width, fan_in, targets = NETWORKS[name]
    leaves = zoo.Leaves(0)
    units = layer(leaves, fan_in, 4), layer(leaves, 4, max(targets, 2))
    losses = []
    for row in rows:
        numbers = list(map(Value, row)) if as_inputs else row.tolist()
        leaves.inputs += numbers if as_inputs else []
        losses.append(network(neuron, numbers[:width], numbers[width:], units))
    return leaves.result(losses[0] if len(rows) == 1 else mean(losses))


def program_of(loss, inputs, parameters, **options):
    return Program(loss, inputs=inputs, parameters=parameters, **options)


@pytest.mark.parametrize("name", NETWORKS)
def test_sum_and_dot_give_the_same_instructions_and_numbers(name):
    rows = rows_for(name, 6)
    programs = [program_of(*built(name, rows[:1], neuron)) for neuron in NEURONS]
    results = [program(rows) for program in programs]
    for program, (cost, gradient) in zip(programs, results, strict=True):
        assert repr(program.instructions) == repr(programs[0].instructions)
        assert repr(program.describe()) == repr(programs[0].describe())
        assert cost == results[0][0] and (gradient == results[0][1]).all()


MEANS = {
    "mean": mean,
    "total / m": lambda losses: total(losses) / len(losses),
    "sum / m": lambda losses: sum(losses) / len(losses),
    "sum · 1/m": lambda losses: sum(losses) * (1.0 / len(losses)),
}


@pytest.mark.parametrize("as_inputs", [True, False], ids=["inputs", "numbers"])
@pytest.mark.parametrize("average", MEANS.values(), ids=MEANS)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_batch_in_one_graph_gives_the_program_of_one_example(name, average, as_inputs):
    """Examples as inputs or as plain numbers: the same formulas, only with more rows."""
    rows = rows_for(name, 6)
    one = program_of(*built(name, rows[:1]))
    for neuron in NEURONS[:2]:
        many = program_of(*built(name, rows, neuron, as_inputs, average))
        cost, gradient = one(rows)
        whole, slope = many(rows.reshape(1, -1) if as_inputs else np.zeros((1, 0)))
        assert whole == pytest.approx(cost, rel=1e-12)
        np.testing.assert_allclose(slope, gradient, rtol=1e-12, atol=1e-14)
        assert len(many.instructions) <= len(one.instructions) + 8
        if as_inputs:
            lines = [[x.text for x in program.describe().formulas] for program in (one, many)]
            assert lines[0][:4] == lines[1][:4]


def first_line(program):
    formula = program.describe().formulas[0]
    return formula.text, formula.shape


def test_examples_in_numbers_are_a_matrix():
    loss, _, parameters = built("perceptron", rows_for("perceptron", 6), as_inputs=False)
    assert first_line(program_of(loss, [], parameters)) == ("Z1 = k·W1 + b1", "(6,3)·(3,4)")


def test_equal_examples_stay_examples():
    """XOR with every row twice: numbers that agree by chance make no difference."""
    rows = np.array([[a, b, 0.0, a != b, 1.0] for a in (0, 1) for b in (0, 1)] * 2, float)
    loss, _, parameters = built("perceptron", rows, as_inputs=False)
    program = program_of(loss, [], parameters)
    assert first_line(program) == ("Z1 = k·W1 + b1", "(8,3)·(3,4)")
    assert_follows(program, reference(loss, [], np.zeros((1, 0))), np.zeros((1, 0)))


@pytest.mark.parametrize("executor", ["numpy", "auto"])
def test_numbers_that_agree_in_one_recording_need_not_agree_in_the_next(executor):
    """What was compiled for equal numbers must not serve others of the same structure."""

    def stencil(*numbers):
        x, w = [Value(0.1 * k) for k in range(4)], Value(0.5)
        parts = [numbers[k] * x[k] + numbers[k + 1] * x[k + 1] for k in range(3)]
        return w * total([tanh(part) for part in parts]), x, [w]

    X = np.random.default_rng(0).normal(size=(5, 4))
    for numbers in ((0.5, 0.5, 0.5, 0.5), (0.5, 0.25, 0.5, 0.25), (1.0, 2.0, 3.0, 4.0)):
        loss, inputs, parameters = stencil(*numbers)
        program = program_of(loss, inputs, parameters, executor=executor)
        assert_follows(program, reference(loss, inputs, X), X)


def test_rows_of_different_lengths_are_one_group():
    """Causal attention over 5, 8 or 12 tokens: softmaxes of 1 to 12 members, one program."""
    programs = [program_of(*zoo.attention(tokens=tokens)) for tokens in (5, 8, 12)]
    assert len({len(program.instructions) for program in programs}) == 1
    text = [[x.text for x in program.describe().formulas] for program in programs]
    assert text[0] == text[1] == text[2]


@pytest.mark.parametrize("executor", ["numpy", "auto"])
def test_rows_of_different_lengths_read_the_first_parameter_too(executor, monkeypatch):
    """It is number 0, stands behind others, and is so large that e^w overflows without it.

    log Σ e^w is then w₀ to the last digit, its slope 1 by w₀ and 0 by the others.
    """
    monkeypatch.setattr(machine, "trusted", unverified)  # nobody comes to the rescue
    w = [Value(x) for x in (800.0, -0.4, 0.9, 0.1)]
    rows = [(3, 0), (1, 2, 0), (2, 3, 0, 1)]
    loss = total([logsumexp([w[k] for k in row]) for row in rows])
    cost, gradient = Program(loss, inputs=[], parameters=w, executor=executor)([[]])
    assert (cost, gradient.tolist()) == (2400.0, [3.0, 0.0, 0.0, 0.0])
