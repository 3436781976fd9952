"""What can be drawn: a graph of Values, the numbers of a network, or something with both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd.drawing.network.architecture import network_of
from autograd.drawing.network.picture import NetworkPicture
from autograd.drawing.sources import Line, is_function, sources
from autograd.engine import Value, adjoints

Examples = tuple[Sequence[Value], Sequence[Sequence[float]]]  # leaves, and a row for each example


@dataclass(frozen=True)
class Subject:
    """The roots of a graph and the picture of a network; one of them may be missing.

    `options` are the `inputs`, `parameters` and `groups` of `draw`. `units` holds the Values
    (z, a) of every unit, layer by layer, where they are known.
    """

    roots: Sequence[Value] = ()
    network: NetworkPicture | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    units: Sequence[Sequence[tuple[Value, Value]]] = ()
    examples: Examples | None = None  # that the one graph is computed for
    held: Sequence[Value] = ()  # parameters that do not learn
    film: Mapping[str, Any] | None = None  # the columns and frames of a training
    swept: bool = False  # whether gradients are computed here and not read from .grad
    model: Any = None  # that has parameters, and is drawn without data
    lines: Mapping[Value, Line] = field(default_factory=dict)  # of code, that made a node

    def gradient(self, nodes: Sequence[Value]) -> Callable[[Value], float | None] | None:
        """Return ∂root/∂node as a function; None where `.grad` is to be shown."""
        if not self.swept:
            return None
        return dict(zip(nodes, adjoints(self.roots[0], nodes), strict=True)).get


def subject_of(obj: Any, function: str, options: Mapping[str, Any]) -> Subject:
    """Return what `obj` has to be drawn.

    An object with `.picture()` and `.root` may also have `.drawing_options()`, a dict of
    `inputs`, `parameters`, `groups` and `units`; what the caller gives goes before it. For a live
    page it may have `.live_graph()`, the same with the `root` of one example whose numbers and
    targets are leaves, and `examples`: those leaves, and a row of numbers for each example.
    `held` names parameters that do not learn; of a training there is also a `film`: its
    `columns` by epoch, and `frames`. A function without arguments is called; of the nodes it makes
    it is known which line made them, and in which part of a model.

    Raises TypeError for anything else.
    """
    if is_function(obj):
        found = sources(obj)
        made = {"groups": found.groups, "names": found.names, "parameters": found.parameters}
        given = {name: x for name, x in made.items() if x}
        return Subject(
            _values(found.result, function), options={**given, **options}, lines=found.lines
        )
    if obj.__class__ is Value or _is_list_of_values(obj):
        return Subject(_values(obj, function), options=options)
    if isinstance(obj, NetworkPicture):
        return Subject(network=obj, options=options)
    if function == "step_through" and callable(getattr(obj, "live_graph", None)):
        live = obj.live_graph()
        if live is not None:
            root, units, rows = live.pop("root"), live.pop("units"), live.pop("examples")
            film, held = live.pop("film", None), live.pop("held", ())
            options = {**live, **options}
            return Subject([root], obj.picture(), options, units, rows, held, film, swept=True)
    if callable(getattr(obj, "picture", None)) and getattr(obj, "root", None).__class__ is Value:
        known = dict(getattr(obj, "drawing_options", dict)())
        units = known.pop("units", ())
        return Subject([obj.root], obj.picture(), {**known, **options}, units, swept=True)
    if callable(getattr(obj, "named_parameters", None)) and function == "draw":
        return Subject(network=network_of(obj), model=obj)
    raise _refused(obj, function)


def _is_list_of_values(obj: Any) -> bool:
    return isinstance(obj, list | tuple) and bool(obj) and all(x.__class__ is Value for x in obj)


def _values(obj: Any, function: str) -> list[Value]:
    """Return a Value or a list of them as a list, each once. Raises TypeError for others."""
    if obj.__class__ is Value:
        return [obj]
    if not _is_list_of_values(obj):
        raise _refused(obj, function)
    return list(dict.fromkeys(obj))


def _refused(obj: Any, function: str) -> TypeError:
    return TypeError(
        f"{function} takes a Value, a list of Values, a NetworkPicture, a probe, or a function "
        f"without arguments that returns Values; got {type(obj).__name__}. Run the forward pass "
        "and draw its result."
    )


def require(option: str, given: object, allowed: Sequence[str]) -> None:
    """Raise ValueError unless an option is one of its choices."""
    if given not in allowed:
        choices = ", ".join(repr(choice) for choice in allowed)
        raise ValueError(f"{option} must be one of {choices}; got {given!r}.")
