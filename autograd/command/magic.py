"""`%load_ext autograd` in a notebook: `%%why` runs a cell and explains what it computed."""

from __future__ import annotations

from typing import Any

from autograd.command.nearest import nearest
from autograd.engine import Value
from autograd.explanation import explain
from autograd.graph import leaves

MOST = 5  # derivatives that are explained where nobody says which


class Why:
    """Explain the derivatives of a result: `%%why [output [leaf …]]`, or `%why output leaf`.

    The cell is run first. The output is the variable named first, or what the last line of the cell
    returns; each leaf that is named is explained, or else every one with a name, up to five. A
    Value without a label is labelled as its variable is called.
    """

    def __init__(self, shell: Any) -> None:
        self.shell = shell

    def __call__(self, line: str, cell: str | None = None) -> None:
        from IPython.display import display

        output, *wanted = line.split() or [""]
        run = None if cell is None else self.shell.run_cell(cell)
        if run is not None and not run.success:
            return  # the error has been shown
        found = self._value(output) if output or run is None else run.result
        if found.__class__ is not Value:
            raise _misused(
                f"why explains a Value; got {type(found).__name__}. Name one, %%why C, or let it be"
                " the last line of the cell."
            )
        self._label()
        nodes = [self._value(name) for name in wanted] or [x for x in leaves(found) if x.label]
        for node in nodes if wanted else nodes[:MOST]:
            display(explain(found, node))

    def _value(self, name: str) -> Any:
        """Return the variable of that name. Raises UsageError where it is no Value."""
        found = self.shell.user_ns.get(name)
        if found.__class__ is not Value:
            known = [key for key, x in self.shell.user_ns.items() if x.__class__ is Value]
            raise _misused(f"there is no Value {name!r};{nearest(name, known) or ' make one.'}")
        return found

    def _label(self) -> None:
        for name, thing in list(self.shell.user_ns.items()):
            if thing.__class__ is Value and not (thing.label or name.startswith("_")):
                thing.label = name


def _misused(words: str) -> Exception:
    """Return the error that a notebook shows as one line."""
    from IPython.core.error import UsageError

    error: Exception = UsageError(words)
    return error


def register(shell: Any) -> None:
    """Make `%%why` known to a shell of IPython."""
    shell.register_magic_function(Why(shell), magic_kind="line_cell", magic_name="why")
