"""A page that steps through the backward pass: `steps` says how it goes, `page` writes it."""

from autograd.drawing.page.page import Page, step_through

__all__ = ["Page", "step_through"]
