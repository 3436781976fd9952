"""Pictures of graphs and networks, and the page that steps through the backward pass."""

from autograd.drawing.drawing import Drawing, draw
from autograd.drawing.network.picture import LayerPicture, NetworkPicture
from autograd.drawing.page.page import Page, step_through

__all__ = ["Drawing", "LayerPicture", "NetworkPicture", "Page", "draw", "step_through"]
