"""The per-index formulas of backpropagation, held against autodiff and a matrix oracle."""

import math
import random

import numpy as np
import pytest
from scipy import special

import autograd
import nn
from nn import ACTIVATIONS, LOSSES, MLP, Activation, Layer, Neuron, probe

SIGMA = special.expit
ALPHA, SCALE = 1.6732632423543772848, 1.0507009873554804934  # Klambauer et al. 2017


def inner(z):
    """What gelu_tanh takes the tanh of."""
    return np.sqrt(2 / np.pi) * (z + 0.044715 * z**3)


# g and g' of every activation, from NumPy and SciPy alone; softmax is treated below.
ORACLE = {
    "identity": (lambda z: z, np.ones_like),
    "tanh": (np.tanh, lambda z: np.cosh(z) ** -2.0),
    "sigmoid": (SIGMA, lambda z: SIGMA(z) * SIGMA(-z)),
    "softsign": (lambda z: z / (1 + abs(z)), lambda z: (1 + abs(z)) ** -2.0),
    "relu": (lambda z: np.where(z > 0, z, 0.0), lambda z: np.where(z > 0, 1.0, 0.0)),
    "leaky_relu": (lambda z: np.where(z > 0, z, 0.01 * z), lambda z: np.where(z > 0, 1.0, 0.01)),
    "elu": (lambda z: np.where(z > 0, z, np.expm1(z)), lambda z: np.where(z > 0, 1.0, np.exp(z))),
    "gelu": (
        lambda z: z * special.ndtr(z),
        lambda z: special.ndtr(z) + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi),
    ),
    "silu": (lambda z: z * SIGMA(z), lambda z: SIGMA(z) * (1 + z * SIGMA(-z))),
    "softplus": (lambda z: np.logaddexp(0, z), SIGMA),
    "sin": (np.sin, np.cos),
    "gelu_tanh": (lambda z: z * SIGMA(2 * inner(z)), lambda z: SIGMA(2 * inner(z)) + 2 * z * (
        SIGMA(2 * inner(z)) * SIGMA(-2 * inner(z)) * np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * z**2)
    )),
    "mish": (lambda z: z * np.tanh(np.logaddexp(0, z)), lambda z: np.tanh(np.logaddexp(0, z))
             + z * SIGMA(z) / np.cosh(np.logaddexp(0, z)) ** 2),
    "selu": (
        lambda z: SCALE * np.where(z > 0, z, ALPHA * np.expm1(z)),
        lambda z: SCALE * np.where(z > 0, 1.0, ALPHA * np.exp(z)),
    ),
}  # fmt: skip

# ∂c/∂a of every loss.
BY_OUTPUT = {
    "half_squared_error": lambda a, y: a - y,
    "squared_error": lambda a, y: 2 * (a - y),
    "mean_squared_error": lambda a, y: 2 * (a - y) / len(a),
    "absolute_error": lambda a, y: np.sign(a - y),
    "huber": lambda a, y: np.clip(a - y, -1, 1),
    "cross_entropy": lambda a, y: special.softmax(a) - np.eye(len(a))[y],
    "binary_cross_entropy": lambda a, y: SIGMA(a) - y,
    "hinge": lambda a, y: np.where(y * a < 1, -y, 0.0),
}


def matrix_backpropagation(mlp, x, y, loss):
    """Return (delta, dW) of every layer by matrix formulas, one row vector an example."""
    a, zs, activations = x, [], [x]
    for layer in mlp.layers:
        W = np.array([[w.data for w in row] for row in layer.W])
        z = a @ W + [b.data for b in layer.b]
        g = layer.activation.name
        a = special.softmax(z) if g == "softmax" else ORACLE[g][0](z)
        zs.append(z)
        activations.append(a)
    arriving, found = BY_OUTPUT[loss](a, y), []
    for layer, z, below, a in zip(
        mlp.layers[::-1], zs[::-1], activations[-2::-1], activations[:0:-1], strict=True
    ):
        if layer.activation.name == "softmax":
            delta = (np.diag(a) - np.outer(a, a)) @ arriving
        else:
            delta = ORACLE[layer.activation.name][1](z) * arriving
        found.append((delta, np.outer(below, delta)))
        arriving = np.array([[w.data for w in row] for row in layer.W]) @ delta
    return found[::-1]


