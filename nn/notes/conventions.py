"""The conventions in which notes differ: one field each, and what is tried for it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nn.notes.syntax import Node
from nn.notes.worlds import Setting

PLAIN = Setting()


@dataclass(frozen=True)
class Convention:
    """How a text is to be read.

    `order` of a weight's indices is "target" (w_kj from j to k) or "source" first; `vectors` are
    "columns" or "rows"; `batch` if a letter without indices is all examples; `first` is the number
    of the input layer; `leaving` if W^l leaves layer l; `costs` are pairs of a letter and what it
    means (one "example", the "mean" or the "sum" over them); `sign` -1 if δ is -∂c/∂z; `small` if
    dz, like dW, is of the mean cost; `steps` if Δw is the step and not the gradient; `outer` if
    ⊗ is the outer product; `numerator` if ∂z/∂a has one row for each z; `letters` says
    in words which letters stand for something else than usually; `zero` if units count from 0;
    `terms` are costs with a term for the size of the weights, as the notes write them.
    """

    order: str = "target"
    vectors: str = "columns"
    batch: bool = False
    first: int = 0
    leaving: bool = False
    costs: tuple[tuple[str, str], ...] = ()
    setting: Setting = PLAIN
    sign: int = 1
    small: bool = True
    steps: bool = False
    outer: bool = True
    numerator: bool = True
    depth: int | None = None
    letters: str = ""
    terms: tuple[tuple[str, Node], ...] = ()
    zero: bool = False

    def cost(self, letter: str) -> str:
        """Return what a letter of the cost means: example, mean or sum."""
        return dict(self.costs).get(letter, "mean" if self.batch else "example")

    def with_(self, **changes: object) -> Convention:
        """Return a convention with some fields changed; `activation`, `output` and `loss` too."""
        setting = {name: changes.pop(name) for name in Setting._fields if name in changes}
        return replace(self, setting=self.setting._replace(**setting), **changes)  # type: ignore[arg-type]


def setting_words(setting: Setting) -> str:
    """Return what a setting assumes, in words."""
    losses = {
        "half_squared_error": "C = ½‖a − y‖²", "squared_error": "C = ‖a − y‖²",
        "mean_squared_error": "C = (1/n)‖a − y‖²",
        "half_mean_squared_error": "C = (1/2n)‖a − y‖²", "entropy": "C is the cross-entropy",
        "softmax": "C is the cross-entropy",
    }  # fmt: skip
    parts = [losses[setting.loss]] if setting.loss else []
    if setting.unbiased:
        parts.append("there are no biases, or a bias is the weight of a unit that is 1")
    if setting.one:
        parts.append("there is one output" if setting.one == "output" else "a layer is one unit")
    if setting.output:
        parts.append(f"the output function is {setting.output}")
    if setting.activation:
        parts.append(f"the activation is {setting.activation}")
    return " and ".join(parts)
