"""Axes to draw on: of pyplot where that is in use, so that they show."""

from __future__ import annotations

import sys
from typing import Any


def new_axes() -> Any:
    """Return axes of a new figure: one of pyplot, where that is in use."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError('plot needs Matplotlib: pip install "whygrad[plot]"') from None
    if not {"matplotlib.pyplot", "ipykernel"} & sys.modules.keys():
        return Figure(layout="constrained").subplots()
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(layout="constrained")
    if "inline" in pyplot.get_backend():
        pyplot.close(figure)  # a notebook shows what a cell returns, and open figures again
    return axes
