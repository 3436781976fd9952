"""ONNX files hold the same network: for onnx's own evaluator, for onnxruntime, and for us."""

import os
import sys

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

import nn

X = np.random.default_rng(0).normal(size=(7, 3))
# constants of the evaluator, and attributes, which ONNX keeps in single precision
INEXACT = {"gelu": 2e-7, "gelu_tanh": 2e-7, "leaky_relu": 2e-9, "selu": 2e-6}


def network(g):
    hidden = "tanh" if g == "softmax" else g
    return nn.MLP(3, [5, 4, 2], hidden, g, seed=1)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.onnx"


@pytest.mark.parametrize("g", nn.ACTIVATIONS)
def test_the_evaluator_of_onnx_finds_the_same_outputs(g, path):
    model = network(g)
    nn.export_onnx(model, path, dtype="float64")
    onnx.checker.check_model(str(path), full_check=True)
    (Y,) = ReferenceEvaluator(str(path)).run(None, {"X": X})
    tolerance = INEXACT.get(g, 1e-12)
    assert pytest.approx(model.predict(X), rel=tolerance, abs=tolerance) == Y


@pytest.mark.parametrize("g", nn.ACTIVATIONS)
def test_onnxruntime_finds_the_same_outputs_in_single_precision(g, path):
    runtime = pytest.importorskip("onnxruntime")
    model = network(g)
    nn.export_onnx(model, path)
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for rows in (X, X[:1]):  # any number of them
        (Y,) = session.run(["Y"], {"X": rows.astype(np.float32)})
        assert Y.dtype == np.float32
        assert pytest.approx(model.predict(rows), rel=1e-5, abs=1e-6) == Y


@pytest.mark.parametrize("g", nn.ACTIVATIONS)
def test_there_and_back_is_the_same_network_to_the_bit(g, path):
    model = network(g)
    nn.export_onnx(model, path, dtype="float64")
    back = nn.import_onnx(path)
    assert repr(back) == repr(model)
    assert (back.predict(X) == model.predict(X)).all()