def random_network(activation, loss, rng):
    """Draw an MLP of depth 1-5 and widths 1-40, with biases, an example and a target."""
    fan_in, *sizes = [rng.randint(1, 40) for _ in range(rng.randint(2, 6))]
    if loss in ("binary_cross_entropy", "hinge"):
        sizes[-1] = 1
    mlp = MLP(fan_in, sizes, activation=activation, output=activation, seed=rng.randrange(10**6))
    for layer in mlp.layers:
        for b in layer.b:
            b.data = rng.gauss(0, 0.3)
    x = [rng.gauss(0, 1) for _ in range(fan_in)]
    return mlp, x, target(loss, sizes[-1], rng)


def target(loss, width, rng):
    if loss == "cross_entropy":
        return rng.randrange(width)
    if loss in ("binary_cross_entropy", "hinge"):
        return rng.choice([0, 1] if loss == "binary_cross_entropy" else [-1, 1])
    return [rng.gauss(0, 2) for _ in range(width)]


@pytest.fixture
def rng(request):
    return random.Random(request.node.name)


def small(rng, output="identity"):
    mlp, x = MLP(3, [4, 2], activation="tanh", output=output, seed=3), [0.5, -1.0, 2.0]
    for layer in mlp.layers:
        for b in layer.b:
            b.data = rng.gauss(0, 0.3)
    return mlp, x, [0.3, -0.4]


def close(hand, engine):
    """Whether two arrays agree to 1e-12 of the larger one's largest entry."""
    return np.abs(hand - engine).max() <= 1e-12 * max(np.abs(hand).max(), np.abs(engine).max())


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_formulas_equal_autodiff_and_matrix_backpropagation(activation, loss, rng):
    mlp, x, y = random_network(activation, loss, rng)
    p = probe(mlp, x, y, loss)
    oracle = matrix_backpropagation(mlp, np.array(x), np.array(y), loss)
    for layer, (delta, dW) in zip(p.layers, oracle, strict=True):
        assert (layer.dW == np.outer(layer.inputs, layer.delta)).all()  # bit for bit
        assert (layer.db == layer.delta).all()
        terms = max(layer.W.shape[0] + 1, *(above.b.size for above in p.layers))
        assert max(array.max() for array in layer.ulps) <= terms + 4
        assert close(delta, layer.delta)
        assert close(dW, layer.dW)
        assert close(delta, layer.db)
    assert p.check() == max(array.max() for layer in p.layers for array in layer.ulps)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_probed_gradient_is_what_backward_adds_to_grad_bit_for_bit(loss, rng):
    mlp, x, y = random_network("tanh", loss, rng)
    LOSSES[loss](mlp(x), y).backward()
    for layer, probed in zip(mlp.layers, probe(mlp, x, y, loss).layers, strict=True):
        assert (np.array([[w.grad for w in row] for row in layer.W]) == probed.dW).all()
        assert (np.array([b.grad for b in layer.b]) == probed.db).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_over_a_batch_gradients_are_means_over_the_examples(loss, rng):
    mlp, x, y = random_network("gelu", loss, rng)
    X = [x, *([rng.gauss(0, 1) for _ in x] for _ in range(4))]
    Y = [y, *(target(loss, mlp.fan_out, rng) for _ in range(4))]
    batch = probe(mlp, np.array(X), Y, loss, compiled=False)
    alone = [probe(mlp, x, y, loss) for x, y in zip(X, Y, strict=True)]
    assert batch.root.data == pytest.approx(sum(p.root.data for p in alone) / 5, rel=1e-14)
    assert batch.check() < 200
    for l, layer in enumerate(batch.layers):
        for name in ("inputs", "z", "a", "da", "slope", "delta"):
            rows = [getattr(p.layers[l], name) for p in alone]
            assert (getattr(layer, name) == rows).all()
        assert close(layer.dW, sum(p.layers[l].dW for p in alone) / 5)
        assert close(layer.db, sum(p.layers[l].db for p in alone) / 5)
        assert close(layer.dW, layer.inputs.T @ layer.delta / 5)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_program_has_the_numbers_of_a_walk_over_every_example(activation, loss, rng):
    mlp, x, y = random_network(activation, loss, rng)
    X = np.array([x, *([rng.gauss(0, 1) for _ in x] for _ in range(2))])
    Y = np.array([y, *(target(loss, mlp.fan_out, rng) for _ in range(2))])
    replayed, walked = probe(mlp, X, Y, loss), probe(mlp, X, Y, loss, compiled=False)
    assert replayed.program is not None
    assert walked.program is None
    assert pytest.approx(walked.C, rel=1e-13) == replayed.C
    oracles = [matrix_backpropagation(mlp, x, y, loss) for x, y in zip(X, Y, strict=True)]
    for l, (here, there) in enumerate(zip(replayed.layers, walked.layers, strict=True)):
        for name in ("inputs", "z", "a", "da", "slope", "delta", "W", "b", "dW", "db"):
            assert getattr(here, name).shape == getattr(there, name).shape
            assert close(getattr(here, name), getattr(there, name))
        assert close(np.array([oracle[l][0] for oracle in oracles]), here.delta)
        assert close(sum(oracle[l][1] for oracle in oracles) / 3, here.dW)
    assert replayed.check() < 200


