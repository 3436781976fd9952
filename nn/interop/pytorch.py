"""Networks from PyTorch and to it: `from_torch`, `to_torch`. Its weight is our W, transposed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nn.interop.networks import Dense, Stack, stack_of
from nn.layers.dense import MLP

MODULES: tuple[tuple[str, str, dict[str, Any]], ...] = (  # there, here, and with which options
    ("Identity", "identity", {}),
    ("ReLU", "relu", {}),
    ("Tanh", "tanh", {}),
    ("Sigmoid", "sigmoid", {}),
    ("Softsign", "softsign", {}),
    ("SiLU", "silu", {}),
    ("Mish", "mish", {}),
    ("SELU", "selu", {}),
    ("GELU", "gelu", {"approximate": "none"}),
    ("GELU", "gelu_tanh", {"approximate": "tanh"}),
    ("ELU", "elu", {"alpha": 1.0}),
    ("LeakyReLU", "leaky_relu", {"negative_slope": 0.01}),
    ("Softplus", "softplus", {"beta": 1.0}),
    ("Softmax", "softmax", {"dim": -1}),
    ("Softmax", "softmax", {"dim": 1}),  # of rows, (m, n), the same
)
BEYOND = {"softplus": {"beta": 1.0, "threshold": 50.0}}  # of 20, 1e-10 is left off


def from_torch(module: Any) -> MLP:
    """Return an MLP that computes what a `torch.nn.Sequential` of linear maps and activations does.

    Each may have a LayerNorm before or after its activation, and a Dropout behind it. Weights are
    copied; what a part lacks, as a bias, is there and frozen. The model trains, or not, as the
    module does. Raises ValueError for any other part.

    >>> import pytest; torch = pytest.importorskip("torch")
    >>> module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    >>> from_torch(module)
    MLP(2 → 3 → 1, tanh, identity, 13 parameters)
    """
    torch = _torch()
    if not isinstance(module, torch.nn.Module):
        raise TypeError(f"expected a module of PyTorch; got {type(module).__name__}.")
    stack = Stack(f"this {type(module).__name__}")
    seen = set()
    for part in _parts(torch, module):
        if isinstance(part, torch.nn.Linear):
            if part in seen:
                raise stack.refusal("one linear map in two places")
            seen.add(part)
            stack.linear(_numbers(part.weight).T, _numbers(part.bias))
        elif isinstance(part, torch.nn.Dropout):
            stack.dropout(part.p, part.training)
        elif isinstance(part, torch.nn.LayerNorm) and len(part.normalized_shape) == 1:
            stack.normalization(part.eps, _numbers(part.weight), _numbers(part.bias))
        elif part.training or "Dropout" not in type(part).__name__:  # of other kinds, off
            stack.activation(_name(part, stack))
    model = stack.model()
    return model if module.training else model.eval()


def to_torch(model: Any) -> Any:
    """Return a `torch.nn.Sequential`, of float64, that computes what an MLP or a Layer does.

    Weights are copied, transposed to (out, in). What was frozen is free there. The module trains,
    or not, as the model does. Raises ValueError for an activation that PyTorch lacks.

    >>> import pytest; torch = pytest.importorskip("torch")
    >>> from nn import MLP
    >>> to_torch(MLP(2, [3, 1], "tanh"))[0].weight.shape
    torch.Size([3, 2])
    """
    torch = _torch()
    stack = stack_of(model)
    module = torch.nn.Sequential(*[part for dense in stack for part in _modules(torch, dense)])
    return module.train(model.training)


def _modules(torch: Any, dense: Dense) -> Iterator[Any]:
    """Yield the modules of one layer in order."""
    linear = torch.nn.Linear(*dense.W.shape, dtype=torch.float64)
    _copy(torch, linear, dense.W.T.copy(), dense.b)
    parts = [linear, *_activation(torch, dense.activation)]
    if dense.norm:
        place, eps, weight, bias = dense.norm
        norm = torch.nn.LayerNorm(len(dense.b), eps, dtype=torch.float64)
        _copy(torch, norm, weight, bias)
        parts.insert(1 if place == "before" else len(parts), norm)
    yield from parts
    if dense.dropout:
        yield torch.nn.Dropout(dense.dropout)


def _copy(torch: Any, part: Any, weight: Any, bias: Any) -> None:
    with torch.no_grad():
        part.weight.copy_(torch.from_numpy(weight))
        part.bias.copy_(torch.from_numpy(bias))


def _parts(torch: Any, module: Any) -> Iterator[Any]:
    """Yield the parts of nested sequences in order."""
    if isinstance(module, torch.nn.Sequential):
        for part in module:
            yield from _parts(torch, part)
    else:
        yield module


def _name(part: Any, stack: Stack) -> str:
    """Return what a module of PyTorch is called here. Raises ValueError by its options."""
    for module, name, options in MODULES:
        if module == type(part).__name__ and all(getattr(part, k) == options[k] for k in options):
            return name
    raise stack.refusal(str(part))


def _activation(torch: Any, name: str) -> list[Any]:
    for module, known, options in MODULES:
        if known == name:
            options = BEYOND.get(name, options)
            return [getattr(torch.nn, module)(**options)] if name != "identity" else []
    raise ValueError(
        f"PyTorch has no module of the activation {name!r}; it has those of "
        f"{', '.join(known for _, known, _ in MODULES)}."
    )


def _numbers(tensor: Any) -> Any:
    return None if tensor is None else tensor.detach().cpu().double().numpy()


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise ImportError("this needs PyTorch: pip install torch") from None
    return torch
