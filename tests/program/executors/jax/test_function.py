"""A program as a function of JAX: the same numbers, and JAX's transformations on them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

jax = pytest.importorskip("jax")
jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp

import autograd as ag
from autograd import Program, Value, dot, hessian, maximum, relu, softmax, tanh
from autograd.table import PRIMITIVES, primitive
from tests.program import test_flat
from tests.program.test_beside import CASES
from tests.program.zoo import SERIAL, ZOO

ROOT = Path(__file__).parents[4]
MATRICES = ["mlp", "classifier", "convolution", "attention", "embedding", "kinks", "experts"]


MODELS = {name: ZOO[name] for name in MATRICES} | SERIAL


def prepared(make):
    """Return a program, three rows that take the recorded branches, and its function."""
    loss, inputs, parameters = make()
    program = Program(loss, inputs=inputs, parameters=parameters)
    row = np.array([x.data for x in inputs])
    fixed = row == np.round(row)  # an index stays what it is
    noise = np.random.default_rng(0).normal(size=(3, len(row))) * 0.1
    return program, row + np.where(fixed, 0.0, noise), *program.to_jax()


def in_order(program, gradient):
    """Return the gradient by layers as one by parameters, found by the numbers of the leaves."""
    for k, leaf in enumerate(program.parameters):
        leaf.data = float(k)
    _, places = program.to_jax()
    out = np.zeros(len(program.parameters))
    for name, array in places.items():
        out[array.astype(int)] = gradient[name]
    return out


@pytest.mark.parametrize("name", MODELS)
def test_cost_and_gradient_are_those_of_the_program(name):
    program, X, function, parameters = prepared(MODELS[name])
    C, gradient = program(X)
    cost, slopes = jax.jit(jax.value_and_grad(function))(parameters, X)
    scale = max(1.0, abs(gradient).max())
    assert float(cost) == pytest.approx(C, rel=1e-12, abs=1e-12)
    assert in_order(program, slopes) == pytest.approx(gradient, rel=1e-12, abs=1e-12 * scale)


@pytest.mark.parametrize("name", SERIAL)
def test_what_repeats_in_time_is_a_scan(name):
    _, X, function, parameters = prepared(SERIAL[name])
    text = str(jax.make_jaxpr(function)(parameters, X))
    assert "scan[" in text
    assert list(parameters) == ["θ1"]
    assert text.count("\n") < 1000


def test_parameters_are_one_array_a_layer():
    _, _, function, parameters = prepared(ZOO["mlp"])
    assert {name: array.shape for name, array in parameters.items()} == {
        "W1": (2, 5), "b1": (5,), "W2": (5, 4), "b2": (4,), "W3": (4, 2), "b3": (2,),
    }  # fmt: skip
    text = str(jax.make_jaxpr(function)(parameters, np.zeros((7, 4))))
    assert text.count("dot_general") == 3
    assert "scatter" not in text
    assert "gather" not in text


def test_a_layer_of_a_network_is_its_matrix():
    from nn import MLP, half_squared_error

    model = MLP(2, [3, 1], "tanh", seed=1)
    x, y = [Value(0.5), Value(-1.0)], Value(0.3)
    loss = half_squared_error(model(x), y)
    _, parameters = Program(loss, inputs=[*x, y], parameters=model.parameters()).to_jax()
    state = model.state_dict()
    for k in range(2):
        assert (parameters[f"W{k + 1}"] == state[f"layers.{k}.W"]).all()
        assert (parameters[f"b{k + 1}"] == state[f"layers.{k}.b"]).all()


def test_maps_over_models_and_gives_each_row_its_cost():
    program, X, function, parameters = prepared(ZOO["mlp"])
    several = {name: np.stack([array, 2 * array]) for name, array in parameters.items()}
    costs = jax.vmap(function, (0, None))(several, X)
    twice = {name: 2 * array for name, array in parameters.items()}
    assert costs.tolist() == pytest.approx([program(X)[0], float(function(twice, X))], rel=1e-12)
    by_row = jax.vmap(lambda row: function(parameters, row[None]))(X)
    assert by_row.mean() == pytest.approx(program(X)[0], rel=1e-12)


def test_a_scan_is_mapped_over_models_too():
    program, X, function, parameters = prepared(SERIAL["recurrence"])
    several = {name: np.stack([array, 0.5 * array]) for name, array in parameters.items()}
    costs = jax.jit(jax.vmap(function, (0, None)))(several, X)
    halved = {name: 0.5 * array for name, array in parameters.items()}
    assert costs.tolist() == pytest.approx([program(X)[0], float(function(halved, X))], rel=1e-12)


def test_a_normalised_network_keeps_its_gradient():
    from nn import MLP, half_squared_error

    model = MLP(3, [5, 2], "tanh", seed=1, layer_norm="before")
    x, y = [Value(0.3 * k) for k in range(3)], [Value(0.1), Value(0.2)]
    loss = half_squared_error(model(x), y)
    program = Program(loss, inputs=[*x, *y], parameters=model.parameters())
    X = np.random.default_rng(2).normal(size=(6, 5))
    C, gradient = program(X)
    function, parameters = program.to_jax()
    cost, slopes = jax.value_and_grad(function)(parameters, X)
    assert float(cost) == pytest.approx(C, rel=1e-12)
    assert in_order(program, slopes) == pytest.approx(gradient, rel=1e-10, abs=1e-13)


def test_second_derivatives_are_those_of_the_engine():
    def f(w):
        h = [tanh(w[0] * 0.7 - w[1]), ag.sigmoid(w[1] * w[2]), softmax([w[0], w[1]])[1]]
        return dot(h, w) * ag.log1p(w[1] * w[1])

    point = [0.4, -0.8, 1.3]
    leaves = [Value(x) for x in point]
    function, parameters = Program(f(leaves), inputs=[], parameters=leaves).to_jax()
    places = {
        name: [point.index(float(x)) for x in array.ravel()] for name, array in parameters.items()
    }
    H = jax.hessian(function)(parameters, np.zeros((1, 0)))
    expected = np.array(hessian(f)(point))
    for a, rows in places.items():
        for b, columns in places.items():
            block = np.asarray(H[a][b]).reshape(len(rows), len(columns))
            assert block == pytest.approx(expected[np.ix_(rows, columns)], rel=1e-12, abs=1e-12)


def slope_of(g, at):
    x = Value(at)
    function, parameters = Program(g(x), inputs=[], parameters=[x]).to_jax()
    ((name, _),) = parameters.items()
    return float(jax.grad(function)(parameters, np.zeros((1, 0)))[name][0])


@pytest.mark.parametrize(
    ("g", "at", "slope"),
    [
        (relu, 0.0, 0.0),
        (abs, 0.0, 0.0),
        (lambda x: maximum(x, 0.0), 0.0, 1.0),
        (lambda x: maximum(0.0, x), 0.0, 0.0),
        (lambda x: ag.clip(x, 0.0, 1.0), 0.0, ag.grad(lambda x: ag.clip(x, 0.0, 1.0))(0.0)),
        (ag.detach, 2.0, 0.0),
        (lambda x: x**2, 0.0, 0.0),
        (lambda x: x**3, -2.0, 12.0),
        (tanh, 20.0, 4.0 * np.exp(-40.0)),  # sech² x; 1 - tanh² x is 0 there
        (ag.sigmoid, 40.0, np.exp(-40.0)),
    ],
)
def test_derivatives_follow_the_table_at_kinks_and_where_functions_saturate(g, at, slope):
    assert slope_of(g, at) == pytest.approx(slope, rel=1e-12)


@pytest.mark.parametrize(
    "row", [r for r in PRIMITIVES.values() if r.arity in (1, 2)], ids=lambda row: row.name
)
def test_every_row_is_computed_and_differentiated_as_the_engine_does(row):
    from tests.explanation.reading import operands_of

    leaves = operands_of(row)
    root = row(*leaves)
    function, parameters = Program(root * 1.5, inputs=[], parameters=leaves).to_jax()
    cost, slopes = jax.value_and_grad(function)(parameters, np.zeros((1, 0)))
    assert float(cost) == pytest.approx(1.5 * root.data, rel=1e-12, abs=1e-14)
    expected = {
        leaf.data: 1.5 * g for leaf, g in zip(leaves, ag.gradients(root, leaves), strict=True)
    }
    for name, array in parameters.items():
        for number, slope in zip(array.ravel(), np.asarray(slopes[name]).ravel(), strict=True):
            assert slope == pytest.approx(expected[float(number)], rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("name", ["mlp", "recurrence"])
def test_an_exported_function_is_the_same_for_any_number_of_rows(name):
    _, X, function, parameters = prepared(MODELS[name])
    (m,) = jax.export.symbolic_shape("m")
    shape = jax.ShapeDtypeStruct((m, X.shape[1]), jnp.float64)
    content = jax.export.export(jax.jit(function))(parameters, shape).serialize()
    again = jax.export.deserialize(bytearray(content))
    for rows in (X, X[:1]):
        assert float(again.call(parameters, rows)) == float(jax.jit(function)(parameters, rows))


def test_single_precision_stays_single():
    _, X, function, parameters = prepared(ZOO["mlp"])
    narrow = {name: array.astype(np.float32) for name, array in parameters.items()}
    cost = function(narrow, X.astype(np.float32))
    assert cost.dtype == jnp.float32
    assert float(cost) == pytest.approx(float(function(parameters, X)), rel=1e-5)


def test_the_function_reads_nothing_but_its_arguments():
    program, X, function, parameters = prepared(ZOO["mlp"])
    before = float(function(parameters, X))
    for leaf in program.parameters:
        leaf.data = 9.0
    assert float(function(parameters, X)) == before


@pytest.mark.parametrize("name", MODELS)
def test_what_jax_trained_is_in_the_values_again(name):
    program, X, function, parameters = prepared(MODELS[name])
    changed = {key: jnp.asarray(array) * 1.001 for key, array in parameters.items()}
    program.from_jax(changed)
    _, again = program.to_jax()
    assert all((again[key] == np.asarray(array)).all() for key, array in changed.items())
    assert program(X)[0] == pytest.approx(float(function(changed, X)), rel=1e-12, abs=1e-12)


def test_arrays_that_are_not_the_programs_change_nothing():
    program, _, _, parameters = prepared(ZOO["mlp"])
    before = [leaf.data for leaf in program.parameters]
    with pytest.raises(ValueError, match=r"W1, b1, W2, b2, W3, b3, as to_jax .*; found W1"):
        program.from_jax({"W1": parameters["W1"]})
    with pytest.raises(ValueError, match=r"b2: expected shape \(4,\), found \(1, 4\)"):
        program.from_jax(parameters | {"b2": parameters["b2"][None], "b1": np.zeros(5)})
    assert [leaf.data for leaf in program.parameters] == before


def test_rows_of_another_width_are_refused():
    _, _, function, parameters = prepared(ZOO["mlp"])
    with pytest.raises(ValueError, match=r"\(m, 4\); got shape \(2, 3\)"):
        function(parameters, np.zeros((2, 3)))


def test_a_row_of_ones_own_runs_by_what_it_is_composed_of():
    cube = primitive("cube", lambda x: x**3, lambda x, out: 3 * x * x, composed=lambda x: x * x * x)
    bare = primitive("bare", lambda x: x, lambda x, out: 1.0)
    try:
        assert slope_of(cube, 2.0) == 12.0
        with pytest.raises(NotImplementedError, match="JAX has no operation 'bare'"):
            slope_of(bare, 2.0)
    finally:
        for name in ("cube", "bare"):
            del PRIMITIVES[name]
            delattr(Value, name)


SHARED_OUT = """
import jax
jax.config.update("jax_enable_x64", True)
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from tests.program.executors.jax.test_function import ZOO, prepared

