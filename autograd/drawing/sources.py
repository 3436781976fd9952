"""Where the nodes of a graph come from: the line of code that made each, and the part of a model.

A function without arguments is called, and every node that it makes is asked for who called. A
part is anything with `named_parameters`, whose methods are running; its name is the way to it from
the outermost one. Nothing here knows who makes such things.
"""

from __future__ import annotations

import linecache
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType, FunctionType, MethodType
from typing import Any

from autograd import modes
from autograd.drawing.colours import clean
from autograd.engine import Value

LONGEST_LINE = 160
LIBRARIES = ("autograd", "nn")  # whose own lines tell nothing
Line = tuple[str, str]  # "train.py:12", and what stands there


@dataclass(frozen=True)
class Sources:
    """What a call returned, who made its nodes, and names for leaves without a label."""

    result: Any
    lines: Mapping[Value, Line] = field(default_factory=dict)
    groups: Mapping[Value, tuple[str, ...]] = field(default_factory=dict)
    names: Mapping[Value, str] = field(default_factory=dict)
    parameters: tuple[Value, ...] = ()


def is_function(obj: object) -> bool:
    """Return whether something is a function to be called, and no model that has calls."""
    return isinstance(obj, FunctionType | MethodType | partial)


def sources(function: Callable[[], Any]) -> Sources:
    """Call a function, and return what it returned with where all of it was made."""
    watch = _Watch(sys._getframe())
    with modes.active(watch):
        result = function()
    named = {
        leaf: name for model in watch.models.values() for name, leaf in model.named_parameters()
    }
    labels = Counter(leaf.label for leaf in named)
    twice = any(count > 1 for label, count in labels.items() if label)  # names of one kind, then
    names = {leaf: name for leaf, name in named.items() if twice or not leaf.label}
    lines = {node: _line(*place) for node, place in watch.lines.items()}
    return Sources(result, lines, watch.groups, names, tuple(named))


def _line(file: str, number: int) -> Line:
    """Return the name of a file, with no folder of this machine, and the text of a line of it."""
    text = clean(linecache.getline(file, number).strip(), LONGEST_LINE)
    notebook = "ipykernel" in file or file.startswith("<ipython")
    name = "cell" if notebook else Path(file).name
    return clean(f"{name}:{number}", 60), text


class _Watch(modes.Mode):
    """Looks at who calls whenever a node is made."""

    def __init__(self, home: FrameType) -> None:
        self.home = home
        self.lines: dict[Value, tuple[str, int]] = {}
        self.groups: dict[Value, tuple[str, ...]] = {}
        self.models: dict[int, Any] = {}
        self.paths: dict[int, dict[int, str]] = {}  # of each model: of its parts
        self.calls: dict[FrameType, str] = {}  # the frame is kept, for its place to be no other's
        self.counts: dict[str, int] = {}

    def created(self, node: Any, handed: Any) -> Any:
        """Keep the line of the first caller from outside, and all parts that are being called."""
        frame: FrameType | None = sys._getframe(1)
        called: list[tuple[Any, FrameType]] = []
        while frame is not None and frame is not self.home:
            library = str(frame.f_globals.get("__name__", "")).split(".")[0] in LIBRARIES
            if not library:
                self.lines.setdefault(node, (frame.f_code.co_filename, frame.f_lineno))
            part = _owner(frame)
            if part is not None:
                if called and called[-1][0] is part:
                    called.pop()
                called.append((part, frame))
            frame = frame.f_back
        if called:
            self.groups[node] = self._path(called[::-1])
        return handed

    def _path(self, called: list[tuple[Any, FrameType]]) -> tuple[str, ...]:
        """Return the names of the parts of a model that are being called, the outermost first."""
        model = called[0][0]
        if id(model) not in self.paths:
            self.models[id(model)] = model
            self.paths[id(model)] = dict(_parts(model))
        return tuple([self._call(model, part, frame) for part, frame in called[1:]])

    def _call(self, model: Any, part: Any, frame: FrameType) -> str:
        """Return the name of one call of a part: of its second, `cell (2)`."""
        if frame not in self.calls:
            name = self.paths[id(model)].get(id(part), type(part).__name__)
            count = self.counts[name] = self.counts.get(name, 0) + 1
            self.calls[frame] = name + (f" ({count})" if count > 1 else "")
        return self.calls[frame]


def _owner(frame: FrameType) -> Any:
    """Return the thing with parameters whose method a frame is; None for another frame."""
    code = frame.f_code
    if not code.co_argcount:
        return None
    owner = frame.f_locals.get(code.co_varnames[0])
    return owner if callable(getattr(type(owner), "named_parameters", None)) else None


def _parts(model: Any) -> Iterator[tuple[int, str]]:
    """Yield the parts below a model: identity and path, `encoder.layers.0`."""
    waiting, seen = [("", model)], set()
    while waiting:
        path, thing = waiting.pop()
        inside: Any = ()
        if callable(getattr(type(thing), "named_parameters", None)) and id(thing) not in seen:
            seen.add(id(thing))
            yield id(thing), path
            inside = vars(thing).items()
        elif isinstance(thing, Mapping):
            inside = thing.items()
        elif isinstance(thing, list | tuple):
            inside = enumerate(thing)
        waiting += [
            (f"{path}.{name}" if path else str(name), part)
            for name, part in reversed(list(inside))
            if not str(name).startswith("_")
        ]