def test_one_row_is_a_batch_of_one_with_the_same_numbers(rng):
    mlp, x, y = small(rng)
    one, batch = probe(mlp, x, y, "huber"), probe(mlp, [x], [y], "huber")
    assert batch.layers[0].delta.shape == (1, 4)
    assert close(batch.layers[0].delta[0], one.layers[0].delta)
    assert close(batch.layers[0].dW, one.layers[0].dW)


def test_error_of_the_last_layer_is_da_times_slope_bit_for_bit(rng):
    mlp, x, y = small(rng, output="sigmoid")
    last = probe(mlp, x, y, "squared_error").layers[-1]
    assert (last.delta == last.da * last.slope).all()
    assert last.da == pytest.approx(2 * (last.a - y), rel=1e-15)


def test_error_of_a_hidden_unit_is_its_slope_times_the_weighted_errors_above(rng):
    mlp, x, y = small(rng)
    hidden, last = probe(mlp, x, y, "half_squared_error").layers
    for j in range(4):
        arriving = sum(last.W[j, k] * last.delta[k] for k in range(2))
        assert hidden.delta[j] == pytest.approx((1 - hidden.a[j] ** 2) * arriving, rel=1e-13)


def test_slope_of_a_softmax_is_its_whole_jacobian(rng):
    mlp, x, y = small(rng, output="softmax")
    last = probe(mlp, x, y, "half_squared_error").layers[-1]
    assert last.slope == pytest.approx(np.diag(last.a) - np.outer(last.a, last.a), rel=1e-14)
    assert last.delta == pytest.approx(last.slope @ (last.a - y), rel=1e-13)


def test_the_outputs_are_those_of_the_model(rng):
    mlp, x, _ = small(rng)
    assert probe(mlp, x).outputs.tolist() == [a.data for a in mlp(x)]


def test_without_a_loss_the_cost_is_the_sum_of_the_outputs(rng):
    mlp, x, _ = small(rng)
    p = probe(mlp, x)
    assert p.root.data == sum(a.data for a in mlp(x))
    assert (p.layers[-1].delta == 1.0).all()