assert jax.device_count() == 4
program, _, function, parameters = prepared(ZOO["mlp"])
X = np.random.default_rng(1).normal(size=(32, 4))
flat, unravel = ravel_pytree(parameters)
mesh = jax.make_mesh((4,), ("rows",), axis_types=(AxisType.Auto,))
everywhere, apart = (NamedSharding(mesh, PartitionSpec(*axes)) for axes in ((), ("rows",)))

def mine(flat, rows):
    cost, gradient = jax.value_and_grad(lambda flat: function(unravel(flat), rows))(flat)
    return jax.lax.pmean(jax.numpy.append(gradient, cost), "rows")

specs = {"in_specs": (PartitionSpec(), PartitionSpec("rows")), "out_specs": PartitionSpec()}
step = jax.jit(jax.shard_map(mine, mesh=mesh, check_vma=False, **specs))
arguments = jax.device_put(flat, everywhere), jax.device_put(X, apart)
found = np.asarray(step(*arguments))
cost, slopes = jax.value_and_grad(function)(parameters, X)
alone = np.append(ravel_pytree(slopes)[0], cost)
assert abs(found - alone).max() < 1e-14, abs(found - alone).max()
assert abs(found[-1] - program(X)[0]) < 1e-14
text = step.lower(*arguments).compile().as_text()
assert sum(" all-reduce(" in line for line in text.splitlines()) == 1, text

