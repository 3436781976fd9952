"""The instructions through the compiled interpreter `_replay`.

Read in this order: `table` writes instructions as words; `peephole` shortens their steps;
`executor` hands the table to C and calls it.
"""

from __future__ import annotations

import sysconfig

from autograd.engine import require_interface


def available() -> bool:
    """Whether the compiled interpreter was built; one from other sources is an ImportError.

    A Python without its global lock does not get it: to load it would switch that lock on.
    """
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return False
    try:
        from autograd.program.executors.native import _replay
    except ImportError:
        return False
    require_interface(_replay)
    return True
