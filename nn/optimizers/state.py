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
ELSEWHERE = {"parameters", "_steps", "_kept"}  # what changes as an optimiser goes on


class Keeper:
    """Keeps the state of an optimiser as it came, a list of tuples or a table, and its steps.

    A table is that of a program: state and steps are those that the program has by now.
    """

    _kept: Any = None
    _steps = 0

    @property
    def table(self) -> Any:
        """The state as a program has it, if nobody has asked for `state` since; None otherwise."""
        return self._kept if hasattr(self._kept, "tuples") else None

    @table.setter
    def table(self, table: Any) -> None:
        self._kept = table

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return self._steps if self.table is None else int(self.table.steps)

    @steps.setter
    def steps(self, steps: int) -> None:
        if self.table is not None and self.table.steps != steps:
            self._kept = self.table.at(steps)
        self._steps = steps

    @property
    def kept(self) -> Any:
        """The state as it came, for somebody who wants to go back to it."""
        return self._kept if self.table is None else self.table.share()

    @kept.setter
    def kept(self, kept: Any) -> None:
        self._steps = self.steps
        self._kept = kept

    @property
    def state(self) -> list[State]:
        """The state of each parameter, a tuple of `slots` numbers."""
        if self.table is not None:
            self.kept = self.table.tuples()
        return self._kept  # type: ignore[no-any-return]

    @state.setter
    def state(self, state: Sequence[State]) -> None:
        self.kept = state

    @property
    def setting(self) -> tuple[Any, ...] | None:
        """What the rule depends on beside its arguments; None where it might be anything."""
        held = vars(self)
        found = [x for name, x in held.items() if name not in ELSEWHERE]
        if type(self).__module__ != KNOWN or not PLAIN.issuperset(map(type, found)):
            return None
        return getattr(type(self), "rule", None), tuple(held), found

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_kept": self.state, "_steps": self.steps}

    def __setstate__(self, state: dict[str, Any]) -> None:
        older = {"kept": "_kept", "steps": "_steps"}
        vars(self).update({older.get(name, name): x for name, x in state.items()})
