"""What is read of an argument in one walk is what its structure and its leaves say one by one."""

from collections import OrderedDict, namedtuple

import numpy as np
import pytest

import nn
from autograd import Value, jit, value_and_grad
from autograd.derivatives.trees import leaves, unflatten
from autograd.program.jitting.arguments import structure_of
from autograd.program.jitting.results import filler
from autograd.program.jitting.taking import taken

Pair = namedtuple("Pair", "left right")


class Row(list):
    """A list of another kind."""


PLAIN = [
    0.5,
    [],
    (),
    {},
    [1.0, 2.0],
    (1.0, -0.0, 3),
    [[1.0, 2.0], [3.0, 4.0]],
    [[1.0], (2.0, 3.0), []],
    {"w": [[1.0, 2.0], [3.0, 4.0]], "b": 0.5, "a": np.arange(4.0).reshape(2, 2)},
    Pair(1.0, [2.0, {"x": 3.0, "y": (4.0, 5.0)}]),
    OrderedDict(b=1.0, a=[2.0]),
    [np.ones((2, 3)), 1.0, 2.0, np.zeros(0), np.array(7.0)],
    [np.float32([1.5, 2.5]), [0.25]],
    Row([1.0, 2.0]),
    [Row([1.0, [2.0]]), {"a": {}}],
    np.arange(6.0).reshape(2, 3).T,
    np.float32([1.5, 2.5]),
]


@pytest.mark.parametrize("tree", PLAIN, ids=str)
def test_structure_and_numbers_are_those_of_a_walk_by_each(tree):
    structure, numbers = taken(tree)
    assert structure == structure_of(tree)
    assert list(map(float, numbers)) == leaves(tree)


@pytest.mark.parametrize("tree", PLAIN, ids=str)
@pytest.mark.parametrize("own", [True, False])
def test_numbers_come_back_in_the_structure(tree, own):
    numbers = 10.0 + np.arange(len(leaves(tree)))
    found, expected = filler(tree, own)(numbers), unflatten(tree, numbers.tolist())
    assert type(found) is type(expected) and leaves(found) == leaves(expected)
    assert structure_of(found) == structure_of(expected)
    if not own:
        assert not any(np.shares_memory(x, numbers) for x in arrays(found))


def arrays(tree):
    if isinstance(tree, np.ndarray):
        return [tree]
    inner = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return [x for child in inner for x in arrays(child)]


OTHERS = [3, True, None, "text", [1.0, None], [2**60, 1.0], [True, 1.0], Value(1.0), [Value(1.0)],
          {"a": Value(1.0)}, np.arange(3), np.float64(1.0), [np.float64(2.0)],
          np.ma.array([1.0, 2.0], mask=[0, 1]), np.array([Value(1.0)])]  # fmt: skip


@pytest.mark.parametrize("tree", OTHERS, ids=repr)
def test_what_is_not_plain_is_left_to_others(tree):
    assert taken(tree) == (None, None)


def cost(p, x=1.0, *more):
    flat = [*leaves(p), *leaves(x), *leaves(more)]
    return sum(a * a * (k + 1) for k, a in enumerate(flat))


@pytest.mark.parametrize("args", [
    ([1.0, 2, 3.0],), ([1, 2, 3],), ({"a": [1.0, 2.0], "b": np.ones(3)}, [4.0, 5.0]),
    (np.arange(3.0), np.ones((2, 2))), ([1.0, 2.0], (3.0, 4.0), 5.0), (np.float32([1.5, 2.5]), 2),
], ids=str)  # fmt: skip
@pytest.mark.parametrize("argnums", [0, (0,), -1])
def test_a_compiled_gradient_has_the_structure_of_an_eager_one(args, argnums):
    compiled, eager = jit(cost), value_and_grad(cost, argnums)
    for scale in (1.0, 0.5, -2.0):
        moved = tuple(unflatten(x, [scale * a for a in leaves(x)]) for x in args)
        found, expected = compiled.value_and_grad(*moved, argnums=argnums), eager(*moved)
        assert structure_of(found) == structure_of(expected)
        np.testing.assert_allclose(leaves(found), leaves(expected), rtol=1e-13)


def test_a_list_that_changes_in_place_is_read_again():
    p = {"w": [[1.0, 2.0], [3.0, 4.0]], "b": 1.0}
    energy = jit(lambda p: sum(x * x for x in leaves(p)))
    assert energy(p) == 31.0
    p["w"][1][0] = 0.0
    p["b"] = 2.0
    assert energy(p) == 25.0
    p["w"][0].append(1.0)
    assert energy(p) == 26.0


def test_gradients_of_two_calls_are_two_arrays():
    energy = jit(lambda p: sum(x * x for x in leaves(p)))
    first = energy.value_and_grad({"a": np.ones(2), "b": np.ones(2)})[1]
    second = energy.value_and_grad({"a": np.zeros(2), "b": np.zeros(2)})[1]
    assert first["a"].tolist() == [2.0, 2.0] and second["a"].tolist() == [0.0, 0.0]
    first["a"][:] = 7.0
    assert first["b"].tolist() == [2.0, 2.0]


def test_numbers_that_a_function_holds_are_those_of_now():
    """They are read where a Value was written since the last call, in whatever way."""
    model = nn.MLP(2, [3, 1], seed=4)
    f, x = jit(lambda x: model(x)[0]), [0.5, -1.0]
    at_two = jit(lambda x, y: model([x[0], y])[0])

    def agree(*ignored):
        out = model([Value(a) for a in x])[0].data
        assert f(x) == pytest.approx(out, rel=1e-13)
        assert f.map(np.array([x, x])).tolist() == pytest.approx([out, out], rel=1e-13)
        cost, slopes = f.value_and_grad(x)
        expected = value_and_grad(lambda x: model(x)[0])(x)
        assert [cost, *slopes] == pytest.approx([expected[0], *expected[1]], rel=1e-12)
        assert at_two(x, x[1]) == pytest.approx(out, rel=1e-13)

    agree()
    agree()
    model.layers[0].W[1][2].data = 2.0
    agree()
    model.load_state_dict({path: 0.5 * W for path, W in model.state_dict().items()})
    agree()
    X, y = np.random.default_rng(3).normal(size=(6, 2)), np.arange(6.0)
    nn.fit(model, X, y, loss="huber", epochs=12, batch_size=None, progress=False, callbacks=agree)
    agree()
    Value(1.0).data = 3.0  # which is nothing to the function
    agree()


def test_a_compiled_function_of_a_network_that_nobody_changed_asks_for_no_weight(monkeypatch):
    model = nn.MLP(2, [3, 1], seed=4)
    f = jit(lambda x: model(x)[0])
    first = f([0.5, -1.0])
    asked = []
    monkeypatch.setattr("autograd.program.jitting.replay.read", lambda *given: asked.append(given))
    assert f([0.5, -1.0]) == first and f([0.25, 1.0]) != first and not asked