def test_a_neuron_has_one_unit(rng):
    neuron = Neuron(3, "sigmoid", rng=rng)
    (layer,) = probe(neuron, [1.0, 2.0, -1.0], 0.25, "half_squared_error").layers
    a = neuron([1.0, 2.0, -1.0]).data
    assert layer.W.shape == (3, 1)
    assert layer.a.tolist() == [a]
    assert layer.delta[0] == pytest.approx((a - 0.25) * a * (1 - a), rel=1e-14)


def test_a_layer_is_a_network_of_one(rng):
    layer = Layer(2, 3, "softplus", rng=rng)
    p = probe(layer, [[1.0, 2.0], [0.5, -0.5]], [0, 2], nn.cross_entropy)
    assert p.layers[0].dW.shape == (2, 3)
    assert p.check() < 20


def test_no_grad_is_touched(rng):
    mlp, x, y = small(rng)
    loss = nn.squared_error(mlp(x), y)
    loss.backward()
    before = [v.grad for v in (*mlp.parameters(), loss)]
    p = probe(mlp, x, y, "squared_error")
    p.check(), p.table(), p.layers[0].nodes.delta
    assert [v.grad for v in (*mlp.parameters(), loss)] == before
    assert p.root.grad == 0.0
    assert all(z.grad == 0.0 for z in p.layers[0].nodes.z)


def test_nodes_are_the_values_behind_the_numbers(rng):
    mlp, x, y = small(rng)
    p = probe(mlp, x, y, "half_squared_error")
    for layer, module in zip(p.layers, mlp.layers, strict=True):
        for name in ("inputs", "z", "a", "delta", "db", "b"):
            assert [v.data for v in getattr(layer.nodes, name)] == getattr(layer, name).tolist()
        assert [[v.data for v in row] for row in layer.nodes.dW] == layer.dW.tolist()
        assert layer.nodes.W[2][1] is module.W[2][1]
    labels = [v.label for v in (*p.layers[0].nodes.inputs, *p.layers[1].nodes.inputs)]
    assert labels == ["a0[0]", "a0[1]", "a0[2]", "a1[0]", "a1[1]", "a1[2]", "a1[3]"]
    assert p.layers[0].nodes.z[3].label == "z1[3]"


def test_nodes_of_a_batch_are_lists_of_examples(rng):
    mlp, x, y = small(rng)
    p = probe(mlp, [x, x], [y, y], "half_squared_error", compiled=False)
    for name in ("inputs", "z", "a", "delta"):
        rows = getattr(p.layers[0].nodes, name)
        assert [[v.data for v in row] for row in rows] == getattr(p.layers[0], name).tolist()


def test_the_error_of_a_unit_can_be_differentiated_again(rng):
    neuron = Neuron(1, "tanh", weights=[0.7])
    layer = probe(neuron, [1.0], 0.0, "half_squared_error").layers[0]
    a, slope = math.tanh(0.7), 1 - math.tanh(0.7) ** 2
    (second,) = autograd.gradients(layer.nodes.delta[0], [neuron.w[0]])
    assert second == pytest.approx(slope * slope + a * -2 * a * slope, rel=1e-14)


def test_an_input_may_be_a_value_with_a_name_of_its_own(rng):
    mlp, x, y = small(rng)
    height = autograd.Value(x[0], "height")
    p = probe(mlp, [height, *x[1:]], y, "half_squared_error")
    assert p.layers[0].nodes.inputs[0] is height
    assert height.label == "height"


def test_a_penalty_on_a_weight_breaks_the_formula_and_check_says_where(rng):
    mlp, x, y = small(rng)

    def penalised(outputs, target):
        return nn.half_squared_error(outputs, target) + mlp.layers[0].W[2][1] ** 2

    with pytest.raises(autograd.GradientError, match=r"a_i δ_j .* layer 1 at dW\[2, 1\].*penalty"):
        probe(mlp, x, y, penalised).check()


