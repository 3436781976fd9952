"""What a call of a model depends on, where that is known: attributes that can be watched."""

from __future__ import annotations

from functools import partial
from types import FunctionType
from typing import Any

from autograd import Value
from autograd.engine import Function

PLAIN = (int, float, str, bool, type(None))

Watched = list[tuple[dict[str, Any], str, Any]]  # attributes, and what they were


def is_known(thing: Any, watched: Watched) -> bool:
    """Whether it is known what a call of something depends on; adds these attributes to `watched`.

    Classes of this package tell it by `_depends`, the names of attributes, and of methods that an
    object may have its own of.
    """
    kind = type(thing)
    if kind in (Value, *PLAIN):
        return True
    if kind in (tuple, frozenset):
        return {*map(type, thing)} == {Value} or all(is_known(x, watched) for x in thing)
    if kind is partial:
        parts = (thing.func, *thing.args, *thing.keywords.values())
        return all(is_known(x, watched) for x in parts)
    if kind in (Function, FunctionType):
        return kind is Function or thing.__module__.partition(".")[0] in ("autograd", "nn")
    names = vars(kind).get("_depends")
    if names is None:
        return False
    watched += [(vars(thing), name, vars(thing).get(name)) for name in names]
    return all(is_known(vars(thing).get(name), watched) for name in names)
