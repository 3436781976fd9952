"""One way through a function, recorded on nodes: arguments, results, decisions.

A trace keeps the graph, so that derivatives of any order follow from it without another call of
the function. Numbers that the function holds by itself, such as the weights of a model, are its
`held` leaves: a replay reads them anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from autograd.derivatives.calls import Call, positions_of
from autograd.derivatives.kinds import Step
from autograd.derivatives.trees import leaves, unflatten
from autograd.engine import Value, lend, topological, unwatched
from autograd.errors import short
from autograd.modes import active, differentiating
from autograd.program.compiler.accesses import Array
from autograd.program.guards import Decisions
from autograd.program.jitting.arguments import Arguments
from autograd.program.noise import Calls

Chain = tuple[Step, ...]  # derivatives of a function, the innermost first


class Trace:
    """What a function did with the numbers of one call.

    `leaves` are the nodes of its numbers, in order, `result` is what it returned, and `guards`
    are the decisions that depend on either those or the leaves that are `held`.
    """

    def __init__(self, f: Callable[..., Any], arguments: Arguments, numbers: Array) -> None:
        labels = arguments.labels(f)
        self.leaves = [
            lend(Value(x, label)) for x, label in zip(numbers.tolist(), labels, strict=True)
        ]
        self._positional, self._named = _with_nodes(arguments, self.leaves)
        self._spans = _spans(arguments)
        own, named = _with_nodes(arguments, self.leaves)  # which f may change in place
        decisions = Decisions(holders=[("f", f)])
        with differentiating(), active(decisions), _hinting():
            result = f(*arguments.first, *own, **named)
        decisions.guard_readings(set(self.leaves))
        outputs = [x for x in _outputs(result) if x.__class__ is Value]
        compared = [x for guard in decisions.guards for x in guard.operands]
        self.held = _leaves_below([*outputs, *compared], set(self.leaves))
        decisions.require_no_chance()
        decisions.require_unmoved(None)
        self.guards = decisions.about([*self.leaves, *self.held])
        self.calls = Calls()
        self._results: dict[Chain, Any] = {(): result}

    def derived(self, chain: Chain) -> Any:
        """Return what a chain of derivatives of the function results in, as nodes."""
        if chain not in self._results:
            call = Call(self.inputs(chain[-1].argnums), self.derived(chain[:-1]), True)
            with differentiating():
                self._results[chain] = chain[-1].of(call)
        return self._results[chain]

    def inputs(self, argnums: Any) -> Any:
        """Return the nodes of an argument or several, in their structure."""
        positions = positions_of(argnums, len(self._positional))
        if positions == (argnums,):
            return self._positional[argnums]
        return tuple(self._positional[k] for k in positions)

    def chosen(self, argnums: Any) -> list[int]:
        """Return which leaves belong to an argument or several. Raises TypeError for a static."""
        found: list[int] = []
        for k in positions_of(argnums, len(self._positional)):
            span = self._spans[k]
            if span is None:
                raise TypeError(
                    f"the derivative is by argument {k}, which is static; choose one of numbers "
                    "with argnums."
                )
            found += span
        return found

    def positional(self) -> int:
        """Return how many leaves belong to arguments without a name."""
        return sum(len(span) for span in self._spans if span is not None)

    def held_numbers(self) -> list[float]:
        """Return the numbers that the function holds by itself, as they are now."""
        return list(map(unwatched, self.held))


class Part(Trace):
    """A part of a graph by itself, in which nothing is decided.

    The first of its leaves are those of `inputs`, which are what derivatives are by.
    """

    def __init__(self, leaves: list[Value], inputs: Any = (), result: Any = ()) -> None:
        self.leaves, self.held, self.guards, self.calls = leaves, [], [], Calls()
        self._inputs, self._results = inputs, {(): result}

    def inputs(self, argnums: Any) -> Any:
        return self._inputs

    def chosen(self, argnums: Any) -> list[int]:
        return list(range(len(leaves(self._inputs))))


@contextmanager
def _hinting() -> Iterator[None]:
    """Say of an error about a Value how an argument stays a number: for `range`, as a key."""
    try:
        yield
    except (TypeError, KeyError) as error:
        if "Value" in str(error):
            error.add_note(
                "jit hands numbers to the function as Values. Name an argument that counts or "
                "chooses in jit(f, static=...)."
            )
        raise


def _outputs(result: Any) -> list[Any]:
    try:
        return leaves(result)
    except TypeError:
        raise TypeError(
            "a compiled function returns a number, or nested lists, tuples, dicts and arrays of "
            f"numbers; got {short(result)}. Return nothing else."
        ) from None


def _with_nodes(arguments: Arguments, nodes: list[Value]) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments, without and with names, with nodes in place of their numbers."""
    fresh = iter(unflatten(arguments.trees, nodes))
    filled = {at: x if at in arguments.static else next(fresh) for at, x in arguments.items()}
    count = len(arguments.positional)
    return [filled[k] for k in range(count)], {k: filled[k] for k in arguments.named}


def _spans(arguments: Arguments) -> list[range | None]:
    """Return which leaves are those of each positional argument, None for a static one."""
    found: list[range | None] = []
    start = 0
    for at, tree in enumerate(arguments.positional):
        if at in arguments.static:
            found.append(None)
            continue
        stop = start + len(leaves(tree))
        found.append(range(start, stop))
        start = stop
    return found


def _leaves_below(roots: Iterable[Value], known: set[Value]) -> list[Value]:
    """Return the leaves below these nodes that are not known yet, each once."""
    below: dict[Value, None] = {}
    seen: set[Value] = set()
    for root in roots:
        if root not in seen:
            found = topological(root)
            seen.update(found)
            below.update(dict.fromkeys(x for x in found if not x.op))
    return [x for x in below if not x.constant and x not in known]
