"""The exception tree, and the words of every error that both implementations raise.

Each class is a subclass of the built-in class a reader would expect. The functions
return exceptions, for the caller to raise, so that the C code and the Python code say
exactly the same: what was expected, what arrived, where, and the way out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

__all__ = [
    "AnomalyError", "AutogradError", "DomainError", "FrozenBranchError", "GradientError",
    "StaleGraphError",
]  # fmt: skip

SHOWN = 8  # operands that a message shows


class AutogradError(Exception):
    """The base class of every error that is particular to this package."""


class DomainError(AutogradError, ValueError):
    """A function was asked for a number outside its domain."""


class StaleGraphError(AutogradError, RuntimeError):
    """A leaf was changed between the forward and the backward pass."""


class AnomalyError(AutogradError, FloatingPointError):
    """A NaN or an infinity was made while `detect_anomaly()` was watching."""


class GradientError(AutogradError, AssertionError):
    """A derivative disagrees with finite differences."""


class FrozenBranchError(AutogradError, RuntimeError):
    """A replay would have taken another branch than the recording did."""


def where(node: Any) -> str:
    """Return the words that name a node: its label, or its operation."""
    label, op = getattr(node, "label", ""), getattr(node, "op", "")
    if label:
        return f"node {short(label, 100)}"
    return f"an unlabelled {op!r} node" if op else "an unlabelled operand"


def not_a_number(data: object) -> Exception:
    """Return the error for data that is not one real number."""
    if type(data).__name__ == "Value":
        return TypeError(
            "data must be a real number; got a Value. "
            "Pass its .data to copy the number, or use the Value itself."
        )
    way_out = "Pass one int, float or NumPy scalar."
    if isinstance(data, str):
        way_out = "Convert text with float(...) first."
    elif hasattr(data, "__len__"):
        way_out = "Make one Value for each number."
    return TypeError(f"data must be a real number; got {received(data)}. {way_out}")


def too_large(number: object) -> Exception:
    """Return the error for an integer beyond the range of a float."""
    return OverflowError(
        "data must fit a float (|x| < 1.8e308); "
        f"got a number of type {type(number).__name__} beyond it. "
        "Scale it, or take its logarithm first."
    )


def bad_operand(function: str, operand: object) -> Exception:
    """Return the error for an operand that is neither a Value nor a number."""
    return TypeError(
        f"{function} takes Values and real numbers; got {received(operand)}. "
        "Convert it to a float, or apply the operation element by element."
    )


def wrong_count(function: str, expected: int, received: int) -> Exception:
    """Return the error for a call with the wrong number of operands."""
    operands = "operand" if expected == 1 else "operands"
    return TypeError(f"{function} takes {expected} {operands}; got {received}.")


def unequal_lengths(weights: int, inputs: int) -> Exception:
    """Return the error for a dot product of two lengths."""
    return ValueError(
        f"dot takes as many weights as inputs; got {weights} weights and {inputs} inputs. "
        "Check the fan-in of the unit, or the width of the example."
    )


def no_values(function: str) -> Exception:
    """Return the error for a reduction of nothing."""
    return ValueError(f"{function} takes at least one value; got none. Check the data it is given.")


def outside_domain(function: str, domain: str, operands: tuple[Any, ...]) -> Exception:
    """Return the error for operands outside the domain of a function."""
    return DomainError(
        f"{function} is defined for {domain}; received {numbers(operands)}. "
        "Keep the operand inside, for instance with clip or maximum."
    )


def division_by_zero(function: str, operands: tuple[Any, ...]) -> Exception:
    """Return the error for a division by zero."""
    return ZeroDivisionError(
        f"{function} divides by zero; received {numbers(operands)}. "
        "Keep the divisor away from zero, for instance by adding a small constant."
    )


def no_derivative(node: Any, cause: BaseException) -> Exception:
    """Return the error for a node whose local partial does not exist at its operands."""
    kind = ZeroDivisionError if isinstance(cause, ZeroDivisionError) else DomainError
    return kind(
        f"{node.op} has a value but no finite derivative here ({where(node)}); "
        f"received {numbers(node.parents)}. Keep its operand away from this point."
    )


def anomaly(node: Any) -> Exception:
    """Return the error for a node whose number is not finite."""
    return AnomalyError(
        f"{node.op} made {node._data:g} ({where(node)}); received {numbers(node.parents)}. "
        "Keep its operands in a range where the result is finite."
    )


def anomalous_adjoint(node: Any, parent: Any, partial: float, adjoint: float) -> Exception:
    """Return the error for a node that passes on a gradient which is not finite."""
    return AnomalyError(
        f"the gradient of {where(parent)} is not finite after {node.op} ({where(node)}), whose "
        f"partial is {partial:g} where its own gradient is {adjoint:g}; "
        f"received {numbers(node.parents)}. Keep its operands away from this point."
    )


def stale(leaf: Any, node: Any) -> Exception:
    """Return the error for a leaf that changed after a node had used it."""
    return StaleGraphError(
        f"the data of leaf {leaf.label!r} (now {leaf._data:g}) was changed after {where(node)} "
        f"of operation {node.op!r} had used it: its gradient would mix two points. "
        "Run the forward pass again after changing a leaf."
    )


def computed_data(node: Any) -> Exception:
    """Return the error for writing `.data` of a node that is not a leaf."""
    return AttributeError(
        f"data is writable on leaves only; {where(node)} was computed by {node.op!r}. "
        "Change its leaves and compute it again, or start a new leaf with Value(number)."
    )


def constant_is_fixed(attribute: str) -> Exception:
    """Return the error for writing to a constant operand."""
    return AttributeError(
        f"{attribute} of a constant is read-only: a number was used as an operand. "
        "Use Value(number) where you need a leaf that can change."
    )


def would_lose_gradient(kind: str) -> Exception:
    """Return the error for turning a Value into a plain number."""
    return TypeError(
        f"{kind}(Value) would silently lose the gradient. "
        "Use .data for the number, and autograd's functions "
        "(autograd.exp, not math.exp) to compute with it."
    )


def cannot_copy(node: Any) -> Exception:
    """Return the error for copying or pickling a computed node."""
    return TypeError(
        f"only leaves can be copied and pickled; {where(node)} was computed by {node.op!r}. "
        "Copy its leaves and compute it again, or copy its .data."
    )


def cannot_pickle(node: Any) -> Exception:
    """Return the error for pickling an argument of a derivative or a recording."""
    return TypeError(
        f"{where(node)} is an argument of a derivative or of a recording, which cannot be pickled: "
        "a copy would be another variable. Pass the Value itself, or pickle outside of it."
    )


def final(name: str) -> Exception:
    """Return the error for a subclass of a final class."""
    return TypeError(f"{name} is final: write functions of it, or hold one in your own class.")


def made_already(name: str) -> Exception:
    """Return the error for `Function.__init__` called a second time."""
    return TypeError(f"the function {name!r} is made already, and stays as it is. Make a new one.")


def no_partials(name: str) -> Exception:
    """Return the error for a row of the table that says nothing of its derivative."""
    return TypeError(
        f"a primitive needs a partial for each operand; {name!r} has none. Give each as a function "
        f"of the operands and the result: primitive({name!r}, forward, lambda x, out: ...)."
    )


def wrong_composition(name: str, point: Sequence[float], found: float, wanted: float) -> Exception:
    """Return the error for a row whose `composed` is another function."""
    where = ", ".join(f"{x:g}" for x in point)
    return ValueError(
        f"{name!r} is composed of other rows in a way that gives {found:.9g} at ({where}), where "
        f"its forward gives {wanted:.9g}: a program would compute another function. Correct either."
    )


def no_rule(slots: int, outcome: object) -> Exception:
    """Return the error for what an optimiser's rule returned in the place of (w, state)."""
    return TypeError(
        f"an optimiser's rule returns (w, state), where state is a tuple of the {slots} numbers "
        f"that its attribute `slots` asks for; got {short(outcome)}."
    )


