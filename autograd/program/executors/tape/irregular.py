"""Which graphs are better run as tapes: those in which few nodes have work in common."""

from __future__ import annotations

from autograd.program.compiler.recording import SUMS, Recording

FEW = 15  # nodes an instruction, below which a graph counts as irregular
LONGEST = 1 << 22  # nodes: a result has 24 bits in a word
SMALL = 200  # instructions that cost nothing, irregular or not
LEVELS = {**dict.fromkeys(SUMS, 1), "mul": 2}  # what may be part of another sum, as C has it


def is_irregular(nodes: int, groups: int) -> bool:
    """Whether so many nodes in so many groups are better run one by one.

    A product of a sum counts as a node. A group takes about three instructions, forward and
    backward.
    """
    return 3 * groups > SMALL and nodes < FEW * 3 * groups and nodes < LONGEST


def number_of_levels(recording: Recording) -> int:
    """Return at least how many groups a recording has: nodes of one are independent."""
    import numpy as np

    from autograd.program.executors.native import _replay

    kinds = recording.table(lambda name: LEVELS.get(name, 0), np.uint8)
    once = np.bincount(recording.flat, minlength=len(recording)) == 1
    found: int = _replay.levels(recording.flat, recording.bounds, kinds, once)
    return found