def test_a_weight_in_two_places_breaks_the_formula():
    mlp = MLP(2, [2, 2], activation="tanh")
    mlp.layers[1].neurons[0].w = mlp.layers[0].neurons[0].w
    with pytest.raises(autograd.GradientError, match=r"layer 1 at dW\[0, 0\]"):
        probe(mlp, [1.0, 2.0]).check()


def test_a_path_around_the_next_layer_breaks_the_formula_of_delta(rng):
    seen = []

    def remembering(z):
        seen.append(autograd.tanh(z))
        return seen[-1]

    mlp = MLP(2, [2, 1], activation=remembering)
    with pytest.raises(autograd.GradientError, match=r"g'\(z_j\).* layer 1 at delta\[0\]"):
        probe(mlp, [1.0, -1.0], 0.0, lambda outputs, y: outputs[0] + seen[0]).check()


def test_check_names_the_first_number_that_is_not_finite(rng):
    mlp, x, y = small(rng)
    mlp.layers[1].b[1].data = math.nan
    p = probe(mlp, x, y, "half_squared_error")
    assert "nan" in p.table()
    with pytest.raises(autograd.GradientError, match=r"delta\[0\].* nan"):
        p.check()
    with pytest.raises(autograd.GradientError, match=r"layer 1 at z\[\d\]"):
        probe(mlp, [math.inf, -math.inf, 1.0]).check()


def test_a_saturated_network_is_exact_too():
    mlp = MLP(2, [3, 3, 1], activation="sigmoid", output="relu")
    assert probe(mlp, [1e300, -1e300], [1.0], "half_squared_error").check() < 10
    assert probe(mlp, [1e-310, 0.0], [1.0], "half_squared_error").check() < 10


def test_table_shows_every_number_and_where_the_largest_difference_is(rng):
    mlp, x, y = small(rng)
    p = probe(mlp, x, y, "half_squared_error")
    lines = p.table(units=4, weights=12).splitlines()
    assert lines[0] == repr(p)
    hidden = lines[lines.index("layer 1 · 3→4 · tanh") :]
    assert [len(line) for line in hidden[1:6]] == [len(hidden[1])] * 5
    for j, line in enumerate(hidden[2:6]):
        unit, z, a, delta, hand, db, _ = line.split()
        layer = p.layers[0]
        exact = layer.z[j], layer.a[j], layer.delta[j], layer.hand.delta[j], layer.db[j]
        assert int(unit) == j
        assert [float(v) for v in (z, a, delta, hand, db)] == pytest.approx(exact, rel=1e-5)
    i, j, weight, hand, dW, ulps = hidden[7].split()
    assert (int(i), int(j), float(ulps)) == (0, 0, 0.0)
    assert float(weight) == pytest.approx(p.layers[0].W[0, 0], rel=1e-5)
    assert float(hand) == float(dW) == pytest.approx(p.layers[0].dW[0, 0], rel=1e-5)


@pytest.mark.parametrize("batch", [False, True])
def test_the_largest_number_of_the_table_is_what_check_returns(batch, rng):
    mlp, x, y = random_network("gelu", "huber", rng)
    p = probe(mlp, [x, x] if batch else x, [y, y] if batch else y, "huber")
    rows = [line.split() for line in p.table(units=99, weights=9999).splitlines()]
    ulps = [float(row[-1]) for row in rows if row and row[0].isdigit()]
    assert max(ulps) == pytest.approx(p.check(), rel=1e-2)
    assert len(ulps) == sum(layer.b.size + layer.W.size for layer in p.layers)


def test_a_long_table_says_what_it_left_out(rng):
    p = probe(MLP(30, [20, 1]), [1.0] * 30)
    text = p.table()
    assert "… and 8 units more" in text
    assert "… and 584 weights more" in text
    assert len(text.splitlines()) < 60
    shown = [line.split() for line in text.splitlines()[4:16]]
    assert max(float(row[-1]) for row in shown) == pytest.approx(p.check(), rel=1e-2)