def not_a_value(name: str, thing: object) -> Exception:
    """Return the error for an argument that had to be a Value."""
    return TypeError(f"{name} must be a Value; got {received(thing)}.")


def not_text(label: object) -> Exception:
    """Return the error for a label that is not text."""
    return TypeError(f"label must be text; got {received(label)}. Use str(...).")


def number(operand: Any) -> float:
    """Return the number in a Value, or the number itself."""
    return float(getattr(operand, "_data", operand))


def numbers(operands: Sequence[Any]) -> str:
    """Return the operands by name, each with its number; of many, the least finite ones."""

    def size(k: int) -> float:
        here = abs(number(operands[k]))
        return math.inf if math.isnan(here) else here

    largest = sorted(range(len(operands)), key=size, reverse=True)[:SHOWN]
    shown = [f"{where(operands[k])} = {number(operands[k]):g}" for k in sorted(largest)]
    more = len(operands) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def received(thing: object) -> str:
    """Return the words for a thing of a wrong type: its repr, cut short, and its type."""
    return f"{short(thing)} of type {type(thing).__name__}"


def short(thing: object, most: int = 40) -> str:
    """Return the repr of anything, cut to what fits in a message."""
    text = repr(thing)
    return text if len(text) <= most else text[: most - 3] + "..."
