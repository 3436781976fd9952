"""Pictures of graphs and networks, and the page that steps through the backward pass."""

from autograd.drawing.drawing import Drawing, draw
from autograd.drawing.page import Page, step_through
from autograd.drawing.picture import LayerPicture, NetworkPicture

__all__ = ["Drawing", "LayerPicture", "NetworkPicture", "Page", "draw", "step_through"]
