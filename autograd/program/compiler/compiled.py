"""The compiled part of the compiler, where it was built and the compiled engine is in use."""

from __future__ import annotations

from functools import cache
from typing import Any

from autograd.engine import implementation, require_interface


@cache
def grouping() -> Any:
    """Return the compiled module that finds groups and strides; None where it is not to be used."""
    if implementation != "c":
        return None
    try:
        from autograd.program.compiler import _grouping
    except ImportError:
        return None
    require_interface(_grouping)
    return _grouping
