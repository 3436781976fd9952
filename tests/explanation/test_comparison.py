"""A comparison finds what is wrong with a formula, and only where something is wrong."""

import math
import random

import numpy as np
import pytest

from autograd import Value, compare, gradients
from nn import MLP, probe


@pytest.fixture
def probed():
    model = MLP(3, [3, 2], activation="tanh", seed=4)
    rows, targets = [[0.5, -1.0, 2.0], [1.5, 0.3, -0.7], [0.2, 0.4, 0.9]], [[0.0, 1.0]] * 3
    return probe(model, rows, targets, "half_squared_error")


def test_the_right_formula_is_exact_or_close(probed):
    for layer in probed.layers:
        assert compare(layer.dW, layer.dW).verdict == "exact"
        assert compare(layer.hand.dW, layer.dW)
        assert compare(layer.hand.dW, layer.dW).hints == []


@pytest.mark.parametrize("seed", range(5))
def test_the_kinds_of_structure_do_not_matter(seed):
    rng = random.Random(seed)
    W = [[rng.gauss(0, 1) for _ in range(3)] for _ in range(2)]
    values = [[Value(w) for w in row] for row in W]
    arrays = np.array(W), np.array(values, dtype=object), tuple(map(tuple, W))
    for other in (*arrays, values, [np.array(row) for row in W]):
        assert compare(W, other).verdict == "exact"
        assert compare(other, W).verdict == "exact"
    assert compare(Value(2.0), np.float64(2.0)).verdict == "exact"
    assert compare(2, 2.0).verdict == "exact"


def test_verdicts_of_single_numbers():
    assert compare(0.1 + 0.2, 0.3).verdict == "close"
    assert compare(0.31, 0.3).verdict == "wrong"
    assert compare(math.nan, math.nan).verdict == "exact"
    assert compare(math.nan, 1.0).verdict == "wrong"
    assert compare(1e-17, 0.0).verdict == "wrong"  # alone, nothing says what is small
    assert compare([1e-17, 1.0], [0.0, 1.0]).verdict == "close"
    assert compare([], []).verdict == "exact"


def test_a_comparison_is_true_where_nothing_is_wrong():
    assert compare([1.0, 2.0], [1.0, 2.0])
    assert not compare([1.0, 2.0], [1.0, 2.1])


def test_each_entry_is_judged_by_itself():
    result = compare([1.0, 2.0, 3.0 + 1e-13], [1.0, 5.0, 3.0])
    assert [entry.verdict for entry in result.entries] == ["exact", "wrong", "close"]
    assert result.text().splitlines()[0] == "1 exact, 1 close, 1 wrong"
    assert "[1]" in result.text().splitlines()[2]  # the wrong one comes first


def hint_of(hand, autodiff, **options):
    (hint,) = compare(hand, autodiff, **options).hints
    return hint


def test_a_sign_is_recognised(probed):
    dW = probed.layers[0].dW
    assert "a sign" in hint_of(-dW, dW)


def test_a_missing_mean_is_recognised(probed):
    layer = probed.layers[1]
    summed = layer.inputs.T @ layer.delta
    assert "1/m of the mean is missing" in hint_of(summed, layer.dW)
    assert hint_of(summed, layer.dW).startswith("hand is 3 times")
    assert "divided by m" in hint_of(layer.dW / 3, layer.dW)


def test_a_missing_factor_two_is_recognised():
    x = Value(1.7)
    by_x = gradients(x * x, x)
    assert "a factor 2 is missing" in hint_of(1.7, by_x)
    assert "a factor ½ is missing" in hint_of(2 * by_x, by_x)


def test_exchanged_indices_are_recognised(probed):
    dW = probed.layers[0].dW
    assert "transpose" in hint_of(dW.T, dW)
    with pytest.raises(ValueError, match=r"\(2, 3\) and \(3, 2\).*transpose"):
        compare(probed.layers[1].dW.T, probed.layers[1].dW)


