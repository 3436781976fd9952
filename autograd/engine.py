"""The choice between the two implementations of `Value`.

`AUTOGRAD_IMPLEMENTATION=python` forces the readable one, `=c` insists on the compiled one;
otherwise the compiled one is taken where it was built. Free-threaded builds of Python get
the readable one, for the C code relies on the global lock.
"""

from __future__ import annotations

import os
import sysconfig
from operator import attrgetter
from types import ModuleType
from typing import TYPE_CHECKING, Any

from autograd import errors

_wanted = os.environ.get("AUTOGRAD_IMPLEMENTATION", "")
if _wanted not in ("", "c", "python"):
    raise ImportError(f"AUTOGRAD_IMPLEMENTATION is 'c', 'python' or unset; got {_wanted!r}.")


_OTHERS = ("tracer.py", "wrap_util.py", "differential_operators.py")


def refuse_intruders(folder: str | os.PathLike[str]) -> None:
    """Raise ImportError if the files of PyPI's other `autograd` lie in this package's folder."""
    found = [name for name in _OTHERS if os.path.exists(os.path.join(folder, name))]
    if found:
        raise ImportError(
            f"{folder} belongs to whygrad, but holds files of another project called autograd "
            f"({', '.join(found)}). The two cannot share an environment: uninstall both, then "
            "install one of them."
        )


refuse_intruders(os.path.dirname(__file__))

INTERFACE = 25  # to be raised, here and in c/primitives.h, when C and Python change together


def require_interface(extension: ModuleType) -> None:
    """Raise ImportError if a C extension was built from other sources than these."""
    built = getattr(extension, "interface", None)
    if built != INTERFACE:
        raise ImportError(
            f"{extension.__name__} was built for interface {built}, and this is {INTERFACE}. "
            "Run pip install -e . again, or set AUTOGRAD_IMPLEMENTATION=python."
        )


def _compiled_is_usable() -> bool:
    if _wanted == "python" or (not _wanted and sysconfig.get_config_var("Py_GIL_DISABLED")):
        return False
    try:
        from autograd import _value
    except ImportError as missing:
        if _wanted == "c":
            raise ImportError(
                "AUTOGRAD_IMPLEMENTATION=c, but the C extension is not built "
                f"({missing}). Install a C compiler and run pip install -e . again, "
                "or unset the variable."
            ) from None
        return False
    require_interface(_value)
    return True


implementation = "c" if _compiled_is_usable() else "python"

if TYPE_CHECKING or implementation == "c":
    from autograd._value import (
        Function,
        Value,
        adjoints,
        columns,
        constant,
        dot,
        floats,
        hot_rows,
        install,
        last_write,
        read,
        share,
        topological,
        watch,
        write,
    )

    compiled_dot, compiled_columns = dot, columns
else:
    from autograd.bulk import floats, last_write, read, write
    from autograd.function import Function, install, share
    from autograd.value import Value, adjoints, constant, topological, watch

    compiled_dot = compiled_columns = None
    hot_rows = ()

unwatched = attrgetter("_data")  # the number of a node, without telling a mode
unwatched_partials = attrgetter("_partials")
family = attrgetter("_family")  # what nodes have in common that share their operands, or None
index_of = attrgetter("_index")  # the operand that such a node has for itself


def lend(node: Value) -> Value:
    """Let a node copy as itself, and never pickle: an argument, of which a copy is no other."""
    node._lent = True
    return node


# Both implementations copy and pickle by what follows.


def _reduced(node: Value) -> tuple[Any, ...]:
    if getattr(node, "_lent", False):
        raise errors.cannot_pickle(node)
    if node.op:
        raise errors.cannot_copy(node)
    return Value, (node.data, node.label), (None, {"grad": node.grad})


def _copied(node: Value, memo: Any = None) -> Value:
    if getattr(node, "_lent", False):
        return node
    make, arguments, _ = _reduced(node)
    twin: Value = make(*arguments)
    twin.grad = node.grad
    return twin


for _name, _method in (("reduce", _reduced), ("copy", _copied), ("deepcopy", _copied)):
    setattr(Value, f"__{_name}__", _method)

__all__ = [
    "Function", "Value", "adjoints", "compiled_columns", "compiled_dot", "constant",
    "family", "floats", "hot_rows", "implementation", "index_of", "install", "last_write", "lend",
    "read", "share", "topological", "unwatched", "unwatched_partials", "watch", "write",
]  # fmt: skip
