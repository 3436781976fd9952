"""Dropout: units that are left out at random while a model trains."""

from __future__ import annotations

from typing import Any

from autograd import NoiseStream, heaviside
from nn.arguments import several
from nn.arguments.hints import hinting
from nn.initializers import STREAM
from nn.module import Module

__all__ = ["Dropout"]


@hinting
class Dropout(Module):
    """Leaves each unit out with probability p while training, and divides the others by 1 - p.

    Each output is a m, m a mask of 0 or 1 divided by 1 - p, so that its mean is a. A new model
    trains when it is called; after `model.eval()`, in `predict`, in `probe` and where `fit`
    measures, the outputs are the inputs.

    Masks are a function of the seed, the call and the example (`autograd.NoiseStream`): a program
    draws them anew in every replay, the same ones that a run node by node has. In `fit` the call is
    the optimiser's step; a model that is called by itself draws other masks each time. `seed`
    None means one from the stream that `nn.seed` starts.
    Source: Srivastava et al. 2014; the division while training is "inverted" dropout.

    >>> from autograd import Value
    >>> drop = Dropout(0.5, seed=3)
    >>> [a.data for a in drop([Value(3.0), Value(4.0), Value(5.0)])]
    [6.0, 8.0, 0.0]
    >>> drop.eval()([3.0, 4.0, 5.0])
    [3.0, 4.0, 5.0]
    """

    _depends = ()  # where nothing trains

    def __init__(self, p: float = 0.5, *, seed: int | None = None) -> None:
        self.p, self.name = share("p", p), "m"
        self.noise = NoiseStream(STREAM.getrandbits(53) if seed is None else seed)

    def __call__(self, inputs: Any) -> Any:
        """Return the outputs for a list, tuple or array of Values or numbers, or for one."""
        one = not hasattr(inputs, "__len__")
        outputs = several(inputs)
        if self.training and self.p:
            noise = self.noise.uniform(len(outputs))
            masks = [heaviside(u - self.p) / (1.0 - self.p) for u in noise]
            for j, mask in enumerate(masks):
                mask.label = f"{self.name}[{j}]"
            outputs = [a * m for a, m in zip(outputs, masks, strict=True)]
        return outputs[0] if one else outputs

    def __repr__(self) -> str:
        return f"Dropout({self.p:g})"


def share(name: str, number: Any) -> float:
    """Return a probability as a float. Raises ValueError where it is not in 0 <= p < 1.

    >>> share("p", 0.5)
    0.5
    """
    if not (isinstance(number, (int, float)) and 0.0 <= number < 1.0):
        raise ValueError(
            f"{name} is the share that is left out, 0 <= {name} < 1; got {number!r}. Try 0.5."
        )
    return float(number)
