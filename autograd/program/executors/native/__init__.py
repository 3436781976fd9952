"""The instructions through the compiled interpreter `_replay`.

Read in this order: `table` writes instructions as words; `peephole` shortens their steps;
`executor` hands the table to C and calls it.
"""

from __future__ import annotations

from autograd.engine import require_interface


def available() -> bool:
    """Whether the compiled interpreter was built; one from other sources is an ImportError."""
    try:
        from autograd.program.executors.native import _replay
    except ImportError:
        return False
    require_interface(_replay)
    return True
