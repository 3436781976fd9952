"""A page in which every number is alive, one file that needs nothing else.

Read in this order: `literals` writes numbers, `rules` makes JavaScript of the table of primitives,
`tape` holds a graph for it to compute, `formulas` writes what it computes; `steps` says in which
order the pass goes back, `folds` what is one box until it is opened, `content` gathers what a page
holds, `document` puts the file together, and `page` is what people hold. The scripts are named in
`document.SCRIPTS`, in reading order.

What must hold: until somebody changes a number, every number is the engine's to the bit; after
that, all are what the engine would compute, to rounding.
"""

from autograd.drawing.page.page import Page, step_through

__all__ = ["Page", "step_through"]
