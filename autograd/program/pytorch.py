"""A program as a function of tensors, which PyTorch differentiates by asking the program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

Array = Any


class Differentiable(Protocol):
    """What a `Program` is asked for here."""

    def derivatives(self, parameters: Any, X: Any) -> tuple[float, Array, Array]:
        """Return C, ∂C/∂parameters and ∂C/∂X."""


def to_torch(program: Differentiable) -> Callable[[Any, Any], Any]:
    """Return the cost as a function of tensors, f(parameters, X), that PyTorch differentiates.

    The parameters are one tensor, (parameters,), in their order in the program, and X is
    (m, inputs); both may require gradients, of the first order. Raises ImportError without PyTorch.

    >>> import pytest; torch = pytest.importorskip("torch")
    >>> from autograd import Program, Value
    >>> x, w = Value(0.0, "x"), Value(0.0, "w")
    >>> f = Program(w * x, inputs=[x], parameters=[w]).to_torch()
    >>> weights = torch.tensor([3.0], requires_grad=True)
    >>> f(weights, torch.tensor([[1.0], [2.0]])).backward()
    >>> weights.grad
    tensor([1.5000])
    """
    try:
        import torch
    except ImportError:
        raise ImportError("to_torch needs PyTorch: pip install torch") from None

    class Cost(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(context: Any, parameters: Any, X: Any) -> Any:
            numbers = [x.detach().cpu().double().numpy() for x in (parameters, X)]
            cost, *slopes = program.derivatives(*numbers)
            context.save_for_backward(
                *[torch.as_tensor(s).to(x) for s, x in zip(slopes, (parameters, X), strict=True)]
            )
            return torch.tensor(cost, dtype=torch.float64).to(parameters)

        @staticmethod
        @torch.autograd.function.once_differentiable  # type: ignore[untyped-decorator]
        def backward(context: Any, upstream: Any) -> Any:
            return tuple(upstream * slope for slope in context.saved_tensors)

    return Cost.apply  # type: ignore[no-any-return]
