"""The parts of a program: a plan that others may share, a memory and an executor of its own."""

from __future__ import annotations

from dataclasses import dataclass

from autograd.program.compiler.instructions import Instructions
from autograd.program.compiler.layout import Array, Layout
from autograd.program.compiler.recording import CONSTANT, PARAMETER, Recording
from autograd.program.executors import native
from autograd.program.executors.native.executor import NativeExecutor
from autograd.program.executors.numpy.executor import NumpyExecutor
from autograd.program.executors.tape.executor import TapeExecutor, TapeLayout, TapeMemory
from autograd.program.executors.tape.writer import is_irregular
from autograd.program.memory import Ends, Memory
from autograd.program.plans import PLANS


@dataclass(frozen=True)
class Parts:
    """Where the numbers of a program are, and what computes them."""

    layout: Layout | TapeLayout
    code: Instructions
    memory: Memory | TapeMemory
    executor: NumpyExecutor | NativeExecutor | TapeExecutor


def assemble(recording: Recording, executor: str, dtype: str) -> Parts:
    """Return the parts for a recording, its numbers in place.

    Raises ValueError for an unknown executor, ImportError for one that was not built.
    """
    if executor not in ("auto", "native", "numpy"):
        raise ValueError(f"executor is 'auto', 'native' or 'numpy'; got {executor!r}.")
    compiled = executor != "numpy" and native.available()
    if executor == "native" and not compiled:
        raise ImportError(
            "executor='native' needs the C extension, which was not built. Install a C "
            "compiler and run pip install -e . again, or use executor='auto'."
        )
    try:
        parts = _assembled(recording, compiled, dtype)
    except NotImplementedError:  # a row that is not composed of what C knows
        if executor == "native":
            raise
        parts = _assembled(recording, False, dtype)
    _fill(recording, parts)
    return parts


def _assembled(recording: Recording, compiled: bool, dtype: str) -> Parts:
    plan = PLANS.find(recording)
    if compiled and is_irregular(len(recording), len(plan.reroll.groups)):
        writer = plan.tape()
        tape, slots = TapeLayout(recording, writer), TapeMemory(writer, dtype)
        ends = _ends(recording, tape.address)
        return Parts(tape, Instructions(), slots, TapeExecutor(writer, slots, ends))
    layout, code = plan.matrices()
    memory, ends = Memory(layout.sizes, dtype), _ends(recording, layout.address)
    make = NativeExecutor if compiled else NumpyExecutor
    return Parts(layout, code, memory, make(code, memory, ends))


def _ends(recording: Recording, address: Array) -> Ends:
    lanes = bool(recording.lanes[recording.root])
    root = int(address[recording.root])
    inputs = address[recording.inputs.start : recording.inputs.stop]
    return Ends(inputs, root, lanes, len(recording.parameters))


def _fill(recording: Recording, parts: Parts) -> None:
    """Write the recorded numbers of parameters and constants."""
    import numpy as np

    kinds = np.frombuffer(recording.kinds, np.uint8)
    fixed = (kinds == PARAMETER) | (kinds == CONSTANT)
    values, places = parts.memory.room.values[False], parts.layout.address[fixed]
    values[places] = np.array(recording.numbers)[fixed]