@pytest.mark.parametrize("place", ["before", "after", ["after", "before", "after"]], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normalisation_and_dropout_are_in_the_file(place, dtype, path):
    model = nn.MLP(3, [5, 4, 2], "tanh", seed=1, layer_norm=place, dropout=[0.25, 0.0])
    shifted = {k: v + 0.1 for k, v in model.state_dict().items()}
    model.load_state_dict(shifted)
    nn.export_onnx(model, path, dtype=dtype)
    onnx.checker.check_model(str(path), full_check=True)
    double = dtype == "float64"
    (Y,) = ReferenceEvaluator(str(path)).run(None, {"X": X.astype(dtype)})
    tolerance = 1e-9 if double else 1e-5  # ε is of single precision in a file
    assert pytest.approx(model.predict(X), rel=tolerance, abs=tolerance) == Y
    back = nn.import_onnx(path)
    assert repr(back) == repr(model)
    assert not back.training
    assert [drop.p for drop in back.dropouts] == [0.25, 0.0]
    assert back.predict(X) == pytest.approx(model.predict(X), abs=0.0 if double else 1e-6)
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (Y,) = session.run(["Y"], {"X": X.astype(dtype)})
    assert pytest.approx(model.predict(X), rel=1e-5, abs=1e-5) == Y


def graph_of(nodes, weights, outputs=("Y",), inputs=("X",)):
    """Write a model of nodes (operator, inputs, output, attributes) by onnx's own means."""
    made = [helper.make_node(op, i, [o], **attributes) for op, i, o, attributes in nodes]
    tensors = [numpy_helper.from_array(array, name) for name, array in weights.items()]

    def ends(names):
        return [helper.make_tensor_value_info(x, TensorProto.DOUBLE, ["batch", 3]) for x in names]

    graph = helper.make_graph(made, "g", ends(inputs), ends(outputs), tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


W, B = np.random.default_rng(1).normal(size=(3, 3)), np.array([0.5, -1.0, 0.0])


@pytest.mark.parametrize(
    "nodes",
    [
        [("Gemm", ["X", "W", "B"], "z", {"transB": 1}), ("Relu", ["z"], "Y", {})],
        [("Gemm", ["X", "W"], "z", {}), ("Softmax", ["z"], "Y", {})],
        [("MatMul", ["X", "W"], "p", {}), ("Add", ["B", "p"], "Y", {})],
        [("MatMul", ["X", "W"], "p", {}), ("Tanh", ["p"], "Y", {})],
        [("Identity", ["X"], "x", {}), ("Gemm", ["x", "W", "B"], "z", {}),
         ("Dropout", ["z"], "d", {}), ("Sigmoid", ["d"], "s", {}), ("Mul", ["s", "d"], "Y", {})],
        [("Gemm", ["X", "W"], "z", {}), ("Sigmoid", ["z"], "s", {}), ("Gemm", ["s", "W"], "Y", {})],
        [("Gemm", ["X", "W"], "z", {}), ("LayerNormalization", ["z", "B"], "n", {"axis": 1}),
         ("Relu", ["n"], "Y", {})],
        [("Constant", [], "V", {"value": numpy_helper.from_array(W)}),
         ("MatMul", ["X", "V"], "Y", {})],
    ],
)  # fmt: skip
def test_files_of_others_are_read(nodes, path):
    proto = graph_of(nodes, {"W": W, "B": B})
    onnx.save(proto, str(path))
    (Y,) = ReferenceEvaluator(proto).run(None, {"X": X})
    assert nn.import_onnx(path).predict(X) == pytest.approx(Y, rel=1e-11, abs=1e-14)


GEMM = ("Gemm", ["X", "W"], "z", {})


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([("Conv", ["X", "W"], "Y", {})], "the operator Conv"),
        ([("Gemm", ["X", "W"], "Y", {"alpha": 2.0})], "the operator Gemm"),
        ([("Gemm", ["X", "W"], "Y", {"transA": 1})], "the operator Gemm"),
        ([GEMM, ("LeakyRelu", ["z"], "Y", {"alpha": 0.2})], "the operator LeakyRelu"),
        ([GEMM, ("Elu", ["z"], "Y", {"alpha": 2.0})], "the operator Elu"),
        ([GEMM, ("Relu", ["z"], "r", {}), ("Tanh", ["r"], "Y", {})], "'tanh' without a linear map"),
        ([GEMM, ("Relu", ["X"], "Y", {})], "does not follow the one before"),
        ([GEMM, ("Mul", ["z", "z"], "Y", {})], "a product that is no silu"),
        ([GEMM, ("Add", ["z", "X"], "Y", {})], "the operator Add"),
        ([GEMM, ("Relu", ["z"], "r", {}), ("Add", ["r", "B"], "Y", {})], "no bias of a linear map"),
    ],
)
def test_what_an_mlp_cannot_be_is_named(nodes, words, path):
    onnx.save(graph_of(nodes, {"W": W, "B": B}), str(path))
    with pytest.raises(ValueError, match=words):
        nn.import_onnx(path)


def test_several_outputs_are_refused(path):
    onnx.save(graph_of([GEMM, ("Relu", ["z"], "Y", {})], {"W": W}, ("Y", "z")), str(path))
    with pytest.raises(ValueError, match="outputs other than the last result"):
        nn.import_onnx(path)


def test_no_other_file_is_opened(path):
    proto = graph_of([("Gemm", ["X", "W"], "Y", {})], {"W": W})
    (tensor,) = proto.graph.initializer
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    path.write_bytes(proto.SerializeToString())
    with pytest.raises(ValueError, match=r"model\.onnx"):
        nn.import_onnx(path)


@pytest.mark.parametrize("content", [b"", b"no ONNX file", bytes(range(256))])
def test_a_damaged_file_is_said_so(content, path):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.onnx is no ONNX file that can be read"):
        nn.import_onnx(path)


def test_a_cut_file_is_said_so(path):
    nn.export_onnx(network("tanh"), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match=r"model\.onnx"):
        nn.import_onnx(path)


def test_an_export_that_fails_leaves_the_old_file(path):
    nn.export_onnx(network("tanh"), path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="no operator of the activation 'cube'"):
        nn.export_onnx(nn.MLP(2, [2, 1], "relu", nn.Activation("cube", lambda z: z**3)), path)
    with pytest.raises(ValueError, match="dtype is float32 or float64"):
        nn.export_onnx(network("tanh"), path, dtype="float16")
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_without_onnx_one_line_says_what_to_install(monkeypatch, path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    for name in [name for name in sys.modules if name.startswith("onnx.")]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r'^ONNX files need onnx: pip install "whygrad\[onnx\]"$'):
        nn.export_onnx(nn.MLP(2, [1]), path)