def test_a_forgotten_slope_is_recognised():
    p = probe(MLP(2, [3, 1], activation="tanh"), [0.5, -1.0], [0.2], "half_squared_error")
    layer = p.layers[0]
    without = layer.da  # Σ_k W_jk δ_k
    assert "g'" in hint_of(without, layer.delta)
    assert hint_of(without, layer.delta, slope=layer.slope).endswith("the factor g' is missing.")
    outer = np.outer(layer.inputs, without)
    assert "depends on j alone" in hint_of(outer, layer.dW)
    assert "is missing" in hint_of(outer, layer.dW, slope=layer.slope)


def test_a_forgotten_activation_is_recognised():
    p = probe(MLP(2, [3, 1], activation="tanh"), [0.5, -1.0], [0.2], "half_squared_error")
    layer = p.layers[0]
    assert "depends on i alone" in hint_of(np.outer([1, 1], layer.delta), layer.dW)


def test_no_hint_where_there_is_no_pattern():
    rng = random.Random(0)
    hand = [[rng.gauss(0, 1) for _ in range(3)] for _ in range(3)]
    autodiff = [[rng.gauss(0, 1) for _ in range(3)] for _ in range(3)]
    assert compare(hand, autodiff).hints == []
    assert compare([0.0, 1.0], [1.0, 1.0]).hints == []


@pytest.mark.parametrize(
    ("hand", "autodiff", "words"),
    [
        ([1.0, 2.0], [1.0, 2.0, 3.0], "same indices"),
        ([[1.0, 2.0]], [1.0, 2.0], "axis of length 1"),
        (1.0, [1.0], "axis of length 1"),
        ([[1.0], [2.0, 3.0]], [[1.0, 2.0], [3.0, 4.0]], "ragged"),
    ],
)
def test_shapes_that_differ_are_an_error_with_a_way_out(hand, autodiff, words):
    with pytest.raises(ValueError, match=words):
        compare(hand, autodiff)


def test_what_is_not_a_number_is_refused():
    with pytest.raises(TypeError, match="real number"):
        compare(["a"], [1.0])


def test_long_comparisons_are_cut_and_say_so():
    text = compare([0.5] * 1000, [1.0] * 1000).text()
    assert "… and 980 more" in text
    assert len(text.splitlines()) < 30
    assert compare([1.0], [2.0])._repr_html_().startswith("<pre>1 wrong")


# --- slopes of a batch ------------------------------------------------------------------------


def forgotten(shape, slopes):
    rng = np.random.default_rng(3)
    autodiff = rng.normal(size=shape)
    return autodiff / slopes, autodiff


@pytest.mark.parametrize(
    ("shape", "slope_shape"),
    [((3,), (3,)), ((4, 3), (4, 3)), ((4, 3), (3,)), ((5, 4, 3), (5, 3)), ((5, 4, 3), (5, 4, 3)),
     ((3, 3), (3, 3)), ((5, 4, 3), (3,))],
)  # fmt: skip
def test_a_forgotten_slope_is_recognised_by_all_its_indices(shape, slope_shape):
    slope = np.random.default_rng(1).uniform(0.1, 0.9, slope_shape)
    whole = slope
    if len(slope_shape) == 2 and len(shape) == 3:
        whole = slope[:, None, :]  # of each example and unit, whatever the input
    hand, autodiff = forgotten(shape, whole)
    for given in (slope, slope.tolist()):
        found = compare(hand, autodiff, slope=given)
        assert found.hints == ["autodiff is g'(z_j) times hand: the factor g' is missing."]
    others = compare(hand, autodiff, slope=slope[..., ::-1])
    assert others.hints != found.hints


def test_the_slope_of_a_number_is_recognised():
    assert "g' is missing" in compare(2.0, 0.5, slope=0.25).hints[0]


@pytest.mark.parametrize("slope", [[], [[]], 0.5, [[0.1], [0.2]]])
def test_slopes_of_another_shape_are_no_hint(slope):
    assert "the factor g' is missing" not in str(compare([2.0, 3.0], [1.0, 7.0], slope=slope))
