"""Networks in ONNX files: `export_onnx`, `import_onnx`, for what an MLP is made of.

A linear map is a Gemm, an activation the operator of its name; silu is x · sigmoid(x). Dropout is
written down, and changes nothing where nobody trains.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from autograd.files import write
from nn.arguments import Array
from nn.interop.networks import Dense, Stack, stack_of
from nn.layers.dense import MLP

OPSET, IR = 20, 10  # of 2023 and 2024: the first with Gelu, and what runtimes since then read
OPERATORS: dict[str, tuple[str, dict[str, Any]]] = {  # of activations, with their attributes
    "relu": ("Relu", {}),
    "tanh": ("Tanh", {}),
    "sigmoid": ("Sigmoid", {}),
    "softsign": ("Softsign", {}),
    "softplus": ("Softplus", {}),
    "sin": ("Sin", {}),
    "elu": ("Elu", {"alpha": 1.0}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.01}),
    "gelu": ("Gelu", {"approximate": "none"}),
    "gelu_tanh": ("Gelu", {"approximate": "tanh"}),
    "mish": ("Mish", {}),
    "selu": ("Selu", {"alpha": 1.6732632, "gamma": 1.050701}),
    "softmax": ("Softmax", {"axis": -1}),
}
DEFAULTS: dict[str, Any] = {  # of attributes that may be left out of a file
    "Elu": {"alpha": 1.0}, "LeakyRelu": {"alpha": 0.01}, "Gelu": {"approximate": "none"},
    "Selu": {"alpha": 1.6732632, "gamma": 1.050701},
    "LayerNormalization": {"axis": -1, "epsilon": 1e-5, "stash_type": 1},
    "Softmax": {"axis": -1}, "Gemm": {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0},
}  # fmt: skip
WEIGHTS = ("W", "b", "scale", "shift", "ratio")  # of one layer, with its number behind


def export_onnx(model: Any, path: str | Path, *, dtype: str = "float32") -> None:
    """Write an MLP, a Layer or a Neuron as an ONNX file: X, (batch, fan_in) → Y, (batch, fan_out).

    The old file stays until the new is whole. Weights are rounded to float32, which every runtime
    takes; "float64" keeps them, and few runtimes take it. Raises ValueError for an activation that
    ONNX lacks.

    >>> import pytest, tempfile; onnx = pytest.importorskip("onnx")
    >>> from nn import MLP
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export_onnx(MLP(2, [3, 1], "tanh"), f"{folder}/model.onnx")
    ...     import_onnx(f"{folder}/model.onnx")
    MLP(2 → 3 → 1, tanh, identity, 13 parameters)
    """
    import numpy as np

    onnx = _onnx()
    if dtype not in ("float32", "float64"):
        raise ValueError(f"dtype is float32 or float64; got {dtype!r}.")
    stack = stack_of(model)
    kind = onnx.TensorProto.FLOAT if dtype == "float32" else onnx.TensorProto.DOUBLE
    tensors = [
        onnx.numpy_helper.from_array(np.asarray(numbers, dtype), f"{name}{k}")
        for k, dense in enumerate(stack, start=1)
        for name, numbers in zip(WEIGHTS, _weights(dense), strict=True)
        if numbers is not None
    ]
    operations = [x for k, dense in enumerate(stack, start=1) for x in _operations(dense, k)]
    names = ["X", *[f"h{k}" for k in range(1, len(operations))], "Y"]
    nodes = _nodes(onnx, operations, names)
    ends = [
        onnx.helper.make_tensor_value_info(name, kind, ["batch", width])
        for name, width in (("X", stack[0].W.shape[0]), ("Y", stack[-1].W.shape[1]))
    ]
    graph = onnx.helper.make_graph(nodes, "whygrad", ends[:1], ends[1:], tensors)
    opsets = [onnx.helper.make_opsetid("", OPSET)]
    proto = onnx.helper.make_model(graph, producer_name="whygrad", opset_imports=opsets)
    proto.ir_version = IR
    onnx.checker.check_model(proto, full_check=True)
    write(path, proto.SerializeToString())


def import_onnx(path: str | Path) -> MLP:
    """Return an MLP that computes what the network in an ONNX file does.

    Gemm, or MatMul with Add, activations, LayerNormalization and Dropout are understood, with
    weights of any floating-point type. Reading a file executes nothing, and opens no other; the
    model does not train, until `fit` or `train`. Raises ValueError for a damaged file and for any
    other operator, which is named.
    """
    onnx = _onnx()
    try:
        proto = onnx.load_model(str(path), load_external_data=False)
        onnx.checker.check_model(proto)
    except (onnx.checker.ValidationError, *_damaged()) as cause:
        raise ValueError(f"{path} is no ONNX file that can be read ({_short(cause)}).") from None
    graph, stack = proto.graph, Stack(f"{path}")
    weights = {tensor.name: _array(onnx, tensor, stack) for tensor in graph.initializer}
    at = next((x.name for x in graph.input if x.name not in weights), "")
    for operator, before, after, options in _sequence(onnx, graph, weights, stack):
        if before[0] != at:
            raise stack.refusal(f"an operator {operator} that does not follow the one before")
        _add(stack, operator, [weights[name] for name in before[1:]], options)
        at = after
    if [x.name for x in graph.output] != [at]:
        raise stack.refusal("outputs other than the last result")
    model = stack.model()
    return model.eval() if model.dropouts else model


def _weights(dense: Dense) -> Sequence[Any]:
    """Return what `WEIGHTS` names of one layer, None where it has none."""
    norm = dense.norm[2:] if dense.norm else (None, None)
    return dense.W, dense.b, *norm, dense.dropout or None


def _operations(dense: Dense, k: int) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
    """Yield the operators of layer number k with their attributes and the names of weights."""
    yield "Gemm", {}, [f"W{k}", f"b{k}"]
    parts = [_activation(dense.activation)]
    if dense.norm:
        options = {"axis": -1, "epsilon": dense.norm.eps}
        norm = [("LayerNormalization", options, [f"scale{k}", f"shift{k}"])]
        parts.insert(0 if dense.norm.place == "before" else 1, norm)
    for part in parts:
        yield from part
    if dense.dropout:
        yield "Dropout", {}, [f"ratio{k}"]


def _activation(g: str) -> list[tuple[str, dict[str, Any], list[str]]]:
    if g == "silu":
        return [("Sigmoid", {}, []), ("Mul", {}, [])]
    if g in OPERATORS:
        return [(*OPERATORS[g], [])]
    if g != "identity":
        known = ", ".join([*OPERATORS, "silu", "identity"])
        raise ValueError(f"ONNX has no operator of the activation {g!r}; it has {known}.")
    return []


def _nodes(onnx: Any, operations: Sequence[Any], names: Sequence[str]) -> list[Any]:
    nodes = []
    for k, ((operator, options, weights), (x, y)) in enumerate(
        zip(operations, pairwise(names), strict=True)
    ):
        inputs = [x, *weights, *[names[k - 1]] * (operator == "Mul")]  # that of the sigmoid
        nodes.append(onnx.helper.make_node(operator, inputs, [y], **options))
    return nodes


def _sequence(
    onnx: Any, graph: Any, weights: dict[str, Array], stack: Stack
) -> Iterator[tuple[str, list[str], str, dict[str, Any]]]:
    """Yield (operator, [input, weights …], output, attributes) in order; silu is one operator."""
    gates: dict[str, str] = {}  # σ(x) → x
    nodes = list(graph.node)
    products = {name for node in nodes if node.op_type == "Mul" for name in node.input}
    for node in nodes:
        options = {x.name: onnx.helper.get_attribute_value(x) for x in node.attribute}
        names, kind = [name for name in node.input if name], node.op_type
        if kind == "Constant":
            weights[node.output[0]] = _array(onnx, options["value"], stack)
        elif kind == "Sigmoid" and node.output[0] in products:
            gates[node.output[0]] = names[0]
        elif kind == "Mul":
            x = next((gates[name] for name in names if name in gates), "")
            if sorted(names) != sorted([x, *[s for s, of in gates.items() if of == x]]):
                raise stack.refusal("a product that is no silu")
            yield "silu", [x], node.output[0], {}
        else:
            first = [name for name in names if name not in weights]
            rest = [name for name in names if name in weights]
            if len(first) != 1:
                raise stack.refusal(f"the operator {kind} of {len(first)} results")
            yield kind, [*first, *rest], node.output[0], options


def _add(stack: Stack, operator: str, weights: list[Array], options: dict[str, Any]) -> None:
    """Add one operator to a stack. Raises ValueError for one that an MLP cannot have."""
    text = {k: x.decode() if isinstance(x, bytes) else x for k, x in options.items()}
    given = DEFAULTS.get(operator, {}) | text
    if operator == "Gemm" and weights and given | {"transB": 0} == DEFAULTS["Gemm"]:
        W, *b = weights
        stack.linear(W.T if given["transB"] else W, b[0].reshape(-1) if b else None)
    elif operator == "MatMul" and len(weights) == 1 and weights[0].ndim == 2:
        stack.linear(weights[0], None)
    elif operator == "Add" and len(weights) == 1:
        stack.bias(weights[0].reshape(-1))
    elif operator == "LayerNormalization" and weights and given["axis"] in (-1, 1):
        eps = float(f"{given['epsilon']:.7g}")  # in a file it is of single precision
        stack.normalization(eps, *[x.reshape(-1) for x in (*weights, *[0.0 * weights[0]])[:2]])
    elif operator == "Dropout":
        ratio = given.get("ratio", weights[0] if weights else 0.5)  # an attribute, formerly
        stack.dropout(float(ratio), len(weights) > 1 and bool(weights[1]))
    elif operator == "silu":
        stack.activation("silu")
    elif operator != "Identity":
        stack.activation(_name(operator, given, stack))


def _name(operator: str, given: dict[str, Any], stack: Stack) -> str:
    for name, (known, options) in OPERATORS.items():
        close = {k: round(x, 7) if isinstance(x, float) else x for k, x in given.items()}
        if operator == known and (close == options or (known == "Softmax" and given["axis"] == 1)):
            return name
    raise stack.refusal(f"the operator {operator}{given or ''}")


def _array(onnx: Any, tensor: Any, stack: Stack) -> Array:
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        raise stack.refusal("weights in another file, which is not opened")
    return onnx.numpy_helper.to_array(tensor).astype("float64")  # type: ignore[no-any-return]


def _damaged() -> tuple[type[Exception], ...]:
    from google.protobuf.message import DecodeError

    return DecodeError, ValueError


def _short(cause: BaseException) -> str:
    return (str(cause).strip() or type(cause).__name__).splitlines()[0]


def _onnx() -> Any:
    try:
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ImportError:
        raise ImportError('ONNX files need onnx: pip install "whygrad[onnx]"') from None
    return onnx