by_itself = jax.jit(jax.value_and_grad(function), in_shardings=(everywhere, apart))
cost, slopes = by_itself(jax.device_put(parameters, everywhere), arguments[1])
assert abs(np.append(ravel_pytree(slopes)[0], cost) - alone).max() < 1e-14
print("shared out")
"""


def test_rows_are_shared_out_over_four_devices_with_one_all_reduce():
    run = subprocess.run(
        [sys.executable, "-c", SHARED_OUT],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={"XLA_FLAGS": "--xla_force_host_platform_device_count=4", "PATH": "/usr/bin:/bin",
             "NPROC": "16"},  # threads of XLA: with no more than devices, one may wait for a thread
    )  # fmt: skip
    assert run.stdout == "shared out\n", run.stderr


@pytest.mark.parametrize("make", CASES)
def test_what_is_read_beside_the_loss_has_no_part_in_it(make):
    """Nor in the names of arrays, which are those of a program that reads nothing else."""
    loss, inputs, parameters, also = make(0.5)
    program = Program(loss, inputs=inputs, parameters=parameters, also=also)
    alone = Program(loss, inputs=inputs, parameters=parameters)
    right, inputs, others, _ = make(0.0)
    for leaf, other in zip(parameters, others, strict=True):
        leaf.data = other.data
    function, parameters = program.to_jax()
    shapes = [{k: x.shape for k, x in p.to_jax()[1].items()} for p in (program, alone)]
    assert shapes[0] == shapes[1]
    row = np.array([[x.data for x in inputs]])
    cost, slopes = jax.jit(jax.value_and_grad(function))(parameters, row)
    assert float(cost) == pytest.approx(right.data, rel=1e-14)
    expected = ag.gradients(right, others)
    assert in_order(program, slopes) == pytest.approx(expected, rel=1e-14, abs=1e-14)


def test_without_jax_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(ImportError, match="to_jax needs JAX: pip install jax"):
        Program(Value(1.0) * 2.0, inputs=[], parameters=[]).to_jax()


@pytest.mark.parametrize("make", test_flat.CASES)
def test_what_no_adjoint_reaches_is_not_differentiated(make):
    loss, inputs, parameters = make(0.0)
    program = Program(loss, inputs=inputs, parameters=parameters)
    function, arrays = program.to_jax()
    row = np.array([[x.data for x in inputs]])
    slopes = jax.jit(jax.grad(function))(arrays, row)
    expected = ag.gradients(loss, parameters)
    assert in_order(program, slopes) == pytest.approx(expected, rel=1e-14, abs=1e-14)


def test_nor_is_it_in_a_scan():
    """The last step of a loop is only held: all that it computes is."""
    w, h = Value(0.5), Value(0.0)
    loss = w * 1.0
    for _ in range(40):
        h = tanh(w * h)
        loss = loss + ag.detach(ag.sqrt(h)) * w
    program = Program(loss, inputs=[], parameters=[w])
    function, arrays = program.to_jax()
    slopes = jax.grad(function)(arrays, np.empty((1, 0)))
    assert ag.gradients(loss, [w]) == [1.0]
    assert in_order(program, slopes).tolist() == [1.0]
