"""What an optimiser keeps of each parameter, and whether its rule is that of before.

A program that trains leaves the state as one array; who asks for `state` gets a tuple for each
parameter, which takes longer than many steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

State = tuple[Any, ...]

KNOWN = "nn.optimizers.rules"  # where rules depend on nothing but what the optimiser holds
PLAIN = {int, float, bool, type(None)}
ELSEWHERE = {"parameters", "steps", "kept"}  # what changes as an optimiser goes on


class Keeper:
    """Keeps the state of an optimiser as it came: `kept` is a list of tuples, or a table."""

    kept: Any

    @property
    def state(self) -> list[State]:
        """The state of each parameter, a tuple of `slots` numbers."""
        if self.table is not None:
            self.kept = self.table.tuples()
        return self.kept  # type: ignore[no-any-return]

    @state.setter
    def state(self, state: Sequence[State]) -> None:
        self.kept = state

    @property
    def table(self) -> Any:
        """The state as a program left it, if nobody has asked for `state` since; None otherwise."""
        return self.kept if hasattr(self.kept, "tuples") else None

    @table.setter
    def table(self, table: Any) -> None:
        self.kept = table

    @property
    def setting(self) -> tuple[Any, ...] | None:
        """What the rule depends on beside its arguments; None where it might be anything."""
        held = {name: x for name, x in vars(self).items() if name not in ELSEWHERE}
        if type(self).__module__ != KNOWN or not PLAIN.issuperset(map(type, held.values())):
            return None
        return getattr(type(self), "rule", None), *held.items()

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "kept": self.state}
