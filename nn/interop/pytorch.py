"""Networks from PyTorch and to it: `from_torch`, `to_torch`. Its weight is our W, transposed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nn.arguments import Array
from nn.interop.networks import Stack, model_of, stack_of
from nn.layers import MLP

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

    Weights are copied. A linear map without a bias gets zeros that are frozen. Dropout must be
    switched off by `module.eval()`, and is left out. Raises ValueError for any other part.

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
            stack.linear(
                _numbers(part.weight).T, None if part.bias is None else _numbers(part.bias)
            )
        elif "Dropout" in type(part).__name__:
            if part.training and part.p:
                raise stack.refusal(f"{part}, switched on (call module.eval() first)")
        else:
            stack.activation(_name(part, stack))
    return model_of(stack.layers, stack.source)


def to_torch(model: Any) -> Any:
    """Return a `torch.nn.Sequential`, of float64, that computes what an MLP or a Layer does.

    Weights are copied, transposed to (out, in). What was frozen is free there, and dropout is left
    out, as in a prediction. Raises ValueError for an activation that PyTorch lacks.

    >>> import pytest; torch = pytest.importorskip("torch")
    >>> from nn import MLP
    >>> to_torch(MLP(2, [3, 1], "tanh"))[0].weight.shape
    torch.Size([3, 2])
    """
    torch = _torch()
    parts: list[Any] = []
    for W, b, g in stack_of(model):
        linear = torch.nn.Linear(*W.shape, dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W.T.copy()))
            linear.bias.copy_(torch.from_numpy(b))
        parts += [linear, *_activation(torch, g)]
    return torch.nn.Sequential(*parts)


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


def _numbers(tensor: Any) -> Array:
    return tensor.detach().cpu().double().numpy()  # type: ignore[no-any-return]


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise ImportError("this needs PyTorch: pip install torch") from None
    return torch
