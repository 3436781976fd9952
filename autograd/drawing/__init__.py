"""Pictures of graphs and networks, and the page that steps through the backward pass."""

from autograd.drawing.drawing import Drawing, draw

__all__ = ["Drawing", "draw"]
