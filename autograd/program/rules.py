"""An optimiser's scalar rule, recorded once as an elementwise expression.

`rule(w, g, state, step)` → (w, state) is of **one** parameter; every parameter is a lane of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd import errors
from autograd.engine import Value
from autograd.modes import Mode, active, differentiating
from autograd.program import guards
from autograd.program.compiler.steps import Builder, Expression
from autograd.reals import real


class Looked(Exception):
    """A rule looked at a number, in this file and line."""


class _Blind(Mode):
    """Stops a rule that looks at numbers: its branch would be frozen."""

    def looked(self, node: Any) -> None:
        raise Looked(guards.place())

    def compared(self, node: Any, other: Any, symbol: str, verdict: bool) -> None:
        raise Looked(guards.place())


def moved_leaves(parameters: Sequence[Value], optimizer: Any) -> tuple[Value, ...]:
    """Return the parameters that an optimiser moves, each of them the program's."""
    if isinstance(optimizer, type) or not callable(getattr(optimizer, "rule", None)):
        raise TypeError(
            "optimizer must be an object with a method rule(w, g, state, step); "
            f"got {errors.short(optimizer)}. Try nn.SGD(parameters)."
        )
    leaves = tuple(getattr(optimizer, "parameters", parameters))
    if leaves and leaves == parameters:  # as a rule; identity decides, quickly
        return leaves
    known = set(parameters)
    strangers = [leaf for leaf in leaves if leaf not in known]
    if strangers:
        raise ValueError(
            f"the optimiser holds {strangers[0]!r}, which is no parameter of the program. "
            "Give both the same parameters."
        )
    if not leaves or len(set(leaves)) < len(leaves):
        wrong = "one of them twice" if leaves else "none: all may be frozen"
        raise ValueError(f"an optimiser moves one or more parameters, each once; got {wrong}.")
    return leaves


def rule_expression(optimizer: Any, slots: int, step: int | None) -> Expression:
    """Return the rule as an expression of (w, g, state…, step, scale).

    With step None the step is a source; otherwise it is that number.
    """
    w, g, count, scale = Value(0.5), Value(0.25), Value(1.0), Value(1.0)
    state = tuple(Value(0.5) for _ in range(slots))
    with differentiating(), active(_Blind()):
        scaled = scale * g if getattr(optimizer, "clip_norm", None) is not None else g
        outcome = optimizer.rule(w, scaled, state, count if step is None else step)
    match outcome:
        case (new, (*kept,)) if len(kept) == slots and all(map(_is_number, (new, *kept))):
            leaves = [w, g, *state, count, scale]
            builder = Builder(len(leaves))
            return builder.build(builder.translate([new, *kept], leaves))
    raise errors.no_rule(slots, outcome)


def _is_number(x: Any) -> bool:
    return x.__class__ is Value or real(x) is not None
