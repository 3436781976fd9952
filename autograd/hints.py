"""What other libraries call a thing: who asks for it is told what it is called here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from autograd.engine import Value

OF_VALUES = {
    "_prev": "the operands of a node are .parents",
    "_op": "the name of what made it is .op, '' for a leaf",
    "_backward": "its local partials are .partials, and root.backward() sweeps back",
    "item": "the number is .data",
    "numpy": "the number is .data",
    "requires_grad": "every leaf has a gradient; detach(x) lets none pass",
    "zero_grad": "write leaf.grad = 0.0, or model.zero_grad()",
}
OF_PACKAGE = {
    "draw_dot": "write draw(root)",
    "Tensor": "a Value is one number; lists and NumPy arrays hold many",
    "tensor": "a Value is one number; lists and NumPy arrays hold many",
    "nn": "it is a package of its own: import nn",
    "optim": "optimisers are in nn: nn.Adam(parameters)",
}


class Elsewhere:
    """An attribute that is not there, and says what is."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, value: Any, owner: Any) -> NoReturn:
        raise AttributeError(missing("'Value' object", self.name, OF_VALUES))


def missing(owner: str, name: str, hints: Mapping[str, str] = OF_PACKAGE) -> str:
    """Return the message of an AttributeError, with what the name is called here.

    >>> missing("module 'autograd'", "draw_dot")
    "module 'autograd' has no attribute 'draw_dot'; write draw(root)"
    """
    return f"{owner} has no attribute {name!r}" + (f"; {hints[name]}" if name in hints else "")


for _name in OF_VALUES:
    setattr(Value, _name, Elsewhere(_name))