def test_table_of_a_batch_says_that_it_shows_means(rng):
    mlp, x, y = small(rng)
    text = probe(mlp, [x, x], [y, y], "half_squared_error").table()
    assert "means over 2 examples" in text
    assert "mean a_i δ_j" in text


def test_the_notebook_form_is_the_table_escaped(rng):
    mlp = MLP(1, [1], output=Activation("<script>&", autograd.tanh))
    text = probe(mlp, [1.0])._repr_html_()
    assert text.startswith("<pre>")
    assert "<script>" not in text
    assert "&lt;script&gt;&amp;" in text


def test_repr_is_one_short_line(rng):
    mlp, x, y = small(rng)
    assert repr(probe(mlp, x, y, "half_squared_error")).startswith(
        "Probe(MLP(3 → 4 → 2, tanh, identity, 26 parameters), one example, half_squared_error = "
    )
    assert "2 examples, huber = " in repr(probe(mlp, [x, x], [y, y], nn.huber))
    assert ", sum of outputs = " in repr(probe(mlp, x))
    assert "one example, loss = " in repr(probe(mlp, x, y, lambda outputs, y: outputs[0]))


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        (([1.0, 2.0],), ValueError, "3 inputs"),
        (([],), ValueError, r"3 inputs in each; got \[\]"),
        (([[]],), ValueError, r"3 inputs in each; got \[\]"),
        (([[1.0, 2.0, 3.0]], [[0.0, 0.0]] * 2, "huber"), ValueError, "got 2 for 1"),
        (([1.0, 2.0, 3.0], [0.0, 0.0]), ValueError, "y and loss together"),
        (([1.0, 2.0, 3.0], None, "huber"), ValueError, "y and loss together"),
        (([1.0, 2.0, 3.0], [0.0, 0.0], "hubris"), ValueError, "cross_entropy.*hubris"),
        (([1.0, 2.0, 3.0], [0.0], "huber"), ValueError, "2 outputs and 1 target"),
        ((["a", 2.0, 3.0],), ValueError, "got .a.*nesting"),
        (([None, 2.0, 3.0],), TypeError, "real number"),
        ((5.0,), ValueError, "one example or a batch"),
        ((np.zeros((2, 2, 3)),), ValueError, "3 inputs in each"),
        ((np.zeros((0, 3)),), ValueError, "3 inputs in each"),
        ((np.zeros((2, 3, 3)),), TypeError, "real number"),
    ],
)
def test_data_that_do_not_fit_are_refused(arguments, kind, words, rng):
    mlp, _, _ = small(rng)
    with pytest.raises(kind, match=words):
        probe(mlp, *arguments)


def test_a_cost_without_a_graph_is_refused(rng):
    mlp, x, y = small(rng)
    with pytest.raises(ValueError, match="computed from the outputs; got 3"):
        probe(mlp, x, y, lambda outputs, y: 3.0)
    with autograd.no_grad(), pytest.raises(ValueError, match="leave no_grad"):
        probe(mlp, x, y, "huber")


def test_another_kind_of_model_is_refused():
    with pytest.raises(TypeError, match="Neuron, a Layer or an MLP; got function"):
        probe(lambda x: x, [1.0])


@pytest.mark.parametrize("width", [1, 40])
@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
def test_the_formulas_hold_at_the_ends_of_depth_and_width(depth, width, rng):
    mlp = MLP(width, [width] * depth, activation="silu", output="tanh", seed=depth)
    x, y = [rng.gauss(0, 1) for _ in range(width)], target("huber", width, rng)
    p = probe(mlp, x, y, "huber")
    assert p.check() <= width + 5
    oracle = matrix_backpropagation(mlp, np.array(x), np.array(y), "huber")
    for layer, (delta, dW) in zip(p.layers, oracle, strict=True):
        assert (layer.dW == np.outer(layer.inputs, layer.delta)).all()
        assert close(delta, layer.delta)
        assert close(dW, layer.dW)
